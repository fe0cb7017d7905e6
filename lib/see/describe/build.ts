/** From a program to the diagram of what it accepts, of packets that have every byte it looks at. */

import { type Bindings, substitute } from '../../ask/index.js';
import { opcodes, type Program } from '../../cbpf/index.js';
import { split } from '../../cfg/index.js';
import {
  type Decisions,
  normalize,
  read,
  type Step,
  uses,
  type Value,
  Values,
} from '../../optimize/index.js';
import type { Span } from '../../source.js';
import { rangesOf, underMask, widened } from './comparisons.js';
import { ACCEPT, Diagrams, type Node, REJECT, type Variable } from './diagram.js';
import { type Context, contextBehind, ETHERNET, FRAGMENT_HEADER, type Place, Places } from './places.js';
import { type Numbers, numbersWhere, TooComplex } from './sets.js';

const { ADD, AND, JEQ, LSH } = opcodes;

/** What a variable of the diagram stands for. */
export type Subject =
  | { readonly kind: 'place'; readonly place: Place }
  | { readonly kind: 'length' }
  /** A test of several fields together, told in the words that it came from. */
  | { readonly kind: 'words'; readonly span: Span };

/** What a program accepts. */
export interface Meaning {
  readonly diagrams: Diagrams;
  readonly root: Node;
  /** By rank. */
  readonly subjects: ReadonlyMap<number, Subject>;
}

const LENGTH_RANK = 2 ** 40;
const WORDS_RANK = 2 ** 41;
const MAX = 0xffff_ffff;
const MOST_STEPS = 6000;
/** Steps that are looked at again for what is known in another way. */
const MOST_VISITS = 40_000;
const ROUNDS = 6;

/** @throws TooComplex where this way of looking at it does not lead to an end. */
export function meaningOf(program: Program, expression: string): Meaning {
  const graph = read(split(program), new Values());
  if (graph === undefined) throw new TooComplex('the program has a loop, or looks at more than the packet');
  if (graph.steps.length > MOST_STEPS) throw new TooComplex('the program is too long');
  const places = new Places();
  for (let round = 0; round < ROUNDS; round++) {
    places.forget();
    const builder = new Builder(graph, places, expression);
    const root = builder.build();
    if (!places.grew) return { diagrams: builder.diagrams, root, subjects: builder.subjects };
  }
  throw new TooComplex('parts of numbers that overlap');
}

const NO_BINDINGS: Bindings = new Map();

/** A field that a value is computed from alone, and how. */
interface Source {
  readonly place: Place;
  /** The load within the field's number. */
  readonly load: Value;
  readonly shift: number;
}

/** A step with what is known there. */
interface Point {
  readonly at: number;
  readonly bindings: Bindings;
  readonly context: Context;
}

/** What a step comes to: an end, or a test of what its ways come to. */
type Plan =
  | { readonly node: Node }
  | {
      readonly test: { readonly variable: Variable; readonly set: Numbers } | undefined;
      readonly ways: readonly Point[];
    };

const keyOf = ({ at, bindings, context }: Point): string =>
  `${at};${context.at} ${context.network} ${context.isFragment};${[...bindings].join()}`;

class Builder {
  readonly diagrams = new Diagrams();
  readonly subjects = new Map<number, Subject>();
  private readonly graph: Decisions;
  private readonly values: Values;
  private readonly places: Places;
  private readonly known = new Map<string, Node>();
  private readonly tests = new Map<string, { readonly words: string; readonly rank: number }>();
  private readonly expression: string;
  private readonly plans = new Map<string, Plan>();

  constructor(graph: Decisions, places: Places, expression: string) {
    this.expression = expression;
    this.graph = graph;
    this.values = graph.values;
    this.places = places;
  }

