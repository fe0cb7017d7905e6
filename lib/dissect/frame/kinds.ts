/**
 * Kinds of fields: numbers, bits, addresses, text, bytes, lists and items. Each takes its place first; sizes
 * are bytes. Numbers are in network byte order unless the name ends in `le`.
 */

import { ip4Text, ip6Text, octets } from './addresses.js';
import { eachItem } from './items.js';
import { Field, type Layout, type Place, type Values } from './layout.js';
import { hex2 } from './text.js';
import type { View } from './view.js';

/** Writes a number as `0x` and two digits a byte. */
const hexShow = (size: number) => (value: number) => `0x${value.toString(16).padStart(2 * size, '0')}`;

type Numeric = (data: Uint8Array, at: number) => number;
const get8: Numeric = (data, at) => data[at]!;
const get16: Numeric = (data, at) => (data[at]! << 8) | data[at + 1]!;
const get24: Numeric = (data, at) => (data[at]! << 16) | get16(data, at + 1);
const get32: Numeric = (data, at) => ((data[at]! << 24) | get24(data, at + 1)) >>> 0;
const get48: Numeric = (data, at) => get16(data, at) * 2 ** 32 + get32(data, at + 2);
const get16le: Numeric = (data, at) => data[at]! | (data[at + 1]! << 8);
const get32le: Numeric = (data, at) => (get16le(data, at) | (get16le(data, at + 2) << 16)) >>> 0;
const GET: Readonly<Record<number, Numeric>> = { 1: get8, 2: get16, 3: get24, 4: get32, 6: get48 };

/** Whole numbers; `base` says how tshark writes them. */
type Base = 'dec' | 'hex';
const integer =
  (read: Numeric, size: number) =>
  (place: Place, base: Base = 'dec'): Field<number> =>
    new Field(
      place,
      base === 'hex'
        ? { kind: 'integer', size, read, show: hexShow(size) }
        : { kind: 'integer', size, read, write: (out, data, at) => out.decimal(read(data, at)) },
    );

export const u8 = integer(get8, 1);
export const u16 = integer(get16, 2);
export const u24 = integer(get24, 3);
export const u32 = integer(get32, 4);
export const u48 = integer(get48, 6);
export const u16le = integer(get16le, 2);
export const u32le = integer(get32le, 4);
/** Numbers that may be below 0. */
const signed =
  (read: Numeric, size: number) =>
  (place: Place): Field<number> =>
    new Field(place, { kind: 'integer', size, read, signed: true });
export const i8 = signed((data, at) => (data[at]! << 24) >> 24, 1);
export const i16 = signed((data, at) => (get16(data, at) << 16) >> 16, 2);
export const i32 = signed((data, at) => get32(data, at) | 0, 4);

const get64 = (data: Uint8Array, at: number): bigint =>
  (BigInt(get32(data, at)) << 32n) | BigInt(get32(data, at + 4));

/** 64 bits, which a number cannot hold. */
export const u64 = (place: Place, base: Base = 'dec'): Field<bigint> =>
  new Field(place, {
    kind: 'bigint',
    size: 8,
    read: get64,
    show: base === 'hex' ? (value) => `0x${value.toString(16).padStart(16, '0')}` : undefined,
  });

export const u64le = (place: Place): Field<bigint> =>
  new Field(place, {
    kind: 'bigint',
    size: 8,
    read: (data, at) => (BigInt(get32le(data, at + 4)) << 32n) | BigInt(get32le(data, at)),
  });

/** The bits of `mask` in a number of `size` bytes, moved down to bit 0. */
export function bits(place: Place, mask: number, size = 1, base: Base = 'dec', scale = 1): Field<number> {
  const read = GET[size]!;
  const unit = (mask & -mask) >>> 0; // the lowest bit of the mask
  const value: Numeric = (data, at) => (((read(data, at) & mask) >>> 0) / unit) * scale;
  return new Field(place, {
    kind: 'integer',
    size,
    read: value,
    ...(base === 'hex'
      ? { show: hexShow(size) }
      : { write: (out, data, at) => out.decimal(value(data, at)) }),
  });
}

/** Whether a bit is set in a number of `size` bytes. */
export function flag(place: Place, mask: number, size = 1): Field<boolean> {
  const read = GET[size]!;
  return new Field(place, {
    kind: 'boolean',
    size,
    read: (data, at) => (read(data, at) & mask) !== 0,
    show: (value) => (value ? '1' : '0'),
    write: (out, data, at) => out.char((read(data, at) & mask) === 0 ? 48 : 49),
  });
}

/** IPv4 addresses by slot, each written once: what a capture has is a few thousand, again and again. */
const SLOTS = 1 << 16;
const ip4Keys = new Int32Array(SLOTS);
/** Made at its full size with the first address: one that grew by holes would be a dictionary. */
let ip4Texts: string[] = [];
/** Neighbours have slots of their own. */
const slotOf = (key: number): number => (key ^ Math.imul(key >>> 16, 0x9e37)) & (SLOTS - 1);

/** The IPv4 address of four bytes that are there. */
export function ip4At(data: Uint8Array, at: number): string {
  const key = get32(data, at) | 0;
  const slot = slotOf(key);
  const known = ip4Texts[slot];
  if (known !== undefined && ip4Keys[slot] === key) return known;
  if (ip4Texts.length === 0) ip4Texts = new Array<string>(SLOTS);
  ip4Keys[slot] = key;
  return (ip4Texts[slot] = ip4Text(key));
}

