/** Internet checksums (RFC 1071, RFC 1624), with the carries where Linux has them: `net/core/filter.c`, `checksum.h`. */

import { answer, answerUnsigned, bytesAt } from '../helpers.js';
import { innerProtocolOf } from '../hook.js';
import { ERROR, hasOthers, type MakeHelper, onHook, packetBytes, unsigned } from './arguments.js';

const { EACCES, EFAULT, EINVAL, ENOTSUPP } = ERROR;
const MAX_OFFSET = 0xffff;

/** Sum of 32 bits with the carry added at the end. */
function add(a: number, b: number): number {
  const sum = (a >>> 0) + (b >>> 0);
  return (sum > 0xffff_ffff ? sum - 0xffff_ffff : sum) >>> 0;
}
const subtract = (a: number, b: number): number => add(a, ~b);

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

function addShort(a: number, b: number): number {
  const sum = a + b;
  return (sum & 0xffff) + (sum >>> 16);
}

const shortAt = (bytes: Uint8Array): number => bytes[0]! | (bytes[1]! << 8);
function putShort(bytes: Uint8Array, value: number): void {
  bytes[0] = value;
  bytes[1] = value >>> 8;
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  [0, 1, 2, 3].reduce((word, byte) => word | ((bytes[at + byte] ?? 0) << (8 * byte)), 0);

/** Sum of bytes as little-endian words of 32 bits, the last one filled up with zeros. */
function sumOf(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 4) sum = add(sum, wordAt(bytes, at));
  return sum;
}

const csumDiff: MakeHelper = () => (machine) => {
  const [fromSize, toSize, seed] = [unsigned(machine, 2), unsigned(machine, 4), unsigned(machine, 5)];
  const from = fromSize === 0 ? undefined : bytesAt(machine, 1, fromSize, false);
  const to = toSize === 0 ? undefined : bytesAt(machine, 3, toSize, false);
  let sum = seed;
  if (to !== undefined) sum = sumOf(to, sum);
  if (from !== undefined) sum = to === undefined ? ~sumOf(from, ~sum) : subtract(sum, sumOf(from, 0));
  return answerUnsigned(machine, fold(sum));
};

/** The checksum in a packet for bytes that have changed from `from` to `to`, as much as `size` of them. */
function replaced(check: number, from: number, to: number, size: number): number {
  if (size === 2) return ~addShort(addShort(~check & 0xffff, ~from & 0xffff), to & 0xffff) & 0xffff;
  if (size === 4) return ~fold(add(subtract(~check & 0xffff_ffff, from), to)) & 0xffff;
  return ~fold(add(to, ~check & 0xffff_ffff)) & 0xffff;
}

/** `BPF_F_HDR_FIELD_MASK`: how many bytes have changed; 0 where the sum of the change is given. */
const FIELD_SIZE = 0xf;

const l3Replace = onHook((machine, hook) => {
  const [offset, from, to] = [unsigned(machine, 2), unsigned(machine, 3), unsigned(machine, 4)];
  if (hasOthers(machine, 5, FIELD_SIZE)) return answer(machine, -EINVAL);
  const bytes = offset > MAX_OFFSET || (offset & 1) !== 0 ? undefined : packetBytes(hook, offset, 2);
  if (bytes === undefined) return answer(machine, -EFAULT);
  const size = unsigned(machine, 5);
  if ((size !== 0 && size !== 2 && size !== 4) || (size === 0 && (from !== 0 || machine.high[3] !== 0)))
    return answer(machine, -EINVAL);
  putShort(bytes, replaced(shortAt(bytes), from, to, size));
  return answer(machine, 0);
});

/** `BPF_F_PSEUDO_HDR` and `BPF_F_IPV6` change nothing for packets whose checksum is in their bytes. */
const L4_FLAGS = FIELD_SIZE | 0xf0;
/** `BPF_F_MARK_MANGLED_0`: 0 says that there is no checksum; `BPF_F_MARK_ENFORCE`: there will be one. */
const MARK_MANGLED = 0x20;
const MARK_ENFORCE = 0x40;
const MANGLED = 0xffff;

const l4Replace = onHook((machine, hook) => {
  const [offset, from, to] = [unsigned(machine, 2), unsigned(machine, 3), unsigned(machine, 4)];
  if (hasOthers(machine, 5, L4_FLAGS)) return answer(machine, -EINVAL);
  const bytes = offset > MAX_OFFSET || (offset & 1) !== 0 ? undefined : packetBytes(hook, offset, 2);
  if (bytes === undefined) return answer(machine, -EFAULT);
  const flags = unsigned(machine, 5);
  const marks = (flags & MARK_MANGLED) !== 0;
  if (marks && (flags & MARK_ENFORCE) === 0 && shortAt(bytes) === 0) return answer(machine, 0);
  const size = flags & FIELD_SIZE;
  if ((size !== 0 && size !== 2 && size !== 4) || (size === 0 && (from !== 0 || machine.high[3] !== 0)))
    return answer(machine, -EINVAL);
  // A change of two bytes is one of four there (`inet_proto_csum_replace2`).
  putShort(
    bytes,
    replaced(
      shortAt(bytes),
      size === 2 ? from & 0xffff : from,
      size === 2 ? to & 0xffff : to,
      size === 2 ? 4 : size,
    ),
  );
  if (marks && shortAt(bytes) === 0) putShort(bytes, MANGLED);
  return answer(machine, 0);
});

/** No packet here comes with a sum that a device has made. */
const csumUpdate: MakeHelper = () => (machine) => answer(machine, -ENOTSUPP);

/** `BPF_CSUM_LEVEL_*`: how many checksums a device has found right. */
const csumLevel = onHook((machine, hook) => {
  const level = hook.checksumLevel;
  if (machine.high[2] !== 0) return answer(machine, -EINVAL);
  switch (unsigned(machine, 2)) {
    case 0: // query
      return answer(machine, level ?? -EACCES);
    case 1: // increase
      hook.checksumLevel = level === undefined ? 0 : Math.min(level + 1, MOST_LEVELS);
      return answer(machine, 0);
    case 2: // decrease
      hook.checksumLevel = level === undefined || level === 0 ? undefined : level - 1;
      return answer(machine, 0);
    case 3: // reset
      hook.checksumLevel = undefined;
      return answer(machine, 0);
    default:
      return answer(machine, -EINVAL);
  }
});
/** Linux `SKB_MAX_CSUM_LEVEL`. */
const MOST_LEVELS = 3;

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** Marks a packet of a transport that can do with that as having met congestion (RFC 3168): 1 where it is marked now. */
const ecnSetCe = onHook((machine, hook) => {
  const protocol = innerProtocolOf(hook);
  const header = packetBytes(hook, hook.networkOffset, protocol === IPV6 ? 40 : 20);
  if (header === undefined || (protocol !== IPV4 && protocol !== IPV6)) return answer(machine, 0);
  if (protocol === IPV6) {
    if (((header[1]! >> 4) & 3) === 0) return answer(machine, 0);
    header[1]! |= 0x30;
    return answer(machine, 1);
  }
  const next = (header[1]! + 1) & 3;
  if ((next & 2) === 0) return answer(machine, next === 0 ? 1 : 0);
  const change = (0xfffb + next) & 0xffff;
  const check = header.subarray(10, 12);
  putShort(check, addShort(shortAt(check), ((change & 0xff) << 8) | (change >> 8)));
  header[1]! |= 3;
  return answer(machine, 1);
});

export const CHECKSUMS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [10, l3Replace],
  [11, l4Replace],
  [28, csumDiff],
  [40, csumUpdate],
  [97, ecnSetCe],
  [135, csumLevel],
];
