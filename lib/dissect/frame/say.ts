/**
 * Words over a layout: a printer says phrases, and one phrase is what tcpdump prints in one go. The fields of
 * a phrase are read before a letter of it is written, so that it stands there whole or not at all, and a packet
 * that is cut ends where tcpdump's text ends.
 */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from './dissection.js';
import type { ItemsField } from './kinds.js';
import { Field, type Layout, type ValueOf } from './layout.js';
import { View } from './view.js';

/** Appends a phrase. A field stands for its words. */
export type Say = (phrase: TemplateStringsArray, ...holes: readonly (Field | string | number)[]) => void;

/** A header with its fields as properties; reading one that is cut throws TRUNCATED. */
export type Header<L extends Layout> = View & {
  readonly [K in Exclude<keyof L['fields'], keyof View>]: ValueOf<L['fields'][K]>;
};

/**
 * What prints a header: `length` bytes from `at` were on the wire. `outer` is the offset of the IP header, or what the
 * table in which the printer stands says.
 */
export type PrintHeader = (d: Dissection, at: number, length: number, outer?: number) => void;

/** A printer that knows its layout. */
export interface LayoutPrinter<L extends Layout> extends PrintHeader {
  readonly layout: L;
}

/**
 * Makes a printer.
 *
 * @param name - What `[|…]` shows for a cut header.
 */
export function printer<L extends Layout>(
  of: L,
  name: string,
  words: (say: Say, p: Header<L>, d: Dissection, outer: number) => void,
): LayoutPrinter<L> {
  const print: PrintHeader = (d, at, length, outer = -1) => {
    d.cutAs = name;
    const p = headerAt(of, d, at, length);
    words(sayer(d, p), p, d, outer);
  };
  return Object.assign(print, { layout: of });
}

/**
 * The same printer for protocols that say themselves where they are cut: the link header that was printed stays known, so
 * that a dump begins behind it.
 */
export function endingItself(print: PrintHeader): PrintHeader {
  return (d, at, length, outer) => {
    try {
      print(d, at, length, outer);
    } catch (error) {
      if (error !== TRUNCATED) throw error;
      d.markTruncated();
    }
  };
}

/** A header's view for printing: it may be read as far as the packet was captured. */
export function headerAt<L extends Layout>(of: L, d: Dissection, at: number, length: number): Header<L> {
  const Class = viewClassOf(of);
  return new Class(of).place(d.data, at, d.end, at + length) as Header<L>;
}

/** Says phrases about one header. */
export function sayer(d: Dissection, p: View): Say {
  return (phrase, ...holes) => {
    let text = phrase[0]!;
    for (let i = 0; i < holes.length; i++) {
      const hole = holes[i]!;
      text += hole instanceof Field ? wordsOf(d, hole, p, text.length) : hole;
      text += phrase[i + 1]!;
    }
    d.out += text;
  };
}

function wordsOf(d: Dissection, field: Field, p: View, before: number): string {
  const value = field.require(p);
  if (value === undefined) return '';
  const words = field.words(value);
  if (d.spans !== undefined) {
    const [at, size] = field.span(p)!;
    const from = d.out.length + before;
    d.spans.push({ from, to: from + words.length, at, size });
  }
  return words;
}

/**
 * Calls `words` for each item of a list. What is captured of the packet bounds the reading, the size of the item where
 * the next begins.
 *
 * @param end - Where the list ends in the packet by the lengths around it.
 * @returns Where the walk ended: `end`, or an item whose size is 0 or less or runs over `end`.
 */
export function eachHeader<L extends Layout>(
  d: Dissection,
  field: ItemsField<L>,
  at: number,
  end: number,
  words: (say: Say, p: Header<L>, size: number, index: number) => unknown,
): number {
  let next = at;
  for (let index = 0; next < end; index++) {
    if (next >= d.end) throw TRUNCATED;
    const probe = new View(field.layouts[0]!).place(d.data, next, d.end, end);
    const of = field.of(probe);
    const size = field.rules.size(probe);
    if (size <= 0 || next + size > end) return next;
    const p = headerAt(of, d, next, size);
    if (words(sayer(d, p), p, size, index) === false) return next;
    next += size;
  }
  return next;
}

function viewClassOf(of: Layout): typeof View {
  if (of.viewClass !== undefined) return of.viewClass;
  const Class = class extends View {};
  for (const field of of.list) {
    if (field.key in View.prototype || field.key in EXAMPLE) continue;
    Object.defineProperty(Class.prototype, field.key, {
      get(this: View) {
        return field.require(this);
      },
    });
  }
  of.viewClass = Class;
  return Class;
}

/** A view's own properties, which no field's getter may hide. */
const EXAMPLE = new View({ index: -1, protocol: '', fields: {}, list: [] });
