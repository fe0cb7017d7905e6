/**
 * Pass: chains of tests that leave to one place are put in order, and long lists become a search.
 *
 * A chain is a run of tests with one way out in common, each entered from the one before only: what
 * `or` makes of alternatives, and `and` of conditions. Its tests are grouped by the value they look at,
 * so that each value is loaded once; where a group compares one value with many constants, it becomes a
 * binary search over intervals.
 *
 * Preserves which packets leave, and their traps. Where leaving is rejection, traps and tests may trade
 * places freely. Elsewhere a test must not move in front of a trap that it stood behind, unless what
 * comes after leaving traps alike: so a test that may trap anew begins a stage, whose first test it stays.
 * Measure: changes of the tested value along chains; a search has none.
 */

import { opcodes } from '../cbpf/index.js';
import { compact, type Decisions, entrances, rejects, type Step, type Test, targets } from './decision.js';
import { unimplied } from './read.js';
import { type Demand, demandsOf, demandWith, isMet, NO_DEMAND } from './trim.js';
import type { Value, Values } from './value.js';

const { JEQ, JGE } = opcodes;

/** Constants from which a search is built. */
const SHORTEST_SEARCH = 10;
/** Constants that are compared one after the other at the end of a search. */
const LEAF = 6;

interface Link {
  readonly touches: readonly Value[];
  readonly test: Test;
  /** The outcome that leaves the chain. */
  readonly leavesOn: boolean;
}

interface Chain {
  readonly links: readonly Link[];
  readonly exit: number;
  /** Where the chain goes on when nothing left it. */
  readonly end: number;
}

export function order(decisions: Decisions): Decisions {
  const { values, homes, entry } = decisions;
  const steps = [...decisions.steps];
  const count = entrances(decisions);
  const demands = demandsOf(decisions);
  const tested = testedBefore(decisions.steps, count);
  const taken = new Uint8Array(steps.length);
  for (let index = 0; index < decisions.steps.length; index++) {
    if (taken[index] === 1) continue;
    const chain = longestChain(steps, count, index, taken);
    if (chain === undefined) continue;
    const free = rejects(values, steps[chain.exit]!);
    const before = free ? 'everything' : (demands[chain.exit] ?? NO_DEMAND);
    const held = tested[index];
    const groups = stagesOf(values, chain.links, before).flatMap(grouped);
    if (free) bringForward(groups, held);
    const switches = changes(
      held,
      chain.links.map(({ test }) => test.left),
    );
    const searchable = groups.some((group) => isList(values, group));
    if (
      changes(
        held,
        groups.map((group) => group[0]!.test.left),
      ) >= switches &&
      !searchable
    )
      continue;
    const start = build(values, steps, groups, chain);
    steps[index] = { ...steps[start]!, sets: steps[index]!.sets };
  }
  return steps.length > decisions.steps.length ? compact({ values, homes, entry, steps }) : decisions;
}

const changes = (held: Value | undefined, list: readonly Value[]): number =>
  list.reduce((sum, value, index) => sum + (value !== (index > 0 ? list[index - 1] : held) ? 1 : 0), 0);

/** The value that the test before each step looked at, where there is one such test only. */
function testedBefore(steps: readonly Step[], count: Int32Array): (Value | undefined)[] {
  const result = new Array<Value | undefined>(steps.length);
  for (const step of steps) {
    if (step.exit.kind !== 'test') continue;
    for (const to of targets(step)) if (count[to] === 1) result[to] = step.exit.left;
  }
  return result;
}

/** The group whose value is at hand already goes first. */
function bringForward(groups: Link[][], held: Value | undefined): void {
  const at = groups.findIndex((group) => group[0]!.test.left === held);
  if (at > 0) groups.unshift(...groups.splice(at, 1));
}

function longestChain(
  steps: readonly Step[],
  count: Int32Array,
  head: number,
  taken: Uint8Array,
): Chain | undefined {
  const { exit } = steps[head]!;
  if (exit.kind !== 'test') return undefined;
  const first = follow(steps, count, head, exit.onTrue);
  const second = follow(steps, count, head, exit.onFalse);
  const { chain, members } = first.members.length >= second.members.length ? first : second;
  if (chain.links.length < 2) return undefined;
  for (const member of members) taken[member] = 1;
  return chain;
}

function follow(steps: readonly Step[], count: Int32Array, head: number, exit: number) {
  const links: Link[] = [];
  const members: number[] = [];
  let at = head;
  for (;;) {
    const { touches, sets, exit: test } = steps[at]!;
    if (test.kind !== 'test' || (test.onTrue !== exit && test.onFalse !== exit)) break;
    // What the first one assigns is assigned before the whole chain; so it may not tell from new values.
    if (at !== head && (sets.length > 0 || count[at] !== 1)) break;
    if (at === head && sets.length > 0) break;
    const leavesOn = test.onTrue === exit;
    links.push({ touches, test, leavesOn });
    members.push(at);
    at = leavesOn ? test.onFalse : test.onTrue;
  }
  return { chain: { links, exit, end: at }, members };
}

