/** From the values that a field may have to the programs that want them. */

import { ABSENT, type Field, highest, readField } from './field.js';
import { Intervals } from './intervals.js';
import type { Condition } from './necessary.js';

/** Values with one upper half. */
const HALVES = 0x1_0000;

/** Programs by their places in the list. */
export type Programs = Int32Array;

const NO_PROGRAMS: Programs = new Int32Array(0);

/** A condition, and the program that wants it. */
export interface Wanted extends Condition {
  readonly program: number;
}

/** Flags that quickly tell that nobody wants a value: those that are there, see {@link Table.fronts}. */
export interface Fronts {
  readonly byValue?: Uint8Array;
  /** By {@link flagOf} the value, a bit each: for single ones. */
  readonly byHash?: Uint8Array;
  /** By the hash of the value without its last byte a bit for every eight values: for short intervals. */
  readonly byBlock?: Int32Array;
  /** By the upper half of the value: for long intervals. */
  readonly byHalf?: Uint8Array;
}

/** Fields shorter than this have a place in the table for each value. */
const SEARCHED_BYTES = 4;

/** From a field's values to the programs that want them. */
export class Table {
  readonly field: Field;
  private readonly programs: Programs[];
  /** Place in `programs` by value, where values are few. */
  private readonly places: Uint16Array | Uint32Array | undefined;
  /** Else single values, hashed, with the place behind each; 0 for none. */
  private readonly points: Uint32Array;
  /** What leaves of a hash the place of its slot. */
  private readonly shift: number;
  /** And where the programs that want intervals change, ascending, if any do. */
  private readonly starts: Float64Array;
  private readonly parts: readonly Programs[];
  private readonly intervals: Intervals | undefined;
  private made: Fronts | undefined;

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
    } else if (this.parts.length > 1) this.intervals = new Intervals(this.starts);
    const byValue = new Map<number, number[]>();
    for (const { low, high, program } of isSearched ? wanted : []) {
      if (low !== high) continue;
      const found = byValue.get(low);
      if (found === undefined) byValue.set(low, [program]);
      else found.push(program);
    }
    const slots = 2 ** (1 + Math.ceil(Math.log2(byValue.size + 1)));
    this.points = new Uint32Array(2 * slots);
    this.shift = 32 - Math.log2(slots);
    for (const [value, found] of byValue) this.addPoint(value, [...found, ...this.part(value)]);
  }

  /** Flags of which one is set where somebody may want the value. */
  get fronts(): Fronts {
    return (this.made ??= this.makeFronts());
  }

  private makeFronts(): Fronts {
    const { places, points, parts, starts } = this;
    const wanted = [...parts.entries()]
      .filter(([, { length }]) => length > 0)
      .map(([place]) => ({ from: starts[place]!, to: (starts[place + 1] ?? this.field.every.high + 1) - 1 }));
    if (places !== undefined) {
      const byValue = new Uint8Array(places.length);
      for (const { from, to } of wanted) byValue.fill(1, from, to + 1);
      return { byValue };
    }
    const byHash = new Uint8Array(slotsFor(points.length / 2));
    for (let slot = 0; slot < points.length; slot += 2)
      if (points[slot + 1] !== 0) {
        const bit = flagOf(points[slot]!) >>> (shiftOf(byHash) - 3);
        byHash[bit >>> 3]! |= 1 << (bit & 7);
      }
    if (wanted.length === 0) return { byHash };
    const byBlock = new Int32Array(slotsFor(4 * wanted.length));
    const byHalf = new Uint8Array(HALVES);
    for (const { from, to } of wanted) {
      if (to - from < HALVES) setEights(byBlock, from, to);
      else byHalf.fill(1, from >>> 16, (to >>> 16) + 1);
    }
    return { byHash, byBlock, byHalf };
  }

  /** The programs that want what the packet has. */
  lookUp(bytes: Uint8Array, start: number, length: number): Programs {
    const value = readField(this.field, bytes, start, length);
    if (value === ABSENT) return NO_PROGRAMS;
    const { places, points } = this;
    if (places !== undefined) return this.programs[places[value]!]!;
    const mask = points.length / 2 - 1;
    for (let slot = hashOf(value) >>> this.shift; points[2 * slot + 1] !== 0; slot = (slot + 1) & mask)
      if (points[2 * slot] === value) return this.programs[points[2 * slot + 1]!]!;
    return this.part(value);
  }

  private part(value: number): Programs {
    const { intervals } = this;
    return this.parts[intervals === undefined ? 0 : intervals.placeOf(value)]!;
  }

  private addPoint(value: number, programs: readonly number[]): void {
    const { points } = this;
    const mask = points.length / 2 - 1;
    let slot = hashOf(value) >>> this.shift;
    while (points[2 * slot + 1] !== 0) slot = (slot + 1) & mask;
    points[2 * slot] = value;
    points[2 * slot + 1] = this.programs.push(Int32Array.from(new Set(programs))) - 1;
  }
}

/** Of a value's product with it, the upper bits depend on all bits of the value. */
export const FACTOR = 0x9e3779b1;
const hashOf = (value: number): number => Math.imul(value, FACTOR);

/** What the product is multiplied with for flags: values in even steps, as those of networks, are spread by chance then. */
export const SECOND_FACTOR = 0x85ebca6b;
const flagOf = (value: number): number => {
  const hash = hashOf(value);
  return Math.imul(hash ^ (hash >>> 15), SECOND_FACTOR);
};

/** Places enough that few are taken by chance, found by the upper bits of a hash. */
const slotsFor = (values: number): number => 2 ** Math.min(14, 4 + Math.ceil(Math.log2(values)));
/** What leaves of a hash the place of its flag. */
export const shiftOf = (flags: ArrayLike<number>): number => 32 - Math.log2(flags.length);

/** Sets the bits of an interval of blocks of 256 values, of which each has 32 bits. */
function setEights(flags: Int32Array, from: number, to: number): void {
  for (let block = from >>> 8; block <= to >>> 8; block++) {
    const first = block === from >>> 8 ? (from & 255) >>> 3 : 0;
    const last = block === to >>> 8 ? (to & 255) >>> 3 : 31;
    flags[flagOf(block) >>> shiftOf(flags)]! |= (-1 >>> (31 - (last - first))) << first;
  }
}

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
