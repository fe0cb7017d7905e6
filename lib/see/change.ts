/**
 * What would have to be otherwise: the fewest parts of a packet that, changed so, turn the verdict round.
 *
 * Runs are turned one test at a time: a part that a test looks at gets a number with which it comes out the other way, and
 * the run that follows is turned behind that test. What takes fewest turns is found first; only a change that has been
 * tried and found to turn the verdict round is told.
 */

import { type FilterFunction, opcodes, type Program } from '../cbpf/index.js';
import { type Input, type TakenTest, type Trace, trace, type Unit } from './trace.js';

/** A number that a part of the packet would have to be. */
export interface Turned {
  readonly unit: Unit;
  readonly value: number;
}

/** A packet that the verdict is the other one for, and in what it differs. */
export interface Change {
  readonly input: Input;
  readonly turned: readonly Turned[];
}

/** Runs that are followed, and packets that are tried. */
const MOST_RUNS = 160;
const MOST_TRIES = 6000;
const MOST_BYTES = 4096;

interface Node extends Change {
  readonly run: Trace;
  /** Tests of the run before this one stay as they are. */
  readonly from: number;
}

/**
 * @param isOpen - Whether a part may be changed.
 * @returns `undefined` where no change is found.
 */
export function findChange(
  program: Program,
  run: FilterFunction,
  input: Input,
  first: Trace,
  isOpen: (unit: Unit) => boolean = () => true,
): Change | undefined {
  const matched = first.result !== 0;
  const compared = comparedWith(program);
  const queue: Node[] = [{ input, turned: [], run: first, from: 0 }];
  let tries = MOST_TRIES;
  for (let runs = 0; runs < queue.length && runs < MOST_RUNS; runs++) {
    const node = queue[runs]!;
    for (const [index, option] of optionsOf(node, compared, isOpen)) {
      if (--tries < 0) return undefined;
      const { bytes, wireLength } = option.input;
      if ((run(bytes, 0, bytes.length, wireLength) !== 0) !== matched)
        return plain(input, smaller(run, input, option, matched));
      if (queue.length >= MOST_RUNS) continue;
      const next = trace(program, option.input);
      if (isTurned(node.run, next, index)) queue.push({ ...option, run: next, from: index + 1 });
    }
  }
  return undefined;
}

/** Whether a run goes the same way up to a test, and another one from there. */
function isTurned(before: Trace, after: Trace, index: number): boolean {
  for (let i = 0; i < index; i++) {
    const [one, other] = [before.tests[i]!, after.tests[i]];
    if (one.index !== other?.index || one.outcome !== other.outcome) return false;
  }
  const turned = before.tests[index];
  if (turned === undefined) return after.cut?.index !== before.cut?.index;
  const other = after.tests[index];
  return other?.index === turned.index && other.outcome !== turned.outcome;
}

/**
 * Packets on which one test may come out the other way, with its number: tests of what lies farthest behind first, which
 * leave alone where headers lie, and of those the ones of the lowest numbers, which are the commonest protocols.
 */
function* optionsOf(
  { input, turned, run, from }: Node,
  compared: Compared,
  isOpen: (unit: Unit) => boolean,
): Generator<[number, Change]> {
  const { cut, tests } = run;
  if (cut !== undefined && cut.needs <= MOST_BYTES) yield [tests.length, extended(input, turned, cut.needs)];
  const behind = ({ units }: TakenTest): number => Math.max(...units.map(({ at }) => at));
  const order = [...tests.keys()].slice(from);
  order.sort((a, b) => behind(tests[b]!) - behind(tests[a]!) || tests[a]!.right - tests[b]!.right);
  for (const index of order) {
    const test = tests[index]!;
    for (const unit of test.units) {
      if (!isOpen(unit) || turned.some((other) => overlaps(other.unit, unit))) continue;
      for (const value of candidates(test, unit, numberAt(input, unit), compared.get(unit.key) ?? []))
        yield [index, { input: withValue(input, unit, value), turned: [...turned, { unit, value }] }];
    }
  }
}

/** The packet with as many bytes as the program reads: those that are missing count as a part of it, and are 0. */
function extended(input: Input, turned: readonly Turned[], needs: number): Change {
  const bytes = new Uint8Array(needs);
  bytes.set(input.bytes);
  const added: Turned[] = [];
  for (let at = input.bytes.length; at < needs; at++)
    added.push({ unit: { key: `${at} 1`, at, size: 1, mask: 0 }, value: 0 });
  return { input: { bytes, wireLength: Math.max(input.wireLength, needs) }, turned: [...turned, ...added] };
}

