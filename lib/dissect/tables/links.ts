/**
 * Link layers: one row a LINKTYPE_ (https://www.tcpdump.org/linktypes.html), and the printers of those too
 * short for a file of their own: BSD loopback, raw IP.
 */

import { LINUX_SLL2 } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { printEthernet } from '../link/ethernet.js';
import { printCiscoHdlc, printPppLink, printPppSerial } from '../link/ppp.js';
import { printCooked, printCooked2 } from '../link/sll.js';
import { printIp4 } from '../network/ip4.js';
import { printIp6 } from '../network/ip6.js';

/** Prints a packet of `length` bytes on the wire from `d.data`; says in `d` how long its link header was. */
export type LinkPrinter = (d: Dissection, length: number) => void;

interface LinkRow {
  readonly linkTypes: readonly number[];
  readonly print: LinkPrinter;
}

// biome-ignore format: a table
const ROWS: readonly LinkRow[] = [
  { linkTypes: [0, 108], print: printLoopback },
  { linkTypes: [1], print: printEthernetLink },
  { linkTypes: [12, 14, 101, 228, 229], print: printRaw }, // DLT_RAW is 12 or 14 on some systems
  { linkTypes: [9], print: printPppLink },
  { linkTypes: [50], print: printPppSerial },
  { linkTypes: [104], print: printCiscoHdlc },
  { linkTypes: [113], print: printCooked },
  { linkTypes: [LINUX_SLL2], print: printCooked2 },
];

const PRINTERS: ReadonlyMap<number, LinkPrinter> = new Map(
  ROWS.flatMap((row) => row.linkTypes.map((linkType) => [linkType, row.print] as const)),
);

/** The printer of a link type; that of a hex dump where the link type is unknown. */
export function linkPrinter(linkType: number): LinkPrinter {
  return PRINTERS.get(linkType) ?? printUnsupported;
}

/** Whether packets of a link type can be printed as more than bytes. */
export function hasLinkPrinter(linkType: number): boolean {
  return PRINTERS.has(linkType);
}

function printEthernetLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printEthernet(d, 0, length, d.end);
}

function printUnsupported(d: Dissection): void {
  d.protocol = 'unsupported';
  d.out += 'UNSUPPORTED';
  printHexAscii(d, 0, d.end);
}

const LOOPBACK_HEADER = 4;

const FAMILY_NAMES: ReadonlyMap<number, string> = new Map([
  [2, 'IPv4'],
  [6, 'NS'],
  [7, 'ISO'],
  [16, 'Appletalk'],
  [23, 'IPX'],
  [24, 'IPv6'],
  [28, 'IPv6'],
  [30, 'IPv6'],
]);

/** A 4-byte address family, in the byte order of whichever host captured it. */
function printLoopback(d: Dissection, length: number): void {
  d.protocol = 'null';
  d.need(0, LOOPBACK_HEADER);
  d.linkHeaderLength = LOOPBACK_HEADER;
  const little = d.u32le(0);
  const family = little > 0xffff ? d.u32(0) : little;
  if (d.linkLayer) printFamily(d, family, length);
  const rest = length - LOOPBACK_HEADER;
  switch (FAMILY_NAMES.get(family)) {
    case 'IPv4':
      printIp4(d, LOOPBACK_HEADER, rest);
      break;
    case 'IPv6':
      printIp6(d, LOOPBACK_HEADER, rest);
      break;
    default:
      if (!d.linkLayer) printFamily(d, family, length);
      if (d.dumpUnknown) printHexAscii(d, LOOPBACK_HEADER, d.end - LOOPBACK_HEADER);
  }
}

function printFamily(d: Dissection, family: number, length: number): void {
  const name = FAMILY_NAMES.get(family);
  d.out += d.quiet ? (name ?? `Unknown AF ${family}`) : `AF ${name ?? 'Unknown'} (${family})`;
  d.out += `, length ${length}: `;
}

/** No link layer: the first nibble says which IP it is. */
function printRaw(d: Dissection, length: number): void {
  d.protocol = 'raw';
  if (d.linkLayer) d.out += 'ip: ';
  d.protocol = 'ipn';
  const version = d.u8(0) >> 4;
  if (version === 4) printIp4(d, 0, length);
  else if (version === 6) printIp6(d, 0, length);
  else d.out += `unknown ip ${version}`;
}
