/** Link state advertisements of OSPF version 2 (RFC 2328, RFC 5250, RFC 4970). */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { type FlagNames, flags, hex8 } from '../frame/text.js';
import { printGrace, printTrafficEngineering } from './ospfTlvs.js';

type Names = Readonly<Record<number, string>>;

export const LSA_HEADER = 20;
// biome-ignore format: a table
export const OPTIONS2: FlagNames = [
  [0x01, 'MultiTopology'], [0x02, 'External'], [0x04, 'Multicast'], [0x08, 'NSSA'], [0x10, 'LLS'], [0x20, 'Demand Circuit'],
  [0x40, 'Opaque'], [0x80, 'Up/Down'],
];
// biome-ignore format: a table
const TYPES: Names = {
  1: 'Router', 2: 'Network', 3: 'Summary', 4: 'ASBR Summary', 5: 'External', 6: 'Multicast Group', 7: 'NSSA',
  9: 'Link Local Opaque', 10: 'Area Local Opaque', 11: 'Domain Wide Opaque',
};
const OPAQUE: Names = { 1: 'Traffic Engineering', 3: 'Graceful restart', 4: 'Router Information' };
const isOpaque = (type: number): boolean => type >= 9 && type <= 11;
const TOPOLOGIES: Names = { 0: 'default', 1: 'multicast', 2: 'management' };
const topology = (tos: number): string => `\n\t\ttopology ${TOPOLOGIES[tos] ?? 'Unknown'} (${tos})`;
// biome-ignore format: a table
const ROUTER: FlagNames = [[0x01, 'ABR'], [0x02, 'ASBR'], [0x04, 'Virtual'], [0x08, 'Wildcard'], [0x10, 'Nt'], [0x80, 'Host']];
// biome-ignore format: a table
const CAPABILITIES: FlagNames = [
  [0x01, 'Reserved'], [0x02, 'Reserved'], [0x04, 'Reserved'], [0x08, 'Reserved'], [0x10, 'graceful restart capable'],
  [0x20, 'graceful restart helper'], [0x40, 'Stub router support'], [0x80, 'Traffic engineering'], [0x100, 'p2p over LAN'],
  [0x200, 'path computation server'],
];

/** A type and what it is about, as a request names it. */
export function printRequest(d: Dissection, at: number): void {
  const type = d.u32(at);
  d.out += `\n\t  Advertising Router: ${d.ip4(at + 8)}, ${TYPES[type] ?? 'unknown'} LSA (${type})`;
  if (isOpaque(type)) {
    const opaque = d.u8(at + 4);
    d.out += `, Opaque-Type: ${OPAQUE[opaque] ?? 'unknown'} LSA (${opaque}), Opaque-ID: ${d.u24(at + 5)}`;
  } else d.out += `, LSA-ID: ${d.ip4(at + 4)}`;
}

/** The header of an advertisement. False where its length cannot be. */
export function printHeader(d: Dissection, at: number): boolean {
  d.need(at, LSA_HEADER);
  const [type, length] = [d.u8(at + 3), d.u16(at + 18)];
  if (length < LSA_HEADER) {
    d.out += `\n\t    Bogus length ${length} < header (${LSA_HEADER})`;
    return false;
  }
  d.out += `\n\t  Advertising Router ${d.ip4(at + 8)}, seq 0x${hex8(d.u32(at + 12))}, age ${d.u16(at)}s`;
  d.out += `, length ${length - LSA_HEADER}\n\t    ${TYPES[type] ?? 'unknown'} LSA (${type})`;
  if (isOpaque(type)) {
    const opaque = d.u8(at + 4);
    d.out += `, Opaque-Type ${OPAQUE[opaque] ?? 'unknown'} LSA (${opaque}), Opaque-ID ${d.u24(at + 5)}`;
  } else d.out += `, LSA-ID: ${d.ip4(at + 4)}`;
  d.out += `\n\t    Options: [${flags(OPTIONS2, d.u8(at + 2), 'none')}]`;
  return true;
}

/** An advertisement; returns where the next one begins. @throws TRUNCATED */
export function printLsa(d: Dissection, at: number): number {
  if (!printHeader(d, at)) throw TRUNCATED;
  const length = d.u16(at + 18);
  const body = at + LSA_HEADER;
  const end = at + length;
  const type = d.u8(at + 3);
  const print = isOpaque(type) ? OPAQUES[d.u8(at + 4)] : BODIES[type];
  if (print?.(d, body, length - LSA_HEADER) === false) return end;
  if (d.verbosity > 1 || (d.verbosity === 1 && isOpaque(type) && print === undefined))
    printUnknown(d, body, end - body, '\n\t    ');
  return end;
}

/** Prints what stands behind the header. False where the rest of it is not to be shown. */
type BodyPrinter = (d: Dissection, at: number, length: number) => boolean;

