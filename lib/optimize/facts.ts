/**
 * What is known at a point of the program: of values, of relations between them, and of the packet's length.
 *
 * A value's fact is a set of intervals, with the bits that are surely clear or surely set. Facts are learnt
 * on the edges of tests, and joined where edges meet: what holds on all of them. Everything is bounded,
 * so that a join takes constant time: the weakest facts are forgotten first.
 */

import { opcodes } from '../cbpf/index.js';
import { BEYOND, type Value, type Values } from './value.js';

const { ADD, AND, DIV, evalAlu, aluRowOf, JEQ, JGE, JGT, JSET, jumpRowOf, MOD } = opcodes;

const MAX = 0xffff_ffff;
const ALL: Ranges = [0, MAX];
const MOST_VALUES = 40;
const MOST_RELATIONS = 16;

/** Sorted, disjoint, with both ends: `[low, high, low, high, ...]`. Empty: no packet gets here. */
export type Ranges = readonly number[];

export interface Fact {
  readonly ranges: Ranges;
  /** Bits that are clear. */
  readonly zeros: number;
  /** Bits that are set. */
  readonly ones: number;
}

export interface Facts {
  readonly known: ReadonlyMap<Value, Fact>;
  /** `op left right` and the test's outcome. */
  readonly relations: ReadonlyMap<string, boolean>;
  /** The packet has at least so many bytes. */
  readonly present: number;
  /** Bytes present behind a varying offset. */
  readonly presentBehind: ReadonlyMap<Value, number>;
  /** Quotients and metadata that were computed without a trap. */
  readonly computed: ReadonlySet<Value>;
}

export const NOTHING_KNOWN: Facts = {
  known: new Map(),
  relations: new Map(),
  present: 0,
  presentBehind: new Map(),
  computed: new Set(),
};

/** What is known of a value, from facts about it and about what it is computed from. */
export function factOf(values: Values, facts: Facts, value: Value, depth = 0): Fact {
  const own = facts.known.get(value);
  const base = own ?? fromBounds(values, value);
  const kind = values.kinds[value]!;
  if (values.literal || depth > 6 || (kind.kind !== 'alu' && kind.kind !== 'negate')) return base;
  if (kind.kind === 'negate') {
    const operand = constantIn(factOf(values, facts, kind.operand, depth + 1));
    return operand === undefined ? base : point(-operand >>> 0);
  }
  const left = factOf(values, facts, kind.left, depth + 1);
  const right = factOf(values, facts, kind.right, depth + 1);
  const a = constantIn(left);
  const b = constantIn(right);
  if (a !== undefined && b !== undefined) {
    const folded = evalAlu(aluRowOf(kind.op)!, a, b);
    if (folded !== undefined) return point(folded);
  }
  if (kind.op === AND) {
    const zeros = (left.zeros | right.zeros) >>> 0;
    const ranges = b !== undefined && isPrefix(b) ? underPrefix(left.ranges, b) : [0, ~zeros >>> 0];
    return meet(base, { ranges, zeros, ones: (left.ones & right.ones) >>> 0 }) ?? base;
  }
  if (kind.op === ADD && b !== undefined && left.ranges.length > 0 && left.ranges.at(-1)! + b <= MAX) {
    return meet(base, { ranges: left.ranges.map((end) => end + b), zeros: 0, ones: 0 }) ?? base;
  }
  return base;
}

/** Ones, then zeros: a mask that leaves the order of numbers as it is. */
export const isPrefix = (mask: number): boolean => mask !== 0 && (~mask & (~mask + 1)) === 0;

/** What numbers within the ranges become under such a mask. */
function underPrefix(ranges: Ranges, mask: number): Ranges {
  const result: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    const low = (ranges[i]! & mask) >>> 0;
    const high = (ranges[i + 1]! & mask) >>> 0;
    if (result.length > 0 && low <= result.at(-1)!) result[result.length - 1] = high;
    else result.push(low, high);
  }
  return result;
}

