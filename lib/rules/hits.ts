/**
 * Asks all tables of a leaf at once which of them have programs for a packet. Most packets concern none of a thousand
 * rules: they should cost a few loads.
 */

import { canGenerateCode } from '../jit/index.js';
import type { Field } from './field.js';
import { FACTOR, shiftOf, type Table } from './table.js';

/** A bit a table, from the lowest on: whether it may have programs for the packet. */
export type Hits = (bytes: Uint8Array, start: number, length: number) => number;

/** Tables that have a bit; the others are always asked. */
export const MOST_HITS = 31;

const ALL: Hits = () => -1;
let isAllowed: boolean | undefined;

/** Where no code may be generated, every table is asked. */
export function loadHits(tables: readonly Table[]): Hits {
  isAllowed ??= canGenerateCode();
  if (!isAllowed) return ALL;
  const flags: Uint8Array[] = [];
  const named = (array: Uint8Array): string => `f${flags.push(array) - 1}`;
  const hashed = (array: Uint8Array, value: string): string =>
    `${named(array)}[Math.imul(${value}, ${FACTOR}) >>> ${shiftOf(array)}]`;
  const lines = tables.slice(0, MOST_HITS).map((table, bit) => {
    const { byValue, byHash, byBlock, byHalf } = table.fronts;
    const tests = [
      byValue && `${named(byValue)}[v]`,
      byHash && hashed(byHash, 'v'),
      byBlock && hashed(byBlock, 'v >>> 8'),
      byHalf && `${named(byHalf)}[v >>> 16]`,
    ].filter((text) => text !== undefined);
    return reading(table.field, `if ((${tests.join(' | ')}) !== 0) hits |= ${1 << bit};`);
  });
  const text = `return (b, s, n) => { let hits = 0, v, x; ${lines.join('\n')} return hits; };`;
  return new Function(...flags.map((_, place) => `f${place}`), text)(...flags);
}

/** Runs a statement with the field's value as `v` where the packet has it. See {@link readField}. */
function reading({ header, offset, size }: Field, statement: string): string {
  const at = header < 0 ? `s + ${offset}` : 'x';
  const value = Array.from({ length: size }, (_, byte) => `b[${at} + ${byte}] << ${8 * (size - 1 - byte)}`);
  const body = `{ v = ${value.join(' | ')}; ${statement} }`;
  if (header < 0) return `if (n >= ${offset + size}) ${body}`;
  return `if (n > ${header}) { x = s + ${offset} + 4 * (b[s + ${header}] & 15); if (x + ${size} <= s + n) ${body} }`;
}
