/**
 * ICMPv6 (RFC 4443) with neighbour discovery (RFC 4861), multicast listeners (RFC 2710, RFC 9777), mobility
 * (RFC 6275) node information and RPL.
 */

import { untilCut } from '../frame/ask.js';
import { expectedChecksum, transportChecksum } from '../frame/checksum.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { type FlagNames, flags, hex4 } from '../frame/text.js';
import { printListenerQuery, printListenerReport } from './mld.js';
import { printNeighborOptions, ROUTER_PREFERENCES } from './neighborOptions.js';
import { printNodeQuery, printNodeReply } from './nodeInformation.js';
import { printRenumbering } from './renumbering.js';
import { printRpl } from './rpl.js';

const PROTOCOL_ICMP6 = 58;
const HEADER = 8;
const UNREACHABLE = 1;
const ROUTER_SOLICIT = 133;
const ROUTER_ADVERT = 134;
const NEIGHBOR_SOLICIT = 135;
const NEIGHBOR_ADVERT = 136;
const REDIRECT = 137;
const AGENT_REPLY = 145;
const PREFIX_ADVERT = 147;

const MESSAGES: ReadonlyMap<number, string> = new Map([
  [UNREACHABLE, 'destination unreachable'],
  [2, 'packet too big'],
  [3, 'time exceeded in-transit'],
  [4, 'parameter problem'],
  [128, 'echo request'],
  [129, 'echo reply'],
  [130, 'multicast listener query'],
  [131, 'multicast listener report'],
  [132, 'multicast listener done'],
  [ROUTER_SOLICIT, 'router solicitation'],
  [ROUTER_ADVERT, 'router advertisement'],
  [NEIGHBOR_SOLICIT, 'neighbor solicitation'],
  [NEIGHBOR_ADVERT, 'neighbor advertisement'],
  [REDIRECT, 'redirect'],
  [138, 'router renumbering'],
  [139, 'who-are-you request'],
  [140, 'who-are-you reply'],
  [141, 'inverse neighbor solicitation'],
  [142, 'inverse neighbor advertisement'],
  [143, 'multicast listener report v2'],
  [144, 'ha discovery request'],
  [AGENT_REPLY, 'ha discovery reply'],
  [146, 'mobile router solicitation'],
  [PREFIX_ADVERT, 'mobile router advertisement'],
  [155, 'RPL'],
  [200, 'mtrace response'],
  [201, 'mtrace message'],
]);

/** Messages whose length stands in front with `-v`, because options in lines of their own follow. */
const LENGTH_FIRST = new Set([
  ROUTER_SOLICIT,
  ROUTER_ADVERT,
  NEIGHBOR_SOLICIT,
  NEIGHBOR_ADVERT,
  REDIRECT,
  AGENT_REPLY,
  PREFIX_ADVERT,
]);

const UNREACHABLE_CODES: readonly (string | undefined)[] = [
  'unreachable route',
  ' unreachable prohibited', // tcpdump prints two spaces
  'beyond scope',
  'unreachable address',
  'unreachable port',
];

const PROBLEM_CODES: readonly (string | undefined)[] = [
  'erroneous',
  'next header',
  'option',
  'incomplete header chain',
];

const ADVERT_FLAGS: FlagNames = [
  [0x80, 'managed'],
  [0x40, 'other stateful'],
  [0x20, 'home agent'],
  [0x02, 'ipv6 only'],
];

const NEIGHBOR_FLAGS: FlagNames = [
  [0x80, 'router'],
  [0x40, 'solicited'],
  [0x20, 'override'],
];

