/**
 * What captures of IEEE 802.11 put before the frame: radiotap (radiotap.org), in little-endian order, each field aligned
 * to its size from the header's start.
 */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { flag, several, u8, u16le } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';
import { dissectWlan, printWlan } from './wlan.js';

/** Each but the last says by its highest bit that another follows. */
function presentWords(p: View): number[] {
  const words: number[] = [];
  for (let at = 4; ; at += 4) {
    words.push(p.u32le(at));
    if ((p.u8(at + 3) & 0x80) === 0) return words;
  }
}

export const RADIOTAP = layout('radiotap', {
  version: u8(0),
  pad: u8(1),
  length: u16le(2),
  'present.word': several('integer', presentWords, (value) => `0x${value.toString(16).padStart(8, '0')}`),
  'present.tsft': flag(4, 0x01),
});

export const dissectRadiotap: Dissector = (w, at, limit) => {
  const size = w.u16le(at + 2);
  w.layer(RADIOTAP, at, at + size, limit);
  w.give(dissectWlan, at + size, limit);
};

/** Reads fields one after the other, as their alignment has it. */
class Fields {
  readonly d: Dissection;
  readonly start: number;
  next: number;
  readonly end: number;
  present = 0;
  padded = false;
  fcs = 0;

  constructor(d: Dissection, start: number, next: number, end: number) {
    this.d = d;
    this.start = start;
    this.next = next;
    this.end = end;
  }

  /** The place of a field, which is then behind. @throws TRUNCATED where the header ends before. */
  take(size: number, align = size): number {
    const offset = this.next - this.start;
    const at = this.next + ((align - (offset % align)) % align);
    if (at + size > this.end) throw TRUNCATED;
    this.next = at + size;
    return at;
  }

  u8(): number {
    return this.d.u8(this.take(1));
  }

  i8(): number {
    return (this.u8() << 24) >> 24;
  }

  u16(): number {
    return this.d.u16le(this.take(2));
  }
}

const FLAG_WORDS = [
  [0x01, 'cfp '],
  [0x02, 'short preamble '],
  [0x04, 'wep '],
  [0x08, 'fragmented '],
  [0x40, 'bad-fcs '],
] as const;
const HAS_FCS = 0x10;
const IS_PADDED = 0x20;
const EXTENDED_CHANNEL = 1 << 18;
const MCS_PRESENT = 1 << 19;

function flags(f: Fields): string {
  const value = f.u8();
  if (value & HAS_FCS) f.fcs = 4;
  if (value & IS_PADDED) f.padded = true;
  return FLAG_WORDS.map(([mask, word]) => (value & mask ? word : '')).join('');
}

function rate(f: Fields): string {
  const value = f.u8();
  return value >= 0x80 && value <= 0x8f ? `MCS ${value & 0x7f} ` : `${(value / 2).toFixed(1)} Mb/s `;
}

const width = (value: number): string => (value & 0x4000 ? '/10Mhz' : value & 0x8000 ? '/5Mhz' : '');
const all = (value: number, mask: number): boolean => (value & mask) === mask;

function channel(f: Fields, frequency: number, kind: number): string {
  let text = `${frequency} MHz`;
  if (f.present & MCS_PRESENT) text += ' 11n';
  else {
    if (all(kind, 0x880)) text += ' FHSS';
    if (all(kind, 0x140)) text += ` 11a${width(kind)}`;
    if (all(kind, 0xc0) || all(kind, 0x480)) text += ` 11g${width(kind)}`;
    else if (all(kind, 0xa0)) text += ' 11b';
    if (kind & 0x10) text += ' Turbo';
  }
  if (kind & 0x10000) text += ' ht/20';
  else if (kind & 0x40000) text += ' ht/40-';
  else if (kind & 0x20000) text += ' ht/40+';
  return `${text} `;
}

