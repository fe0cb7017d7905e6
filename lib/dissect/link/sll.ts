/**
 * Linux cooked captures, versions 1 and 2 (LINKTYPE_LINUX_SLL, LINKTYPE_LINUX_SLL2).
 */

import { ETHERNET_MTU, ETHERTYPE } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { hex4 } from '../frame/text.js';
import { ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { tagText } from './ethernet.js';
import { printLlc } from './llc.js';

const HEADER = 16;
const HEADER2 = 20;
const PACKET_TYPES = ['In', 'B', 'M', 'P', 'Out'] as const;
const PROTOCOL_8023 = 0x0001;
const PROTOCOL_8022 = 0x0004;
const VLAN_TAG = 4;

export function printCooked(d: Dissection, length: number): void {
  d.cutAs = 'sll';
  d.need(0, HEADER);
  if (d.showsLink) printHeader(d, length);
  printProtocol(d, d.u16(14), HEADER, length, printHeader);
}

/** Like tcpdump, prints the name that the interface index has on the host that reads the file. */
export function printCooked2(d: Dissection, length: number): void {
  d.cutAs = 'sll2';
  d.need(0, HEADER2);
  d.out += `${(d.interfaceName(d.u32(4)) ?? '?').padEnd(5)} ${(PACKET_TYPES[d.u8(10)] ?? '?').padEnd(3)} `;
  if (d.showsLink) printHeader2(d, length);
  printProtocol(d, d.u16(0), HEADER2, length, printHeader2);
}

function printProtocol(
  d: Dissection,
  protocol: number,
  header: number,
  length: number,
  printAgain: (d: Dissection, length: number) => void,
): void {
  let type = protocol;
  let at = header;
  while (type === ETHERTYPE.VLAN) {
    if (d.end - at < VLAN_TAG) {
      d.cutAs = 'vlan';
      d.markTruncated();
      d.linkHeaderLength = d.end;
      return;
    }
    if (d.showsLink) d.out += `${tagText(d.u16(at))}, `;
    type = d.u16(at + 2);
    if (type <= ETHERNET_MTU) type = PROTOCOL_8022;
    if (!d.quiet) d.out += `ethertype ${ETHERTYPE_NAMES.get(type) ?? 'Unknown'}, `;
    at += VLAN_TAG;
  }
  const captured = d.end - at;
  d.linkHeaderLength = at;
  if (type > ETHERNET_MTU) {
    if (!printEtherType(d, type, at, length - at, captured, -1, -1)) {
      if (!d.showsLink) printAgain(d, length - at + header);
      if (d.dumpUnknown) printHexAscii(d, at, captured);
    }
    return;
  }
  if (type === PROTOCOL_8022) {
    d.linkHeaderLength = 0;
    const llc = printLlc(d, at, length - at, captured, -1, -1);
    d.linkHeaderLength = at + Math.max(llc, 0);
    if (llc >= 0) return;
  }
  if (d.dumpUnknown) printHexAscii(d, at, captured);
}

function printHeader(d: Dissection, length: number): void {
  d.cutAs = 'sll';
  d.out += `${(PACKET_TYPES[d.u16(0)] ?? '?').padStart(3)} `;
  if (d.u16(4) === 6) d.out += `${d.mac(6)} `;
  printType(d, d.u16(14), length);
}

function printHeader2(d: Dissection, length: number): void {
  d.cutAs = 'sll2';
  d.out += `ifindex ${d.u32(4)} `;
  if (d.u8(11) === 6) d.out += `${d.mac(12)} `;
  printType(d, d.u16(0), length);
}

function printType(d: Dissection, type: number, length: number): void {
  if (d.quiet) return;
  if (type === PROTOCOL_8023) d.out += '802.3';
  else if (type === PROTOCOL_8022) d.out += '802.2';
  else if (type <= ETHERNET_MTU) d.out += `ethertype Unknown (0x${hex4(type)})`;
  else d.out += `ethertype ${ETHERTYPE_NAMES.get(type) ?? 'Unknown'} (0x${hex4(type)})`;
  d.out += `, length ${length}: `;
}