/** Numbers that come to lie within the ranges under such a mask. */
function abovePrefix(ranges: Ranges, mask: number): Ranges {
  const result: number[] = [];
  const rest = ~mask >>> 0;
  for (let i = 0; i < ranges.length; i += 2) {
    // The first one at or behind the range's start that ends in zeros.
    const low = ranges[i]! + rest - ((ranges[i]! + rest) % (rest + 1));
    if (low <= ranges[i + 1]!) result.push(low, (ranges[i + 1]! | rest) >>> 0);
  }
  return result;
}

const point = (k: number): Fact => ({ ranges: [k, k], zeros: ~k >>> 0, ones: k });
/** The only number there is, where there is only one. */
export const constantIn = ({ ranges }: Fact): number | undefined =>
  ranges.length === 2 && ranges[0] === ranges[1] ? ranges[0] : undefined;

function fromBounds(values: Values, value: Value): Fact {
  const k = values.constantOf(value);
  if (k !== undefined) return point(k);
  return { ranges: [values.min[value]!, values.max[value]!], zeros: ~values.bits[value]! >>> 0, ones: 0 };
}

/** Both hold. `undefined`: they contradict each other. */
function meet(a: Fact, b: Fact): Fact | undefined {
  const ranges: number[] = [];
  const zeros = (a.zeros | b.zeros) >>> 0;
  const ones = (a.ones | b.ones) >>> 0;
  if ((zeros & ones) !== 0) return undefined;
  const most = ~zeros >>> 0;
  for (let i = 0, j = 0; i < a.ranges.length && j < b.ranges.length; ) {
    const low = Math.max(a.ranges[i]!, b.ranges[j]!, ones);
    const high = Math.min(a.ranges[i + 1]!, b.ranges[j + 1]!, most);
    // A single number has to agree with the bits, too.
    if (low < high || (low === high && (low & zeros) === 0 && (~low & ones) === 0)) ranges.push(low, high);
    if (a.ranges[i + 1]! < b.ranges[j + 1]!) i += 2;
    else j += 2;
  }
  if (ranges.length === 0) return undefined;
  if (ranges.length === 2 && ranges[0] === ranges[1]) return point(ranges[0]!);
  const leading = ~(MAX >>> Math.clz32(ranges.at(-1)!)) >>> 0;
  return { ranges, zeros: (zeros | (ranges.at(-1) === 0 ? MAX : leading)) >>> 0, ones };
}

/** One of them holds. */
function either(values: Values, a: Fact, b: Fact): Fact | undefined {
  // Taken literally, a value is one constant or nothing is known of it.
  if (values.literal) return `${a.ranges}` === `${b.ranges}` ? a : undefined;
  const all: [number, number][] = [];
  for (const { ranges } of [a, b])
    for (let i = 0; i < ranges.length; i += 2) all.push([ranges[i]!, ranges[i + 1]!]);
  all.sort((x, y) => x[0] - y[0]);
  const ranges: number[] = [];
  for (const [low, high] of all) {
    const end = ranges.length - 1;
    if (end > 0 && low <= ranges[end]! + 1) ranges[end] = Math.max(ranges[end]!, high);
    else ranges.push(low, high);
  }
  while (ranges.length > 2 * values.mostRanges) closeSmallestGap(ranges);
  return { ranges, zeros: (a.zeros & b.zeros) >>> 0, ones: (a.ones & b.ones) >>> 0 };
}

function closeSmallestGap(ranges: number[]): void {
  let smallest = 1;
  for (let i = 1; i + 1 < ranges.length; i += 2) {
    if (ranges[i + 1]! - ranges[i]! < ranges[smallest + 1]! - ranges[smallest]!) smallest = i;
  }
  ranges.splice(smallest, 2);
}

