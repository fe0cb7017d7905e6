/**
 * PPP (RFC 1661) on a line, in HDLC framing (RFC 1662), over Ethernet (RFC 2516), and Cisco's HDLC with its keepalives.
 * IP and MPLS inside are printed, and the control protocols (LCP, IPCP, …) with their options.
 */

import { TRUNCATED } from '../../bytes.js';
import { ETHERTYPE } from '../../names/index.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames } from '../frame/names.js';
import { hex2, hex4, hex8, visibleText } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';
import { printOsi } from '../network/clnp.js';
import { printIp4 } from '../network/ip4.js';
import { printIp6 } from '../network/ip6.js';
import { printIpx } from '../network/ipx.js';
import { printMpls } from '../network/tunnels.js';
import { ETHERTYPE_NAMES } from '../tables/ethertypes.js';
import { printChap, printPap } from './pppAuth.js';
import { PPP_NAMES } from './pppNames.js';
import { printPppOptions } from './pppOptions.js';

const ADDRESS = 0xff;
const CONTROL = 0x03;
const IP4 = 0x0021;
const OSI = 0x0023;
const IP6 = 0x0057;
const MPLS = 0x0281;
const MPLS_MULTICAST = 0x0283;
const COMPRESSED = 0x00fd;
const UNCOMPRESSED_TCP = 0x002f;

/** Protocols whose messages have LCP's form. */
const CONTROL_PROTOCOLS = new Set([0xc021, 0x8021, 0x8023, 0x8281, 0x8057, 0x80fd, 0xc02b]);

const CODES: ReadonlyMap<number, string> = new Map([
  [0, 'Vendor-Extension'],
  [1, 'Conf-Request'],
  [2, 'Conf-Ack'],
  [3, 'Conf-Nack'],
  [4, 'Conf-Reject'],
  [5, 'Term-Request'],
  [6, 'Term-Ack'],
  [7, 'Code-Reject'],
  [8, 'Prot-Reject'],
  [9, 'Echo-Request'],
  [10, 'Echo-Reply'],
  [11, 'Disc-Req'],
  [12, 'Ident'],
  [13, 'Time-Rem'],
  [14, 'Reset-Req'],
  [15, 'Reset-Ack'],
]);

/** LINKTYPE_PPP: address and control bytes may be there or not. */
export function printPppLink(d: Dissection, length: number): void {
  d.cutAs = 'ppp';
  if (d.end < 4) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  d.linkHeaderLength = 4;
  printPpp(d, 0, length);
}

/** LINKTYPE_PPP_HDLC: the first byte tells PPP from Cisco's HDLC. */
export function printPppSerial(d: Dissection, length: number): void {
  d.cutAs = 'ppp_hdlc';
  const first = d.end < 2 ? ADDRESS : d.u8(0);
  if (d.end >= 2 && (first === 0x0f || first === 0x8f)) {
    printCiscoHdlc(d, length);
    return;
  }
  if (d.end < 4) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  if (d.showsLink) d.out += `${hex2(first)} ${hex2(d.u8(1))} ${length} `;
  if (first !== ADDRESS) {
    d.linkHeaderLength = 2;
    d.out += `unknown addr ${hex2(d.u8(2))}; ctrl ${hex2(d.u8(3))}`;
    return;
  }
  const protocol = d.u16(2);
  d.out += `${PPP_NAMES.get(protocol) ?? `unknown PPP protocol (0x${hex4(protocol)})`}: `;
  printProtocol(d, protocol, 4, length - 4);
  d.linkHeaderLength = 4;
}

/** Prints a PPP frame at `at`; returns the length of its header. */
export function printPpp(d: Dissection, start: number, length: number): number {
  d.cutAs = 'ppp';
  let at = start;
  let rest = length;
  if (rest >= 2) {
    const head = d.u16(at);
    const incoming = head === CONTROL; // pppd writes the direction into the address
    const outgoing = head === ((1 << 8) | CONTROL);
    if (d.showsLink && incoming) d.out += 'In  ';
    if (d.showsLink && outgoing) d.out += 'Out ';
    if (incoming || outgoing || head === ((ADDRESS << 8) | CONTROL)) {
      at += 2;
      rest -= 2;
    }
  }
  if (rest < 2) {
    d.markTruncated();
    return 0;
  }
  const short = d.u8(at) % 2 === 1; // protocol field compression, RFC 1661 §6.5
  const protocol = short ? d.u8(at) : d.u16(at);
  at += short ? 1 : 2;
  rest -= short ? 1 : 2;
  if (d.showsLink) {
    const name = PPP_NAMES.get(protocol);
    d.out += `${name ?? 'unknown'} (0x${hex4(protocol)}), length ${length}`;
    if (name === undefined) return at - start;
    d.out += ': ';
  }
  printProtocol(d, protocol, at, rest);
  return at - start;
}

