/** Frame Relay (RFC 2427, Q.922), its signalling (Q.933), and links of several lines and fragments (FRF.12, FRF.15, FRF.16). */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii, printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8, visible } from '../frame/text.js';
import { printOsi } from '../network/clnp.js';
import { NLPID } from '../network/osi.js';
import { ETHERTYPE_NAMES, printEtherType } from '../tables/ethertypes.js';
import { printSnap } from './llc.js';
import { printPpp } from './ppp.js';
import { type Q922Address, readQ922 } from './q922.js';

const FLAGS = bitNames('0x2000000 C!|0x20000 DE|0x40000 BECN|0x80000 FECN|2 sdlcore');
const FRAGMENT_FLAGS = bitNames('128 Begin|64 End|32 Control');

function sayHeader(
  d: Dissection,
  length: number,
  size: number,
  { dlci, flags }: Q922Address,
  kind: number,
): void {
  if (d.quiet) {
    d.out += `Q.922, DLCI ${dlci}, length ${length}: `;
    return;
  }
  const what =
    kind <= 0xff
      ? `NLPID ${NLPID(kind, 'unknown')} (0x${hex2(kind)})`
      : `cisco-ethertype ${ETHERTYPE_NAMES.get(kind) ?? 'unknown'} (0x${hex4(kind)})`;
  d.out += `Q.922, hdr-len ${size}, DLCI ${dlci}, Flags [${FLAGS(flags)}], ${what}, length ${length}: `;
}

/** LINKTYPE_FRELAY. */
export function printFrameRelayLink(d: Dissection, length: number): void {
  d.cutAs = 'fr';
  if (d.end < 4) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
  } else d.linkHeaderLength = printFrameRelay(d, 0, length);
}

/** Returns bytes of header; 0 where it is none. */
export function printFrameRelay(d: Dissection, at: number, length: number): number {
  d.cutAs = 'fr';
  const cut = (): number => {
    d.markTruncated();
    return 0;
  };
  const found = readQ922(d, at, length);
  if (found === null) return cut();
  if (found === undefined) {
    d.out += 'Q.922, invalid address';
    return 0;
  }
  const { size, dlci } = found;
  if (!d.has(at + size, 1) || length < size + 1) return cut();
  if (d.u8(at + size) !== 3 && dlci !== 0) {
    if (d.has(at + size, 2) && length >= size + 2) {
      const type = d.u16(at + size);
      if (d.showsLink) sayHeader(d, length, size, found, type);
      const next = at + size + 2;
      if (printEtherType(d, type, next, length - size - 2, d.end - next, -1, -1)) return size + 2;
    }
    d.out += `UI ${hex2(d.u8(at + size))}! `;
  }
  if (!d.has(at + size, 2) || length < size + 2) return cut();
  const pad = d.u8(at + size + 1) === 0;
  if (pad !== (size === 3)) d.out += pad ? 'Pad! ' : 'No pad! ';
  const header = size + (pad ? 3 : 2);
  if (!d.has(at, header) || length < header) return cut();
  const kind = d.u8(at + header - 1);
  if (d.showsLink) sayHeader(d, length, size, found, kind);
  if (!printPayload(d, kind, at + header, length - header)) {
    const isSnap = kind === 0x80;
    if (!d.showsLink) sayHeader(d, length, isSnap ? header : size, found, kind);
    if (!d.hex) printHexAscii(d, isSnap ? at : at + header, isSnap ? length : length - header);
  }
  return header;
}

function printPayload(d: Dissection, kind: number, at: number, length: number): boolean {
  switch (kind) {
    case 0xcc:
      d.next.ip4(d, at, length);
      break;
    case 0x8e:
      d.next.ip6(d, at, length);
      break;
    case 0x81:
    case 0x82:
    case 0x83:
      printOsi(d, at - 1, length + 1);
      break;
    case 0x80:
      return printSnap(d, at, length, d.end - at, -1, -1, 0);
    case 8:
      printQ933(d, at, length);
      break;
    case 0xb1:
      if (length < 2) throw TRUNCATED;
      d.out += `FRF.15, seq 0x${(((d.u8(at) & 0x1e) << 7) | d.u8(at + 1)).toString(16).padStart(3, '0')}`;
      d.out += `, Flags [${FRAGMENT_FLAGS(d.u8(at) & 0xe0)}],${d.u8(at) & 1 ? 'Interface' : 'End-to-End'} Fragmentation, length ${length}`;
      break;
    case 0xcf:
      printPpp(d, at, length);
      break;
    default:
      return false;
  }
  return true;
}

