/** OSPF version 3 (RFC 5340). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { type FlagNames, flags, hex4, hex8 } from '../frame/text.js';
import { LSA_HEADER } from './ospfLsa.js';
import { printGrace, printTrafficEngineering } from './ospfTlvs.js';

type Names = Readonly<Record<number, string>>;

const HEADER = 16;
const TRAILER = 16;
const LLS_HEADER = 4;
const LLS = 0x200;
/** Thrown where the lengths in a packet do not hold together: it ends there as if it were cut, and its link header stays known. */
export const CUT = new Error('lengths of OSPF contradict each other');

// biome-ignore format: a table
const PACKETS: Names = { 1: 'Hello', 2: 'Database Description', 3: 'LS-Request', 4: 'LS-Update', 5: 'LS-Ack' };
// biome-ignore format: a table
const OPTIONS: FlagNames = [
  [0x01, 'V6'], [0x02, 'External'], [0x04, 'Deprecated'], [0x08, 'NSSA'], [0x10, 'Router'], [0x20, 'Demand Circuit'],
  [0x100, 'AFs Support'], [0x200, 'LLS'], [0x400, 'Authentication Trailer'],
];
// biome-ignore format: a table
const DD_FLAGS: FlagNames = [[0x04, 'Init'], [0x02, 'More'], [0x01, 'Master'], [0x10, 'IPv6 MTU']];
// biome-ignore format: a table
const TYPES: Names = {
  1: 'Router', 2: 'Network', 3: 'Inter-Area Prefix', 4: 'Inter-Area Router', 5: 'External', 6: 'Deprecated', 7: 'NSSA',
  8: 'Link', 9: 'Intra-Area Prefix', 10: 'Intra-Area TE', 11: 'Grace', 12: 'Router Information', 13: 'Inter-AS-TE', 14: 'Layer 1 VPN',
};
const SCOPES = ['Link Local', 'Area Local', 'Domain Wide', 'Unknown'];
// biome-ignore format: a table
const ROUTER: FlagNames = [
  [0x01, 'ABR'], [0x02, 'External'], [0x04, 'Virtual-Link Endpoint'], [0x08, 'Deprecated'], [0x10, 'NSSA Translator'],
];
const FORWARDING = 0x02;
const TAG = 0x01;
// biome-ignore format: a table
const EXTERNAL: FlagNames = [[0x80, 'External Type 2'], [FORWARDING, 'Forwarding'], [TAG, 'Tag']];
// biome-ignore format: a table
const PREFIX: FlagNames = [
  [0x01, 'No Unicast'], [0x02, 'Local address'], [0x04, 'Deprecated'], [0x08, 'Propagate'], [0x10, 'Down'], [0x20, 'N-bit'],
];

const optionsText = (d: Dissection, at: number): string => flags(OPTIONS, d.u24(at), 'none');

/** Prints a packet that IPv6 carries. */
export function printOspf3(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ospf3';
  const type = d.u8(at + 1);
  d.out += `OSPFv${d.u8(at)}, ${PACKETS[type] ?? `unknown packet type (${type})`}, length ${length}`;
  if (PACKETS[type] === undefined || !d.verbosity) return;
  const size = d.u16(at + 2);
  if (length < size) {
    d.out += ` [len ${size}]`;
    return;
  }
  d.out += `\n\tRouter-ID ${d.ip4(at + 4)}`;
  d.out += d.u32(at + 8) === 0 ? ', Backbone Area' : `, Area ${d.ip4(at + 8)}`;
  const instance = d.u8(at + 14);
  if (instance !== 0) d.out += `, Instance ${instance}`;
  if (d.u8(at) !== 3) return;
  const hasLls = BODIES[type]!(d, at + HEADER, at + size);
  if (length > size) printTrailers(d, at + size, length - size, hasLls);
}

/** Link-local signaling (RFC 5613), whose length is taken for one in bytes, and authentication (RFC 7166). */
function printTrailers(d: Dissection, at: number, length: number, hasLls: boolean): void {
  let next = at;
  let left = length;
  if (hasLls) {
    if (left < LLS_HEADER) throw CUT;
    d.out += `\n\tLLS Checksum 0x${hex4(d.u16(next))}`;
    const size = d.u16(next + 2);
    d.out += `, Data Length ${size}`;
    if (size < LLS_HEADER || size > left) throw CUT;
    if (!d.has(next, size)) throw CUT;
    next += size;
    left -= size;
  }
  if (left === 0) return;
  if (left < TRAILER) throw CUT;
  const type = d.u16(next);
  d.out += `\n\tAuthentication Type ${type === 1 ? 'HMAC' : `unknown (0x${hex4(type)})`}`;
  const size = d.u16(next + 2);
  d.out += `, Length ${size}`;
  if (size < TRAILER || size > left) throw CUT;
  d.out += `, SAID ${d.u16(next + 6)}`;
  d.out += `, CSN 0x${hex8(d.u32(next + 8))}`;
  d.out += `:${hex8(d.u32(next + 12))}`;
  if (!d.has(next, size)) throw CUT;
  if (d.verbosity > 1) printUnknown(d, next + TRAILER, size - TRAILER, '\n\tAuthentication Data ');
}