function printProtocol(d: Dissection, protocol: number, at: number, length: number): void {
  if (protocol >> 8 === 0x7e) {
    printEscaped(d, at - 1, length);
    return;
  }
  if (CONTROL_PROTOCOLS.has(protocol)) {
    printControl(d, protocol, at, length);
    return;
  }
  switch (protocol) {
    case IP4:
    case UNCOMPRESSED_TCP:
    case ETHERTYPE.IP:
      printIp4(d, at, length);
      break;
    case IP6:
    case ETHERTYPE.IPV6:
      printIp6(d, at, length);
      break;
    case MPLS:
    case MPLS_MULTICAST:
      printMpls(d, at, length);
      break;
    case 0x2b:
    case ETHERTYPE.IPX:
      printIpx(d, at);
      break;
    case OSI:
      printOsi(d, at, length);
      break;
    case 0x3d:
      printMultilink(d, at, length);
      break;
    case 0xc023:
      printPap(d, at, length);
      break;
    case 0xc223:
      printChap(d, at, length);
      break;
    case 0xc02d:
      break;
    case COMPRESSED:
      d.out += 'compressed PPP data';
      break;
    default:
      d.out += `${PPP_NAMES.get(protocol) ?? `unknown PPP protocol (0x${hex4(protocol)})`} `;
      printUnknown(d, at, length, '\n\t');
  }
}

/** Code, identifier and length of a control message (RFC 1661 §5). */
function printControl(d: Dissection, protocol: number, at: number, length: number): void {
  const name = PPP_NAMES.get(protocol)!;
  d.out += `${name}, `;
  if (length < 4 || !d.has(at, 2)) {
    d.out += `[|${name}]`;
    return;
  }
  const code = d.u8(at);
  d.out += `${CODES.get(code) ?? 'Unknown Opcode'} (0x${hex2(code)}), id ${d.u8(at + 1)}, length ${length + 2}`;
  if (!d.verbosity) return;
  const encoded = d.u16(at + 2);
  d.out += `\n\tencoded length ${encoded}`;
  if (encoded < 4) d.out += ' (< 4))';
  else if (encoded > length) d.out += ` (> packet length ${length}))`;
  else {
    d.out += ` (=Option(s) length ${encoded - 4})`;
    if (encoded > 4) printControlData(d, protocol, at, encoded, length);
  }
}

/** What `-v` shows of a message; `length` is what it says of itself, `whole` the packet's. */
function printControlData(d: Dissection, protocol: number, at: number, length: number, whole: number): void {
  const code = d.u8(at);
  if (d.verbosity > 1) printUnknown(d, at - 2, 6, '\n\t');
  const magic = (): string => `\n\t  Magic-Num 0x${hex8(d.u32(at + 4))}`;
  if (code === 0) {
    if (whole < 11) return;
    d.out += magic();
    d.out += ` Vendor: ${OUI_NAMES.get(d.u24(at + 8)) ?? 'Unknown'} (${d.u24(at + 8)})`;
  } else if (code < 5) printPppOptions(d, protocol, at, length);
  else if (code === 8 && whole >= 6) {
    const rejected = d.u16(at + 4);
    d.out += `\n\t  Rejected ${PPP_NAMES.get(rejected) ?? 'unknown'} Protocol (0x${hex4(rejected)})`;
    if (length > 6) {
      d.out += '\n\t  Rejected Packet';
      printUnknown(d, at + 6, length - 2, '\n\t    ');
    }
  } else if (code >= 9 && code <= 11 && whole >= 8) {
    d.out += magic();
    if (length <= 8) return;
    d.out += '\n\t  -----trailing data-----';
    if (d.has(at + 8, length - 8)) printUnknown(d, at + 8, length - 8, '\n\t  ');
    else d.out += `[|${PPP_NAMES.get(protocol)}]`;
  } else if (code === 12 && whole >= 8) {
    d.out += magic();
    if (length <= 8) return;
    d.out += `\n\t  Message\n\t    ${visibleText(d, at + 8, length - 4)}`;
    if (!d.has(at + 8, length - 4)) d.out += `[|${PPP_NAMES.get(protocol)}]`;
  } else if (code === 13 && whole >= 12) {
    d.out += magic();
    d.out += `, Seconds-Remaining ${d.u32(at + 8)}s`;
  } else if (code > 13 && d.verbosity <= 1) printUnknown(d, at - 2, whole + 2, '\n\t  ');
}

