/**
 * IEEE 802.11 frames: header, control frames, data through LLC; management frames are in wlanManagement.ts. The link type
 * without anything before it is 105; radiotap.ts has the headers that captures put before.
 *
 * Frame control, in the order of the bits: version 2, type 2, subtype 4, then eight flags.
 */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { bits, flag, mac, u16le } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';
import { dissectLlc } from './headers.js';
import { printLlc } from './llc.js';
import { printKey, printManagement } from './wlanManagement.js';

const MANAGEMENT = 0;
const CONTROL = 1;
const DATA = 2;
const TO_DS = 0x01;
const FROM_DS = 0x02;
const PROTECTED = 0x40;
const QOS = 0x08;

const typeOf = (p: View): number => (p.u8(0) >> 2) & 3;
const ways = (p: View): number => p.u8(1) & (TO_DS | FROM_DS);
const isLong = (p: View): boolean => typeOf(p) !== CONTROL;
/** Where the addresses stand: the first is the receiver's, the second the transmitter's. */
const bssidAt = (p: View): number => (typeOf(p) === MANAGEMENT ? 16 : [16, 4, 10, 16][ways(p)]!);
export const WLAN = layout('wlan', {
  'fc.version': bits(0, 0x03),
  'fc.type': bits(0, 0x0c),
  'fc.subtype': bits(0, 0xf0),
  'fc.retry': flag(1, 0x08),
  'fc.pwrmgt': flag(1, 0x10),
  'fc.protected': flag(1, PROTECTED),
  duration: u16le(2),
  ra: mac(4),
  ta: mac(10).when(isLong),
  da: mac((p) => (ways(p) & TO_DS ? 16 : 4)).when(isLong),
  sa: mac((p) => [10, 10, 16, 24][ways(p)]!).when(isLong),
  bssid: mac(bssidAt).when((p) => isLong(p) && ways(p) !== 3),
});

/** Data without a body: null functions. */
const carriesNothing = (subtype: number): boolean => (subtype & 0x04) !== 0;
const dataHeader = (fc: number, subtype: number): number =>
  ((fc >> 8) & 3 ? (((fc >> 8) & 3) === 3 ? 30 : 24) : 24) + (subtype & QOS ? 2 : 0);

export const dissectWlan: Dissector = (w, at, limit) => {
  const fc = w.u16le(at);
  const type = (fc >> 2) & 3;
  const subtype = (fc >> 4) & 15;
  // With the order bit a field of HT control follows, of which tcpdump knows nothing.
  const control = subtype & QOS && fc & 0x8000 ? 4 : 0;
  const header = type === DATA ? dataHeader(fc, subtype) + control : type === MANAGEMENT ? 24 : 16;
  w.layer(WLAN, at, at + header, limit);
  if (type !== DATA || carriesNothing(subtype)) return;
  if ((fc >> 8) & PROTECTED) w.give(undefined, at + header, limit);
  else dissectLlc(w, at + header, limit);
};

interface ControlRow {
  readonly name: string;
  readonly header: number;
}
const CONTROLS: Readonly<Record<number, ControlRow>> = {
  7: { name: 'Control Wrapper', header: 16 },
  8: { name: 'BAR', header: 20 },
  9: { name: 'BA', header: 10 },
  10: { name: 'Power Save-Poll', header: 16 },
  11: { name: 'Request-To-Send', header: 16 },
  12: { name: 'Clear-To-Send', header: 10 },
  13: { name: 'Acknowledgment', header: 10 },
  14: { name: 'CF-End', header: 16 },
  15: { name: 'CF-End+CF-Ack', header: 16 },
};
const POLL = 10;

/**
 * Prints a frame.
 *
 * @param padded - Whether the header is filled up to a multiple of 4.
 * @param fcs - Bytes of checksum at the end.
 * @returns Bytes of header.
 */
export function printWlan(d: Dissection, at: number, length: number, padded = false, fcs = 0): number {
  d.cutAs = '802.11';
  let rest = length;
  const outer = d.end;
  if (fcs > 0) {
    if (length < fcs) {
      d.markTruncated();
      return 0;
    }
    // The checksum is cut off where all of the frame was captured.
    if (d.end - at > length - fcs) d.end = at + length - fcs;
    rest -= fcs;
  }
  try {
    return printFrame(d, at, rest, padded);
  } finally {
    d.end = outer;
  }
}

function printFrame(d: Dissection, at: number, length: number, padded: boolean): number {
  if (!d.has(at, 2)) {
    d.markTruncated();
    return d.end - at;
  }
  const fc = d.u16le(at);
  const type = (fc >> 2) & 3;
  const subtype = (fc >> 4) & 15;
  const bare = headerLength(d, fc, type, subtype);
  if (bare === 0) return 0;
  let header = padded ? (bare + 3) & ~3 : bare;
  const mesh = d.meshHeaders && type === DATA && (subtype & QOS) !== 0;
  if (mesh && !d.has(at + header, 1)) {
    d.markTruncated();
    return header;
  }
  const extra = mesh ? meshLength(d.u8(at + header)) : 0;
  if (d.showsLink && d.has(at, bare)) printHeader(d, at, fc, type, subtype, extra > 0 ? at + bare : -1);
  header += extra;
  if (length < header || !d.has(at, header)) {
    d.markTruncated();
    return header;
  }
  const body = at + header;
  if (type === CONTROL) printControl(d, at, subtype);
  else if (type === MANAGEMENT) printManagement(d, at, body, length - header, subtype, (fc >> 8) & PROTECTED);
  else if (!carriesNothing(subtype)) return header + printData(d, at, body, length - header, fc);
  return header;
}

