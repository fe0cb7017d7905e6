/**
 * The Multipath TCP option (RFC 6824, RFC 8684): one row a subtype.
 */

import type { Dissection } from '../frame/dissection.js';
import { hexBytes } from '../frame/text.js';

const SYN = 0x02;
const ACK = 0x10;

/** Prints the subtype's fields; false where length or TCP flags do not allow it. */
type Subtype = (d: Dissection, at: number, length: number, flags: number) => boolean;

const SUBTYPES: readonly (readonly [name: string, print: Subtype])[] = [
  ['capable', printCapable],
  ['join', printJoin],
  ['dss', printDss],
  ['add-addr', printAddAddress],
  ['rem-addr', printRemoveAddress],
  ['prio', printPriority],
  ['fail', printFail],
  ['fast-close', printFastClose],
];

/** Prints the option at `at`, kind and length included; false where it is bad. */
export function printMptcp(d: Dissection, at: number, length: number, flags: number): boolean {
  d.cutAs = 'mptcp';
  if (length < 3) return false;
  const row = SUBTYPES[d.u8(at + 2) >> 4];
  d.out += ` ${length} ${row?.[0] ?? 'unknown'}`;
  return row === undefined || row[1](d, at, length, flags);
}

function hex64(d: Dissection, at: number): string {
  return `0x${d.u64(at).toString(16)}`;
}

function hex32(d: Dissection, at: number): string {
  return `0x${d.u32(at).toString(16)}`;
}

function printCapable(d: Dissection, at: number, length: number, flags: number): boolean {
  const opening = (length === 12 || length === 4) && (flags & SYN) !== 0;
  const third = (length === 20 || length === 22) && (flags & (SYN | ACK)) === ACK;
  if (!opening && !third) return false;
  const version = d.u8(at + 2) & 0x0f;
  if (version > 1) {
    d.out += ` Unknown Version (${version})`;
    return true;
  }
  d.out += ` v${version}`;
  if (d.u8(at + 3) & 0x80) d.out += ' csum';
  if (length >= 12) {
    d.out += ` {${hex64(d, at + 4)}`;
    if (length >= 20) d.out += `,${hex64(d, at + 12)}`;
    d.out += '}';
  }
  return true;
}

function printJoin(d: Dissection, at: number, length: number, flags: number): boolean {
  const syn = length === 12 && (flags & SYN) !== 0;
  const synAck = length === 16 && (flags & (SYN | ACK)) === (SYN | ACK);
  const ack = length === 24 && (flags & ACK) !== 0;
  if (!syn && !synAck && !ack) return false;
  if (length === 24) {
    d.out += ` hmac 0x${hexBytes(d, at + 4, 20)}`;
    return true;
  }
  if (d.u8(at + 2) & 1) d.out += ' backup';
  d.out += ` id ${d.u8(at + 3)}`;
  d.out +=
    length === 12
      ? ` token ${hex32(d, at + 4)} nonce ${hex32(d, at + 8)}`
      : ` hmac ${hex64(d, at + 4)} nonce ${hex32(d, at + 12)}`;
  return true;
}

function printDss(d: Dissection, at: number, length: number, flags: number): boolean {
  if (length < 4 || flags & SYN) return false;
  const bits = d.u8(at + 3);
  if (bits & 0x10) d.out += ' fin';
  let cursor = at + 4;
  let rest = length - 4;
  if (bits & 0x01) {
    d.out += ' ack ';
    const size = bits & 0x02 ? 8 : 4;
    if (rest < size) return false;
    d.out += size === 8 ? d.u64(cursor) : d.u32(cursor);
    cursor += size;
    rest -= size;
  }
  if (bits & 0x04) {
    d.out += ' seq ';
    const size = bits & 0x08 ? 8 : 4;
    if (rest < size) return false;
    d.out += size === 8 ? d.u64(cursor) : d.u32(cursor);
    cursor += size;
    rest -= size;
    if (rest < 4) return false;
    d.out += ` subseq ${d.u32(cursor)}`;
    if (rest < 6) return false;
    d.out += ` len ${d.u16(cursor + 4)}`;
    cursor += 6;
    rest -= 6;
    if (rest >= 2) {
      d.out += ` csum 0x${d.u16(cursor).toString(16)}`;
      rest -= 2;
    }
  }
  return rest === 0;
}

const ADDRESS_VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x6, 'v0-ip6'],
  [0x4, 'v0-ip4'],
  [0x1, 'v1-echo'],
  [0x0, 'v1'],
]);

/** Whether port and HMAC are there, and which address it is, shows in the length alone. */
function printAddAddress(d: Dissection, at: number, length: number): boolean {
  const size = [8, 10, 16, 18].includes(length) ? 4 : [20, 22, 28, 30].includes(length) ? 16 : 0;
  if (size === 0) return false;
  d.out += ` ${ADDRESS_VERSIONS.get(d.u8(at + 2) & 0x0f) ?? '[bad version/echo]'}`;
  d.out += ` id ${d.u8(at + 3)}`;
  d.out += ` ${size === 4 ? d.ip4(at + 4) : d.ip6(at + 4)}`;
  const rest = length - 4 - size;
  if (rest & 2) d.out += `:${d.u16(at + 4 + size)}`;
  if (rest & 8) d.out += ` hmac ${hex64(d, at + 4 + size + (rest & 2))}`;
  return true;
}

function printRemoveAddress(d: Dissection, at: number, length: number): boolean {
  if (length < 4) return false;
  d.out += ' id';
  for (let i = 3; i < length; i++) d.out += ` ${d.u8(at + i)}`;
  return true;
}

function printPriority(d: Dissection, at: number, length: number): boolean {
  if (length !== 3 && length !== 4) return false;
  d.out += d.u8(at + 2) & 1 ? ' backup' : ' non-backup';
  if (length === 4) d.out += ` id ${d.u8(at + 3)}`;
  return true;
}

function printFail(d: Dissection, at: number, length: number): boolean {
  if (length !== 12) return false;
  d.out += ` seq ${d.u64(at + 4)}`;
  return true;
}

function printFastClose(d: Dissection, at: number, length: number): boolean {
  if (length !== 12) return false;
  d.out += ` key ${hex64(d, at + 4)}`;
  return true;
}