const MULTILINK_FLAGS = bitNames('128 begin|64 end');

function printMultilink(d: Dissection, at: number, length: number): void {
  if (!d.showsLink) d.out += 'MLPPP, ';
  if (length < 2 || !d.has(at, 2)) {
    d.out += '[|mlppp]';
    return;
  }
  const sequence = (d.u16(at) & 0xfff).toString(16).padStart(3, '0');
  d.out += `seq 0x${sequence}, Flags [${MULTILINK_FLAGS(d.u8(at) & 0xc0)}], length ${length}`;
}

/** Octets escaped as RFC 1662 has it: they are printed from a copy without escapes. */
function printEscaped(d: Dissection, at: number, length: number): void {
  if (at >= d.end || length === 0) return;
  const { data, end } = d;
  const plain: number[] = [];
  for (let i = at; i < end; i++) {
    if (data[i] !== 0x7d) plain.push(data[i]!);
    else if (++i < end) plain.push(data[i]! ^ 0x20);
  }
  d.data = Uint8Array.from(plain);
  d.end = plain.length;
  try {
    printPlain(d, plain.length);
  } finally {
    d.data = data;
    d.end = end;
  }
}

function printPlain(d: Dissection, length: number): void {
  const first = length < 1 ? -1 : d.u8(0);
  if (first === IP4) printIp4(d, 1, length - 1);
  else if (first === IP6) printIp6(d, 1, length - 1);
  else {
    const header = length >= 2 && d.u16(0) === 0xff03 ? 4 : 2;
    if (length < header) {
      d.markTruncated();
      return;
    }
    const protocol = d.u16(header - 2);
    if (protocol >> 8 === 0x7e) d.out += `(protocol 0x${hex4(protocol)} invalid)`;
    else printProtocol(d, protocol, header, length - header);
  }
}

const PPPOE_HEADER = 6;

const PPPOE_CODES: ReadonlyMap<number, string> = new Map([
  [0x09, 'PADI'],
  [0x07, 'PADO'],
  [0x19, 'PADR'],
  [0x65, 'PADS'],
  [0xa7, 'PADT'],
  [0x00, ''],
]);

const PPPOE_TAGS: ReadonlyMap<number, string> = new Map([
  [0x0000, 'EOL'],
  [0x0101, 'Service-Name'],
  [0x0102, 'AC-Name'],
  [0x0103, 'Host-Uniq'],
  [0x0104, 'AC-Cookie'],
  [0x0105, 'Vendor-Specific'],
  [0x0110, 'Relay-Session-ID'],
  [0x0120, 'PPP-Max-Payload'],
  [0x0201, 'Service-Name-Error'],
  [0x0202, 'AC-System-Error'],
  [0x0203, 'Generic-Error'],
]);

export function printPppoe(d: Dissection, at: number, length: number): void {
  d.cutAs = 'pppoe';
  if (length < PPPOE_HEADER) {
    d.out += ` (length ${length} < ${PPPOE_HEADER})`;
    d.markInvalid();
    return;
  }
  d.need(at, PPPOE_HEADER);
  const first = d.u8(at);
  const code = d.u8(at + 1);
  const session = d.u16(at + 2);
  let rest = d.u16(at + 4);
  if (first >> 4 !== 1) d.out += ` [ver ${first >> 4}]`;
  if ((first & 0x0f) !== 1) d.out += ` [type ${first & 0x0f}]`;
  d.out += `PPPoE ${PPPOE_CODES.get(code) ?? `PAD-${code.toString(16)}`}`;
  if (code === 0x09 && rest > 1484 - PPPOE_HEADER) d.out += ` [len ${rest}!]`;
  if (rest > length - PPPOE_HEADER) {
    d.out += ` [len ${rest} > ${length - PPPOE_HEADER}!]`;
    rest = length - PPPOE_HEADER;
  }
  if (session) d.out += ` [ses 0x${session.toString(16)}]`;
  if (code) {
    printTags(d, at + PPPOE_HEADER, rest);
  } else {
    d.out += ' ';
    printPpp(d, at + PPPOE_HEADER, rest);
  }
}

/** Longest text of a tag that is shown. */
const MOST_TAG_TEXT = 79;

