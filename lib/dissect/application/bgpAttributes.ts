/** Path attributes of BGP (RFC 4271 §4.3, RFC 4760, RFC 4360, RFC 6514, RFC 7311, RFC 8092 …). */

import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { printUnknown } from '../frame/hexdump.js';
import { bitNames, names } from '../frame/names.js';
import { bandwidth, hex2, hex4, hex8, hexBytes } from '../frame/text.js';
import { nsap } from '../network/osi.js';
import {
  asNumber,
  clnpPrefix,
  distinguisher,
  hasPathIds,
  labeled,
  layer2,
  multicastRoute,
  type Piece,
  prefix4,
  prefix6,
  targetPrefix,
  treePrefix,
  virtual,
} from './bgpPrefixes.js';

const NAMES = names(
  '1 Origin|AS Path|17 AS4 Path|3 Next Hop|Multi Exit Discriminator|Local Preference|Atomic Aggregate|Aggregator|18 Aggregator4|8 Community|Originator ID|Cluster List|DPA|Advertisers|RCID Path / Cluster ID|Multi-Protocol Reach NLRI|Multi-Protocol Unreach NLRI|Extended Community|22 PMSI Tunnel|Tunnel Encapsulation|Traffic Engineering|IPv6 Extended Community|Accumulated IGP Metric|PE Distinguisher Label|Entropy Label|32 Large Community|128 Attribute Set|255 Reserved for development',
);
/** Address families (RFC 4760 §10). */
export const FAMILIES = names(
  'Reserved|IPv4|IPv6|NSAP|HDLC|BBN 1822|802|E.163|E.164|F.69|X.121|Novell IPX|Appletalk|Decnet IV|Banyan Vines|E.164 with NSAP subaddress|196 Layer-2 VPN|25 VPLS',
);
export const SUBFAMILIES = names(
  'Reserved|Unicast|Multicast|Unicast+Multicast|labeled Unicast|64 Tunnel|VPLS|MDT|70 EVPN|128 labeled VPN Unicast|labeled VPN Multicast|labeled VPN Unicast+Multicast|132 Route Target Routing Information|5 Multicast VPN',
);

/** Those of an update. */
export function printAttributes(d: Dissection, start: number, length: number): void {
  walk(d, start, length, '\n\t  ', false, (type, at, size) => printAttribute(d, type, at, size, 0));
}

/** Goes over attributes; `nested` are those of an attribute set. Returns the bytes that it did not reach. */
function walk(
  d: Dissection,
  start: number,
  length: number,
  indent: string,
  nested: boolean,
  print: (type: number, at: number, size: number) => void,
): number {
  const end = start + length;
  const short = (at: number): number => {
    d.out += nested ? ' [path attr too short]' : `${indent}[path attrs too short]`;
    return end - at;
  };
  for (let at = start; at < end; ) {
    ask(d, at, 2);
    if (end - at < 2) return short(at);
    const [flags, type] = [d.u8(at), d.u8(at + 1)];
    at += 2;
    const wide = flags & 0x10 ? 2 : 1;
    ask(d, at, wide);
    if (end - at < wide) return short(at);
    const size = wide === 2 ? d.u16(at) : d.u8(at);
    at += wide;
    d.out += `${indent}${NAMES(type, 'Unknown Attribute')} (${type}), length: ${size}`;
    if (flags) {
      d.out += `, Flags [${flags & 0x80 ? 'O' : ''}${flags & 0x40 ? 'T' : ''}${flags & 0x20 ? 'P' : ''}${flags & 0x10 ? 'E' : ''}`;
      d.out += `${flags & 15 ? `+${(flags & 15).toString(16)}` : ''}]${nested ? '' : ': '}`;
    }
    if (nested) d.out += ': ';
    if (end - at < size) {
      d.out += ` [path attr${nested ? '' : 's'} too short]`;
      return end - at;
    }
    print(type, at, size);
    at += size;
  }
  return 0;
}

function printAttribute(d: Dissection, type: number, at: number, size: number, level: number): void {
  let left = size;
  const print = PRINT[type];
  if (print === undefined) {
    ask(d, at, size);
    d.out += `\n\t    no Attribute ${type} decoder`;
    if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t    ');
  } else {
    const used = print(d, at, size, level);
    if (typeof used === 'number') left = used;
  }
  if (d.verbosity > 1 && left > 0) {
    ask(d, at, left);
    printUnknown(d, at, left, '\n\t    ');
  }
}

