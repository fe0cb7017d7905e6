/** AppleTalk's address resolution. */

import type { Dissection } from '../frame/dissection.js';

const SIZE = 28;
const APPLETALK = 0x809b;

/** Network and node; of all nodes the network alone. */
function address(d: Dissection, at: number): string {
  const node = d.u8(at + 3);
  return node === 255 ? `${d.u16(at + 1)}` : `${d.u16(at + 1)}.${node}`;
}

export function printAarp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'aarp';
  d.out += 'aarp ';
  if (!d.has(at, SIZE)) {
    d.markTruncated();
    return;
  }
  if (length < SIZE) {
    d.out += ` [|aarp ${length}]`;
    return;
  }
  const [hardware, protocol, sizes, operation] = [d.u16(at), d.u16(at + 2), d.u16(at + 4), d.u16(at + 6)];
  const [from, to] = [address(d, at + 14), address(d, at + 24)];
  if (hardware === 1 && protocol === APPLETALK && sizes === 0x604 && operation > 0 && operation < 4) {
    if (operation === 1) d.out += `who-has ${to} tell ${from}`;
    else if (operation === 2) d.out += `reply ${from} is-at ${d.mac(at + 8)}`;
    else d.out += `probe ${to} tell ${from}`;
    return;
  }
  const type = protocol === 0 ? '0' : `0x${protocol.toString(16)}`;
  d.out += `len ${length} op ${operation} htype ${hardware} ptype ${type} halen ${sizes >> 8} palen ${sizes & 255}`;
}
