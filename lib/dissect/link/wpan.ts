/** IEEE 802.15.4: frames of low-rate wireless networks; of information elements the headers' only, as bytes. */

import { ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { u8, u16le } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8 } from '../frame/text.js';

export const WPAN = layout('wpan', { fcf: u16le(0, 'hex'), seq_no: u8(2) });

const TYPES = ['Beacon', 'Data', 'ACK', 'Command', 'Reserved', 'Multipurpose', 'Fragment', 'Extended'];
const ELEMENTS = names(
  'Vendor Specific Header IE|26 LE CSL IE|LE RIT IE|DSME PAN descriptor IE|Rendezvous Time IE|Time Correction IE|33 Extended DSME PAN descriptor IE|Fragment Sequence Context Description IE|Simplified Superframe Specification IE|Simplified GTS Specification IE|LECIM Capabilities IE|TRLE Descriptor IE|RCC Capabilities IE|RCCN Descriptor IE|Global Time IE|Omnibus Header IE|DA IE|126 Header Termination 1 IE|Header Termination 2 IE',
  '',
);
const COMMANDS = names(
  '1 Association Request|Association Response|Disassociation Notification|Data Request|PAN ID Conflict Notification|Orphan Notification|Beacon Request|Coordinator realignment|GTS request|TRLE Management Request|TRLE Management Response|19 DSME Association Request|DSME Association Response|DSME GTS Request|DSME GTS Response|DSME GTS Notify|DSME Information Request|DSME Information Response|DSME Beacon Allocation Notification|DSME Beacon Collision Notification|DSME Link Report|32 RIT Data Request|DBS Request|DBS Response|RIT Data Response|Vendor Specific',
  '',
);
const reserved = (value: number): string => `Reserved 0x${hex2(value)}`;

/** Without the checksum where it is there: of four bytes, of two, or of none. */
function withoutChecksum(d: Dissection, length: number): [length: number, words: string] {
  const crc = (bytes: number, polynomial: number): number => {
    let sum = 0;
    for (let i = 0; i < bytes; i++) {
      sum ^= d.u8(i);
      for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ polynomial : sum >>> 1;
    }
    return sum >>> 0;
  };
  if (length < 4) return [length, 'FCS 0 '];
  const long = d.u32le(length - 4);
  if (crc(length - 4, 0xedb88320) === long) return [length - 4, `FCS ${long.toString(16)} `];
  const short = d.u16le(length - 2);
  const sum = crc(length - 2, 0x8408);
  if (sum === short) return [length - 2, `FCS ${short.toString(16)} `];
  return [length, `wrong FCS ${short.toString(16)} vs ${sum.toString(16)} (assume no FCS stored) `];
}

/** Bytes that are not read yet. */
interface Rest {
  at: number;
  left: number;
}

/** Passes over bytes; @throws ENDS_EARLY, having said what is cut, where there are fewer. */
function take(d: Dissection, rest: Rest, size: number, what: string): number {
  if (rest.left < size) {
    d.out += `[ERROR: Truncated ${what}]`;
    throw ENDS_EARLY;
  }
  rest.at += size;
  rest.left -= size;
  return rest.at - size;
}

function address(d: Dissection, rest: Rest, size: number): string {
  const at = take(d, rest, size, 'before dst_addr');
  if (size === 0) return 'none';
  if (size === 2) return hex4(d.u16le(at));
  return Array.from({ length: 8 }, (_, i) => hex2(d.u8(at + 7 - i))).join(':');
}

function printSecurity(d: Dissection, rest: Rest): number {
  const control = d.u8(take(d, rest, 1, 'before Aux Security Header'));
  const mode = (control >> 3) & 3;
  const say = (words: string): void => {
    if (d.verbosity > 1) d.out += words;
  };
  if (d.verbosity) d.out += `\n\tSecurity Level ${control & 7}, Key Id Mode ${mode}, `;
  if (!(control & 32)) say(`Frame Counter 0x${hex8(d.u32le(take(d, rest, 4, 'before Frame Counter')))} `);
  if (mode === 0) {
    say('Implicit');
    return control & 7;
  }
  if (mode === 2) {
    const at = take(d, rest, 4, 'before Key Source');
    say(`KeySource 0x${hex4(d.u16le(at))}:${d.u16le(at + 2).toString(16)}4x, `);
  } else if (mode === 3) {
    const at = take(d, rest, 8, 'before Key Source');
    say(`KeySource ${address(d, { at, left: 8 }, 8)}, `);
    rest.at -= 4; // half of it counts
    rest.left += 4;
  }
  say(`KeyIndex 0x${hex2(d.u8(take(d, rest, 1, 'before Key Index')))}, `);
  return control & 7;
}

