/** Cisco's discovery protocol: what a device tells its neighbors. */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { items, u8, u16 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { filled, hex2, hex8, hexBytes, sayText, visible } from '../frame/text.js';

const TLV = layout('cdp', { 'tlv.type': u16(0, 'hex'), 'tlv.len': u16(2) });
export const CDP = layout('cdp', {
  version: u8(0),
  ttl: u8(1),
  checksum: u16(2, 'hex'),
  options: items(4, TLV, { size: (p) => p.u16(2) }),
});

const HEADER = 4;
const NAMES = names(
  '1 Device-ID|Address|Port-ID|Capability|Version String|Platform|Prefixes|Protocol-Hello option|VTP Management Domain|Native VLAN ID|Duplex|14 ATA-186 VoIP VLAN assignment|ATA-186 VoIP VLAN request|power consumption|MTU|AVVID trust bitmap|AVVID untrusted ports CoS|System Name|System Object ID (not decoded)|Management Addresses|Physical Location',
  'unknown field type',
);
const CAPABILITIES = bitNames(
  '1 Router|Transparent Bridge|4 Source Route Bridge|8 L2 Switch|16 L3 capable|32 IGMP snooping|64 L1 capable',
);

/** What a value has at least, and at most. */
const SIZES: Readonly<Record<number, readonly [least: number, most: number]>> = {
  4: [4, 4],
  10: [2, 2],
  11: [1, 1],
  14: [3, 3],
  15: [2, 3],
  16: [1, 3],
  17: [4, 4],
  18: [1, 1],
  19: [1, 1],
  22: [4, 65_535],
  23: [1, 65_535],
};

export function printCdp(d: Dissection, start: number, length: number): void {
  d.cutAs = 'cdp';
  if (length < HEADER) {
    d.out += ` (packet length ${length} < ${HEADER})`;
    d.markInvalid();
    return;
  }
  d.out += `CDPv${d.u8(start)}, ttl: ${d.u8(start + 1)}s`;
  let hex = '';
  for (let i = 2; i < HEADER; i++) hex += hex2(d.u8(start + i));
  if (d.verbosity) d.out += `, checksum: 0x${hex} (unverified), length ${length}`;
  const end = start + length;
  for (let at = start + HEADER; at < end; ) {
    if (end - at < 4) {
      d.out += ` (remaining packet length ${end - at} < 4)`;
      d.markInvalid();
      d.need(start, length);
      return;
    }
    const [type, size] = [d.u16(at), d.u16(at + 2)];
    const name = NAMES(type);
    const number = type.toString(16).padStart(2, '0');
    if (size < 4) {
      d.out += d.verbosity
        ? `\n\t${name} (0x${number}), TLV length: ${size} byte${size === 1 ? '' : 's'} (too short)`
        : `, ${name} TLV length ${size} too short`;
      d.markInvalid();
      d.need(start, length);
      return;
    }
    if (size > end - at) {
      d.out += ` (TLV length ${size} > ${end - at})`;
      d.markInvalid();
      d.need(start, length);
      return;
    }
    const [from, value] = [at + 4, size - 4];
    if (d.verbosity)
      d.out += `\n\t${name} (0x${number}), value length: ${value} byte${value === 1 ? '' : 's'}: `;
    else if (type === 1) d.out += ', Device-ID ';
    const [least, most] = SIZES[type] ?? [0, value];
    const malformed = value < least || value > most;
    if (malformed) d.out += ' (malformed TLV)';
    if (!malformed && type <= 23 && (d.verbosity || type === 1)) printValue(d, type, from, value);
    else {
      d.need(from, value);
      printUnknown(d, from, value, '\n\t  ');
    }
    at += size;
  }
  if (!d.verbosity) d.out += `, length ${length}`;
}

function sayQuoted(d: Dissection, at: number, size: number): void {
  d.out += "'";
  sayText(d, at, size);
  d.out += "'";
}

const QUOTED = new Set([1, 3, 6, 9, 20]);

function printValue(d: Dissection, type: number, at: number, size: number): void {
  if (QUOTED.has(type)) sayQuoted(d, at, size);
  else if (type === 2 || type === 22) printAddresses(d, at, size);
  else if (type === 4) d.out += `(0x${hex8(d.u32(at))}): ${CAPABILITIES(d.u32(at))}`;
  else if (type === 5) {
    d.out += '\n\t  ';
    for (let i = 0; i < size; i++) {
      const octet = d.u8(at + i);
      d.out += octet === 0x0a ? '\n\t  ' : visible(octet);
    }
  } else if (type === 7) printPrefixes(d, at, size);
  else if (type === 8) d.need(at, size);
  else if (type === 10) d.out += `${d.u16(at)}`;
  else if (type === 11) d.out += d.u8(at) ? 'full' : 'half';
  else if (type === 14 || type === 15) {
    if (size === 2) d.out += filled(d, at, 'unknown 0x%x2');
    else d.out += filled(d, at, 'app %1, vlan %2');
  } else if (type === 16) d.out += `${(numberOf(d, at, size) / 1000).toFixed(2)}W`;
  else if (type === 17) d.out += `${d.u32(at)} bytes`;
  else if (type === 18 || type === 19) d.out += `0x${hex2(d.u8(at))}`;
  else if (type === 23) {
    d.out += `0x${hex2(d.u8(at))}`;
    if (size > 1) {
      d.out += '/';
      sayText(d, at + 1, size - 1);
    }
  } else d.need(at, size);
}

/** The last eight bytes, as a whole number. */
function numberOf(d: Dissection, at: number, size: number): number {
  let value = 0n;
  for (let i = 0; i < size; i++) value = BigInt.asUintN(64, (value << 8n) | BigInt(d.u8(at + i)));
  return Number(value);
}

function printPrefixes(d: Dissection, at: number, size: number): void {
  if (size % 5) {
    d.out += ` [length ${size} is not a multiple of 5]`;
    return;
  }
  d.out += ` IPv4 Prefixes (${size / 5}):`;
  for (let i = 0; i < size; i += 5) d.out += filled(d, at + i, ' %1.%1.%1.%1/%1');
}

const SNAP_IP6 = 'aaaa0300000086dd';

function printAddresses(d: Dissection, start: number, length: number): void {
  if (length < 4) {
    d.out += ' (not enough space for num)';
    return;
  }
  const end = start + length;
  let at = start + 4;
  for (let count = d.u32(start); count > 0; ) {
    const next = printAddress(d, at, end, count);
    if (typeof next === 'string') {
      d.out += ` (not enough space for ${next})`;
      return;
    }
    at = next;
    count--;
    if (count) d.out += ' ';
  }
  if (at < end) {
    d.out += ` (${end - at} bytes of stray data)`;
    d.need(at, end - at);
  }
}

/** Where the next one is; what there is no room for otherwise. */
function printAddress(d: Dissection, start: number, end: number, count: number): number | string {
  if (start + 2 > end) return 'PT+PL';
  const [type, size] = [d.u8(start), d.u8(start + 1)];
  const at = start + 2;
  if (at + size + 2 > end) return 'P+AL';
  const bytes = d.u16(at + size);
  const address = at + size + 2;
  const short = address + bytes > end;
  if (type === 1 && size === 1 && d.u8(at) === 0xcc && bytes === 4) {
    if (short) return 'A';
    d.out += `IPv4 (${count}) ${d.ip4(address)}`;
  } else if (type === 2 && size === 8 && hexBytes(d, at, 8) === SNAP_IP6 && bytes === 16) {
    if (short) return 'A';
    d.out += `IPv6 (${count}) ${d.ip6(address)}`;
  } else {
    d.out += `pt=0x${hex2(type)}, pl=${size}, pb=`;
    for (let i = 0; i < size; i++) d.out += ` ${hex2(d.u8(at + i))}`;
    d.out += `, al=${bytes}, a=`;
    if (short) return 'A';
    for (let i = 0; i < bytes; i++) d.out += ` ${hex2(d.u8(address + i))}`;
  }
  return address + bytes;
}
