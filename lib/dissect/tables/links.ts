/**
 * Link layers: one row a LINKTYPE_ (https://www.tcpdump.org/linktypes.html), and the printers of those too
 * short for a file of their own: BSD loopback, raw IP.
 */

import { LINK_TYPES, LINUX_SLL2 } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { printAtm, printClassicalIp } from '../link/atm.js';
import { printSunAtm } from '../link/atmCells.js';
import { printEthernet } from '../link/ethernet.js';
import { printFrameRelayLink, printMultilinkLink } from '../link/frameRelay.js';
import { printIpnet, printNflog } from '../link/hostHeaders.js';
import {
  printJuniperAtm1,
  printJuniperAtm2,
  printJuniperCiscoHdlc,
  printJuniperEs,
  printJuniperEthernet,
  printJuniperFrameRelay,
  printJuniperGgsn,
  printJuniperMfr,
  printJuniperMlfr,
  printJuniperMlppp,
  printJuniperMonitor,
  printJuniperPpp,
  printJuniperPppoe,
  printJuniperPppoeAtm,
  printJuniperServices,
} from '../link/juniper.js';
import { printLocalTalkLink, printPflog, printUsb } from '../link/oddLinks.js';
import {
  printBluetooth,
  printEncapsulated,
  printFibreChannel,
  printFireWire,
  printInfiniBand,
  printNetAnalyzer,
  printSymantec,
} from '../link/plainLinks.js';
import { printCiscoHdlc, printPppLink, printPppoe, printPppSerial } from '../link/ppp.js';
import { printAvs, printPrism, printRadiotap } from '../link/radiotap.js';
import { printArcnet, printArcnetLinux, printFddi, printTokenRing } from '../link/rings.js';
import { printSlip, printSlipBsdos } from '../link/slip.js';
import { printCooked, printCooked2 } from '../link/sll.js';
import { printBroadcomPrepended, printBroadcomTag, printDsa, printEdsa } from '../link/switchTags.js';
import { printVsock } from '../link/vsock.js';
import { printWlan } from '../link/wlan.js';
import { printWpan, printWpanTap } from '../link/wpan.js';
import { printAppleTalk } from '../network/appleTalk.js';
import { printOsi } from '../network/clnp.js';
import { printIp4 } from '../network/ip4.js';
import { printIp6 } from '../network/ip6.js';
import { printIpx } from '../network/ipx.js';

/** Prints a packet of `length` bytes on the wire from `d.data`; says in `d` how long its link header was. */
export type LinkPrinter = (d: Dissection, length: number) => void;

type LinkRow = readonly [print: LinkPrinter, ...linkTypes: number[]];

// biome-ignore format: a table
const ROWS: readonly LinkRow[] = [
  [printLoopback, 0, 108],
  [printEthernetLink, 1],
  [printRaw, 12, 14, 101, 228, 229], // DLT_RAW is 12 or 14 on some systems
  [printSlip, 8],
  [printPppLink, 9, 166],
  [printSlipBsdos, 15, 102],
  [() => {}, 16, 103], // PPP of BSD/OS is read on that alone
  [(d, length) => printPppoe(d, 0, length), 51],
  [printPppSerial, 50],
  [printAtm, 11, 100],
  [printSunAtm, 123],
  [printClassicalIp, 19, 106],
  [printCiscoHdlc, 104, 112],
  [printWlanLink, 105],
  [printPrismLink, 119],
  [printRadiotapLink, 127],
  [printAvsLink, 163],
  [printPpi, 192],
  [printFrameRelayLink, 107],
  [printVsock, 271],
  [printMultilinkLink, 182],
  [printBroadcomTag, 281],
  [printBroadcomPrepended, 282],
  [printJuniperEs, 132],
  [printJuniperGgsn, 133],
  [printJuniperServices, 136],
  [printJuniperAtm1, 137],
  [printJuniperAtm2, 135],
  [printJuniperMlppp, 130],
  [printJuniperMlfr, 131],
  [printJuniperMfr, 134],
  [printJuniperMonitor, 164],
  [printJuniperPppoe, 167],
  [printJuniperPppoeAtm, 168],
  [printJuniperEthernet, 178],
  [printJuniperPpp, 179],
  [printJuniperFrameRelay, 180],
  [printJuniperCiscoHdlc, 181],
  [printWpan, 195, 230],
  [printWpanTap, 283],
  [printIpnet, 226],
  [printNflog, 239],
  [printPktap, 149, 258],
  [printDsa, 284],
  [printEdsa, 285],
  [printCooked, 113],
  [printCooked2, LINUX_SLL2],
  [printTokenRingLink, 6],
  [printArcnet, 7],
  [printArcnetLinux, 129],
  [printFddiLink, 10],
  [printSymantec, 99],
  [printEncapsulated, 109],
  [printFibreChannel, 122],
  [printFireWire, 138],
  [printBluetooth, 201],
  [printNetAnalyzer('netanalyzer', 4), 240],
  [printNetAnalyzer('netanalyzer_transparent', 12), 241],
  [printInfiniBand, 242],
  [printLocalTalkLink, 114],
  [printPflog, 117],
  [printUsb(48), 189],
  [printUsb(64), 220],
];

const PRINTERS: ReadonlyMap<number, LinkPrinter> = new Map(
  ROWS.flatMap(([print, ...linkTypes]) => linkTypes.map((linkType) => [linkType, print] as const)),
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

function printTokenRingLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printTokenRing(d, 0, length);
}

function printFddiLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printFddi(d, 0, length);
}

function printWlanLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printWlan(d, 0, length);
}

function printRadiotapLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printRadiotap(d, length);
}

function printPrismLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printPrism(d, length);
}

function printAvsLink(d: Dissection, length: number): void {
  d.linkHeaderLength = printAvs(d, length);
}

/** Numbers of files alone: within packets types are as libpcap has them on Linux. */
const FILES_ONLY = new Set([14, 100, 101, 102, 103, 106]);
const innerPrinter = (type: number): LinkPrinter | undefined =>
  FILES_ONLY.has(type) ? undefined : PRINTERS.get(type);

/** Old types, and those that anybody may use, have no name in libpcap. */
const NAMELESS = /^([2-5]|32|14[7-9]|15\d|16[0-2])$/;

const PPI_HEADER = 8;
const MOST_PPI = 65_532;

/** Per-packet information (link type 192): a header in little-endian order says which link type follows. */
function printPpi(d: Dissection, length: number): void {
  d.cutAs = 'ppi';
  const cut = (): void => {
    d.markTruncated();
    d.linkHeaderLength = d.end;
  };
  if (!d.has(0, PPI_HEADER)) {
    cut();
    return;
  }
  const size = d.u16le(2);
  if (size < PPI_HEADER || size > MOST_PPI) {
    d.out += ` [length ${size} < ${PPI_HEADER} or > ${MOST_PPI}]`;
    d.markInvalid();
    d.linkHeaderLength = d.end;
    return;
  }
  if (!d.has(0, size)) {
    cut();
    return;
  }
  const linkType = d.u32le(4);
  const known = linkType === PPI ? printPpi : innerPrinter(linkType);
  if (d.showsLink || known === undefined) {
    const row = LINK_TYPES.find(({ dlt }) => dlt === linkType && !NAMELESS.test(`${dlt}`));
    d.out += `V.${d.u8(0)} DLT ${row?.name ?? 'UNKNOWN'} (${linkType}) len ${size}, length ${length}: `;
  }
  printBehind(d, size, length, known);
}

/** Printers of link types begin at the packet's first byte. */
function printBehind(d: Dissection, size: number, length: number, known: LinkPrinter | undefined): void {
  const { data, end } = d;
  d.data = data.subarray(size);
  d.end = end - size;
  try {
    if (known !== undefined) known(d, length - size);
    else if (d.dumpUnknown) printHexAscii(d, 0, d.end);
  } finally {
    d.data = data;
    d.end = end;
    d.linkHeaderLength += size;
  }
}

const PKTAP_HEADER = 108;

/** Apple's packets with their processes: a header in little-endian order, which says the link type that follows. */
function printPktap(d: Dissection, length: number): void {
  d.cutAs = 'pktap';
  const invalid = (why: string): void => {
    d.out += ` (${why})`;
    d.markInvalid();
  };
  if (length < PKTAP_HEADER) {
    invalid(`packet too short, ${length} < ${PKTAP_HEADER}`);
    return;
  }
  const linkType = d.u32le(8);
  const size = d.u32le(0);
  if (size < PKTAP_HEADER) invalid(`pkt_len too small, ${size} < ${PKTAP_HEADER}`);
  else if (size > length) invalid(`pkt_len too big, ${size} > ${length}`);
  else {
    d.need(0, size);
    const known = innerPrinter(linkType);
    const record = d.u32le(4);
    if (d.showsLink || (known === undefined && record === 1)) {
      const { name = 'UNKNOWN' } = LINK_TYPES.find((row) => row.dlt === linkType) ?? {};
      d.out += d.quiet ? name : `DLT ${name} (${linkType}) len ${size}`;
      d.out += `, length ${length}: `;
    }
    if (record === 0) d.out += 'no data';
    if (record === 1) {
      printBehind(d, size, length, known);
      // tcpdump counts the inner header twice.
      d.linkHeaderLength += d.linkHeaderLength - size;
    } else d.linkHeaderLength = size;
  }
}

const PPI = 192;

function printUnsupported(d: Dissection): void {
  d.cutAs = 'unsupported';
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
  d.cutAs = 'null';
  d.need(0, LOOPBACK_HEADER);
  d.linkHeaderLength = LOOPBACK_HEADER;
  const little = d.u32le(0);
  const family = little > 0xffff ? d.u32(0) : little;
  if (d.showsLink) printFamily(d, family, length);
  const rest = length - LOOPBACK_HEADER;
  switch (FAMILY_NAMES.get(family)) {
    case 'IPv4':
      printIp4(d, LOOPBACK_HEADER, rest);
      break;
    case 'IPv6':
      printIp6(d, LOOPBACK_HEADER, rest);
      break;
    case 'ISO':
      printOsi(d, LOOPBACK_HEADER, rest);
      break;
    case 'Appletalk':
      printAppleTalk(d, LOOPBACK_HEADER, rest);
      break;
    case 'IPX':
      printIpx(d, LOOPBACK_HEADER);
      break;
    default:
      if (!d.showsLink) printFamily(d, family, length);
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
  d.cutAs = 'raw';
  if (d.showsLink) d.out += 'ip: ';
  d.cutAs = 'ipn';
  const version = d.u8(0) >> 4;
  if (version === 4) printIp4(d, 0, length);
  else if (version === 6) printIp6(d, 0, length);
  else d.out += `unknown ip ${version}`;
}