const LINK_MESSAGES = names(
  '1 Add Link|Add Link ACK|Add Link Reject|Hello|Hello ACK|Remove Link|Remove Link ACK',
);
const LINK_ELEMENTS = names('1 Bundle ID|Link ID|Magic Number|5 Timestamp|Vendor Extension|Cause');
const MOST_ID = 50;

/** LINKTYPE_MFR: FRF.16.1, frames and what manages a bundle of links. */
export function printMultilinkLink(d: Dissection, length: number): void {
  d.cutAs = 'mfr';
  if (d.end < 2) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
  } else d.linkHeaderLength = printMultilink(d, 0, length);
}

/** Returns bytes of header. */
export function printMultilink(d: Dissection, at: number, length: number): number {
  d.cutAs = 'mfr';
  if (length < 4) {
    d.out += `[length ${length} < 4]`;
    d.markInvalid();
    return length;
  }
  if (!d.has(at, 4)) {
    d.markTruncated();
    return length;
  }
  const flags = d.u8(at) & 0xe0;
  if (flags === 0xe0 && d.u8(at + 1) === 0) {
    const kind = LINK_MESSAGES(d.u8(at + 2), `Unknown Message (0x${hex2(d.u8(at + 2))})`);
    d.out += `FRF.16 Control, Flags [${FRAGMENT_FLAGS(flags)}], ${kind}, length ${length}`;
    return d.verbosity ? printElements(d, at, length) : 3;
  }
  const sequence = ((d.u8(at) & 0x1e) << 7) | d.u8(at + 1);
  d.out += `FRF.16 Frag, seq ${sequence}, Flags [${FRAGMENT_FLAGS(flags)}]`;
  if (flags === 0xc0 || flags === 0x80) {
    d.out += ', ';
    printFrameRelay(d, at + 2, length - 2);
    return 2;
  }
  printUnknown(d, at, length, '\n\t');
  return 0;
}

function printElements(d: Dissection, start: number, length: number): number {
  for (let at = start + 3; start + length - at > 2; ) {
    if (!d.has(at, 2)) {
      d.markTruncated();
      return length;
    }
    const [type, size] = [d.u8(at), d.u8(at + 1)];
    d.out += `\n\tIE ${LINK_ELEMENTS(type)} (${type}), length ${size}: `;
    if (type === 0 || size <= 2) return 3;
    if (!d.has(at, size)) {
      d.markTruncated();
      return length;
    }
    printElement(d, type, at + 2, size - 2);
    if (d.verbosity > 1) printUnknown(d, at + 2, size - 2, '\n\t  ');
    at += size;
  }
  return 3;
}

function printElement(d: Dissection, type: number, at: number, size: number): void {
  if (type === 3) {
    if (size === 4) d.out += `0x${hex8(d.u32(at))}`;
    else {
      d.out += `[IE data length ${size} != 4]`;
      d.markInvalid();
    }
  } else if (type === 1 || type === 2)
    for (let i = 0; i < size && i < MOST_ID && d.u8(at + i) !== 0; i++) d.out += visible(d.u8(at + i));
  else if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t  ');
}

const MESSAGES = names(
  'ESC to National|Alert|Call proceeding|Progress|5 Setup|7 Connect|15 Connect ACK|0x45 Disconnect|Restart|0x4d Release|Restart ACK|0x5a Release Complete|0x75 Status Enquiry|0x7d Status Reply',
);
const INFORMATION = names(
  '1 ANSI Report Type|3 ANSI Link Verify|7 ANSI PVC Status|0x19 ANSI Link Verify|0x51 CCITT Report Type|0x53 CCITT Link Verify|0x57 CCITT PVC Status',
  'unknown',
);
const REPORTS = ['Full Status', 'Link verify', 'Async PVC Status'];

