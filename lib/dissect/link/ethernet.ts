/**
 * Ethernet II and 802.3 frames with any number of 802.1Q tags (IEEE 802.3 §3, 802.1Q §9).
 */

import { ETHERNET_MTU, ETHERTYPE } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex4 } from '../frame/text.js';
import { ETHERTYPE_ARISTA, ETHERTYPE_JUMBO, ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { printAristaHeader } from './arista.js';
import { printLlc } from './llc.js';
import { ETHERTYPE_MACSEC, printMacsec } from './macsec.js';

const ADDRESSES = 12;
const TAG = 4;

/** What a switch put behind the addresses. */
export interface SwitchTag {
  readonly size: number;
  readonly say: (d: Dissection, at: number) => void;
}

/** Prints a frame of which `captured` bytes are there; returns the length of its headers. */
export function printEthernet(
  d: Dissection,
  at: number,
  length: number,
  captured: number,
  tag?: SwitchTag,
): number {
  if (tag === undefined || d.cutAs === '') d.cutAs = 'ether';
  if (length < captured) {
    d.out += `[length ${length} < caplen ${captured}]`;
    d.markInvalid();
    return length;
  }
  const start = ADDRESSES + (tag?.size ?? 0);
  if (captured < start + 2) {
    d.markTruncated();
    return captured;
  }
  if (d.showsLink) printAddresses(d, at);
  tag?.say(d, at + ADDRESSES);
  return printFromType(d, at, at + start, length, captured);
}

/** Prints a frame from the type field at `start` on; returns the length of all its headers. */
function printFromType(d: Dissection, at: number, start: number, length: number, captured: number): number {
  if (d.u16(start) === ETHERTYPE_MACSEC) return printProtected(d, at, start + 2, length, captured);
  return printTagged(d, at, start, length, length - (start - at), captured - (start - at), false);
}

/**
 * Prints what the type field at `start` announces, and tags before that. `rest` and `captured` count from there on,
 * `length` is that of the whole frame, which is printed unless it was before.
 */
function printTagged(
  d: Dissection,
  at: number,
  start: number,
  length: number,
  rest: number,
  captured: number,
  before: boolean,
): number {
  let printed = before;
  let type = d.u16(start);
  let next = start + 2;
  let left = rest - 2;
  let there = captured - 2;
  while (isTag(type)) {
    const end = next + Math.min(there, left);
    if (end - next < TAG) {
      d.cutAs = 'vlan';
      d.markTruncated();
      return end - at;
    }
    if (d.showsLink) {
      printType(d, type);
      d.out += `${printed ? ', ' : `, length ${length}: `}${tagText(d.u16(next))}, `;
      printed = true;
    }
    type = d.u16(next + 2);
    next += TAG;
    left -= TAG;
    there -= TAG;
  }
  const headers = next - at;
  if (type <= ETHERNET_MTU) return headers + print8023(d, at, next, Math.min(type, left), there, printed);
  if (type === ETHERTYPE_JUMBO) return headers + printLlcOrDump(d, at, next, left, there);
  if (type === ETHERTYPE_ARISTA) return printArista(d, at, next, length, headers + there);
  if (d.showsLink) {
    printType(d, type);
    d.out += printed ? ', ' : `, length ${length}: `;
  }
  if (!printEtherType(d, type, next, left, there, at + 6, at)) {
    printUnknownType(d, at, type, length);
    if (d.dumpUnknown) printHexAscii(d, next, there);
  }
  return headers;
}

/** A switch's own header, behind which another type field stands. */
function printArista(d: Dissection, at: number, next: number, length: number, captured: number): number {
  if (at + Math.min(length, captured) - next < 2) {
    d.out += '[|arista]';
    return Math.min(length, captured);
  }
  printType(d, ETHERTYPE_ARISTA);
  d.out += `, length ${length}: `;
  const header = printAristaHeader(d, next);
  if (header > 0) return printFromType(d, at, next + header, length, captured);
  printUnknownType(d, at, ETHERTYPE_ARISTA, length);
  if (d.dumpUnknown) printHexAscii(d, next, at + captured - next);
  return next - at;
}

/** MACsec: where only its integrity is kept, another type field and what it announces can be read. */
function printProtected(d: Dissection, at: number, next: number, length: number, captured: number): number {
  if (d.showsLink) {
    printType(d, ETHERTYPE_MACSEC);
    d.out += `, length ${length}: `;
  }
  const whole = d.end;
  const inside = printMacsec(d, next, length - (next - at), captured - (next - at), at + 6, at);
  if (typeof inside === 'number') {
    if (inside < 0) return captured;
    if (d.dumpUnknown) printHexAscii(d, next + inside, at + captured - next - inside);
    return next + inside - at;
  }
  const { header, rest, available } = inside;
  d.need(next + header, 2);
  if (available < 2) {
    d.out += ` [caplen ${available} < 2]`;
    return next + header - at + available;
  }
  const headers = printTagged(d, at, next + header, length, rest, available, d.showsLink);
  d.end = whole;
  return headers;
}

/** What `-e` would have printed before, where the payload says nothing. */
function printUnknownType(d: Dissection, at: number, type: number, length: number): void {
  if (d.showsLink) return;
  printAddresses(d, at);
  printType(d, type);
  d.out += `, length ${length}: `;
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
  if (d.showsLink) d.out += tagged ? '802.3' : `802.3, length ${length}: `;
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
  return (
    type === ETHERTYPE.VLAN || type === ETHERTYPE.VLAN_AD || type === ETHERTYPE.VLAN_QINQ || type === 0x9200
  );
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