/** Leaves out what need not be changed. */
function smaller(run: FilterFunction, input: Input, change: Change, matched: boolean): Change {
  let kept = change;
  for (const one of change.turned) {
    if (one.unit.at + one.unit.size > input.bytes.length) continue;
    const turned = kept.turned.filter((other) => other !== one);
    const tried = withValue(kept.input, one.unit, numberAt(input, one.unit));
    const result = run(tried.bytes, 0, tried.bytes.length, tried.wireLength);
    if ((result !== 0) !== matched) kept = { input: tried, turned };
  }
  // What could not be left out before may be without what was.
  return kept === change ? kept : smaller(run, input, kept, matched);
}

/** Added bytes as one part each that lies together, without those that are in another part. */
export function plain(before: Input, { input, turned }: Change): Change {
  const parts = turned.filter(({ unit }) => unit.mask !== 0);
  const isIn = (at: number) => parts.some(({ unit }) => at >= unit.at && at < unit.at + unit.size);
  for (let at = before.bytes.length; at < input.bytes.length; at++) {
    const start = at;
    while (at < input.bytes.length && !isIn(at)) at++;
    const unit = { key: '', at: start, size: at - start, mask: 0 };
    if (at > start) parts.push({ unit, value: 0 });
  }
  return { input, turned: parts };
}

/** Whether a part was changed already; bytes that were only added may still get another value. */
const overlaps = (changed: Unit, unit: Unit): boolean =>
  changed.mask !== 0 && changed.at < unit.at + unit.size && unit.at < changed.at + changed.size;

/** The number that a part of the packet is. */
export function numberAt({ bytes, wireLength }: Input, { at, size }: Unit): number {
  if (at < 0) return wireLength;
  let value = 0;
  for (let i = at; i < at + size; i++) value = value * 256 + (bytes[i] ?? 0);
  return value;
}

function withValue(input: Input, { at, size }: Unit, value: number): Input {
  if (at < 0) return { bytes: input.bytes, wireLength: value };
  const bytes = input.bytes.slice();
  for (let i = 0; i < size; i++) bytes[at + i] = (value / 256 ** (size - 1 - i)) & 0xff;
  return { bytes, wireLength: input.wireLength };
}

/** By a unit's key, what its number is compared with anywhere in a program. */
type Compared = ReadonlyMap<string, readonly number[]>;

const known = new WeakMap<Program, Compared>();
/** Of lists that are longer, the first are tried. */
const MOST_COMPARED = 24;

function comparedWith(program: Program): Compared {
  const before = known.get(program);
  if (before !== undefined) return before;
  const compared = new Map<string, number[]>();
  let key = '';
  for (const { code, k } of program) {
    if (opcodes.classOf(code) === opcodes.LD)
      key = opcodes.modeOf(code) === opcodes.ABS ? `${k} ${opcodes.sizeOf(code)}` : '';
    if (!opcodes.isConditional(code) || opcodes.usesX(code) || key === '') continue;
    const numbers = compared.get(key) ?? [];
    compared.set(key, numbers);
    if (numbers.length < MOST_COMPARED && !numbers.includes(k)) numbers.push(k);
  }
  known.set(program, compared);
  return compared;
}

/** Numbers worth trying, the plainest first. */
function candidates(
  { left, right }: TakenTest,
  unit: Unit,
  now: number,
  others: readonly number[],
): readonly number[] {
  const most = unit.at < 0 ? 0xffff_ffff : 2 ** (8 * unit.size) - 1;
  const mask = unit.mask === 0 ? most : unit.mask;
  const low = (mask & -mask) >>> 0 || 1;
  const found = new Set<number>();
  const add = (value: number): void => {
    const it = (((now & ~mask) | (value & mask)) >>> 0) as number;
    if (it !== now && it <= most) found.add(it);
  };
  add(right);
  for (const k of others) add(k);
  for (const k of [right, right + 1, right - 1, left, left + 1, left - 1]) {
    if (k < 0 || k > 0xffff_ffff) continue;
    add(k);
    add(k * low);
  }
  for (const k of [right, right >>> 2, Math.floor(right / 4) + 1]) add(k);
  add(0);
  add(mask);
  add(now ^ low);
  for (let bit = 1; bit <= most && bit < 2 ** 32; bit *= 2) if ((mask & bit) !== 0) add(now ^ bit);
  return [...found];
}
