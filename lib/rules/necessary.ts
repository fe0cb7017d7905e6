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
import { type Block, type Exit, type Graph, type Statement, split, successors } from '../cfg/index.js';
import { everyValue, type Field, fieldOf, type Interval } from './field.js';

const { classOf, modeOf, operationOf, sizeOf, usesX } = opcodes;

/** A packet that is accepted this way has a value of the field in the interval. */
export interface Condition extends Interval {
  readonly field: Field;
}

/** What is known of fields before the program runs. */
export type Known = ReadonlyMap<Field, Interval>;

export type Need =
  /** No packet is accepted; every packet is. */
  | { readonly kind: 'never' | 'always' }
  /** Nothing is known of what is. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'any'; readonly conditions: readonly Condition[] };

/** What a register holds: a number, bits of a field, 4 × the nibble at an offset, or something else. */
type Value =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'field'; readonly field: Field; readonly mask: number }
  | { readonly kind: 'header'; readonly offset: number }
  | undefined;

interface State {
  readonly a: Value;
  readonly x: Value;
  /** Where A is a whole field: what this way has shown of it. */
  readonly range: Interval | undefined;
  readonly cells: readonly Value[];
}

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
/** Offsets above this are no places in packets: ancillary data. */
const FURTHEST = 0xffff;
const NONE: ReadonlySet<string> = new Set();
const ANY = (_: Condition): boolean => true;
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
  private known: Known = new Map();
  private common = NONE;
  private isUsable = ANY;
  /** Bytes that are there, because something known lies in them. */
  private present = 0;
  private tested: readonly (Field | undefined)[] | undefined;
  private readonly covers = new Map<string, Cover>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /**
   * @param known - Holds for the packets that are asked about.
   * @param common - Conditions, by their keys, that tell little, because many packets are expected to meet them.
   * @param isUsable - Which conditions can be told; without it, all.
   */
  need(known: Known, common: ReadonlySet<string> = NONE, isUsable = ANY): Need {
    this.begin(known);
    this.common = common;
    this.isUsable = isUsable;
    const { conditions, certain } = this.cover(this.graph.entry, START);
    if (certain) return { kind: 'always' };
    if (conditions === undefined || conditions.size > MOST_CONDITIONS) return { kind: 'unknown' };
    return conditions.size === 0 ? { kind: 'never' } : { kind: 'any', conditions: [...conditions.values()] };
  }

  /** The field of the first test that is not decided, where it is one with a constant. */
  firstTest(known: Known): Field | undefined {
    this.begin(known);
    let state = START;
    for (let at = this.graph.entry; ; ) {
      const { statements, exit } = this.graph.blocks[at]!;
      const after = this.run(statements, state);
      if (after === undefined || exit.kind === 'return') return undefined;
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
    this.covers.clear();
    this.present = 0;
    for (const { header, offset, size } of known.keys())
      if (header < 0) this.present = Math.max(this.present, offset + size);
  }

  private cover(block: number, before: State): Cover {
    const key = `${block} ${keyOf(before)}`;
    const found = this.covers.get(key);
    if (found !== undefined) return found;
    const made = this.covers.size > MOST_PLACES ? UNCOVERED : this.coverOf(block, before);
    this.covers.set(key, made);
    return made;
  }

  private coverOf(block: number, before: State): Cover {
    const { statements, exit } = this.graph.blocks[block]!;
    const after = this.run(statements, before);
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
    if (range === undefined) {
      // Some bits of a field: the upper ones, as of a network, are an interval of it.
      const low = ~a.mask >>> 0;
      if (operation !== opcodes.JEQ || (low & (low + 1)) !== 0) return blind;
      if ((k & low) !== 0) return [{ target: onFalse, state }];
      const within = meet(this.known.get(a.field) ?? everyValue(a.field), { low: k, high: (k | low) >>> 0 });
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
    const { low, high } = this.known.get(field) ?? everyValue(field);
    if (part.low <= low && part.high >= high) return { target, state };
    return { target, state, condition: { field, ...part } };
  }

  /** `undefined` where the machine does what is not followed. */
  private run(statements: readonly Statement[], before: State): { state: State; traps: boolean } | undefined {
    let state = before;
    let traps = false;
    for (const statement of statements) {
      const { code, k } = statement;
      switch (classOf(code)) {
        case opcodes.LD: {
          const loaded = this.load(code, k, state);
          traps ||= loaded.traps;
          state = { ...state, a: loaded.value, range: this.rangeOf(loaded.value) };
          break;
        }
        case opcodes.LDX: {
          const mode = modeOf(code);
          traps ||= mode === opcodes.MSH && k >= this.present;
          let x: Value;
          if (mode === opcodes.IMM) x = { kind: 'constant', value: k };
          else if (mode === opcodes.MSH) x = { kind: 'header', offset: k };
          else if (mode === opcodes.MEM) x = state.cells[k];
          state = { ...state, x };
          break;
        }
        case opcodes.ST:
        case opcodes.STX:
          state = {
            ...state,
            cells: with_(state.cells, k, classOf(code) === opcodes.ST ? state.a : state.x),
          };
          break;
        case opcodes.ALU: {
          const operation = operationOf(code);
          traps ||= usesX(code) && (operation === opcodes.DIV || operation === opcodes.MOD);
          const a = usesX(code) ? undefined : arithmetic(code, k, state.a);
          state = { ...state, a, range: a !== undefined && a === state.a ? state.range : undefined };
          break;
        }
        case opcodes.MISC:
          state =
            code === (opcodes.MISC | opcodes.TAX)
              ? { ...state, x: state.a }
              : { ...state, a: state.x, range: this.rangeOf(state.x) };
          break;
        default:
          return undefined;
      }
    }
    return { state, traps };
  }

  private load(code: number, k: number, { x, cells }: State): { value: Value; traps: boolean } {
    switch (modeOf(code)) {
      case opcodes.IMM:
        return { value: { kind: 'constant', value: k }, traps: false };
      case opcodes.MEM:
        return { value: cells[k], traps: false };
      case opcodes.LEN:
        return { value: undefined, traps: false };
      case opcodes.ABS:
        return this.loadAt(-1, k, sizeOf(code));
      default:
        if (x?.kind === 'constant') return this.loadAt(-1, x.value + k, sizeOf(code));
        if (x?.kind === 'header') return this.loadAt(x.offset, k, sizeOf(code));
        return { value: undefined, traps: true };
    }
  }

  private loadAt(header: number, offset: number, size: Field['size']): { value: Value; traps: boolean } {
    if (offset > FURTHEST) return { value: undefined, traps: true };
    const field = fieldOf(header, offset, size);
    const mask = 0xffff_ffff;
    return { value: { kind: 'field', field, mask }, traps: header >= 0 || offset + size > this.present };
  }

  private rangeOf(value: Value): Interval | undefined {
    if (value?.kind !== 'field' || value.mask !== 0xffff_ffff) return undefined;
    return this.known.get(value.field) ?? everyValue(value.field);
  }
}

interface Way {
  readonly target: number;
  readonly state: State;
  /** What holds of the packets that go it. */
  readonly condition?: Condition;
}

const ZERO: Value = { kind: 'constant', value: 0 };
const START: State = { a: ZERO, x: ZERO, range: undefined, cells: Array<Value>(16).fill(ZERO) };

const with_ = (cells: readonly Value[], at: number, value: Value): readonly Value[] => {
  const changed = [...cells];
  changed[at] = value;
  return changed;
};

function arithmetic(code: number, k: number, a: Value): Value {
  const row = opcodes.aluRowOf(code);
  if (row === undefined) return undefined;
  if (a?.kind === 'constant') {
    const value = opcodes.evalAlu(row, a.value, k);
    return value === undefined ? undefined : { kind: 'constant', value };
  }
  if (a?.kind !== 'field' || row.bits !== opcodes.AND) return undefined;
  const mask = (a.mask & k) >>> 0;
  return mask === a.mask ? a : { ...a, mask };
}

/** The values of an interval for which a test holds, and those for which it does not. */
function partsOf(
  operation: number,
  k: number,
  { low, high }: Interval,
): readonly [Interval | undefined, Interval | undefined] | undefined {
  const interval = (from: number, to: number) => (from > to ? undefined : { low: from, high: to });
  switch (operation) {
    case opcodes.JGT:
      return [interval(Math.max(low, k + 1), high), interval(low, Math.min(high, k))];
    case opcodes.JGE:
      return [interval(Math.max(low, k), high), interval(low, Math.min(high, k - 1))];
    case opcodes.JEQ: {
      if (k < low || k > high) return [undefined, { low, high }];
      const rest = interval(low === k ? k + 1 : low, high === k ? k - 1 : high);
      return [{ low: k, high: k }, rest];
    }
    default:
      return undefined;
  }
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

const valueKey = (value: Value): string => {
  switch (value?.kind) {
    case undefined:
      return '?';
    case 'constant':
      return `${value.value}`;
    case 'header':
      return `h${value.offset}`;
    case 'field':
      return `f${value.field.key}&${value.mask}`;
  }
};

const keyOf = ({ a, x, range, cells }: State): string =>
  `${valueKey(a)} ${valueKey(x)} ${range?.low} ${range?.high} ${cells === START.cells ? '' : cells.map(valueKey)}`;

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
