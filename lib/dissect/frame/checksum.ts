/**
 * The Internet checksum (RFC 1071) and the pseudo-headers of IPv4 (RFC 9293 §3.1) and IPv6 (RFC 8200 §8.1).
 *
 * A sum here is the complement of what adding up all words, the checksum field included, gives: 0 means
 * that the field is right.
 */

import type { Dissection } from './dissection.js';

/** Sums `length` bytes at `at`, which the caller has checked, on top of `initial` (up to 2^31). */
export function checksum(data: Uint8Array, at: number, length: number, initial = 0): number {
  let sum = fold(initial);
  let i = at;
  const even = at + (length & ~1);
  while (i < even) {
    const stop = Math.min(even, i + 0x8000); // 16,384 words stay below 2^31
    for (; i < stop; i += 2) sum += (data[i]! << 8) | data[i + 1]!;
    sum = fold(sum);
  }
  if (length & 1) sum += data[i]! << 8;
  return ~fold(sum) & 0xffff;
}

/** What the field should have held, given what it holds and the sum over everything. */
export function expectedChecksum(field: number, sum: number): number {
  return fold(field + sum);
}

function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** Sum of `covered` bytes at `at` with the pseudo-header of the IP header at `ip`. The caller has checked the bytes. */
export function transportChecksum(
  d: Dissection,
  ip: number,
  at: number,
  length: number,
  protocol: number,
  covered = length,
): number {
  const version = d.u8(ip) >> 4;
  const pseudo = version === 6 ? pseudoSum6(d, ip, length) : pseudoSum4(d, ip, length);
  return checksum(d.data, at, covered, pseudo + protocol);
}

function pseudoSum4(d: Dissection, ip: number, length: number): number {
  d.need(ip, 20);
  const destination = (d.u8(ip) & 0x0f) === 5 ? ip + 16 : finalDestination4(d, ip);
  return words(d, ip + 12, 2) + words(d, destination, 2) + (length & 0xffff);
}

function pseudoSum6(d: Dissection, ip: number, length: number): number {
  d.need(ip, 40);
  const destination = finalDestination6(d, ip);
  return words(d, ip + 8, 8) + words(d, destination, 8) + (length >>> 16) + (length & 0xffff);
}

function words(d: Dissection, at: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += d.u16(at + 2 * i);
  return sum;
}

/** Offset of the last hop of a source route, which the checksum covers (RFC 791), or of the destination. */
function finalDestination4(d: Dissection, ip: number): number {
  const end = ip + (d.u8(ip) & 0x0f) * 4;
  let at = ip + 20;
  while (at < end) {
    const type = d.u8(at);
    if (type === 0) break;
    if (type === 1) {
      at++;
      continue;
    }
    const length = d.u8(at + 1);
    if (length < 2 || at + length > end || !d.has(at, length)) break;
    if ((type === 131 || type === 137) && length >= 7) return at + length - 4;
    at += length;
  }
  return ip + 16;
}

/** Offset of the last address of a routing header, which the checksum covers, or of the destination. */
function finalDestination6(d: Dissection, ip: number): number {
  let next = d.u8(ip + 6);
  let at = ip + 40;
  while (at < d.end) {
    switch (next) {
      case 0: // hop-by-hop
      case 60: // destination options
      case 62: // mobility, old number
      case 135: // mobility
        next = d.u8(at);
        at += (d.u8(at + 1) + 1) << 3;
        break;
      case 44: // fragment
        next = d.u8(at);
        at += 8;
        break;
      case 43:
        return routedDestination(d, at, ip + 24);
      default:
        return ip + 24;
    }
  }
  return ip + 24;
}

function routedDestination(d: Dissection, at: number, otherwise: number): number {
  if (!d.has(at, 4)) return otherwise;
  const length = d.u8(at + 1);
  const type = d.u8(at + 2);
  if (length % 2 === 1) return otherwise;
  if (type === 4) return d.has(at + 8, 16) ? at + 8 : otherwise; // SRH lists the segments backwards
  if (type !== 0 && type !== 2) return otherwise;
  let last = otherwise;
  for (let i = 0; i < length >> 1; i++) {
    const address = at + 8 + 16 * i;
    if (!d.has(address, 16)) break;
    last = address;
  }
  return last;
}
