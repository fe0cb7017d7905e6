/** DECnet phase IV: its routing messages, and the network services (NSP) that packets carry. */

import type { Dissection } from '../frame/dissection.js';
import { printHexAscii } from '../frame/hexdump.js';
import { u8 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';

export const DECNET = layout('dec_dna', { flags: u8(2, 'hex') });

/** What is as it must not be ends the packet. */
const INVALID = new Error('invalid');
const SHORT = 6;
const LONG = 21;
const NODES = ['reserved-ntype? ', 'l2rout ', 'l1rout ', 'endnode '];
const REASONS = names(
  'object rejected connect|insufficient resources|unrecognized node name|node is shutting down|unrecognized object|invalid object name format|object too busy|protocol error discovered|third party abort|user abort|invalid node name format|local node shutting down|32 insufficient local resources|insufficient remote user resources|invalid access control information|36 bad ACCOUNT information|38 no response from object|node unreachable|41 no link terminate|disconnect complete|bad image data in connect|54 cryptographic service mismatch',
  '',
);

function node(d: Dissection, at: number): string {
  const address = d.u16le(at);
  return `${address >> 10}.${address & 1023}`;
}

function nodeType(info: number, block: number): string {
  const words = NODES[info & 3]! + (info & 4 ? 'verif ' : '');
  return `${words}${block === 64 && info & 32 ? 'nomcast ' : ''}${info & block ? 'blo ' : ''}`;
}

function printRoutes(d: Dissection, start: number, length: number, what: string): void {
  d.out += `src ${node(d, start + 1)} `;
  // The last two bytes are a checksum.
  for (let at = start + 4, left = length - 4; left > 6; at += 6, left -= 6) {
    d.need(at, 6);
    const count = d.u16le(at);
    if (count > 1024) return;
    const [first, info] = [d.u16le(at + 2), d.u16le(at + 4)];
    d.out += `{${what} ${first}-${first + count} cost ${info & 511} hops ${(info >> 10) & 31}} `;
  }
}

const version = (d: Dissection, at: number): string =>
  `vers ${d.u8(at)} eco ${d.u8(at + 1)} ueco ${d.u8(at + 2)} `;

/** Control messages by their number: name, size, printer. */
const CONTROLS: Readonly<
  Record<number, readonly [string, number, (d: Dissection, at: number, length: number) => void]>
> = {
  1: [
    'init',
    12,
    (d, at) => {
      d.out += `${nodeType(d.u8(at + 3), 8)}src ${node(d, at + 1)}blksize ${d.u16le(at + 4)} ${version(d, at + 6)}hello ${d.u16le(at + 9)}`;
    },
  ],
  3: [
    'verification',
    4,
    (d, at) => {
      d.out += `src ${node(d, at + 1)} fcnval ${d.u8(at + 3).toString(8)}`;
    },
  ],
  5: [
    'test',
    4,
    (d, at) => {
      d.out += `src ${node(d, at + 1)} data ${d.u8(at + 3).toString(8)}`;
    },
  ],
  7: ['lev-1-routing', 4, (d, at, length) => printRoutes(d, at, length, 'ids')],
  9: ['lev-2-routing', 4, (d, at, length) => printRoutes(d, at, length, 'areas')],
  11: [
    'router-hello',
    18,
    (d, at) => {
      d.out += `${nodeType(d.u8(at + 10), 64)}${version(d, at + 1)}src ${node(d, at + 8)} blksize ${d.u16le(at + 11)} `;
      d.out += `pri ${d.u8(at + 13)} hello ${d.u16le(at + 15)}`;
    },
  ],
  13: [
    'endnode-hello',
    32,
    (d, at) => {
      d.out += `${nodeType(d.u8(at + 10), 64)}${version(d, at + 1)}src ${node(d, at + 8)} blksize ${d.u16le(at + 11)} `;
      d.out += `rtr ${node(d, at + 26)} hello ${d.u16le(at + 28)} data ${d.u8(at + 31).toString(8)}`;
    },
  ],
};

type Acks = readonly [ack: string, nak: string];
const OTHER: Acks = ['oack', 'onak'];
const DATA: Acks = ['ackdat', 'nakdat'];

/** Says what is acknowledged before `at` + 2 times its count; returns where the next number is. */
function printAcks(d: Dissection, at: number, other: Acks, left: number, last = false): number {
  const check = (place: number): void => {
    if (place + 2 - at > left) throw INVALID;
    d.need(place, 2);
  };
  check(at);
  const first = d.u16le(at);
  if (!(first & 0x8000)) return at;
  d.out += `${(first & 0x9000) === 0x9000 ? 'nak' : 'ack'} ${first & 4095} `;
  check(at + 2);
  const second = d.u16le(at + 2);
  if (!(second & 0xa000)) return at + 2;
  d.out += `${other[(second & 0xb000) === 0xb000 ? 1 : 0]} ${second & 4095} `;
  if (!last) check(at + 4);
  return at + 4;
}

function printSegment(d: Dissection, at: number, other: Acks, left: number): void {
  const next = printAcks(d, at, other, left);
  d.out += `seg ${d.u16le(next) & 4095} `;
}

function printLinkService(d: Dissection, at: number): void {
  d.need(at, 2);
  const flags = d.u8(at);
  const count = d.u8(at + 1);
  const kind = flags & 12;
  if (kind === 0) {
    d.out += `dat seg count ${count} `;
    d.out += ['', 'donotsend-data ', 'send-data ', `reserved-fcmod? ${flags.toString(16)}`][flags & 3]!;
  } else d.out += kind === 4 ? `intr req count ${count} ` : `reserved-fcval-int? ${flags.toString(16)}`;
}

/** What connections are asked for with, and confirmed. */
function printConnect(d: Dissection, at: number, optional: boolean): void {
  d.out += ['', 'seg ', 'msg ', ''][(d.u8(at) >> 2) & 3]!;
  d.out += `ver ${['3.2', '3.1', '4.0', '4.1'][d.u8(at + 1) & 3]} segsize ${d.u16le(at + 2)} `;
  if (optional && d.u8(at + 4)) d.out += `optlen ${d.u8(at + 4)} `;
}

function printServices(d: Dissection, at: number, length: number): void {
  if (length < 5) {
    d.out += ` (nsplen ${length} < 5)`;
    throw INVALID;
  }
  d.need(at, 5);
  const need = (size: number): void => {
    if (length < size) throw INVALID;
    d.need(at, size);
  };
  const flags = d.u8(at);
  const [to, from] = [d.u16le(at + 1), d.u16le(at + 3)];
  const kind = flags & 0x7c;
  const ends = `${from}>${to} `;
  const reason = (): string => `${REASONS(d.u16le(at + 5)) || `reason-${d.u16le(at + 5)}`} `;
  const reserved = (what: string): string => `reserved-${what}? ${flags.toString(16)} ${from} > ${to}`;
  switch (kind) {
    case 0x00:
    case 0x20:
    case 0x40:
    case 0x60:
      d.out += `data ${ends}`;
      printSegment(d, at + 5, OTHER, length - 5);
      break;
    case 0x30:
      d.out += 'intr ';
      printSegment(d, at + 5, DATA, length - 5);
      break;
    case 0x10:
      d.out += `link-service ${ends}`;
      if (length < 13) throw INVALID;
      printSegment(d, at + 5, DATA, length);
      printLinkService(d, at + 11);
      break;
    case 0x04:
    case 0x14:
      d.out += `${kind === 4 ? 'data' : 'ils'}-ack ${ends}`;
      need(9);
      printAcks(d, at + 5, kind === 4 ? OTHER : DATA, length, true);
      break;
    case 0x24:
      d.out += `conn-ack ${to}`;
      break;
    case 0x18:
    case 0x68:
      d.out += `${kind === 0x18 ? '' : 'retrans-'}conn-initiate ${ends}`;
      need(9);
      printConnect(d, at + 5, false);
      break;
    case 0x28:
      d.out += `conn-confirm ${ends}`;
      need(10);
      printConnect(d, at + 5, true);
      break;
    case 0x38:
      d.out += `disconn-initiate ${ends}`;
      need(8);
      d.out += reason();
      if (d.u8(at + 7)) d.out += `optlen ${d.u8(at + 7)} `;
      break;
    case 0x48:
      d.out += `disconn-confirm ${ends}`;
      d.need(at, 7);
      d.out += reason();
      break;
    default:
      d.out += reserved(['subtype', 'acktype', 'ctltype', 'type'][(kind >> 2) & 3]!);
  }
}

function printMessage(d: Dissection, start: number, whole: number): void {
  const invalid = (words: string): never => {
    d.out += words;
    throw INVALID;
  };
  if (whole < SHORT) invalid(` (length ${whole} < ${SHORT})`);
  let length = d.u16le(start);
  const size = length;
  if (length < SHORT) invalid(` (pktlen ${length} < ${SHORT})`);
  if (length > whole) invalid(` (pktlen ${length} > ${whole})`);
  let at = start + 2;
  let flags = d.u8(at);
  if (flags & 0x80) {
    const padding = flags & 0x7f;
    if (d.verbosity) d.out += `[pad:${padding}] `;
    if (length < padding + 2) invalid(` (length ${length} < ${padding + 2})`);
    d.need(at, padding);
    at += padding;
    length -= padding;
    flags = d.u8(at);
  }
  const dump = (words: string, from: number): void => {
    d.out += words;
    printHexAscii(d, from, Math.min(length, d.end - from));
  };
  if (flags & 0x40) dump('future-version-decnet', at - 2);
  else if (flags & 1) {
    const control = CONTROLS[flags & 15];
    if (control === undefined) {
      dump('unknown control message', at);
      return;
    }
    d.out += `${control[0]} `;
    if (length < control[1]) throw INVALID;
    d.need(at, control[1]);
    control[2](d, at, length);
  } else {
    const long = (flags & 7) === 6;
    if (!long && (flags & 7) !== 2) {
      dump('unknown message flags under mask', at - 2);
      return;
    }
    const header = long ? LONG : SHORT;
    if (long && length < header) invalid(` (length ${length} < ${header})`);
    d.need(at, header);
    d.out += `${node(d, at + (long ? 15 : 3))} > ${node(d, at + (long ? 7 : 1))} ${size} `;
    if (d.verbosity) {
      d.out += (flags & 8 ? 'RQR ' : '') + (flags & 16 ? 'RTS ' : '') + (flags & 32 ? 'IE ' : '');
      d.out += `${long ? d.u8(at + 18) : (d.u8(at + 5) & 63) + 1} hops `;
    }
    printServices(d, at + header, (length - header) >>> 0);
  }
}

export function printDecnet(d: Dissection, at: number, length: number): void {
  d.cutAs = 'decnet';
  try {
    printMessage(d, at, length);
  } catch (error) {
    if (error !== INVALID) throw error;
    d.markInvalid();
  }
}
