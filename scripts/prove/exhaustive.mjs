/**
 * Where z3 gives no answer: the verifier's arithmetic on words of 8 bits, whose halves have 4, tried on every input of a sort.
 *
 * The compiled code itself runs, with its numbers for words of 64 and 32 bits replaced by those for 8 and 4. Tried are all
 * intervals of unsigned and of signed numbers against each constant on either side, and all that is known of bits likewise;
 * of each the results of all the values that it stands for. Values are gone through in order, so that an interval costs no more
 * than its last one.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'acorn';
import { scaled } from './numbers.mjs';

export const WORD = 8;
const HALF = WORD / 2;
const ONES = (1n << BigInt(WORD)) - 1n;
const COUNT = 1 << WORD;
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
function scaledCopy(dist) {
  const folder = mkdtempSync(join(tmpdir(), 'weir-exhaustive-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const scale = scaled(WORD);
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
  constructor() {
    this.some = 0n;
    this.all = ONES;
    this.limits = undefined;
  }
  add(value) {
    const low = value & ((1n << BigInt(HALF)) - 1n);
    const numbers = [value, signed(value, WORD), low, signed(low, HALF)];
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
    // Bits that are always 1, and those that are ever.
    if (
      (this.all & ~bits.mask & ONES & bits.value) !== bits.value ||
      (this.some & ~bits.mask & ONES) !== bits.value
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
function* rows(scalar) {
  const { FULL_64, FULL_32, UNKNOWN, normalize } = scalar;
  const number = (parts) => normalize({ ...UNKNOWN, wide: FULL_64, low: FULL_32, ...parts });
  for (let from = 0; from < COUNT; from++) {
    const values = Array.from({ length: COUNT - from }, (_, at) => BigInt(from + at));
    yield values.map((value) => [[value], number({ wide: { ...FULL_64, umin: BigInt(from), umax: value } })]);
    const first = BigInt(from - COUNT / 2);
    yield values.map((_, at) => {
      const value = first + BigInt(at);
      return [[value & ONES], number({ wide: { ...FULL_64, smin: first, smax: value } })];
    });
  }
  for (let mask = 0; mask < COUNT; mask++)
    for (let value = 0; value < COUNT; value++) {
      if ((value & mask) !== 0) continue;
      const members = [];
      for (let part = mask; ; part = (part - 1) & mask) {
        members.push(BigInt(value | part));
        if (part === 0) break;
      }
      yield [[members, number({ bits: { value: BigInt(value), mask: BigInt(mask) } })]];
    }
}

/** Of every so many constants one, for `part` below 1. */
const constants = (part) =>
  Array.from({ length: COUNT }, (_, value) => BigInt(value)).filter(
    (value) => part === 1 || Number(value) % Math.round(1 / part) === 0 || value > ONES - 2n,
  );

/**
 * Tries claims by name; gives of each how many inputs there were, or one that refutes it.
 *
 * @param wants - Whether a claim is asked about.
 */
export async function tryAll(dist, wants, part, told) {
  const folder = scaledCopy(dist);
  try {
    const load = (name) => import(pathToFileURL(join(folder, `${name}.js`)).href);
    const [scalar, { ARITHMETIC }, { ALU_ROWS, BRANCH_ROWS }] = await Promise.all(
      ['scalar', 'arithmetic', 'opcodes'].map(load),
    );
    const all = [...rows(scalar)];
    const few = constants(part);
    for (const rules of ['linux', 'sound']) {
      const { alu, compare } = ARITHMETIC[rules];
      for (const [shown, width] of [
        [32, HALF],
        [64, WORD],
      ]) {
        for (const { name, eval: run } of ALU_ROWS)
          if (wants(`${rules}: ${name}${shown}`))
            told(
              `${rules}: ${name}${shown}`,
              tryOperation(all, few, scalar, width, (a, b) => alu(name, a, b, width), run),
            );
        for (const row of BRANCH_ROWS)
          if (wants(`${rules}: ${row.name}${shown}`))
            told(
              `${rules}: ${row.name}${shown}`,
              tryComparison(all, few, scalar, width, (a, b) => compare(row.name, a, b, width), row),
            );
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const cut = (value, width) => BigInt.asUintN(width, value);

function tryOperation(all, few, { constant }, width, operate, run) {
  let tried = 0;
  for (const other of few) {
    const known = constant(other);
    for (const isLeft of [true, false])
      for (const row of all) {
        const seen = new Seen();
        for (const [values, a] of row) {
          for (const value of values) {
            const [x, y] = isLeft ? [value, other] : [other, value];
            seen.add(cut(run(cut(x, width), cut(y, width), width), width));
          }
          tried++;
          const result = isLeft ? operate(a, known) : operate(known, a);
          if (!seen.isIn(result)) return { tried, refuted: [a, known, isLeft, result] };
        }
      }
  }
  return { tried };
}

function tryComparison(all, few, { constant }, width, compare, { eval: run, isSigned }) {
  let tried = 0;
  const as = (value) => (isSigned ? BigInt.asIntN(width, value) : cut(value, width));
  for (const other of few) {
    const known = constant(other);
    for (const isLeft of [true, false])
      for (const row of all) {
        const sides = [new Seen(), new Seen()];
        const counts = [0, 0];
        for (const [values, a] of row) {
          for (const value of values) {
            const [x, y] = isLeft ? [value, other] : [other, value];
            const side = run(as(x), as(y)) ? 1 : 0;
            counts[side]++;
            sides[side].add(value);
          }
          tried++;
          const said = isLeft ? compare(a, known) : compare(known, a);
          const isRight =
            said.outcome === undefined
              ? [said.fails, said.holds].every(
                  (refined, side) =>
                    counts[side] === 0 ||
                    (refined !== undefined && sides[side].isIn(isLeft ? refined.a : refined.b)),
                )
              : counts[said.outcome ? 0 : 1] === 0;
          if (!isRight) return { tried, refuted: [a, known, isLeft, said] };
        }
      }
  }
  return { tried };
}
