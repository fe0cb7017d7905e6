/** Who reaches what in IS-IS: neighbors and prefixes, old and extended (RFC 5305, RFC 5308, RFC 5120, RFC 8667). */

import { ip4Text, ip6Text } from '../frame/addresses.js';
import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { bandwidth, hex4, hex8 } from '../frame/text.js';
import { CONSTRAINTS, ENCODING, LINK_PROTECTION, SWITCHING, TSC_INDICATION } from './gmpls.js';
import { isisId } from './isisTlvs.js';

const INDENT = '\n\t      ';
const DEEPER = '\n\t\t    ';

const side = (metric: number): string => (metric & 0x40 ? 'External' : 'Internal');

/** Metrics of the first kind: delay, expense and error only where they are supported. */
export function printMetrics(d: Dissection, at: number): void {
  ask(d, at, 4);
  const metric = d.u8(at);
  d.out += `, Default Metric: ${metric & 0x3f}, ${side(metric)}`;
  sayOthers(d, at, '\n\t\t');
}

function sayOthers(d: Dissection, at: number, indent: string): void {
  for (const [i, name] of ['Delay', 'Expense', 'Error'].entries()) {
    const metric = d.u8(at + 1 + i);
    if (!(metric & 0x80)) d.out += `${indent}  ${name} Metric: ${metric & 0x3f}, ${side(metric)}`;
  }
}

/** RFC 1195 §3.2; false where it ends the message. */
export function printOldIp(d: Dissection, at: number, size: number): boolean {
  for (let i = 0; i < size; i += 12) {
    if (size - i < 12) {
      d.out += `short IPv4 Reachability (${size - i} vs 12)`;
      return false;
    }
    const entry = at + i;
    if (!d.has(entry, 12)) return false;
    const zeros = ~d.u32(entry + 8) >>> 0;
    const address = d.ip4(entry + 4);
    d.out +=
      (zeros & (zeros + 1)) === 0
        ? `${INDENT}IPv4 prefix: ${address.padStart(15)}/${Math.clz32(zeros)}`
        : `${INDENT}IPv4 prefix: ${address} mask ${d.ip4(entry + 8)}`;
    const metric = d.u8(entry);
    d.out += `, Distribution: ${metric & 0x80 ? 'down' : 'up'}, Metric: ${metric & 0x3f}, ${side(metric)}`;
    sayOthers(d, entry, INDENT);
  }
  return true;
}

const TOPOLOGIES = names(
  'IPv4 unicast|In-Band Management|IPv6 unicast|Multicast|4095 Development, Experimental or Proprietary',
);
const TOPOLOGY_FLAGS = bitNames('0x4000 ATT bit set|0x8000 Overload bit set');

/** RFC 5120 §7.1. */
export function sayTopology(d: Dissection, at: number): void {
  const field = d.u16(at);
  const id = field & 0xfff;
  d.out += `${INDENT}${TOPOLOGIES(id, 'Reserved for IETF Consensus')} Topology (0x${id.toString(16).padStart(3, '0')})`;
  d.out += `, Flags: [${TOPOLOGY_FLAGS(field & 0xf000)}]`;
}

/** Entries until `size` is used up. */
function printEntries(
  d: Dissection,
  at: number,
  size: number,
  print: (at: number, left: number) => number,
): void {
  for (let i = 0; i < size; ) {
    const used = print(at + i, size - i);
    if (used > size - i) {
      d.out += ` [remaining tlv length ${size - i} < ${used}]`;
      d.markInvalid();
      return;
    }
    i += used;
  }
}

export function printExtendedNeighbors(d: Dissection, at: number, size: number, metric: boolean): void {
  printEntries(d, at, size, (entry, left) => printExtendedNeighbor(d, entry, left, metric));
}

export function printExtendedIp(d: Dissection, at: number, size: number, v6: boolean): void {
  printEntries(d, at, size, (entry) => printPrefix(d, entry, v6));
}

const LINK = names(
  '3 Administrative groups|Link Local/Remote Identifier|Link Remote Identifier|IPv4 interface address|8 IPv4 neighbor address|Maximum link bandwidth|Reservable link bandwidth|Unreserved bandwidth|Bandwidth Constraints (old)|18 Traffic Engineering Metric|Link Attribute|Link Protection Type|Interface Switching Capability|Bandwidth Constraints|29 SPB Metric|32 LAN Adjacency Segment Identifier|250 Reserved for cisco specific extensions|Reserved for cisco specific extensions|Reserved for cisco specific extensions|Reserved for cisco specific extensions|Reserved for cisco specific extensions|Reserved for future expansion',
  'unknown',
);

