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
  if (i >= end && length > 0) d.need(at, length);
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

/** Writes numbers in words, by the letter that stands for them in a pattern. */
export type Writers = Readonly<Record<string, (value: number, size: number) => string>>;

const HOLE = /%(\??)(?:([a-z_!-]?)(\d+)|([iIm]))/g;
const ADDRESS_SIZES: Readonly<Record<string, number>> = { i: 4, I: 16, m: 6 };

function valueText(d: Dissection, at: number, kind: string, size: number, writers: Writers): string {
  if (kind === '-') return '';
  d.need(at, size);
  if (kind === 'i') return d.ip4(at);
  if (kind === 'I') return d.ip6(at);
  if (kind === 'm') return d.mac(at);
  if (kind === 'x') return hexBytes(d, at, size);
  if (kind === '_' || kind === '!') return '';
  if (size === 8) return `${d.u64(at)}`;
  const value = size === 1 ? d.u8(at) : size === 2 ? d.u16(at) : size === 3 ? d.u24(at) : d.u32(at);
  return writers[kind]?.(value, size) ?? `${value}`;
}

/**
 * Writes the values that lie behind each other at `at` into a text: `%1` to `%4` and `%8` are unsigned numbers of as many bytes,
 * `%x4` is one in hex with all its digits, `%i` and `%I` are addresses, `%m` is one of Ethernet; `%_4` passes over four bytes.
 */
export function filled(d: Dissection, at: number, pattern: string, writers: Writers = {}): string {
  let next = at;
  return pattern.replace(HOLE, (_, _sometimes, kind: string, digits: string, address?: string) => {
    const place = next;
    const size = address === undefined ? Number(digits) : ADDRESS_SIZES[address]!;
    next += size;
    return valueText(d, place, address ?? kind, size, writers);
  });
}

/**
 * Appends the same phrase by phrase: the words before a value stand there only if the value can be read, those before a `~`
 * always. Besides: `%p2` is written by `writers.p`, `%?2` and its words are left out where it is 0, `%n16` is text up to a
 * zero byte, `%-4` passes over bytes that need not be there.
 *
 * @returns Where the next value lies.
 */
export function sayFilled(d: Dissection, at: number, pattern: string, writers: Writers = {}): number {
  let next = at;
  let from = 0;
  for (const hole of pattern.matchAll(HOLE)) {
    const [whole, sometimes, letter, digits, address] = hole;
    const parts = pattern.slice(from, hole.index).split('~');
    const before = parts.pop()!;
    d.out += parts.join('');
    const kind = address ?? letter!;
    const size = address === undefined ? Number(digits) : ADDRESS_SIZES[address]!;
    from = hole.index + whole.length;
    if (kind === 'n') {
      d.out += before;
      sayPadded(d, next, size);
    } else {
      const text = valueText(d, next, kind, size, writers);
      if (sometimes === '' || text !== '0') d.out += before + text;
    }
    next += size;
  }
  d.out += pattern.slice(from);
  return next;
}