const OPAQUES: Readonly<Record<number, BodyPrinter>> = {
  1: printTrafficEngineering,
  3: printGrace,
  4: printInformation,
};

const BODIES: Readonly<Record<number, BodyPrinter>> = {
  1: printRouter,
  2(d, at, length) {
    d.out += `\n\t    Mask ${d.ip4(at)}\n\t    Connected Routers:`;
    for (let next = at + 4; next < at + length; next += 4) d.out += `\n\t      ${d.ip4(next)}`;
    return true;
  },
  3(d, at, length) {
    d.need(at, 4);
    d.out += `\n\t    Mask ${d.ip4(at)}`;
    return printMetrics(d, at + 4, at + length);
  },
  4(d, at, length) {
    d.need(at, 4);
    return printMetrics(d, at + 4, at + length);
  },
  5: printExternal,
  6: printGroup,
  7: printExternal,
};

// biome-ignore format: a table
const LINKS: Readonly<Record<number, readonly [id: string, data: string]>> = {
  1: ['Neighbor Router-ID', 'Interface Address'], 2: ['Neighbor Network-ID', 'Interface Address'], 3: ['Stub Network', 'Mask'],
  4: ['Virtual Link: Neighbor Router-ID', 'Interface Address'],
};

function printRouter(d: Dissection, at: number): boolean {
  d.out += `\n\t    Router LSA Options: [${flags(ROUTER, d.u8(at), 'none')}]`;
  let next = at + 4;
  d.need(next, 12);
  for (let left = d.u16(at + 2); left > 0; left--) {
    d.need(next, 12);
    const type = d.u8(next + 8);
    const row = LINKS[type];
    if (row === undefined) {
      d.out += `\n\t      Unknown Router Link Type (${type})`;
      return false;
    }
    d.out += `\n\t      ${row[0]}: ${d.ip4(next)}, ${row[1]}: ${d.ip4(next + 4)}`;
    d.out += `${topology(0)}, metric ${d.u16(next + 10)}`;
    const others = d.u8(next + 9);
    next += 12;
    for (let i = 0; i < others; i++, next += 4) {
      d.need(next, 4);
      d.out += `${topology(d.u8(next))}, metric ${d.u16(next + 2)}`;
    }
  }
  return true;
}

function printMetrics(d: Dissection, at: number, end: number): boolean {
  d.need(at, 4);
  for (let next = at; next < end; next += 4)
    d.out += `${topology((d.u32(next) >>> 24) & 0x7f)} metric ${d.u24(next + 1)}`;
  return true;
}

function printExternal(d: Dissection, at: number, length: number): boolean {
  d.out += `\n\t    Mask ${d.ip4(at)}`;
  d.need(at + 4, 4);
  for (let next = at + 4; next < at + length; next += 12) {
    const [tos, metric] = [d.u8(next), d.u24(next + 1)];
    d.out += `${topology(tos & 0x7f)}, type ${tos & 0x80 ? 2 : 1}, metric ${metric === 0xffffff ? 'infinite' : metric}`;
    if (d.u32(next + 4) !== 0) d.out += `, forward ${d.ip4(next + 4)}`;
    if (d.u32(next + 8) !== 0) d.out += `, tag ${d.ip4(next + 8)}`;
  }
  return true;
}

/** RFC 1584. */
function printGroup(d: Dissection, at: number, length: number): boolean {
  for (let next = at; next < at + length; next += 8) {
    const type = d.u32(next);
    if (type === 1) d.out += `\n\t    Router Router-ID ${d.ip4(next + 4)}`;
    else if (type === 2) d.out += `\n\t    Network Designated Router ${d.ip4(next + 4)}`;
    else d.out += `\n\t    unknown VertexType (${type})`;
  }
  return true;
}

/** TLVs of router information; they are not aligned here. */
function printInformation(d: Dissection, at: number, length: number): boolean {
  let next = at;
  let left = length;
  while (left > 0) {
    d.need(next, 4);
    if (left < 4) {
      d.out += `\n\t    Remaining LS length ${left} < 4`;
      return false;
    }
    const [type, size] = [d.u16(next), d.u16(next + 2)];
    d.out += `\n\t    ${type === 1 ? 'Router Capabilities' : 'unknown'} TLV (${type}), length: ${size}, value: `;
    next += 4;
    left -= 4;
    if (size > left) {
      d.out += `\n\t    Bogus length ${size} > remaining LS length ${left}`;
      return false;
    }
    d.need(next, size);
    if (type !== 1) {
      if (d.verbosity <= 1) printUnknown(d, next, size, '\n\t      ');
    } else if (size !== 4) {
      d.out += `\n\t    Bogus length ${size} != 4`;
      return false;
    } else d.out += `Capabilities: ${flags(CAPABILITIES, d.u32(next), 'Unknown')}`;
    next += size;
    left -= size;
  }
  return true;
}