/** The outcome of a test, where the facts decide it. */
export function decide(
  values: Values,
  facts: Facts,
  op: number,
  left: Value,
  right: Value,
): boolean | undefined {
  if (facts.relations.size > 0) {
    const known = facts.relations.get(relation(op, left, right));
    if (known !== undefined) return known;
  }
  if (values.literal && op !== JEQ) return undefined;
  const a = factOf(values, facts, left);
  const constant = values.constantOf(right);
  if (constant !== undefined) return decideConstant(a, op, constant);
  const b = factOf(values, facts, right);
  const k = constantIn(b);
  if (k !== undefined) return decideConstant(a, op, k);
  const [aMin, aMax, bMin, bMax] = [a.ranges[0]!, a.ranges.at(-1)!, b.ranges[0]!, b.ranges.at(-1)!];
  switch (op) {
    case JEQ:
      return aMax < bMin || bMax < aMin || (a.ones & b.zeros) !== 0 || (a.zeros & b.ones) !== 0
        ? false
        : undefined;
    case JGT:
      return aMin > bMax ? true : aMax <= bMin ? false : undefined;
    case JGE:
      return aMin >= bMax ? true : aMax < bMin ? false : undefined;
    default:
      if ((a.ones & b.ones) !== 0) return true;
      return (~a.zeros & ~b.zeros) === 0 ? false : undefined;
  }
}

function decideConstant({ ranges, zeros, ones }: Fact, op: number, k: number): boolean | undefined {
  const min = ranges[0]!;
  const max = ranges[ranges.length - 1]!;
  if (ranges.length === 2 && min === max) return jumpRowOf(op)!.eval(min, k);
  switch (op) {
    case JEQ:
      return (ones & ~k) !== 0 || (zeros & k) !== 0 || !contains(ranges, k) ? false : undefined;
    case JGT:
      return min > k ? true : max <= k ? false : undefined;
    case JGE:
      return min >= k ? true : max < k ? false : undefined;
    default:
      if ((ones & k) !== 0) return true;
      return (~zeros & k) === 0 ? false : undefined;
  }
}

function contains(ranges: Ranges, k: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (k >= ranges[i]! && k <= ranges[i + 1]!) return true;
  return false;
}

const relation = (op: number, left: Value, right: Value): string => `${op} ${left} ${right}`;

/** The facts behind a test that had this outcome; `undefined` when it cannot have it. */
export function learn(
  values: Values,
  facts: Facts,
  op: number,
  left: Value,
  right: Value,
  outcome: boolean,
): Facts | undefined {
  const decided = decide(values, facts, op, left, right);
  if (decided !== undefined) return decided === outcome ? facts : undefined;
  return learnOpen(values, facts, op, left, right, outcome);
}

/** As {@link learn}, where {@link decide} has no answer. */
export function learnOpen(
  values: Values,
  facts: Facts,
  op: number,
  left: Value,
  right: Value,
  outcome: boolean,
): Facts | undefined {
  const constant = values.constantOf(right);
  const k = constant !== undefined || values.literal ? constant : constantIn(factOf(values, facts, right));
  if (k === undefined || (values.literal && !(op === JEQ && outcome))) {
    const relations = bounded(facts.relations, MOST_RELATIONS);
    relations.set(relation(op, left, right), outcome);
    return { ...facts, relations };
  }
  // A list leaves a hole for each of its members; when there are too many, more are not kept.
  const isHole = op === JEQ && !outcome;
  if (isHole && (facts.known.get(left)?.ranges.length ?? 0) >= 2 * values.mostRanges) return facts;
  const known = withRoom(facts.known);
  const learnt = restriction(op, k, outcome);
  if (!note(values, facts, known, left, learnt)) return undefined;
  if (op !== JSET || !outcome) return { ...facts, known };
  // That one of several bits is set is no property of any bit.
  const relations = bounded(facts.relations, MOST_RELATIONS);
  relations.set(relation(op, left, right), true);
  return { ...facts, known, relations };
}

