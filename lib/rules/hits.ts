/**
 * Asks all tables of a leaf at once which of them have programs for a packet. Most packets concern none of a thousand
 * rules: they should cost a few loads.
 */

import { canGenerateCode } from '../jit/index.js';
import type { Field } from './field.js';
import { FACTOR, SECOND_FACTOR, shiftOf, type Table } from './table.js';

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
  const flags: ArrayLike<number>[] = [];
  const named = (array: ArrayLike<number>): string => `f${flags.push(array) - 1}`;
  const hashed = (value: string): string =>
    `(h = Math.imul(${value}, ${FACTOR}), h = Math.imul(h ^ h >>> 15, ${SECOND_FACTOR}))`;
  const flag = (array: ArrayLike<number>): string => {
    const shift = shiftOf(array);
    return `${named(array)}[${hashed('v')} >>> ${shift}] >>> (h >>> ${shift - 3} & 7) & 1`;
  };
  const lines = tables.slice(0, MOST_HITS).map((table, bit) => {
    const { byValue, byHash, byBlock, byHalf } = table.fronts;
    const tests = [
      byValue && `${named(byValue)}[v]`,
      byHash && flag(byHash),
      byBlock && `${named(byBlock)}[${hashed('v >>> 8')} >>> ${shiftOf(byBlock)}] >>> (v >>> 3 & 31) & 1`,
      byHalf && `${named(byHalf)}[v >>> 16]`,
    ].filter((text) => text !== undefined);
    return reading(
      table.field,
      `if ((${tests.map((test) => `(${test})`).join(' | ')}) !== 0) hits |= ${1 << bit};`,
    );
  });
  const text = `return (b, s, n) => { let hits = 0, v, x, h; ${lines.join('\n')} return hits; };`;
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
