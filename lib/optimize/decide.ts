/**
 * Pass: tests whose outcome is known, by facts along edges.
 *
 * Goes through the steps in order with what holds on entry to each. A test that is decided becomes a
 * `goto`; an edge to a step whose outcome is decided on that edge goes straight on (jump threading).
 * Preserves verdict and traps: a step is skipped only where nothing it computes may trap, and where it
 * assigns nothing. Measure: every change moves an edge further down the order, or removes a test or a
 * touch; nothing is added but touches of the removed test.
 */

import { opcodes } from '../cbpf/index.js';
import { compact, type Decisions, type Step, type StepExit } from './decision.js';
import {
  canHave,
  compute,
  constantIn,
  decide,
  type Facts,
  factOf,
  join,
  learnOpen,
  mayTrap,
  NOTHING_KNOWN,
} from './facts.js';
import { normalize } from './normalize.js';
import { unimplied } from './read.js';
import type { Value, Values } from './value.js';

/**
 * Steps, or runs of them, that one edge is led past at most; later rounds lead it further, past runs that have become
 * one look by then.
 */
const LONGEST_WALK = 32;

export function decideTests(decisions: Decisions): Decisions {
  const { values, homes, entry } = decisions;
  const steps = decisions.steps.map((step) => normalized(values, step));
  const runs = runsOf(values, steps);
  const entering = new Array<Facts | undefined>(steps.length);
  entering[entry] = NOTHING_KNOWN;
  const reached = new Uint8Array(steps.length);
  const enter = (step: number, facts: Facts): void => {
    const known = entering[step];
    entering[step] = known === undefined ? facts : join(values, known, facts);
  };
  const follow: Follow = {
    isEnd: (target) => {
      const { touches, exit } = steps[target]!;
      return exit.kind === 'return' && touches.length === 0 && !values.traps[exit.value];
    },
    to: (target, facts) => {
      const end = destination(values, steps, runs, target, facts);
      if (follow.isEnd(end)) reached[end] = 1;
      else enter(end, facts);
      return end;
    },
  };
  let changed = false;
  for (let index = 0; index < steps.length; index++) {
    const facts = entering[index];
    if (facts !== undefined) steps[index] = decided(values, steps[index]!, facts, follow);
    entering[index] = undefined; // facts are large, and nobody enters this step any more
    changed ||= (facts === undefined && reached[index] !== 1) || steps[index] !== decisions.steps[index];
  }
  return changed ? compact({ values, steps, entry, homes }) : decisions;
}

/** Leads edges on. */
interface Follow {
  /** Whether nothing is left to decide there. */
  readonly isEnd: (target: number) => boolean;
  /** Where an edge with these facts ends up, which is entered with them. */
  readonly to: (target: number, facts: Facts) => number;
}

/** Brings a step's test into its one form. What the shorter form does not compute, it touches. */
function normalized(values: Values, step: Step): Step {
  const { exit } = step;
  if (exit.kind !== 'test') return step;
  const test = normalize(values, exit.op, exit.left, exit.right);
  if (
    typeof test !== 'boolean' &&
    !test.negated &&
    test.op === exit.op &&
    test.left === exit.left &&
    test.right === exit.right
  )
    return step;
  const touches = [...step.touches, ...trapping(values, [exit.left, exit.right])];
  if (typeof test === 'boolean')
    return { ...step, touches, exit: { kind: 'goto', target: test ? exit.onTrue : exit.onFalse } };
  const { op, left, right, negated } = test;
  const [onTrue, onFalse] = negated ? [exit.onFalse, exit.onTrue] : [exit.onTrue, exit.onFalse];
  return {
    ...step,
    touches: unimplied(values, touches, [left, right]),
    exit: { ...exit, op, left, right, onTrue, onFalse },
  };
}

const trapping = (values: Values, list: readonly Value[]): Value[] =>
  list.filter((value) => values.traps[value]);