const meshLength = (flags: number): number => (flags & ~3 ? 0 : 6 * (1 + (flags & 3)));

function printMesh(d: Dissection, at: number): void {
  const addresses = d.u8(at) & 3;
  d.out += `MeshData (AE ${addresses} TTL ${d.u8(at + 1)} seq ${d.u32le(at + 2)}`;
  if (addresses > 0) d.out += ` A4:${d.mac(at + 6)}`;
  if (addresses > 1) d.out += ` A5:${d.mac(at + 12)} A6:${d.mac(at + 18)}`;
  d.out += ') ';
}

function headerLength(d: Dissection, fc: number, type: number, subtype: number): number {
  if (type === MANAGEMENT) return 24;
  if (type === DATA) return dataHeader(fc, subtype);
  const row = type === CONTROL ? CONTROLS[subtype] : undefined;
  if (row !== undefined) return row.header;
  d.out +=
    type === CONTROL
      ? `unknown 802.11 ctrl frame subtype (${subtype})`
      : `unknown 802.11 frame type (${type})`;
  return 0;
}

const HEADER_FLAGS = [
  [0x20, 'More Data '],
  [0x04, 'More Fragments '],
  [0x10, 'Pwr Mgmt '],
  [0x08, 'Retry '],
  [0x80, 'Strictly Ordered '],
  [0x40, 'Protected '],
] as const;

/** What -e adds. */
function printHeader(
  d: Dissection,
  at: number,
  fc: number,
  type: number,
  subtype: number,
  mesh: number,
): void {
  if (d.verbosity) {
    for (const [mask, word] of HEADER_FLAGS) if ((fc >> 8) & mask) d.out += word;
    if (type !== CONTROL || subtype !== POLL) d.out += `${d.u16le(at + 2)}us `;
  }
  if (mesh >= 0) printMesh(d, mesh);
  if (type === CONTROL) printControlHeader(d, at, subtype);
  else if (type === MANAGEMENT) d.out += `BSSID:${d.mac(at + 16)} DA:${d.mac(at + 4)} SA:${d.mac(at + 10)} `;
  else {
    if (subtype !== 0 && subtype !== 4)
      d.out += `CF ${['', 'Ack', 'Poll', 'Ack/Poll'][subtype & 3]}${subtype & QOS ? '+QoS' : ''} `;
    printDataAddresses(d, at, (fc >> 8) & 3);
  }
}

function printDataAddresses(d: Dissection, at: number, way: number): void {
  const [a, b, c] = [d.mac(at + 4), d.mac(at + 10), d.mac(at + 16)];
  if (way === 0) d.out += `DA:${a} SA:${b} BSSID:${c} `;
  else if (way === TO_DS) d.out += `BSSID:${a} SA:${b} DA:${c} `;
  else if (way === FROM_DS) d.out += `DA:${a} BSSID:${b} SA:${c} `;
  else d.out += `RA:${a} TA:${b} DA:${c} SA:${d.mac(at + 24)} `;
}

const receiver = (d: Dissection, at: number): string => `RA:${d.mac(at + 4)} `;
const blockRequest = (d: Dissection, at: number): string =>
  ` RA:${d.mac(at + 4)} TA:${d.mac(at + 10)} CTL(${d.u16le(at + 16).toString(16)}) SEQ(${d.u16le(at + 18)}) `;

function printControlHeader(d: Dissection, at: number, subtype: number): void {
  if (subtype === 8) d.out += blockRequest(d, at);
  else if (subtype === POLL) d.out += `BSSID:${d.mac(at + 4)} TA:${d.mac(at + 10)} `;
  else if (subtype === 11) d.out += `RA:${d.mac(at + 4)} TA:${d.mac(at + 10)} `;
  else if (subtype === 14 || subtype === 15) d.out += `RA:${d.mac(at + 4)} BSSID:${d.mac(at + 10)} `;
  else if (subtype !== 7) d.out += receiver(d, at);
}

function printControl(d: Dissection, at: number, subtype: number): void {
  d.out += CONTROLS[subtype]!.name;
  if (subtype === POLL) d.out += ` AID(${d.u16le(at + 2).toString(16)})`;
  else if (d.showsLink || subtype === 7) return;
  else if (subtype === 8) d.out += blockRequest(d, at);
  else if (subtype === 11) d.out += ` TA:${d.mac(at + 10)} `;
  else d.out += ` ${receiver(d, at)}`;
}

/** Returns bytes of LLC header. */
function printData(d: Dissection, at: number, body: number, length: number, fc: number): number {
  if ((fc >> 8) & PROTECTED) {
    d.out += 'Data';
    if (d.has(body, 4)) printKey(d, body);
    else d.markTruncated();
    return 0;
  }
  const way = (fc >> 8) & 3;
  const src = at + [10, 10, 16, 24][way]!;
  const dst = at + (way & TO_DS ? 16 : 4);
  const header = printLlc(d, body, length, Math.max(0, d.end - body), src, dst);
  if (header >= 0) return header;
  if (d.dumpUnknown) printHexAscii(d, body, d.end - body);
  return -header;
}
