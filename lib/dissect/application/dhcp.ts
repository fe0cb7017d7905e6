/**
 * BOOTP (RFC 951) and DHCP (RFC 2131): the fixed header. Options are in dhcpOptions.ts.
 */

import type { Dissection } from '../frame/dissection.js';
import { visible } from '../frame/text.js';
import { printDhcpOptions } from './dhcpOptions.js';

const ETHERNET = 1;
const REQUEST = 1;
const REPLY = 2;
const MAGIC_COOKIE = 0x6382_5363; // RFC 1497
const CMU_COOKIE = 0x434d_5500; // Carnegie Mellon's own vendor area

export function printDhcp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'bootp';
  const operation = d.u8(at);
  const name =
    operation === REQUEST
      ? 'Request'
      : operation === REPLY
        ? 'Reply'
        : `unknown (0x${operation.toString(16).padStart(2, '0')})`;
  d.out += `BOOTP/DHCP, ${name}`;
  const hardware = d.u8(at + 1);
  const addressLength = d.u8(at + 2);
  const ethernet = hardware === ETHERNET && addressLength === 6;
  if (ethernet && operation === REQUEST) d.out += ` from ${d.mac(at + 28)}`;
  d.out += `, length ${length}`;
  if (!d.verbosity) return;
  if (!d.has(at + 8, 2)) {
    d.markTruncated();
    return;
  }
  if (hardware !== ETHERNET) d.out += `, htype ${hardware}`;
  if (!ethernet) d.out += `, hlen ${addressLength}`;
  if (d.u8(at + 3)) d.out += `, hops ${d.u8(at + 3)}`;
  if (d.u32(at + 4)) d.out += `, xid 0x${d.u32(at + 4).toString(16)}`;
  if (d.u16(at + 8)) d.out += `, secs ${d.u16(at + 8)}`;
  const flags = d.u16(at + 10);
  d.out += `, Flags [${flags & 0x8000 ? 'Broadcast' : 'none'}]`;
  if (d.verbosity > 1) d.out += ` (0x${flags.toString(16).padStart(4, '0')})`;
  printAddress(d, 'Client-IP', at + 12);
  printAddress(d, 'Your-IP', at + 16);
  printAddress(d, 'Server-IP', at + 20);
  printAddress(d, 'Gateway-IP', at + 24);
  if (ethernet) d.out += `\n\t  Client-Ethernet-Address ${d.mac(at + 28)}`;
  if (!printName(d, 'sname', at + 44, 64) || !printName(d, 'file', at + 108, 128)) return;
  const vendor = at + 236;
  if (!d.has(vendor, 4)) {
    d.markTruncated();
    return;
  }
  const cookie = d.u32(vendor);
  if (cookie === MAGIC_COOKIE) printDhcpOptions(d, vendor);
  else if (cookie === CMU_COOKIE) printCmu(d, vendor);
  else if (cookie !== 0) d.out += `\n\t  Vendor-#0x${cookie.toString(16)}`;
}

function printAddress(d: Dissection, name: string, at: number): void {
  if (d.u32(at) !== 0) d.out += `\n\t  ${name} ${d.ip4(at)}`;
}

/** A text that ends with a zero byte; false, having said so, where it does not. */
function printName(d: Dissection, name: string, at: number, size: number): boolean {
  if (d.u8(at) === 0) return true;
  d.out += `\n\t  ${name} "`;
  for (let i = 0; i < size && at + i < d.end; i++) {
    const octet = d.u8(at + i);
    if (octet === 0) {
      d.out += '"';
      return true;
    }
    d.out += visible(octet);
  }
  d.out += '"';
  d.markTruncated();
  return false;
}

/** Addresses at fixed places. */
const CMU_FIELDS = [
  [12, 'DG'],
  [8, 'SM'],
  [16, 'NS1'],
  [20, 'NS2'],
  [24, 'IEN1'],
  [28, 'IEN2'],
  [32, 'TS1'],
  [36, 'TS2'],
] as const;

function printCmu(d: Dissection, at: number): void {
  d.out += ' vend-cmu';
  if (!d.has(at + 4, 4)) {
    d.markTruncated();
    return;
  }
  const flags = d.u8(at + 4);
  if (flags & ~1) d.out += ` F:0x${flags.toString(16)}`;
  for (const [offset, name] of CMU_FIELDS) {
    if (!d.has(at + offset, 4)) {
      d.markTruncated();
      return;
    }
    const shown = name === 'SM' && !(flags & 1) ? 'SM*' : name;
    if (d.u32(at + offset) !== 0) d.out += ` ${shown}:${d.ip4(at + offset)}`;
  }
}