function printElements(d: Dissection, rest: Rest): void {
  let id = 0;
  do {
    const head = d.u16le(take(d, rest, 2, 'header IE'));
    const size = head & 0x7f;
    id = (head >> 7) & 0xff;
    if (head & 0x8000) d.out += '[ERROR: Header IE with type 1] ';
    if (id > 127) d.out += `Reserved Element ID ${hex2(id)}, length = ${size} `;
    else d.out += `\n\t${ELEMENTS(id) || reserved(id)} [${size === 0 ? '' : ` length = ${size}, `}`;
    const at = take(d, rest, size, 'IE data');
    if (size > 0) d.out += 'IE Data = ';
    for (let i = 0; i < size; i++) d.out += `${hex2(d.u8(at + i))} `;
    d.out += '] ';
  } while (id !== 0x7e && id !== 0x7f && rest.left > 0);
}

function printBeacon(d: Dissection, rest: Rest): void {
  const frame = d.u16le(take(d, rest, 2, 'before beacon information'));
  if (d.verbosity) {
    d.out += `\n\tBeacon order = ${frame & 15}, Superframe order = ${(frame >> 4) & 15}, Final CAP Slot = ${(frame >> 8) & 15}`;
    d.out += `${frame & 0x1000 ? ', BLE enabled' : ''}${frame & 0x4000 ? ', PAN Coordinator' : ''}${frame & 0x8000 ? ', Association Permit' : ''}`;
  }
  const slots = d.u8(take(d, rest, 1, 'before GTS info')) & 7;
  if (slots === 0 && d.verbosity) d.out += '\n\tGTS Descriptor Count = 0, ';
  if (slots > 0) {
    if (rest.left < 1 + slots * 3) d.out += ' ';
    const at = take(d, rest, 1 + slots * 3, 'GTS Info List');
    if (d.verbosity > 1) {
      d.out += `GTS Descriptor Count = ${slots}, GTS Directions Mask = ${hex2(d.u8(at) & 0x7f)}, [ `;
      for (let i = at + 1; i < at + 1 + slots * 3; i += 3)
        d.out += `[ ${hex4(d.u16le(i))}, Start slot = ${d.u8(i + 1) & 15}, Length = ${d.u8(i + 1) >> 4} ] `;
      d.out += ']';
    }
  }
  const pending = d.u8(take(d, rest, 1, 'before pending addresses'));
  const [short, long] = [pending & 7, (pending >> 4) & 7];
  if (d.verbosity)
    d.out += `\n\tPending address list, # short addresses = ${short}, # extended addresses = ${long}`;
  if (rest.left < short * 2 + long * 8) {
    d.out += ' [ERROR: Pending address list truncated]';
    throw ENDS_EARLY;
  }
  const list = (count: number, size: number, name: string): void => {
    let words = `, ${name} address list = [ `;
    for (let i = 0; i < count; i++) words += `${address(d, rest, size)} `;
    if (count > 0 && d.verbosity > 1) d.out += `${words}]`;
  };
  list(short, 2, 'Short');
  list(long, 8, 'Extended');
}

const ABILITIES = bitNames(
  '4 AC powered|8 Receiver on when idle|16 Fast association|64 Security supported|128 Allocate address',
  '',
);
const ASSOCIATED = names(
  'Association successful|PAN at capacity|PAN access denied|Hooping sequence offset duplication|128 Fast association successful',
  '',
);
const REASONS = names(
  'Reserved|Reason = The coordinator wishes the device to leave PAN|Reason = The device wishes to leave the PAN',
  '',
);
/** How many bytes commands have, and their names where there are more or fewer. */
const SIZES: Readonly<Record<number, readonly [least: number, most: number, name: string]>> = {
  1: [1, 1, 'Association request'],
  2: [3, 3, 'Association response'],
  3: [1, 1, 'Disassociation Notification'],
  8: [7, 8, 'Coordinator Realignment'],
  9: [1, 1, 'GTS Request'],
};

