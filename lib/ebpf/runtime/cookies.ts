/**
 * Cookies in place of what a listener would remember of a SYN, made of the packet alone. Linux `net/ipv4/syncookies.c`,
 * `net/ipv6/syncookies.c`: the same parts, around a hash of our own, because the kernel's has a secret.
 */

import { answer, answerWide, bytesAt, type HelperServices, type MachineHost } from '../helpers.js';
import { ERROR, type MakeHelper, unsigned } from './arguments.js';
import { monotonic } from './surroundings.js';

const { EACCES, EINVAL } = ERROR;

/** Addresses in headers of IP, and the sizes of segments that a cookie can stand for. */
const IPV4 = { length: 20, from: 12, to: 20, usual: 536, sizes: [536, 1300, 1440, 1460] };
const IPV6 = { length: 40, from: 8, to: 40, usual: 1220, sizes: [1220, 1420, 1440, 8940] };
type Version = typeof IPV4;

const TCP_HEADER = 20;
const PORTS = 4;
const NANOSECONDS = 60_000_000_000n;
/** Minutes that a cookie is good for (`MAX_SYNCOOKIE_AGE`). */
const MOST_MINUTES = 2;
const MINUTE_BITS = 24;
const MINUTES = 0xff;
const MASK = (1 << MINUTE_BITS) - 1;
const END = 0;
const PADDING = 1;
const SEGMENT_SIZE = 2;

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** A hash of addresses, ports and a minute (`cookie_hash`). */
function hash(version: Version, ip: Uint8Array, tcp: Uint8Array, minute: number, round: number): number {
  let sum = 0x811c_9dc5 ^ Math.imul(minute + 1, 0x9e37_79b1) ^ round;
  const add = (bytes: Uint8Array): void => {
    for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x0100_0193);
  };
  add(ip.subarray(version.from, version.to));
  add(tcp.subarray(0, PORTS));
  sum = Math.imul(sum ^ (sum >>> 15), 0x85eb_ca6b);
  return (sum ^ (sum >>> 13)) >>> 0;
}

const minuteOf = ({ clock = monotonic }: HelperServices): number => Number(clock() / NANOSECONDS) | 0;

/** The segment size that options of TCP ask for (RFC 9293 §3.2); 0 where none does. */
function sizeIn(tcp: Uint8Array): number {
  for (let at = TCP_HEADER; at + 1 < tcp.length; ) {
    const kind = tcp[at]!;
    if (kind === END) return 0;
    const length = kind === PADDING ? 1 : tcp[at + 1]!;
    if (kind !== PADDING && (length < 2 || at + length > tcp.length)) return 0;
    if (kind === SEGMENT_SIZE && length === 4) return (tcp[at + 2]! << 8) | tcp[at + 3]!;
    at += length;
  }
  return 0;
}

const make =
  (version: Version): MakeHelper =>
  (services) =>
  (machine) => {
    const length = unsigned(machine, 3);
    const tcp = bytesAt(machine, 2, length, false);
    if (length < TCP_HEADER || length !== (tcp[12]! >> 4) * 4) return answer(machine, -EINVAL);
    const ip = bytesAt(machine, 1, version.length, false);
    const size = sizeIn(tcp) || version.usual;
    const index = Math.max(
      0,
      version.sizes.findLastIndex((one) => size >= one),
    );
    const minute = minuteOf(services);
    const low = (hash(version, ip, tcp, minute, 1) + index) & MASK;
    const cookie = (hash(version, ip, tcp, 0, 0) + wordAt(tcp, 4) + (minute << MINUTE_BITS) + low) >>> 0;
    return answerWide(machine, (BigInt(version.sizes[index]!) << 32n) | BigInt(cookie));
  };

const check =
  (version: Version): MakeHelper =>
  (services) =>
  (machine: MachineHost) => {
    const ip = bytesAt(machine, 1, version.length, false);
    const tcp = bytesAt(machine, 2, TCP_HEADER, false);
    const rest = (wordAt(tcp, 8) - 1 - hash(version, ip, tcp, 0, 0) - (wordAt(tcp, 4) - 1)) >>> 0;
    const minute = minuteOf(services);
    const age = (minute - (rest >>> MINUTE_BITS)) & MINUTES;
    const index = (rest - hash(version, ip, tcp, minute - age, 1)) & MASK;
    return answer(machine, age < MOST_MINUTES && index < version.sizes.length ? 0 : -EACCES);
  };

export const COOKIES: readonly (readonly [number: number, make: MakeHelper])[] = [
  [204, make(IPV4)],
  [205, make(IPV6)],
  [206, check(IPV4)],
  [207, check(IPV6)],
];
