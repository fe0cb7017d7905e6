/**
 * Pass: long lists of alternatives, each a conjunction, become searches: word by word, as in a trie.
 *
 * `host A or host B` over IPv6 asks for four words of the source, then of the destination, then of the
 * source again. Here the alternatives are sorted by the field they begin with, and those of one field are
 * searched: the first word leads to those of its members that have it, where the second word is searched.
 *
 * Preserves which packets leave, and their traps. A packet may be cut within the destination: then it is
 * rejected by the first member whose destination it begins with, unless a source matched before. So where
 * leaving is no rejection and one field may end the program, the other one is searched first, and a
 * variable keeps which member matched; the search of the field that may trap then looks at members before
 * that one only. Fields are sorted no further than that: see {@link partsOf}.
 * Measure: alternatives in such lists.
 */

import { opcodes } from '../cbpf/index.js';
import { compact, type Decisions, entrances, HOME_X, rejects, type Step, type Test } from './decision.js';
import {
  append,
  type Constraint,
  constraintOf,
  SHORTEST_SEARCH,
  searchMembers,
  testStep,
} from './interval.js';
import { unimplied } from './read.js';
import { type Demand, demandsOf, demandWith, isMet, NO_DEMAND } from './trim.js';
import type { Value, Values } from './value.js';

const { JEQ, JGE } = opcodes;

/** One condition of an alternative: the test, and what it says when the alternative goes on. */
interface Condition extends Constraint {
  readonly test: Test;
  readonly goesOn: boolean;
}

/** An alternative; where one of its conditions fails, the next alternative begins. */
interface Link {
  readonly conditions: readonly Condition[];
  readonly places: readonly number[];
  readonly exit: number;
  readonly next: number;
}

interface List {
  readonly links: readonly Link[];
  readonly exit: number;
  /** Where it goes on when no alternative held. */
  readonly end: number;
}

export function searchLists(decisions: Decisions): Decisions {
  const { values, entry } = decisions;
  if (decisions.steps.length < SHORTEST_SEARCH) return decisions;
  const steps = [...decisions.steps];
  const homes = new Map(decisions.homes);
  const count = entrances(decisions);
  const taken = new Uint8Array(steps.length);
  let demands: readonly (Demand | undefined)[] | undefined;
  for (let index = 0; index < decisions.steps.length; index++) {
    if (taken[index] === 1) continue;
    const list = listAt(values, decisions.steps, count, index);
    for (const { places } of list.links) for (const place of places) taken[place] = 1;
    // Single tests are left to the pass that orders them.
    const isLong = list.links.length >= SHORTEST_SEARCH;
    if (!isLong || list.links.every(({ conditions }) => conditions.length === 1)) continue;
    demands ??= demandsOf(decisions);
    const free = rejects(values, decisions.steps[list.exit]!);
    const before = free ? 'everything' : (demands[list.exit] ?? NO_DEMAND);
    const parts = bestParts(values, list.links, before);
    if (!parts.some(isSearched)) continue;
    const start = new Builder(values, steps, homes, list.exit).list(parts, list.end);
    const { touches, exit } = steps[start]!;
    const used = exit.kind === 'test' ? [exit.left, exit.right] : [];
    steps[index] = {
      ...steps[start]!,
      touches: unimplied(values, [...steps[index]!.touches, ...touches], used),
    };
  }
  return steps.length > decisions.steps.length ? compact({ values, homes, entry, steps }) : decisions;
}

/** The longer of the lists that begin here. */
function listAt(values: Values, steps: readonly Step[], count: Int32Array, head: number): List {
  const first = follow(values, steps, count, head, true);
  const second = follow(values, steps, count, head, false);
  return first.links.length >= second.links.length ? first : second;
}

function follow(
  values: Values,
  steps: readonly Step[],
  count: Int32Array,
  head: number,
  goesOn: boolean,
): List {
  const links: Link[] = [];
  let at = head;
  let exit: number | undefined;
  for (;;) {
    const before = links.at(-1);
    // An alternative is entered where one before has failed, and nowhere else.
    if (before !== undefined && count[at] !== before.conditions.length) break;
    if (before !== undefined && steps[at]!.touches.length > 0) break;
    const link: Link | undefined =
      linkAt(values, steps, count, at, goesOn, exit) ??
      (before === undefined ? undefined : linkAt(values, steps, count, at, !goesOn, exit));
    if (link === undefined) break;
    links.push(link);
    exit = link.exit;
    at = link.next;
  }
  return { links, exit: exit ?? at, end: at };
}

