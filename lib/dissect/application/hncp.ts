/** Home networking control protocol (RFC 7788) over DNCP (RFC 7787). */

import { ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex8, hexBytes, sayPadded } from '../frame/text.js';
import { ip4Of, prefix6 } from './bgpPrefixes.js';
import { printDomainName } from './dnsNames.js';

const TYPES = names(
  'Reserved|Request network state|Request node state|Node endpoint|Network state|Node state|8 Peer|Keep-alive interval|Trust-Verdict|32 HNCP-Version|External-Connection|Delegated-Prefix|Assigned-Prefix|Node-Address|DHCPv4-Data|DHCPv6-Data|DNS-Delegated-Zone|Domain-Name|Node-Name|Managed-PSK|Prefix-Policy',
  '',
);
const OPTIONS_4 = names('6 DNS-server|42 NTP-server|119 DNS-search');
const OPTIONS_6 = names('23 DNS-server|DNS-search-list|31 SNTP-servers');

/** A name of many types says the number too. */
const nameOf = (type: number): readonly [name: string, ofMany: boolean] => {
  const name = TYPES(type);
  if (name !== '') return [name, type === 0];
  if (type >= 44 && type <= 511) return ['Unassigned', true];
  return [type >= 768 && type <= 1023 ? 'Private use' : 'Future use', true];
};

const interval = (ms: number): string => `${Math.floor(ms / 1000)}.${`${ms % 1000}`.padStart(3, '0')}s`;
const node = (d: Dissection, at: number): string => hexBytes(d, at, 4).replace(/..(?!$)/g, '$&:');
const MAPPED = '00000000000000000000ffff';
const isMapped = (d: Dissection, at: number): boolean => hexBytes(d, at, 12) === MAPPED;
const address = (d: Dissection, at: number): string => (isMapped(d, at) ? d.ip4(at + 12) : d.ip6(at));

/** Ends a TLV; what stands behind it is read. */
const INVALID = new Error('invalid');
export function printHncp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'hncp';
  d.out += `hncp (${length})`;
  printTlvs(d, at, length, 1);
}

function printTlvs(d: Dissection, start: number, length: number, indent: number): void {
  const inLine = indent - 1 >= d.verbosity && d.verbosity < 3;
  const tabs = `\n${'\t'.repeat(indent)}`;
  let [last, count, first] = ['', 0, true];
  const sayTypes = (): void => {
    if (count === 0) return;
    d.out += first ? (indent > 1 ? tabs : ' ') : ', ';
    first = false;
    d.out += last + (count > 1 ? ` (x${count})` : '');
  };
  for (let i = 0; i < length; ) {
    const at = start + i;
    if (!inLine) d.out += tabs;
    if (!d.has(at, 4)) {
      d.markTruncated();
      return;
    }
    if (i + 4 > length) {
      d.markInvalid();
      return;
    }
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    if (!d.has(at + 4, size)) {
      d.markTruncated();
      return;
    }
    if (i + size + 4 > length) {
      d.markInvalid();
      return;
    }
    const [name, ofMany] = nameOf(type);
    if (inLine) {
      if (name === last) count++;
      else {
        sayTypes();
        [last, count] = [name, 1];
      }
    } else {
      d.out += `${name}${ofMany ? `: type=${type}` : ''} (${size + 4})`;
      try {
        BODIES[type]?.(d, at + 4, size, indent + 1);
      } catch (error) {
        if (error === INVALID) d.markInvalid();
        else if (error === ENDS_EARLY) {
          d.markInvalid();
          return;
        } else throw error;
      }
    }
    i += 4 + ((size + 3) & ~3);
  }
  sayTypes();
}

type Body = (d: Dissection, at: number, size: number, indent: number) => void;

function least(size: number, wanted: number): void {
  if (size < wanted) throw INVALID;
}

/** The TLVs behind what takes `used` bytes, with its padding. */
function rest(d: Dissection, at: number, size: number, used: number, indent: number): void {
  const padded = (used + 3) & ~3;
  if (size >= padded) printTlvs(d, at + padded, size - padded, indent);
}

