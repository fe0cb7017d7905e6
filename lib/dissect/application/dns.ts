/**
 * DNS messages over UDP and TCP (RFC 1035), and multicast DNS (RFC 6762).
 *
 * `22836+ A? example.com. (29)`: a query with recursion wanted; `22836* 1/0/1 A 192.0.2.1 (45)`: an
 * authoritative response with its counts of answers, authorities and additional records.
 */

import type { Dissection } from '../frame/dissection.js';
import { printDomainName, skipDomainName } from './dnsNames.js';
import { CLASS_NAMES, printRecord, TYPE_NAMES, TYPE_OPT } from './dnsRecords.js';

const HEADER = 12;
const CLASS_IN = 1;
/** Top bit of the class in multicast DNS: unicast response wanted (RFC 6762 §5.4). */
const UNICAST = 0x8000;
const INVERSE_QUERY = 1;

// biome-ignore format: a table
const OPCODES = [
  '', ' inv_q', ' stat', ' op3', ' notify', ' update', ' op6', ' op7',
  ' op8', ' updateA', ' updateD', ' updateDA', ' updateM', ' updateMA', ' zoneInit', ' zoneRef',
] as const;

/** RFC 2136, RFC 6895; tcpdump forgets the space before two of them. */
// biome-ignore format: a table
const RESPONSES: readonly string[] = [
  '', ' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused', ' YXDomain', ' YXRRSet',
  ' NXRRSet', ' NotAuth', ' NotZone', ' Resp11', ' Resp12', ' Resp13', ' Resp14', ' NoChange',
  ' BadVers', 'Resp17', ' Resp18', ' Resp19', ' Resp20', 'Resp21', ' Resp22', ' BadCookie',
];

export function printDns(d: Dissection, at: number, length: number): void {
  printMessage(d, at, length, false);
}

export function printMulticastDns(d: Dissection, at: number, length: number): void {
  printMessage(d, at, length, true);
}

/** RFC 1035 §4.2.2: two bytes of length in front. */
export function printDnsOverTcp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'domain';
  if (length < 2) {
    d.out += ` [DNS over TCP: length ${length} < 2]`;
    d.markInvalid();
    return;
  }
  const prefix = d.u16(at);
  if (prefix !== length - 2) {
    d.out += ` [prefix length(${prefix}) != length(${length - 2})]`;
    d.markInvalid();
    return;
  }
  d.out += ' ';
  printMessage(d, at + 2, length - 2, false);
}

function printMessage(d: Dissection, at: number, length: number, multicast: boolean): void {
  d.cutAs = 'domain';
  if (length < HEADER) {
    d.out += `domain [length ${length} < ${HEADER}]`;
    d.markInvalid();
    return;
  }
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  const whole = d.u16(at + 2) & 0x8000 ? printResponse(d, at, multicast) : printQuery(d, at, multicast);
  if (whole) d.out += ` (${length})`;
  else d.markTruncated();
}

/** False where the message is cut or wrong. */
function printResponse(d: Dissection, at: number, multicast: boolean): boolean {
  const flags = d.u16(at + 2);
  const questions = d.u16(at + 4);
  const answers = d.u16(at + 6);
  const authorities = d.u16(at + 8);
  const additionals = d.u16(at + 10);
  const code = responseCode(d, at);
  d.out += d.u16(at) + OPCODES[(flags >> 11) & 0x0f]! + (RESPONSES[code] ?? ` Resp${code & 0xfff}`);
  d.out += `${flags & 0x0400 ? '*' : ''}${flags & 0x0080 ? '' : '-'}${flags & 0x0200 ? '|' : ''}${flags & 0x0020 ? '$' : ''}`;
  if (questions !== 1) d.out += ` [${questions}q]`;
  let cursor = at + HEADER;
  for (let i = 0; i < questions; i++) {
    if (i !== 0) d.out += ',';
    if (d.verbosity > 1) {
      d.out += ' q:';
      cursor = printQuestion(d, cursor, at, multicast);
    } else {
      cursor = skipDomainName(d, cursor);
      if (cursor >= 0) cursor += 4;
    }
    if (cursor < 0) return false;
  }
  d.out += ` ${answers}/${authorities}/${additionals}`;
  cursor = printRecords(d, cursor, at, answers, '', multicast);
  if (cursor < 0) return false;
  return d.verbosity < 2 || printTail(d, cursor, at, authorities, additionals, multicast);
}

