/** Rx, the remote calls of AFS: packets, acknowledgements, and what calls and replies of AFS's services hold. */

import { ip4Text } from '../frame/addresses.js';
import { ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { hex2, hex8, visible } from '../frame/text.js';
import { localDate } from '../frame/timestamp.js';
import { ERRORS, isUbik, type RxService, SERVICES, UBIK } from './rxServices.js';

export const RX = layout('rx', {
  epoch: u32(0),
  cid: u32(4),
  callnumber: u32(8),
  seq: u32(12),
  serial: u32(16),
  type: u8(20),
  flags: u8(21, 'hex'),
  userstatus: u8(22),
  securityindex: u8(23),
  spare: u16(24),
  serviceid: u16(26),
});

const HEADER = 28;
const TYPES = names('1 data|ack|busy|abort|ackall|challenge|response|debug|params|13 version', '');
const [DATA, ACK, ABORT] = [1, 2, 4];
const FROM_CLIENT = 1;
const REASONS = names(
  '1 ack requested|duplicate packet|out of sequence|exceeds window|no buffer space|ping|ping response|delay|idle',
  '',
);

/** Calls that were seen, so that replies can be read: as many as tcpdump keeps. */
interface Calls {
  readonly ring: { readonly key: string; readonly call: number }[];
  next: number;
  hint: number;
}
const MOST_CALLS = 64;
const CALLS = new WeakMap<Dissection, Calls>();

export function printRx(d: Dissection, at: number, length: number, ip: number): void {
  d.cutAs = 'rx';
  const [source, destination] = [d.u16(at - 8), d.u16(at - 6)];
  if (!d.has(at, HEADER)) {
    d.out += ` [|rx] (${length})`;
    return;
  }
  const [type, flags] = [d.u8(at + 20), d.u8(at + 21)];
  d.out += ` rx ${TYPES(type) || `type ${type}`}`;
  if (d.verbosity) sayHeader(d, at, type, flags);
  const first = d.u32(at + 12) === 1;
  const key = (client: number, server: number, port: number): string =>
    `${d.u32(at + 8)} ${d.u32(ip + client)} ${d.u32(ip + server)} ${d.u16(at + 26)} ${port}`;
  if (type === DATA && first && flags & FROM_CLIENT) {
    if (d.has(at, HEADER + 4)) remember(d, key(12, 16, destination), d.u32(at + HEADER));
    sayCall(d, SERVICES[destination], at + HEADER, length - HEADER);
  } else if (((type === DATA && first) || type === ABORT) && !(flags & FROM_CLIENT)) {
    const call = recall(d, key(16, 12, source));
    if (call !== undefined) sayReply(d, SERVICES[source], call, at + HEADER, length - HEADER, type === DATA);
  } else if (type === ACK) sayAck(d, at + HEADER, length - HEADER);
  d.out += ` (${length})`;
}

function sayHeader(d: Dissection, at: number, type: number, flags: number): void {
  if (d.verbosity > 1) d.out += ` cid ${hex8(d.u32(at + 4))} call# ${d.u32(at + 8)}`;
  d.out += ` seq ${d.u32(at + 12)} ser ${d.u32(at + 16)}`;
  if (d.verbosity > 2) d.out += ` secindex ${d.u8(at + 23)} serviceid ${d.u16(at + 26)}`;
  if (d.verbosity < 2) return;
  const last = type === DATA ? 'jumbogram' : type === ACK ? 'slow-start' : '';
  const set = ['client-init', 'req-ack', 'last-pckt', 'more-pckts', 'free-pckt', last]
    .filter((name, bit) => flags & (1 << bit) && name !== '')
    .map((name) => `<${name}>`);
  if (set.length > 0) d.out += ` ${set.join(',')}`;
}

function remember(d: Dissection, key: string, call: number): void {
  const calls = CALLS.get(d) ?? { ring: [], next: 0, hint: 0 };
  CALLS.set(d, calls);
  calls.ring[calls.next] = { key, call };
  calls.next = (calls.next + 1) % MOST_CALLS;
}

function recall(d: Dissection, key: string): number | undefined {
  const calls = CALLS.get(d);
  for (let i = 0; calls !== undefined && i < MOST_CALLS; i++) {
    const place = (calls.hint + i) % MOST_CALLS;
    if (calls.ring[place]?.key !== key) continue;
    calls.hint = place;
    return calls.ring[place].call;
  }
  return undefined;
}

const named = ({ calls }: RxService, call: number): string => calls(call) || `op#${call}`;
const cut = (d: Dissection, name: string) => (): void => {
  d.out += ` [|${name}]`;
};

function sayCall(d: Dissection, service: RxService | undefined, at: number, length: number): void {
  if (service === undefined || length <= 0) return;
  untilCut(
    d,
    () => {
      if (!d.has(at, 4)) throw ENDS_EARLY;
      const call = d.u32(at);
      d.out += ` ${service.name}`;
      const of = service.votes && isUbik(call) ? UBIK : service;
      if (of === UBIK) d.out += ' ubik';
      d.out += ` call ${named(of, call)}`;
      untilCut(d, () => fill(d, at + 4, of.asked(call)), cut(d, of.name));
    },
    cut(d, service.name),
  );
}

function sayReply(
  d: Dissection,
  service: RxService | undefined,
  call: number,
  at: number,
  length: number,
  isData: boolean,
): void {
  if (service === undefined || (length <= 0 && !(service.name === 'pt' || service.name === 'vldb'))) return;
  d.out += ` ${service.name}`;
  const of = service.votes && isUbik(call) ? UBIK : service;
  if (of === UBIK) d.out += ' ubik';
  d.out += ` reply ${named(of, call)}`;
  untilCut(
    d,
    () => {
      if (isData) fill(d, at, of.answered(call));
      else if (of.name === 'fs') d.out += ` error ${ERRORS(d.u32(at)) || `#${d.i32(at)}`}`;
      else fill(d, at, of === UBIK && call === 10_000 ? ' vote yes until%d' : ' errcode%i');
    },
    cut(d, of.name),
  );
}

type Sayer = (d: Dissection, at: number, most: number) => number;

const date: Sayer = (d, at) => {
  d.out += ` ${localDate(d.u32(at))}`;
  return at + 4;
};
const fid: Sayer = (d, at) => {
  d.out += ` fid ${d.u32(at)}/${d.u32(at + 4)}/${d.u32(at + 8)}`;
  return at + 12;
};
const version: Sayer = (d, at) => {
  d.out += ` ${d.u32(at)}.${d.u32(at + 4)}`;
  return at + 8;
};
const whole: Sayer = (d, at) => {
  d.out += ` ${d.i32(at)}`;
  return at + 4;
};
/** Characters of four bytes each. */
const wide: Sayer = (d, at, most) => {
  d.need(at, 4 * most);
  d.out += ' "';
  for (let i = 0; i < most && d.u8(at + 4 * i + 3) !== 0; i++) d.out += visible(d.u8(at + 4 * i + 3));
  d.out += '"';
  return at + 4 * most;
};
const uuid: Sayer = (d, at) => {
  d.need(at, 44);
  d.out += ` ${hex8(d.u32(at))}${d
    .u32(at + 4)
    .toString(16)
    .padStart(4, '0')}`;
  d.out += d
    .u32(at + 8)
    .toString(16)
    .padStart(4, '0');
  for (let i = 12; i < 44; i += 4) d.out += hex2(d.u8(at + i + 3));
  return at + 44;
};
/** As many as the number before them says. */
const counted =
  (say: Sayer, separator = ''): Sayer =>
  (d, start) => {
    const count = d.u32(start);
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      at = say(d, at, 64);
      if (i + 1 < count) d.out += separator;
    }
    if (count === 0) d.out += ' <none!>';
    return at;
  };

