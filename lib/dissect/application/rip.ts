/** RIP, both versions (RFC 1058, 2453) with the authentication of RFC 4822, and RIPng (RFC 2080). */

import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { ip4, ip6, items, u8, u16, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { names } from '../frame/names.js';
import { filled, hex4, sayPadded } from '../frame/text.js';

const ENTRY = layout('rip', {
  family: u16(0),
  route_tag: u16(2).when((p) => p.u16(0) !== 0xffff),
  ip: ip4(4).when((p) => p.u16(0) !== 0xffff),
  netmask: ip4(8).when((p) => p.u16(0) !== 0xffff),
  next_hop: ip4(12).when((p) => p.u16(0) !== 0xffff),
  metric: u32(16).when((p) => p.u16(0) !== 0xffff),
});
export const RIP = layout('rip', {
  command: u8(0),
  version: u8(1),
  entries: items(4, ENTRY, { size: () => 20 }),
});
const RTE = layout('ripng', {
  'rte.ipv6_prefix': ip6(0),
  'rte.route_tag': u16(16, 'hex'),
  'rte.prefix_length': u8(18),
  'rte.metric': u8(19),
});
export const RIPNG = layout('ripng', {
  cmd: u8(0),
  version: u8(1),
  entries: items(4, RTE, { size: () => 20 }),
});

const ROUTE = 20;
const COMMANDS = names('1 Request|Response|Trace on|Trace off|Poll|Poll Entry', '');
const FAMILIES = names('2 IPv4|6 NS|ISO|16 Appletalk|23 IPX|IPv6|28 IPv6|30 IPv6', '');

/** The length of a prefix; -1 of a mask that is none. */
function prefixOf(mask: number): number {
  const length = 32 - (mask === 0xffffffff ? 0 : 32 - Math.clz32(~mask >>> 0));
  return mask === (length === 0 ? 0 : (~0 << (32 - length)) >>> 0) ? length : -1;
}

/** What lies behind the family of version 1 is zero but for address and metric. 0 where the entry is cut. */
function printEntry1(d: Dissection, at: number, left: number): number {
  if (left < ROUTE || !d.has(at, ROUTE)) return 0;
  const family = d.u16(at);
  if (family !== 2 && family !== 0) {
    d.out += `\n\t AFI ${FAMILIES(family) || `Unknown (${family})`}, `;
    printUnknown(d, at + 4, ROUTE - 4, '\n\t  ');
  } else if (d.u16(at + 2) || d.u32(at + 8) || d.u32(at + 12)) printUnknown(d, at, ROUTE, '\n\t  ');
  else d.out += `\n\t  ${family === 0 ? 'AFI 0, ' : ''}${d.ip4(at + 4)}, metric: ${d.u32(at + 16)}`;
  return ROUTE;
}

function printEntry2(d: Dissection, at: number, left: number): number {
  if (left < 4 || !d.has(at, 4)) return 0;
  const [family, tag] = [d.u16(at), d.u16(at + 2)];
  if (family === 0xffff && tag === 2) {
    d.out += '\n\t  Simple Text Authentication data: ';
    sayPadded(d, at + 4, ROUTE - 4);
  } else if (family === 0xffff && tag === 3) {
    if (left < ROUTE || !d.has(at, ROUTE)) return 0;
    d.out += filled(
      d,
      at + 4,
      '\n\t  Auth header: Packet Len %2, Key-ID %1, Auth Data Len %1, SeqNo %4, MBZ %4, MBZ %4',
    );
  } else if (family === 0xffff) {
    d.out += tag === 1 ? '\n\t  Auth trailer:' : `\n\t  Unknown (${tag}) Authentication data:`;
    printUnknown(d, at + 4, left - 4, '\n\t  ');
    return left;
  } else if (family !== 2 && family !== 0) {
    d.out += `\n\t  AFI ${FAMILIES(family) || `Unknown (${family})`}`;
    printUnknown(d, at + 4, ROUTE - 4, '\n\t  ');
  } else {
    if (left < ROUTE || !d.has(at, ROUTE)) return 0;
    const prefix = `${d.ip4(at + 4).padStart(15)}/${`${prefixOf(d.u32(at + 8))}`.padEnd(2)}`;
    d.out += `\n\t  AFI ${FAMILIES(family) || family}, ${prefix}, tag 0x${hex4(tag)}, metric: ${d.u32(at + 16)}, next-hop: `;
    d.out += d.u32(at + 12) ? d.ip4(at + 12) : 'self';
  }
  return ROUTE;
}

const TRACE_ON = 3;

export function printRip(d: Dissection, start: number, length: number): void {
  d.cutAs = 'rip';
  let left = Math.min(length, d.end - start) - 4;
  if (left < 0) {
    d.markTruncated();
    return;
  }
  const [command, version] = [d.u8(start), d.u8(start + 1)];
  d.out += `${d.verbosity ? '\n\t' : ''}RIPv${version}`;
  if (version === 0) {
    printUnknown(d, start, length, '\n\t');
    return;
  }
  d.out += `, ${COMMANDS(command) || `unknown command (${command})`}, length: ${length}`;
  if (!d.verbosity) return;
  if (command === 1 || command === 2) {
    if (version !== 1 && version !== 2) d.out += ', unknown version';
    else {
      d.out += `, routes: ${Math.floor(length / ROUTE)}${version === 2 ? ' or less' : ''}`;
      for (let at = start + 4; left !== 0; ) {
        const size = (version === 1 ? printEntry1 : printEntry2)(d, at, left);
        if (size === 0) {
          d.markTruncated();
          break;
        }
        if (left < size) {
          d.out += ` [remaining entries length ${left} < ${size}]`;
          d.markInvalid();
          break;
        }
        at += size;
        left -= size;
      }
    }
  } else if ((COMMANDS(command) === '' || command === TRACE_ON) && d.verbosity <= 1)
    printUnknown(d, start, length, '\n\t');
  if (d.verbosity > 1) printUnknown(d, start, length, '\n\t');
}

export function printRipng(d: Dissection, start: number, length: number): void {
  d.cutAs = 'ripng';
  const [command, version] = [d.u8(start), d.u8(start + 1)];
  if (version !== 1) {
    d.out += ` [vers ${version}]`;
    d.markInvalid();
    return;
  }
  if (command !== 1 && command !== 2) {
    d.out += ` ripng-${command} ?? ${length}`;
    d.markInvalid();
  } else if (length < 4) d.markInvalid();
  else printRoutes(d, start, length, command === 1);
}

function printRoutes(d: Dissection, start: number, length: number, asks: boolean): void {
  const count = Math.floor((length - 4) / ROUTE);
  if (asks && count === 1 && d.u8(start + 23) === 16 && d.ip6(start + 4) === '::') {
    d.out += ' ripng-req dump';
    return;
  }
  const whole = count * ROUTE === length - 4;
  d.out += ` ripng-${asks ? 'req' : 'resp'} ${count}${whole ? '' : `[${length}]`}:`;
  for (let i = 0; i < count; i++) {
    const at = start + 4 + i * ROUTE;
    d.out += d.verbosity > 1 ? '\n\t' : ' ';
    d.out += `${d.ip6(at)}/${d.u8(at + 18)}`;
    const tag = d.u16(at + 16);
    if (tag) d.out += ` [${tag}]`;
    const metric = d.u8(at + 19);
    if (!asks && metric) d.out += ` (${metric})`;
  }
  if (!whole) d.markInvalid();
}
