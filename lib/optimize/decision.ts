/**
 * The decision graph: the form that the optimizer works on.
 *
 * A step says which tests a program makes and of what, not in which registers: first everything in
 * `touches` is computed, only because that may end the program; then variables are assigned, all at once;
 * then a test of two values decides where to go on. {@link file://./read.ts} makes it from a flow graph,
 * {@link file://./lower.ts} turns it back into one. Steps share no registers, so an edge can be moved to
 * any other step that it is equivalent to enter; what registers still hold is used when lowering.
 *
 * A trap is a load beyond the captured bytes or a division by zero. It returns 0, like `ret #0`: so
 * traps may trade places with each other and with tests that end in rejection, and a trap may be left
 * out where every way on from it meets it again before it accepts.
 */

import type { Span } from '../source.js';
import type { Value, Values } from './value.js';

export interface Assignment {
  readonly variable: Value;
  readonly value: Value;
}

export interface Test {
  readonly kind: 'test';
  /** JEQ, JGT, JGE or JSET. */
  readonly op: number;
  readonly left: Value;
  readonly right: Value;
  readonly onTrue: number;
  readonly onFalse: number;
  readonly span?: Span | undefined;
}

export type StepExit =
  | Test
  | { readonly kind: 'goto'; readonly target: number }
  | { readonly kind: 'return'; readonly value: Value; readonly span?: Span };

export interface Step {
  /** Values that trap, computed for that alone. */
  readonly touches: readonly Value[];
  readonly sets: readonly Assignment[];
  readonly exit: StepExit;
}

export interface Decisions {
  readonly values: Values;
  /** A step goes to later ones only: the order is topological. */
  readonly steps: readonly Step[];
  readonly entry: number;
  /** The register or scratch cell that a variable lived in: -1 for A, -2 for X, else M[]. */
  readonly homes: ReadonlyMap<Value, number>;
}

export const HOME_A = -1;
export const HOME_X = -2;

export function targets({ exit }: Step): readonly number[] {
  switch (exit.kind) {
    case 'test':
      return [exit.onTrue, exit.onFalse];
    case 'goto':
      return [exit.target];
    case 'return':
      return [];
  }
}

/** The step with its targets replaced. */
export function retarget(step: Step, target: (step: number) => number): Step {
  const { exit } = step;
  switch (exit.kind) {
    case 'test': {
      const onTrue = target(exit.onTrue);
      const onFalse = target(exit.onFalse);
      if (onTrue === exit.onTrue && onFalse === exit.onFalse) return step;
      return { ...step, exit: { ...exit, onTrue, onFalse } };
    }
    case 'goto': {
      const to = target(exit.target);
      return to === exit.target ? step : { ...step, exit: { kind: 'goto', target: to } };
    }
    case 'return':
      return step;
  }
}

/** Values that a step computes apart from its touches. */
export function uses({ sets, exit }: Step): Value[] {
  const values = sets.map(({ value }) => value);
  if (exit.kind === 'test') values.push(exit.left, exit.right);
  if (exit.kind === 'return') values.push(exit.value);
  return values;
}

export const rejects = (values: Values, { touches, exit }: Step): boolean =>
  touches.length === 0 && exit.kind === 'return' && values.constantOf(exit.value) === 0;

/** Reachable steps only, renumbered so that every edge goes forward. */
export function compact({ values, steps, entry, homes }: Decisions): Decisions {
  const postorder: number[] = [];
  const seen = new Uint8Array(steps.length);
  const stack = [{ index: entry, rest: [...targets(steps[entry]!)] }];
  seen[entry] = 1;
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      postorder.push(top.index);
      stack.pop();
    } else if (seen[next] === 0) {
      seen[next] = 1;
      stack.push({ index: next, rest: [...targets(steps[next]!)] });
    }
  }
  const order = postorder.reverse();
  const place = new Int32Array(steps.length).fill(-1);
  for (let index = 0; index < order.length; index++) place[order[index]!] = index;
  return {
    values,
    homes,
    entry: 0,
    steps: order.map((index) => retarget(steps[index]!, (to) => place[to]!)),
  };
}

/** For each step how many edges enter it; the entry has one more. */
export function entrances({ steps, entry }: Decisions): Int32Array {
  const count = new Int32Array(steps.length);
  count[entry] = 1;
  for (const { exit } of steps) {
    if (exit.kind === 'goto') count[exit.target]!++;
    if (exit.kind !== 'test') continue;
    count[exit.onTrue]!++;
    count[exit.onFalse]!++;
  }
  return count;
}

/** What is wrong with a decision graph's shape, `undefined` for nothing. */
export function malformedDecision({ steps, entry, values }: Decisions): string | undefined {
  if (entry !== 0) return `the entry is ${entry}, not 0`;
  for (const [index, step] of steps.entries()) {
    for (const to of targets(step)) {
      if (!(to > index && to < steps.length)) return `step ${index} goes to ${to}`;
    }
    for (const value of [...step.touches, ...uses(step)]) {
      if (values.kinds[value] === undefined) return `step ${index} uses ${value}, which is no value`;
    }
    for (const value of step.touches)
      if (!values.traps[value]) return `step ${index} touches ${value}, which cannot trap`;
  }
  return undefined;
}