/** The alternative that begins at a step and leads to `exit`, or, without that, as far as it goes. */
function linkAt(
  values: Values,
  steps: readonly Step[],
  count: Int32Array,
  head: number,
  goesOn: boolean,
  exit: number | undefined,
): Link | undefined {
  const conditions: Condition[] = [];
  const places: number[] = [];
  let next: number | undefined;
  let at = head;
  while (at !== exit) {
    const step = steps[at]!;
    const test = step.exit;
    const inner = next !== undefined;
    const fits =
      test.kind === 'test' && (next === undefined || test.onTrue === next || test.onFalse === next);
    const isOwn = step.sets.length === 0 && (!inner || (count[at] === 1 && step.touches.length === 0));
    if (!fits || !isOwn) break;
    const outcome: boolean = inner ? test.onFalse === next : goesOn;
    const constraint = constraintOf(values, test, outcome);
    if (constraint === undefined) break;
    conditions.push({ ...constraint, test, goesOn: outcome });
    places.push(at);
    [at, next] = outcome ? [test.onTrue, test.onFalse] : [test.onFalse, test.onTrue];
  }
  if (next === undefined || at === next || (exit !== undefined && at !== exit)) return undefined;
  return { conditions, places, exit: at, next };
}

/** Alternatives that may be sorted by field. */
interface Part {
  /** First to last. */
  readonly links: Link[];
  readonly groups: Group[];
}

/** Alternatives that begin with one value. */
interface Group {
  /** The values that they look at, in order; some stop early. */
  values: readonly Value[];
  /** Whether computing those may end the program here. */
  risky: boolean;
  readonly links: Placed[];
}

/** An alternative and its place in the part, counted from the end, from 1. */
interface Placed {
  readonly conditions: readonly Condition[];
  rank: number;
}

const isSearched = ({ groups }: Part): boolean => groups.some(({ links }) => links.length >= SHORTEST_SEARCH);

/** Keeping which member matched takes instructions: done where most of a list is in no order without it. */
function bestParts(values: Values, links: readonly Link[], before: Demand | 'everything'): Part[] {
  const apart = partsOf(values, links, before, false);
  const sorted = apart.filter(isSearched).reduce((sum, part) => sum + part.links.length, 0);
  if (sorted >= links.length / 2) return apart;
  const mixed = partsOf(values, links, before, true);
  return mixed.every(isShort) ? mixed : apart;
}

/** Instructions more than the chain's that a search with two fields may take. */
const MOST_GROWTH = 1.25;

/** Whether a part does not become much longer, as far as that can be told beforehand. */
function isShort(part: Part): boolean {
  if (!isMixed(part) || !isSearched(part)) return true;
  let [before, after] = [0, 0];
  let loaded: Value | undefined;
  for (const { conditions } of part.links) {
    for (const { value, mask } of conditions) {
      before += (value === loaded ? 1 : 2) + Number(mask !== ALL_BITS);
      loaded = value;
    }
  }
  for (const { risky, links } of part.groups) {
    for (const { conditions } of links) {
      const masked = conditions.filter(({ mask }) => mask !== ALL_BITS).length;
      const kept = !risky || conditions.length > 1 ? 2 : 0;
      after += PER_MEMBER + masked + 2 * (conditions.length - 1) + kept;
    }
  }
  return after <= MOST_GROWTH * before;
}

const ALL_BITS = 0xffff_ffff;
/** Tests of a search for each of its members. */
const PER_MEMBER = 1.2;

const isMixed = ({ groups }: Part): boolean => groups.length > 1 && groups.some(({ risky }) => risky);

/**
 * Cuts a list where sorting has to stop.
 *
 * An alternative whose first test may trap anew begins a part, and every way through a search of the part
 * computes that value. Within a part, where leaving is no rejection, one field may trap further on; then one
 * other field may be there beside it.
 *
 * @param mix - Whether it may: what matched has to be kept then.
 */
function partsOf(
  values: Values,
  links: readonly Link[],
  before: Demand | 'everything',
  mix: boolean,
): Part[] {
  const parts: Part[] = [];
  let part: Part | undefined;
  let seen = before;
  for (const link of links) {
    const [{ value }] = link.conditions as [Condition, ...Condition[]];
    if (seen !== 'everything' && !isMet(values, seen, value)) {
      seen = demandWith(values, seen, [value]);
      part = undefined;
    }
    const known = seen;
    const isRisky =
      known !== 'everything' && !link.conditions.every((condition) => isMet(values, known, condition.value));
    if (part === undefined || !join(part, link, isRisky, mix)) {
      part = { links: [], groups: [] };
      join(part, link, isRisky, mix);
      parts.push(part);
    }
  }
  for (const { links: all, groups } of parts)
    for (const { links: some } of groups) for (const placed of some) placed.rank = all.length - placed.rank;
  return parts;
}