/** Mb/s of one stream at 20 MHz with a long guard interval, times 13 or 27 for the bandwidth. */
const STREAM = [1, 2, 3, 4, 6, 8, 9, 10];
/** The same of indexes 33 to 76, whose streams are modulated differently. */
// biome-ignore format: a table
const UNEQUAL = [6, 8, 10, 9, 12, 15, 8, 10, 10, 12, 14, 14, 16, 12, 15, 15, 18, 21, 21, 24, 10, 12, 14, 12, 14, 16, 18, 16, 18, 20, 20, 22, 15, 18, 21, 18, 21, 24, 27, 24, 27, 30, 30, 33];
function modulationRate(index: number, wide: boolean, short: boolean): number | undefined {
  if (index === 32) return wide ? (short ? 6.7 : 6) : undefined;
  const units = index < 32 ? STREAM[index % 8]! * (Math.floor(index / 8) + 1) : UNEQUAL[index - 33];
  if (units === undefined) return undefined;
  const base = (units * (wide ? 27 : 13)) / 2;
  return short ? (base * 10) / 9 : base;
}

const BANDWIDTHS = ['20 MHz', '40 MHz', '20 MHz (L)', '20 MHz (U)'];

/** IEEE 802.11n: index and how it is sent, each where it is known. */
function modulation(f: Fields): string {
  const [known, how, index] = [f.u8(), f.u8(), f.u8()];
  let text = '';
  if (known & 0x02) {
    const speed = known & 0x05 ? modulationRate(index, (how & 3) === 1, (how & 4) !== 0) : undefined;
    if (speed !== undefined) text += `${speed.toFixed(1)} Mb/s `;
    text += `MCS ${index} `;
  }
  if (known & 0x01) text += `${BANDWIDTHS[how & 3]} `;
  if (known & 0x04) text += `${how & 0x04 ? 'short' : 'long'} GI `;
  if (known & 0x08) text += `${how & 0x08 ? 'greenfield' : 'mixed'} `;
  if (known & 0x10) text += `${how & 0x10 ? 'LDPC' : 'BCC'} FEC `;
  if (known & 0x20) text += `RX-STBC${(how >> 5) & 3} `;
  return text;
}

/** `20`, or with a part of it: L is lower, U upper. */
// biome-ignore format: a table
const VHT_BANDWIDTHS = ['20 MHz', '40 MHz', '20 MHz (L)', '20 MHz (U)', '80 MHz', '80 MHz (L)', '80 MHz (U)', '80 MHz (LL)', '80 MHz (LU)', '80 MHz (UL)', '80 MHz (UU)', '160 MHz', '160 MHz (L)', '160 MHz (U)', '160 MHz (LL)', '160 MHz (LU)', '160 MHz (UL)', '160 MHz (UU)', '160 MHz (LLL)', '160 MHz (LLU)', '160 MHz (LUL)', '160 MHz (UUU)', '160 MHz (ULL)', '160 MHz (ULU)', '160 MHz (UUL)', '160 MHz (UUU)'];

/** IEEE 802.11ac: up to four users. */
function veryHigh(f: Fields): string {
  const { d } = f;
  const at = f.take(12, 2);
  const known = d.u16le(at);
  let text = '';
  for (let user = 0; user < 4; user++) {
    const streams = d.u8(at + 4 + user);
    if ((streams & 0x0f) === 0) continue;
    text += `User ${user} MCS ${streams >> 4} ${(d.u8(at + 8) >> user) & 1 ? 'LDPC' : 'BCC'} FEC `;
  }
  const bandwidth = d.u8(at + 3) & 0x1f;
  if (known & 0x40) text += `${VHT_BANDWIDTHS[bandwidth] ?? `unknown (${bandwidth})`} `;
  if (known & 0x04) text += `${d.u8(at + 2) & 0x04 ? 'short' : 'long'} GI `;
  return text;
}

/** Fields that tcpdump steps over. */
function silent(f: Fields, size: number, align = size): string {
  f.take(size, align);
  return '';
}

