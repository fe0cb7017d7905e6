/**
 * Protocols as data: a layout says which fields a header has, where each lies and what kind of value it is.
 * Words (say.ts), objects and JSON (../decode.ts) and columns (../columns.ts) read the same layout.
 *
 * Names of fields are Wireshark's display names: the protocol, a dot, and the key in the layout; a key that
 * begins with a dot is a whole name.
 */

import { TRUNCATED } from '../../bytes.js';
import type { TextBytes } from './textBytes.js';
import type { View } from './view.js';

/** What a program gets for a field, as documentation and the JSON Schema name it. */
export type Kind =
  | 'integer'
  | 'bigint'
  | 'number'
  | 'boolean'
  | 'string'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'bytes'
  | 'items';

/** Bytes from the start of the header, or what tells them from it. */
export type Place = number | ((p: View) => number);

/** Writes a value. A method's type, so that fields of any value are fields of unknown ones. */
export type Show<V> = { show(value: V): string }['show'];

/** How a kind of value is taken from bytes and written. */
export interface Reading<V> {
  readonly kind: Kind;
  /** Bytes that it takes. */
  readonly size: Place;
  /** The value of bytes that are known to be there; `undefined` where they hold none. */
  readonly read: (data: Uint8Array, at: number, size: number, p: View) => V | undefined;
  /** As tshark writes it; without it, as `String()` does. */
  readonly show?: Show<V> | undefined;
  /** Whether the value is a list. */
  readonly several?: boolean;
  /** Where the value is a list of such that lie behind each other: what each is, and how many there are at most. */
  readonly elements?: { readonly one: Reading<unknown>; readonly count: Place };
  /** Whether an integer may be below 0. */
  readonly signed?: boolean;
  /** Writes the same text as `show`, of bytes that are there: for kinds that most columns have. */
  readonly write?: ((out: TextBytes, data: Uint8Array, at: number) => void) | undefined;
}

/** One field of a layout. */
export class Field<V = unknown> {
  /** Wireshark's name; empty until the field is part of a layout. */
  name = '';
  /** The name within its layout. */
  key = '';
  readonly place: Place;
  readonly reading: Reading<V>;
  readonly condition: ((p: View) => boolean) | undefined;
  /** tcpdump's word for a value. */
  readonly word: Show<V> | undefined;
  /** Offset and size where both are the same in every header and no condition is set; else -1. */
  readonly fixedAt: number;
  readonly fixedSize: number;

  constructor(
    place: Place,
    reading: Reading<V>,
    condition?: (p: View) => boolean,
    word?: (value: V) => string,
  ) {
    this.place = place;
    this.reading = reading;
    this.condition = condition;
    this.word = word;
    const { size } = reading;
    const fixed =
      typeof place === 'number' && typeof size === 'number' && size > 0 && condition === undefined;
    this.fixedAt = fixed ? place : -1;
    this.fixedSize = fixed ? (reading.size as number) : -1;
  }

  /** The same field, there only where the header says so. */
  when(condition: (p: View) => boolean): Field<V> {
    const before = this.condition;
    const both = before === undefined ? condition : (p: View) => before(p) && condition(p);
    return new Field(this.place, this.reading, both, this.word);
  }

  /** The same field with words for its values, as tcpdump prints them. */
  named(names: Readonly<Record<number, string>>, otherwise: (value: V) => string): Field<V> {
    const word = (value: V): string => names[value as number] ?? otherwise(value);
    return new Field(this.place, this.reading, this.condition, word);
  }

  /** The same field, written for tshark's columns and tcpdump's words in another way. */
  shown(show: (value: V) => string): Field<V> {
    return new Field(this.place, { ...this.reading, show, write: undefined }, this.condition, this.word);
  }

  /** The value; `undefined` where the header has none or is cut before the field's end. */
  get(p: View): V | undefined {
    const { fixedSize } = this;
    if (fixedSize < 0) return this.find(p);
    const at = p.at + this.fixedAt;
    return at + fixedSize > p.end ? undefined : this.reading.read(p.data, at, fixedSize, p);
  }

  private find(p: View): V | undefined {
    const { condition, place, reading } = this;
    try {
      if (condition !== undefined && !condition(p)) return undefined;
      const at = p.at + (typeof place === 'number' ? place : place(p));
      const size = typeof reading.size === 'number' ? reading.size : reading.size(p);
      return size < 0 || at < p.at || at + size > p.end ? undefined : reading.read(p.data, at, size, p);
    } catch (error) {
      if (error !== TRUNCATED) throw error;
      return undefined;
    }
  }

  /** `[first byte, bytes]` in the packet; `undefined` where the field is not there. @throws TRUNCATED */
  span(p: View): [at: number, size: number] | undefined {
    if (this.condition !== undefined && !this.condition(p)) return undefined;
    const { place, reading } = this;
    const at = p.at + (typeof place === 'number' ? place : place(p));
    const size = typeof reading.size === 'number' ? reading.size : reading.size(p);
    if (size < 0 || at < p.at || at + size > p.end) throw TRUNCATED;
    return [at, size];
  }

  /** The value, for printers. @throws TRUNCATED where it is cut. */
  require(p: View): V | undefined {
    const span = this.span(p);
    return span && this.reading.read(p.data, span[0], span[1], p);
  }

  /** Whether values are whole numbers from 0 to 2^32 - 1 that are written in decimal. */
  get plain(): boolean {
    return this.reading.kind === 'integer' && this.reading.show === undefined && !this.reading.signed;
  }

  /** Whether the value is a list. */
  get several(): boolean {
    return this.reading.several ?? false;
  }

  /** What tshark writes for a value. */
  text(value: V): string {
    const { show } = this.reading;
    return show === undefined ? `${value}` : show(value);
  }

  /** What tcpdump prints for a value. */
  words(value: V): string {
    return this.word === undefined ? this.text(value) : this.word(value);
  }
}

/** The fields of a layout by key. */
export type FieldTable = Readonly<Record<string, Field>>;

/** A protocol's header, or an item of a list in one. */
export interface Layout<P extends string = string, F extends FieldTable = FieldTable> {
  /** Its number among all layouts that have been made. */
  readonly index: number;
  /** Wireshark's name of the protocol. */
  readonly protocol: P;
  readonly fields: F;
  /** The fields in the order of the header. */
  readonly list: readonly Field[];
  /** For printers: makes views with a getter for each key. Made when first asked for. */
  viewClass?: typeof View;
}

/** The type of a field's value. */
export type ValueOf<T> = T extends Field<infer V> ? V : never;

type NameOf<P extends string, K extends string> = K extends `.${infer Whole}` ? Whole : `${P}.${K}`;

/** The values of a layout's fields by Wireshark's names; only what the header has is there. */
export type Values<T> =
  T extends Layout<infer P, infer F>
    ? { readonly [K in keyof F & string as NameOf<P, K>]?: ValueOf<F[K]> }
    : never;

let made = 0;

/** Describes a protocol. */
export function layout<const P extends string, F extends FieldTable>(protocol: P, fields: F): Layout<P, F> {
  const list = Object.entries(fields).map(([key, field]) => {
    field.key = key;
    field.name = key.startsWith('.') ? key.slice(1) : `${protocol}.${key}`;
    return field;
  });
  return { index: made++, protocol, fields, list };
}
