/**
 * What a packet must have for a program to accept it, read off the program: a list of conditions `field in interval` of
 * which every accepted packet meets at least one. Conditions are necessary, never sufficient: whoever finds that one
 * holds runs the program.
 *
 * The program's graph is walked with what registers hold, as far as that is a constant, a field, or the length of a
 * header. Where two ways part, each must be covered: by the branch's own condition, or by what comes behind it, whichever
 * seems rarer among packets. What is not understood covers nothing, which costs time and no packet.
 */

import { opcodes, type Program } from '../cbpf/index.js';
import { type Block, type Exit, type Graph, split, successors } from '../cfg/index.js';
import { type Field, fieldOf, type Interval, partOf } from './field.js';
import { FURTHEST, isSameState, type Known, partsOf, run, START, type State } from './symbolic.js';

const { classOf, modeOf, operationOf, sizeOf, usesX } = opcodes;

/** A packet that is accepted this way has a value of the field in the interval. */
export interface Condition extends Interval {
  readonly field: Field;
}

export type Need =
  /** No packet is accepted; every packet is. */
  | { readonly kind: 'never' | 'always' }
  /** Nothing is known of what is. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'any'; readonly conditions: readonly Condition[] };

/** Conditions that cover all ways from a place on; `undefined` where none do. */
interface Cover {
  readonly conditions: ReadonlyMap<string, Condition> | undefined;
  /** How many packets are expected to meet them, as a fraction. */
  readonly cost: number;
  /** Whether every packet is accepted from here on. */
  readonly certain: boolean;
}

const NOTHING: Cover = { conditions: new Map(), cost: 0, certain: false };
const UNCOVERED: Cover = { conditions: undefined, cost: Number.POSITIVE_INFINITY, certain: false };
const ACCEPTED: Cover = { ...UNCOVERED, certain: true };

/** Places of a program that are looked at before it counts as not understood. */
const MOST_PLACES = 20_000;
const NONE: ReadonlySet<string> = new Set();
/** Tables are of whole fields. */
const WHOLE = ({ field }: Condition): boolean => field.mask === undefined;
/** What a common condition costs more. */
const COMMON_COST = 0.2;
/** Conditions that are worth their tables. */
const MOST_CONDITIONS = 4096;

/** A program prepared for {@link Walkable.need}; `undefined` for loops, which are not followed. */
export function walkable(program: Program): Walkable | undefined {
  const graph = split(program);
  const isBackward = ({ exit }: Block, index: number) => exit.kind === 'goto' && exit.target <= index;
  return graph.blocks.some(isBackward) ? undefined : new Walkable(graph);
}

export class Walkable {
  private readonly graph: Graph;
  known: Known = new Map();
  private common = NONE;
  private isUsable = WHOLE;
  /** Bytes that are there, because something known lies in them. */
  present = 0;
  private tested: readonly (Field | undefined)[] | undefined;
  /** By block, what was found for each state. */
  private covers: { readonly state: State; readonly cover: Cover }[][] = [];
  private places = 0;

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /**
   * @param known - Holds for the packets that are asked about.
   * @param common - Conditions, by their keys, that tell little, because many packets are expected to meet them.
   * @param isUsable - Which conditions can be told; without it, those of whole fields.
   */
  need(known: Known, common: ReadonlySet<string> = NONE, isUsable = WHOLE): Need {
    this.begin(known);
    this.common = common;
    this.isUsable = isUsable;
    const { conditions, certain } = this.cover(this.graph.entry, START);
    if (certain) return { kind: 'always' };
    if (conditions === undefined || conditions.size > MOST_CONDITIONS) return { kind: 'unknown' };
    return conditions.size === 0 ? { kind: 'never' } : { kind: 'any', conditions: [...conditions.values()] };
  }