const SAYERS: Readonly<Record<string, Sayer>> = {
  A: (d, at) => {
    const length = d.u32(at);
    if (!d.has(at + 4, length)) throw ENDS_EARLY;
    sayRights(d, String.fromCharCode(...d.data.subarray(at + 4, at + 4 + Math.min(1024, length))));
    return at + 4 + length;
  },
  C: (d, start) => {
    const count = d.u32(start);
    if (count !== 0) d.out += ';';
    let at = start + 4;
    for (let i = 0; i < count; i++) {
      d.out += ' ver';
      at = whole(d, at, 0);
      d.out += ' expires';
      at = date(d, at, 0);
      d.need(at, 4);
      at += 4;
    }
    return at;
  },
  E: sayEntry,
  F: counted(fid, ','),
  I: counted(whole),
  O: (d, at) => {
    const length = d.u32(at);
    if (!d.has(at + 4, length)) throw ENDS_EARLY;
    return at + 4 + length;
  },
  S: sayStatus,
  T: (d, at) => {
    const type = ['read-write', 'read-only', 'backup'][d.u32(at)];
    if (type !== undefined) d.out += ` type ${type}`;
    return at + 4;
  },
  U: uuid,
  V: wide,
  W: counted(wide),
  _: (d, at) => {
    d.need(at, 4);
    return at + 4;
  },
  b: (d, at) => {
    d.out += d.u32(at) ? 'yes' : 'no';
    return at + 4;
  },
  d: date,
  f: fid,
  i: whole,
  l: (d, at) => {
    d.out += ` ${d.u64(at)}`;
    return at + 8;
  },
  s: (d, at, most) => {
    const length = d.u32(at);
    if (length > most) throw ENDS_EARLY;
    d.out += ' "';
    const end = Math.min(at + 4 + length, d.end);
    for (let i = at + 4; i < end; i++) d.out += visible(d.u8(i));
    if (!d.has(at + 4, length)) throw ENDS_EARLY;
    d.out += '"';
    return at + 4 + ((length + 3) & ~3);
  },
  u: (d, at) => {
    d.out += ` ${d.u32(at)}`;
    return at + 4;
  },
  v: version,
};

