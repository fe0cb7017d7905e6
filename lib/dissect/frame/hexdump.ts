/**
 * Packets as hex and ASCII, in the layout of tcpdump's print-ascii.c: 16 bytes a line, a tab in front.
 * Each function takes what lies before `d.end` and throws when asked for more, after printing what it has.
 */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from './dissection.js';
import { hex2 } from './text.js';

const HEX_COLUMNS = 40; // eight times ` 1234`
const GRAPHIC: readonly string[] = Array.from({ length: 256 }, (_, c) =>
  c > 0x20 && c < 0x7f ? String.fromCharCode(c) : '.',
);

/** `-X`. `indent` starts each line and brings its line feed. */
export function printHexAscii(d: Dissection, at: number, length: number, indent = '\n\t'): void {
  const end = Math.min(at + length, Math.max(d.end, at));
  for (let line = at; line < end; line += 16) {
    let hex = '';
    let ascii = '';
    const stop = Math.min(line + 16, end);
    for (let i = line; i < stop; i++) {
      const octet = d.data[i]!;
      hex += (i - line) & 1 ? hex2(octet) : ` ${hex2(octet)}`;
      ascii += GRAPHIC[octet]!;
    }
    d.out += `${indent}0x${offset(line - at)}: ${hex.padEnd(HEX_COLUMNS)}  ${ascii}`;
  }
  if (end < at + length) throw TRUNCATED;
}

/** `-x`. */
export function printHex(d: Dissection, at: number, length: number, indent = '\n\t'): void {
  const end = Math.min(at + length, Math.max(d.end, at));
  for (let line = at; line < end; line += 16) {
    let hex = '';
    const stop = Math.min(line + 16, end);
    for (let i = line; i < stop; i++) hex += (i - line) & 1 ? hex2(d.data[i]!) : ` ${hex2(d.data[i]!)}`;
    d.out += `${indent}0x${offset(line - at)}: ${hex}`;
  }
  if (end < at + length) throw TRUNCATED;
}

/** `-A`. A carriage return before a line feed is left out. */
export function printAscii(d: Dissection, at: number, length: number): void {
  const end = Math.min(at + length, d.end);
  let text = '\n';
  for (let i = at; i < end; i++) {
    const octet = d.data[i]!;
    if (octet === 0x0d) {
      if (end - i > 2 && d.data[i + 1] !== 0x0a) text += '.';
    } else if (octet === 0x09 || octet === 0x0a || octet === 0x20) {
      text += String.fromCharCode(octet);
    } else {
      text += GRAPHIC[octet]!;
    }
  }
  d.out += text;
}

function offset(n: number): string {
  return n.toString(16).padStart(4, '0');
}

/** Bytes nobody understands, in hex, as far as the packet goes. */
export function printUnknown(d: Dissection, at: number, length: number, indent: string): void {
  if (at > d.end) {
    d.out += `${indent}Dissector error: print_unknown_data called with pointer past end of packet`;
    return;
  }
  printHex(d, at, Math.min(length, d.end - at), indent);
}