export function printIcmp6(d: Dissection, at: number, length: number, ip: number, fragmented: boolean): void {
  d.cutAs = 'icmp6';
  if (length === 0) {
    d.out += 'ICMP6, length 0';
    d.markInvalid();
    return;
  }
  if (d.verbosity && !fragmented && d.has(at, length)) {
    const field = d.u16(at + 2);
    const sum = transportChecksum(d, ip, at, length, PROTOCOL_ICMP6);
    d.out +=
      sum === 0
        ? '[icmp6 sum ok] '
        : `[bad icmp6 cksum 0x${hex4(field)} -> 0x${hex4(expectedChecksum(field, sum))}!] `;
  }
  const type = d.u8(at);
  d.out += `ICMP6, ${MESSAGES.get(type) ?? `unknown icmp6 type (${type})`}`;
  if (d.verbosity && LENGTH_FIRST.has(type)) d.out += `, length ${length}`;
  switch (printMessage(d, at, length, type, d.u8(at + 1))) {
    case 'whole':
      if (!d.verbosity) d.out += `, length ${length}`;
      break;
    case 'cut':
      d.markTruncated();
      break;
    case 'last':
  }
}

/** `last`: the message has printed all there is to say. */
type Outcome = 'whole' | 'cut' | 'last';

function printMessage(d: Dissection, at: number, length: number, type: number, code: number): Outcome {
  switch (type) {
    case UNREACHABLE:
      return printUnreachable(d, at, length, code);
    case 2:
      d.out += `, mtu ${d.u32(at + 4)}`;
      return 'whole';
    case 3:
      if (code === 0) d.out += ` for ${d.ip6(at + HEADER + 24)}`;
      else d.out += code === 1 ? ' (reassembly)' : `, unknown code (${code})`;
      return 'whole';
    case 4:
      if (!d.has(at + HEADER + 24, 16)) return 'cut';
      d.out += `, ${PROBLEM_CODES[code] === undefined ? `code-#${code}` : `${PROBLEM_CODES[code]} - octet ${d.u32(at + 4)}`}`;
      return 'whole';
    case 128:
    case 129:
      d.out += `, id ${d.u16(at + 4)}, seq ${d.u16(at + 6)}`;
      return 'whole';
    case 130:
      if (length === 24) printListener(d, at);
      else if (length >= 28) printListenerQuery(d, at, length);
      else d.out += ` unknown-version (len ${length}) `;
      return 'whole';
    case 131:
    case 132:
      printListener(d, at);
      return 'whole';
    case ROUTER_SOLICIT:
      return printOptions(d, at, length, 8);
    case ROUTER_ADVERT:
      if (d.verbosity) printRouterAdvert(d, at);
      return printOptions(d, at, length, 16);
    case NEIGHBOR_SOLICIT:
      d.out += `, who has ${d.ip6(at + HEADER)}`;
      return printOptions(d, at, length, 24);
    case NEIGHBOR_ADVERT:
      d.out += `, tgt is ${d.ip6(at + HEADER)}`;
      if (d.verbosity) d.out += `, Flags [${flags(NEIGHBOR_FLAGS, d.u32(at + 4) >>> 24, 'none')}]`;
      return printOptions(d, at, length, 24);
    case REDIRECT:
      d.out += `, ${d.ip6(at + HEADER + 16)}`;
      d.out += ` to ${d.ip6(at + HEADER)}`;
      return printOptions(d, at, length, 40);
    case 143:
      printListenerReport(d, at, length);
      return 'whole';
    case 144:
    case 146:
      d.out += `, id 0x${hex4(d.u16(at + 4))}`;
      return 'whole';
    case AGENT_REPLY:
      if (d.verbosity) printAgents(d, at, length);
      return 'whole';
    case PREFIX_ADVERT:
      if (d.verbosity) printMobilePrefix(d, at);
      return printOptions(d, at, length, 8);
    case 139:
      untilCut(d, () => printNodeQuery(d, at));
      return 'whole';
    case 140:
      untilCut(d, () => printNodeReply(d, at, length));
      return 'whole';
    case 138:
      untilCut(d, () => printRenumbering(d, at));
      return 'whole';
    case 141:
    case 142:
      return 'whole';
    case 155:
      printRpl(d, at + 4, length - 4, code);
      return 'whole';
    default:
      d.out += `, length ${length}`;
      if (d.verbosity <= 1) printUnknown(d, at, length, '\n\t');
      return 'last';
  }
}