/** Says a pattern: words, and values of the kinds above. */
function fill(d: Dissection, start: number, pattern: string): void {
  let at = start;
  for (const [, words, kind, most] of pattern.matchAll(/([^%]*)(?:%(\w)(\d*))?/g)) {
    d.out += words!;
    if (kind !== undefined) at = SAYERS[kind]!(d, at, Number(most));
  }
}

function sayStatus(d: Dissection, at: number): number {
  d.need(at, 24);
  const mask = d.u32(at);
  if (mask) d.out += ' StoreStatus';
  if (mask & 1) {
    d.out += ' date';
    date(d, at + 4, 0);
  }
  if (mask & 2) d.out += ` owner ${d.u32(at + 8)}`;
  if (mask & 4) d.out += ` group ${d.u32(at + 12)}`;
  if (mask & 8) d.out += ` mode ${(d.u32(at + 16) & 0o7777).toString(8)}`;
  if (mask & 16) d.out += ` segsize ${d.u32(at + 20)}`;
  if (mask & 1024) d.out += ' fsync';
  return at + 24;
}

const RIGHTS = [
  [1, 'r'],
  [8, 'l'],
  [4, 'i'],
  [16, 'd'],
  [2, 'w'],
  [32, 'k'],
  [64, 'a'],
] as const;

/** How many lines give and how many take, then lines of a user and bits. */
function sayRights(d: Dissection, padded: string): void {
  const text = padded.split('\0')[0]!;
  const head = /^\s*([+-]?\d+)\s*([+-]?\d+)\s*/.exec(text);
  if (head === null) return;
  const line = /\s*(\S+)\s+([+-]?\d+)\s*/y;
  line.lastIndex = head[0].length;
  for (const [sign, count] of [
    ['+', Number(head[1])],
    ['-', Number(head[2])],
  ] as const)
    for (let i = 0; i < count; i++) {
      const found = line.exec(text);
      if (found === null) return;
      const user = Array.from(found[1]!, (letter) => visible(letter.charCodeAt(0))).join('');
      const set = RIGHTS.filter(([bit]) => Number(found[2]) & bit).map(([, letter]) => letter);
      d.out += ` ${sign}{${user} ${set.join('')}}`;
    }
}

/** A volume's entry; `most` servers, 0: 13 named by UUID. */
function sayEntry(d: Dissection, start: number, most: number): number {
  let at = wide(d, start, 65);
  if (most === 8) at += 4;
  d.out += ' numservers';
  const count = d.u32(at);
  d.out += ` ${count}`;
  at += 4;
  d.out += ' servers';
  const places = most || 13;
  for (let i = 0; i < places; i++) {
    if (most !== 0) {
      d.need(at, 4);
      if (i < count) d.out += ` ${ip4Text(d.i32(at))}`;
      at += 4;
    } else {
      if (i < count) {
        d.out += ' afsuuid';
        uuid(d, at, 0);
      } else d.need(at, 44);
      at += 44;
    }
  }
  if (most === 0) at += 4 * places;
  d.out += ' partitions';
  for (let i = 0; i < places; i++, at += 4) {
    const part = d.u32(at);
    if (i < count) d.out += ` ${part <= 26 ? String.fromCharCode(97 + part) : part}`;
  }
  d.need(at, 4 * places);
  at += 4 * places;
  fill(d, at, ' rwvol%u rovol%u backup%u');
  return at + 12;
}

function sayAck(d: Dissection, at: number, length: number): void {
  if (length < 0) return;
  const count = d.has(at, 18) ? d.u8(at + 17) : 0;
  if (!d.has(at, 18)) {
    d.out += ' [|ack]';
    return;
  }
  if (d.verbosity > 2) d.out += ` bufspace ${d.u16(at)} maxskew ${d.u16(at + 2)}`;
  const [first, reason] = [d.u32(at + 4), d.u8(at + 16)];
  d.out += ` first ${first} serial ${d.u32(at + 12)} reason ${REASONS(reason) || `#${reason}`}`;
  if (!d.has(at + 18, count)) {
    d.out += ' [|ack]';
    return;
  }
  sayRanges(d, at + 18, count, first, ' acked ', 1);
  sayRanges(d, at + 18, count, first, ' nacked ', 0);
  if (d.verbosity < 2) return;
  // Three bytes lie behind the list.
  let next = at + 21 + count;
  for (const name of ['ifmtu', 'maxmtu', 'rwind', 'maxpackets']) {
    if (!d.has(next, 4)) return;
    d.out += ` ${name} ${d.u32(next)}`;
    next += 4;
  }
}

/** Packets that are (not) acknowledged, those in a row as one. */
function sayRanges(
  d: Dissection,
  at: number,
  count: number,
  first: number,
  name: string,
  wanted: number,
): void {
  let before = name;
  for (let i = 0; i < count; i++) {
    if (d.u8(at + i) !== wanted) continue;
    const start = i;
    while (i + 1 < count && d.u8(at + i + 1) === wanted) i++;
    d.out += `${before}${(first + start) >>> 0}${i > start ? `-${(first + i) >>> 0}` : ''}`;
    before = ',';
  }
}
