/** TFTP (RFC 1350) and its options (RFC 2347). */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { text, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { endingItself, printer } from '../frame/say.js';
import { visible } from '../frame/text.js';
import type { View } from '../frame/view.js';

const OPCODES = { 1: 'RRQ', 2: 'WRQ', 3: 'DATA', 4: 'ACK', 5: 'ERROR', 6: 'OACK' };
// biome-ignore format: a table
const ERRORS = ['EUNDEF', 'ENOTFOUND', 'EACCESS', 'ENOSPACE', 'EBADOP', 'EBADID', 'EEXISTS', 'ENOUSER'];

const opcode = (p: View): number => p.u16(0);
const rest = (from: number) => (p: View) => p.size - from;
export const TFTP = layout('tftp', {
  opcode: u16(0).named(OPCODES, (code) => `tftp-#${code}`),
  source_file: text(2, rest(2)).when((p) => opcode(p) === 1),
  destination_file: text(2, rest(2)).when((p) => opcode(p) === 2),
  block: u16(2).when((p) => opcode(p) === 3 || opcode(p) === 4),
  'error.code': u16(2).when((p) => opcode(p) === 5),
  'error.message': text(4, rest(4)).when((p) => opcode(p) === 5),
});
const F = TFTP.fields;

const print = printer(TFTP, 'tftp', (say, p, d) => {
  say`TFTP, length ${p.wireLength}`;
  if (p.wireLength < 2) throw TRUNCATED;
  say`, ${F.opcode}`;
  const code = p.opcode;
  const end = p.at + p.wireLength;
  if (code === 3 || code === 4) {
    if (p.wireLength < 4) throw TRUNCATED;
    say` block ${F.block}`;
  } else if (code === 5) {
    if (p.wireLength < 4) throw TRUNCATED;
    const error = p.u16(2);
    // The quotation mark after an unknown code is a slip of tcpdump's.
    say` ${ERRORS[error] ?? `tftp-err-#${error} "`}`;
    if (p.wireLength < 5) throw TRUNCATED;
    say` "`;
    const next = printText(d, p.at + 4, end);
    say`"`;
    if (next < 0) throw TRUNCATED;
  } else if (code >= 1 && code <= 2) printRequest(d, p.at + 2, end);
  else if (code === 6) printOptions(d, p.at + 2, end);
});
export const printTftp = endingItself(print);

function printRequest(d: Dissection, at: number, end: number): void {
  if (at >= end) throw TRUNCATED;
  d.out += ' "';
  let next = printText(d, at, end);
  d.out += '"';
  if (next < 0 || next >= end) throw TRUNCATED;
  d.out += ' ';
  next = printText(d, next, end);
  if (next < 0) throw TRUNCATED;
  printOptions(d, next, end);
}

function printOptions(d: Dissection, at: number, end: number): void {
  for (let next = at; next < end; ) {
    if (d.u8(next) !== 0) d.out += ' ';
    next = printText(d, next, end);
    if (next < 0) throw TRUNCATED;
  }
}

/** Prints up to a zero byte and returns the place behind it; -1 where there is none. */
function printText(d: Dissection, at: number, end: number): number {
  const stop = Math.min(end, d.end);
  for (let i = at; i < stop; i++) {
    const octet = d.u8(i);
    if (octet === 0) return i + 1;
    d.out += visible(octet);
  }
  return -1;
}