  /** The field of the first test that is not decided, where it is one with a constant; `never` where all packets are rejected. */
  firstTest(known: Known): Field | 'never' | undefined {
    this.begin(known);
    let state = START;
    for (let at = this.graph.entry; ; ) {
      const { statements, exit } = this.graph.blocks[at]!;
      const after = run(this, statements, state);
      if (after === undefined) return undefined;
      if (exit.kind === 'return')
        return exit.code === (opcodes.RET | opcodes.K) && exit.k === 0 ? 'never' : undefined;
      if (exit.kind === 'goto') {
        [at, state] = [exit.target, after.state];
        continue;
      }
      const ways = this.ways(exit, after.state);
      if (ways.length > 1) return fieldOfTest(exit, after.state);
      [at, state] = [ways[0]!.target, ways[0]!.state];
    }
  }

  /** Where tests of the field with constants part its values: the first value of each part. */
  partings(field: Field, parts: Set<number>): void {
    this.tested ??= testedFields(this.graph);
    for (const [block, { exit }] of this.graph.blocks.entries()) {
      if (this.tested[block] !== field || exit.kind !== 'branch' || usesX(exit.code)) continue;
      const operation = operationOf(exit.code);
      if (operation === opcodes.JEQ || operation === opcodes.JGE) parts.add(exit.k);
      if (operation === opcodes.JEQ || operation === opcodes.JGT) parts.add(exit.k + 1);
    }
  }

  private begin(known: Known): void {
    this.known = known;
    this.covers = [];
    this.places = 0;
    this.present = 0;
    for (const { header, offset, size } of known.keys())
      if (header < 0) this.present = Math.max(this.present, offset + size);
  }

  private cover(block: number, before: State): Cover {
    const known = (this.covers[block] ??= []);
    const found = known.find(({ state }) => isSameState(state, before));
    if (found !== undefined) return found.cover;
    const cover = this.places++ > MOST_PLACES ? UNCOVERED : this.coverOf(block, before);
    known.push({ state: before, cover });
    return cover;
  }

  private coverOf(block: number, before: State): Cover {
    const { statements, exit } = this.graph.blocks[block]!;
    const after = run(this, statements, before);
    if (after === undefined) return UNCOVERED;
    const { state, traps } = after;
    const weaken = (cover: Cover): Cover => (traps && cover.certain ? UNCOVERED : cover);
    if (exit.kind === 'goto') return weaken(this.cover(exit.target, state));
    if (exit.kind === 'return') {
      if (exit.code !== (opcodes.RET | opcodes.K)) return UNCOVERED;
      return exit.k === 0 ? NOTHING : weaken(ACCEPTED);
    }
    const [one, other] = this.ways(exit, state);
    if (other === undefined) return weaken(this.coverOfWay(one!));
    const covers = [this.coverOfWay(one!), this.coverOfWay(other)] as const;
    const both = this.join(...covers);
    return weaken({ ...both, certain: covers[0].certain && covers[1].certain });
  }

  private coverOfWay({ target, state, condition }: Way): Cover {
    const behind = this.cover(target, state);
    if (condition === undefined || !this.isUsable(condition)) return behind;
    const key = conditionKey(condition);
    const cost = costOf(condition) + (this.common.has(key) ? COMMON_COST : 0);
    if (behind.cost <= cost) return behind;
    return { conditions: new Map([[key, condition]]), cost, certain: behind.certain };
  }

  private join(one: Cover, other: Cover): Cover {
    if (one.conditions === undefined || other.conditions === undefined) return UNCOVERED;
    if (other.conditions.size === 0) return one;
    if (one.conditions.size === 0) return other;
    const conditions = new Map([...one.conditions, ...other.conditions]);
    let cost = 0;
    for (const [key, condition] of conditions)
      cost += costOf(condition) + (this.common.has(key) ? COMMON_COST : 0);
    return { conditions, cost, certain: false };
  }

