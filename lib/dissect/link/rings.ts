/** Token Ring (IEEE 802.5) with its source routes, FDDI, and ARCnet as BSD and Linux record it. */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { hex2, hex4 } from '../frame/text.js';
import { printAppleTalkType } from '../network/appleTalk.js';
import { printIpx } from '../network/ipx.js';
import { printArp } from './arp.js';
import { printLlc } from './llc.js';

/** Returns bytes of header. */
function printFrame(d: Dissection, at: number, length: number, mac: number): number {
  const header = printLlc(d, at, length, d.end - at, mac + 6, mac);
  if (header < 0 && d.dumpUnknown) printHexAscii(d, at, d.end - at);
  return Math.abs(header);
}

/** What is no LLC; `head` is said where `-e` has not asked for it before. */
function printUnread(d: Dissection, at: number, head: () => void): void {
  if (!d.showsLink) head();
  if (d.dumpUnknown) printHexAscii(d, at, d.end - at);
}

const FDDI_HEADER = 13;
const FDDI_FRAMES = names('64 void|info|79 nsa|128 nrt|192 rt|194 beacon|claim', '');
const FDDI_CLASSES = names('64 smt|80 async|96 imp_async|192 mac|208 sync|224 imp_sync', '');

function frameControl(control: number): string {
  const kind = FDDI_CLASSES(control & 0xf0);
  return FDDI_FRAMES(control) || (kind === '' ? hex2(control) : kind + (control & 15).toString(16));
}

/** Returns bytes of header. */
export function printFddi(d: Dissection, at: number, length: number): number {
  d.cutAs = 'fddi';
  if (!d.has(at, FDDI_HEADER)) {
    d.markTruncated();
    return d.end - at;
  }
  const control = d.u8(at);
  const mac = at + 1;
  const head = (): void => {
    if (!d.quiet) d.out += `${frameControl(control)} `;
    d.out += `${d.mac(mac + 6)} > ${d.mac(mac)}, length ${length}: `;
  };
  if (d.showsLink) head();
  const [next, rest] = [at + FDDI_HEADER, length - FDDI_HEADER];
  if ((control & 0xf0) === 0x50) return FDDI_HEADER + printFrame(d, next, rest, mac);
  if ((control & 0xf0) === 0x40) d.out += '<SMT printer not yet implemented>';
  else printUnread(d, next, head);
  return FDDI_HEADER;
}

const TOKEN_HEADER = 14;
const ROUTED = 0x80;
const WAYS = ['Non-Broadcast', 'Non-Broadcast', 'All-routes', 'Single-route'];
const LARGEST = ['516', '1500', '2052', '4472', '8144', '11407', '17800', '??'];

/** Returns bytes of header. */
export function printTokenRing(d: Dissection, at: number, length: number): number {
  d.cutAs = 'token-ring';
  const cut = (): number => {
    d.markTruncated();
    return TOKEN_HEADER;
  };
  if (!d.has(at, TOKEN_HEADER)) return cut();
  const [access, control] = [d.u8(at), d.u8(at + 1)];
  const isRouted = (d.u8(at + 8) & ROUTED) !== 0;
  const whole = d.data;
  if (isRouted) {
    // The bit is no part of the address.
    d.data = whole.slice();
    d.data[at + 8]! &= ~ROUTED;
  }
  const head = (): void => {
    if (!d.quiet) d.out += `${hex2(access)} ${hex2(control)} `;
    d.out += `${d.mac(at + 8)} > ${d.mac(at + 2)}, length ${length}: `;
  };
  try {
    if (d.showsLink) head();
    let header = TOKEN_HEADER;
    if (isRouted) {
      const route = sayRoute(d, at + TOKEN_HEADER);
      if (route < 0) return cut();
      header += route;
    }
    const [next, rest] = [at + header, length - header];
    if ((control & 0xc0) === 0x40) return header + printFrame(d, next, rest, at + 2);
    printUnread(d, next, head);
    return header;
  } finally {
    d.data = whole;
  }
}

