/**
 * Test support: packets changed where their protocols are read. Each change is one that a broken sender, a capture cut
 * short or another version of the protocol makes: values at the edges, lengths that are off, parts that are moved.
 */

import { Packet } from '../../savefile/index.js';
import type { Random } from '../random.js';
import type { Sample } from './corpus.js';

const EDGES_8 = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 192, 254, 255];
const EDGES_16 = [0, 1, 2, 4, 8, 255, 256, 0x7fff, 0x8000, 0xfffe, 0xffff];
const EDGES_32 = [0, 1, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Bytes that are looked at from where a header begins. */
const HEADER = 64;

type Change = (data: Uint8Array, at: number, random: Random) => Uint8Array;

const put16 = (data: Uint8Array, at: number, value: number): void => data.set([value >> 8, value], at);

const CHANGES: readonly Change[] = [
  (data, at, random) => {
    data[at] = random(256);
    return data;
  },
  (data, at, random) => {
    data[at] = EDGES_8[random(EDGES_8.length)]!;
    return data;
  },
  (data, at, random) => {
    data[at] = data[at]! + [1, 255, 2, 254, 4, 252][random(6)]!;
    return data;
  },
  (data, at, random) => {
    data[at] = data[at]! ^ (1 << random(8));
    return data;
  },
  (data, at, random) => {
    if (at + 2 <= data.length) put16(data, at, EDGES_16[random(EDGES_16.length)]!);
    return data;
  },
  (data, at, random) => {
    const value = EDGES_32[random(EDGES_32.length)]!;
    for (let i = 0; i < 4 && at + i < data.length; i++) data[at + i] = value >>> (24 - 8 * i);
    return data;
  },
  // A part once more, at another place.
  (data, at, random) => {
    const size = 1 + random(16);
    const from = Math.max(0, at - HEADER + random(2 * HEADER));
    data.copyWithin(at, from, from + size);
    return data;
  },
  // Bytes taken out, and bytes put in.
  (data, at, random) => {
    const size = 1 + random(8);
    return Uint8Array.from([...data.subarray(0, at), ...data.subarray(at + size)]);
  },
  (data, at, random) => {
    const from = Math.max(0, at - random(24));
    const part = data.subarray(from, from + 1 + random(24));
    return Uint8Array.from([...data.subarray(0, at), ...part, ...data.subarray(at)]);
  },
];

/** A packet made of the sample; with `other`, a sample of the same kind, sometimes one's head and the other's tail. */
export function changed(sample: Sample, other: Sample, random: Random): Packet {
  const { packet, starts } = sample;
  let data: Uint8Array = packet.data.slice();
  const innermost = starts.at(-1)!;
  if (random(12) === 0) {
    const tail = other.starts.at(-1)! + random(HEADER);
    data = Uint8Array.from([
      ...data.subarray(0, innermost + random(HEADER)),
      ...other.packet.data.subarray(tail),
    ]);
  }
  for (let count = 1 + random(3); count > 0; count--) {
    const near = random(8);
    const start = near > 1 ? innermost : near === 1 ? starts[random(starts.length)]! : 0;
    const left = Math.max(1, data.length - start);
    const at = start + random(random(3) === 0 ? left : Math.min(left, HEADER));
    if (at < data.length) data = CHANGES[random(CHANGES.length)]!(data, at, random);
  }
  const beyond = packet.wireLength - packet.data.length;
  const whole = data.length + Math.max(0, beyond);
  if (random(2) === 0) mendLengths(sample, data, whole, random(4) === 0 ? random(12) : 0);
  if (random(4) === 0) mendChecksum(sample, data);
  const kept = random(6) === 0 ? Math.min(data.length, innermost + random(data.length)) : data.length;
  const { seconds, nanoseconds } = packet;
  return new Packet(data.subarray(0, Math.max(1, kept)), whole, seconds, nanoseconds, packet.interface);
}

/** The lengths of IP and UDP as the packet now has them, `less` bytes less. */
function mendLengths({ ip, payload }: Sample, data: Uint8Array, whole: number, less: number): void {
  if (ip < 0 || payload + 8 > data.length) return;
  const isIp4 = data[ip]! >> 4 === 4;
  put16(data, isIp4 ? ip + 2 : ip + 4, Math.max(0, whole - (isIp4 ? ip : ip + 40) - less));
  if (isIp4) {
    put16(data, ip + 10, 0);
    put16(data, ip + 10, sum(data, ip, payload));
  }
  if (data[isIp4 ? ip + 9 : ip + 6] === 17) put16(data, payload + 4, Math.max(0, whole - payload - less));
}

/** Where the checksum of an IP protocol stands in its header, and whether addresses belong to what it covers. */
const SUMS: Readonly<Record<number, readonly [at: number, withAddresses: boolean]>> = {
  1: [2, false],
  2: [2, false],
  6: [16, true],
  17: [6, true],
  58: [2, true],
  88: [2, false],
  103: [2, false],
  112: [6, false],
  89: [12, false],
};

function mendChecksum({ ip, payload }: Sample, data: Uint8Array): void {
  if (ip < 0) return;
  const isIp4 = data[ip]! >> 4 === 4;
  const protocol = data[isIp4 ? ip + 9 : ip + 6]!;
  const row = SUMS[protocol];
  const length = isIp4 ? (data[ip + 2]! << 8) | data[ip + 3]! : 40 + ((data[ip + 4]! << 8) | data[ip + 5]!);
  const end = Math.min(data.length, ip + length);
  if (row === undefined || payload + row[0] + 2 > end) return;
  const [at, withAddresses] = row;
  put16(data, payload + at, 0);
  let initial = 0;
  if (withAddresses) {
    const [from, to] = isIp4 ? [ip + 12, ip + 20] : [ip + 8, ip + 40];
    for (let i = from; i < to; i += 2) initial += (data[i]! << 8) | data[i + 1]!;
    initial += protocol + end - payload;
  }
  put16(data, payload + at, sum(data, payload, end, initial));
}

function sum(data: Uint8Array, from: number, to: number, initial = 0): number {
  let total = initial;
  for (let i = from; i < to; i += 2) total += (data[i]! << 8) | (i + 1 < to ? data[i + 1]! : 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return ~total & 0xffff;
}