const PRINT: Readonly<Record<number, (f: Fields) => string>> = {
  0: (f) => {
    const at = f.take(8);
    return `${(BigInt(f.d.u32le(at + 4)) << 32n) | BigInt(f.d.u32le(at))}us tsft `;
  },
  1: flags,
  2: rate,
  3: (f) => {
    const at = f.take(4, 2);
    if (f.present & EXTENDED_CHANNEL) return '';
    return channel(f, f.d.u16le(at), f.d.u16le(at + 2));
  },
  4: (f) => {
    const at = f.take(2, 1);
    return `fhset ${f.d.u8(at)} fhpat ${f.d.u8(at + 1)} `;
  },
  5: (f) => `${f.i8()}dBm signal `,
  6: (f) => `${f.i8()}dBm noise `,
  7: (f) => `${f.u16()} sq `,
  8: (f) => `${-((f.u16() << 16) >> 16) || 0} tx power `,
  9: (f) => `${-f.i8() || 0}dB tx attenuation `,
  10: (f) => `${f.i8()}dBm tx power `,
  11: (f) => `antenna ${f.u8()} `,
  12: (f) => `${f.u8()}dB signal `,
  13: (f) => `${f.u8()}dB noise `,
  14: (f) => silent(f, 2),
  18: (f) => {
    const at = f.take(8, 4);
    return channel(f, f.d.u16le(at + 4), f.d.u32le(at));
  },
  19: modulation,
  20: (f) => silent(f, 8, 4),
  21: veryHigh,
};

const NAMESPACE = 1 << 29;
const VENDOR = 1 << 30;

/** How long a vendor's fields are, behind its number. */
function vendorBytes(f: Fields): number {
  try {
    f.take(4, 2);
    return f.u16();
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    f.d.markTruncated();
    return 0;
  }
}

/** Prints the fields that words of bits announce; an unknown bit ends it. @throws TRUNCATED */
function printFields(f: Fields, words: readonly number[]): void {
  const { d } = f;
  let first = 0;
  /** Bytes of a vendor's fields, which the next word stands for. */
  let foreign = -1;
  for (const word of words) {
    f.present = word;
    if (foreign >= 0) {
      if (f.next + foreign > f.end) return;
      f.next += foreign;
      foreign = 0;
    } else
      for (let bit = 0; bit < 29; bit++) {
        if (((word >>> bit) & 1) === 0) continue;
        const print = PRINT[first + bit];
        if (print === undefined) {
          d.out += `[bit ${first + bit}] `;
          return;
        }
        d.out += print(f);
      }
    const space = word & (NAMESPACE | VENDOR);
    first = space === 0 ? first + 32 : space === NAMESPACE || space === VENDOR ? 0 : first;
    if (space === NAMESPACE) foreign = -1;
    if (space === VENDOR) foreign = vendorBytes(f);
  }
}

/** Returns bytes of header. */
export function printRadiotap(d: Dissection, length: number): number {
  d.cutAs = '802.11_radio';
  if (d.end < 8) {
    d.markTruncated();
    return d.end;
  }
  const size = d.u16le(2);
  if (size < 8 || size > d.end) {
    d.markTruncated();
    return d.end;
  }
  const words = [d.u32le(4)];
  for (let at = 8; words.at(-1)! >= 0x8000_0000; at += 4) {
    if (at + 4 > size) {
      d.markTruncated();
      return d.end;
    }
    words.push(d.u32le(at));
  }
  const f = new Fields(d, 0, 4 + 4 * words.length, size);
  try {
    printFields(f, words);
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    d.markTruncated();
  }
  return size + printWlan(d, size, length - size, f.padded, f.fcs);
}

const PRISM = 144;
/** AVS headers begin with this, less the version in the last three digits. */
const AVS = 0x80211;

/** Link type 119: Prism's header of fixed length, or AVS'. */
export function printPrism(d: Dissection, length: number): number {
  d.cutAs = 'prism';
  if (!d.has(0, 4)) {
    d.markTruncated();
    return d.end;
  }
  if (d.u32(0) >>> 12 === AVS) return printAvs(d, length);
  if (!d.has(0, PRISM)) {
    d.markTruncated();
    return d.end;
  }
  return PRISM + printWlan(d, PRISM, length - PRISM);
}

/** Link type 163. */
export function printAvs(d: Dissection, length: number): number {
  d.cutAs = '802.11_radio_avs';
  const size = d.has(0, 8) ? d.u32(4) : d.end + 1;
  if (size < 8 || size > d.end) {
    d.markTruncated();
    return d.end;
  }
  return size + printWlan(d, size, length - size);
}
