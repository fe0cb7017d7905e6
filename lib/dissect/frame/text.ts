/**
 * Pieces of text that protocol printers share: hex, flag lists, durations, untrusted characters.
 * The forms are those of tcpdump's util-print.c.
 */

import type { Dissection } from './dissection.js';

const OCTET_HEX: readonly string[] = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));

/** Two hex digits. */
export function hex2(octet: number): string {
  return OCTET_HEX[octet & 0xff]!;
}

/** Four hex digits. */
export function hex4(value: number): string {
  return OCTET_HEX[(value >>> 8) & 0xff]! + OCTET_HEX[value & 0xff]!;
}

/** Eight hex digits. */
export function hex8(value: number): string {
  return hex4(value >>> 16) + hex4(value);
}

/** The bytes at `at` in hex, without separators. @throws TRUNCATED past the end. */
export function hexBytes(d: Dissection, at: number, length: number): string {
  d.need(at, length);
  let text = '';
  for (let i = 0; i < length; i++) text += OCTET_HEX[d.data[at + i]!]!;
  return text;
}

/** Names of bits: `[mask, name]` in the order they are printed. */
export type FlagNames = readonly (readonly [mask: number, name: string])[];

/** Names of the flags set in `value`; `none` where there are none. */
export function flags(names: FlagNames, value: number, none: string, separator = ', '): string {
  let text = '';
  for (const [mask, name] of names) {
    if ((value & mask) === mask) text += text === '' ? name : separator + name;
  }
  return text === '' ? none : text;
}

const SPANS = [
  [31_536_000, 'y'],
  [604_800, 'w'],
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
  [1, 's'],
] as const;

/** A duration as `1d2h3s`. `seconds` is an unsigned 32-bit number. */
export function duration(seconds: number): string {
  if (seconds === 0) return '0s';
  let text = '';
  let rest = seconds;
  for (const [span, unit] of SPANS) {
    if (rest < span) continue;
    text += Math.floor(rest / span) + unit;
    rest %= span;
  }
  return text;
}

/** One untrusted character as `vis` would show it: `^@`, `M-a`, `^?`. */
export function visible(octet: number): string {
  let text = '';
  let c = octet;
  if (c > 0x7f) {
    c &= 0x7f;
    text = 'M-';
  }
  if (c < 0x20 || c > 0x7e) {
    c ^= 0x40;
    text += '^';
  }
  return text + String.fromCharCode(c);
}

/** `length` untrusted characters at `at`, less where the packet ends. */
export function visibleText(d: Dissection, at: number, length: number): string {
  const end = Math.min(at + length, d.end);
  let text = '';
  for (let i = at; i < end; i++) text += visible(d.data[i]!);
  return text;
}

/** Appends `length` untrusted characters. @throws TRUNCATED where they are cut, with those before said. */
export function sayText(d: Dissection, at: number, length: number): void {
  d.out += visibleText(d, at, length);
  d.need(at, length);
}

/** The same, up to a zero byte where there is one. */
export function sayPadded(d: Dissection, at: number, length: number): void {
  const end = Math.min(at + length, d.end);
  let i = at;
  while (i < end && d.data[i] !== 0) d.out += visible(d.data[i++]!);
  if (i >= end) d.need(at, length);
}

/** An IEEE float, `scale` times what the bytes at `at` hold, with three digits as C prints it. */
export function float32(d: Dissection, at: number, multiply = 1, divide = 1): string {
  d.need(at, 4);
  const value = new DataView(d.data.buffer, d.data.byteOffset + at, 4).getFloat32(0);
  const rate = Math.fround(Math.fround(value * multiply) / divide);
  const minus = (rate: number): string => (rate < 0 || Object.is(rate, -0) ? '-' : '');
  if (Number.isNaN(rate)) return `${d.u8(at) >> 7 ? '-' : ''}nan`;
  if (!Number.isFinite(rate)) return `${minus(rate)}inf`;
  if (Math.abs(rate) >= 1e21) return `${BigInt(rate)}.000`;
  return minus(rate) + Math.abs(rate).toFixed(3);
}

/** Bytes a second, an IEEE float, in Mbps. */
export function bandwidth(d: Dissection, at: number): string {
  return `${float32(d, at, 8, 1_000_000)} Mbps`;
}

/**
 * Writes the values that lie behind each other at `at` into a text: `%1` to `%4` and `%8` are unsigned numbers of as many bytes,
 * `%x4` is one in hex with all its digits, `%i` and `%I` are addresses, `%m` is one of Ethernet; `%_4` passes over four bytes.
 */
export function filled(d: Dissection, at: number, pattern: string): string {
  let next = at;
  return pattern.replace(
    /%(?:([x_]?)(\d+)|([iIm]))/g,
    (_, kind: string, digits: string, address?: string) => {
      const place = next;
      const size = address === undefined ? Number(digits) : address === 'i' ? 4 : address === 'm' ? 6 : 16;
      next += size;
      if (address === 'i') return d.ip4(place);
      if (address === 'I') return d.ip6(place);
      if (address === 'm') return d.mac(place);
      if (kind === 'x') return hexBytes(d, place, size);
      d.need(place, size);
      if (kind === '_') return '';
      if (size === 8) return `${d.u64(place)}`;
      return `${size === 1 ? d.u8(place) : size === 2 ? d.u16(place) : size === 3 ? d.u24(place) : d.u32(place)}`;
    },
  );
}
