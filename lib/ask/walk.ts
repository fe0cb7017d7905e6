/**
 * The walk over two programs: every way through both at once, each with what is then known of the packet.
 *
 * Where a test or a trap is open, the walk goes both ways, with what is then known ({@link file://../optimize/facts.ts});
 * a pair of places that was reached before with the same knowledge, as far as it matters from there on, is not walked
 * again.
 */

import { loadInterpreter, opcodes, type Program } from '../cbpf/index.js';
import {
  compute,
  type Decisions,
  decide,
  type Fact,
  type Facts,
  factOf,
  learn,
  mayTrap,
  NOTHING_KNOWN,
  normalize,
  type Step,
  targets,
  uses,
  type Value,
  type Values,
} from '../optimize/index.js';
import { type MadePacket, packetFor, type Random, randomNumbers } from './witness.js';

const { DIV, JEQ, MOD } = opcodes;

/** Whether two programs match the same packets; where they do not, a packet that only one of them matches. */
export type Equivalence =
  | { readonly verdict: 'equal' }
  | {
      readonly verdict: 'different';
      /** A packet, as captured. */
      readonly packet: Uint8Array;
      /** Bytes it had on the wire. */
      readonly wireLength: number;
      /** What the two programs return for it. */
      readonly results: readonly [number, number];
    }
  | { readonly verdict: 'undecided'; readonly reason: string };

/** A relation that the results of two programs have to have, whatever the packet. */
export interface Relation {
  /** Whether these results break it. */
  readonly isBroken: (a: number, b: number) => boolean;
  /** Whether results of which so much is known, or nothing yet, keep it on every packet. */
  readonly isKept: (a: Fact | undefined, b: Fact | undefined) => boolean;
}

export const EQUAL: Relation = {
  isBroken: (a, b) => a !== b,
  isKept: (a, b) =>
    a !== undefined &&
    b !== undefined &&
    a.ranges.length === 2 &&
    a.ranges[0] === a.ranges[1] &&
    `${a.ranges}` === `${b.ranges}`,
};

/** Two programs as decision graphs over common values. */
export interface Compared {
  readonly values: Values;
  readonly graphs: readonly [Decisions, Decisions];
  readonly programs: readonly [Program, Program];
}

/** Makes a packet that goes the way to a state, or so it seems. */
export type Maker = (values: Values, state: State, attempt: number, random: Random) => MadePacket;

export interface WalkOptions {
  /** Pairs of places to look at before giving up. */
  readonly budget: number;
  /** Only packets that have every byte that either program looks at. */
  readonly whole: boolean;
  /** Walk on where ways meet, too: then every way is told of to its end, and there may be very many. */
  readonly apart?: boolean;
  readonly make: Maker;
  /** Told of the end of each way, and of where ways meet; then no packet is looked for. */
  readonly visit?: ((state: State) => 'go on' | 'stop') | undefined;
}

/** As short as can be, and of nothing but what the path demands. */
export const bareMaker: Maker = (values, { facts, limit }, attempt, random) =>
  packetFor(values, facts, limit, attempt, random);

export const TOO_MANY = 'too many paths';

/** Values of variables, by packet values alone. */
export type Bindings = ReadonlyMap<Value, Value>;

/** How far one program is. */
interface Place {
  readonly step: number;
  /** Values of the step that have been computed: touches, then what it uses. */
  readonly computed: number;
  readonly bindings: Bindings;
  /** What it returned, once it has. */
  readonly result: Value | undefined;
}

/** Where both programs are, with what is known of the packet. */
export interface State {
  readonly places: readonly [Place, Place];
  readonly facts: Facts;
  /** Fewer bytes than this were captured. */
  readonly limit: number;
  /** Behind a varying offset, fewer bytes than this are present. */
  readonly absentBehind: ReadonlyMap<Value, number>;
  /** The kernel's metadata is absent. */
  readonly bare: boolean;
}

/** Members of a list that the walk tells apart. */
export const MOST_RANGES = 4096;
const NO_BINDINGS: Bindings = new Map();
/** Packets tried for each path that seems to tell the programs apart, and in all. */
const TRIES = 240;
const MOST_TRIES = 4000;

/** Walks both programs side by side. */
export class Walk {
  readonly #values: Values;
  readonly #graphs: readonly [Decisions, Decisions];
  readonly #run;
  readonly #seen = new Set<string>();
  readonly #anywhere = new WeakMap<ReadonlySet<Value>, boolean>();
  readonly #futures: readonly [Map<string, ReadonlySet<Value>>, Map<string, ReadonlySet<Value>>];
  readonly #random = randomNumbers();
  readonly #relation: Relation;
  readonly #whole: boolean;
  readonly #apart: boolean;
  readonly #make: Maker;
  readonly #visit: WalkOptions['visit'];
  #budget: number;
  #tries = MOST_TRIES;