  /** No recursion: lists of addresses are thousands of steps deep. */
  build(): Node {
    const start: Point = { at: this.graph.entry, bindings: NO_BINDINGS, context: ETHERNET };
    const pending = [start];
    for (let point = pending.at(-1); point !== undefined; point = pending.at(-1)) {
      const plan = this.planOf(point);
      const open = 'node' in plan ? [] : plan.ways.filter((way) => !this.known.has(keyOf(way)));
      if (open.length > 0) {
        pending.push(...open);
        continue;
      }
      pending.pop();
      this.known.set(keyOf(point), 'node' in plan ? plan.node : this.nodeOf(plan));
    }
    return this.known.get(keyOf(start))!;
  }

  private nodeOf({ test, ways }: Extract<Plan, { ways: unknown }>): Node {
    const [yes, no] = ways.map((way) => this.known.get(keyOf(way))!);
    return test === undefined ? yes! : this.diagrams.choose(test.variable, test.set, yes!, no!);
  }

  private planOf(point: Point): Plan {
    const key = keyOf(point);
    const known = this.plans.get(key);
    if (known !== undefined) return known;
    if (this.plans.size > MOST_VISITS) throw new TooComplex('too many ways');
    const made = this.plan(this.graph.steps[point.at]!, point);
    this.plans.set(key, made);
    return made;
  }

  private plan(step: Step, { bindings, context }: Point): Plan {
    const { exit, sets } = step;
    const parts = uses(step).map((value) => substitute(this.values, value, bindings));
    if (exit.kind === 'return') {
      const result = this.values.constantOf(parts.at(-1)!);
      if (result === undefined) throw new TooComplex('it returns what it computes');
      return { node: result === 0 ? REJECT : ACCEPT };
    }
    let next = bindings;
    if (sets.length > 0) {
      const bound = new Map(bindings);
      for (const [index, { variable }] of sets.entries()) bound.set(variable, parts[index]!);
      next = bound;
    }
    const way = (at: number, known = context): Point => ({ at, bindings: next, context: known });
    if (exit.kind === 'goto') return { test: undefined, ways: [way(exit.target)] };
    const test = normalize(this.values, exit.op, ...(parts.slice(-2) as [Value, Value]));
    if (typeof test === 'boolean') return { test: undefined, ways: [way(test ? exit.onTrue : exit.onFalse)] };
    const { variable, set, behind } = this.question(test, exit.span, context);
    const [onTrue, onFalse] = test.negated ? [exit.onFalse, exit.onTrue] : [exit.onTrue, exit.onFalse];
    return { test: { variable, set }, ways: [way(onTrue, behind), way(onFalse)] };
  }

  /** What a test asks: of which field which numbers, and what is known where it holds. */
  private question(
    { op, left, right }: { readonly op: number; readonly left: Value; readonly right: Value },
    span: Span | undefined,
    context: Context,
  ): { variable: Variable; set: Numbers; behind: Context } {
    const constant = this.values.constantOf(right);
    if (constant !== undefined) {
      if (this.values.kinds[left]!.kind === 'length') {
        this.subjects.set(LENGTH_RANK, { kind: 'length' });
        return {
          variable: { rank: LENGTH_RANK, most: MAX },
          set: rangesOf(op, constant, MAX),
          behind: context,
        };
      }
      const source = this.sourceOf(left, context);
      const set = source === undefined ? undefined : this.setOf(source, left, op, constant);
      if (source !== undefined && set !== undefined) {
        const { place } = source;
        this.subjects.set(place.rank, { kind: 'place', place });
        return { variable: place, set, behind: this.behind(context, place, set) };
      }
    }
    return { variable: this.words(`${op} ${left} ${right}`, span), set: [1, 1], behind: context };
  }

  /** A test of several fields together: told in its words, where they are those of one comparison. */
  private words(test: string, span: Span | undefined): Variable {
    const words = span && `${span.start} ${span.end}`;
    const known = this.tests.get(test);
    const isOne = known !== undefined || ![...this.tests.values()].some((other) => other.words === words);
    if (span === undefined || !isOne || !/[<>=&]/.test(this.expression.slice(span.start, span.end)))
      throw new TooComplex('a test of several fields together');
    const rank = known?.rank ?? WORDS_RANK + this.tests.size;
    this.tests.set(test, { words: words!, rank });
    this.subjects.set(rank, { kind: 'words', span });
    return { rank, most: 1 };
  }

