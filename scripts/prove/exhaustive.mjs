/**
 * Where z3 gives no answer: the verifier's arithmetic on narrow words, tried on every input of a sort.
 *
 * The compiled code itself runs, with its numbers for words of 64 and 32 bits replaced by those for words of 8 bits, whose
 * halves have 4 ({@link tryConstants}), or of 4 and 2 ({@link tryPairs}). Tried are all intervals of unsigned and of signed
 * numbers and all that is known of bits; of each the results of all the values that it stands for.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import { scaled } from './numbers.mjs';

/** Words of so many bits. */
function wordOf(bits) {
  const half = bits / 2;
  return {
    bits,
    half,
    ones: (1n << BigInt(bits)) - 1n,
    halfOnes: (1n << BigInt(half)) - 1n,
    count: 1 << bits,
  };
}
const FILES = [
  'arithmetic',
  'branch',
  'linuxBounds',
  'linuxBranch',
  'linuxCasts',
  'linuxTransfer',
  'scalar',
  'tnum',
  'transfer',
];

/** A copy of the code for narrower words, in a folder of its own. */
function scaledCopy(dist, word) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-exhaustive-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const scale = scaled(word.bits);
  const copy = (from, to) => {
    const text = readFileSync(from, 'utf8');
    const changes = [];
    const walk = (node) => {
      if (node === null || typeof node !== 'object') return;
      // How long a number is does not depend on words.
      if (node.type === 'FunctionDeclaration' && node.id.name === 'bitLength') {
        changes.push([
          node.body.start,
          node.body.end,
          '{ return value === 0n ? 0 : value.toString(2).length; }',
        ]);
        return;
      }
      if (node.type === 'Literal' && (typeof node.value === 'number' || typeof node.value === 'bigint')) {
        const value = scale(node.value);
        if (value !== node.value)
          changes.push([node.start, node.end, `${value}${typeof value === 'bigint' ? 'n' : ''}`]);
      }
      for (const child of Object.values(node)) {
        if (Array.isArray(child)) child.forEach(walk);
        else if (child?.type !== undefined) walk(child);
      }
    };
    walk(parse(text, { ecmaVersion: 2024, sourceType: 'module' }));
    let scaledText = text;
    for (const [start, end, by] of changes.sort((a, b) => b[0] - a[0]))
      scaledText = scaledText.slice(0, start) + by + scaledText.slice(end);
    writeFileSync(join(folder, to), scaledText.replaceAll("'../../ebpf/index.js'", "'./opcodes.js'"));
  };
  for (const name of FILES) copy(join(dist, 'lib/verify/numbers', `${name}.js`), `${name}.js`);
  copy(join(dist, 'lib/ebpf/opcodes.js'), 'opcodes.js');
  return folder;
}

const signed = (value, bits) => BigInt.asIntN(bits, value);

/** What is known of a set of values, given one after the other. */
class Seen {
  constructor(word) {
    this.word = word;
    this.some = 0n;
    this.all = word.ones;
    this.limits = undefined;
  }
  add(value) {
    const { bits, half, halfOnes } = this.word;
    const low = value & halfOnes;
    const numbers = [value, signed(value, bits), low, signed(low, half)];
    this.some |= value;
    this.all &= value;
    if (this.limits === undefined) this.limits = numbers.map((one) => [one, one]);
    else
      for (const [at, one] of numbers.entries()) {
        const limit = this.limits[at];
        if (one < limit[0]) limit[0] = one;
        if (one > limit[1]) limit[1] = one;
      }
  }
  /** Whether a number stands for all of them. */
  isIn({ bits, wide, low }) {
    if (this.limits === undefined) return true;
    const [u, s, u32, s32] = this.limits;
    const { ones } = this.word;
    // Bits that are always 1, and those that are ever.
    if (
      (this.all & ~bits.mask & ones & bits.value) !== bits.value ||
      (this.some & ~bits.mask & ones) !== bits.value
    )
      return false;
    return (
      wide.umin <= u[0] &&
      wide.umax >= u[1] &&
      wide.smin <= s[0] &&
      wide.smax >= s[1] &&
      low.umin <= u32[0] &&
      low.umax >= u32[1] &&
      low.smin <= s32[0] &&
      low.smax >= s32[1]
    );
  }
}

/** Sorts of what may be known, each as values in order with the number that stands for all up to there. */
function* rows(scalar, { count, ones }) {
  const { FULL_64, FULL_32, UNKNOWN, normalize } = scalar;
  const number = (parts) => normalize({ ...UNKNOWN, wide: FULL_64, low: FULL_32, ...parts });
  for (let from = 0; from < count; from++) {
    const values = Array.from({ length: count - from }, (_, at) => BigInt(from + at));
    yield values.map((value) => [[value], number({ wide: { ...FULL_64, umin: BigInt(from), umax: value } })]);
    const first = BigInt(from - count / 2);
    yield values.map((_, at) => {
      const value = first + BigInt(at);
      return [[value & ones], number({ wide: { ...FULL_64, smin: first, smax: value } })];
    });
  }
  for (let mask = 0; mask < count; mask++)
    for (let value = 0; value < count; value++) {
      if ((value & mask) !== 0) continue;
      const members = [];
      for (let part = mask; ; part = (part - 1) & mask) {
        members.push(BigInt(value | part));
        if (part === 0) break;
      }
      yield [[members, number({ bits: { value: BigInt(value), mask: BigInt(mask) } })]];
    }
}

/** Of every so many constants one, and the two greatest, for `part` below 1. */
const constants = (part, { count, ones }) =>
  Array.from({ length: count }, (_, value) => BigInt(value)).filter(
    (value) => part === 1 || Number(value) % Math.round(1 / part) === 0 || value > ones - 2n,
  );

