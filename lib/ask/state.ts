/** Where a walk over two programs is, and what it is asked. */

import type { Program } from '../cbpf/index.js';
import type { Decisions, Fact, Facts, Value, Values } from '../optimize/index.js';
import type { MadePacket, Random, ShownPacket } from './witness.js';

/** Whether two programs match the same packets; where they do not, a packet that only one of them matches. */
export type Equivalence =
  | { readonly verdict: 'equal' }
  | ({ readonly verdict: 'different' } & ShownPacket)
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

/** Values of variables, by packet values alone. */
export type Bindings = ReadonlyMap<Value, Value>;

/** How far one program is. */
export interface Place {
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

/** The state with one program further. */
export const move = (state: State, side: 0 | 1, place: Place): State => ({
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