/** Q.933: a call reference, a message type, information elements in sets of codes. */
export function printQ933(d: Dissection, start: number, length: number): void {
  d.cutAs = 'q.933';
  if (!d.showsLink) d.out += 'Q.933';
  const comma = d.showsLink ? '' : ', ';
  const end = start + length;
  let at = start;
  let size = `${comma}length ${length}`;
  const octet = (): number => {
    if (at >= end || at >= d.end) {
      d.out += size;
      throw TRUNCATED;
    }
    return d.u8(at++);
  };
  const reference = octet() & 15;
  const call: number[] = [];
  for (let i = 0; i < reference; i++) call.push(octet());
  const message = octet();
  let [set, back, shifted] = [0, 0, 0];
  let isAnsi = false;
  if (at < end) {
    const first = octet();
    if ((first & 0xf0) === 0x90) {
      set = first & 7;
      if ((first & 8) !== 0) shifted = 1;
      else isAnsi = set === 5;
    } else at--;
  }
  d.out += `${comma}${isAnsi ? 'ANSI' : 'CCITT'}, codeset ${set}`;
  if (reference > 1 || (reference === 1 && d.u8(at) !== 0))
    d.out += `, Call Ref: 0x${call.map(hex2).join('')}`;
  d.out += d.verbosity
    ? `, ${MESSAGES(message, 'unknown message')} (0x${hex2(message)}), length ${length}`
    : `, ${MESSAGES(message, `unknown message 0x${hex2(message)}`)}`;
  size = d.verbosity ? '' : `, length ${length}`;
  while (at < end) {
    if (shifted === 1) shifted = 2;
    else if (shifted === 2) {
      set = back;
      shifted = 0;
    }
    const code = octet();
    if (code & 0x80) {
      if ((code & 0xf0) !== 0x90) continue;
      shifted = (code & 8) !== 0 ? 1 : 0;
      if (shifted) back = set;
      set = code & 7;
      continue;
    }
    const count = octet();
    const known = set === 0 || set === 5;
    if (d.verbosity)
      d.out += `\n\t${known ? INFORMATION(code) : 'unknown'} IE (0x${hex2(code)}), length ${count}: `;
    if (code === 0 || count === 0) return;
    if (end - at < count || !d.has(at, count)) {
      d.out += size;
      throw TRUNCATED;
    }
    if (known && printInformation(d, code, at, count)) {
      if (d.verbosity > 1) printUnknown(d, at, count, '\n\t  ');
    } else if (d.verbosity) printUnknown(d, at, count, '\n\t');
    at += count;
  }
  d.out += size;
}

/** False where it is not known. */
function printInformation(d: Dissection, code: number, at: number, size: number): boolean {
  const comma = d.verbosity ? '' : ', ';
  if (code === 1 || code === 0x51) {
    if (d.verbosity) d.out += `${REPORTS[d.u8(at)] ?? 'unknown'} (${d.u8(at)})`;
  } else if (code === 3 || code === 0x53 || code === 0x19) {
    const [sent, received] = [d.u8(at), size < 2 ? 0 : d.u8(at + 1)].map((n) => `${n}`.padStart(3));
    d.out += comma + (size < 2 ? 'Invalid LINK VERIFY IE' : `TX Seq: ${sent}, RX Seq: ${received}`);
  } else if (code === 7 || code === 0x57) d.out += comma + circuit(d, at, size);
  else return false;
  return true;
}

/** State of a permanent virtual circuit. */
function circuit(d: Dissection, at: number, size: number): string {
  const last = d.u8(at + size - 1);
  // All but the first byte: the number's last one has the top bit, and the state behind it.
  const ends = size >= 3 && size <= 5 && !(d.u8(at) & 0x80) && (last & 0x80) !== 0;
  let wrong = !ends;
  for (let i = 1; i < size - 1 && ends; i++)
    if (((d.u8(at + i) & 0x80) !== 0) !== (i === size - 2)) wrong = true;
  if (wrong) return 'Invalid DLCI in PVC STATUS IE';
  let dlci = ((d.u8(at) & 0x3f) << 4) | ((d.u8(at + 1) & 0x78) >> 3);
  if (size === 4) dlci = (dlci << 6) | ((d.u8(at + 2) & 0x7e) >> 1);
  else if (size === 5) dlci = (dlci << 13) | (d.u8(at + 2) & 0x7f) | ((d.u8(at + 3) & 0x7e) >> 1);
  return `DLCI ${dlci}: status ${last & 8 ? 'New, ' : ''}${last & 2 ? 'Active' : 'Inactive'}`;
}
