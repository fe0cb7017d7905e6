/**
 * Pass: leaves out traps that are met later anyway, and assignments that nobody reads.
 *
 * Goes through the steps from the end with what every accepted packet still has to pass: so many bytes
 * at fixed offsets, so many behind varying ones. A touch that demands no more is left out. Preserves the
 * verdict: a packet that would have trapped is rejected later, and rejection is what a trap is. Measure:
 * the number of touches and assignments; nothing is added.
 */

import { type Assignment, type Decisions, type Step, type StepExit, targets, uses } from './decision.js';
import { common, intersection } from './facts.js';
import { unimplied } from './read.js';
import type { Value, Values } from './value.js';

/** What a packet must have to be accepted; `undefined`: it is not accepted at all. */
export interface Demand {
  readonly present: number;
  readonly behind: ReadonlyMap<Value, number>;
  readonly computed: ReadonlySet<Value>;
}

export const NO_DEMAND: Demand = { present: 0, behind: new Map(), computed: new Set() };

export function trim(decisions: Decisions): Decisions {
  return backwards(decisions).decisions;
}

/** What a packet must have at each step to be accepted. */
export const demandsOf = (decisions: Decisions): readonly (Demand | undefined)[] =>
  backwards(decisions).demands;

/** `known`, and what computing the values demands. */
export const demandWith = (values: Values, known: Demand, list: readonly Value[]): Demand =>
  list.reduce((all, value) => demand(values, all, value), known);

function demandOfExit(values: Values, known: Demand, exit: StepExit): Demand {
  if (exit.kind === 'test') return demand(values, demand(values, known, exit.left), exit.right);
  return exit.kind === 'return' ? demand(values, known, exit.value) : known;
}

function backwards(decisions: Decisions): { decisions: Decisions; demands: readonly (Demand | undefined)[] } {
  const { values } = decisions;
  const demands = new Array<Demand | undefined>(decisions.steps.length);
  const live = new Array<ReadonlySet<Value>>(decisions.steps.length);
  const steps = [...decisions.steps];
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    const next = targets(step);
    const ends = step.exit.kind === 'return';
    const rejects = step.exit.kind === 'return' && values.constantOf(step.exit.value) === 0;
    const liveAfter = ends ? NOTHING_LIVE : union(live[next[0]!]!, live[next[next.length - 1]!]!);
    const after = ends
      ? rejects
        ? undefined
        : NO_DEMAND
      : weakest(demands[next[0]!], demands[next[next.length - 1]!]);
    if (step.touches.length === 0 && step.sets.length === 0) {
      // As most steps are: there is nothing to leave out.
      if (after !== undefined) demands[index] = demandOfExit(values, after, step.exit);
      live[index] = liveBefore(values, step, liveAfter);
      continue;
    }
    const isLive = ({ variable }: Assignment): boolean => liveAfter.has(variable);
    const sets = step.sets.every(isLive) ? step.sets : step.sets.filter(isLive);
    const rest = sets === step.sets ? step : { ...step, sets };
    let trimmed: Step;
    if (after === undefined) trimmed = rest.touches.length === 0 ? rest : { ...rest, touches: [] };
    else {
      const needed = uses(rest);
      // Before its assignment, a variable is something else.
      const own = demandWith(values, without(after, sets), needed);
      // What an assignment computed may have trapped.
      const dropped = step.sets.filter((set) => !sets.includes(set) && values.traps[set.value]);
      const traps =
        dropped.length === 0 ? step.touches : [...step.touches, ...dropped.map(({ value }) => value)];
      const touches = unimplied(values, traps, needed).filter((value) => !isMet(values, own, value));
      demands[index] = demandWith(values, own, touches);
      trimmed = sameLength(touches, step.touches) && sets === step.sets ? step : { ...rest, touches };
    }
    steps[index] = trimmed;
    live[index] = liveBefore(values, trimmed, liveAfter);
  }
  const changed = steps.some((step, index) => step !== decisions.steps[index]);
  return { decisions: changed ? { ...decisions, steps } : decisions, demands };
}

const sameLength = (a: readonly unknown[], b: readonly unknown[]): boolean => a.length === b.length;

const NOTHING_LIVE: ReadonlySet<Value> = new Set();

function union(first: ReadonlySet<Value>, second: ReadonlySet<Value>): ReadonlySet<Value> {
  if (second === first || second.size === 0) return first;
  if (first.size === 0) return second;
  return new Set([...first, ...second]);
}

/** Variables whose values are needed before the step, given those needed behind it. */
function liveBefore(values: Values, step: Step, after: ReadonlySet<Value>): ReadonlySet<Value> {
  let before: Set<Value> | undefined;
  if (step.sets.length > 0) {
    before = new Set(after);
    for (const { variable } of step.sets) before.delete(variable);
  }
  const read = (value: Value): void => {
    for (const variable of values.variablesOf(value)) {
      if (before === undefined && after.has(variable)) continue;
      before ??= new Set(after);
      before.add(variable);
    }
  };
  const { touches, sets, exit } = step;
  for (const value of touches) read(value);
  for (const { value } of sets) read(value);
  if (exit.kind === 'return') read(exit.value);
  if (exit.kind === 'test') {
    read(exit.left);
    read(exit.right);
  }
  return before ?? after;
}

/** Variables that are needed behind each step. */
export function liveVariables({ values, steps }: Decisions): readonly ReadonlySet<Value>[] {
  const before = new Array<ReadonlySet<Value>>(steps.length);
  const after = new Array<ReadonlySet<Value>>(steps.length);
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    const next = targets(step);
    after[index] = next.length === 0 ? NOTHING_LIVE : union(before[next[0]!]!, before[next.at(-1)!]!);
    before[index] = liveBefore(values, step, after[index]!);
  }
  return after;
}

/** What both demand; a way that never accepts demands everything. */
function weakest(a: Demand | undefined, b: Demand | undefined): Demand | undefined {
  if (a === b) return a;
  if (a === undefined || b === undefined) return a ?? b;
  return {
    present: Math.min(a.present, b.present),
    behind: common(a.behind, b.behind, Math.min),
    computed: intersection(a.computed, b.computed),
  };
}

function without(demand: Demand, sets: readonly Assignment[]): Demand {
  if (sets.length === 0) return demand;
  const behind = new Map(demand.behind);
  for (const { variable } of sets) behind.delete(variable);
  return { ...demand, behind, computed: new Set() };
}

/** `known`, and what computing the value demands. */
function demand(values: Values, known: Demand, value: Value): Demand {
  if (!values.traps[value]) return known;
  let result = known;
  for (const part of values.trapsOf(value)) {
    if (isMet(values, result, part)) continue;
    const kind = values.kinds[part]!;
    if (kind.kind === 'load') {
      const end = kind.k + kind.size;
      if (kind.base === undefined) result = { ...result, present: end };
      else {
        const present = Math.max(result.present, values.min[kind.base]! + end);
        result = { ...result, present, behind: new Map(result.behind).set(kind.base, end) };
      }
    } else result = { ...result, computed: new Set(result.computed).add(part) };
  }
  return result;
}

/** Whether all that may trap in a value is demanded. */
export function isMet(values: Values, { present, behind, computed }: Demand, value: Value): boolean {
  return values.trapsOf(value).every((part) => {
    const kind = values.kinds[part]!;
    if (kind.kind !== 'load') return computed.has(part);
    const end = kind.k + kind.size;
    if (kind.base === undefined) return end <= present;
    return (behind.get(kind.base) ?? 0) >= end || values.max[kind.base]! + end <= present;
  });
}
