/** Queries of nodes for names and addresses over ICMPv6, and the answers (RFC 4620). */

import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { bitNames, names } from '../frame/names.js';
import { visible } from '../frame/text.js';

const HEADER = 16;
const SUBJECTS = ['ip6', 'name', 'ip4'];
const ANSWERS = names('success|refused|unknown', '');
const ASKED = names('noop|supported qtypes|DNS name|node addresses', 'unknown');
const FLAGS = bitNames('64 a|32 G|16 S|8 L|4 C|2 A', '', '');
const ANSWER_FLAGS = bitNames('64 a|32 G|16 S|8 L|4 C|2 A|1 T', '', '');

/** A name in labels, or as one string of drafts before; all that was captured belongs to it. */
function printName(d: Dissection, start: number): void {
  const { end } = d;
  let at = start;
  if (d.u8(at) === end - at - 1) {
    if (d.verbosity) d.out += ', 03 draft';
    d.out += ', "';
    while (++at < end) d.out += visible(d.u8(at));
    d.out += '"';
    return;
  }
  d.out += ', "';
  while (at < end) {
    const size = d.u8(at++);
    if (size === 0) {
      if (at === end) d.out += '.';
      else if (at + 1 !== end || d.u8(at) !== 0) d.out += '???';
      break;
    }
    if (size > end - at) {
      d.out += '???';
      break;
    }
    for (const stop = at + size; at < stop; at++) d.out += visible(d.u8(at));
    if (at < end && d.u8(at) !== 0) d.out += '.';
  }
  d.out += '"';
}

/** Appends what is asked for, with its flags. */
function printType(d: Dissection, type: number, flags: number, table: (flags: number) => string): void {
  d.out += ASKED(type);
  if (flags === 0) return;
  if (type === 1) d.out += ` [${flags & 1 ? 'C' : ''}]`;
  if (type === 3) d.out += ` [${table(flags)}]`;
}

export function printNodeQuery(d: Dissection, at: number): void {
  const size = d.end - at;
  if (size === 12) {
    d.out += ' who-are-you request';
    return;
  }
  d.out += ' node information query';
  ask(d, at, HEADER);
  const type = d.u16(at + 4);
  d.out += ' (';
  printType(d, type, d.u16(at + 6), FLAGS);
  if (type < 2) {
    if (size !== HEADER && d.verbosity) d.out += ', invalid len';
  } else if (size === HEADER) d.out += ', 03 draft';
  else {
    const subject = SUBJECTS[d.u8(at + 1)];
    const length = subject === 'ip6' ? 16 : 4;
    if (subject === undefined) d.out += ', unknown subject';
    else if (subject === 'name') {
      d.out += ', subject=DNS name';
      printName(d, at + HEADER);
    } else if (size === HEADER + length)
      d.out += `, subject=${length === 16 ? d.ip6(at + HEADER) : d.ip4(at + HEADER)}`;
    else if (size > HEADER + length && d.verbosity) d.out += ', invalid subject len';
  }
  d.out += ')';
}

export function printNodeReply(d: Dissection, at: number, length: number): void {
  const size = d.end - at;
  if (length > size) throw ENDS_EARLY;
  ask(d, at, HEADER);
  const code = d.u8(at + 1);
  d.out += ' node information reply (';
  if (code > 0 || d.verbosity) d.out += ANSWERS(code);
  if (code > 0) {
    if (code < 3 && size !== HEADER && d.verbosity) d.out += ', invalid length';
    d.out += ')';
    return;
  }
  if (d.verbosity) d.out += ', ';
  const [type, flags] = [d.u16(at + 4), d.u16(at + 6)];
  if (type !== 3) printType(d, type, flags, ANSWER_FLAGS);
  if (type === 0 && size !== HEADER && d.verbosity) d.out += ', invalid length';
  else if (type === 2) {
    printName(d, at + HEADER + 4);
    if (flags & 1) d.out += ` [TTL=${d.u32(at + HEADER)}]`;
  } else if (type === 3) {
    d.out += 'node addresses';
    for (let i = HEADER; i + 20 <= size; i += 20) d.out += ` ${d.ip6(at + i + 4)}(${d.u32(at + i)})`;
    if (flags !== 0) d.out += ` [${ANSWER_FLAGS(flags)}]`;
  }
  d.out += ')';
}
