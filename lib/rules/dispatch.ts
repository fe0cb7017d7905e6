/**
 * Which of many programs may accept a packet: fields that most programs ask first part the packets, and for each part
 * that turns up there are tables from values of fields to the programs that need them.
 */

import { ABSENT, type Field, highest, readField } from './field.js';
import { type Condition, conditionKey, type Need, type Walkable } from './necessary.js';
import type { Known } from './symbolic.js';

/** Programs by their places in the list. */
type Programs = Int32Array;

const NO_PROGRAMS: Programs = new Int32Array(0);

/** What is to be done with packets that have much in common. */
export interface Leaf {
  readonly kind: 'leaf';
  /** Accept all of them; may accept any of them. */
  readonly accepts: Programs;
  readonly asks: Programs;
  /** The programs that may accept a packet with these values. */
  readonly tables: readonly Table[];
}

/** Packets are told apart by a field. */
interface Fork {
  readonly kind: 'fork';
  readonly field: Field;
  readonly known: Known;
  /** First value of each part, ascending from 0; and the part of each value. */
  readonly starts: readonly number[];
  readonly places: Uint8Array;
  /** Made when the first packet of the part comes. */
  readonly parts: (Leaf | Fork | undefined)[];
  /** For packets that end before the field. */
  short: Leaf | undefined;
}

/** Most fields that are asked one behind the other, and parts of one of them. */
const MOST_FORKS = 3;
const MOST_PARTS = 64;
/** A field is worth a fork that so many of the programs ask first. */
const WORTH_FORKING = 0.3;

/** Programs that may need the same before they are asked what else they need. */
const MOST_ALIKE = 4;
/** How often they are: as many as an IPv6 address has words. */
const MOST_ROUNDS = 4;

export class Dispatch {
  /** Programs as far as they are understood. */
  private readonly programs: readonly (Walkable | undefined)[];
  private readonly root: Leaf | Fork;

  constructor(programs: readonly (Walkable | undefined)[]) {
    this.programs = programs;
    this.root = this.node(new Map());
  }

  leafOf(bytes: Uint8Array, start: number, length: number): Leaf {
    let node = this.root;
    while (node.kind === 'fork') {
      const { field, places, parts } = node;
      const value = readField(field, bytes, start, length);
      if (value === ABSENT) return (node.short ??= this.leaf(node.known));
      const at = places[value]!;
      node = parts[at] ??= this.part(node, at);
    }
    return node;
  }

  private part({ field, known, starts }: Fork, at: number): Leaf | Fork {
    const high = at + 1 < starts.length ? starts[at + 1]! - 1 : highest(field);
    return this.node(new Map([...known, [field, { low: starts[at]!, high }]]));
  }

  private node(known: Known): Leaf | Fork {
    const field = known.size < MOST_FORKS ? this.fieldToAsk(known) : undefined;
    if (field !== undefined) {
      const values = new Set([0]);
      for (const program of this.programs) program?.partings(field, values);
      const starts = [...values].filter((value) => value <= highest(field)).sort((one, two) => one - two);
      if (starts.length <= MOST_PARTS) {
        const places = new Uint8Array(highest(field) + 1);
        for (const [place, from] of starts.entries()) places.fill(place, from);
        return { kind: 'fork', field, known, starts, places, parts: [], short: undefined };
      }
    }
    return this.leaf(known);
  }

  /** The field that most programs ask first. */
  private fieldToAsk(known: Known): Field | undefined {
    const votes = new Map<Field, number>();
    for (const program of this.programs) {
      const field = program?.firstTest(known);
      if (field !== undefined && field.size < 4 && !known.has(field))
        votes.set(field, (votes.get(field) ?? 0) + 1);
    }
    const [first] = [...votes].sort(([, a], [, b]) => b - a);
    return first !== undefined && first[1] >= WORTH_FORKING * this.programs.length ? first[0] : undefined;
  }

  /**
   * What each program needs. What many need, such as the first word of their addresses, tells them not apart: those look
   * for something else then.
   */
  private needs(known: Known): readonly Need[] {
    const keysOf = (need: Need) => (need.kind === 'any' ? need.conditions.map(conditionKey) : []);
    const common = new Set<string>();
    let needs = this.programs.map((program): Need => program?.need(known) ?? { kind: 'unknown' });
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const times = new Map<string, number>();
      for (const key of needs.flatMap(keysOf)) times.set(key, (times.get(key) ?? 0) + 1);
      const before = common.size;
      for (const [key, count] of times) if (count > MOST_ALIKE) common.add(key);
      if (common.size === before) break;
      needs = needs.map((need, place) =>
        keysOf(need).some((key) => common.has(key)) ? this.programs[place]!.need(known, common) : need,
      );
    }
    return needs;
  }

  private leaf(known: Known): Leaf {
    const needs = this.needs(known);
    const of = (kind: Need['kind']): Programs =>
      Int32Array.from(needs.flatMap((need, at) => (need.kind === kind ? [at] : [])));
    const byField = new Map<Field, Wanted[]>();
    for (const [program, need] of needs.entries()) {
      if (need.kind !== 'any') continue;
      for (const condition of need.conditions) {
        const wanted = byField.get(condition.field) ?? [];
        wanted.push({ ...condition, program });
        byField.set(condition.field, wanted);
      }
    }
    const tables = [...byField].map(([field, wanted]) => new Table(field, wanted));
    return { kind: 'leaf', accepts: of('always'), asks: of('unknown'), tables };
  }
}