/** What stands behind the header; true where its options tell of link-local signaling. */
const BODIES: Readonly<Record<number, (d: Dissection, at: number, end: number) => boolean>> = {
  1(d, at, end) {
    d.out += `\n\tOptions [${optionsText(d, at + 5)}]`;
    d.need(at, 12);
    d.out += `\n\t  Hello Timer ${d.u16(at + 8)}s, Dead Timer ${d.u16(at + 10)}s, Interface-ID ${d.ip4(at)}, Priority ${d.u8(at + 4)}`;
    if (d.u32(at + 12) !== 0) d.out += `\n\t  Designated Router ${d.ip4(at + 12)}`;
    if (d.u32(at + 16) !== 0) d.out += `, Backup Designated Router ${d.ip4(at + 16)}`;
    const hasLls = (d.u24(at + 5) & LLS) !== 0;
    if (d.verbosity < 2) return hasLls;
    d.out += '\n\t  Neighbor List:';
    for (let next = at + 20; next < end; next += 4) {
      if (next + 4 > end) throw CUT;
      d.out += `\n\t    ${d.ip4(next)}`;
    }
    return hasLls;
  },
  2(d, at, end) {
    d.out += `\n\tOptions [${optionsText(d, at + 1)}]`;
    d.out += `, DD Flags [${flags(DD_FLAGS, d.u16(at + 6), 'none')}]`;
    d.out += `, MTU ${d.u16(at + 4)}, DD-Sequence 0x${hex8(d.u32(at + 8))}`;
    if (d.verbosity > 1) for (let next = at + 12; next < end; next += LSA_HEADER) printHeader(d, next, end);
    return (d.u24(at + 1) & LLS) !== 0;
  },
  3(d, at, end) {
    if (d.verbosity < 2) return false;
    for (let next = at; next < end; next += 12) {
      if (!d.has(next, 12)) throw CUT;
      d.out += `\n\t  Advertising Router ${d.ip4(next + 8)}`;
      printReference(d, d.u16(next + 2), next + 4);
    }
    return false;
  },
  4(d, at, end) {
    if (d.verbosity < 2) return false;
    let next = at + 4;
    for (let left = d.u32(at); left > 0 && next < end; left--) next = printLsa(d, next, end);
    return false;
  },
  5(d, at, end) {
    if (d.verbosity > 1) for (let next = at; next < end; next += LSA_HEADER) printHeader(d, next, end);
    return false;
  },
};

function printReference(d: Dissection, type: number, id: number): void {
  const kind = type & 0x1fff;
  d.out += `\n\t    ${TYPES[kind] ?? 'Unknown'} LSA (${kind}), ${SCOPES[(type >> 13) & 3]} Scope`;
  d.out += `${type & 0x8000 ? ', transitive' : ''}, LSA-ID ${d.ip4(id)}`;
}

function printHeader(d: Dissection, at: number, limit: number): void {
  if (at + LSA_HEADER > limit) throw CUT;
  d.need(at, LSA_HEADER);
  d.out += `\n\t  Advertising Router ${d.ip4(at + 8)}, seq 0x${hex8(d.u32(at + 12))}, age ${d.u16(at)}s`;
  d.out += `, length ${lengthText(d.u16(at + 18) - LSA_HEADER)}`;
  printReference(d, d.u16(at + 2), at + 4);
}

/** A length less than that of the header wraps around 64 bits. */
const lengthText = (length: number): string =>
  length < 0 ? BigInt.asUintN(64, BigInt(length)).toString() : `${length}`;

/** An advertisement; returns where the next one begins. @throws TRUNCATED */
function printLsa(d: Dissection, at: number, limit: number): number {
  printHeader(d, at, limit);
  const length = d.u16(at + 18);
  if (length < LSA_HEADER || at + length > limit) throw CUT;
  const body = at + LSA_HEADER;
  const end = at + length;
  const print = ADVERTISEMENTS[d.u16(at + 2)];
  if (print !== undefined) print(d, body, end);
  else printUnknown(d, body, end - body, '\n\t      ');
  return end;
}

