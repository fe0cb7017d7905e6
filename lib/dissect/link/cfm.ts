/** Connectivity fault management (IEEE 802.1ag, ITU-T Y.1731). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { hex2, hex4, hex8, sayPadded } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';

const MESSAGES = names(
  '1 Continuity Check Message|Loopback Reply|Loopback Message|Linktrace Reply|Linktrace Message',
  '',
);
const TLVS = names(
  'End|Sender ID|Port status|Interface status|Data|Reply Ingress|Reply Egress|31 Organization Specific',
);
const DOMAINS = names('IEEE 802.1|No MD Name present|DNS string|MAC + 16Bit Integer|Character string');
const ASSOCIATIONS = names('IEEE 802.1|Primary VID|Character string|16Bit Integer|RFC2685 VPN-ID');
const PORTS = names('1 Blocked|Up');
const INTERFACES = names('1 Up|Down|Testing|5 Dormant|not present|lower Layer down');
const CHASSIS = names(
  'Reserved|Chassis component|Interface alias|Port component|MAC address|Network address|Interface name|Locally assigned',
);
const TRACE_FLAGS = bitNames('128 Use Forwarding-DB only');
const REPLY_FLAGS = bitNames('128 UseFDB Only|64 FwdYes|32 Terminal MEP');
const ACTIONS = names('1 Exact Match|Filtering DB|MIP CCM DB');
const FAMILIES = names('Reserved|IPv4|IPv6');
const INTERVALS = [0, 0.003333, 0.01, 0.1, 1, 10, 60, 600].map(Math.fround);
/** What messages have before their TLVs at least, and the number that tcpdump gives the fault. */
const LEAST: Readonly<Record<number, readonly [size: number, fault: number]>> = {
  1: [70, 1],
  2: [4, 2],
  3: [4, 3],
  4: [6, 5],
  5: [17, 4],
};

export function printCfm(d: Dissection, start: number, length: number): void {
  d.cutAs = 'cfm';
  if (length < 4) {
    sayShort(d);
    return;
  }
  d.need(start, 4);
  const [first, code, flags, offset] = [d.u8(start), d.u8(start + 1), d.u8(start + 2), d.u8(start + 3)];
  const version = first & 31;
  if (version !== 0) {
    d.out += `CFMv${version} not supported, length ${length}`;
    return;
  }
  d.out += `CFMv0 ${MESSAGES(code) || `unknown (${code})`}, MD Level ${first >> 5}, length ${length}`;
  if (!d.verbosity) return;
  d.out += `\n\tFirst TLV offset ${offset}`;
  const at = start + 4;
  const left = length - 4;
  if (offset > left) {
    d.out += ` (too large, must be <= ${left})`;
    return;
  }
  const least = LEAST[code];
  if (least !== undefined && offset < least[0]) {
    d.out += ` (too small ${least[1]}, must be >= ${least[0]})`;
    return;
  }
  if (!printMessage(d, code, flags, at, left, offset)) return;
  printTlvs(d, at + offset, left - offset);
}

function sayShort(d: Dissection): void {
  d.out += '\n\t\t packet is too short';
}

/** False where it ends the packet. */
function printMessage(
  d: Dissection,
  code: number,
  flags: number,
  at: number,
  left: number,
  offset: number,
): boolean {
  if (code === 1) {
    d.need(at, 70);
    return printCheck(d, flags, at);
  }
  if (code === 4 || code === 5) {
    d.need(at, LEAST[code]![0]);
    d.out += `, Flags [${(code === 5 ? TRACE_FLAGS : REPLY_FLAGS)(flags)}]`;
    d.out += `\n\t  Transaction-ID 0x${hex8(d.u32(at))}, ttl ${d.u8(at + 4)}`;
    if (code === 5) d.out += `\n\t  Original-MAC ${d.mac(at + 5)}, Target-MAC ${d.mac(at + 11)}`;
    else d.out += `\n\t  Replay-Action ${ACTIONS(d.u8(at + 5))} (${d.u8(at + 5)})`;
  } else printUnknown(d, at, left - offset, '\n\t  ');
  return true;
}

const NAMES = 48;

