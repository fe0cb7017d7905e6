/**
 * Ethernet II and 802.3 frames with any number of 802.1Q tags (IEEE 802.3 §3, 802.1Q §9).
 */

import type { Dissection } from './dissection.js';
import {
  ETHERTYPE_JUMBO,
  ETHERTYPE_NAMES,
  ETHERTYPE_QINQ,
  ETHERTYPE_VLAN,
  MOST_LENGTH,
  printEtherType,
} from './ethertypes.js';
import { printHexAscii } from './hexdump.js';
import { printLlc } from './llc.js';
import { hex4 } from './text.js';

const ADDRESSES = 12;
const TAG = 4;

/** Prints a frame of which `captured` bytes are there; returns the length of its headers. */
export function printEthernet(d: Dissection, at: number, length: number, captured: number): number {
  d.protocol = 'ether';
  if (length < captured) {
    d.out += `[length ${length} < caplen ${captured}]`;
    d.markInvalid();
    return length;
  }
  if (captured < ADDRESSES + 2) {
    d.markTruncated();
    return captured;
  }
  if (d.linkLayer) printAddresses(d, at);
  let next = at + ADDRESSES;
  let type = d.u16(next);
  next += 2;
  let tagged = false;
  while (isTag(type)) {
    const end = at + Math.min(captured, length);
    if (end - next < TAG) {
      d.protocol = 'vlan';
      d.markTruncated();
      return end - at;
    }
    if (d.linkLayer) {
      printType(d, type);
      d.out += `${tagged ? ', ' : `, length ${length}: `}${tagText(d.u16(next))}, `;
      tagged = true;
    }
    type = d.u16(next + 2);
    next += TAG;
  }
  const headers = next - at;
  const rest = length - headers;
  const restCaptured = captured - headers;
  if (type <= MOST_LENGTH) {
    return headers + print8023(d, at, next, Math.min(type, rest), restCaptured, tagged);
  }
  if (type === ETHERTYPE_JUMBO) return headers + printLlcOrDump(d, at, next, rest, restCaptured);
  if (d.linkLayer) {
    printType(d, type);
    d.out += tagged ? ', ' : `, length ${length}: `;
  }
  if (!printEtherType(d, type, next, rest, restCaptured, at + 6, at)) {
    if (!d.linkLayer) {
      printAddresses(d, at);
      printType(d, type);
      d.out += `, length ${length}: `;
    }
    if (d.dumpUnknown) printHexAscii(d, next, restCaptured);
  }
  return headers;
}

/** A frame whose type field is a length: what lies past it is padding. */
function print8023(
  d: Dissection,
  frame: number,
  at: number,
  length: number,
  captured: number,
  tagged: boolean,
): number {
  const end = d.end;
  d.limit(at, length);
  if (d.linkLayer) d.out += tagged ? '802.3' : `802.3, length ${length}: `;
  const headers = printLlcOrDump(d, frame, at, length, Math.min(captured, length));
  d.end = end;
  return headers;
}

function printLlcOrDump(d: Dissection, frame: number, at: number, length: number, captured: number): number {
  const headers = printLlc(d, at, length, captured, frame + 6, frame);
  if (headers < 0 && d.dumpUnknown) printHexAscii(d, at, captured);
  return Math.abs(headers);
}

function isTag(type: number): boolean {
  return type === ETHERTYPE_VLAN || type === ETHERTYPE_QINQ || type === 0x9100 || type === 0x9200;
}

/** VLAN, priority and drop eligibility of a tag (802.1Q §9.6). */
export function tagText(tag: number): string {
  return `vlan ${tag & 0xfff}, p ${tag >> 13}${tag & 0x1000 ? ', DEI' : ''}`;
}

function printAddresses(d: Dissection, at: number): void {
  d.out += `${d.mac(at + 6)} > ${d.mac(at)}, `;
}

function printType(d: Dissection, type: number): void {
  const name = ETHERTYPE_NAMES.get(type);
  if (d.quiet) d.out += name ?? `Unknown Ethertype (0x${hex4(type)})`;
  else d.out += `ethertype ${name ?? 'Unknown'} (0x${hex4(type)})`;
}