/** Options follow with `-v` only. */
function printOptions(d: Dissection, at: number, length: number, header: number): Outcome {
  if (!d.verbosity) return 'whole';
  return printNeighborOptions(d, at + header, length - header) ? 'whole' : 'cut';
}

function printUnreachable(d: Dissection, at: number, length: number, code: number): Outcome {
  const inner = at + HEADER;
  d.out += `, ${UNREACHABLE_CODES[code] ?? `unknown unreach code (${code})`}`;
  switch (code) {
    case 0:
    case 1:
    case 3:
      d.out += ` ${d.ip6(inner + 24)}`;
      return 'whole';
    case 2:
      d.out += ` ${d.ip6(inner + 24)}, source address ${d.ip6(inner + 8)}`;
      return 'whole';
    case 4:
      return printUnreachablePort(d, inner);
    default:
      if (d.verbosity > 1) return 'whole';
      printUnknown(d, at, length, '\n\t');
      return 'last';
  }
}

/** Finds the ports of the packet inside, behind its extension headers. */
function printUnreachablePort(d: Dissection, inner: number): Outcome {
  if (!d.has(inner + 6, 1)) return 'cut';
  let next = d.u8(inner + 6);
  let size = 40;
  for (let at = inner; at < d.end; ) {
    at += size;
    if (next === 6 || next === 17) {
      if (!d.has(at + 2, 2)) return 'cut';
      const port = d.u16(at + 2);
      const target = d.ip6(inner + 24);
      d.out +=
        next === 6 ? `, ${target} tcp port ${d.tcpPort(port)}` : `, ${target} udp port ${d.udpPort(port)}`;
      return 'whole';
    }
    if (next === 44) {
      if (!d.has(at + 2, 2) || (d.u16(at + 2) & 0xfff8) !== 0) return 'cut';
      size = 8;
    } else if (next === 51) {
      if (!d.has(at + 1, 1)) return 'cut';
      size = (d.u8(at + 1) + 2) << 2;
    } else if (next === 0 || next === 43 || next === 60) {
      if (!d.has(at + 1, 1)) return 'cut';
      size = (d.u8(at + 1) + 1) << 3;
    } else {
      return 'cut';
    }
    next = d.u8(at);
  }
  return 'cut';
}

/** MLD version 1: query, report and done look alike. */
function printListener(d: Dissection, at: number): void {
  if (!d.has(at, 24)) return;
  d.out += `max resp delay: ${d.u16(at + 4)} addr: ${d.ip6(at + HEADER)}`;
}

function printRouterAdvert(d: Dissection, at: number): void {
  const bits = d.u8(at + 5);
  d.out +=
    `\n\thop limit ${d.u8(at + 4)}, Flags [${flags(ADVERT_FLAGS, bits, 'none')}]` +
    `, pref ${ROUTER_PREFERENCES[(bits >> 3) & 3]}, router lifetime ${d.u16(at + 6)}s` +
    `, reachable time ${d.u32(at + 8)}ms, retrans timer ${d.u32(at + 12)}ms`;
}

function printAgents(d: Dissection, at: number, length: number): void {
  d.out += `, id 0x${hex4(d.u16(at + 4))}`;
  for (let i = HEADER; i < length; i += 16) d.out += `, ${d.ip6(at + i)}`;
}

function printMobilePrefix(d: Dissection, at: number): void {
  d.out += `, id 0x${hex4(d.u16(at + 4))}`;
  const bits = d.u16(at + 6);
  if (bits & 0xc000) d.out += ' ';
  if (bits & 0x8000) d.out += 'M';
  if (bits & 0x4000) d.out += 'O';
}