/**
 * Tries claims on words of 8 bits: everything of a sort against constants, on either side.
 *
 * @param wants - Whether a claim is asked about.
 * @param part - How many of the constants.
 * @param told - Gets a claim's name, how many inputs there were, and one that refutes it.
 */
export const tryConstants = (dist, wants, part, told) =>
  tryAll(dist, wordOf(8), wants, told, (scalar, word) => {
    const all = [...rows(scalar, word)];
    const few = constants(part, word).map((value) => [[value], scalar.constant(value)]);
    return few.flatMap((one) => [true, false].flatMap((isLeft) => all.map((row) => ({ one, isLeft, row }))));
  });

/** The same on words of 4 bits: what two of a sort have in common against every so manieth of its like. */
export const tryPairs = (dist, wants, part, told) =>
  tryAll(dist, wordOf(4), wants, told, (scalar, word) => {
    const all = meets(scalar, [...rows(scalar, word)].flatMap(wholes));
    const few = all.filter((_, at) => at % Math.round(1 / part) === 0);
    return few.flatMap((one) =>
      [true, false].flatMap((isLeft) => all.map((row) => ({ one, isLeft, row: [row] }))),
    );
  });

/** Numbers that two things are known of, each once, with their values. */
function meets({ normalize }, singles) {
  const known = new Map();
  for (const [[values, a], [others, b]] of singles.flatMap((one) => singles.map((other) => [one, other]))) {
    const common = values.filter((value) => others.includes(value));
    if (common.length === 0) continue;
    const bits = { value: a.bits.value | b.bits.value, mask: a.bits.mask & b.bits.mask };
    const number = normalize({ bits, wide: both(a.wide, b.wide), low: both(a.low, b.low) });
    const key = JSON.stringify(number, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
    known.set(key, [common, number]);
  }
  return [...known.values()];
}

/** The limits that two ranges have in common. */
const both = (a, b) =>
  Object.fromEntries(
    Object.keys(a).map((limit) => {
      const isLeast = limit.endsWith('min');
      return [limit, a[limit] > b[limit] === isLeast ? a[limit] : b[limit]];
    }),
  );

/** Each step of a row with all the values up to there. */
function wholes(row) {
  const values = [];
  return row.map(([more, number]) => {
    values.push(...more);
    return [[...values], number];
  });
}

/** `inputs` gives one operand with its values, and a row of those that the other is, on the left or on the right. */
async function tryAll(dist, word, wants, told, inputs) {
  const folder = scaledCopy(dist, word);
  try {
    const load = (name) => import(pathToFileURL(join(folder, `${name}.js`)).href);
    const [scalar, { ARITHMETIC }, { ALU_ROWS, BRANCH_ROWS }] = await Promise.all(
      ['scalar', 'arithmetic', 'opcodes'].map(load),
    );
    const all = inputs(scalar, word);
    for (const rules of ['linux', 'sound']) {
      const { alu, compare } = ARITHMETIC[rules];
      for (const [shown, width] of [
        [32, word.half],
        [64, word.bits],
      ]) {
        const ask = (row, attempt) => {
          const name = `${rules}: ${row.name}${shown}`;
          if (wants(name)) told(name, { ...attempt(row), bits: word.bits });
        };
        for (const row of ALU_ROWS)
          ask(row, ({ name, eval: run }) =>
            tryOperation(all, word, width, (a, b) => alu(name, a, b, width), run),
          );
        for (const row of BRANCH_ROWS)
          ask(row, () => tryComparison(all, word, width, (a, b) => compare(row.name, a, b, width), row));
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cut = (value, width) => BigInt.asUintN(width, value);

function tryOperation(all, word, width, operate, run) {
  let tried = 0;
  for (const { one, isLeft, row } of all) {
    const [fixed, known] = one;
    const seen = new Seen(word);
    for (const [values, a] of row) {
      for (const value of values)
        for (const other of fixed) {
          const [x, y] = isLeft ? [value, other] : [other, value];
          seen.add(cut(run(cut(x, width), cut(y, width), width), width));
        }
      tried++;
      const result = isLeft ? operate(a, known) : operate(known, a);
      if (!seen.isIn(result)) return { tried, refuted: [a, known, isLeft, result] };
    }
  }
  return { tried };
}

function tryComparison(all, word, width, compare, { eval: run, isSigned }) {
  let tried = 0;
  const as = (value) => (isSigned ? BigInt.asIntN(width, value) : cut(value, width));
  for (const { one, isLeft, row } of all) {
    const [fixed, known] = one;
    // Where it fails, and where it holds: the values of either operand.
    const sides = [0, 1].map(() => ({ count: 0, a: new Seen(word), b: new Seen(word) }));
    for (const [values, a] of row) {
      for (const value of values)
        for (const other of fixed) {
          const [x, y] = isLeft ? [value, other] : [other, value];
          const side = sides[run(as(x), as(y)) ? 1 : 0];
          side.count++;
          side.a.add(x);
          side.b.add(y);
        }
      tried++;
      const said = isLeft ? compare(a, known) : compare(known, a);
      const isRight =
        said.outcome === undefined
          ? [said.fails, said.holds].every(
              (refined, at) =>
                sides[at].count === 0 ||
                (refined !== undefined && sides[at].a.isIn(refined.a) && sides[at].b.isIn(refined.b)),
            )
          : sides[said.outcome ? 0 : 1].count === 0;
      if (!isRight) return { tried, refuted: [a, known, isLeft, said] };
    }
  }
  return { tried };
}
