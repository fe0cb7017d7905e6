/**
 * The walk over two programs: every way through both at once, each with what is then known of the packet.
 *
 * Where a test or a trap is open, the walk goes both ways, with what is then known ({@link file://../optimize/facts.ts});
 * a pair of places that was reached before with the same knowledge, as far as it matters from there on, is not walked
 * again.
 */

import { loadInterpreter, opcodes } from '../cbpf/index.js';
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
  type Step,
  uses,
  type Value,
  type Values,
} from '../optimize/index.js';
import { Meetings } from './meetings.js';
import {
  type Bindings,
  type Compared,
  EQUAL,
  type Equivalence,
  type Maker,
  move,
  type Place,
  type Relation,
  type State,
  substitute,
  type WalkOptions,
} from './state.js';
import { packetFor, randomNumbers } from './witness.js';

const { DIV, JEQ, MOD } = opcodes;

/** As short as can be, and of nothing but what the path demands. */
export const bareMaker: Maker = (values, { facts, limit }, attempt, random) =>
  packetFor(values, facts, limit, attempt, random);

export const TOO_MANY = 'too many paths';

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
  readonly #meetings: Meetings;
  readonly #random = randomNumbers();
  readonly #relation: Relation;
  readonly #whole: boolean;
  readonly #apart: boolean;
  readonly #make: Maker;
  readonly #visit: WalkOptions['visit'];
  /** Ways out of a test; the last is gone on with first. Packets are made of the protocol that is tested first. */
  readonly #outcomes: readonly boolean[];
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
    this.#outcomes = visit === undefined ? [true, false] : [false, true];
    this.#relation = relation;
    this.#meetings = new Meetings(values, graphs);
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
      const key = this.#apart ? '' : this.#meetings.key(settled);
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
    return this.#outcomes.flatMap((outcome): State[] => {
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