/** RFC 5305 §3: returns its size. */
function printExtendedNeighbor(d: Dissection, at: number, left: number, metric: boolean): number {
  const head = metric ? 11 : 8;
  ask(d, at, 7);
  if (left < 7) throw ENDS_EARLY;
  d.out += `${INDENT}IS Neighbor: ${isisId(d, at, 7)}`;
  if (metric) {
    ask(d, at + 7, 3);
    if (left < 10) throw ENDS_EARLY;
    d.out += `, Metric: ${d.u24(at + 7)}`;
  }
  const length = d.u8(at + head - 1);
  if (left < head) throw ENDS_EARLY;
  d.out += `, ${length ? '' : 'no '}sub-TLVs present`;
  if (length) d.out += ` (${length})`;
  const indent = `${INDENT}  `;
  for (let i = 0; i < length; ) {
    const sub = at + head + i;
    ask(d, sub, 2);
    if (left - head - i < 2) {
      d.out += `${indent}Remaining data in TLV shorter than a subTLV header`;
      return left;
    }
    if (length - i < 2) {
      d.out += `${indent}Remaining data in subTLVs shorter than a subTLV header`;
      return head + length;
    }
    const [type, size] = [d.u8(sub), d.u8(sub + 1)];
    i += 2;
    d.out += `${indent}${LINK(type)} subTLV #${type}, length: ${size}`;
    if (length - i < size) {
      d.out += ' (remaining data in subTLVs shorter than the current subTLV)';
      return head + length;
    }
    if (left - head - i < size) {
      d.out += ' (> remaining tlv length)';
      return left;
    }
    ask(d, sub + 2, size);
    printLink(d, type, sub + 2, size, indent);
    i += size;
  }
  return head + length;
}

const LINK_ATTRIBUTES = bitNames(
  '1 Local Protection Available|Link excluded from local protection path|4 Local maintenance required',
  'Unknown',
);
const SEGMENT_FLAGS = bitNames(
  '128 Address family IPv6|64 Backup|32 Value|16 Local significance|8 Set of adjacencies|4 Persistent',
);

function printLink(d: Dissection, type: number, at: number, size: number, indent: string): void {
  switch (type) {
    case 3:
    case 4:
    case 5:
      if (size >= 4) d.out += `, 0x${hex8(d.u32(at))}${size === 8 ? `, 0x${hex8(d.u32(at + 4))}` : ''}`;
      break;
    case 6:
    case 8:
      if (size >= 4) d.out += `, ${d.ip4(at)}`;
      break;
    case 9:
    case 10:
      if (size >= 4) d.out += `, ${bandwidth(d, at)}`;
      break;
    case 11:
      for (let i = 0; i < 8 && size >= 32; i++)
        d.out += `${indent}  TE-Class ${i}: ${bandwidth(d, at + 4 * i)}`;
      break;
    case 12:
    case 22:
      if (size === 0) break;
      d.out += `${indent}Bandwidth Constraints Model ID: ${CONSTRAINTS(d.u8(at))} (${d.u8(at)})`;
      for (let i = 0; 4 * i + 5 <= size; i++)
        d.out += `${indent}  Bandwidth constraint CT${i}: ${bandwidth(d, at + 1 + 4 * i)}`;
      break;
    case 18:
      if (size >= 3) d.out += `, ${d.u24(at)}`;
      break;
    case 19:
      if (size === 2) d.out += `, [ ${LINK_ATTRIBUTES(d.u16(at))} ] (0x${hex4(d.u16(at))})`;
      break;
    case 20:
      if (size >= 2) d.out += `, ${LINK_PROTECTION(d.u8(at))}, Priority ${d.u8(at + 1)}`;
      break;
    case 21:
      if (size >= 36) printSwitching(d, at, size, indent);
      break;
    case 29:
      if (size >= 6) d.out += `, LM: ${d.u24(at)}, P: ${d.u8(at + 3)}, P-ID: ${d.u16(at + 4)}`;
      break;
    case 32:
      if (size >= 8) printSegment(d, at, size, indent);
      break;
    default:
      printUnknown(d, at, size, DEEPER);
  }
}

function printSwitching(d: Dissection, at: number, size: number, indent: string): void {
  const capability = d.u8(at);
  d.out += `${indent}  Interface Switching Capability:${SWITCHING(capability)}`;
  d.out += `, LSP Encoding: ${ENCODING(d.u8(at + 1))}${indent}  Max LSP Bandwidth:`;
  for (let i = 0; i < 8; i++) d.out += `${indent}    priority level ${i}: ${bandwidth(d, at + 4 + 4 * i)}`;
  const rest = at + 36;
  const least = `${indent}  Min LSP Bandwidth: `;
  if (capability >= 1 && capability <= 4) {
    if (size >= 42) d.out += `${least}${bandwidth(d, rest)}${indent}  Interface MTU: ${d.u16(rest + 4)}`;
  } else if (capability === 100) {
    const indication = TSC_INDICATION(d.u8(rest + 4), `Unknown (${d.u8(rest + 4)})`);
    if (size >= 44) d.out += `${least}${bandwidth(d, rest)}${indent}  Indication ${indication}`;
  } else printUnknown(d, rest, size - 36, DEEPER);
}

