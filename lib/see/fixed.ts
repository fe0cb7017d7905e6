/**
 * Whether a verdict is the same whatever some bytes are: a walk over the decision graph in which loads of bytes that are
 * held are numbers, and all else is open.
 *
 * Where a test is open the walk goes both ways, each with what is then known ({@link file://../optimize/facts.ts}). How
 * many bytes were captured is held, so that loads at fixed places trap or do not. An answer of `true` is a proof; `false`
 * says that none was found.
 */

import { opcodes, type Program } from '../cbpf/index.js';
import { split } from '../cfg/index.js';
import {
  compute,
  type Decisions,
  decide,
  type Facts,
  factOf,
  learn,
  mayTrap,
  NOTHING_KNOWN,
  normalize,
  read,
  type Step,
  uses,
  type Value,
  Values,
} from '../optimize/index.js';
import type { Span } from '../source.js';
import type { Input } from './trace.js';

/** Places of the graph looked at before a proof is given up. */
const BUDGET = 1500;

/** What is held in a question. */
export interface Held {
  /** 1 for each byte that stays as it is. */
  readonly bytes: Uint8Array;
  /** Whether the length on the wire does. */
  readonly length: boolean;
  /** Words whose tests may come out either way, whatever the bytes are. */
  readonly isFree: (span: Span | undefined) => boolean;
}

/** A program whose verdicts can be asked about; `undefined` for one with a loop, or that looks at more than the packet. */
export function readProgram(program: Program): Decisions | undefined {
  return read(split(program), new Values());
}

/** Whether the program's verdict is this one for every packet that has the held bytes of this one, and its length. */
export function isFixed(graph: Decisions, input: Input, held: Held, matches: boolean): boolean {
  return new FixedWalk(graph, input, held, matches).run();
}

/** Loading it ends the program. */
const TRAP = -1;

interface Place {
  readonly step: number;
  readonly bindings: ReadonlyMap<Value, Value>;
  readonly facts: Facts;
}

class FixedWalk {
  private readonly graph: Decisions;
  private readonly values: Values;
  private readonly input: Input;
  private readonly held: Held;
  private readonly matches: boolean;
  private readonly known = new Map<Value, Value>();
  /** Loads of which some bytes are held: their mask, and what they are. */
  private readonly partly = new Map<Value, { readonly mask: number; readonly k: number }>();
  private readonly pending: Place[] = [];
  private readonly seen = new Set<string>();

  constructor(graph: Decisions, input: Input, held: Held, matches: boolean) {
    this.graph = graph;
    this.values = graph.values;
    this.input = input;
    this.held = held;
    this.matches = matches;
  }

  run(): boolean {
    const facts = { ...NOTHING_KNOWN, present: this.input.bytes.length };
    this.pending.push({ step: this.graph.entry, bindings: new Map(), facts });
    let budget = BUDGET + 4 * this.graph.steps.length;
    for (let place = this.pending.pop(); place !== undefined; place = this.pending.pop()) {
      if (--budget < 0 || !this.walk(place)) return false;
    }
    return true;
  }

  /** Goes on from a place to the next open test. @returns Whether no verdict was another one. */
  private walk({ step: at, bindings, facts }: Place): boolean {
    const { values } = this;
    const step = this.graph.steps[at]!;
    const parts = [...step.touches, ...uses(step)].map((value) => this.resolve(value, bindings));
    let known = facts;
    for (const value of parts) {
      if (value === TRAP) return !this.matches;
      if (this.partly.size > 0) known = this.withHeld(known, value);
      if (!mayTrap(values, known, value)) continue;
      // It may end the program here, or it may not.
      if (this.matches) return false;
      const after = compute(values, known, value);
      if (after === undefined) return true;
      known = after;
    }
    const { exit } = step;
    if (exit.kind === 'return') return this.isRight(known, parts.at(-1)!);
    const next = this.bind(step, bindings, parts);
    if (exit.kind === 'goto') return this.push(exit.target, next, known);
    const [left, right] = parts.slice(-2) as [Value, Value];
    if (this.held.isFree(exit.span))
      return this.push(exit.onTrue, next, known) && this.push(exit.onFalse, next, known);
    const test = normalize(values, exit.op, left, right);
    if (typeof test === 'boolean') return this.push(test ? exit.onTrue : exit.onFalse, next, known);
    const decided = decide(values, known, test.op, test.left, test.right);
    for (const outcome of decided === undefined ? [true, false] : [decided]) {
      const then =
        decided === undefined ? learn(values, known, test.op, test.left, test.right, outcome) : known;
      if (then !== undefined) this.push(outcome === test.negated ? exit.onFalse : exit.onTrue, next, then);
    }
    return true;
  }

