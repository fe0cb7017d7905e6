/**
 * The verifier's arithmetic: what it says of a result holds for every result.
 *
 * For each operation: two numbers of which anything is known, two values that they stand for, and the claim that the
 * operation's result stands for what the definition makes of the values. The functions are those of lib/verify/numbers
 * and lib/ebpf/opcodes, followed by interpret.mjs.
 */

import { join } from 'node:path';
import { makeContracts } from './contracts.mjs';
import { makeInterpreter } from './interpret.mjs';

/**
 * The code's numbers for words of another width: 64 bits and their halves of 32 are said in few ways there.
 */
export const scaled = (word) => {
  const half = word / 2;
  const ones = (bits) => (1n << BigInt(bits)) - 1n;
  const words = new Map([
    [ones(64), ones(word)],
    [ones(32), ones(half)],
    [ones(64) - ones(32), ones(word) - ones(half)],
    ...[
      [64, word],
      [63, word - 1],
      [32, half],
      [31, half - 1],
    ].map(([from, to]) => [BigInt(from), BigInt(to)]),
  ]);
  return (value) => {
    if (
      word === 64 ||
      (typeof value !== 'number' && typeof value !== 'bigint') ||
      !Number.isInteger(Number(value))
    )
      return value;
    const to = words.get(BigInt(value));
    return to === undefined ? value : typeof value === 'number' ? Number(to) : to;
  };
};

/** Scalars of unknowns; the claim is for values that they contain. */
function unknownScalar(name, terms, word) {
  const half = word / 2;
  const u = (part, width) => terms.unknown(`${name}.${part}`, width);
  const s = (part, width) => terms.unknown(`${name}.${part}`, width, true);
  return {
    bits: { value: u('value', word), mask: u('mask', word) },
    wide: { umin: u('umin', word), umax: u('umax', word), smin: s('smin', word), smax: s('smax', word) },
    low: {
      umin: u('umin32', half),
      umax: u('umax32', half),
      smin: s('smin32', half),
      smax: s('smax32', half),
    },
  };
}

/** Bits that hold a number, as a sum of choices: what a loop over its digits counts. */
const bitLength = (terms) => (value) => {
  if (!terms.isTerm(value)) return BigInt(value === 0n ? 0 : value.toString(2).length);
  let length = 0n;
  for (let bit = 1n; bit <= 64n; bit++)
    length = terms.choose(terms.bool(terms.less(value, 1n << (bit - 1n))), length, bit);
  return length;
};