  /** What is known once a field has been found to be one of a set. */
  private behind(context: Context, { region, offset, size }: Place, set: Numbers): Context {
    if (set.length !== 2 || set[0] !== set[1]) return context;
    const { network } = region;
    if (network === 'frame' && offset === context.at && size === 2) return contextBehind(context, set[0]!);
    if (network !== 'ip6' || offset !== 6 || size !== 1) return context;
    return { ...context, isFragment: set[0] === FRAGMENT_HEADER };
  }

  /** The one load that a value is computed from. */
  private sourceOf(value: Value, context: Context): Source | undefined {
    const loads = new Set<Value>();
    const visit = (part: Value): void => {
      const kind = this.values.kinds[part]!;
      if (kind.kind === 'load') loads.add(part);
      else if (kind.kind === 'alu') {
        visit(kind.left);
        visit(kind.right);
      } else if (kind.kind === 'negate') visit(kind.operand);
      else if (kind.kind !== 'constant') loads.add(-1);
    };
    visit(value);
    const [load, ...others] = loads;
    if (load === undefined || load < 0 || others.length > 0) return undefined;
    const kind = this.values.kinds[load]!;
    if (kind.kind !== 'load') return undefined;
    const behindIp4 = kind.base !== undefined;
    if (kind.base !== undefined && !this.isHeaderLength(kind.base, context)) return undefined;
    const offset = behindIp4 ? kind.k - context.at - 2 : kind.k;
    if (offset < 0) return undefined;
    const place = this.places.of(context, behindIp4, offset, kind.size);
    const start = place.offset + (behindIp4 || place.region.network === 'frame' ? 0 : context.at + 2);
    return { place, load, shift: 8 * (start + place.size - offset - kind.size) };
  }

  /** Whether a value is four times the low half of the byte behind the EtherType. */
  private isHeaderLength(value: Value, { at, network }: Context): boolean {
    const { values } = this;
    const byte = values.load(1, undefined, at + 2);
    const length = values.alu(LSH, values.alu(AND, byte, values.constant(0xf)), values.constant(2));
    return network === 'ip4' && value === length;
  }

  /** The field's numbers for which a test of a value computed from it holds. */
  private setOf({ place, load, shift }: Source, value: Value, op: number, k: number): Numbers | undefined {
    const kind = this.values.kinds[load]!;
    const size = kind.kind === 'load' ? kind.size : 4;
    const test = opcodes.jumpRowOf(op)!.eval;
    if (size < 4) {
      const inner = numbersWhere(2 ** (8 * size) - 1, (it) => {
        const computed = this.evaluate(value, load, it);
        return computed !== undefined && test(computed, k);
      });
      return widened(inner, size, shift, place);
    }
    if (value === load) return rangesOf(op, k, MAX);
    const outer = this.values.kinds[value]!;
    const mask =
      outer.kind === 'alu' && outer.left === load ? this.values.constantOf(outer.right) : undefined;
    if (outer.kind !== 'alu' || mask === undefined) return undefined;
    if (outer.op === ADD && op === JEQ) return [(k - mask) >>> 0, (k - mask) >>> 0];
    if (outer.op !== AND) return undefined;
    return underMask(mask, op, k);
  }

  private evaluate(value: Value, load: Value, number: number): number | undefined {
    if (value === load) return number;
    const kind = this.values.kinds[value]!;
    if (kind.kind === 'constant') return kind.k;
    if (kind.kind === 'negate') {
      const operand = this.evaluate(kind.operand, load, number);
      return operand === undefined ? undefined : -operand >>> 0;
    }
    if (kind.kind !== 'alu') return undefined;
    const [left, right] = [this.evaluate(kind.left, load, number), this.evaluate(kind.right, load, number)];
    if (left === undefined || right === undefined) return undefined;
    return opcodes.evalAlu(opcodes.aluRowOf(kind.op)!, left, right);
  }
}