function printCommand(d: Dissection, id: number, rest: Rest): void {
  const { at, left } = rest;
  if (id >= 4 && id <= 7) return;
  const [least, most, name] = SIZES[id] ?? [0, left, ''];
  if (left < least || left > most) {
    d.out += `Invalid ${name} command length`;
    return;
  }
  const first = d.u8(at);
  if (id === 1) d.out += `${first & 2 ? 'F' : 'R'}FD, ${ABILITIES(first) && `${ABILITIES(first)}, `}`;
  else if (id === 2) {
    const status = d.u8(at + 2);
    d.out += `Short address = ${hex4(d.u16le(at))}, ${ASSOCIATED(status) || `Status = 0x${hex2(status)}`}`;
  } else if (id === 3) d.out += REASONS(first) || `Reason = 0x${hex2(d.u8(at + 2))}`;
  else if (id === 8) {
    const page = left === 8 ? d.u8(at + 7) : 0x80;
    const channel = d.u8(at + 4) | (page & 0x80 ? (page & 0x7f) << 8 : 0);
    d.out += `Pan ID = 0x${hex4(d.u16le(at))}, Coordinator short address = ${hex4(d.u16le(at + 2))}, Channel Number = ${channel}`;
    d.out += `${page & 0x80 ? '' : `, page = ${page}`}, Short address = ${hex4(d.u16le(at + 5))}`;
  } else if (id === 9) {
    d.out += `GTS Length = ${first & 15}, ${first & 16 ? 'Receive' : 'Transmit'}-only GTS, GTS ${first & 32 ? 'allocation' : 'deallocations'}`;
  } else {
    d.out += 'Command Data = ';
    for (let i = 0; i < left; i++) d.out += `${hex2(d.u8(at + i))} `;
    return;
  }
  take(d, rest, left, '');
}

const SECURITY = 8;
const COMPRESSED = 0x40;
const UNNUMBERED = 0x100;
const ELEMENTS_FOLLOW = 0x200;
const FLAGS = [
  [SECURITY, 'Security Enabled'],
  [16, 'Frame Pending'],
  [32, 'AR'],
  [COMPRESSED, 'PAN ID Compression'],
  [UNNUMBERED, 'Sequence Number Suppression'],
  [ELEMENTS_FOLLOW, 'IE present'],
] as const;
const ADDRESSES = [0, -1, 2, 8];

/** Which of the networks of destination and source are there (802.15.4-2015, table 7-2). */
function networks(version: number, compressed: boolean, to: number, from: number): [boolean, boolean] {
  if (version < 2) return [to > 0, from > 0 && !compressed];
  if (compressed) return [to === from ? to !== 8 : to > 0 && from > 0, false];
  return [to > 0, from > 0 && (to === 0 || from !== 8)];
}

/** @throws ENDS_EARLY, having said so, where one is of no size that is known. */
function addressSizes(d: Dissection, toMode: number, fromMode: number): [to: number, from: number] {
  const [to, from] = [ADDRESSES[toMode & 3]!, ADDRESSES[fromMode & 3]!];
  if (from >= 0 && to >= 0) return [to, from];
  d.out += `[ERROR: Invalid ${from < 0 ? 'src' : 'dst'} address mode]`;
  throw ENDS_EARLY;
}

function say(d: Dissection, rest: Rest, network: boolean, size: number): void {
  d.out += network ? `${hex4(d.u16le(take(d, rest, 2, 'before dst_pan')))}:` : '-:';
  d.out += address(d, rest, size);
}

/** What stands between the addresses and what is carried. */
function printMiddle(
  d: Dissection,
  rest: Rest,
  isSecure: boolean,
  elements: boolean,
  checksum: string,
): void {
  const level = isSecure ? printSecurity(d, rest) : 0;
  const code = level & 3 ? 2 << (level & 3) : 0;
  take(d, rest, code, 'before MIC');
  rest.at -= code; // it ends the frame
  if (elements) printElements(d, rest);
  if (d.verbosity <= 2) return;
  const end = rest.at + rest.left;
  if (code) d.out += `\n\tMIC ${Array.from({ length: code }, (_, i) => hex2(d.u8(end + i))).join('')} `;
  d.out += checksum;
}

const LONG_CONTROL = 8;
const MULTIPURPOSE_FLAGS = [
  [0x200, 'Security Enabled'],
  [0x800, 'Frame Pending'],
  [0x4000, 'AR'],
  [0x100, 'PAN ID Present'],
  [0x400, 'Sequence Number Suppression'],
  [0x8000, 'IE present'],
] as const;