/** Whether a test that {@link decide} has no answer for can have this outcome: {@link learnOpen} without the facts. */
export function canHave(
  values: Values,
  facts: Facts,
  op: number,
  left: Value,
  right: Value,
  outcome: boolean,
): boolean {
  const constant = values.constantOf(right);
  const k = constant !== undefined || values.literal ? constant : constantIn(factOf(values, facts, right));
  if (k === undefined || (values.literal && !(op === JEQ && outcome))) return true;
  return canNote(values, facts, left, restriction(op, k, outcome));
}

function canNote(values: Values, facts: Facts, value: Value, fact: Fact): boolean {
  if (values.constantOf(value) !== undefined) return true;
  const both = meet(facts.known.get(value) ?? factOf(values, facts, value), fact);
  if (both === undefined) return false;
  const masked = both.ranges.length > 2 * values.mostRanges ? undefined : underMask(values, value, both);
  return masked === undefined || canNote(values, facts, masked.value, masked.fact);
}

function note(values: Values, facts: Facts, known: Map<Value, Fact>, value: Value, fact: Fact): boolean {
  if (values.constantOf(value) !== undefined) return true;
  const both = meet(known.get(value) ?? factOf(values, facts, value), fact);
  if (both === undefined) return false;
  // A long list leaves a hole for each of its members: later ones are not kept.
  if (both.ranges.length > 2 * values.mostRanges) return true;
  known.delete(value); // to the end: what was learnt last is forgotten last
  known.set(value, both);
  const masked = underMask(values, value, both);
  return masked === undefined || note(values, facts, known, masked.value, masked.fact);
}

/** What a fact about a value under a mask tells of what is masked: bits, and under leading ones ranges. */
function underMask(
  values: Values,
  value: Value,
  { ranges, zeros, ones }: Fact,
): { readonly value: Value; readonly fact: Fact } | undefined {
  const kind = values.kinds[value]!;
  if (kind.kind !== 'alu' || kind.op !== AND || values.literal) return undefined;
  const mask = values.constantOf(kind.right);
  if (mask === undefined) return undefined;
  const fact = {
    ranges: isPrefix(mask) ? abovePrefix(ranges, mask) : ALL,
    zeros: (zeros & mask) >>> 0,
    ones: (ones & mask) >>> 0,
  };
  return fact.zeros === 0 && fact.ones === 0 && fact.ranges === ALL ? undefined : { value: kind.left, fact };
}

function restriction(op: number, k: number, outcome: boolean): Fact {
  const within = (...ranges: number[]): Fact => ({ ranges, zeros: 0, ones: 0 });
  switch (op) {
    case JEQ:
      if (outcome) return point(k);
      if (k === 0) return within(1, MAX);
      return k === MAX ? within(0, MAX - 1) : within(0, k - 1, k + 1, MAX);
    case JGT:
      return outcome ? within(k + 1, MAX) : within(0, k);
    case JGE:
      return outcome ? within(k, MAX) : within(0, k - 1);
    default: {
      const single = (k & (k - 1)) === 0;
      if (!outcome) return { ranges: [0, MAX], zeros: k, ones: 0 };
      return { ranges: [isPrefix(k) ? (~k >>> 0) + 1 : 1, MAX], zeros: 0, ones: single ? k : 0 };
    }
  }
}

/** A copy with room for one more: what is known to be one constant decides most, and is forgotten last. */
function withRoom(known: ReadonlyMap<Value, Fact>): Map<Value, Fact> {
  const copy = new Map(known);
  if (copy.size < MOST_VALUES) return copy;
  for (const [value, fact] of copy) {
    if (constantIn(fact) !== undefined) continue;
    copy.delete(value);
    return copy;
  }
  copy.delete(copy.keys().next().value!);
  return copy;
}

function bounded<Key, T>(map: ReadonlyMap<Key, T>, most: number): Map<Key, T> {
  const copy = new Map(map);
  if (copy.size >= most) copy.delete(copy.keys().next().value!);
  return copy;
}

