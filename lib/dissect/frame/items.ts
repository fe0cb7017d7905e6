/**
 * The one walker for lists in headers: options, records, chunks, attributes. Bounded by the header's end;
 * an item that is cut is visited with what is there of it.
 */

import { TRUNCATED } from '../../bytes.js';
import type { Layout, Place } from './layout.js';
import { View } from './view.js';

export interface Walkable {
  readonly place: Place;
  readonly layouts: readonly Layout[];
  readonly of: (item: View) => Layout;
  readonly rules: {
    readonly size: (item: View) => number;
    readonly until?: Place;
    readonly count?: Place;
  };
}

/** Items that a list may have: hostile packets hold thousands of empty ones. */
const MOST_ITEMS = 4096;

/** Calls `visit` with each item of a list in the header `p`. */
export function eachItem(field: Walkable, p: View, visit: (item: View, index: number) => void): void {
  const { of, rules, layouts } = field;
  let at: number;
  let end: number;
  let most: number;
  try {
    at = p.at + placeOf(field.place, p);
    end = rules.until === undefined ? p.end : Math.min(p.end, p.at + placeOf(rules.until, p));
    most = rules.count === undefined ? MOST_ITEMS : Math.min(MOST_ITEMS, placeOf(rules.count, p));
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    return;
  }
  const limit = p.limit;
  for (let index = 0; index < most && at < end; index++) {
    const item = new View(layouts[0]!).place(p.data, at, end, limit);
    item.base = p.base;
    let size = 0;
    try {
      item.layout = of(item);
      size = rules.size(item);
      if (size <= 0) return;
    } catch (error) {
      if (error !== TRUNCATED) throw error;
      size = end - at;
    }
    if (at + size < end) item.end = at + size;
    item.limit = at + size;
    visit(item, index);
    at += size;
  }
}

function placeOf(place: Place, p: View): number {
  return typeof place === 'number' ? place : place(p);
}

/**
 * Bytes of options of IPv4 and TCP, whose header says where they end. One that does not fit ends the list; so does the end
 * of options, which others of the same may follow.
 */
export const optionSize =
  (headerLength: (p: View) => number) =>
  (p: View): number => {
    const kind = p.u8(0);
    if (kind === 1) return 1;
    if (kind === 0) return p.size < 2 || p.u8(1) === 0 ? 1 : p.size;
    const end = p.base + headerLength(p);
    return p.size < 2 || p.u8(1) < 2 || p.u8(1) > end - p.at ? 0 : p.u8(1);
  };