/** RFC 8667 §2.2.2. */
function printSegment(d: Dissection, at: number, size: number, indent: string): void {
  const flags = d.u8(at);
  d.out += `${indent}  Flags: [${SEGMENT_FLAGS(flags)}]${indent}  Weight: ${d.u8(at + 1)}`;
  if (size >= 8) d.out += `${indent}  Neighbor System-ID: ${isisId(d, at + 2, 6)}`;
  if ((flags & 0x30) === 0x30) d.out += `${indent}  Label: ${d.u24(at + 8)}`;
  else if ((flags & 0x30) === 0) d.out += `${indent}  Index: ${d.u32(at + 8)}`;
  else d.markInvalid();
}

const PREFIX = names(
  '1 32-Bit Administrative tag|64-Bit Administrative tag|Prefix SID|117 Management Prefix Color',
  'unknown',
);
const SID_FLAGS = bitNames('128 Readvertisement|64 Node|32 No-PHP|16 Explicit NULL|8 Value|4 Local', 'None');

/** RFC 5305 §4, RFC 5308 §2: returns its size. */
function printPrefix(d: Dissection, at: number, v6: boolean): number {
  const metric = d.u32(at);
  const flags = d.u8(at + 4);
  const bits = v6 ? d.u8(at + 5) : flags & 0x3f;
  if (bits > (v6 ? 128 : 32)) {
    d.out += `${INDENT}IPv${v6 ? 6 : 4} prefix: bad bit length ${bits}`;
    throw ENDS_EARLY;
  }
  const start = at + (v6 ? 6 : 5);
  const octets = (bits + 7) >> 3;
  d.need(start, octets);
  const prefix = new Uint8Array(16);
  prefix.set(d.data.subarray(start, start + octets));
  const address = v6
    ? ip6Text(prefix, 0)
    : ip4Text((prefix[0]! << 24) | (prefix[1]! << 16) | (prefix[2]! << 8) | prefix[3]!).padStart(15);
  d.out += `${INDENT}IPv${v6 ? 6 : 4} prefix: ${address}/${bits}`;
  d.out += `, Distribution: ${flags & 0x80 ? 'down' : 'up'}, Metric: ${metric}`;
  const more = (flags & (v6 ? 0x20 : 0x40)) !== 0;
  if (v6) d.out += `, ${side(flags)}`;
  if (!more) return start + octets - at;
  d.out += ', sub-TLVs present';
  const length = d.u8(start + octets);
  d.out += ` (${length})`;
  const first = start + octets + 1;
  // tcpdump goes on where the last one runs over.
  for (let i = 0, left = length; left !== 0; ) {
    const [type, size] = [d.u8(first + i), d.u8(first + i + 1)];
    printPrefixSub(d, type, first + i + 2, size);
    i += 2 + size;
    left = (left - 2 - size) >>> 0;
  }
  return first + length - at;
}

function printPrefixSub(d: Dissection, type: number, at: number, size: number): void {
  d.out += `${INDENT}  ${PREFIX(type)} subTLV #${type}, length: ${size}`;
  const cut = (): never => {
    d.markTruncated();
    throw ENDS_EARLY;
  };
  if (!d.has(at, size)) cut();
  if (type === 1 || type === 117)
    for (let i = 0; i + 4 <= size; i += 4) d.out += `, 0x${hex8(d.u32(at + i))} (=${d.u32(at + i)})`;
  else if (type === 2)
    for (let i = 0; i + 8 <= size; i += 8) d.out += `, 0x${hex8(d.u32(at + i))}${hex8(d.u32(at + i + 4))}`;
  else if (type === 3) {
    const [flags, algorithm] = [d.u8(at), d.u8(at + 1)];
    const isLabel = (flags & 8) !== 0;
    if (size < (isLabel ? 5 : 6)) cut();
    d.out += `, Flags [${SID_FLAGS(flags)}], Algo ${['SPF', 'strict-SPF'][algorithm] ?? 'Unknown'} (${algorithm})`;
    d.out += isLabel ? `, label ${d.u24(at + 2)}` : `, index ${d.u32(at + 2)}`;
  } else printUnknown(d, at, size, DEEPER);
}