/** @param word - Bits of a word: 64, or fewer for what z3 gives no answer about. */
export function numberClaims(terms, dist, word) {
  const interpreter = makeInterpreter(terms, { bitLength: bitLength(terms) }, scaled(word));
  const load = (path) => interpreter.load(join(dist, path));
  const scalar = load('lib/verify/numbers/scalar.js');
  const { ARITHMETIC } = load('lib/verify/numbers/arithmetic.js');
  const { ALU_ROWS, BRANCH_ROWS } = load('lib/ebpf/opcodes.js');
  const { truth, Maybe } = interpreter;
  const contracts = makeContracts(terms, interpreter, dist, word);
  const { about } = contracts;

  /** A number that has a value, with the value. */
  const member = (name) => {
    const known = unknownScalar(name, terms, word);
    const value = terms.unknown(name, word);
    const wellFormed = terms.equal(terms.and_(known.bits.value, known.bits.mask), 0n);
    return { known, value, given: terms.and(wellFormed, truth(scalar.contains(known, value))) };
  };
  const holds = (result, value) => {
    if (result === undefined) return false;
    if (result instanceof Maybe)
      return terms.and(result.condition, truth(scalar.contains(result.value, value)));
    return truth(scalar.contains(result, value));
  };
  const claims = [];
  const claim = (name, make) => claims.push({ name, make });
  const tnum = load('lib/verify/numbers/tnum.js');
  /** Bits of which anything is known, with a value that they stand for. */
  const bitsOf = (name) => {
    const bits = { value: terms.unknown(`${name}.value`, word), mask: terms.unknown(`${name}.mask`, word) };
    const value = terms.unknown(name, word);
    const wellFormed = terms.equal(terms.and_(bits.value, bits.mask), 0n);
    return { bits, value, given: terms.and(wellFormed, truth(tnum.contains(bits, value))) };
  };
  const OPERATIONS = {
    add: terms.add,
    subtract: terms.subtract,
    and: terms.and_,
    or: terms.or_,
    xor: terms.xor,
    multiply: terms.multiply,
  };
  for (const [name, run] of Object.entries(OPERATIONS))
    claim(`tnum: ${name}`, () => {
      const [a, b] = [bitsOf('a'), bitsOf('b')];
      return {
        given: [a.given, b.given],
        claim: truth(tnum.contains(tnum[name](a.bits, b.bits), terms.asUint(word, run(a.value, b.value)))),
      };
    });
  claim('tnum: negate', () => {
    const a = bitsOf('a');
    return {
      given: [a.given],
      claim: truth(tnum.contains(tnum.negate(a.bits), terms.asUint(word, terms.negate(a.value)))),
    };
  });
  for (const count of [0, 1, 3, 7, 31, 32, 63].filter((one) => one < word)) {
    const by = BigInt(count);
    claim(`tnum: shiftLeft ${count}`, () => {
      const a = bitsOf('a');
      return {
        given: [a.given],
        claim: truth(
          tnum.contains(tnum.shiftLeft(a.bits, count), terms.asUint(word, terms.shiftLeft(a.value, by))),
        ),
      };
    });
    for (const width of [word, word / 2].filter((one) => count < one)) {
      claim(`tnum: shiftRight${width === word ? '' : 'Low'} ${count}`, () => {
        const a = bitsOf('a');
        return {
          given: [a.given],
          claim: truth(
            tnum.contains(
              tnum.shiftRight(a.bits, count, width),
              terms.shiftRight(terms.asUint(width, a.value), by),
            ),
          ),
        };
      });
      claim(`tnum: shiftRightSigned${width === word ? '' : 'Low'} ${count}`, () => {
        const a = bitsOf('a');
        const result = terms.asUint(width, terms.shiftRight(terms.asInt(width, a.value), by));
        return {
          given: [a.given],
          claim: truth(tnum.contains(tnum.shiftRightSigned(a.bits, count, width), result)),
        };
      });
    }
  }
  for (const name of ['intersect', 'union'])
    claim(`tnum: ${name}`, () => {
      const [a, b] = [bitsOf('a'), bitsOf('b')];
      const result = tnum[name](a.bits, b.bits);
      const keeps = (value) =>
        result instanceof Maybe
          ? terms.and(result.condition, truth(tnum.contains(result.value, value)))
          : truth(tnum.contains(result, value));
      // What is in both stays in the intersection; what is in either is in the union.
      if (name === 'union')
        return { given: [a.given, b.given], claim: terms.and(keeps(a.value), keeps(b.value)) };
      return { given: [a.given, b.given, terms.equal(a.value, b.value)], claim: keeps(a.value) };
    });
  claim('tnum: fromRange', () => {
    const [from, value, to] = ['from', 'value', 'to'].map((name) => terms.unknown(name, word));
    const given = [terms.atMost(from, value), terms.atMost(value, to)];
    return { given, claim: truth(tnum.contains(tnum.fromRange(from, to), value)) };
  });
  claim('tnum: includes', () => {
    const [inner, outer] = [bitsOf('a'), bitsOf('b')];
    const claimed = truth(tnum.contains(outer.bits, inner.value));
    const wellFormed = terms.equal(terms.and_(outer.bits.value, outer.bits.mask), 0n);
    return { given: [inner.given, wellFormed, truth(tnum.includes(outer.bits, inner.bits))], claim: claimed };
  });
  claims.push(...contracts.claims);
  claim('sound: zeroExtended', () => {
    const a = member('a');
    const result = terms.asUint(word / 2, a.value);
    return about([a.value, result], () => ({
      given: [a.given],
      claim: holds(scalar.zeroExtended(a.known), result),
    }));
  });
  claim('numbers: union', () => {
    const [a, other] = [member('a'), unknownScalar('b', terms, word)];
    const either = [scalar.union(a.known, other), scalar.union(other, a.known)];
    return {
      given: [a.given],
      claim: either.map((one) => holds(one, a.value)).reduce(terms.and),
    };
  });
  claim('numbers: includes', () => {
    const [inner, outer] = [member('a'), unknownScalar('b', terms, word)];
    return {
      given: [inner.given, truth(scalar.includes(outer, inner.known))],
      claim: holds(outer, inner.value),
    };
  });
  for (const rules of ['linux', 'sound']) {
    const { alu, moveSigned, swap, cut, compare } = ARITHMETIC[rules];
    for (const { name, eval: run } of ALU_ROWS)
      for (const [shown, width] of [
        [32, word / 2],
        [64, word],
      ])
        claim(`${rules}: ${name}${shown}`, () => {
          const [a, b] = [member('a'), member('b')];
          const [x, y] = [terms.asUint(width, a.value), terms.asUint(width, b.value)];
          const result = terms.asUint(width, run(x, y, width));
          // What there is of the whole word before the low half is taken of it.
          const count = terms.and_(b.value, BigInt(width - 1));
          const whole = run(a.value, name.endsWith('sh') ? count : b.value, word);
          const values = width === word ? [result] : [terms.asUint(word, whole), result];
          const make = () => ({
            given: [a.given, b.given],
            claim: holds(alu(name, a.known, b.known, width), result),
          });
          return about(values, make, [a.value, b.value]);
        });
    // Narrower numbers have no scale of their own.
    for (const from of word === 64 ? [8, 16, 32] : [])
      for (const width of from === 32 ? [64] : [32, 64])
        claim(`${rules}: movs${from}_${width}`, () => {
          const a = member('a');
          const result = terms.asUint(width, terms.asInt(from, a.value));
          const whole = terms.asUint(64, terms.asInt(from, a.value));
          return about([a.value, whole, result], () => ({
            given: [a.given],
            claim: holds(moveSigned(a.known, from, width), result),
          }));
        });
    for (const size of word === 64 ? [1, 2, 4] : [])
      claim(`${rules}: cut${8 * size}`, () => {
        const a = member('a');
        const result = terms.asUint(8 * size, a.value);
        return about([a.value, result], () => ({
          given: [a.given],
          claim: holds(cut(a.known, size), result),
        }));
      });
    for (const op of ['le', 'be', 'bswap'])
      for (const bits of word === 64 ? [16, 32, 64] : [])
        claim(`${rules}: ${op}${bits}`, () => {
          const a = member('a');
          const low = terms.asUint(bits, a.value);
          let reversed = 0n;
          for (let at = 0n; at < bits; at += 8n)
            reversed = terms.or_(terms.shiftLeft(reversed, 8n), terms.and_(terms.shiftRight(low, at), 0xffn));
          const result = op === 'le' ? low : reversed;
          return about([a.value, result], () => ({
            given: [a.given],
            claim: holds(swap(op, a.known, bits), result),
          }));
        });
    for (const { name, isSigned, eval: run } of BRANCH_ROWS)
      for (const [shown, width] of [
        [32, word / 2],
        [64, word],
      ])
        for (const outcome of [true, false])
          claim(`${rules}: ${outcome ? '' : 'not '}${name}${shown}`, () => {
            const [a, b] = [member('a'), member('b')];
            const cut_ = (value) => (isSigned ? terms.asInt(width, value) : terms.asUint(width, value));
            const holds = truth(run(cut_(a.value), cut_(b.value)));
            return about([a.value, b.value], () => ({
              given: [a.given, b.given, outcome ? holds : terms.not(holds)],
              claim: keeps(compare(name, a.known, b.known, width), outcome, a.value, b.value),
            }));
          });
  }

  /** A comparison that says its outcome is right; one that does not keeps the values on the side they go to. */
  function keeps(result, outcome, x, y) {
    const { outcome: said, holds: ifSo, fails: ifNot } = result;
    const right = (value) => (outcome ? value : terms.not(value));
    const refined = outcome ? ifSo : ifNot;
    const side = refined instanceof Maybe ? refined.value : refined;
    const kept = side === undefined ? true : terms.and(holds(side.a, x), holds(side.b, y));
    if (said === undefined) return kept;
    return said instanceof Maybe ? terms.chooseBool(said.condition, right(said.value), kept) : right(said);
  }
  return claims;
}
