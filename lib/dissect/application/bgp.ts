/**
 * BGP (RFC 4271): with `-v` the messages of a segment by type and length; their contents are not read.
 */

import type { Dissection } from '../frame/dissection.js';

const HEADER = 19;
const MARKER = 16;

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [1, 'Open'],
  [2, 'Update'],
  [3, 'Notification'],
  [4, 'Keepalive'],
  [5, 'Route Refresh'],
]);

export function printBgp(d: Dissection, at: number): void {
  d.protocol = 'bgp';
  d.out += ': BGP';
  if (!d.verbose) return;
  let expected = at;
  for (let cursor = at; d.has(cursor, MARKER); ) {
    if (!isMarker(d, cursor)) {
      cursor++;
      continue;
    }
    if (!d.has(cursor, HEADER) || cursor !== expected) d.markTruncated();
    if (!d.has(cursor, HEADER)) return;
    const length = d.u16(cursor + 16);
    const type = d.u8(cursor + 18);
    if (length < HEADER) {
      d.out += `\nmessage length ${length} < ${HEADER}`;
      d.markInvalid();
      return;
    }
    if (!d.has(cursor, length)) {
      d.out += `\n[|BGP ${MESSAGES.get(type) ?? 'Unknown Message Type'}]`;
      return;
    }
    d.out += `\n\t${MESSAGES.get(type) ?? 'Unknown'} Message (${type}), length: ${length}`;
    cursor += length;
    expected = cursor;
  }
}

/** Sixteen bytes of ones; the caller has checked that they are there. */
function isMarker(d: Dissection, at: number): boolean {
  for (let i = 0; i < MARKER; i++) if (d.data[at + i] !== 0xff) return false;
  return true;
}
