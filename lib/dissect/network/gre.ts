/**
 * GRE versions 0 (RFC 2784, RFC 2890, with the routing of RFC 1701) and 1 (RFC 2637, PPTP).
 */

import { ETHERTYPE } from '../../names/index.js';
import { ip4Text } from '../frame/addresses.js';
import type { Dissection } from '../frame/dissection.js';
import { type FlagNames, flags as flagNames, hex4 } from '../frame/text.js';
import { printEthernet } from '../link/ethernet.js';
import { printPpp } from '../link/ppp.js';
import { ETHERTYPE_NAMES, ETHERTYPE_PPP } from '../tables/ethertypes.js';
import { printAppleTalk } from './appleTalk.js';
import { printOsi } from './clnp.js';
import { printIp4 } from './ip4.js';
import { printIp6 } from './ip6.js';
import { printMpls } from './tunnels.js';

const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGEMENT = 0x0080;

const FLAG_NAMES: FlagNames = [
  [CHECKSUM, 'checksum present'],
  [ROUTING, 'routing present'],
  [KEY, 'key present'],
  [SEQUENCE, 'sequence# present'],
  [0x0800, 'source routing present'],
  [ACKNOWLEDGEMENT, 'ack present'],
];

export function printGre(d: Dissection, at: number, length: number): void {
  d.cutAs = 'gre';
  if (!d.has(at, 2) || length < 2) {
    d.markTruncated();
    return;
  }
  const flags = d.u16(at);
  const version = flags & 7;
  d.out += `GREv${version}`;
  if (version > 1) {
    d.out += ' ERROR: unknown-version';
    return;
  }
  if (d.verbosity) d.out += `, Flags [${flagNames(FLAG_NAMES, flags, 'none')}]`;
  const whole = version === 0 ? printVersion0(d, at, length, flags) : printVersion1(d, at, length, flags);
  if (!whole) d.markTruncated();
}

/** False where the header is cut. */
function printVersion0(d: Dissection, start: number, length: number, flags: number): boolean {
  const end = start + length;
  let at = start + 2;
  const fits = (size: number) => d.has(at, size) && end - at >= size;
  if (!fits(2)) return false;
  const protocol = d.u16(at);
  at += 2;
  if (flags & (CHECKSUM | ROUTING)) {
    if (!fits(2)) return false;
    if (d.verbosity) d.out += `, sum 0x${d.u16(at).toString(16)}`;
    at += 2;
    if (!fits(2)) return false;
    d.out += `, off 0x${d.u16(at).toString(16)}`;
    at += 2;
  }
  if (flags & KEY) {
    if (!fits(4)) return false;
    d.out += `, key=0x${d.u32(at).toString(16)}`;
    at += 4;
  }
  if (flags & SEQUENCE) {
    if (!fits(4)) return false;
    d.out += `, seq ${d.u32(at)}`;
    at += 4;
  }
  if (flags & ROUTING) {
    at = printRoutes(d, at, end);
    if (at < 0) return false;
  }
  printProtocol(d, protocol, length);
  const rest = end - at;
  switch (protocol) {
    case ETHERTYPE.IP:
      printIp4(d, at, rest);
      break;
    case ETHERTYPE.IPV6:
      printIp6(d, at, rest);
      break;
    case ETHERTYPE.MPLS:
      printMpls(d, at, rest);
      break;
    case 0x00fe:
      printOsi(d, at, rest);
      break;
    case ETHERTYPE.ATALK:
      printAppleTalk(d, at, rest);
      break;
    case ETHERTYPE.TEB:
      printEthernet(d, at, rest, d.end - at);
      break;
    default:
      d.out += `gre-proto-0x${protocol.toString(16)}`;
  }
  return true;
}

/** False where the header is cut. */
function printVersion1(d: Dissection, start: number, length: number, flags: number): boolean {
  const end = start + length;
  let at = start + 2;
  const fits = (size: number) => d.has(at, size) && end - at >= size;
  if (!fits(2)) return false;
  const protocol = d.u16(at);
  at += 2;
  if (flags & KEY) {
    if (!fits(4)) return false;
    d.out += `, call ${d.u16(at + 2)}`;
    at += 4;
  }
  if (flags & SEQUENCE) {
    if (!fits(4)) return false;
    d.out += `, seq ${d.u32(at)}`;
    at += 4;
  }
  if (flags & ACKNOWLEDGEMENT) {
    if (!fits(4)) return false;
    d.out += `, ack ${d.u32(at)}`;
    at += 4;
  }
  if ((flags & SEQUENCE) === 0) {
    d.out += ', no-payload';
    if (d.showsLink) d.out += protocolText(protocol);
    d.out += `, length ${length}`;
    return true;
  }
  printProtocol(d, protocol, length);
  if (protocol === ETHERTYPE_PPP) printPpp(d, at, end - at);
  else d.out += `gre-proto-0x${protocol.toString(16)}`;
  return true;
}

function printProtocol(d: Dissection, protocol: number, length: number): void {
  if (d.showsLink) d.out += protocolText(protocol);
  d.out += `, length ${length}${d.verbosity ? '\n\t' : ': '}`;
}

function protocolText(protocol: number): string {
  return `, proto ${ETHERTYPE_NAMES.get(protocol) ?? 'unknown'} (0x${hex4(protocol)})`;
}

/** Prints source route entries (RFC 1701); returns the offset behind them, or -1 where they are cut. */
function printRoutes(d: Dissection, start: number, end: number): number {
  for (let at = start; ; ) {
    if (!d.has(at, 4) || end - at < 4) return -1;
    const family = d.u16(at);
    const offset = d.u8(at + 2);
    const size = d.u8(at + 3);
    at += 4;
    if (family === 0 && size === 0) return at;
    const unit = family === ETHERTYPE.IP ? 4 : family === 0xfffe ? 2 : 0;
    if (unit === 0) {
      d.out += `, (rtaf=0x${family.toString(16)})`;
    } else {
      d.out += unit === 4 ? ', (rtaf=ip' : ', (rtaf=asn';
      const whole = printRoute(d, at, end, unit, offset, size);
      d.out += ')';
      if (!whole) return -1;
    }
    if (end - at < size) return -1;
    at += size;
  }
}

function printRoute(
  d: Dissection,
  at: number,
  end: number,
  unit: number,
  offset: number,
  size: number,
): boolean {
  if (offset % unit !== 0) {
    d.out += `, badoffset=${offset}`;
  } else if (size % unit !== 0) {
    d.out += `, badlength=${size}`;
  } else if (offset >= size) {
    d.out += `, badoff/len=${offset}/${size}`;
  } else {
    for (let i = 0; i < size; i += unit) {
      if (!d.has(at + i, unit) || end - at - i < unit) return false;
      d.out += i === offset ? ' *' : ' ';
      d.out += unit === 4 ? ip4Text(d.i32(at + i)) : d.u16(at + i).toString(16);
    }
  }
  return true;
}