function printTags(d: Dissection, start: number, length: number): void {
  let type = 0xffff;
  for (let at = start; type !== 0 && at < start + length; ) {
    type = d.u16(at);
    const size = d.u16(at + 2);
    const name = PPPOE_TAGS.get(type) ?? `TAG-0x${type.toString(16)}`;
    at += 4;
    d.need(at, size);
    if (size === 0) {
      d.out += ` [${name}]`;
      continue;
    }
    let text = '';
    let printable = 0;
    for (let i = 0; i < size && i < MOST_TAG_TEXT; i++) {
      const octet = d.u8(at + i);
      const graphic = octet >= 0x20 && octet <= 0x7e;
      if (graphic) printable++;
      text += graphic ? String.fromCharCode(octet) : '.';
    }
    if (printable > text.length - printable) {
      d.out += ` [${name} "${text}"]`;
    } else {
      d.out += ` [${name} 0x`;
      for (let i = 0; i < size; i++) d.out += hex2(d.u8(at + i)).toUpperCase();
      d.out += ']';
    }
    at += size;
  }
}

const CISCO_HEADER = 4;
const SLARP = 0x8035;

/** LINKTYPE_C_HDLC: an EtherType behind address and control. */
export function printCiscoHdlc(d: Dissection, length: number): void {
  printCiscoFrame(d, 0, length);
  d.linkHeaderLength = length < CISCO_HEADER ? d.end : CISCO_HEADER;
}

export function printCiscoFrame(d: Dissection, start: number, length: number): void {
  d.cutAs = 'chdlc';
  if (length < CISCO_HEADER) {
    d.markTruncated();
    return;
  }
  const protocol = d.u16(start + 2);
  const at = start + CISCO_HEADER;
  if (d.showsLink) {
    const first = d.u8(start);
    const cast = first === 0x0f ? 'unicast' : first === 0x8f ? 'bcast' : `0x${hex2(first)}`;
    d.out += `${cast}, ethertype ${ETHERTYPE_NAMES.get(protocol) ?? 'Unknown'} (0x${hex4(protocol)}), length ${length}: `;
  }
  const rest = length - CISCO_HEADER;
  switch (protocol) {
    case ETHERTYPE.IP:
      printIp4(d, at, rest);
      break;
    case ETHERTYPE.IPV6:
      printIp6(d, at, rest);
      break;
    case ETHERTYPE.MPLS:
    case ETHERTYPE.MPLS_MULTICAST:
      printMpls(d, at, rest);
      break;
    case SLARP:
      printSlarp(d, at, rest);
      break;
    case ETHERTYPE_OSI:
      printCiscoOsi(d, at, rest);
      break;
    default:
      if (!d.showsLink) d.out += `unknown CHDLC protocol (0x${hex4(protocol)})`;
  }
}

const ETHERTYPE_OSI = 0xfefe;

/** A byte may stand before the identifier. */
function printCiscoOsi(d: Dissection, at: number, length: number): void {
  if (length < 2 || !d.has(at, 2)) throw TRUNCATED;
  const fudge = d.u8(at + 1) >= 0x81 && d.u8(at + 1) <= 0x83 ? 1 : 0;
  printOsi(d, at + fudge, length - fudge);
}

const SLARP_LEAST = 14;
const SLARP_MOST = 18;

/** Cisco's address resolution and keepalive on serial lines. */
function printSlarp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'chdlc_slarp';
  d.out += `SLARP (length: ${length}), `;
  if (length < SLARP_LEAST || !d.has(at, SLARP_LEAST)) {
    d.markTruncated();
    return;
  }
  let data = at;
  const code = d.u32(at);
  if (code === 0) {
    d.out += 'request';
  } else if (code === 1) {
    d.out += `reply ${d.ip4(at + 4)}/${d.ip4(at + 8)}`;
  } else if (code === 2) {
    d.out += `keepalive: mineseen=0x${hex8(d.u32(at + 4))}, yourseen=0x${hex8(d.u32(at + 8))}`;
    d.out += `, reliability=0x${hex4(d.u16(at + 12))}`;
    if (length >= SLARP_MOST) {
      data = at + SLARP_LEAST;
      d.out += `, link uptime=${uptime(d.u32(data))}`;
    }
  } else {
    d.out += `0x${code.toString(16).padStart(2, '0')} unknown`;
    if (d.verbosity <= 1) printUnknown(d, at + 4, length - 4, '\n\t');
  }
  if (length > SLARP_MOST && d.verbosity) d.out += `, (trailing junk: ${length - SLARP_MOST} bytes)`;
  if (d.verbosity > 1) printUnknown(d, data + 4, length - 4, '\n\t');
}

function uptime(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d${hours % 24}h${minutes % 60}m${seconds % 60}s`;
}
