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
import { append, type Constraint, constraintOf, highest, SHORTEST_SEARCH, searchTree } from './interval.js';
import { unimplied } from './read.js';
import { type Demand, demandsOf, demandWith, isMet, NO_DEMAND } from './trim.js';
import type { Value, Values } from './value.js';

const { JEQ } = opcodes;

/**
 * Masks from which a list of networks is searched as intervals of the address itself: two comparisons for a
 * network instead of one, but one search instead of one for each mask.
 */
const MOST_MASKS = 3;

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
    const groups = stagesOf(values, chain.links, before).flatMap((stage) => grouped(values, stage));
    if (free) bringForward(groups, held);
    const switches = changes(
      held,
      chain.links.map(({ test }) => test.left),
    );
    const searchable = groups.some((group) => isList(values, group));
    if (
      changes(
        held,
        groups.map(({ value }) => value),
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
function bringForward(groups: Group[], held: Value | undefined): void {
  const at = groups.findIndex(({ value }) => value === held);
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
function grouped(values: Values, links: readonly Link[]): Group[] {
  const subjects = links.map((link) => memberOf(values, link)?.value ?? link.test.left);
  const masked = masksOf(links, subjects);
  const groups = new Map<Value, { readonly value: Value; readonly links: Link[] }>();
  for (const [at, link] of links.entries()) {
    const subject = subjects[at]!;
    const value = masked.get(subject)!.size > MOST_MASKS ? subject : link.test.left;
    const group = groups.get(value);
    if (group === undefined) groups.set(value, { value, links: [link] });
    else group.links.push(link);
  }
  return [...groups.values()];
}

/** The forms in which each value is compared: itself, and under masks. */
function masksOf(links: readonly Link[], subjects: readonly Value[]): Map<Value, Set<Value>> {
  const masked = new Map<Value, Set<Value>>();
  for (const [at, { test }] of links.entries()) {
    const forms = masked.get(subjects[at]!);
    if (forms === undefined) masked.set(subjects[at]!, new Set([test.left]));
    else forms.add(test.left);
  }
  return masked;
}

interface Group {
  readonly value: Value;
  readonly links: readonly Link[];
}

/** The interval of a value on which a link leaves, as far as it is a constant or a network. */
const memberOf = (values: Values, { test, leavesOn }: Link): Constraint | undefined =>
  constraintOf(values, test, leavesOn);

/** The intervals of a group's own value that its links leave on. */
const membersOf = (values: Values, { value, links }: Group): readonly Link[] =>
  links.filter((link) => intervalIn(values, value, link) !== undefined);

function intervalIn(values: Values, value: Value, link: Link): Interval | undefined {
  const { test, leavesOn } = link;
  const member = memberOf(values, link);
  if (member?.value === value) return [member.k, highest(member)];
  // A masked value is compared as it is where its group is its own.
  const k = values.constantOf(test.right);
  return leavesOn && test.op === JEQ && test.left === value && k !== undefined ? [k, k] : undefined;
}

const isList = (values: Values, group: Group): boolean =>
  group.links.length >= SHORTEST_SEARCH && membersOf(values, group).length >= SHORTEST_SEARCH;

/** Appends the steps of the reordered chain; returns the first. */
function build(values: Values, steps: Step[], groups: readonly Group[], { exit, end }: Chain): number {
  let next = end;
  for (let at = groups.length - 1; at >= 0; at--) {
    const group = groups[at]!;
    if (isList(values, group)) next = search(values, steps, group, exit, next);
    else
      for (let link = group.links.length - 1; link >= 0; link--)
        next = append(steps, single(group.links[link]!, exit, next));
  }
  return next;
}

function single({ touches, test, leavesOn }: Link, exit: number, next: number): Step {
  const [onTrue, onFalse] = leavesOn ? [exit, next] : [next, exit];
  return { touches, sets: [], exit: { ...test, onTrue, onFalse } };
}

type Interval = readonly [low: number, high: number];

/** A binary search: members leave, others go to `next`. */
function search(values: Values, steps: Step[], group: Group, exit: number, next: number): number {
  const members = membersOf(values, group);
  const others = group.links.filter((link) => intervalIn(values, group.value, link) === undefined);
  let end = next;
  for (const link of [...others].reverse()) end = append(steps, single(link, exit, end));
  const { span } = members[0]!.test;
  const intervals = joined(members.map((link) => intervalIn(values, group.value, link)!));
  const entries = intervals.map(([low, high]) => ({ low, high, target: exit, span }));
  const root = searchTree(values, steps, group.value, entries, end);
  const touched = unimplied(
    values,
    group.links.flatMap(({ touches }) => touches),
    [group.value],
  );
  steps[root] = { ...steps[root]!, touches: touched };
  return root;
}

/** Sorted, with neighbours joined. */
function joined(members: readonly Interval[]): Interval[] {
  const intervals: [number, number][] = [];
  for (const [low, high] of [...members].sort((a, b) => a[0] - b[0])) {
    const last = intervals.at(-1);
    if (last !== undefined && low <= last[1] + 1) last[1] = Math.max(last[1], high);
    else intervals.push([low, high]);
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
