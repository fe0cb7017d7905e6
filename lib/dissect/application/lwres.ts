/** The lightweight resolver of BIND 9: questions to a daemon on the same host, and answers. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { duration, hexBytes, visibleText } from '../frame/text.js';
import { CLASS_NAMES, TYPE_NAMES } from './dnsRecords.js';

const HEADER = 28;
const RESPONSE = 1;
const OPERATIONS: Readonly<Record<number, string>> = {
  0: 'noop',
  65537: 'getaddrsbyname',
  65538: 'getnamebyaddr',
  65539: 'getrdatabyname',
};

/** Says a name of so many bytes and a zero one; returns what lies behind. */
function sayName(d: Dissection, at: number, length: number): number {
  d.out += ` ${visibleText(d, at, length)}`;
  ask(d, at, length);
  if (d.u8(at + length) !== 0) d.out += ' (not NUL-terminated!)';
  return at + length + 1;
}

function sayCounted(d: Dissection, at: number): number {
  ask(d, at, 2);
  return sayName(d, at + 2, d.u16(at));
}

function sayBytes(d: Dissection, at: number): number {
  ask(d, at, 2);
  const length = d.u16(at);
  d.out += hexBytes(d, at + 2, Math.max(0, Math.min(length, d.end - at - 2)));
  ask(d, at + 2, length);
  return at + 2 + length;
}

function sayAddress(d: Dissection, at: number): number {
  ask(d, at + 4, 2);
  const [family, length] = [d.u32(at), d.u16(at + 4)];
  const next = at + 6;
  ask(d, next, length);
  if (family === 1 || family === 2) {
    const size = family === 1 ? 4 : 16;
    if (length < size) throw ENDS_EARLY;
    d.out += ` ${family === 1 ? d.ip4(next) : d.ip6(next)}`;
    return next + size;
  }
  d.out += ` ${family}/${hexBytes(d, next, length)}`;
  return next + length;
}

function many(
  d: Dissection,
  start: number,
  count: number,
  say: (d: Dissection, at: number) => number,
): number {
  let at = start;
  for (let i = 0; i < count; i++) at = say(d, at);
  return at;
}

function sayRecord(d: Dissection, at: number): void {
  const [klass, type] = [d.u16(at), d.u16(at + 2)];
  d.out += ` ${TYPE_NAMES.get(type) ?? `Type${type}`}`;
  if (klass !== 1) d.out += ` ${CLASS_NAMES.get(klass) ?? `Class${klass}`}`;
}

/** Returns what lies behind the question; -1 where its kind is not known. */
function sayQuestion(d: Dissection, operation: number, at: number): number {
  const flags = (): void => {
    if (d.verbosity > 2) d.out += ` flags:0x${d.u32(at).toString(16)}`;
  };
  if (operation === 0) return at;
  if (operation === 0x10001) {
    ask(d, at + 8, 2);
    flags();
    const families = d.u32(at + 4);
    d.out += ['', ' IPv4', ' IPv6', ' IPv4/6'][families & 3]!;
    if (families & ~3) d.out += `[0x${families.toString(16)}]`;
    return sayName(d, at + 10, d.u16(at + 8));
  }
  if (operation === 0x10002) {
    ask(d, at, 4);
    flags();
    return sayAddress(d, at + 4);
  }
  if (operation !== 0x10003) return -1;
  ask(d, at + 8, 2);
  flags();
  sayRecord(d, at + 4);
  return sayName(d, at + 10, d.u16(at + 8));
}

function sayAnswer(d: Dissection, operation: number, at: number): number {
  const head = (least: number): void => {
    ask(d, at + least - 2, 2);
    if (d.verbosity > 2) d.out += ` flags:0x${d.u32(at).toString(16)}`;
  };
  if (operation === 0) return at;
  if (operation === 0x10001) {
    head(10);
    const [aliases, addresses] = [d.u16(at + 4), d.u16(at + 6)];
    d.out += ` ${aliases}/${addresses}`;
    const next = many(d, sayName(d, at + 10, d.u16(at + 8)), aliases, sayCounted);
    return many(d, next, addresses, sayAddress);
  }
  if (operation === 0x10002) {
    head(8);
    const aliases = d.u16(at + 4);
    d.out += ` ${aliases}`;
    return many(d, sayName(d, at + 8, d.u16(at + 6)), aliases, sayCounted);
  }
  if (operation !== 0x10003) return -1;
  head(16);
  sayRecord(d, at + 4);
  const [records, signatures] = [d.u16(at + 12), d.u16(at + 14)];
  d.out += ` TTL ${duration(d.u32(at + 8))} ${records}/${signatures}`;
  return many(d, sayCounted(d, at + 16), records + signatures, sayBytes);
}

export function printLwres(d: Dissection, at: number, length: number): void {
  d.cutAs = 'lwres';
  untilCut(d, () => {
    ask(d, at + 26, 2);
    d.out += ' lwres';
    const [version, flags, operation] = [d.u16(at + 4), d.u16(at + 6), d.u32(at + 12)];
    if (d.verbosity || version !== 0) d.out += ` v${version}`;
    const whole = d.u32(at);
    let end = at + whole;
    if (version === 0) {
      const answers = (flags & RESPONSE) !== 0;
      d.out += ` ${OPERATIONS[operation] ?? `#0x${operation.toString(16)}`}${answers ? '' : '?'}`;
      if (flags & ~RESPONSE) d.out += `[0x${flags.toString(16)}]`;
      if (d.verbosity > 1) {
        d.out += ` (serial:0x${d.u32(at + 8).toString(16)} result:0x${d.u32(at + 16).toString(16)} recvlen:${d.u32(at + 20)}`;
        if (d.verbosity > 2) d.out += ` authtype:0x${d.u16(at + 24).toString(16)} authlen:${d.u16(at + 26)}`;
        d.out += ')';
      }
      end = (answers ? sayAnswer : sayQuestion)(d, operation, at + HEADER);
    }
    if (whole !== length) d.out += ` [len: ${whole} != ${length}]`;
    if (end >= 0 && end < at + whole) d.out += '[extra]';
  });
}