interface Wanted extends Condition {
  readonly program: number;
}

/** Fields shorter than this have a place in the table for each value. */
const SEARCHED_BYTES = 4;

/** From a field's values to the programs that want them. */
export class Table {
  private readonly field: Field;
  private readonly programs: Programs[];
  /** Place in `programs` by value, where values are few. */
  private readonly places: Uint16Array | Uint32Array | undefined;
  /** Else single values, hashed, with the place behind each; 0 for none. */
  private readonly points: Uint32Array;
  /** And where the programs that want intervals change, ascending, if any do. */
  private readonly starts: Float64Array;
  private readonly parts: readonly Programs[];

  constructor(field: Field, wanted: readonly Wanted[]) {
    this.field = field;
    this.programs = [NO_PROGRAMS];
    const isSearched = field.size >= SEARCHED_BYTES;
    const wide = wanted.filter(({ low, high }) => !isSearched || low !== high);
    const byStart = partsOf(wide);
    this.starts = Float64Array.from(byStart.keys());
    this.parts = [...byStart.values()];
    if (!isSearched) {
      this.programs.push(...this.parts);
      this.places = new (this.parts.length < 0xffff ? Uint16Array : Uint32Array)(highest(field) + 1);
      for (const [place, from] of this.starts.entries()) this.places.fill(place + 1, from);
    }
    const byValue = new Map<number, number[]>();
    for (const { low, high, program } of isSearched ? wanted : []) {
      if (low !== high) continue;
      const found = byValue.get(low);
      if (found === undefined) byValue.set(low, [program]);
      else found.push(program);
    }
    this.points = new Uint32Array(2 ** (2 + Math.ceil(Math.log2(byValue.size + 1))));
    for (const [value, found] of byValue) this.addPoint(value, [...found, ...this.part(value)]);
  }

  /** The programs that want what the packet has. */
  lookUp(bytes: Uint8Array, start: number, length: number): Programs {
    const value = readField(this.field, bytes, start, length);
    if (value === ABSENT) return NO_PROGRAMS;
    const { places, points } = this;
    if (places !== undefined) return this.programs[places[value]!]!;
    const mask = points.length / 2 - 1;
    for (let slot = hashOf(value) & mask; points[2 * slot + 1] !== 0; slot = (slot + 1) & mask)
      if (points[2 * slot] === value) return this.programs[points[2 * slot + 1]!]!;
    return this.part(value);
  }

  private part(value: number): Programs {
    return this.starts.length === 1 ? this.parts[0]! : this.parts[placeOf(this.starts, value)]!;
  }

  private addPoint(value: number, programs: readonly number[]): void {
    const { points } = this;
    const mask = points.length / 2 - 1;
    let slot = hashOf(value) & mask;
    while (points[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    points[2 * slot] = value;
    points[2 * slot + 1] = this.programs.push(Int32Array.from(new Set(programs))) - 1;
  }
}

const hashOf = (value: number): number => {
  const mixed = Math.imul(value, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** The values cut where intervals begin or end. Parts that nobody wants share one list. */
function partsOf(wanted: readonly Wanted[]): Map<number, Programs> {
  const edges = new Map<number, { readonly begin: number[]; readonly end: number[] }>([
    [0, { begin: [], end: [] }],
  ]);
  const edge = (at: number) => {
    const found = edges.get(at) ?? { begin: [], end: [] };
    edges.set(at, found);
    return found;
  };
  for (const { low, high, program } of wanted) {
    edge(low).begin.push(program);
    edge(high + 1).end.push(program);
  }
  /** How many conditions of each program hold. */
  const holding = new Map<number, number>();
  const parts = new Map<number, Programs>();
  for (const [at, { begin, end }] of [...edges].sort(([a], [b]) => a - b)) {
    for (const program of begin) holding.set(program, (holding.get(program) ?? 0) + 1);
    for (const program of end) {
      const left = holding.get(program)! - 1;
      if (left === 0) holding.delete(program);
      else holding.set(program, left);
    }
    parts.set(at, holding.size === 0 ? NO_PROGRAMS : Int32Array.from(holding.keys()));
  }
  return parts;
}

/** The last place whose start is not above the value. The first start is 0. */
function placeOf(starts: Float64Array, value: number): number {
  let low = 0;
  let high = starts.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (starts[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