const WRONG = 'invalid len';
/** Prints a value; a number is what is left of it to be shown as bytes. */
type Print = (d: Dissection, at: number, size: number, level: number) => unknown;

/** A value of one length, or a list of values of one length. */
const sized =
  (fits: (size: number) => boolean, words: (d: Dissection, at: number, size: number) => string): Print =>
  (d, at, size) => {
    if (fits(size)) d.out += words(d, at, size);
    else {
      d.out += WRONG;
      return WRONG;
    }
    return undefined;
  };
const is =
  (...sizes: number[]) =>
  (size: number): boolean =>
    sizes.includes(size);
const times = (n: number) => (size: number) => size % n === 0;

const address = sized(is(4), (d, at) => d.ip4(at));
const number = sized(is(4), (d, at) => `${d.u32(at)}`);
const ORIGINS = ['IGP', 'EGP', 'Incomplete'];
const ATTRIBUTE_SET = 128;
const aggregator = (d: Dissection, at: number, size: number): string =>
  ` AS #${size === 6 ? d.u16(at) : asNumber(d, at)}, origin ${d.ip4(at + size - 4)}`;
const WELL_KNOWN: Readonly<Record<number, string>> = {
  4294967041: ' NO_EXPORT',
  4294967042: ' NO_ADVERTISE',
  4294967043: ' NO_EXPORT_SUBCONFED',
};

const PRINT: Readonly<Record<number, Print>> = {
  1: sized(is(1), (d, at) => ORIGINS[d.u8(at)] ?? 'Unknown Origin Typecode'),
  2: (d, at, size) => printPath(d, at, size, false),
  3: address,
  4: number,
  5: number,
  6: sized(is(0), () => ''),
  7: sized(is(6, 8), (d, at, size) => {
    ask(d, at, size);
    return aggregator(d, at, size);
  }),
  8: (d, at, size) => {
    if (size % 4) d.out += WRONG;
    for (let i = 0; i < size && size % 4 === 0; i += 4) {
      ask(d, at + i, 4);
      const community = d.u32(at + i);
      d.out +=
        WELL_KNOWN[community] ?? `${community >>> 16}:${community & 0xffff}${i + 4 < size ? ', ' : ''}`;
    }
  },
  9: address,
  10: (d, at, size) => {
    if (size % 4) d.out += WRONG;
    for (let i = 0; i < size && size % 4 === 0; i += 4)
      d.out += `${d.ip4(at + i)}${i + 4 < size ? ', ' : ''}`;
  },
  14: printReachable,
  15: printUnreachable,
  16: (d, at, size) => {
    if (size % 8) d.out += WRONG;
    for (let i = 0; i < size && size % 8 === 0; i += 8) printExtended(d, at + i);
  },
  17: (d, at, size) => printPath(d, at, size, true),
  18: sized(is(8), aggregator),
  22: printTunnel,
  26: printMetric,
  32: (d, at, size) => {
    if (size === 0 || !times(12)(size)) {
      d.out += WRONG;
      return WRONG;
    }
    d.out += '\n\t    ';
    for (let i = 0; i < size; i += 12)
      d.out += `${d.u32(at + i)}:${d.u32(at + i + 4)}:${d.u32(at + i + 8)}${i + 12 < size ? ', ' : ''}`;
    return 0;
  },
  [ATTRIBUTE_SET]: (d, at, size, level) => {
    ask(d, at, 4);
    if (size < 4) throw ENDS_EARLY;
    d.out += `\n\t    Origin AS: ${asNumber(d, at)}`;
    return walk(d, at + 4, size - 4, '\n\t      ', true, (type, inner, length) => {
      if (level === 10) d.out += '(too many nested levels, not recursing)';
      else printAttribute(d, type, inner, length, level + 1);
    });
  },
};

const OPENS = ['?', '{ ', '', '( ', '({ '];
const CLOSES = ['?', '}', '', ')', '})'];

/** Nothing tells of how many bytes numbers of systems are: two, if the segments come out even. */
function isWide(d: Dissection, start: number, size: number): boolean {
  let at = start;
  while (at < start + size) {
    const kind = d.u8(at);
    if (kind < 1 || kind > 4) return true;
    at += 2 + d.u8(at + 1) * 2;
  }
  return at !== start + size;
}

