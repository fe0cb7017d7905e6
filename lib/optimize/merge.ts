/**
 * Pass: equal steps become one, tests with equal outcomes go, chains of steps become one step.
 *
 * From the end of the graph, so that equal tails have equal successors. Preserves the computation of
 * every path; only what stands before a rejection is left out, whose traps reject too. Measure: steps,
 * then tests.
 */

import { compact, type Decisions, entrances, type Step, uses } from './decision.js';
import { unimplied } from './read.js';
import type { Values } from './value.js';

export function merge(decisions: Decisions): Decisions {
  return fuse(share(decisions));
}

function share(decisions: Decisions): Decisions {
  const { values, steps, entry, homes } = decisions;
  const representative = new Int32Array(steps.length);
  const known = new Map<string, number>();
  const result = [...steps];
  let changed = false;
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = simpler(values, steps[index]!, (to) => representative[to]!, result);
    if (step.exit.kind === 'goto' && step.touches.length === 0 && step.sets.length === 0 && index !== entry) {
      representative[index] = step.exit.target;
      changed = true;
      continue;
    }
    result[index] = step;
    const key = keyOf(step);
    const equal = known.get(key);
    representative[index] = equal ?? index;
    changed ||= equal !== undefined || step !== steps[index];
    if (equal === undefined) known.set(key, index);
  }
  return changed ? compact({ values, steps: result, entry: representative[entry]!, homes }) : decisions;
}

function simpler(values: Values, step: Step, target: (step: number) => number, steps: readonly Step[]): Step {
  const { exit } = step;
  if (exit.kind === 'return') {
    const rejects = values.constantOf(exit.value) === 0;
    return rejects && step.touches.length + step.sets.length > 0 ? { touches: [], sets: [], exit } : step;
  }
  const first = exit.kind === 'test' ? exit.onTrue : exit.target;
  const second = exit.kind === 'test' ? exit.onFalse : exit.target;
  const yes = target(first);
  const no = target(second);
  if (yes !== no) {
    if (exit.kind !== 'test' || (yes === first && no === second)) return step;
    return { ...step, exit: { ...exit, onTrue: yes, onFalse: no } };
  }
  const end = steps[yes]!;
  if (end.touches.length === 0 && end.exit.kind === 'return' && values.constantOf(end.exit.value) === 0)
    return end;
  if (exit.kind === 'goto' && yes === first) return step;
  const tested = exit.kind === 'test' ? [exit.left, exit.right].filter((value) => values.traps[value]) : [];
  const needed = step.sets.map(({ value }) => value);
  const touches =
    tested.length === 0 ? step.touches : unimplied(values, [...step.touches, ...tested], needed);
  return { ...step, touches, exit: { kind: 'goto', target: yes } };
}

function keyOf({ touches, sets, exit }: Step): string {
  const assignments = sets.map(({ variable, value }) => `${variable}=${value}`).join();
  const start = `${touches.join()};${assignments};`;
  switch (exit.kind) {
    case 'test':
      return `${start}${exit.op} ${exit.left} ${exit.right} ${exit.onTrue} ${exit.onFalse}`;
    case 'goto':
      return `${start}goto ${exit.target}`;
    case 'return':
      return `${start}return ${exit.value}`;
  }
}

/** A step that only touches, and goes to a step that nothing else goes to, is part of that. */
function fuse(decisions: Decisions): Decisions {
  const { values, homes } = decisions;
  const count = entrances(decisions);
  const steps = [...decisions.steps];
  let changed = false;
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = steps[index]!;
    if (step.exit.kind !== 'goto' || step.sets.length > 0) continue;
    const next = steps[step.exit.target]!;
    if (count[step.exit.target] !== 1) continue;
    changed = true;
    steps[index] = { ...next, touches: unimplied(values, [...step.touches, ...next.touches], uses(next)) };
  }
  return changed ? compact({ values, homes, entry: decisions.entry, steps }) : decisions;
}
