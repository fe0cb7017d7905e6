/**
 * Tunnels over UDP, and MPLS: VXLAN (RFC 7348), Geneve (RFC 8926), label stacks (RFC 3032).
 */

import { ETHERTYPE } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { type FlagNames, flags as flagNames, hex2, hex4, hex8 } from '../frame/text.js';
import { printEthernet } from '../link/ethernet.js';
import { ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { printOsi } from './clnp.js';
import { printIp4 } from './ip4.js';
import { printIp6 } from './ip6.js';

const VXLAN_HEADER = 8;

/** Overlay transport virtualization (draft-hasmit-otv). */
export function printOtv(d: Dissection, at: number, length: number): void {
  d.cutAs = 'otv';
  d.out += 'OTV, ';
  if (length < 8) {
    d.out += `[length ${length} < 8]`;
    d.markInvalid();
    return;
  }
  const flags = d.u8(at);
  d.out += `flags [${flags & 8 ? 'I' : '.'}] (0x${hex2(flags)}), `;
  d.out += `overlay ${d.u24(at + 1)}, `;
  d.out += `instance ${d.u24(at + 4)}\n`;
  d.need(at + 7, 1);
  d.next.ethernet(d, at + 8, length - 8, d.end - at - 8);
}

export function printVxlan(d: Dissection, at: number, length: number): void {
  d.cutAs = 'vxlan';
  d.out += 'VXLAN';
  if (length < VXLAN_HEADER) {
    d.markInvalid();
    return;
  }
  const flags = d.u8(at);
  d.out += `, flags [${flags & 0x08 ? 'I' : 'invalid'}] (0x${hex2(flags)}), `;
  d.out += `vni ${d.u24(at + 4)}\n`;
  d.need(at + 7, 1);
  const inner = at + VXLAN_HEADER;
  printEthernet(d, inner, length - VXLAN_HEADER, d.end - inner);
}

const GENEVE_HEADER = 8;

const GENEVE_FLAGS: FlagNames = [
  [0x80, 'O'],
  [0x40, 'C'],
  [0x20, 'R1'],
  [0x10, 'R2'],
  [0x08, 'R3'],
  [0x04, 'R4'],
  [0x02, 'R5'],
  [0x01, 'R6'],
];

export function printGeneve(d: Dissection, at: number, length: number): void {
  d.cutAs = 'geneve';
  d.out += 'Geneve';
  if (length < GENEVE_HEADER) {
    d.out += ` [length ${length} < ${GENEVE_HEADER}]`;
    d.markInvalid();
    return;
  }
  if (!d.has(at, GENEVE_HEADER)) {
    d.markTruncated();
    return;
  }
  const first = d.u8(at);
  if (first >> 6 !== 0) {
    d.out += ` ERROR: unknown-version ${first >> 6}`;
    return;
  }
  const protocol = d.u16(at + 2);
  const reserved = d.u8(at + 7);
  d.out += `, Flags [${flagNames(GENEVE_FLAGS, d.u8(at + 1), 'none', '')}], vni 0x${d.u24(at + 4).toString(16)}`;
  if (reserved) d.out += `, rsvd 0x${reserved.toString(16)}`;
  if (d.showsLink) d.out += `, proto ${ETHERTYPE_NAMES.get(protocol) ?? 'unknown'} (0x${hex4(protocol)})`;
  const options = (first & 0x3f) * 4;
  const rest = length - GENEVE_HEADER - options;
  if (rest < 0) {
    d.out += ` truncated-geneve - ${-rest} bytes missing`;
    return;
  }
  if (!d.has(at + GENEVE_HEADER, options)) {
    d.markTruncated();
    return;
  }
  if (options > 0) {
    d.out += ', options [';
    if (d.verbosity) printGeneveOptions(d, at + GENEVE_HEADER, options);
    else d.out += `${options} bytes`;
    d.out += ']';
  }
  d.out += d.verbosity ? '\n\t' : ': ';
  const inner = at + GENEVE_HEADER + options;
  const captured = d.end - inner;
  if (printEtherType(d, protocol, inner, rest, captured, -1, -1)) return;
  if (protocol === ETHERTYPE.TEB) printEthernet(d, inner, rest, captured);
  else d.out += `geneve-proto-0x${protocol.toString(16)}`;
}

const OPTION_CLASSES: ReadonlyMap<number, string> = new Map([
  [0x0100, 'Linux'],
  [0x0101, 'Open vSwitch'],
  [0x0102, 'Open Virtual Networking (OVN)'],
  [0x0103, 'In-band Network Telemetry (INT)'],
  [0x0104, 'VMware'],
]);

function optionClass(value: number): string {
  if (value <= 0xff) return 'Standard';
  if (value >= 0xfff0) return 'Experimental';
  return OPTION_CLASSES.get(value) ?? 'Unknown';
}

/** The caller has checked that all options are there. */
function printGeneveOptions(d: Dissection, start: number, length: number): void {
  const end = start + length;
  for (let at = start; at < end; ) {
    if (at > start) d.out += ', ';
    const kind = d.u16(at);
    const type = d.u8(at + 2);
    const size = 4 + (d.u8(at + 3) & 0x1f) * 4;
    d.out += `class ${optionClass(kind)} (0x${kind.toString(16)}) type 0x${type.toString(16)}`;
    d.out += `${type & 0x80 ? '(C)' : ''} len ${size}`;
    if (at + size > end) {
      d.out += ' [bad length]';
      return;
    }
    if (d.verbosity > 1 && size > 4) {
      d.out += ' data';
      for (let i = 4; i < size; i += 4) d.out += ` ${hex8(d.u32(at + i))}`;
    }
    at += size;
  }
}

/** Meaning of the first sixteen labels (RFC 3032 §2.1). */
const RESERVED_LABELS = [
  'IPv4 explicit NULL',
  'router alert',
  'IPv6 explicit NULL',
  'implicit NULL',
] as const;

/** Prints the label stack at `at`, then what follows: the label or the first nibble says what it is. */
export function printMpls(d: Dissection, at: number, length: number): void {
  d.cutAs = 'mpls';
  d.out += 'MPLS';
  let cursor = at;
  let rest = length;
  let entry = 0;
  do {
    if (rest < 4) {
      d.markInvalid();
      d.need(cursor, rest);
      return;
    }
    entry = d.u32(cursor);
    const label = entry >>> 12;
    d.out += `${cursor > at && d.verbosity ? '\n\t' : ' '}(label ${label}`;
    if (d.verbosity && label < 16) d.out += ` (${RESERVED_LABELS[label] ?? 'rsvd'})`;
    d.out += `, tc ${(entry >>> 9) & 7}${entry & 0x100 ? ', [S]' : ''}, ttl ${entry & 0xff})`;
    cursor += 4;
    rest -= 4;
  } while ((entry & 0x100) === 0);
  const label = entry >>> 12;
  let version = label === 0 || label === 3 ? 4 : label === 2 ? 6 : 0;
  let isOsi = false;
  if (version === 0) {
    if (rest < 1) return;
    const first = d.u8(cursor);
    version = first >= 0x45 && first <= 0x4f ? 4 : first >> 4 === 6 ? 6 : 0;
    isOsi = first >= 0x81 && first <= 0x83;
  }
  if (version === 0 && !isOsi) {
    if (d.dumpUnknown) printHexAscii(d, cursor, rest);
    return;
  }
  d.out += d.verbosity ? '\n\t' : ' ';
  if (isOsi) printOsi(d, cursor, rest);
  else if (version === 4) printIp4(d, cursor, rest);
  else printIp6(d, cursor, rest);
}
