/**
 * Pass: two parts of a program that do the same at different places of the packet become one.
 *
 * Over IPv4 the ports lie behind a header of varying length, over IPv6 at a fixed offset: `tcp port 80`
 * tests them in two tails that differ in where they load from. One tail serves both once the place is a
 * variable (in X, when lowered) that each way into it sets: to the header's length, or to a constant.
 *
 * Preserves what every path computes: the shared tail is the first one with its base replaced by a variable
 * that holds that very base, and equals the second one, load by load, when it holds the other. Measure:
 * steps that load from a constant offset and have a double with a varying one.
 */

import {
  type Assignment,
  compact,
  type Decisions,
  HOME_X,
  retarget,
  type Step,
  targets,
} from './decision.js';
import { demandWith, isMet, NO_DEMAND } from './trim.js';
import type { Value, Values } from './value.js';

/** Steps of the second tail from which sharing pays for what it takes to set the variable. */
const SHORTEST_TAIL = 2;
/** Places from which a tail is looked for; more are in no program that people write. */
const MOST_CANDIDATES = 48;

/** Shares the longest such tail there is; the same object when there is none. */
export function shareTails(decisions: Decisions): Decisions {
  const { values, steps } = decisions;
  const varying: number[] = [];
  const fixed: number[] = [];
  for (const [index, { exit, sets }] of steps.entries()) {
    if (exit.kind !== 'test' || sets.length > 0) continue;
    const kind = values.kinds[exit.left]!;
    if (kind.kind === 'load') (kind.base === undefined ? fixed : varying).push(index);
  }
  let best: Match | undefined;
  for (const first of varying.slice(0, MOST_CANDIDATES)) {
    for (const second of fixed.slice(0, MOST_CANDIDATES)) {
      const match = matchTails(decisions, first, second);
      if (match !== undefined && match.pairs.size > (best?.pairs.size ?? SHORTEST_TAIL - 1)) best = match;
    }
  }
  return best === undefined ? decisions : share(decisions, best);
}

interface Match {
  readonly first: number;
  readonly second: number;
  /** What the first tail's loads count from. */
  readonly base: Value;
  /** What it is in the second tail. */
  readonly constant: number;
  /** Steps of the first tail and their doubles. */
  readonly pairs: ReadonlyMap<number, number>;
}

/** Walks both tails side by side until they meet. */
function matchTails({ values, steps }: Decisions, first: number, second: number): Match | undefined {
  const [one, other] = [steps[first]!.exit, steps[second]!.exit];
  if (one.kind !== 'test' || other.kind !== 'test') return undefined;
  const [left, right] = [values.kinds[one.left]!, values.kinds[other.left]!];
  if (left.kind !== 'load' || right.kind !== 'load' || left.base === undefined) return undefined;
  const { base } = left;
  const constant = right.k - left.k;
  if (constant < 0 || left.size !== right.size) return undefined;
  const moved = (value: Value): Value => rebased(values, value, base, values.constant(constant));
  // What moving folds away must not trap: the load in `base & load` is made still where the base is 0.
  const isDouble = (a: Value, b: Value): boolean =>
    moved(a) === b &&
    trapsBeside(values, a, base)
      .flatMap((value) => values.trapsOf(moved(value)))
      .every((trap) => values.trapsOf(b).includes(trap));
  const pairs = new Map<number, number>();
  const pending: [number, number][] = [[first, second]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [a, b] = pair;
    if (a === b) continue;
    const known = pairs.get(a);
    if (known === b) continue;
    if (known !== undefined || !isSameStep(steps[a]!, steps[b]!, isDouble)) return undefined;
    pairs.set(a, b);
    const behind = targets(steps[b]!);
    for (const [at, to] of targets(steps[a]!).entries()) pending.push([to, behind[at]!]);
  }
  // A way from one tail into the other would go round in a circle once they are one.
  const doubles = new Set(pairs.values());
  if ([...pairs.keys()].some((step) => doubles.has(step))) return undefined;
  return { first, second, base, constant, pairs };
}

function isSameStep(a: Step, b: Step, isDouble: (a: Value, b: Value) => boolean): boolean {
  if (a.sets.length > 0 || b.sets.length > 0 || a.touches.length !== b.touches.length) return false;
  if (!a.touches.every((value, at) => isDouble(value, b.touches[at]!))) return false;
  const [x, y] = [a.exit, b.exit];
  if (x.kind === 'test' && y.kind === 'test')
    return x.op === y.op && isDouble(x.left, y.left) && isDouble(x.right, y.right);
  return x.kind === 'goto' && y.kind === 'goto';
}

/** All of the value that may trap, but for its base. */
const trapsBeside = (values: Values, value: Value, base: Value): readonly Value[] =>
  value === base || !values.traps[value]
    ? []
    : [...values.operands(value).flatMap((part) => trapsBeside(values, part, base)), value];

/** The value with its base replaced. */
function rebased(values: Values, value: Value, base: Value, by: Value): Value {
  if (value === base) return by;
  return values.rebuilt(value, (part) => rebased(values, part, base, by));
}

/** The graph with one tail for both; the old ones stay for whoever enters them further down. */
function share(decisions: Decisions, { first, second, base, constant, pairs }: Match): Decisions {
  const { values, homes, entry } = decisions;
  const steps = [...decisions.steps];
  const variable = values.variable(
    Math.min(values.min[base]!, constant),
    Math.max(values.max[base]!, constant),
    (values.bits[base]! | constant) >>> 0,
  );
  const copies = new Map([...pairs.keys()].map((step, at) => [step, steps.length + at]));
  for (const step of pairs.keys()) {
    const { touches, exit } = retarget(decisions.steps[step]!, (to) => copies.get(to) ?? to);
    const inner = (value: Value): Value => rebased(values, value, base, variable);
    steps.push({
      touches: touches.map(inner),
      sets: [],
      exit: exit.kind === 'test' ? { ...exit, left: inner(exit.left), right: inner(exit.right) } : exit,
    });
  }
  const start = copies.get(first)!;
  setBefore(values, steps, first, start, { variable, value: base });
  setBefore(values, steps, second, start, { variable, value: values.constant(constant) });
  return compact({ values, homes: new Map(homes).set(variable, HOME_X), entry, steps });
}

/**
 * Leads everything that enters `old` to `start`, with the variable set on the way: in a step of its own, or
 * with what the tests before compute, where it is part of that anyway. A constant would be an instruction
 * more for packets that never come here.
 */
function setBefore(values: Values, steps: Step[], old: number, start: number, set: Assignment): void {
  const before = [...steps.entries()].filter(([, step]) => targets(step).includes(old));
  const mayBeEarly = before.every(([, { sets, touches, exit }]) => {
    if (exit.kind !== 'test' || sets.length > 0 || values.constantOf(set.value) !== undefined) return false;
    const demand = demandWith(values, NO_DEMAND, [...touches, exit.left, exit.right]);
    return isMet(values, demand, set.value);
  });
  if (before.length === 0 || !mayBeEarly) {
    steps[old] = { touches: [], sets: [set], exit: { kind: 'goto', target: start } };
    return;
  }
  for (const [index, step] of before)
    steps[index] = { ...retarget(step, (to) => (to === old ? start : to)), sets: [set] };
}