/** Adds the alternative to a part, if it may be sorted with those that are there. */
function join({ links, groups }: Part, link: Link, isRisky: boolean, mix: boolean): boolean {
  const list = link.conditions.map(({ value }) => value);
  const group = groups.find(({ values }) => values[0] === list[0]);
  if (group !== undefined && !list.every((value, at) => value === (group.values[at] ?? value))) return false;
  const others = groups.filter((other) => other !== group);
  const risky = others.filter((other) => other.risky).length + Number(isRisky || group?.risky === true);
  if (risky > 1 || (risky === 1 && others.length > (mix ? 1 : 0))) return false;
  const placed = { conditions: link.conditions, rank: links.length };
  links.push(link);
  if (group === undefined) groups.push({ values: list, risky: isRisky, links: [placed] });
  else {
    if (list.length > group.values.length) group.values = list;
    group.risky ||= isRisky;
    group.links.push(placed);
  }
  return true;
}

/** Where a search of one field leads. */
interface Ways {
  readonly found: (link: Placed) => number;
  readonly missed: number;
  /** In front of what only alternatives before this one ask for. */
  readonly guarded: (rank: number, step: number) => number;
}

class Builder {
  readonly #values: Values;
  readonly #steps: Step[];
  readonly #homes: Map<Value, number>;
  readonly #exit: number;

  constructor(values: Values, steps: Step[], homes: Map<Value, number>, exit: number) {
    this.#values = values;
    this.#steps = steps;
    this.#homes = homes;
    this.#exit = exit;
  }

  /** Appends the steps of a list; returns the first. */
  list(parts: readonly Part[], end: number): number {
    let next = end;
    for (const part of [...parts].reverse())
      next = isSearched(part) ? this.#part(part, next) : this.#chain(part.links, next);
    return next;
  }

  /** Alternatives as they were. */
  #chain(links: readonly Link[], end: number): number {
    let next = end;
    for (const { conditions } of [...links].reverse()) {
      let at = this.#exit;
      for (const { test, goesOn } of [...conditions].reverse()) {
        const [onTrue, onFalse] = goesOn ? [at, next] : [next, at];
        at = append(this.#steps, { touches: [], sets: [], exit: { ...test, onTrue, onFalse } });
      }
      next = at;
    }
    return next;
  }

  #part({ groups }: Part, end: number): number {
    const risky = groups.find((group) => group.risky);
    const free = groups.find((group) => !group.risky);
    if (free !== undefined && risky !== undefined) return this.#inOrder(free, risky, end);
    const found = () => this.#exit;
    let missed = end;
    for (const group of [...groups].reverse())
      missed = this.#trie(group, { found, missed, guarded: (_, step) => step });
    return missed;
  }

  /** Searches the field that cannot trap, keeps which member it was, and then the one that may. */
  #inOrder(free: Group, risky: Group, end: number): number {
    const [values, steps, exit] = [this.#values, this.#steps, this.#exit];
    const variable = values.variable(0, free.links[0]!.rank);
    this.#homes.set(variable, HOME_X);
    const isBefore = (rank: number, step: number): number =>
      append(steps, testStep(values, JGE, variable, rank, [exit, step]));
    const start = this.#trie(risky, {
      found: () => exit,
      missed: append(steps, testStep(values, JEQ, variable, 0, [end, exit])),
      guarded: isBefore,
    });
    const setTo = (rank: number): number =>
      append(steps, {
        touches: [],
        sets: [{ variable, value: values.constant(rank) }],
        exit: { kind: 'goto', target: start },
      });
    return this.#trie(free, {
      found: ({ rank }) => setTo(rank),
      missed: setTo(0),
      guarded: (_, step) => step,
    });
  }

  #trie(group: Group, ways: Ways): number {
    return this.#node(group.links, 0, ways.missed, 0, ways);
  }

  /**
   * Searches the alternatives whose first `depth` conditions hold.
   *
   * @param missed - Where to go when none of them holds.
   * @param asked - Rank of the first one that was in question above, behind a guard; 0 for none.
   */
  #node(links: readonly Placed[], depth: number, missed: number, asked: number, ways: Ways): number {
    // One that has no conditions left holds: those behind it are not asked any more.
    const held = links.findIndex(({ conditions }) => conditions.length === depth);
    const open = held < 0 ? links : links.slice(0, held);
    const otherwise = held < 0 ? missed : ways.found(links[held]!);
    const [first] = open;
    if (first === undefined) return otherwise;
    const children = new Map<string, number>();
    const members = open.map(({ conditions }) => {
      const { test, ...constraint } = conditions[depth]!;
      return { ...constraint, span: test.span };
    });
    const childOf = (those: readonly number[]): number => {
      const key = those.join();
      let child = children.get(key);
      if (child === undefined) {
        const inside = those.map((at) => open[at]!);
        child = this.#node(inside, depth + 1, otherwise, depth === 0 ? 0 : first.rank, ways);
        children.set(key, child);
      }
      return child;
    };
    const start = searchMembers(this.#values, this.#steps, members, childOf, otherwise);
    return depth === 0 || first.rank === asked ? start : ways.guarded(first.rank, start);
  }
}
