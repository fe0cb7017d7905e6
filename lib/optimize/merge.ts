/**
 * Pass: equal steps become one, tests with equal outcomes go, chains of steps become one step.
 *
 * From the end of the graph, so that equal tails have equal successors. Preserves the computation of
 * every path; only what stands before a rejection is left out, whose traps reject too. Measure: steps,
 * then tests.
 */

import { type Assignment, compact, type Decisions, entrances, type Step, uses } from './decision.js';
import { unimplied } from './read.js';
import type { Values } from './value.js';

export function merge(decisions: Decisions): Decisions {
  return fuse(share(decisions));
}

function share(decisions: Decisions): Decisions {
  const { values, steps, entry, homes } = decisions;
  const representative = new Int32Array(steps.length);
  const result = [...steps];
  const known = new EqualSteps(result);
  let changed = false;
  for (let index = steps.length - 1; index >= 0; index--) {
    const step = simpler(values, steps[index]!, (to) => representative[to]!, result);
    if (step.exit.kind === 'goto' && step.touches.length === 0 && step.sets.length === 0 && index !== entry) {
      representative[index] = step.exit.target;
      changed = true;
      continue;
    }
    result[index] = step;
    const equal = known.findOrAdd(index);
    representative[index] = equal;
    changed ||= equal !== index || step !== steps[index];
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

/** Steps by what they do: a table with open addressing, because keys of text would take most of the pass. */
class EqualSteps {
  private readonly steps: readonly Step[];
  /** Places of steps, one more than they are; 0 is free. Never more than half full. */
  private readonly table: Int32Array;

  constructor(steps: readonly Step[]) {
    this.steps = steps;
    this.table = new Int32Array(2 << (32 - Math.clz32(steps.length)));
  }

  /** The place of a step that does the same and was added before; else the step's own, which is added. */
  findOrAdd(index: number): number {
    const { steps, table } = this;
    const step = steps[index]!;
    const mask = table.length - 1;
    for (let at = hashOf(step) & mask; ; at = (at + 1) & mask) {
      const found = table[at]! - 1;
      if (found >= 0 && !doSame(steps[found]!, step)) continue;
      if (found < 0) table[at] = index + 1;
      return found < 0 ? index : found;
    }
  }
}

/** Knuth's multiplier: 2^32 by the golden ratio. */
const mixed = (hash: number, number: number): number => {
  const product = Math.imul(hash ^ number, 0x9e3779b1);
  return product ^ (product >>> 15);
};

function hashOf({ touches, sets, exit }: Step): number {
  let hash = exit.kind.length;
  for (const value of touches) hash = mixed(hash, value);
  for (const { variable, value } of sets) hash = mixed(mixed(hash, variable), value);
  if (exit.kind === 'goto') return mixed(hash, exit.target);
  if (exit.kind === 'return') return mixed(hash, exit.value);
  const { op, left, right, onTrue, onFalse } = exit;
  return mixed(mixed(mixed(mixed(mixed(hash, op), left), right), onTrue), onFalse);
}

function doSame(a: Step, b: Step): boolean {
  if (a.touches.length !== b.touches.length || a.sets.length !== b.sets.length) return false;
  if (!a.touches.every((value, place) => value === b.touches[place])) return false;
  const isAssigned = ({ variable, value }: Assignment, place: number): boolean =>
    b.sets[place]!.variable === variable && b.sets[place]!.value === value;
  if (!a.sets.every(isAssigned)) return false;
  const [one, other] = [a.exit, b.exit];
  if (one.kind === 'goto') return other.kind === 'goto' && one.target === other.target;
  if (one.kind === 'return') return other.kind === 'return' && one.value === other.value;
  return (
    other.kind === 'test' &&
    one.op === other.op &&
    one.left === other.left &&
    one.right === other.right &&
    one.onTrue === other.onTrue &&
    one.onFalse === other.onFalse
  );
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