function printPath(d: Dissection, start: number, size: number, wide: boolean): void {
  if (size % 2) d.out += WRONG;
  else if (size === 0) d.out += 'empty';
  else {
    const bytes = wide || isWide(d, start, size) ? 4 : 2;
    for (let at = start; at < start + size; ) {
      const kind = d.u8(at);
      d.out += OPENS[kind] ?? '?';
      const count = d.u8(at + 1);
      for (let i = 0; i < count; i++) {
        const place = at + 2 + i * bytes;
        ask(d, place, bytes);
        d.out += `${bytes === 2 ? d.u16(place) : asNumber(d, place)} `;
      }
      d.out += CLOSES[kind] ?? '?';
      at += 2 + count * bytes;
    }
  }
}

/** How prefixes of a family are written, and the kind of their next hop. */
type Decoder = (d: Dissection, at: number, left: number) => Piece | undefined | null;
interface Family {
  readonly decode: Decoder;
  readonly hop: 4 | 16 | 'nsap';
  readonly distinguished?: boolean;
  readonly paths?: 32 | 128;
}
const unicast4: Family = { decode: prefix4, hop: 4, paths: 32 };
const unicast6: Family = { decode: prefix6, hop: 16, paths: 128 };
const vpn4: Family = { decode: (d, at) => virtual(d, at, 4), hop: 4, distinguished: true };
const vpn6: Family = { decode: (d, at) => virtual(d, at, 6), hop: 16, distinguished: true };
const osi: Family = { decode: clnpPrefix, hop: 'nsap' };
const vpnOsi: Family = { decode: (d, at) => virtual(d, at, 'nsap'), hop: 'nsap', distinguished: true };
const link: Family = { decode: layer2, hop: 4 };
/** By address family, times 256, and subsequent identifier. */
// biome-ignore format: a table
const DECODERS: Readonly<Record<number, Family>> = {
  257: unicast4, 258: unicast4, 259: unicast4, 260: { decode: (d, at, left) => labeled(d, at, left, false), hop: 4 },
  261: { decode: multicastRoute, hop: 4 }, 322: { decode: treePrefix, hop: 4 }, 384: vpn4, 385: vpn4, 386: vpn4,
  388: { decode: targetPrefix, hop: 4 }, 513: unicast6, 514: unicast6, 515: unicast6,
  516: { decode: (d, at, left) => labeled(d, at, left, true), hop: 16 }, 640: vpn6, 641: vpn6, 642: vpn6,
  769: osi, 770: osi, 771: osi, 896: vpnOsi, 897: vpnOsi, 898: vpnOsi, 6465: link, 50304: link, 50305: link,
  50306: link,
};

/** Says the family; `undefined` where its prefixes cannot be read. */
function familyOf(d: Dissection, at: number, size: number): Family | undefined {
  const [afi, safi] = [d.u16(at), d.u8(at + 2)];
  d.out += `\n\t    AFI: ${FAMILIES(afi, 'Unknown AFI')} (${afi}), ${safi > 128 ? 'vendor specific ' : ''}SAFI: ${SUBFAMILIES(safi, 'Unknown SAFI')} (${safi})`;
  const found = DECODERS[afi * 256 + safi];
  if (found !== undefined) return found;
  ask(d, at, size);
  d.out += `\n\t    no AFI ${afi} / SAFI ${safi} decoder`;
  if (d.verbosity <= 1) printUnknown(d, at, size, '\n\t    ');
  return undefined;
}

function printReachable(d: Dissection, start: number, size: number): void {
  ask(d, start, 3);
  if (size < 3) throw ENDS_EARLY;
  const found = familyOf(d, start, size);
  if (found === undefined) return;
  const end = start + size;
  let at = start + 3;
  ask(d, at, 1);
  const octet = (): number => {
    if (at >= end) throw ENDS_EARLY;
    return d.u8(at++);
  };
  const length = octet();
  if (length > 0) {
    if (end - at < length) throw ENDS_EARLY;
    d.out += '\n\t    nexthop: ';
    printNextHops(d, at, length, found);
    at += length;
  }
  d.out += `, nh-length: ${length}`;
  const points = octet();
  if (points === 0) d.out += ', no SNPA';
  else d.out += `\n\t    ${points} SNPA`;
  for (let i = 0; i < points; i++) {
    const bytes = octet();
    d.out += `\n\t      ${bytes} bytes`;
    if (end - at < bytes) throw ENDS_EARLY;
    ask(d, at, bytes);
    at += bytes;
  }
  printPrefixes(d, found, at, end, size);
}

