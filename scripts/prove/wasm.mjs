/**
 * Compiled eBPF: what is emitted for an instruction does what the definition says, for all values of registers.
 *
 * The compiler's own function (lib/jit/extended/emit) is asked for a program of the instruction and `exit`; the bytes
 * that it gives are followed over bit vectors, both ways where a condition is unknown. The definition is the rows of
 * lib/ebpf/opcodes, followed by interpret.mjs. Memory is eight bytes of the stack at a known place.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeInterpreter } from './interpret.mjs';

const FRAME_END = 0x20000;
const CELL = FRAME_END - 8;
const CONSTANTS = [0, 1, 2, -1, 31, 32, 63, 0x7fff_ffff, -0x8000_0000, 0x1234_5678];

export async function wasmClaims(z3, terms, dist) {
  const load = (path) => import(pathToFileURL(join(dist, path)).href);
  const { functionsOf } = await load('lib/jit/extended/ebpfFlow.js');
  const { emitFunction } = await load('lib/jit/extended/emit.js');
  const { LOCALS, REGISTER_LOCALS } = await load('lib/jit/extended/emitter.js');
  const { encode } = await load('lib/ebpf/encode.js');
  const { INSTRUCTIONS } = await load('lib/wasm/opcodes.js');
  const rows = makeInterpreter(terms).load(join(dist, 'lib/ebpf/opcodes.js'));
  const byByte = new Map(INSTRUCTIONS.map((row) => [row.byte, row]));
  const { BitVec, If } = z3;

  /** Instructions of a body, each with where its `else` and `end` are. */
  const decoded = (bytes) => {
    const code = [];
    const open = [];
    let at = 0;
    const signed = () => {
      let [value, shift, byte] = [0n, 0n, 0x80];
      for (; byte & 0x80; shift += 7n) value |= BigInt((byte = bytes[at++]) & 0x7f) << shift;
      return BigInt.asIntN(Number(shift), value);
    };
    const unsigned = () => {
      let [value, shift, byte] = [0n, 0n, 0x80];
      for (; byte & 0x80; shift += 7n) value |= BigInt((byte = bytes[at++]) & 0x7f) << shift;
      return Number(value);
    };
    while (at < bytes.length) {
      const row = byByte.get(bytes[at++]);
      const instruction = { name: row.name };
      if (row.immediate === 'i32' || row.immediate === 'i64') instruction.value = signed();
      else if (row.immediate === 'block') signed();
      else if (row.immediate === 'memory') [unsigned(), (instruction.value = unsigned())];
      else if (row.immediate !== 'none') instruction.value = unsigned();
      const place = code.push(instruction) - 1;
      if (['block', 'loop', 'if'].includes(row.name)) open.push(place);
      if (row.name === 'else') code[open.at(-1)].otherwise = place;
      if (row.name === 'end' && open.length > 0) code[open.pop()].end = place;
    }
    return code;
  };

  /** Values of vectors that are known: addresses are sums of such. */
  const known = new WeakMap();
  const vector = (value, bits) => {
    const number = BigInt.asUintN(bits, BigInt(value));
    const made = BitVec.val(number, bits);
    known.set(made, number);
    return made;
  };
  const addKnown = (a, b) =>
    known.has(a) && known.has(b) ? vector(known.get(a) + known.get(b), a.size()) : a.add(b);
  const wrap = (a) => (known.has(a) ? vector(known.get(a), 32) : a.extract(31, 0));
  const condition = (truth) => If(truth, vector(1, 32), vector(0, 32));
  const BINARY = {
    add: addKnown,
    sub: (a, b) => a.sub(b),
    mul: (a, b) => a.mul(b),
    and: (a, b) => a.and(b),
    or: (a, b) => a.or(b),
    xor: (a, b) => a.xor(b),
    div_u: (a, b) => a.udiv(b),
    div_s: (a, b) => a.sdiv(b),
    rem_u: (a, b) => a.urem(b),
    rem_s: (a, b) => a.srem(b),
    shl: (a, b) => a.shl(count(b)),
    shr_u: (a, b) => a.lshr(count(b)),
    shr_s: (a, b) => a.shr(count(b)),
    rotl: (a, b) =>
      a.shl(count(b)).or(a.lshr(vector(a.size(), a.size()).sub(count(b)).urem(vector(a.size(), a.size())))),
    eq: (a, b) => condition(a.eq(b)),
    ne: (a, b) => condition(a.neq(b)),
    lt_u: (a, b) => condition(a.ult(b)),
    lt_s: (a, b) => condition(a.slt(b)),
    gt_u: (a, b) => condition(a.ugt(b)),
    gt_s: (a, b) => condition(a.sgt(b)),
    le_u: (a, b) => condition(a.ule(b)),
    le_s: (a, b) => condition(a.sle(b)),
    ge_u: (a, b) => condition(a.uge(b)),
    ge_s: (a, b) => condition(a.sge(b)),
  };
  const count = (b) => b.and(vector(b.size() - 1, b.size()));

  /** What a body returns, and the bytes of memory then. Traps are asked for: `true` where one is reached. */
  const follow = (code, locals, memory) => {
    const merged = (test, a, b) => ({
      result: If(test, a.result, b.result),
      memory: a.memory.map((byte, at) => If(test, byte, b.memory[at])),
      traps: terms.chooseBool(test, a.traps, b.traps),
    });
    const placeOf = (address, offset, size) => {
      if (!known.has(address)) throw new Error('an access at an unknown place');
      const value = Number(known.get(address));
      const at = value + offset - CELL;
      if (at < 0 || at + size > 8) throw new Error(`an access at ${value + offset} is not in the cell`);
      return at;
    };
    const run = (pc, stack, values, bytes, labels, trapped) => {
      stack = [...stack];
      values = [...values];
      bytes = [...bytes];
      labels = [...labels];
      const pop = () => stack.pop();
      const jump = (depth) => {
        const label = labels[labels.length - 1 - depth];
        return run(
          label.end + 1,
          [...stack.slice(0, label.height), ...stack.slice(stack.length - label.arity)],
          values,
          bytes,
          labels.slice(0, labels.length - 1 - depth),
          trapped,
        );
      };
      for (; pc < code.length; pc++) {
        const { name, value, otherwise, end } = code[pc];
        const [type, operation] = name.split('.');
        if (name === 'block') labels.push({ end, height: stack.length, arity: 0 });
        else if (name === 'if') {
          const test = pop().neq(vector(0, 32));
          const label = { end, height: stack.length, arity: 0 };
          const yes = () => run(pc + 1, stack, values, bytes, [...labels, label], trapped);
          const no = () =>
            otherwise === undefined
              ? run(end + 1, stack, values, bytes, labels, trapped)
              : run(otherwise + 1, stack, values, bytes, [...labels, label], trapped);
          return merged(test, yes(), no());
        } else if (name === 'else') {
          pc = labels.pop().end;
        } else if (name === 'end') labels.pop();
        else if (name === 'br') return jump(value);
        else if (name === 'br_if') {
          const test = pop().neq(vector(0, 32));
          return merged(test, jump(value), run(pc + 1, stack, values, bytes, labels, trapped));
        } else if (name === 'return') return { result: stack.at(-1), memory: bytes, traps: trapped };
        else if (name === 'unreachable') return { result: vector(0, 64), memory: bytes, traps: true };
        else if (name === 'drop') pop();
        else if (name === 'select') {
          const test = pop().neq(vector(0, 32));
          const [b, a] = [pop(), pop()];
          stack.push(If(test, a, b));
        } else if (name === 'local.get') stack.push(values[value]);
        else if (name === 'local.set') values[value] = pop();
        else if (name === 'local.tee') values[value] = stack.at(-1);
        else if (operation === 'const') stack.push(vector(value, type === 'i32' ? 32 : 64));
        else if (operation === 'eqz') {
          const a = pop();
          stack.push(condition(a.eq(vector(0, a.size()))));
        } else if (operation === 'wrap_i64') stack.push(wrap(pop()));
        else if (operation === 'extend_i32_u') stack.push(pop().zeroExt(32));
        else if (operation === 'extend_i32_s') stack.push(pop().signExt(32));
        else if (/^extend\d+_s$/.test(operation)) {
          const bits = Number(/\d+/.exec(operation)[0]);
          const a = pop();
          stack.push(a.extract(bits - 1, 0).signExt(a.size() - bits));
        } else if (/^load/.test(operation)) {
          const bits = Number(/\d+/.exec(operation)?.[0] ?? type.slice(1));
          const at = placeOf(pop(), value, bits / 8);
          const parts = bytes.slice(at, at + bits / 8).reverse();
          const all = parts.length === 1 ? parts[0] : z3.Concat(...parts);
          const whole = Number(type.slice(1));
          stack.push(
            whole === bits
              ? all
              : operation.endsWith('_s')
                ? all.signExt(whole - bits)
                : all.zeroExt(whole - bits),
          );
        } else if (/^store/.test(operation)) {
          const bits = Number(/\d+/.exec(operation)?.[0] ?? type.slice(1));
          const stored = pop();
          const at = placeOf(pop(), value, bits / 8);
          for (let byte = 0; byte < bits / 8; byte++)
            bytes[at + byte] = stored.extract(8 * byte + 7, 8 * byte);
        } else {
          const make = BINARY[operation];
          if (make === undefined) throw new Error(`not understood: ${name}`);
          const b = pop();
          const a = pop();
          if (/^(div|rem)/.test(operation)) trapped = terms.or(trapped, trapsOf(operation, a, b));
          stack.push(make(a, b));
        }
      }
      return { result: stack.at(-1) ?? vector(0, 64), memory: bytes, traps: trapped };
    };
    return run(0, [], locals, memory, [], false);
  };
  const trapsOf = (operation, a, b) => {
    const zero = b.eq(vector(0, b.size()));
    if (operation !== 'div_s') return zero;
    const least = a.eq(vector(1n << BigInt(a.size() - 1), a.size()));
    return z3.Or(zero, z3.And(least, b.eq(vector(-1, b.size()))));
  };

  const around = {
    regions: [],
    hasPacket: false,
    packetWritable: false,
    hasHeaderOffsets: false,
    callbacks: [],
    functions: { callHelper: -1, headerOffset: -1, fault: -1, access: -1, local: new Map() },
    globals: { fuel: -1, packetStart: -1, packetLength: -1 },
    resolveWide: () => 0n,
    convention: 'narrow',
    callsMain: false,
    hasFuel: false,
    lastFrame: 0,
    frameStep: 0,
    guesses: new Map(),
  };
  const registers = Array.from({ length: 10 }, (_, number) => BitVec.const(`r${number}`, 64));
  const memory = Array.from({ length: 8 }, (_, at) => BitVec.const(`m${at}`, 8));
  const compiled = (instructions, proof) => {
    const program = instructions.flatMap((one) => [...encode(one)]);
    const proofs = instructions.map(() => proof);
    const [main] = functionsOf(program, false, []);
    const { body } = emitFunction(main, { ...around, programLength: program.length, proofs });
    const locals = LOCALS.map(({ name, type }, at) => {
      const register = REGISTER_LOCALS.indexOf(at);
      if (register === 10) return vector(FRAME_END, 64);
      if (register >= 0) return registers[register];
      return BitVec.const(name, type === 'i32' ? 32 : 64);
    });
    return follow(decoded(body), locals, memory);
  };

  const claims = [];
  const EXIT = { kind: 'exit' };
  const value = (register) => terms.ofVector(registers[register]);
  /** `expected`: a term of r0, and bytes where memory changes. */
  const claim = (name, instructions, expected, proof, bytes = memory) =>
    claims.push({
      name,
      make: () => {
        const { result, memory: after, traps } = compiled([...instructions, EXIT], proof);
        const same = after.map((byte, at) => byte.eq(bytes[at])).reduce((a, b) => terms.and(a, b));
        return {
          given: [],
          claim: terms.and(terms.not(traps), terms.and(result.eq(terms.low(expected(), 64)), same)),
        };
      },
    });
  const operands = [{ register: 1 }, { register: 0 }, ...CONSTANTS.map((constant) => ({ constant }))];
  const shown = (operand) => ('register' in operand ? `r${operand.register}` : `${operand.constant}`);
  const operandValue = (operand, width) =>
    terms.asUint(width, 'register' in operand ? value(operand.register) : BigInt(operand.constant));

  for (const { name, eval: run } of rows.ALU_ROWS)
    for (const width of [32, 64])
      for (const operand of name === 'neg' ? [{ constant: 0 }] : operands) {
        const proofs =
          name === 'div' || name === 'mod' || name === 'sdiv' || name === 'smod' ? [undefined] : [undefined];
        for (const proof of proofs)
          claim(
            `wasm: ${name}${width} r0, ${shown(operand)}`,
            [{ kind: 'alu', op: name, width, dst: 0, operand }],
            () =>
              terms.asUint(width, run(terms.asUint(width, value(0)), operandValue(operand, width), width)),
            proof,
          );
      }
  for (const from of [8, 16, 32])
    for (const width of from === 32 ? [64] : [32, 64])
      claim(`wasm: movs${from}_${width}`, [{ kind: 'movsx', from, width, dst: 0, src: 1 }], () =>
        terms.asUint(width, terms.asInt(from, value(1))),
      );
  for (const op of ['le', 'be', 'bswap'])
    for (const bits of [16, 32, 64])
      claim(`wasm: ${op}${bits}`, [{ kind: 'swap', op, bits, dst: 0 }], () => {
        const low = terms.asUint(bits, value(0));
        if (op === 'le') return low;
        let reversed = 0n;
        for (let at = 0n; at < bits; at += 8n)
          reversed = terms.or_(terms.shiftLeft(reversed, 8n), terms.and_(terms.shiftRight(low, at), 0xffn));
        return reversed;
      });
  for (const { name, isSigned, eval: run } of rows.BRANCH_ROWS)
    for (const width of [32, 64])
      for (const operand of operands)
        claim(
          `wasm: ${name}${width} r0, ${shown(operand)}`,
          [
            { kind: 'branch', op: name, width, dst: 0, operand, distance: 2 },
            { kind: 'alu', op: 'mov', width: 32, dst: 0, operand: { constant: 1 } },
            EXIT,
            { kind: 'alu', op: 'mov', width: 32, dst: 0, operand: { constant: 2 } },
          ],
          () => {
            const [a, b] = [terms.asUint(width, value(0)), operandValue(operand, width)];
            const holds = isSigned ? run(terms.asInt(width, a), terms.asInt(width, b)) : run(a, b);
            return typeof holds === 'boolean' ? (holds ? 2n : 1n) : terms.choose(holds, 2n, 1n);
          },
        );
  const STACK = { inBounds: 'stack' };
  const cell = (size) => {
    const parts = memory.slice(0, size).reverse();
    return terms.ofVector(parts.length === 1 ? parts[0] : z3.Concat(...parts));
  };
  const stored = (size, term) =>
    memory.map((byte, at) => (at < size ? terms.low(term, 64).extract(8 * at + 7, 8 * at) : byte));
  for (const size of [1, 2, 4, 8]) {
    for (const signExtend of size === 8 ? [false] : [false, true])
      claim(
        `wasm: load${signExtend ? 's' : ''}${8 * size}`,
        [{ kind: 'load', size, signExtend, dst: 0, base: 10, offset: -8 }],
        () => (signExtend ? terms.asUint(64, terms.asInt(8 * size, cell(size))) : cell(size)),
        STACK,
      );
    for (const operand of operands)
      claim(
        `wasm: store${8 * size} ${shown(operand)}`,
        [{ kind: 'store', size, base: 10, offset: -8, operand }],
        () => value(0),
        STACK,
        stored(size, operandValue(operand, 64)),
      );
  }
  for (const { name, alwaysFetches, eval: run } of rows.ATOMIC_ROWS)
    for (const size of [4, 8])
      for (const fetch of alwaysFetches ? [true] : [false, true]) {
        const width = 8 * size;
        const next = () =>
          terms.asUint(width, run(cell(size), terms.asUint(width, value(1)), terms.asUint(width, value(0))));
        const target = name === 'cmpxchg' ? 0 : 1;
        claim(
          `wasm: ${fetch ? 'fetch ' : ''}${name}${width}`,
          [
            { kind: 'atomic', op: name, fetch, size, base: 10, offset: -8, src: 1 },
            { kind: 'alu', op: 'mov', width: 64, dst: 0, operand: { register: target } },
          ],
          () => (fetch ? cell(size) : value(1)),
          STACK,
          stored(size, next()),
        );
      }
  return claims;
}
