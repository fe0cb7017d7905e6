/** OSPF, version 2 (RFC 2328) here, version 3 in the file beside it. */

import type { Dissection } from '../frame/dissection.js';
import { ip4, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { type PrintHeader, printer } from '../frame/say.js';
import { type FlagNames, flags, hex4, hex8, visible } from '../frame/text.js';
import { CUT, printOspf3 } from './ospf3.js';
import { OPTIONS2, printHeader, printLsa, printRequest } from './ospfLsa.js';

const HEADER = 24;
const LLS = 0x10;
const PASSWORD = 1;
const CRYPTOGRAPHIC = 2;
/** Bytes of an MD5 digest, which stands behind the packet and is no part of it. */
const DIGEST = 16;
// biome-ignore format: a table
const TYPES: Readonly<Record<number, string>> = {
  1: 'Hello', 2: 'Database Description', 3: 'LS-Request', 4: 'LS-Update', 5: 'LS-Ack',
};
const AUTHENTICATION: Readonly<Record<number, string>> = { 0: 'none', 1: 'simple', 2: 'MD5' };

export const OSPF = layout('ospf', {
  version: u8(0),
  msg: u8(1).named(TYPES, (type) => `unknown packet type (${type})`),
  packet_length: u16(2),
  srcrouter: ip4(4),
  area_id: ip4(8),
  checksum: u16(12, 'hex'),
  'auth.type': u16(14)
    .named(AUTHENTICATION, () => 'unknown')
    .when((p) => p.u8(0) === 2),
  instance_id: u8(14).when((p) => p.u8(0) === 3),
});

const printPacket = printer(OSPF, 'ospf2', (say, p, d, ip) => {
  const { at, wireLength } = p;
  // What carries a packet tells how it is read, not its version.
  if (d.u8(ip) >> 4 === 6) {
    printOspf3(d, at, wireLength);
    return;
  }
  const { version } = p;
  const authentication = p.u16(14);
  const digest = authentication === CRYPTOGRAPHIC ? DIGEST : 0;
  d.end -= digest;
  const type = d.u8(at + 1);
  const name = TYPES[type] ?? `unknown LS-type ${type}`;
  const length = wireLength - digest;
  say`OSPFv${version}, ${name}, length ${length}`;
  if (TYPES[type] === undefined || !d.verbosity) return;
  const size = d.u16(at + 2);
  if (size !== length) say` [len ${size}]`;
  const end = at + Math.min(size, length);
  say`\n\tRouter-ID ${d.ip4(at + 4)}`;
  say`${d.u32(at + 8) === 0 ? ', Backbone Area' : `, Area ${d.ip4(at + 8)}`}`;
  printAuthentication(d, at, authentication);
  if (AUTHENTICATION[authentication] === undefined) return;
  if (version !== 2) {
    say` ospf [version ${version}]`;
    return;
  }
  const hasLls = BODIES[type]!(d, at + HEADER, end);
  if (hasLls && length > size) printLls(d, at + size + (digest === 0 ? 0 : d.u8(at + 19)), at + length);
});

/** Prints a packet of either version. */
export const printOspf: PrintHeader = (d, at, length, outer) => {
  const { end } = d;
  try {
    printPacket(d, at, length, outer);
    d.end = end;
  } catch (error) {
    if (error !== CUT) throw error;
    d.markTruncated();
  }
};

function printAuthentication(d: Dissection, at: number, type: number): void {
  d.need(at + 16, 8);
  d.out += `, Authentication Type: ${AUTHENTICATION[type] ?? 'unknown'} (${type})`;
  if (type === PASSWORD) {
    d.out += '\n\tSimple text password: ';
    for (let i = 16; i < HEADER && d.u8(at + i) !== 0; i++) d.out += visible(d.u8(at + i));
  } else if (type === CRYPTOGRAPHIC)
    d.out += `\n\tKey-ID: ${d.u8(at + 18)}, Auth-Length: ${d.u8(at + 19)}, Crypto Sequence Number: 0x${hex8(d.u32(at + 20))}`;
}

const DD_FLAGS: FlagNames = [
  [0x04, 'Init'],
  [0x02, 'More'],
  [0x01, 'Master'],
  [0x08, 'OOBResync'],
];

/** What stands behind the header; true where its options tell of a link-local signaling block. */
const BODIES: Readonly<Record<number, (d: Dissection, at: number, end: number) => boolean>> = {
  1(d, at, end) {
    const options = d.u8(at + 6);
    d.out += `\n\tOptions [${flags(OPTIONS2, options, 'none')}]`;
    d.out += `\n\t  Hello Timer ${d.u16(at + 4)}s, Dead Timer ${d.u32(at + 8)}s, Mask ${d.ip4(at)}, Priority ${d.u8(at + 7)}`;
    if (d.u32(at + 12) !== 0) d.out += `\n\t  Designated Router ${d.ip4(at + 12)}`;
    if (d.u32(at + 16) !== 0) d.out += `, Backup Designated Router ${d.ip4(at + 16)}`;
    if (at + 20 < end) d.out += '\n\t  Neighbor List:';
    for (let next = at + 20; next < end; next += 4) d.out += `\n\t    ${d.ip4(next)}`;
    return (options & LLS) !== 0;
  },
  2(d, at, end) {
    const options = d.u8(at + 2);
    d.out += `\n\tOptions [${flags(OPTIONS2, options, 'none')}]`;
    d.out += `, DD Flags [${flags(DD_FLAGS, d.u8(at + 3), 'none')}]`;
    if (d.u16(at) !== 0) d.out += `, MTU: ${d.u16(at)}`;
    d.out += `, Sequence: 0x${hex8(d.u32(at + 4))}`;
    for (let next = at + 8; next < end; next += 20) if (!printHeader(d, next)) break;
    return (options & LLS) !== 0;
  },
  3(d, at, end) {
    for (let next = at; next < end; next += 12) printRequest(d, next);
    return false;
  },
  4(d, at) {
    const count = d.u32(at);
    d.out += `, ${count} LSA${count === 1 ? '' : 's'}`;
    let next = at + 4;
    for (let i = 1; i <= count; i++) {
      d.out += `\n\t  LSA #${i}`;
      next = printLsa(d, next);
    }
    return false;
  },
  5(d, at) {
    let next = at;
    while (printHeader(d, next)) next += 20;
    return false;
  },
};

const LLS_TLVS: Readonly<Record<number, readonly [name: string, size: number]>> = {
  1: ['Extended Options', 4],
  2: ['MD5 Authentication', 20],
};
const EXTENDED: FlagNames = [
  [1, 'LSDB resync'],
  [2, 'Restart'],
];

/** Link-local signaling (RFC 5613). */
function printLls(d: Dissection, at: number, end: number): void {
  d.out += `\n\t  LLS: checksum: 0x${hex4(d.u16(at))}`;
  d.out += `, length: ${d.u16(at + 2)}`;
  let next = at + 4;
  while (next < end) {
    const type = d.u16(next);
    const row = LLS_TLVS[type];
    d.out += `\n\t    ${row?.[0] ?? 'Unknown TLV'} (${type})`;
    const size = d.u16(next + 2);
    d.out += `, length: ${size}`;
    next += 4;
    if (row !== undefined) {
      if (size !== row[1]) d.out += ` [should be ${row[1]}]`;
      const value = d.u32(next);
      if (type === 1) d.out += `\n\t      Options: 0x${hex8(value)} [${flags(EXTENDED, value, '?')}]`;
      else d.out += `\n\t      Sequence number: 0x${hex8(value)}`;
    }
    next += row === undefined ? size : row[1];
  }
}