/** Runs of links within which order is free but for the first. */
function stagesOf(values: Values, links: readonly Link[], before: Demand | 'everything'): Link[][] {
  const stages: Link[][] = [[]];
  let seen = before;
  for (const link of links) {
    const needed = [...link.touches, link.test.left, link.test.right];
    if (seen !== 'everything' && !needed.every((value) => isMet(values, seen as Demand, value))) {
      if (stages.at(-1)!.length > 0) stages.push([]);
      seen = demandWith(values, seen, needed);
    }
    stages.at(-1)!.push(link);
  }
  return stages;
}

/** Links by the value that they test, in order of first appearance. */
function grouped(links: readonly Link[]): Link[][] {
  const groups = new Map<Value, Link[]>();
  for (const link of links) {
    const group = groups.get(link.test.left);
    if (group === undefined) groups.set(link.test.left, [link]);
    else group.push(link);
  }
  return [...groups.values()];
}

const isMember = (values: Values, { test, leavesOn }: Link): boolean =>
  leavesOn && test.op === JEQ && values.constantOf(test.right) !== undefined;

const isList = (values: Values, group: readonly Link[]): boolean =>
  group.length >= SHORTEST_SEARCH && group.filter((link) => isMember(values, link)).length >= SHORTEST_SEARCH;

/** Appends the steps of the reordered chain; returns the first. */
function build(values: Values, steps: Step[], groups: readonly Link[][], { exit, end }: Chain): number {
  let next = end;
  for (let at = groups.length - 1; at >= 0; at--) {
    const group = groups[at]!;
    if (isList(values, group)) next = search(values, steps, group, exit, next);
    else
      for (let link = group.length - 1; link >= 0; link--)
        next = append(steps, single(group[link]!, exit, next));
  }
  return next;
}

function append(steps: Step[], step: Step): number {
  steps.push(step);
  return steps.length - 1;
}

function single({ touches, test, leavesOn }: Link, exit: number, next: number): Step {
  const [onTrue, onFalse] = leavesOn ? [exit, next] : [next, exit];
  return { touches, sets: [], exit: { ...test, onTrue, onFalse } };
}

type Interval = readonly [low: number, high: number];

/** A binary search: members leave, others go to `next`. */
function search(values: Values, steps: Step[], group: readonly Link[], exit: number, next: number): number {
  const members = group.filter((link) => isMember(values, link));
  const others = group.filter((link) => !isMember(values, link));
  let end = next;
  for (const link of [...others].reverse()) end = append(steps, single(link, exit, end));
  const { test } = members[0]!;
  const intervals = intervalsOf(members.map((link) => values.constantOf(link.test.right)!));
  const step = (op: number, k: number, onTrue: number, onFalse: number) =>
    append(steps, {
      touches: [],
      sets: [],
      exit: { ...test, op, right: values.constant(k), onTrue, onFalse },
    });
  const linear = (from: number, to: number): number => {
    let after = end;
    for (let at = to - 1; at >= from; at--) {
      const [low, high] = intervals[at]!;
      if (low === high) after = step(JEQ, low, exit, after);
      else after = step(JGE, low, high === 0xffff_ffff ? exit : step(JGE, high + 1, after, exit), after);
    }
    return after;
  };
  // Depth is the logarithm of the list.
  const tree = (from: number, to: number): number => {
    if (to - from <= LEAF) return linear(from, to);
    const middle = (from + to) >> 1;
    return step(JGE, intervals[middle]![0], tree(middle, to), tree(from, middle));
  };
  const root = tree(0, intervals.length);
  const touched = unimplied(
    values,
    group.flatMap(({ touches }) => touches),
    [test.left],
  );
  steps[root] = { ...steps[root]!, touches: touched };
  return root;
}

/** Sorted, with neighbours joined. */
function intervalsOf(constants: readonly number[]): Interval[] {
  const intervals: [number, number][] = [];
  for (const k of [...new Set(constants)].sort((a, b) => a - b)) {
    const last = intervals.at(-1);
    if (last !== undefined && last[1] + 1 === k) last[1] = k;
    else intervals.push([k, k]);
  }
  // Two neighbours take as many tests as one interval.
  return intervals.flatMap(([low, high]): Interval[] =>
    high === low + 1
      ? [
          [low, low],
          [high, high],
        ]
      : [[low, high]],
  );
}