function decided(values: Values, step: Step, entering: Facts, follow: Follow): Step {
  const reject: Step = { touches: [], sets: [], exit: { kind: 'return', value: values.constant(0) } };
  let facts = entering;
  let touches: Value[] = [];
  const through = (value: Value): boolean => {
    const after = compute(values, facts, value);
    if (after !== undefined) facts = after;
    return after !== undefined;
  };
  for (const value of step.touches) {
    if (mayTrap(values, facts, value)) touches.push(value);
    if (!through(value)) return reject;
  }
  for (const { value } of step.sets) if (!through(value)) return reject;
  const { exit } = step;
  const withExit = (next: StepExit): Step =>
    next === exit && touches.length === step.touches.length ? step : { ...step, touches, exit: next };
  if (exit.kind === 'return') return through(exit.value) ? withExit(exit) : reject;
  // Variables are assigned behind the test's operands, which are told by their values.
  const before = facts;
  if (exit.kind === 'test' && !(through(exit.left) && through(exit.right))) return reject;
  let yes: Facts | undefined = facts;
  let no: Facts | undefined = facts;
  let outcome: boolean | undefined;
  if (exit.kind === 'test') {
    const { op, left, right } = exit;
    outcome = decide(values, facts, op, left, right);
    if (outcome === undefined) {
      // What holds at an end nobody asks: a list has an edge to one for each of its members.
      const behind = (target: number, holds: boolean): Facts | undefined =>
        !follow.isEnd(target)
          ? learnOpen(values, facts, op, left, right, holds)
          : canHave(values, facts, op, left, right, holds)
            ? facts
            : undefined;
      yes = behind(exit.onTrue, true);
      no = behind(exit.onFalse, false);
      if (yes === undefined || no === undefined) outcome = yes !== undefined;
    }
  }
  if (exit.kind === 'test' && outcome !== undefined)
    touches = [...touches, ...[exit.left, exit.right].filter((value) => mayTrap(values, before, value))];
  const assigned = assign(values, facts, step);
  if (exit.kind === 'goto') {
    const target = follow.to(exit.target, assigned);
    return withExit(target === exit.target ? exit : { kind: 'goto', target });
  }
  if (outcome !== undefined)
    return withExit({ kind: 'goto', target: follow.to(outcome ? exit.onTrue : exit.onFalse, assigned) });
  const onTrue = follow.to(exit.onTrue, assign(values, yes!, step));
  const onFalse = follow.to(exit.onFalse, assign(values, no!, step));
  return withExit(onTrue === exit.onTrue && onFalse === exit.onFalse ? exit : { ...exit, onTrue, onFalse });
}

/** Variables know what they were assigned. */
function assign(values: Values, facts: Facts, { sets }: Step): Facts {
  if (sets.length === 0) return facts;
  const known = new Map(facts.known);
  const presentBehind = new Map(facts.presentBehind);
  for (const { variable, value } of sets) {
    known.set(variable, factOf(values, facts, value));
    const end = facts.presentBehind.get(value);
    if (end !== undefined) presentBehind.set(variable, end);
  }
  return { ...facts, known, presentBehind };
}

/**
 * Tests of one value for equality with constants, each where the one before has failed, that do nothing else: a list
 * of hosts with a test behind each. Where the value is known, one look tells which of them holds.
 */
interface Run {
  readonly left: Value;
  /** The steps and the constants they test for, last to first. */
  readonly steps: number[];
  readonly constants: number[];
  /** Where control goes when none of them holds. */
  readonly end: number;
  /** The steps that test for a constant, last to first; made when it is first asked for. */
  byConstant?: ReadonlyMap<number, readonly number[]>;
}

function runsOf(values: Values, steps: readonly Step[]): readonly (Run | undefined)[] {
  const runs = new Array<Run | undefined>(steps.length);
  for (let index = steps.length - 1; index >= 0; index--) {
    const { touches, sets, exit } = steps[index]!;
    if (exit.kind !== 'test' || exit.op !== opcodes.JEQ || touches.length > 0 || sets.length > 0) continue;
    const constant = values.constantOf(exit.right);
    if (constant === undefined) continue;
    const next = runs[exit.onFalse];
    const continues = next?.left === exit.left && next.steps.at(-1) === exit.onFalse;
    const run: Run = continues ? next : { left: exit.left, steps: [], constants: [], end: exit.onFalse };
    run.steps.push(index);
    run.constants.push(constant);
    runs[index] = run;
  }
  return runs;
}

/** The first step of the run from `at` on that tests for the number, or where the run ends. */
function holding(run: Run, at: number, k: number): number {
  run.byConstant ??= stepsByConstant(run);
  const found = run.byConstant.get(k);
  if (found === undefined || found[0]! < at) return run.end;
  let [low, high] = [0, found.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (found[middle]! >= at) low = middle;
    else high = middle - 1;
  }
  return found[low]!;
}

function stepsByConstant({ steps, constants }: Run): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (const [place, constant] of constants.entries()) {
    const list = found.get(constant);
    if (list === undefined) found.set(constant, [steps[place]!]);
    else list.push(steps[place]!);
  }
  return found;
}

/** Where control ends up that enters `target` with these facts. */
function destination(
  values: Values,
  steps: readonly Step[],
  runs: readonly (Run | undefined)[],
  target: number,
  facts: Facts,
): number {
  let at = target;
  for (let walked = 0; walked < LONGEST_WALK; walked++) {
    const { touches, sets, exit } = steps[at]!;
    if (sets.length > 0 || touches.some((value) => mayTrap(values, facts, value))) return at;
    if (exit.kind === 'goto') at = exit.target;
    else if (exit.kind === 'test') {
      if (mayTrap(values, facts, exit.left) || mayTrap(values, facts, exit.right)) return at;
      const run = runs[at];
      const k = run === undefined ? undefined : constantIn(factOf(values, facts, run.left));
      if (run !== undefined && k !== undefined) {
        const next = holding(run, at, k);
        at = next === at ? exit.onTrue : next;
        continue;
      }
      const outcome = decide(values, facts, exit.op, exit.left, exit.right);
      if (outcome === undefined) return at;
      at = outcome ? exit.onTrue : exit.onFalse;
    } else return at;
  }
  return at;
}
