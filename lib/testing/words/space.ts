/** Test support: what a number space is, and how its rows are written. */

import type { Random } from '../random.js';
import { type Bytes, times } from './bytes.js';

export interface Space {
  readonly kind: string;
  /** The link type; a function where it is the space. */
  readonly link: number | ((n: number) => number);
  readonly make: (random: Random, n: number) => Uint8Array;
}

export type Make = (random: Random, n: number) => Bytes;

export const on = (kind: string, make: Make, link: Space['link'] = 1): Space => ({
  kind,
  link,
  make: (random, n) => Uint8Array.from(make(random, n)),
});

/** A few items, the first of them of the number. */
export const list = (random: Random, n: number, item: (type: number) => Bytes, space = 256): Bytes =>
  [item(n % space), ...times(random(4), () => item(random(space)))].flat();

// Who prints what a number announces.

/** A port that nothing is known of. */
export const KEEP = 16_384;
export const padded = (body: Bytes, to: number): Bytes => [
  ...body,
  ...times((to - (body.length % to)) % to, () => 0),
];
