/** What integrated services (RFC 2210, 2215) put into RSVP. */

import { ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { names } from '../frame/names.js';
import { hex2 } from '../frame/text.js';

const SERVICES = names('1 Default/Global Information|Guaranteed Service|5 Controlled Load', 'unknown');
const PARAMETERS = names(
  '4 IS hop cnt|6 Path b/w estimate|8 Minimum path latency|10 Composed MTU|127 Token Bucket TSpec|130 Guaranteed Service RSpec|133 End-to-end composed value for C|End-to-end composed value for D|Since-last-reshaping point composed C|Since-last-reshaping point composed D',
  'unknown',
);

/** As C's `%.10g`. */
function general(value: number, digits = 10): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value < 0 ? '-inf' : 'inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponent] = value.toExponential(digits - 1).split('e') as [string, string];
  const power = Number(exponent);
  const trim = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (power >= -4 && power < digits) return trim(value.toFixed(digits - 1 - power));
  const sign = power < 0 ? '-' : '+';
  return `${trim(mantissa)}e${sign}${`${Math.abs(power)}`.padStart(2, '0')}`;
}

/** An IEEE float, as C's single precision computes and `%.10g` prints. */
export function sayFloat(d: Dissection, at: number, multiply: number, divide: number): string {
  d.need(at, 4);
  const value = new DataView(d.data.buffer, d.data.byteOffset + at, 4).getFloat32(0);
  if (Number.isNaN(value)) return `${d.u8(at) >> 7 ? '-' : ''}nan`;
  return general(Math.fround(Math.fround(value * multiply) / divide));
}

const FORMS: Readonly<Record<number, readonly [size: number, pattern: string]>> = {
  4: [4, '\n\t\tIS hop count: %4'],
  6: [4, '\n\t\tPath b/w estimate: @ Mbps'],
  8: [4, '\n\t\tMinimum path latency: ?'],
  10: [4, '\n\t\tComposed MTU: %4 bytes'],
  127: [
    20,
    '\n\t\tToken Bucket Rate: @ Mbps\n\t\tToken Bucket Size: # bytes\n\t\tPeak Data Rate: @ Mbps\n\t\tMinimum Policed Unit: %4 bytes\n\t\tMaximum Packet Size: %4 bytes',
  ],
  130: [8, '\n\t\tRate: @ Mbps\n\t\tSlack Term: %4'],
  133: [4, '\n\t\tValue: %4'],
  134: [4, '\n\t\tValue: %4'],
  135: [4, '\n\t\tValue: %4'],
  136: [4, '\n\t\tValue: %4'],
};

function sayForm(d: Dissection, at: number, pattern: string): void {
  let next = at;
  for (const piece of pattern.split(/(%4|@|#|\?)/)) {
    if (piece === '@') d.out += sayFloat(d, next, 1, 125_000);
    else if (piece === '#') d.out += sayFloat(d, next, 1, 1);
    else if (piece === '?') d.out += d.u32(next) === 0xffff_ffff ? "don't care" : `${d.u32(next)}`;
    else if (piece === '%4') d.out += `${d.u32(next)}`;
    else {
      d.out += piece;
      continue;
    }
    next += 4;
  }
}

/** How many bytes a parameter takes; 0 where it is wrong. */
function printParameter(d: Dissection, at: number, left: number): number {
  if (left < 4) return 0;
  const [id, flags, size] = [d.u8(at), d.u8(at + 1), d.u16(at + 2) * 4];
  d.out += `\n\t      Parameter ID: ${PARAMETERS(id)} (${id}), length: ${size}, Flags: [0x${hex2(flags)}]`;
  if (left < size + 4) return 0;
  const form = FORMS[id];
  if (form === undefined) {
    if (d.verbosity <= 1) printUnknown(d, at + 4, size, '\n\t\t');
  } else if (size === form[0]) {
    if (at + 4 + size > d.end) throw ENDS_EARLY;
    sayForm(d, at + 4, form[1]);
  }
  return size + 4;
}

export function printServices(d: Dissection, start: number, length: number, indent: string): void {
  d.out += `${indent}  Msg-Version: ${d.u8(start) >> 4}, length: ${d.u16(start + 2) * 4}`;
  let at = start + 4;
  let left = length - 4;
  while (left >= 4) {
    const type = d.u8(at);
    let size = d.u16(at + 2) * 4;
    d.out += `${indent}  Service Type: ${SERVICES(type)} (${type}), break bit ${d.u8(at + 1) & 0x80 ? '' : 'not '}set, `;
    d.out += `Service length: ${size}`;
    at += 4;
    left -= 4;
    while (size >= 4) {
      const done = printParameter(d, at, left);
      if (done === 0) break;
      left -= done;
      size -= done;
      at += done;
    }
  }
}