/** Returns its size; -1, having said nothing, where it is cut. */
function sayRoute(d: Dissection, at: number): number {
  if (!d.has(at, 2)) return -1;
  const route = d.u16(at);
  const size = (route >> 8) & 31;
  const count = size >> 1 === 0 ? 0 : (size >> 1) - 1;
  if (!d.has(at + 2, 2 * count)) return -1;
  if (d.verbosity) d.out += `${WAYS[route >> 14]} ${route & 0x80 ? 'Backward' : 'Forward'}`;
  else d.out += `rt = ${route.toString(16)}`;
  for (let i = 1; i <= count; i++) {
    const segment = d.u16(at + 2 * i);
    d.out += d.verbosity ? ` [${segment >> 4}:${segment & 15}]` : `:${segment.toString(16)}`;
  }
  d.out += ` (${LARGEST[(route >> 4) & 7]}) `;
  return size;
}

const ARCNET_TYPES = names(
  '0x80 diag|0xc4 ipv6|0xd4 ip|arp|rarp|0xdd atalk|banyan|0xf0 oldip|oldarp|0xfa ipx',
  '',
);
const OLD = new Set([0xf0, 0xf1, 0x80]);

/** A packet of which `offset` bytes stand before the type. */
function sayArcnet(d: Dissection, length: number, fragment: string): void {
  d.out += `${hex2(d.u8(0))} ${hex2(d.u8(1))} `;
  if (!d.quiet) d.out += `${ARCNET_TYPES(d.u8(2)) || hex2(d.u8(2))} ${fragment}`;
  d.out += `${length}: `;
}

function printInside(d: Dissection, type: number, at: number, length: number): void {
  if (type === 0xf0 || type === 0xd4) d.next.ip4(d, at, length);
  else if (type === 0xc4) d.next.ip6(d, at, length);
  else if (type === 0xf1 || type === 0xd5 || type === 0xd6) printArp(d, at, length, d.end - at);
  else if (type === 0xdd) printAppleTalkType(d, at, length);
  else if (type === 0xfa) printIpx(d, at);
  else printHexAscii(d, at, d.end - at);
}

/** LINKTYPE_ARCNET_BSD. */
export function printArcnet(d: Dissection, length: number): void {
  d.cutAs = 'arcnet';
  d.linkHeaderLength = d.end;
  if (!d.has(0, 3)) {
    d.markTruncated();
    return;
  }
  const type = d.u8(2);
  let header = 3;
  let [flag, fragment] = [0, ''];
  if (!OLD.has(type)) {
    const isException = d.has(0, 6) && d.u8(3) === 0xff;
    header = isException ? 10 : 6;
    if (!d.has(0, header)) {
      sayArcnet(d, length, '');
      d.out += ` phds${isException ? ' extended' : ''}`;
      d.markTruncated();
      return;
    }
    flag = d.u8(header - 3);
    const place =
      flag === 0
        ? ''
        : flag & 1
          ? `(first of ${(flag + 3) >> 1} fragments) `
          : `(fragment ${(flag >> 1) + 1}) `;
    fragment = `seqid ${hex4(d.u16(header - 2))} ${place}`;
  }
  if (d.showsLink) sayArcnet(d, length, fragment);
  d.linkHeaderLength = header;
  if (flag === 0 || flag & 1) printInside(d, type, header, length - header);
}

/** LINKTYPE_ARCNET_LINUX: packets that are put together, with an offset before the type. */
export function printArcnetLinux(d: Dissection, length: number): void {
  d.cutAs = 'arcnet_linux';
  d.linkHeaderLength = d.end;
  const header = d.has(0, 5) && OLD.has(d.u8(4)) ? 5 : 8;
  if (!d.has(0, header)) {
    d.markTruncated();
    return;
  }
  const type = d.u8(4);
  if (d.showsLink) sayArcnet(d, length, '');
  d.linkHeaderLength = header;
  printInside(d, type, header, length - header);
}