export const ip4 = (place: Place): Field<string> =>
  new Field(place, { kind: 'ipv4', size: 4, read: ip4At, write: (out, data, at) => out.dotted(data, at) });
export const ip6 = (place: Place): Field<string> =>
  new Field(place, { kind: 'ipv6', size: 16, read: ip6Text });
export const mac = (place: Place): Field<string> =>
  new Field(place, {
    kind: 'mac',
    size: 6,
    read: (data, at) => octets(data, at, 6),
    write: (out, data, at) => out.colons(data, at, 6),
  });

/** Bytes as a view of the packet; written in hex without anything between, or with colons. */
export const bytes = (place: Place, size: Place, separator = ''): Field<Uint8Array> =>
  new Field(place, {
    kind: 'bytes',
    size,
    read: (data, at, length) => (length === 0 ? undefined : data.subarray(at, at + length)),
    show: (value) => hexOf(value, separator),
  });

export function hexOf(value: Uint8Array, separator = ''): string {
  let text = '';
  for (let i = 0; i < value.length; i++) text += (i === 0 ? '' : separator) + hex2(value[i]!);
  return text;
}

const DECODER = new TextDecoder('utf-8');

/** Text in UTF-8 or less; up to a zero byte where there is one. */
export const text = (place: Place, size: Place): Field<string> =>
  new Field(place, {
    kind: 'string',
    size,
    read: (data, at, length) => {
      const bytesThere = data.subarray(at, at + length);
      const zero = bytesThere.indexOf(0);
      return DECODER.decode(zero < 0 ? bytesThere : bytesThere.subarray(0, zero));
    },
  });

/** What no bytes hold alone: a value made of the header. */
export const made = <V>(kind: Field['reading']['kind'], read: (p: View) => V | undefined): Field<V> =>
  new Field(0, { kind, size: 0, read: (_data, _at, _size, p) => read(p) });

/** The same for values of which there may be several. */
export const several = <V>(
  kind: Field['reading']['kind'],
  read: (p: View) => V[] | undefined,
  show = (value: V): string => `${value}`,
): Field<V[]> =>
  new Field(0, {
    kind,
    size: 0,
    several: true,
    read: (_data, _at, _size, p) => read(p),
    show: (values) => values.map(show).join(','),
  });

/** Values of one kind behind each other. `undefined` where there are none. */
export function list<V>(place: Place, count: Place, element: (place: number) => Field<V>): Field<V[]> {
  const one = element(0);
  const step = one.reading.size as number;
  return new Field(place, {
    kind: one.reading.kind,
    size: 0,
    several: true,
    elements: { one: one.reading, count },
    read: (data, at, _size, p) => {
      const most = typeof count === 'number' ? count : count(p);
      const values: V[] = [];
      for (let i = 0; i < most && at + (i + 1) * step <= p.end; i++) {
        const value = one.reading.read(data, at + i * step, step, p);
        if (value !== undefined) values.push(value);
      }
      return values.length === 0 ? undefined : values;
    },
    show: (values) => values.map((value) => one.text(value)).join(','),
  });
}

/** How items lie behind each other. */
export interface ItemRules {
  /** Bytes of an item, its head included; 0 or less ends the list. */
  readonly size: (item: View) => number;
  /** Where the list ends, from the header's start; without it, where the header ends. */
  readonly until?: Place;
  /** How many there are. */
  readonly count?: Place;
}

/** Headers within the header: options, records, attributes. */
export interface Items<L extends Layout = Layout> {
  readonly of: (item: View) => L;
  readonly rules: ItemRules;
}

/** A field whose values are items: one walk for every list of type, length and value. */
export class ItemsField<L extends Layout = Layout> extends Field<Values<L>[]> implements Items<L> {
  readonly of: (item: View) => L;
  readonly rules: ItemRules;
  /** Every layout that an item can have. */
  readonly layouts: readonly L[];

  constructor(place: Place, layouts: readonly L[], of: (item: View) => L, rules: ItemRules) {
    super(place, {
      kind: 'items',
      size: 0,
      read: (_data, _at, _size, p) => {
        const values: Values<L>[] = [];
        eachItem(this, p, (item) => values.push(valuesOf(item) as Values<L>));
        return values.length === 0 ? undefined : values;
      },
    });
    this.of = of;
    this.rules = rules;
    this.layouts = layouts;
  }

  override when(condition: (p: View) => boolean): ItemsField<L> {
    const place = this.place;
    const there = (p: View): number =>
      condition(p) ? (typeof place === 'number' ? place : place(p)) : p.size;
    return new ItemsField(there, this.layouts, this.of, this.rules);
  }
}

/** Items of one layout. */
export function items<L extends Layout>(place: Place, of: L, rules: ItemRules): ItemsField<L> {
  return new ItemsField(place, [of], () => of, rules);
}

/** Items whose layout their heads tell. `layouts` are all that `of` can give. */
export function variants<L extends Layout>(
  place: Place,
  layouts: readonly L[],
  of: (item: View) => L,
  rules: ItemRules,
): ItemsField<L> {
  return new ItemsField(place, layouts, of, rules);
}

/** The values of a header's fields, by name. */
export function valuesOf(p: View): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const field of p.layout.list) {
    const value = field.get(p);
    if (value !== undefined) values[field.name] = value;
  }
  return values;
}