/** Frames with a control field of one byte or two (802.15.4-2015 §7.3.5). */
function printMultipurpose(d: Dissection, whole: number, captured: number): void {
  const [length, checksum] = withoutChecksum(d, captured);
  const isLong = (whole & LONG_CONTROL) !== 0;
  const control = isLong ? whole : whole & 0xff;
  const has = (bit: number): boolean => (control & bit) !== 0;
  if (isLong) {
    d.out += `v${(control >> 12) & 3} `;
    if (d.verbosity > 2) for (const [bit, name] of MULTIPURPOSE_FLAGS) if (has(bit)) d.out += `${name}, `;
  }
  let start = isLong ? 2 : 1;
  if (!has(0x400)) {
    const number = d.u8(start++);
    if (d.verbosity) d.out += `seq ${hex2(number)} `;
  }
  const rest = { at: start, left: length - start };
  const [to, from] = addressSizes(d, control >> 4, control >> 6);
  say(d, rest, has(0x100), to);
  d.out += ' <  ';
  say(d, rest, false, from);
  d.out += ' ';
  printMiddle(d, rest, has(0x200), has(0x8000), checksum);
  d.linkHeaderLength = 1; // as above
  if (d.dumpUnknown) printHexAscii(d, rest.at, rest.left);
}

function printFrame(d: Dissection, control: number, captured: number): void {
  const [length, checksum] = withoutChecksum(d, captured);
  const version = (control >> 12) & 3;
  const has = (bit: number): boolean => (control & bit) !== 0;
  d.out += `v${version} `;
  if (d.verbosity > 2) for (const [bit, name] of FLAGS) if (has(bit)) d.out += `${name}, `;
  if (has(UNNUMBERED)) {
    if (version < 2) d.out += '[ERROR: Sequence number suppressed on frames where version < 2]';
    if (d.verbosity) d.out += 'seq suppressed ';
  } else {
    const number = d.u8(2);
    if (d.verbosity) d.out += `seq ${hex2(number)} `;
  }
  const start = has(UNNUMBERED) ? 2 : 3;
  if (length < start) {
    d.markTruncated();
    throw ENDS_EARLY;
  }
  const rest = { at: start, left: length - start };
  const [to, from] = addressSizes(d, control >> 10, control >> 14);
  if (version < 2 && has(COMPRESSED) && (to === 0 || from === 0))
    d.out += '[ERROR: PAN ID Compression != 0, and only one address with frame version < 2]';
  const there = networks(version, has(COMPRESSED), to, from);
  say(d, rest, there[0], to);
  d.out += ' < ';
  say(d, rest, there[1], from);
  d.out += ' ';
  printMiddle(d, rest, has(SECURITY), has(ELEMENTS_FOLLOW), checksum);
  d.linkHeaderLength = 1; // tcpdump says that it was a frame
  const type = control & 7;
  if (type === 0 && version < 2) printBeacon(d, rest);
  if (type === 3 && rest.left === 0) d.out += '[ERROR: Truncated before Command ID]';
  else if (type === 3) {
    const id = d.u8(take(d, rest, 1, ''));
    d.out += `Command ID = ${COMMANDS(id) ? `${COMMANDS(id)} command` : reserved(id)} `;
    if (rest.left > 0) printCommand(d, id, rest);
  }
  if (d.dumpUnknown) printHexAscii(d, rest.at, rest.left);
}

/** LINKTYPE_IEEE802_15_4 and, without checksums, _NOFCS. */
export function printWpan(d: Dissection): void {
  printWpanFrame(d, d.end);
}

export function printWpanFrame(d: Dissection, length: number): void {
  d.cutAs = '802.15.4';
  if (Math.min(d.end, length) < 2) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  const control = d.u16le(0);
  d.out += `IEEE 802.15.4 ${TYPES[control & 7]} packet `;
  const type = control & 7;
  if (type >= 4 && type !== 5) return;
  untilCut(
    d,
    () => (type === 5 ? printMultipurpose : printFrame)(d, control, length),
    () => {},
  );
}

/** LINKTYPE_IEEE802_15_4_TAP: what a radio says of the frame stands before it. */
export function printWpanTap(d: Dissection): void {
  d.cutAs = '802.15.4_tap';
  const header = d.end < 4 ? d.end + 1 : d.u16le(2);
  if (d.end >= 4 && (d.u8(0) !== 0 || header < 4)) {
    d.markInvalid();
    return;
  }
  if (d.end < header) {
    d.markTruncated();
    d.linkHeaderLength = d.end;
    return;
  }
  const { data, end } = d;
  d.data = data.subarray(header);
  d.end = end - header;
  try {
    printWpan(d);
    d.linkHeaderLength += header;
  } finally {
    Object.assign(d, { data, end });
  }
}