  private isRight(facts: Facts, value: Value): boolean {
    const { ranges } = factOf(this.values, facts, value);
    return this.matches ? ranges[0]! > 0 : ranges.at(-1) === 0;
  }

  private push(step: number, bindings: Place['bindings'], facts: Facts): boolean {
    const key = `${step};${[...bindings].join()};${keyOf(facts)}`;
    if (this.seen.has(key)) return true;
    this.seen.add(key);
    this.pending.push({ step, bindings, facts });
    return true;
  }

  private bind({ sets, touches }: Step, bindings: Place['bindings'], parts: readonly Value[]) {
    if (sets.length === 0) return bindings;
    const next = new Map(bindings);
    for (const [index, { variable }] of sets.entries()) next.set(variable, parts[touches.length + index]!);
    return next;
  }

  /** The value with held bytes as numbers and variables as what they stand for. */
  private resolve(value: Value, bindings: Place['bindings']): Value {
    const { values } = this;
    const bound = bindings.get(value);
    if (bound !== undefined) return bound;
    const isPlain = bindings.size === 0 || values.variablesOf(value).length === 0;
    const found = isPlain ? this.known.get(value) : undefined;
    if (found !== undefined) return found;
    const made = this.make(value, bindings);
    if (isPlain) this.known.set(value, made);
    return made;
  }

  private make(value: Value, bindings: Place['bindings']): Value {
    const { values } = this;
    const kind = values.kinds[value]!;
    switch (kind.kind) {
      case 'load': {
        const base = kind.base === undefined ? undefined : this.resolve(kind.base, bindings);
        return base === TRAP ? TRAP : this.load(kind.size, base, kind.k);
      }
      case 'alu': {
        const left = this.resolve(kind.left, bindings);
        const right = this.resolve(kind.right, bindings);
        if (left === TRAP || right === TRAP) return TRAP;
        const divides = kind.op === opcodes.DIV || kind.op === opcodes.MOD;
        return divides && values.constantOf(right) === 0 ? TRAP : values.alu(kind.op, left, right);
      }
      case 'negate': {
        const operand = this.resolve(kind.operand, bindings);
        return operand === TRAP ? TRAP : values.negate(operand);
      }
      case 'length':
        return this.held.length ? values.constant(this.input.wireLength) : value;
      default:
        return value;
    }
  }

  private load(size: 1 | 2 | 4, base: Value | undefined, k: number): Value {
    const { values, input, held } = this;
    const value = values.load(size, base, k);
    const kind = values.kinds[value]!;
    if (kind.kind !== 'load' || kind.base !== undefined) return value;
    const { k: at } = kind;
    if (at + size > input.bytes.length) return TRAP;
    let [number, mask] = [0, 0];
    for (let i = at; i < at + size; i++) {
      const isHeld = held.bytes[i] === 1;
      number = number * 256 + (isHeld ? input.bytes[i]! : 0);
      mask = mask * 256 + (isHeld ? 0xff : 0);
    }
    if (mask === 2 ** (8 * size) - 1) return values.constant(number);
    if (mask !== 0) this.partly.set(value, { mask, k: number });
    return value;
  }

  /** What is known of a value's loads by the bytes of them that are held. */
  private withHeld(facts: Facts, value: Value): Facts {
    const { values } = this;
    const part = this.partly.get(value);
    if (part !== undefined && !facts.known.has(value)) {
      const masked = values.alu(opcodes.AND, value, values.constant(part.mask));
      return learn(values, facts, opcodes.JEQ, masked, values.constant(part.k), true) ?? facts;
    }
    return values.operands(value).reduce((known, operand) => this.withHeld(known, operand), facts);
  }
}

/** Equal for facts that are equal. */
function keyOf({ known, relations, presentBehind, computed }: Facts): string {
  const parts = [...known].map(([value, { ranges, zeros, ones }]) => `${value}:${ranges},${zeros},${ones}`);
  return `${parts.sort().join(';')};${[...relations].join()};${[...presentBehind].join()};${[...computed].join()}`;
}
