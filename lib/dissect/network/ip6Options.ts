/**
 * Options of the IPv6 hop-by-hop and destination headers (RFC 8200 §4.2): padding, router alert
 * (RFC 2711), jumbo payload (RFC 2675), home address (RFC 6275).
 */

import type { Dissection } from '../frame/dissection.js';
import { hex2, hex4 } from '../frame/text.js';

/** The payload length, and whether a jumbo option gave it. */
export interface Jumbo {
  found: boolean;
  payload: number;
}

const PAD1 = 0x00;
const PADN = 0x01;
const ROUTER_ALERT = 0x05;
const JUMBO = 0xc2;
const HOME_ADDRESS = 0xc9;

/** Returns the header's length, or -1 where it is cut or wrong. */
export function printHopByHop(d: Dissection, at: number, jumbo: Jumbo): number {
  d.cutAs = 'hbhopt';
  const length = (d.u8(at + 1) + 1) << 3;
  if (d.has(at, length)) {
    d.out += 'HBH ';
    if (printOptions(d, at + 2, length - 2, jumbo)) return length;
  }
  d.markTruncated();
  return -1;
}

/** Returns the header's length, or -1 where it is cut or wrong. */
export function printDestinationOptions(d: Dissection, at: number): number {
  d.cutAs = 'dstopt';
  const length = (d.u8(at + 1) + 1) << 3;
  if (d.has(at, length)) {
    d.out += 'DSTOPT ';
    if (!d.verbosity || printOptions(d, at + 2, length - 2, undefined)) return length;
  }
  d.markTruncated();
  return -1;
}

/** False where an option does not fit. Jumbo payloads are taken note of without `-v` too. */
function printOptions(d: Dissection, start: number, length: number, jumbo: Jumbo | undefined): boolean {
  const end = start + length;
  let jumboSeen = false;
  for (let at = start; at < end; ) {
    const type = d.u8(at);
    const room = end - at;
    if (type !== PAD1 && room < 2) return false;
    const optionLength = type === PAD1 ? 1 : d.u8(at + 1) + 2;
    if (optionLength > room) return false;
    switch (type) {
      case PAD1:
        if (d.verbosity) d.out += '(pad1)';
        break;
      case PADN:
        if (d.verbosity) d.out += '(padn)';
        break;
      case ROUTER_ALERT:
        if (!fits(d, 'rtalert', room, optionLength, 4, 4)) return false;
        if (d.verbosity) d.out += `(rtalert: 0x${hex4(d.u16(at + 2))}) `;
        break;
      case JUMBO: {
        if (!fits(d, 'jumbo', room, optionLength, 6, 6)) return false;
        const note = noteJumbo(jumbo, jumboSeen, d.u32(at + 2));
        jumboSeen = true;
        if (d.verbosity) d.out += `(jumbo: ${d.u32(at + 2)}${note}) `;
        break;
      }
      case HOME_ADDRESS:
        if (!fits(d, 'homeaddr', room, optionLength, 18, 255 + 2)) return false;
        if (d.verbosity) {
          d.out += `(homeaddr: ${d.ip6(at + 2)}`;
          if (!printSubOptions(d, at + 18, optionLength - 18)) return false;
          d.out += ')';
        }
        break;
      default:
        if (d.verbosity) d.out += `(opt_type 0x${hex2(type)}: len=${optionLength - 2})`;
    }
    at += optionLength;
  }
  if (d.verbosity) d.out += ' ';
  return true;
}

/** Checks an option against the least room it needs and the lengths it may have. */
function fits(
  d: Dissection,
  name: string,
  room: number,
  optionLength: number,
  least: number,
  most: number,
): boolean {
  if (room < least) {
    d.out += `(${name}: trunc)`;
    return false;
  }
  if (optionLength < least || optionLength > most) {
    d.out += `(${name}: invalid len ${optionLength - 2})`;
    return false;
  }
  return true;
}

/** Takes the length over where RFC 2675 allows it; returns why not. */
function noteJumbo(jumbo: Jumbo | undefined, seen: boolean, length: number): string {
  if (seen) return ' - already seen';
  if (jumbo === undefined) return ' - not a hop-by-hop option';
  if (jumbo.payload !== 0) return ' - payload len != 0';
  if (length < 65_536) return ' - < 65536';
  jumbo.found = true;
  jumbo.payload = length;
  return '';
}

function printSubOptions(d: Dissection, start: number, length: number): boolean {
  const end = start + length;
  for (let at = start; at < end; ) {
    const type = d.u8(at);
    const room = end - at;
    if (type !== PAD1 && room < 2) return false;
    const optionLength = type === PAD1 ? 1 : d.u8(at + 1) + 2;
    if (optionLength > room) return false;
    if (type === PAD1) d.out += ', pad1';
    else if (type === PADN) d.out += ', padn';
    else d.out += `, sopt_type 0x${hex2(type)}: len=${optionLength - 2}`;
    at += optionLength;
  }
  return true;
}