const ADVERTISEMENTS: Readonly<Record<number, (d: Dissection, at: number, end: number) => void>> = {
  8193: printRouter,
  8194(d, at, end) {
    if (end - at < 4) throw CUT;
    d.out += `\n\t      Options [${optionsText(d, at + 1)}]\n\t      Connected Routers:`;
    for (let next = at + 4; next < end; next += 4) d.out += `\n\t\t${d.ip4(next)}`;
  },
  8195(d, at, end) {
    if (end - at < 4) throw CUT;
    d.out += `, metric ${d.u24(at + 1)}`;
    for (let next = at + 4; next < end; ) next = printPrefix(d, next, end);
  },
  16389: printExternal,
  8(d, at, end) {
    if (end - at < 4 || !d.has(at, 4)) throw CUT;
    d.out += `\n\t      Options [${optionsText(d, at + 1)}]`;
    if (end - at < 24) throw CUT;
    d.out += `\n\t      Priority ${d.u8(at)}, Link-local address ${d.ip6(at + 4)}, Prefixes ${d.u32(at + 20)}:`;
    printPrefixes(d, at + 24, end, d.u32(at + 20));
  },
  8201(d, at, end) {
    if (end - at < 12 || !d.has(at, 12)) throw CUT;
    printReference(d, d.u16(at + 2), at + 4);
    d.out += `\n\t      Prefixes ${d.u16(at)}:`;
    printPrefixes(d, at + 12, end, d.u16(at));
  },
  10: (d, at, end) => orEnd(printTrafficEngineering(d, at, end - at)),
  11: (d, at, end) => orEnd(printGrace(d, at, end - at)),
};

function orEnd(isWhole: boolean): void {
  if (!isWhole) throw CUT;
}

// biome-ignore format: a table
const LINKS: Names = { 1: 'Neighbor Router-ID', 2: 'Neighbor Network-ID', 4: 'Virtual Link: Neighbor Router-ID' };

function printRouter(d: Dissection, at: number, end: number): void {
  if (end - at < 4) throw CUT;
  d.out += `\n\t      Options [${optionsText(d, at + 1)}], RLA-Flags [${flags(ROUTER, d.u8(at), 'none')}]`;
  for (let next = at + 4; next < end; next += 16) {
    if (next + 16 > end || !d.has(next, 16)) throw CUT;
    const type = d.u8(next);
    const name = LINKS[type];
    if (name === undefined) {
      d.out += `\n\t      Unknown Router Links Type 0x${type.toString(16).padStart(2, '0')}`;
      return;
    }
    d.out += `\n\t      ${name} ${d.ip4(next + 12)}`;
    d.out += `\n\t      Neighbor Interface-ID ${d.ip4(next + 8)}, Interface ${d.ip4(next + 4)}, metric ${d.u16(next + 2)}`;
  }
}

function printPrefixes(d: Dissection, at: number, end: number, count: number): void {
  let next = at;
  for (let left = count; left > 0; left--) next = printPrefix(d, next, end);
}

/** An address prefix with its options; returns where it ends. */
function printPrefix(d: Dissection, at: number, end: number): number {
  if (!d.has(at, 4)) throw CUT;
  const [length, options] = [d.u8(at), d.u8(at + 1)];
  const size = Math.ceil(length / 32) * 4;
  if (length > 128) {
    d.out += ` bogus prefixlen /${length}`;
    throw CUT;
  }
  if (at + 4 + size > end) throw CUT;
  d.need(at, 4 + size);
  const bytes = new Uint8Array(16);
  bytes.set(d.data.subarray(at + 4, at + 4 + size));
  d.out += `\n\t\t${d.addresses.ip6(bytes, 0)}/${length}`;
  if (options !== 0) d.out += `, Options [${flags(PREFIX, options, 'none')}]`;
  d.out += `, metric ${d.u16(at + 2)}`;
  return at + 4 + size;
}

function printExternal(d: Dissection, at: number, end: number): void {
  if (end - at < 4) throw CUT;
  const bits = d.u8(at);
  d.out += `\n\t     Flags [${flags(EXTERNAL, bits, 'none')}] metric ${d.u24(at + 1)}`;
  let next = printPrefix(d, at + 4, end);
  if (bits & FORWARDING) {
    d.out += ` forward ${d.ip6(next)}`;
    next += 16;
  }
  if (bits & TAG) {
    d.out += ` tag ${d.ip4(next)}`;
    next += 4;
  }
  if (d.u8(at + 6) !== 0) d.out += ` RefLSID: ${d.ip4(next)}`;
}
