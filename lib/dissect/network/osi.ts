/**
 * What IS-IS, ES-IS and CLNP share: addresses of network services, the Fletcher checksum of ISO 8473 annex C, and which
 * protocol the first byte names.
 */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex2, hex4 } from '../frame/text.js';

export const NLPID = names(
  'NULL|8 Q.933|LMI|128 SNAP|CLNP|ES-IS|IS-IS|CONS|IDRP|193 ISIS_SPB|177 FRF.15|204 IPv4|207 PPP|138 X25 ES-IS|142 IPv6',
);

const MOST_NSAP = 20;

/** An address as `49.0001.0000`. @throws TRUNCATED */
export function nsap(d: Dissection, at: number, length: number): string {
  if (length < 1 || length > MOST_NSAP) return 'isonsap_string: illegal length';
  d.need(at, length);
  return nsapText(d.data.subarray(at, at + length));
}

export function nsapText(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    text += hex2(bytes[i]!);
    if (i % 2 === 0 && i + 1 < bytes.length) text += '.';
  }
  return text;
}

/** Says whether a checksum `offset` bytes from `at` is right for `length` bytes. */
export function sayOsiChecksum(
  d: Dissection,
  at: number,
  field: number,
  offset: number,
  length: number,
): void {
  if (field === 0 || !d.has(at + offset, 2) || offset > length || !d.has(at, length)) {
    d.out += ' (unverified)';
    return;
  }
  const expected = osiChecksum(d.data.subarray(at, at + length), offset);
  d.out += field === expected ? ' (correct)' : ` (incorrect should be 0x${hex4(expected)})`;
}

function osiChecksum(data: Uint8Array, offset: number): number {
  let c0 = 0;
  let c1 = 0;
  for (let i = 0; i < data.length; i++) {
    if (i !== offset && i !== offset + 1) c0 += data[i]!;
    c1 += c0;
  }
  c0 %= 255;
  c1 %= 255;
  const product = (data.length - offset) * c0;
  let x = (product - c0 - c1) | 0;
  let y = (c1 - product - 1) | 0;
  if (y >= 0) y++;
  if (x < 0) x--;
  x = x % 255 || 255;
  y = y % 255 || 255;
  return ((x << 8) | (y & 0xff)) & 0xffff;
}
