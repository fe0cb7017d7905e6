/**
 * IPv6 (RFC 8200) and its extension headers.
 */

import type { Dissection } from '../frame/dissection.js';
import { hex2, hex8 } from '../frame/text.js';
import { IP_PROTOCOL_NAMES, printIpProtocol } from '../tables/ipProtocols.js';
import { type Jumbo, printDestinationOptions, printHopByHop } from './ip6Options.js';

const HEADER = 40;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;

/** Prints an IPv6 packet of which `length` bytes were on the wire. */
export function printIp6(d: Dissection, at: number, length: number): void {
  d.cutAs = 'ip6';
  if (!d.has(at, HEADER)) {
    d.markTruncated();
    return;
  }
  if (length < HEADER) {
    d.out += `truncated-ip6 ${length}`;
    return;
  }
  if (!d.showsLink) d.out += 'IP6 ';
  const first = d.u32(at);
  if (first >>> 28 !== 6) {
    d.out += `version error: ${first >>> 28} != 6`;
    return;
  }
  const payload = d.u16(at + 4);
  const total = payload === 0 ? length + HEADER : payload + HEADER;
  if (payload !== 0 && length < total) d.out += `truncated-ip6 - ${total - length} bytes missing!`;
  if (d.verbosity) printHeader(d, at, first, payload);
  const end = d.end;
  d.limit(at, total);
  if (printChain(d, at, length, payload, total, end)) d.end = end;
}

function printHeader(d: Dissection, at: number, first: number, payload: number): void {
  const trafficClass = (first >>> 20) & 0xff;
  const label = first & 0xf_ffff;
  const next = d.u8(at + 6);
  d.out += '(';
  if (trafficClass) d.out += `class 0x${hex2(trafficClass)}, `;
  if (label) d.out += `flowlabel 0x${label.toString(16).padStart(5, '0')}, `;
  d.out += `hlim ${d.u8(at + 7)}, next-header ${IP_PROTOCOL_NAMES.get(next) ?? 'unknown'} (${next})`;
  d.out += ` payload length: ${payload}) `;
}

/**
 * Prints the extension headers and what they lead to.
 *
 * @param total - Header and payload, by the length field.
 * @param outerEnd - The end before it was lowered to `total`; a jumbogram may need to raise it again.
 * @returns false where tcpdump leaves the lowered end in place.
 */
function printChain(
  d: Dissection,
  ip: number,
  length: number,
  payload: number,
  total: number,
  outerEnd: number,
): boolean {
  const jumbo: Jumbo = { found: false, payload };
  let at = ip;
  let advance = HEADER;
  let rest = total;
  let next = d.u8(ip + 6);
  let extended = false;
  let fragmented = false;
  while (at < d.end && advance > 0) {
    if (rest < advance) {
      d.markTruncated();
      return false;
    }
    at += advance;
    rest -= advance;
    if (!extended && next !== 6 && next !== 17 && next !== 33 && next !== 132) {
      d.out += `${d.ip6(ip + 8)} > ${d.ip6(ip + 24)}: `;
    }
    switch (next) {
      case HOP_BY_HOP:
        if (extended) {
          d.out += sawHopByHop(d, ip)
            ? '[The Hop-by-Hop Options header was already found]'
            : "[The Hop-by-Hop Options header don't follow the IPv6 header]";
          d.markInvalid();
          return false;
        }
        advance = printHopByHop(d, at, jumbo);
        if (jumbo.payload === 0 && !jumbo.found) {
          d.out += '[No valid Jumbo Payload Hop-by-Hop option found]';
          d.markInvalid();
          return false;
        }
        break;
      case DESTINATION_OPTIONS:
        advance = printDestinationOptions(d, at);
        break;
      case FRAGMENT:
        advance = printFragment(d, at, ip);
        if (advance > 0 && d.end <= at + advance) return true;
        fragmented = true;
        break;
      case ROUTING:
        if (!d.has(at, 1)) {
          d.markTruncated();
          return false;
        }
        advance = printRouting(d, at);
        break;
      default:
        if (jumbo.found) {
          rest = jumbo.payload + HEADER;
          if (rest < at - ip) {
            d.markTruncated();
            return false;
          }
          if (length < rest) d.out += `truncated-ip6 - ${rest - length} bytes missing!`;
          changeEnd(d, ip, rest, outerEnd);
          rest -= at - ip;
        } else if (payload === 0) {
          if (extended) {
            d.markTruncated();
            return false;
          }
          rest = HEADER;
          changeEnd(d, ip, rest, outerEnd);
          rest -= at - ip;
        }
        printIpProtocol(d, next, at, rest, ip, fragmented);
        return true;
    }
    if (advance < 0) return true;
    extended = true;
    next = d.u8(at);
    d.cutAs = 'ip6';
  }
  return true;
}

/** Whether the packet's first extension header was hop-by-hop options: only there can one have been printed. */
function sawHopByHop(d: Dissection, ip: number): boolean {
  return d.u8(ip + 6) === HOP_BY_HOP;
}

function changeEnd(d: Dissection, at: number, length: number, outerEnd: number): void {
  if (length <= outerEnd - at) d.end = at + length;
}

/** RFC 8200 §4.5; -1 where it is not the first fragment. */
function printFragment(d: Dissection, at: number, ip: number): number {
  d.cutAs = 'frag6';
  const offset = d.u16(at + 2) & 0xfff8;
  const length = HEADER + d.u16(ip + 4) - (at - ip) - 8;
  const text = length < 0 ? `${BigInt.asUintN(64, BigInt(length))}` : `${length}`;
  d.out += d.verbosity ? `frag (0x${hex8(d.u32(at + 4))}:${offset}|${text})` : `frag (${offset}|${text})`;
  if (offset !== 0) return -1;
  d.out += ' ';
  return 8;
}

/** RFC 5095 types 0 and 2, and the segment routing header (RFC 8754); -1 where it is invalid. */
function printRouting(d: Dissection, at: number): number {
  d.cutAs = 'rt6';
  d.out += 'RT6';
  const length = d.u8(at + 1);
  d.out += ` (len=${length}`;
  const type = d.u8(at + 2);
  d.out += `, type=${type}${type === 0 ? ' [Deprecated]' : ''}`;
  d.out += `, segleft=${d.u8(at + 3)}`;
  if (type === 0 || type === 2) {
    const reserved = d.u32(at + 4);
    if (reserved || d.verbosity) d.out += `, rsv=0x${reserved.toString(16)}`;
  } else if (type === 4) {
    d.out += `, last-entry=${d.u8(at + 4)}`;
    const flags = d.u8(at + 5);
    if (flags || d.verbosity) d.out += `, flags=0x${flags.toString(16)}`;
    d.out += `, tag=${d.u16(at + 6).toString(16)}`;
  } else {
    d.out += ' (unknown type)';
    d.markInvalid();
    return -1;
  }
  if (length % 2 === 1) {
    d.out += ` (invalid length ${length})`;
    d.markInvalid();
    return -1;
  }
  for (let i = 0; i < length >> 1; i++) d.out += `, [${i}]${d.ip6(at + 8 + 16 * i)}`;
  d.out += ') ';
  return (length + 1) << 3;
}
