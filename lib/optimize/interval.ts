/**
 * Tests as intervals of a value, and binary search over many of them.
 *
 * What a list of addresses, networks or ports asks of one field is an interval each time: a constant, or all
 * that begins with certain bits. {@link file://./order.ts}, {@link file://./lists.ts} and
 * {@link file://./search.ts} find such lists; the steps of the search are built here.
 */

import { opcodes } from '../cbpf/index.js';
import type { Span } from '../source.js';
import type { Step, Test } from './decision.js';
import { isPrefix } from './facts.js';
import type { Value, Values } from './value.js';

const { AND, JEQ, JGE, JSET } = opcodes;

/** Constants from which a search is built. */
export const SHORTEST_SEARCH = 10;
/** Constants that are compared one after the other at the end of a search. */
const LEAF = 6;
const MAX = 0xffff_ffff;
const TOP_BIT = 0x8000_0000;

/** `value` begins with the bits of `k` that `mask` has: all of them, or leading ones. */
export interface Constraint {
  readonly value: Value;
  readonly mask: number;
  readonly k: number;
}

/** What a test with this outcome says, if it is a constraint. */
export function constraintOf(
  values: Values,
  { op, left, right }: Test,
  outcome: boolean,
): Constraint | undefined {
  const k = values.constantOf(right);
  if (k === undefined) return undefined;
  if (op === JSET) {
    // The network of all zeros: none of the mask's bits is set.
    if (!outcome && isPrefix(k)) return { value: left, mask: k, k: 0 };
    return outcome && k === TOP_BIT ? { value: left, mask: k, k } : undefined;
  }
  if (op !== JEQ || !outcome) return undefined;
  const kind = values.kinds[left]!;
  const mask = kind.kind === 'alu' && kind.op === AND ? values.constantOf(kind.right) : undefined;
  if (kind.kind === 'alu' && mask !== undefined && isPrefix(mask) && (k & ~mask) === 0)
    return { value: kind.left, mask, k };
  return { value: left, mask: MAX, k };
}

export const highest = ({ mask, k }: Constraint): number => (k | ~mask) >>> 0;

/** Adds a step; returns its number. */
export function append(steps: Step[], step: Step): number {
  steps.push(step);
  return steps.length - 1;
}

/** A test in a step of its own. */
export const testStep = (
  values: Values,
  op: number,
  left: Value,
  k: number,
  [onTrue, onFalse]: readonly [onTrue: number, onFalse: number],
  span?: Span,
): Step => ({
  touches: [],
  sets: [],
  exit: {
    kind: 'test',
    op,
    left,
    right: values.constant(k),
    onTrue,
    onFalse,
    span,
  },
});

/** Numbers from `low` to `high` lead to `target`. */
export interface Entry {
  readonly low: number;
  readonly high: number;
  readonly target: number;
  readonly span?: Span | undefined;
}

/** A binary search of `value` over sorted, disjoint entries; what is in none goes to `fail`. */
export function searchTree(
  values: Values,
  steps: Step[],
  value: Value,
  entries: readonly Entry[],
  fail: number,
): number {
  const step = (op: number, k: number, onTrue: number, onFalse: number, span?: Span) =>
    append(steps, testStep(values, op, value, k, [onTrue, onFalse], span));
  const linear = (from: number, to: number): number => {
    let after = fail;
    for (let at = to - 1; at >= from; at--) {
      const { low, high, target, span } = entries[at]!;
      if (low === high) after = step(JEQ, low, target, after, span);
      else {
        const inside = high === MAX ? target : step(JGE, high + 1, after, target, span);
        after = step(JGE, low, inside, after, span);
      }
    }
    return after;
  };
  // Depth is the logarithm of the list.
  const tree = (from: number, to: number): number => {
    const middle = (from + to) >> 1;
    const { low, high, span } = entries[middle]!;
    // Where an interval begins it has to be asked anyway.
    if (to - from <= (low < high ? 1 : LEAF)) return linear(from, to);
    return step(JGE, low, tree(middle, to), tree(from, middle), span);
  };
  return tree(0, entries.length);
}

export interface Member extends Constraint {
  readonly span?: Span | undefined;
}

/**
 * Searches the value that all members constrain.
 *
 * @param target - Where a number leads that these members, first to last, contain.
 */
export function searchMembers(
  values: Values,
  steps: Step[],
  members: readonly Member[],
  target: (those: readonly number[]) => number,
  fail: number,
): number {
  const [{ value, mask }] = members as [Member];
  // Under one mask, networks are constants.
  const uniform = mask !== MAX && members.every((member) => member.mask === mask);
  const subject = uniform ? values.alu(AND, value, values.constant(mask)) : value;
  const entries: Entry[] = [];
  for (const { low, high, those } of segments(members, uniform)) {
    const to = target(those);
    const last = entries.at(-1);
    if (last !== undefined && last.high + 1 === low && last.target === to && last.low < last.high)
      entries[entries.length - 1] = { ...last, high };
    else entries.push({ low, high, target: to, span: members[those[0]!]!.span });
  }
  return searchTree(values, steps, subject, entries, fail);
}

interface Segment {
  readonly low: number;
  readonly high: number;
  /** Members that contain it. */
  readonly those: readonly number[];
}

/** The number line, cut wherever a member begins or ends. */
function segments(members: readonly Member[], uniform: boolean): Segment[] {
  const ends = members.map((member) => (uniform ? member.k : highest(member)));
  const order = [...members.keys()].sort((a, b) => members[a]!.k - members[b]!.k || a - b);
  const cuts = [...new Set([...members.map(({ k }) => k), ...ends.map((end) => end + 1)])].sort(
    (a, b) => a - b,
  );
  const result: Segment[] = [];
  let those: number[] = [];
  let next = 0;
  for (const [at, low] of cuts.entries()) {
    those = those.filter((member) => ends[member]! >= low);
    while (next < order.length && members[order[next]!]!.k === low) those.push(order[next++]!);
    if (those.length > 0)
      result.push({ low, high: cuts[at + 1]! - 1, those: [...those].sort((a, b) => a - b) });
  }
  return result;
}
