/** Addresses of Frame Relay (Q.922 §3.3). */

import type { Dissection } from '../frame/dissection.js';

export interface Q922Address {
  readonly size: number;
  readonly dlci: number;
  readonly flags: number;
}

/** Two to four bytes; `undefined` where they are no address, `null` where they are cut. */
export function readQ922(d: Dissection, at: number, length: number): Q922Address | undefined | null {
  const end = Math.min(d.end, at + length);
  if (at >= end) return null;
  const first = d.u8(at);
  if (first & 1) return undefined;
  if (at + 1 >= end) return null;
  const second = d.u8(at + 1);
  let dlci = ((first & 0xfc) << 2) | (second >> 4);
  const flags = ((first & 2) << 24) | ((second & 0x0e) << 16);
  if (second & 1) return { size: 2, dlci, flags };
  let size = 3;
  if (at + 2 >= end) return null;
  if ((d.u8(at + 2) & 1) === 0) {
    if (at + 3 >= end) return null;
    dlci = (dlci << 7) | (d.u8(at + 2) >> 1);
    size = 4;
  }
  const last = d.u8(at + size - 1);
  if ((last & 1) === 0) return undefined;
  return { size, dlci: ((dlci << 6) | (last >> 2)) >>> 0, flags: flags | (last & 2) };
}
