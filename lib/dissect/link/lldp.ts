/** LLDP (IEEE 802.1AB): what a station tells its neighbors. lldpPrivate.ts has what organizations add. */

import { ask, ENDS_EARLY, untilCut } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bits, items, text } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import { bitNames, names } from '../frame/names.js';
import { hex4, sayPadded } from '../frame/text.js';
import { OUI_NAMES } from '../frame/vendors.js';
import type { View } from '../frame/view.js';
import { PRIVATE } from './lldpPrivate.js';

const size = (p: View): number => p.u16(0) & 0x1ff;
const is = (type: number) => (p: View) => p.u8(0) >> 1 === type;
const TLV = layout('lldp', {
  'tlv.type': bits(0, 0xfe00, 2),
  'tlv.len': bits(0, 0x01ff, 2),
  time_to_live: bits(2, 0xffff, 2).when(is(3)),
  'port.desc': text(2, size).when(is(4)),
  'tlv.system.name': text(2, size).when(is(5)),
  'tlv.system.desc': text(2, size).when(is(6)),
});
export const LLDP = layout('lldp', {
  options: items(0, TLV, { size: (p) => 2 + size(p) }),
});

const NAMES = names(
  'End|Chassis ID|Port ID|Time to Live|Port Description|System Name|System Description|System Capabilities|Management Address|127 Organization specific',
);
const CHASSIS = names(
  '1 Chassis component|Interface alias|Port component|MAC address|Network address|Interface name|Local',
);
const PORTS = names(
  '1 Interface alias|Port component|MAC address|Network Address|Interface Name|Agent circuit ID|Local',
);
const CAPABILITIES = bitNames(
  '1 Other|Repeater|4 Bridge|8 WLAN AP|16 Router|32 Telephone|64 Docsis|128 Station Only',
);
const FAMILIES = names(
  'Reserved|IPv4|IPv6|NSAP|HDLC|BBN 1822|802|E.163|E.164|F.69|X.121|Novell IPX|Appletalk|Decnet IV|Banyan Vines|E.164 with NSAP subaddress|196 Layer-2 VPN|25 VPLS',
);
const INTERFACES = names('2 Interface Index|System Port Number');

export function printLldp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'lldp';
  d.out += `LLDP, length ${length}`;
  untilCut(d, () => printTlvs(d, at, at + length));
}

function printTlvs(d: Dissection, start: number, end: number): void {
  for (let at = start; end - at >= 2; ) {
    ask(d, at, 2);
    const [type, length] = [d.u8(at) >> 1, d.u16(at) & 0x1ff];
    at += 2;
    if (d.verbosity) d.out += `\n\t${NAMES(type)} TLV (${type}), length ${length}`;
    if (type === 0 || length === 0) return;
    ask(d, at, length);
    if (end - at < length) throw ENDS_EARLY;
    let unknown = false;
    if (type === 5) {
      d.out += ': ';
      sayPadded(d, at, length);
    } else if (d.verbosity) unknown = VALUES[type]?.(d, at, length) ?? true;
    if (d.verbosity > 1 || (d.verbosity && unknown)) printUnknown(d, at, length, '\n\t  ');
    at += length;
  }
}

/** Prints a value; true where its bytes are to be shown. */
type Value = (d: Dissection, at: number, length: number) => boolean;

const least = (length: number, wanted: number): void => {
  if (length < wanted) throw ENDS_EARLY;
};

const padded =
  (before: string): Value =>
  (d, at, length) => {
    d.out += before;
    sayPadded(d, at, length);
    return false;
  };

/** An identifier of a kind; `ofMac` and `ofNetwork` are the kinds that are addresses. */
const identifier =
  (kinds: (kind: number) => string, ofMac: number, ofNetwork: number): Value =>
  (d, at, length) => {
    least(length, 2);
    const kind = d.u8(at);
    d.out += `\n\t  Subtype ${kinds(kind)} (${kind}): `;
    if (kind === ofMac) {
      least(length, 7);
      d.out += d.mac(at + 1);
    } else if (kind === ofNetwork) d.out += network(d, at + 1, length - 1);
    else if (kind >= 1 && kind <= 7) sayPadded(d, at + 1, length - 1);
    else return true;
    return false;
  };

const SIZES: Readonly<Record<number, number>> = { 1: 4, 2: 16, 6: 6 };

function network(d: Dissection, at: number, length: number): string {
  least(length, 1);
  const family = d.u8(at);
  const wanted = SIZES[family];
  const name = `AFI ${FAMILIES(family)} (${family})`;
  if (wanted === undefined) return `${name}, no AF printer !`;
  least(length - 1, wanted);
  return `${name}: ${wanted === 4 ? d.ip4(at + 1) : wanted === 16 ? d.ip6(at + 1) : d.mac(at + 1)}`;
}

const VALUES: Readonly<Record<number, Value>> = {
  1: identifier(CHASSIS, 4, 5),
  2: identifier(PORTS, 3, 4),
  3(d, at, length) {
    least(length, 2);
    d.out += `: TTL ${d.u16(at)}s`;
    return false;
  },
  4: padded(': '),
  6: padded('\n\t  '),
  7(d, at, length) {
    least(length, 4);
    const [has, uses] = [d.u16(at), d.u16(at + 2)];
    d.out += `\n\t  System  Capabilities [${CAPABILITIES(has)}] (0x${hex4(has)})`;
    d.out += `\n\t  Enabled Capabilities [${CAPABILITIES(uses)}] (0x${hex4(uses)})`;
    return false;
  },
  8: printManagement,
  127(d, at, length) {
    least(length, 3);
    const oui = d.u24(at);
    d.out += `: OUI ${OUI_NAMES.get(oui) ?? 'Unknown'} (0x${oui.toString(16).padStart(6, '0')})`;
    return PRIVATE[oui]?.(d, at, length) ?? true;
  },
};

function printManagement(d: Dissection, start: number, length: number): boolean {
  least(length, 1);
  const bytes = d.u8(start);
  least(length - 1, bytes);
  const address = network(d, start + 1, bytes);
  d.out += `\n\t  Management Address length ${bytes}, ${address}`;
  const at = start + 1 + bytes;
  const left = length - 1 - bytes;
  least(left, 5);
  d.out += `\n\t  ${INTERFACES(d.u8(at))} Interface Numbering (${d.u8(at)}): ${d.u32(at + 1)}`;
  if (left === 5) return false;
  const oid = d.u8(at + 5);
  least(left - 5, 1 + oid);
  if (oid) {
    d.out += `\n\t  OID length ${oid}`;
    sayPadded(d, at + 6, oid);
  }
  return false;
}