  constructor(
    { values, graphs, programs }: Compared,
    relation: Relation,
    { budget, whole, apart = false, make, visit }: WalkOptions,
  ) {
    this.#values = values;
    this.#graphs = graphs;
    this.#run = programs.map((program) => loadInterpreter(program));
    this.#budget = budget;
    this.#whole = whole;
    this.#apart = apart;
    this.#make = make;
    this.#visit = visit;
    this.#relation = relation;
    this.#futures = [new Map(), new Map()];
  }

  run(): Equivalence {
    const start = (graph: Decisions): Place => ({
      step: graph.entry,
      computed: 0,
      bindings: NO_BINDINGS,
      result: undefined,
    });
    const [a, b] = this.#graphs;
    const pending: State[] = [
      {
        places: [start(a), start(b)],
        facts: NOTHING_KNOWN,
        limit: Number.POSITIVE_INFINITY,
        absentBehind: new Map(),
        bare: false,
      },
    ];
    let open = false;
    for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
      if (--this.#budget < 0) return { verdict: 'undecided', reason: TOO_MANY };
      const settled = this.#advance(this.#advance(state, 0), 1);
      const [left, right] = settled.places;
      if (this.#isKept(settled)) {
        if (this.#visit?.(settled) === 'stop') break;
        continue;
      }
      if (left.result !== undefined && right.result !== undefined) {
        if (this.#visit !== undefined) {
          if (this.#visit(settled) === 'stop') break;
          continue;
        }
        const witness = this.#witness(settled);
        if (witness !== undefined) return witness;
        open = true;
        continue;
      }
      const key = this.#apart ? '' : this.#key(settled);
      if (this.#seen.has(key)) {
        if (this.#visit?.(settled) === 'stop') break;
        continue;
      }
      if (!this.#apart) this.#seen.add(key);
      pending.push(...this.#branch(settled, this.#side(settled)));
    }
    return open
      ? { verdict: 'undecided', reason: 'a path could be neither refuted nor walked' }
      : { verdict: 'equal' };
  }

  #isKept({ facts, places: [a, b] }: State): boolean {
    if (a.result !== undefined && a.result === b.result && this.#relation === EQUAL) return true;
    const known = ({ result }: Place) =>
      result === undefined ? undefined : factOf(this.#values, facts, result);
    return this.#relation.isKept(known(a), known(b));
  }

  /** The program that is less far, so that both make the same tests at the same time. */
  #side({ places }: State): 0 | 1 {
    const [a, b] = places;
    if (a.result !== undefined) return 1;
    if (b.result !== undefined) return 0;
    return a.step / this.#graphs[0].steps.length <= b.step / this.#graphs[1].steps.length ? 0 : 1;
  }

  /** Goes on with one program for as long as everything is known. */
  #advance(start: State, side: 0 | 1): State {
    let state = start;
    for (;;) {
      const place = state.places[side];
      if (place.result !== undefined) return state;
      const step = this.#graphs[side].steps[place.step]!;
      const { needed, operands } = this.#needs(step, place);
      let { computed } = place;
      while (computed < needed.length && !mayTrap(this.#values, state.facts, needed[computed]!)) computed++;
      if (computed < needed.length) {
        if (this.#surelyTraps(state, needed[computed]!))
          return this.#ended(state, side, this.#values.constant(0));
        return computed === place.computed ? state : move(state, side, { ...place, computed });
      }
      const { exit } = step;
      if (exit.kind === 'return') return this.#ended(state, side, operands[0]!);
      const outcome = exit.kind === 'goto' ? true : this.#outcome(state.facts, exit.op, operands);
      if (outcome === undefined) return move(state, side, { ...place, computed });
      const next = exit.kind === 'goto' ? exit.target : outcome ? exit.onTrue : exit.onFalse;
      state = move(state, side, {
        step: next,
        computed: 0,
        bindings: this.#bind(step, place),
        result: undefined,
      });
    }
  }

  #outcome(facts: Facts, op: number, [left, right]: readonly Value[]): boolean | undefined {
    const test = normalize(this.#values, op, left!, right!);
    if (typeof test === 'boolean') return test;
    const outcome = decide(this.#values, facts, test.op, test.left, test.right);
    return outcome === undefined ? undefined : outcome !== test.negated;
  }

  #learnt(facts: Facts, op: number, [left, right]: readonly Value[], outcome: boolean): Facts | undefined {
    const test = normalize(this.#values, op, left!, right!);
    if (typeof test === 'boolean') return test === outcome ? facts : undefined;
    return learn(this.#values, facts, test.op, test.left, test.right, outcome !== test.negated);
  }

  #ended(state: State, side: 0 | 1, result: Value): State {
    return move(state, side, { step: -1, computed: 0, bindings: NO_BINDINGS, result });
  }

  /** The step's values by packet values: all that may trap, and the operands of its exit. */
  #needs(step: Step, { bindings }: Place): { needed: readonly Value[]; operands: readonly Value[] } {
    const values = this.#values;
    const bound = (value: Value): Value => substitute(values, value, bindings);
    const used = uses(step);
    const operands = used.slice(step.sets.length).map(bound);
    // Each trap by itself: what is computed of it may fold away, as `0 & load` does, and the load is made still.
    const traps = [...step.touches, ...used].flatMap((value) => values.trapsOf(value)).map(bound);
    return { needed: [...new Set(traps.flatMap((value) => values.trapsOf(value)))], operands };
  }

  #bind({ sets }: Step, { bindings }: Place): Bindings {
    if (sets.length === 0) return bindings;
    const next = new Map(bindings);
    for (const { variable, value } of sets) next.set(variable, substitute(this.#values, value, bindings));
    return next;
  }

  #surelyTraps({ facts, limit, absentBehind, bare }: State, value: Value): boolean {
    const kind = this.#values.kinds[value]!;
    if (kind.kind === 'ancillary') return bare;
    if (kind.kind === 'load') {
      const end = kind.k + kind.size;
      if (kind.base === undefined) return end >= limit || kind.k >= 0x8000_0000;
      const least = factOf(this.#values, facts, kind.base).ranges[0]!;
      return least + end >= limit || end >= (absentBehind.get(kind.base) ?? Number.POSITIVE_INFINITY);
    }
    const divides = kind.kind === 'alu' && (kind.op === DIV || kind.op === MOD);
    return divides && factOf(this.#values, facts, kind.right).ranges.at(-1) === 0;
  }

  /** Both ways on from an open trap or test of one program. */
  #branch(state: State, side: 0 | 1): State[] {
    const values = this.#values;
    const place = state.places[side];
    const step = this.#graphs[side].steps[place.step]!;
    const { needed, operands } = this.#needs(step, place);
    const { facts } = state;
    const open = needed[place.computed];
    if (open !== undefined) {
      const passed = compute(values, facts, open);
      const ways = this.#trapped(state, open).map((way) => this.#ended(way, side, values.constant(0)));
      if (passed !== undefined && passed.present < state.limit) ways.push({ ...state, facts: passed });
      return ways;
    }
    const { exit } = step;
    if (exit.kind !== 'test') throw new Error('only traps and tests are open');
    const bindings = this.#bind(step, place);
    return [true, false].flatMap((outcome): State[] => {
      const known = this.#learnt(facts, exit.op, operands, outcome);
      if (known === undefined) return [];
      const next = { step: outcome ? exit.onTrue : exit.onFalse, computed: 0, bindings, result: undefined };
      return [move({ ...state, facts: known }, side, next)];
    });
  }

  /** The state in which computing `value` ends the program; empty when it cannot. */
  #trapped(state: State, value: Value): State[] {
    const kind = this.#values.kinds[value]!;
    if (kind.kind === 'ancillary') return [{ ...state, bare: true }];
    if (kind.kind === 'load') {
      if (this.#whole) return [];
      const end = kind.k + kind.size;
      if (kind.base === undefined) return [{ ...state, limit: Math.min(state.limit, end) }];
      const absentBehind = new Map(state.absentBehind);
      absentBehind.set(kind.base, Math.min(end, absentBehind.get(kind.base) ?? end));
      const most = factOf(this.#values, state.facts, kind.base).ranges.at(-1)! + end;
      return [{ ...state, absentBehind, limit: Math.min(state.limit, most) }];
    }
    if (kind.kind !== 'alu') return [];
    const facts = learn(this.#values, state.facts, JEQ, kind.right, this.#values.constant(0), true);
    return facts === undefined ? [] : [{ ...state, facts }];
  }

  /** Equal for states from which everything goes on alike. */
  #key({ places, facts, limit, absentBehind, bare }: State): string {
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

  /** A packet that takes both programs here and on which they differ, if one is found. */
  #witness(state: State): Equivalence | undefined {
    for (let attempt = 0; attempt < TRIES && this.#tries > 0; attempt++) {
      this.#tries--;
      const { packet, wireLength } = this.#make(this.#values, state, attempt, this.#random);
      const [x, y] = this.#run.map((run) => run(packet, 0, packet.length, wireLength));
      if (this.#relation.isBroken(x!, y!))
        return { verdict: 'different', packet, wireLength, results: [x!, y!] };
    }
    return undefined;
  }
}

const move = (state: State, side: 0 | 1, place: Place): State => ({
  ...state,
  places: side === 0 ? [place, state.places[1]] : [state.places[0], place],
});

/** The value with variables replaced by what they are bound to. */
export function substitute(values: Values, value: Value, bindings: Bindings): Value {
  if (bindings.size === 0 || values.variablesOf(value).length === 0) return value;
  const bound = bindings.get(value);
  if (bound !== undefined) return bound;
  return values.rebuilt(value, (part) => substitute(values, part, bindings));
}
