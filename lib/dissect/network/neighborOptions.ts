/**
 * Options of neighbour discovery: RFC 4861 §4.6, RFC 4191 (routes), RFC 8106 (DNS), RFC 6275 (mobility).
 */

import { printDomainName } from '../application/dnsNames.js';
import { ip6Text, octets } from '../frame/addresses.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { type FlagNames, flags } from '../frame/text.js';

export const ROUTER_PREFERENCES = ['medium', 'high', 'rsv', 'low'] as const;

const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'source link-address'],
  [2, 'destination link-address'],
  [3, 'prefix info'],
  [4, 'redirected header'],
  [5, 'mtu'],
  [25, 'rdnss'],
  [31, 'dnssl'],
  [7, 'advertisement interval'],
  [8, 'homeagent information'],
  [24, 'route info'],
]);

const PREFIX_FLAGS: FlagNames = [
  [0x80, 'onlink'],
  [0x40, 'auto'],
  [0x20, 'router'],
];

/** Prints options up to `length` bytes; false where one is cut or wrong. */
export function printNeighborOptions(d: Dissection, start: number, length: number): boolean {
  let rest = length;
  for (let at = start; at < d.end; ) {
    if (!d.has(at + 1, 1)) return false;
    if (rest <= 0) return true;
    const type = d.u8(at);
    const units = d.u8(at + 1);
    const size = units << 3;
    if (units === 0 || !d.has(at, size)) return false;
    d.out += `\n\t  ${OPTION_NAMES.get(type) ?? 'unknown'} option (${type}), length ${size} (${units}): `;
    if (!printOption(d, type, at, units, start)) return false;
    if (!OPTION_NAMES.has(type) && d.verbosity <= 1) {
      printUnknown(d, at + 2, size - 2, '\n\t  ');
      return true;
    }
    if (d.verbosity > 1) printUnknown(d, at + 2, size - 2, '\n\t    ');
    at += size;
    rest -= size;
  }
  return true;
}

function printOption(d: Dissection, type: number, at: number, units: number, start: number): boolean {
  const size = units << 3;
  switch (type) {
    case 1:
    case 2:
      d.out += octets(d.data, at + 2, size - 2);
      break;
    case 3:
      d.out +=
        `${d.ip6(at + 16)}/${d.u8(at + 2)}${units === 4 ? '' : 'badlen'}` +
        `, Flags [${flags(PREFIX_FLAGS, d.u8(at + 3), 'none')}]` +
        `, valid time ${lifetime(d.u32(at + 4))}, pref. time ${lifetime(d.u32(at + 8))}`;
      break;
    case 4:
      printUnknown(d, start, size, '\n\t    '); // tcpdump dumps from the first option on
      break;
    case 5:
      d.out += ` ${d.u32(at + 4)}${units === 1 ? '' : 'bad option length'}`;
      break;
    case 25:
      d.out += ` lifetime ${d.u32(at + 4)}s,`;
      for (let i = 0; i < (units - 1) >> 1; i++) d.out += ` addr: ${d.ip6(at + 8 + 16 * i)}`;
      break;
    case 31:
      d.out += ` lifetime ${d.u32(at + 4)}s, domain(s):`;
      for (let name = at + 8; name < at + size && d.u8(name) !== 0; ) {
        d.out += ' ';
        name = printDomainName(d, name, start);
        if (name < 0) return false;
      }
      break;
    case 7:
      d.out += ` ${d.u32(at + 4)}ms`;
      break;
    case 8:
      d.out += ` preference ${d.u16(at + 4)}, lifetime ${d.u16(at + 6)}`;
      break;
    case 24:
      return printRoute(d, at, units);
  }
  return true;
}

/** RFC 4191 §2.3: the prefix takes 0, 8 or 16 bytes. */
function printRoute(d: Dissection, at: number, units: number): boolean {
  if (units > 3) return false;
  const prefix = new Uint8Array(16);
  prefix.set(d.data.subarray(at + 8, at + 8 * units));
  d.out += ` ${ip6Text(prefix, 0)}/${d.u8(at + 2)}, pref=${ROUTER_PREFERENCES[(d.u8(at + 3) >> 3) & 3]}`;
  d.out += `, lifetime=${lifetime(d.u32(at + 4))}`;
  return true;
}

function lifetime(seconds: number): string {
  return seconds === 0xffff_ffff ? 'infinity' : `${seconds}s`;
}