  /** The ways on from a branch that packets can take. */
  private ways(exit: Exit & { kind: 'branch' }, state: State): Way[] {
    const { onTrue, onFalse, code, k } = exit;
    const { a, range } = state;
    const blind = [
      { target: onTrue, state },
      { target: onFalse, state },
    ];
    if (a === undefined || usesX(code)) return blind;
    const operation = operationOf(code);
    if (a.kind === 'constant')
      return [{ target: opcodes.jumpRowOf(code)!.eval(a.value, k) ? onTrue : onFalse, state }];
    if (a.kind !== 'field') return blind;
    const some = operation === opcodes.JSET ? (a.mask & k) >>> 0 : 0;
    if (some !== 0)
      return [this.way(onTrue, state, partOf(a.field, some), { low: 1, high: some }), blind[1]!];
    if (range === undefined) {
      // Some bits of a field: the upper ones, as of a network, are an interval of it.
      if (operation !== opcodes.JEQ) return blind;
      if ((k & ~a.mask) !== 0) return [{ target: onFalse, state }];
      const low = (a.field.every.high & ~a.mask) >>> 0;
      if ((low & (low + 1)) !== 0)
        return [this.way(onTrue, state, partOf(a.field, a.mask), { low: k, high: k }), blind[1]!];
      const within = meet(this.known.get(a.field) ?? a.field.every, { low: k, high: (k | low) >>> 0 });
      if (within === undefined) return [{ target: onFalse, state }];
      const known = this.known.get(a.field);
      if (known !== undefined && known.low === within.low && known.high === within.high)
        return [{ target: onTrue, state }];
      return [this.way(onTrue, state, a.field, within), blind[1]!];
    }
    const parts = partsOf(operation, k, range);
    if (parts === undefined) return blind;
    return parts.flatMap((part, place) =>
      part === undefined
        ? []
        : [this.way(place === 0 ? onTrue : onFalse, { ...state, range: part }, a.field, part)],
    );
  }

  /** A way with its condition, unless that is known to hold. */
  private way(target: number, state: State, field: Field, part: Interval): Way {
    const { low, high } = this.known.get(field) ?? field.every;
    if (part.low <= low && part.high >= high) return { target, state };
    return { target, state, condition: { field, ...part } };
  }
}

interface Way {
  readonly target: number;
  readonly state: State;
  /** What holds of the packets that go it. */
  readonly condition?: Condition;
}

function meet(one: Interval, other: Interval): Interval | undefined {
  const low = Math.max(one.low, other.low);
  const high = Math.min(one.high, other.high);
  return low > high ? undefined : { low, high };
}

export const conditionKey = ({ field, low, high }: Condition): string => `${field.key} ${low} ${high}`;

/**
 * About the fraction of packets that meet a condition: long fields tell more apart, some ports and protocols are on most
 * packets. A protocol costs more than the ports behind it, which several protocols share.
 */
function costOf({ field, low, high }: Condition): number {
  const spread = Math.sqrt((high - low + 1) / 2 ** (8 * field.size));
  if (field.size === 4) return 0.002 + spread;
  if (field.size === 2) return (COMMON_PORTS.has(low) ? 0.1 : 0.01) + spread;
  return (COMMON_PROTOCOLS.has(low) ? 0.5 : 0.25) + spread;
}

const COMMON_PROTOCOLS: ReadonlySet<number> = new Set([6, 17]);
const COMMON_PORTS: ReadonlySet<number> = new Set([53, 80, 443]);

/** The field at a fixed place that A holds at the end of each block, where that is one whatever the way. */
function testedFields({ blocks }: Graph): readonly (Field | undefined)[] {
  const before: (Field | undefined | 'none yet')[] = blocks.map(() => 'none yet');
  // Blocks only go to later ones.
  return blocks.map((block, index) => {
    const entered = before[index];
    let held = entered === 'none yet' ? undefined : entered;
    for (const { code, k } of block.statements) {
      const class_ = classOf(code);
      if (class_ === opcodes.LD)
        held = modeOf(code) === opcodes.ABS && k <= FURTHEST ? fieldOf(-1, k, sizeOf(code)) : undefined;
      else if (class_ === opcodes.ALU || code === (opcodes.MISC | opcodes.TXA)) held = undefined;
    }
    for (const next of successors(block))
      before[next] = before[next] === 'none yet' || before[next] === held ? held : undefined;
    return held;
  });
}

function fieldOfTest(exit: Exit & { kind: 'branch' }, { a, range }: State): Field | undefined {
  const isEqual = operationOf(exit.code) !== opcodes.JSET && !usesX(exit.code);
  return a?.kind === 'field' && range !== undefined && isEqual && a.field.header < 0 ? a.field : undefined;
}
