/** Ad-hoc configuration (draft-chroboczek-ahcp). */

import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex2 } from '../frame/text.js';

const MAGIC = 43;
const HEADER = 24;
const OPTIONS = names(
  'Pad|Mandatory|Origin Time|Expires|My-IPv6-Address|My-IPv4-Address|IPv6 Prefix|IPv4 Prefix|IPv6 Address|IPv4 Address|IPv6 Prefix Delegation|IPv4 Prefix Delegation|Name Server|NTP Server',
  '',
);
const MESSAGES = names('Discover|Offer|Request|Ack|Nack|Release', '');

function fail(d: Dissection, at: number, left: number): void {
  d.markInvalid();
  d.need(at, left);
}

type Say = (d: Dissection, at: number) => string;
const ADDRESS_6: readonly [number, Say] = [16, (d, at) => d.ip6(at)];
const ADDRESS_4: readonly [number, Say] = [4, (d, at) => d.ip4(at)];
const PREFIX_6: readonly [number, Say] = [17, (d, at) => `${d.ip6(at)}/${d.u8(at + 16)}`];
const PREFIX_4: readonly [number, Say] = [5, (d, at) => `${d.ip4(at)}/${d.u8(at + 4)}`];
/** Lists of values of one size. */
const LISTS: Readonly<Record<number, readonly [size: number, say: Say]>> = {
  4: ADDRESS_6,
  5: ADDRESS_4,
  6: PREFIX_6,
  8: ADDRESS_6,
  9: ADDRESS_4,
  10: PREFIX_6,
  11: PREFIX_4,
  12: ADDRESS_6,
  13: ADDRESS_6,
};

function printValue(d: Dissection, type: number, start: number, length: number): void {
  if (type === 2 || type === 3) {
    if (length !== 4) {
      fail(d, start, length);
      return;
    }
    const value = d.u32(start);
    const time = new Date(value * 1000).toISOString();
    d.out += type === 3 ? `: ${value}s` : `: ${time.slice(0, 10)} ${time.slice(11, 19)} UTC`;
    return;
  }
  const list = LISTS[type];
  if (list === undefined) {
    d.out += ` (Length ${length})`;
    d.need(start, length);
    return;
  }
  let left = length;
  for (let at = start; left > 0; at += list[0], left -= list[0]) {
    if (left < list[0]) {
      fail(d, at, left);
      return;
    }
    const text = list[1](d, at);
    d.out += `${at === start ? ': ' : ', '}${text}`;
  }
}

function printOptions(d: Dissection, start: number, length: number): void {
  const end = start + length;
  for (let at = start; at < end; ) {
    const type = d.u8(at++);
    d.out += `\n\t ${OPTIONS(type) || `Unknown-${type}`}`;
    if (type < 2) continue;
    if (at === end) {
      fail(d, at, 0);
      return;
    }
    const size = d.u8(at++);
    if (size > end - at) {
      fail(d, at, end - at);
      return;
    }
    printValue(d, type, at, size);
    at += size;
  }
}

function printBody(d: Dissection, at: number, length: number): void {
  if (length < 4) {
    fail(d, at, length);
    return;
  }
  const [type, zero, size] = [d.u8(at), d.u8(at + 1), d.u16(at + 2)];
  if (d.verbosity) {
    d.out += `\n\t${MESSAGES(type) || `Unknown-${type}`}${zero ? `, MBZ ${zero}` : ''}, Length ${size}`;
  }
  if (size > length - 4) fail(d, at + 4, length - 4);
  else if (d.verbosity > 1) printOptions(d, at + 4, size);
  else d.need(at + 4, size);
}

export function printAhcp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'ahcp';
  d.out += 'AHCP';
  if (length < 2 || d.u8(start) !== MAGIC) {
    fail(d, start, length);
    return;
  }
  const version = d.u8(start + 1);
  const at = start + 2;
  if (version !== 1) {
    d.out += ` Version ${version} (unknown)`;
    d.need(at, length - 2);
    return;
  }
  d.out += ' Version 1';
  if (length < HEADER) {
    fail(d, at, length - 2);
    return;
  }
  if (d.verbosity) {
    const id = (place: number): string =>
      [0, 1, 2, 3, 4, 5, 6, 7].map((i) => hex2(d.u8(place + i))).join(':');
    d.out += `\n\tHopcount ${d.u8(at)}`;
    d.out += `, Original Hopcount ${d.u8(at + 1)}`;
    d.out += `, Nonce 0x${d
      .u32(at + 2)
      .toString(16)
      .padStart(8, '0')}`;
    d.need(at + 6, 8);
    d.out += `, Source Id ${id(at + 6)}`;
    d.need(at + 14, 8);
    d.out += `, Destination Id ${id(at + 14)}`;
  } else d.need(at, HEADER - 2);
  printBody(d, start + HEADER, length - HEADER);
}