function printNextHops(d: Dissection, start: number, length: number, { hop, distinguished }: Family): void {
  const before = distinguished ? 8 : 0;
  for (let at = start; at < start + length; ) {
    const left = start + length - at;
    if (at > start) d.out += ', ';
    const size = hop === 'nsap' ? left : before + hop;
    if (left < size || left < before + 1) {
      d.out += WRONG;
      return;
    }
    if (distinguished) {
      if (hop === 'nsap') ask(d, at, left);
      d.out += `RD: ${distinguisher(d, at)}, `;
    }
    const place = at + before;
    d.out += hop === 4 ? d.ip4(place) : hop === 16 ? d.ip6(place) : nsap(d, place, left - before);
    if (hop === 'nsap' && distinguished) {
      if (d.u32(place) === 0x47000601) d.out += ` = ${d.ip4(place + 4)}`;
      else if (d.u24(place) === 0x350000) d.out += ` = ${d.ip6(place + 3)}`;
    }
    at += size;
  }
}

/** `size` is the attribute's, which tcpdump takes for what is left at each prefix. */
function printPrefixes(
  d: Dissection,
  { decode, paths }: Family,
  start: number,
  end: number,
  size: number,
): void {
  const identified = paths !== undefined && hasPathIds(d, start, end - start, paths);
  for (let at = start; at < end; ) {
    let path = '';
    if (identified) {
      path = `   Path Id: ${d.u32(at)}`;
      at += 4;
    }
    const found = decode(d, at, size);
    if (found === null) return;
    if (found === undefined) {
      d.out += `\n\t    ${decode === targetPrefix ? '  ' : ''}(illegal prefix length)${path}`;
      if (!identified) return;
      at -= 1;
      continue;
    }
    d.out += `\n\t      ${found.text}${path}`;
    at += found.size;
  }
}

function printUnreachable(d: Dissection, at: number, size: number): void {
  ask(d, at, 3);
  const found = familyOf(d, at, size);
  if (found === undefined) return;
  if (size === 3) d.out += '\n\t      End-of-Rib Marker (empty NLRI)';
  printPrefixes(d, found, at + 3, at + size, size);
}

const COMMUNITIES = names(
  '2 target|0x102 target|0x202 target|3 origin|0x103 origin|0x203 origin|0x4004 link-BW|5 ospf-domain|0x105 ospf-domain|0x205 ospf-domain|0x8005 ospf-domain|0x306 ospf-route-type|0x8000 ospf-route-type|0x30c encapsulation|0x107 ospf-router-id|0x8001 ospf-router-id|0x800a layer2-info|0x8800 eigrp-general-route (flag, tag)|eigrp-route-metric (AS, delay)|eigrp-route-metric (reliability, nexthop, bandwidth)|eigrp-route-metric (load, MTU)|eigrp-external-route (remote-AS, remote-ID)|eigrp-external-route (remote-proto, remote-metric)|9 source-AS|0x10b vrf-route-import|10 l2vpn-id|0xf10a l2vpn-id',
);
const COMMUNITY_FLAGS = bitNames('0x8000 vendor-specific|0x4000 non-transitive');
const OSPF_ROUTES = names('1 Router|Network|Summary|5 External|7 NSSA External|129 MPLS-VPN Sham');
const TUNNELS = names(
  '1 L2TPv3 over IP|GRE|Transmit Tunnel|IPsec|IP in IP with IPsec|MPLS in IP with IPsec|IP in IP|VXLAN|NVGRE|MPLS|MPLS in GRE|VXLAN GPE|MPLS in UDP|IPv6|SR TE|Bare|SR',
  'unknown encaps',
);
/** Encapsulations of layer 2 (RFC 6624 §7). */
const LAYER2 = names(
  'Reserved|Frame Relay|ATM AAL5 SDU VCC transport|ATM transparent cell transport|Ethernet (VLAN) Tagged Mode|Ethernet Raw Mode|Cisco HDLC|PPP|SONET/SDH Circuit Emulation Service over MPLS|ATM n-to-one VCC cell transport|ATM n-to-one VPC cell transport|IP layer 2 transport|15 Frame Relay Port mode|17 Structure-agnostic E1 over packet|Structure-agnostic T1 (DS1) over packet|VPLS|Structure-agnostic T3 (DS3) over packet|Nx64kbit/s Basic Service using Structure-aware|25 Frame Relay DLCI|40 Structure-agnostic E3 over packet|Octet-aligned playload for Structure-agnostic DS1 circuits|E1 Nx64kbit/s with CAS using Structure-aware|DS1 (ESF) Nx64kbit/s with CAS using Structure-aware|DS1 (SF) Nx64kbit/s with CAS using Structure-aware',
  'unknown encaps',
);