/** Whether computing a value may end the program here. */
export function mayTrap(values: Values, facts: Facts, value: Value): boolean {
  if (!values.traps[value]) return false;
  const kind = values.kinds[value]!;
  switch (kind.kind) {
    case 'load': {
      const { base, k, size } = kind;
      if (base === undefined) return k + size > facts.present;
      if (mayTrap(values, facts, base)) return true;
      if ((facts.presentBehind.get(base) ?? 0) >= k + size) return false;
      return factOf(values, facts, base).ranges.at(-1)! + k + size > facts.present;
    }
    case 'ancillary':
      return !facts.computed.has(value);
    case 'alu': {
      if (mayTrap(values, facts, kind.left) || mayTrap(values, facts, kind.right)) return true;
      if (kind.op !== DIV && kind.op !== MOD) return false;
      return !facts.computed.has(value) && factOf(values, facts, kind.right).ranges[0] === 0;
    }
    case 'negate':
      return mayTrap(values, facts, kind.operand);
    default:
      return false;
  }
}

/** The facts once a value has been computed; `undefined` when that always ends the program. */
export function compute(values: Values, facts: Facts, value: Value): Facts | undefined {
  if (!mayTrap(values, facts, value)) return facts;
  let after: Facts | undefined = facts;
  for (const operand of values.operands(value)) {
    after = after === undefined ? undefined : compute(values, after, operand);
  }
  if (after === undefined) return undefined;
  const kind = values.kinds[value]!;
  if (kind.kind === 'load') {
    const end = kind.k + kind.size;
    if (kind.base === undefined) {
      if (kind.k >= BEYOND && !values.literal) return undefined;
      return { ...after, present: Math.max(after.present, end) };
    }
    const presentBehind = bounded(after.presentBehind, MOST_VALUES);
    presentBehind.set(kind.base, Math.max(end, presentBehind.get(kind.base) ?? 0));
    const least = factOf(values, after, kind.base).ranges[0]! + end;
    return { ...after, present: Math.max(after.present, least), presentBehind };
  }
  if (kind.kind === 'alu' && (kind.op === DIV || kind.op === MOD)) {
    if (constantIn(factOf(values, after, kind.right)) === 0) return values.literal ? after : undefined;
    const known = new Map(after.known);
    note(values, after, known, kind.right, { ranges: [1, MAX], zeros: 0, ones: 0 });
    return { ...after, known, computed: new Set(after.computed).add(value) };
  }
  if (kind.kind === 'ancillary') return { ...after, computed: new Set(after.computed).add(value) };
  return after;
}

/** What holds whichever of the two ways was taken. */
export function join(values: Values, a: Facts, b: Facts): Facts {
  if (a === b) return a;
  return {
    known: common(a.known, b.known, (fact, other) => either(values, fact, other)),
    relations: common(a.relations, b.relations, (outcome, other) =>
      outcome === other ? outcome : undefined,
    ),
    present: Math.min(a.present, b.present),
    presentBehind: common(a.presentBehind, b.presentBehind, Math.min),
    computed: intersection(a.computed, b.computed),
  };
}

/** Entries of both maps, joined; equal maps are not copied. */
export function common<Key, T>(
  a: ReadonlyMap<Key, T>,
  b: ReadonlyMap<Key, T>,
  both: (one: T, other: T) => T | undefined,
): ReadonlyMap<Key, T> {
  if (a === b || a.size === 0) return a;
  if (b.size === 0) return b;
  const result = new Map<Key, T>();
  for (const [key, value] of a) {
    const other = b.get(key);
    const joined = other === undefined || other === value ? other : both(value, other);
    if (joined !== undefined) result.set(key, joined);
  }
  return result;
}

export function intersection<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): ReadonlySet<T> {
  if (a === b || a.size === 0) return a;
  return b.size === 0 ? b : new Set([...a].filter((value) => b.has(value)));
}