function printCheck(d: Dissection, flags: number, at: number): boolean {
  const interval = flags & 7;
  d.out += `, Flags [CCM Interval ${interval}${flags & 0x80 ? ', RDI' : ''}]`;
  if (interval) {
    const seconds = INTERVALS[interval]!;
    d.out += `\n\t  CCM Interval ${seconds.toFixed(3)}s, min CCM Lifetime ${(seconds * 3.25).toFixed(3)}s, max CCM Lifetime ${(seconds * 3.5).toFixed(3)}s`;
  }
  d.out += `\n\t  Sequence Number 0x${hex8(d.u32(at))}, MA-End-Point-ID 0x${hex4(d.u16(at + 4))}`;
  let next = at + 6;
  const end = next + NAMES;
  const format = d.u8(next++);
  d.out += `\n\t  MD Name Format ${DOMAINS(format)} (${format})`;
  if (format !== 1) {
    const size = d.u8(next++);
    d.out += `, MD Name length ${size}`;
    const room = end - next;
    if (size > room - 3) {
      d.out += ` (too large, must be <= ${room - 2})`;
      return false;
    }
    d.out += '\n\t  MD Name: ';
    if (format === 2 || format === 4) sayPadded(d, next, size);
    else if (format === 3) d.out += size === 6 ? `\n\t  MAC ${d.mac(next)}` : '\n\t  MAC (length invalid)';
    else printUnknown(d, next, size, '\n\t    ');
    next += size;
  }
  const [kind, size] = [d.u8(next), d.u8(next + 1)];
  next += 2;
  d.out += `\n\t  MA Name-Format ${ASSOCIATIONS(kind)} (${kind}), MA name length ${size}`;
  if (size > end - next) {
    d.out += ` (too large, must be <= ${end - next})`;
    return false;
  }
  d.out += '\n\t  MA Name: ';
  if (kind === 2) sayPadded(d, next, size);
  else printUnknown(d, next, size, '\n\t    ');
  return true;
}

function printTlvs(d: Dissection, start: number, length: number): void {
  for (let at = start, left = length; left > 0; ) {
    const type = d.u8(at);
    d.out += `\n\t${TLVS(type)} TLV (0x${hex2(type)})`;
    if (type === 0) return;
    if (left < 3) {
      sayShort(d);
      return;
    }
    const size = d.u16(at + 1);
    d.out += `, length ${size}`;
    const value = at + 3;
    if (left - 3 < size) {
      sayShort(d);
      return;
    }
    d.need(value, size);
    const outcome = printValue(d, type, value, size);
    if (outcome === 'last') return;
    if (outcome || d.verbosity > 1) printUnknown(d, value, size, '\n\t  ');
    at = value + size;
    left -= 3 + size;
  }
}

/** True where its bytes are to be shown too. */
function printValue(d: Dissection, type: number, at: number, size: number): boolean | 'last' {
  const least = type === 31 ? 4 : type >= 1 && type <= 3 ? 1 : 0;
  if (size < least) {
    d.out += ` (too short, must be >= ${least})`;
    return 'last';
  }
  if (type === 2 || type === 3) {
    d.out += `, Status: ${(type === 2 ? PORTS : INTERFACES)(d.u8(at))} (${d.u8(at)})`;
    return false;
  }
  if (type === 31) {
    const vendor = d.u24(at);
    d.out += `, Vendor: ${OUI_NAMES.get(vendor) ?? 'Unknown'} (${vendor}), Sub-Type ${d.u8(at + 3)}`;
    return true;
  }
  return type === 1 ? printSender(d, at, size) : true;
}

function printSender(d: Dissection, start: number, length: number): boolean | 'last' {
  const short = (): 'last' => {
    d.out += '\n\t  (TLV too short)';
    return 'last';
  };
  const size = d.u8(start);
  let [at, left, hex] = [start + 1, length - 1, false];
  if (size) {
    if (left < 1) return short();
    const type = d.u8(at);
    d.out += `\n\t  Chassis-ID Type ${CHASSIS(type)} (${type}), Chassis-ID length ${size}`;
    left--;
    if (left < size) return short();
    if (type === 4) {
      if (size !== 6) {
        d.out += ' (invalid address length)';
        return 'last';
      }
      d.out += `\n\t  MAC ${d.mac(at + 1)}`;
    } else if (type === 5) {
      const family = d.u8(at);
      d.out += `\n\t  Network Address Type ${FAMILIES(family)} (${family})`;
      hex = true;
    } else if (type >= 1 && type <= 7) sayPadded(d, at + 1, size);
    else hex = true;
    at += 1 + size;
    left -= size;
  }
  if (left === 0) return 'last';
  for (let i = 0; i < 2; i++) {
    if (left < 1) return short();
    const more = d.u8(at);
    at++;
    left--;
    if (more === 0) break;
    if (left < more) return short();
    at += more;
    left -= more;
  }
  return hex;
}