function printExtended(d: Dissection, at: number): void {
  ask(d, at, 2);
  const kind = d.u16(at);
  d.out += `\n\t    ${COMMUNITIES(kind, 'unknown extd community typecode')} (0x${hex4(kind)}), Flags [${COMMUNITY_FLAGS(kind)}]`;
  ask(d, at, 8);
  d.out += `: ${extended(d, kind, at)}`;
}

function extended(d: Dissection, kind: number, at: number): string {
  switch (kind) {
    case 0x0002:
    case 0x0003:
    case 0x000a:
      return `${d.u16(at + 2)}:${d.u32(at + 4)} (= ${d.ip4(at + 4)})`;
    case 0x0102:
    case 0x0103:
    case 0x010b:
    case 0xf10a:
      return `${d.ip4(at + 2)}:${d.u16(at + 6)}`;
    case 0x0202:
    case 0x0203:
      return `${asNumber(d, at + 2)}:${d.u16(at + 6)}`;
    case 0x4004:
      return `bandwidth: ${bandwidth(d, at + 4)}`;
    case 0x0005:
    case 0x0105:
    case 0x0205:
    case 0x8005:
    case 0x0107:
    case 0x8001:
      return d.ip4(at + 2);
    case 0x0306:
    case 0x8000: {
      const route = d.u8(at + 6);
      const metric = `${d.u8(at + 7) & 1 ? 'E2' : ''}${route === 5 || route === 7 ? 'E1' : ''}`;
      return `area:${d.ip4(at + 2)}, router-type:${OSPF_ROUTES(route, `unknown (0x${hex2(route)})`)}, metric-type:${metric}`;
    }
    case 0x800a:
      return `${LAYER2(d.u8(at + 2))} Control Flags [0x${hex2(d.u8(at + 3))}]:MTU ${d.u16(at + 4)}`;
    case 0x0009:
      return `AS ${d.u16(at + 2)}`;
    case 0x030c:
      return `Tunnel type: ${TUNNELS(d.u16(at + 6))}`;
    default:
      return hexBytes(d, at + 2, 6);
  }
}

const TREES = names(
  '1 RSVP-TE P2MP LSP|LDP P2MP LSP|PIM-SSM Tree|PIM-SM Tree|PIM-Bidir Tree|Ingress Replication|LDP MP2MP LSP',
);
/** RFC 6514 §5. */
function printTunnel(d: Dissection, at: number, size: number): void {
  ask(d, at, 5);
  if (size < 5) throw ENDS_EARLY;
  const [flags, kind] = [d.u8(at), d.u8(at + 1)];
  d.out += `\n\t    Tunnel-type ${TREES(kind)} (${kind}), Flags [${flags & 1 ? 'Leaf Information required' : 'none'}], MPLS Label ${d.u24(at + 2) >> 4}`;
  const value = at + 5;
  const line = '\n\t      ';
  if (kind === 4 || kind === 5) d.out += `${line}Sender ${d.ip4(value)}, P-Group ${d.ip4(value + 4)}`;
  else if (kind === 3) d.out += `${line}Root-Node ${d.ip4(value)}, P-Group ${d.ip4(value + 4)}`;
  else if (kind === 6) d.out += `${line}Tunnel-Endpoint ${d.ip4(value)}`;
  else if (kind === 2 || kind === 7)
    d.out += `${line}Root-Node ${d.ip4(value)}, LSP-ID 0x${hex8(d.u32(value + 4))}`;
  else if (kind === 1)
    d.out += `${line}Extended-Tunnel-ID ${d.ip4(value)}, P2MP-ID 0x${hex8(d.u32(value + 4))}`;
  else if (d.verbosity <= 1) printUnknown(d, value, size - 5, line);
}

/** RFC 7311 §3. */
function printMetric(d: Dissection, start: number, size: number): void {
  for (let at = start; start + size - at >= 3; ) {
    const [type, length] = [d.u8(at), d.u16(at + 1)];
    d.out += `\n\t    ${type === 1 ? 'AIGP' : 'Unknown'} TLV (${type}), length ${length}`;
    if (length < 3 || start + size - at < length || (type === 1 && length < 11)) throw ENDS_EARLY;
    if (type === 1) d.out += `, metric ${d.u64(at + 3)}`;
    else if (d.verbosity <= 1) printUnknown(d, at + 3, length - 3, '\n\t      ');
    at += length;
  }
}
