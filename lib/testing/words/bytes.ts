/** Test support: bytes that messages are made of, and the headers around them. */

import type { Random } from '../random.js';

export type Bytes = readonly number[];

export const u16 = (value: number): Bytes => [(value >> 8) & 255, value & 255];
export const u32 = (value: number): Bytes => [...u16(value >>> 16), ...u16(value & 0xffff)];
export const one = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;
export const times = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

/** `length` bytes, small ones more often than not. */
export const soup = (random: Random, length: number): Bytes =>
  times(length, () => [0, 0, random(4), random(17), random(256), random(256), 255][random(7)]!);

/** Letters. */
export const letters = (random: Random, length: number): Bytes => times(length, () => 97 + random(26));

/** A plausible length. */
export const size = (random: Random): number =>
  one(random, [0, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 10, 12, 14, 16, 17, 20, 24, 32, 40]);

/** The length of `body`, or one that is off. */
export const sized = (random: Random, length: number): number =>
  Math.max(0, length + (random(12) === 0 ? one(random, [-1, 1, -2, 4, 100]) : 0));

/** Type, length, value, each of as many bytes; `all` where the length is of all three. */
export function tlv(random: Random, type: number, body: Bytes, widths = 1, all = false, unit = 1): Bytes {
  const length = Math.ceil(sized(random, body.length + (all ? 2 * widths : 0)) / unit);
  return widths === 1 ? [type & 255, length & 255, ...body] : [...u16(type), ...u16(length), ...body];
}

export const ether = (type: number, body: Bytes): Bytes => [
  1,
  0x80,
  0xc2,
  0,
  0,
  1,
  2,
  0,
  0,
  0,
  0,
  1,
  ...u16(type),
  ...body,
];
export const llc = (dsap: number, ssap: number, control: Bytes, body: Bytes): Bytes =>
  ether(2 + control.length + body.length, [dsap, ssap, ...control, ...body]);
export const snap = (oui: number, type: number, body: Bytes): Bytes =>
  llc(0xaa, 0xaa, [3], [oui >> 16, ...u16(oui), ...u16(type), ...body]);

const folded = (all: Bytes): Bytes => {
  let total = 0;
  for (const [i, byte] of all.entries()) total += i & 1 ? byte : byte << 8;
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return u16(~total & 0xffff);
};

export function ip4(protocol: number, body: Bytes, options: Bytes = []): Bytes {
  const head = [
    0x45 + options.length / 4,
    0,
    ...u16(20 + options.length + body.length),
    0,
    1,
    0,
    0,
    255,
    protocol,
  ];
  const addresses = [192, 0, 2, 1, 224, 0, 0, 5, ...options];
  return [...head, ...folded([...head, 0, 0, ...addresses]), ...addresses, ...body];
}

const ADDRESSES6: Bytes = [0xfe, 0x80, ...times(13, () => 0), 1, 0xff, 2, ...times(13, () => 0), 2];

export const ip6 = (next: number, body: Bytes): Bytes => [
  0x60,
  0,
  0,
  0,
  ...u16(body.length),
  next,
  255,
  ...ADDRESSES6,
  ...body,
];

/** The checksum that ICMPv6 wants, in place. */
export function icmp6(body: Bytes): Bytes {
  const sum = folded([
    ...ADDRESSES6,
    ...u32(body.length),
    0,
    0,
    0,
    58,
    ...body.slice(0, 2),
    0,
    0,
    ...body.slice(4),
  ]);
  return ip6(58, [...body.slice(0, 2), ...sum, ...body.slice(4)]);
}

export const overIp = (protocol: number, body: Bytes): Bytes => ether(0x800, ip4(protocol, body));
export const overIp6 = (next: number, body: Bytes): Bytes => ether(0x86dd, ip6(next, body));
export const udp = (source: number, destination: number, body: Bytes): Bytes =>
  overIp(17, [...u16(source), ...u16(destination), ...u16(8 + body.length), 0, 0, ...body]);
export const udp6 = (source: number, destination: number, body: Bytes): Bytes =>
  overIp6(17, [...u16(source), ...u16(destination), ...u16(8 + body.length), 0, 0, ...body]);
export const tcp = (
  source: number,
  destination: number,
  body: Bytes,
  options: Bytes = [],
  flags = 0x18,
): Bytes => {
  const padded = [...options, ...times((4 - (options.length % 4)) % 4, () => 0)];
  return overIp(6, [
    ...[
      ...u16(source),
      ...u16(destination),
      ...u32(1),
      ...u32(2),
      0x50 + 4 * padded.length,
      flags,
      1,
      0,
      0,
      0,
      0,
      0,
    ],
    ...padded,
    ...body,
  ]);
};