/** Says a prefix and returns its size; -1 where its length is none. */
function sayPrefix(d: Dissection, at: number, room: number): number {
  if (d.u8(at) >= 96 && room >= 13 && isMapped(d, at + 1)) {
    const bits = d.u8(at) - 96;
    if (bits > 32) return -1;
    const size = (bits + 7) >> 3;
    if (room - 1 < size + 12) throw INVALID;
    const bytes = new Uint8Array(4);
    bytes.set(d.data.subarray(at + 13, at + 13 + size));
    if (bits % 8) bytes[size - 1]! &= (0xff00 >> (bits % 8)) & 0xff;
    d.out += `${ip4Of(bytes)}/${bits}`;
    return size + 13;
  }
  try {
    const prefix = prefix6(d, at, room);
    if (prefix === undefined) return -1;
    d.out += prefix.text;
    return prefix.size;
  } catch (error) {
    throw error === ENDS_EARLY ? INVALID : error;
  }
}

/** Labels with dots between; returns their size, -1 where they do not end. */
function sayLabels(d: Dissection, start: number, room: number): number {
  for (let length = 0; length < room; ) {
    const label = d.u8(start + length++);
    if (label === 0) return length;
    if (length > 1) d.out += '.';
    const fits = length + label <= room;
    sayPadded(d, start + length, fits ? label : room - length);
    if (!fits) break;
    length += label;
  }
  d.out += '[|DNS]';
  return -1;
}

/** Options of DHCP inside; `width` bytes have a type, and a length. False where one is wrong. */
function printOptions(d: Dissection, start: number, length: number, indent: number, width: 1 | 2): boolean {
  const number = (at: number): number => (width === 1 ? d.u8(at) : d.u16(at));
  const [addresses, search] = width === 1 ? [[6, 42], 119] : [[23, 31], 24];
  const step = width === 1 ? 4 : 16;
  for (let i = 0; i < length; ) {
    if (i + 2 * width > length) return false;
    const at = start + i;
    const [type, size] = [number(at), number(at + width)];
    const value = at + 2 * width;
    d.out += `\n${'\t'.repeat(indent)}${(width === 1 ? OPTIONS_4 : OPTIONS_6)(type)} (${size + 2 * width})`;
    if (i + 2 * width + size > length) return false;
    if (addresses.includes(type)) {
      if (size % step !== 0 || (width === 1 && size < 4)) {
        if (width === 2) d.markInvalid();
        return false;
      }
      for (let t = 0; t < size; t += step) d.out += ` ${width === 1 ? d.ip4(value + t) : d.ip6(value + t)}`;
    } else if (type === search) {
      for (let next = value; next < value + size; ) {
        d.out += ' ';
        next = printDomainName(d, next, value + size);
        if (next < 0) return false;
      }
    }
    i += 2 * width + size;
  }
  return true;
}

