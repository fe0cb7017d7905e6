/** Capabilities in IS-IS: of ports and topologies for shortest path bridging (RFC 6329), of routers (RFC 7981). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8, sayPadded } from '../frame/text.js';

type SubTlv = (d: Dissection, at: number, size: number) => boolean;

/** Walks sub-TLVs; one that does not fit, or that `print` does not like, is marked and ends the walk. */
function walk(
  d: Dissection,
  at: number,
  size: number,
  head: (type: number, size: number) => string,
  print: Readonly<Record<number, SubTlv>>,
): void {
  for (let i = 0; size - i > 2; ) {
    const [type, length] = [d.u8(at + i), d.u8(at + i + 1)];
    i += 2;
    d.out += head(type, length);
    if (size - i < length) {
      d.out += ' (> containing TLV length)';
      return;
    }
    d.need(at + i, length);
    if (print[type]?.(d, at + i, length) === false) {
      d.out += ' (too short)';
      return;
    }
    i += length;
  }
}

const PORT = names('4 SPB MCID|SPB Digest|SPB BVID', 'unknown');
export function printPortCapabilities(d: Dissection, at: number, size: number): void {
  if (size < 2) return;
  d.out += `\n\t       RES: ${d.u16(at) >> 12}, MTID(s): ${d.u16(at) & 0xfff}`;
  const head = (type: number, length: number): string =>
    `\n\t       ${PORT(type)} subTLV #${type}, length: ${length}`;
  walk(d, at + 2, size - 2, head, {
    4(d, at, length) {
      if (length < 102) return false;
      d.out += '\n\t         MCID: ';
      printConfiguration(d, at);
      d.out += '\n\t         AUX-MCID: ';
      printConfiguration(d, at + 51);
      return true;
    },
    5(d, at, length) {
      if (length < 33) return false;
      const flags = d.u8(at);
      d.out += `\n\t        RES: ${flags >> 5} V: ${(flags >> 4) & 1} A: ${(flags >> 2) & 3} D: ${flags & 3}\n\t         Digest: `;
      for (let i = 0; i < 8; i++)
        d.out += `${hex8(d.u32(at + 1 + 4 * i))} ${i === 3 ? '\n\t                 ' : ''}`;
      return true;
    },
    6(d, at, length) {
      for (let i = 0; i + 6 <= length; i += 6) {
        const vlan = d.u16(at + i + 4);
        d.out += `\n\t           ECT: ${hex8(d.u32(at + i))} BVID: ${vlan >> 4}, U:${(vlan >> 3) & 1} M:${(vlan >> 2) & 1} `;
      }
      return true;
    },
  });
}

function printConfiguration(d: Dissection, at: number): void {
  d.out += `ID: ${d.u8(at)}, Name: `;
  sayPadded(d, at + 1, 32);
  d.out += `\n\t              Lvl: ${d.u16(at + 33)}, Digest: `;
  for (let i = 0; i < 16; i++) d.out += `${hex2(d.u8(at + 35 + i))} `;
}

const CAPABILITY = names('1 SPB Instance|3 SPBM Service Identifier and Unicast Address', 'unknown');
export function printCapabilities(d: Dissection, at: number, size: number): void {
  if (size < 2) return;
  const field = d.u16(at);
  d.out += `\n\t      O: ${field >> 15}, RES: ${(field >> 12) & 7}, MTID(s): ${field & 0xfff}`;
  const head = (type: number, length: number): string =>
    `\n\t      ${CAPABILITY(type)} subTLV #${type}, length: ${length}`;
  walk(d, at + 2, size - 2, head, {
    1(d, at, length) {
      if (length < 19) return false;
      d.out += `\n\t        CIST Root-ID: ${hex8(d.u32(at))} ${hex8(d.u32(at + 4))}, Path Cost: ${hex8(d.u32(at + 8))}`;
      d.out += `, Prio: ${d.u16(at + 12)}\n\t        RES: ${d.u16(at + 14) >> 5}, V: ${(d.u16(at + 14) >> 4) & 1}`;
      d.out += `, SPSource-ID: ${d.u32(at + 14) & 0xfffff}, No of Trees: ${d.u8(at + 18).toString(16)}`;
      for (let i = 0; i < d.u8(at + 18); i++) {
        const tree = at + 19 + 8 * i;
        if (length < 27 + 8 * i) return false;
        const flags = d.u8(tree);
        d.out += `\n\t         U:${flags >> 7}, M:${(flags >> 6) & 1}, A:${(flags >> 5) & 1}, RES:${flags & 31}`;
        d.out += `, ECT: ${hex8(d.u32(tree + 1))}, BVID: ${d.u24(tree + 5) >> 12}, SPVID: ${d.u24(tree + 5) & 0xfff}`;
      }
      return true;
    },
    3(d, at, length) {
      if (length < 8) return false;
      d.out += `\n\t        BMAC: ${hex8(d.u32(at))}${hex4(d.u16(at + 4))}, RES: ${d.u16(at + 6) >> 12}, VID: ${d.u16(at + 6) & 0xfff}`;
      for (let i = 8; i + 4 <= length; i += 4) {
        const flags = d.u8(at + i);
        d.out += `\n\t        T: ${flags >> 7}, R: ${(flags >> 6) & 1}, RES: ${flags & 63}, ISID: ${d.u24(at + i + 1)}`;
      }
      return true;
    },
  });
}

const ROUTER_FLAGS = bitNames('1 S bit|2 D bit');
const ROUTER = names('2 SR-Capabilities', 'unknown');
const SEGMENT_FLAGS = bitNames('128 ipv4|64 ipv6', 'None');
export function printRouterCapabilities(d: Dissection, at: number, size: number): void {
  if (size < 5) {
    d.out += ` [object length ${size} < 5]`;
    d.markInvalid();
    return;
  }
  d.out += `\n\t      Router-ID ${d.ip4(at)}, Flags [${ROUTER_FLAGS(d.u8(at + 4))}]`;
  for (let i = 5; i + 2 <= size; ) {
    const [type, length] = [d.u8(at + i), d.u8(at + i + 1)];
    i += 2;
    d.out += `\n\t\t${ROUTER(type)} subTLV #${type}, length: ${length}`;
    if (length > size - i || !d.has(at + i, length)) return;
    if (type === 2) printSegments(d, at + i, length);
    else printUnknown(d, at + i, length, '\n\t\t');
    i += length;
  }
}

function printSegments(d: Dissection, at: number, size: number): void {
  d.out += `, Flags [${SEGMENT_FLAGS(d.u8(at))}], Range ${d.u24(at + 1)}`;
  for (let i = 4; size - i >= 5; ) {
    const [type, length] = [d.u8(at + i), d.u8(at + i + 1)];
    i += 2;
    if (length > size - i) return;
    if (type !== 1) printUnknown(d, at + i, length, '\n\t\t  ');
    else if (length === 3) d.out += `, SID value ${d.u24(at + i)}`;
    else if (length === 4) d.out += `, SID value ${d.u32(at + i)}`;
    else d.out += `, Unknown SID length${length}`;
    i += length;
  }
}
