/** Which states of a walk are the same for all that is to come: what is known matters only as far as it is asked again. */

import { type Decisions, targets, uses, type Value, type Values } from '../optimize/index.js';
import type { Place, State } from './state.js';

/** Tells states apart by what may still be asked of them. */
export class Meetings {
  readonly #values: Values;
  readonly #graphs: readonly [Decisions, Decisions];
  readonly #anywhere = new WeakMap<ReadonlySet<Value>, boolean>();
  readonly #futures: readonly [Map<string, ReadonlySet<Value>>, Map<string, ReadonlySet<Value>>] = [
    new Map(),
    new Map(),
  ];

  constructor(values: Values, graphs: readonly [Decisions, Decisions]) {
    this.#values = values;
    this.#graphs = graphs;
  }

  /** Equal for states from which everything goes on alike. */
  key({ places, facts, limit, absentBehind, bare }: State): string {
    const [a, b] = places;
    const relevant = [this.#future(0, a), this.#future(1, b)];
    const matters = (value: Value): boolean => relevant.some((future) => this.#canBeMade(value, future));
    const known: string[] = [];
    for (const [value, { ranges, zeros, ones }] of facts.known)
      if (matters(value)) known.push(`${value}:${ranges},${zeros},${ones}`);
    for (const [base, end] of facts.presentBehind) if (matters(base)) known.push(`${base}>${end}`);
    for (const [base, end] of absentBehind) if (matters(base)) known.push(`${base}<${end}`);
    for (const [relation, outcome] of facts.relations) known.push(`${relation}${outcome}`);
    for (const value of facts.computed) if (matters(value)) known.push(`${value}`);
    const at = ({ step, computed, bindings, result }: Place) =>
      `${step} ${computed} ${result} ${[...bindings].join()}`;
    return `${at(a)};${at(b)};${facts.present} ${limit} ${bare};${known.sort().join(';')}`;
  }

  /** Whether a value may come up again: steps to come can put what they bind into other values. */
  #canBeMade(value: Value, future: ReadonlySet<Value>): boolean {
    if (future.has(value) || this.#values.constantOf(value) !== undefined) return true;
    const operands = this.#values.operands(value);
    // A load at a variable place may turn out to be at any place.
    if (operands.length === 0)
      return this.#values.kinds[value]!.kind === 'load' && this.#loadsAnywhere(future);
    return operands.every((operand) => this.#canBeMade(operand, future));
  }

  #loadsAnywhere(future: ReadonlySet<Value>): boolean {
    let known = this.#anywhere.get(future);
    if (known === undefined) {
      const { kinds } = this.#values;
      known = [...future].some(
        (value) => kinds[value]!.kind === 'load' && this.#values.variablesOf(value).length > 0,
      );
      this.#anywhere.set(future, known);
    }
    return known;
  }

  /** Everything that a program may still compute from here on, or has returned, but for what it binds on the way. */
  #future(side: 0 | 1, place: Place): ReadonlySet<Value> {
    const key = `${place.step};${place.result ?? [...place.bindings].join()}`;
    const known = this.#futures[side].get(key);
    if (known !== undefined) return known;
    const values = this.#values;
    const all = new Set<Value>();
    const stack = place.result === undefined ? [] : [place.result];
    const { steps } = this.#graphs[side];
    const reached = new Set(place.result === undefined ? [place.step] : []);
    for (const index of reached) {
      const step = steps[index]!;
      stack.push(...step.touches, ...uses(step));
      for (const to of targets(step)) reached.add(to);
    }
    for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
      if (all.has(value)) continue;
      all.add(value);
      const bound = place.bindings.get(value);
      stack.push(...values.operands(value), ...(bound === undefined ? [] : [bound]));
    }
    this.#futures[side].set(key, all);
    return all;
  }
}