const BODIES: Readonly<Record<number, Body>> = {
  1: (_d, _at, size) => {
    if (size !== 0) throw INVALID;
  },
  2: (d, at, size) => {
    if (size !== 4) throw INVALID;
    d.out += ` NID: ${node(d, at)}`;
  },
  3: (d, at, size) => {
    if (size !== 8) throw INVALID;
    d.out += ` NID: ${node(d, at)} EPID: ${hex8(d.u32(at + 4))}`;
  },
  4: (d, at, size) => {
    if (size !== 8) throw INVALID;
    d.out += ` hash: ${hexBytes(d, at, 8)}`;
  },
  5: (d, at, size, indent) => {
    least(size, 20);
    d.out += ` NID: ${node(d, at)} seqno: ${d.u32(at + 4)} ${interval(d.u32(at + 8))} hash: ${hexBytes(d, at + 12, 8)}`;
    rest(d, at, size, 20, indent);
  },
  8: (d, at, size) => {
    if (size !== 12) throw INVALID;
    d.out += ` Peer-NID: ${node(d, at)} Peer-EPID: ${hex8(d.u32(at + 4))} Local-EPID: ${hex8(d.u32(at + 8))}`;
  },
  9: (d, at, size) => {
    least(size, 8);
    d.out += ` EPID: ${hex8(d.u32(at))} Interval: ${interval(d.u32(at + 4))}`;
  },
  10: (d, at, size) => {
    least(size, 37);
    d.out += ` Verdict: ${d.u8(at)} Fingerprint: ${hexBytes(d, at + 4, 32)} Common Name: `;
    sayPadded(d, at + 36, size - 36);
  },
  32: (d, at, size) => {
    least(size, 5);
    const [high, low] = [d.u8(at + 2), d.u8(at + 3)];
    d.out += ` M: ${high >> 4} P: ${high & 15} H: ${low >> 4} L: ${low & 15} User-agent: `;
    sayPadded(d, at + 4, size - 4);
  },
  33: printTlvs,
  34: (d, at, size, indent) => {
    if (size < 9 || size < 9 + ((d.u8(at + 8) + 7) >> 3)) throw INVALID;
    d.out += ` VLSO: ${interval(d.u32(at))} PLSO: ${interval(d.u32(at + 4))} Prefix: `;
    const used = sayPrefix(d, at + 8, size - 8);
    if (used < 0) d.out += '(length is invalid)';
    else rest(d, at, size, 8 + used, indent);
  },
  35: (d, at, size, indent) => {
    if (size < 6 || size < 6 + ((d.u8(at + 5) + 7) >> 3)) throw INVALID;
    d.out += ` EPID: ${hex8(d.u32(at))} Prty: ${d.u8(at + 4) & 15} Prefix: `;
    const used = sayPrefix(d, at + 5, size - 5);
    if (used < 0) throw INVALID;
    rest(d, at, size, 5 + used, indent);
  },
  36: (d, at, size, indent) => {
    least(size, 20);
    d.out += ` EPID: ${hex8(d.u32(at))} IP Address: ${address(d, at + 4)}`;
    rest(d, at, size, 20, indent);
  },
  37: (d, at, size, indent) => {
    least(size, 1);
    if (!printOptions(d, at, size, indent, 1)) throw ENDS_EARLY;
  },
  38: (d, at, size, indent) => {
    least(size, 1);
    if (!printOptions(d, at, size, indent, 2)) throw INVALID;
  },
  39: (d, at, size, indent) => {
    least(size, 17);
    const flags = d.u8(at + 16);
    const set = `${flags & 4 ? 'l' : '-'}${flags & 2 ? 'b' : '-'}${flags & 1 ? 's' : '-'}`;
    d.out += ` IP-Address: ${address(d, at)} ${set} `;
    const used = sayLabels(d, at + 17, size - 17);
    if (used < 0) throw INVALID;
    rest(d, at, size, 17 + used, indent);
  },
  40: (d, at, size) => {
    least(size, 1);
    d.out += ' Domain: ';
    sayLabels(d, at, size);
  },
  41: (d, at, size, indent) => {
    least(size, 17);
    const length = d.u8(at + 16);
    least(size, 17 + length);
    d.out += ` IP-Address: ${address(d, at)} Name: `;
    if (length < 64) {
      d.out += '"';
      sayPadded(d, at + 17, length);
      d.out += '"';
    } else d.markInvalid();
    rest(d, at, size, 17 + length, indent);
  },
  42: (d, at, size, indent) => {
    least(size, 32);
    d.out += ` PSK: ${hexBytes(d, at, 32)}`;
    rest(d, at, size, 32, indent);
  },
  43: printPolicy,
};

function printPolicy(d: Dissection, at: number, size: number): void {
  least(size, 1);
  const policy = d.u8(at);
  d.out += ' type: ';
  if ((policy === 0 || policy === 131) && size !== 1) throw INVALID;
  if (policy === 0) d.out += 'Internet connectivity';
  else if (policy <= 128) {
    d.out += 'Dest-Prefix: ';
    if (sayPrefix(d, at, size) < 0) d.out += '(length is invalid)';
  } else if (policy === 129) {
    d.out += 'DNS domain: ';
    sayLabels(d, at + 1, size - 1);
  } else if (policy === 130) {
    d.out += 'Opaque UTF-8: ';
    sayPadded(d, at + 1, size - 1);
  } else d.out += policy === 131 ? 'Restrictive assignment' : `Unknown (${policy})`;
}