/** False where the message is cut or wrong. */
function printQuery(d: Dissection, at: number, multicast: boolean): boolean {
  const flags = d.u16(at + 2);
  const opcode = (flags >> 11) & 0x0f;
  const questions = d.u16(at + 4);
  const answers = d.u16(at + 6);
  const authorities = d.u16(at + 8);
  const additionals = d.u16(at + 10);
  d.out += `${d.u16(at)}${OPCODES[opcode]}${flags & 0x0100 ? '+' : ''}${flags & 0x0010 ? '%' : ''}`;
  if (flags & 0x6cf) d.out += ` [b2&3=0x${flags.toString(16)}]`; // bits that a query has no use for
  if (opcode === INVERSE_QUERY) {
    if (questions) d.out += ` [${questions}q]`;
    if (answers !== 1) d.out += ` [${answers}a]`;
  } else {
    if (answers) d.out += ` [${answers}a]`;
    if (questions !== 1) d.out += ` [${questions}q]`;
  }
  if (authorities) d.out += ` [${authorities}n]`;
  if (additionals) d.out += ` [${additionals}au]`;
  let cursor = at + HEADER;
  let left = questions;
  while (left > 0 && (left === questions || cursor < d.end)) {
    cursor = printQuestion(d, cursor, at, multicast);
    if (cursor < 0) return false;
    left--;
  }
  if (left > 0) return false;
  if (d.verbosity < 2) return true;
  cursor = printRecords(d, cursor, at, answers, '', multicast);
  return cursor >= 0 && printTail(d, cursor, at, authorities, additionals, multicast);
}

/** Authorities and additional records, which are shown from `-vv` on. */
function printTail(
  d: Dissection,
  start: number,
  message: number,
  authorities: number,
  additionals: number,
  multicast: boolean,
): boolean {
  const cursor = start < d.end ? printRecords(d, start, message, authorities, ' ns:', multicast) : start;
  if (cursor < 0 || (start >= d.end && authorities > 0)) return false;
  if (cursor >= d.end) return additionals === 0;
  return printRecords(d, cursor, message, additionals, ' ar:', multicast) >= 0;
}

/** Prints `count` records, the first one in any case; the offset behind them, or -1 where they are cut. */
function printRecords(
  d: Dissection,
  start: number,
  message: number,
  count: number,
  title: string,
  multicast: boolean,
): number {
  if (count === 0) return start;
  d.out += title;
  let cursor = start;
  for (let i = 0; i < count; i++) {
    if (i > 0) {
      if (cursor >= d.end) return -1;
      d.out += ',';
    }
    cursor = printRecord(d, cursor, message, multicast);
    if (cursor < 0) return -1;
  }
  return cursor;
}

/** `A? example.com.`; the offset behind it, or -1 where it is cut or wrong. */
function printQuestion(d: Dissection, start: number, message: number, multicast: boolean): number {
  const at = skipDomainName(d, start);
  if (at < 0 || !d.has(at, 4)) return -1;
  const type = d.u16(at);
  const classField = d.u16(at + 2);
  const netClass = multicast ? classField & ~UNICAST : classField;
  d.out += ` ${TYPE_NAMES.get(type) ?? `Type${type}`}`;
  if (netClass !== CLASS_IN) d.out += ` ${CLASS_NAMES.get(netClass) ?? `(Class ${netClass})`}`;
  if (multicast) d.out += classField & UNICAST ? ' (QU)' : ' (QM)';
  d.out += '? ';
  const after = printDomainName(d, start, message);
  return after < 0 ? -1 : after + 4;
}

/** The four bits of the header, with the eight above them from an EDNS record (RFC 6891 §6.1.3). */
function responseCode(d: Dissection, message: number): number {
  const code = d.u16(message + 2) & 0x0f;
  const records = d.u16(message + 6) + d.u16(message + 8);
  let at = message + HEADER;
  for (let i = d.u16(message + 4); i > 0; i--) {
    at = skipDomainName(d, at);
    if (at < 0) return code;
    at += 4;
    if (at >= d.end) return code;
  }
  for (let i = 0; i < records + d.u16(message + 10); i++) {
    at = skipDomainName(d, at);
    if (at < 0 || !d.has(at, 10)) {
      // An EDNS record may be cut behind what matters here.
      if (at < 0 || i < records || !d.has(at, 5) || d.u16(at) !== TYPE_OPT) return code;
    }
    if (i >= records && d.u16(at) === TYPE_OPT) return code | (d.u8(at + 4) << 4);
    at += 10 + d.u16(at + 8);
    if (at >= d.end) return code;
  }
  return code;
}
