/** Fields by their places, in words. */

import { formatIpv6, formatMac, ipProtocolName } from '../../names/index.js';
import {
  addressesText,
  bitsOf,
  bitsText,
  hex,
  listed,
  lowBits,
  numbersText,
  rangesText,
} from './numbersText.js';
import { FRAGMENT_HEADER, IP6_HEADER, type Place } from './places.js';
import { complement, equal, membersOf, type Numbers, numbersWhere } from './sets.js';

/** Which end of a conversation a field is about. */
export type Side = 'source' | 'destination' | 'sender' | 'target';

/** A condition in words; with a side where the other side has the same field. */
export interface Condition {
  readonly side: Side | undefined;
  readonly text: string;
  /** Place in the sentence. */
  readonly order: number;
}

const plain = (text: string, order: number): Condition => ({ side: undefined, text, order });

// biome-ignore format: a table
const NUMBERS: Readonly<Record<string, string>> = {
  'ip4 0 1': 'version and header length byte', 'ip4 1 1': 'TOS', 'ip4 2 2': 'total length', 'ip4 4 2': 'identification',
  'ip4 8 1': 'TTL', 'ip4 10 2': 'header checksum', 'ip6 4 2': 'payload length', 'ip6 7 1': 'hop limit',
  'arp 0 2': 'hardware type', 'arp 2 2': 'protocol type', 'arp 6 2': 'operation',
  'tcp 4 4': 'sequence number', 'tcp 8 4': 'acknowledgment number', 'tcp 12 1': 'data offset byte', 'tcp 14 2': 'window',
  'udp 4 2': 'UDP length', 'udp 6 2': 'checksum', 'icmp 0 1': 'ICMP type', 'icmp 1 1': 'ICMP code',
  'ipv6-icmp 0 1': 'ICMPv6 type', 'ipv6-icmp 1 1': 'ICMPv6 code',
};
const SIDES: Readonly<Record<string, readonly [Side, 'address' | 'port']>> = {
  'ip4 12 4': ['source', 'address'],
  'ip4 16 4': ['destination', 'address'],
  'arp 14 4': ['sender', 'address'],
  'arp 24 4': ['target', 'address'],
};
const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** The names of TCP's flags. */
const flagNames = (bits: number): string =>
  listed(
    TCP_FLAGS.filter((_, bit) => (bits & (1 << bit)) !== 0),
    'and',
  );

/** The offset behind the header that says the protocol; -1 for fields that are in it. */
export const transportOffset = ({ region, offset }: Place): number =>
  region.behindIp4 ? offset : region.network === 'ip6' && offset >= IP6_HEADER ? offset - IP6_HEADER : -1;

/** @param protocols - What the packet carries, where that is known. */
export function conditionOf(place: Place, set: Numbers, protocols: Numbers | undefined): Condition {
  const { region, offset, size, most } = place;
  const order = offset + (transportOffset(place) >= 0 ? 100 : 0);
  const behind = transportOffset(place);
  if (behind >= 0) return transportCondition(place, behind, set, protocols, order);
  // The first bytes of an address are a network.
  const start = region.network === 'ip4' && (offset === 12 || offset === 16) ? 4 : size;
  const scale = 256 ** (start - size);
  const addresses = set.map((end, index) => end * scale + (index % 2 === 1 ? scale - 1 : 0));
  const side = SIDES[`${region.network} ${offset} ${start}`];
  if (side !== undefined) return { side: side[0], text: `${side[1]} ${addressesText(addresses)}`, order: 50 };
  if (region.network === 'frame' && offset === 0 && size <= 2 && isGroup(set, size))
    return plain('to an Ethernet group address', 0);
  const words = region.network === 'ip4' && offset === 0 && size === 1 ? lowBits(set, 0xf, most) : undefined;
  if (words !== undefined) return plain(`header length ${numbersText(words, 0xf)} words`, order);
  const name = NUMBERS[`${region.network} ${offset} ${size}`];
  if (name !== undefined) return plain(`${name} ${numbersText(set, most)}`, order);
  return plain(
    `${bytesText(region.network === 'frame' ? 'the frame' : (HEADERS[region.network] ?? 'the payload'), offset, size)} ${valueText(set, most, size)}`,
    order,
  );
}

const HEADERS: Readonly<Record<string, string>> = {
  ip4: 'the IPv4 header',
  ip6: 'the IPv6 header',
  arp: 'ARP',
};

const bytesText = (where: string, offset: number, size: number): string =>
  size === 1 ? `byte ${offset} of ${where}` : `bytes ${offset} to ${offset + size - 1} of ${where}`;

/** `is 0x5`, `have bits 0x3 set`. */
function valueText(set: Numbers, most: number, size: number): string {
  const text = numbersText(set, most, hex);
  return text.startsWith('with')
    ? text.replace(/^with/, size === 1 ? 'has' : 'have')
    : `${size === 1 ? 'is' : 'are'} ${text}`;
}

const isGroup = (set: Numbers, size: number): boolean =>
  equal(
    set,
    numbersWhere(2 ** (8 * size) - 1, (it) => (Math.floor(it / 2 ** (8 * size - 8)) & 1) === 1),
  );

function transportCondition(
  { size, most }: Place,
  offset: number,
  set: Numbers,
  protocols: Numbers | undefined,
  order: number,
): Condition {
  const members = protocols === undefined ? undefined : membersOf(protocols, 8);
  const hasPorts = members?.every((protocol) => WITH_PORTS.has(protocol)) ?? false;
  if (hasPorts && size === 2 && offset <= 2)
    return { side: offset === 0 ? 'source' : 'destination', text: `port ${numbersText(set, most)}`, order };
  const name = members?.length === 1 ? (ipProtocolName(members[0]!) ?? `${members[0]}`) : '';
  if (name === 'tcp' && offset === 13 && size === 1) return plain(`flags ${flagsText(set)}`, order);
  const known = NUMBERS[`${name} ${offset} ${size}`];
  if (known !== undefined) return plain(`${known} ${numbersText(set, most)}`, order);
  const where = name === '' ? 'what it carries' : protocolText(members![0]!);
  return plain(`${bytesText(where, offset, size)} ${valueText(set, most, size)}`, order);
}

function flagsText(set: Numbers): string {
  const members = membersOf(set, 4);
  if (members?.length === 1) return members[0] === 0 ? 'none set' : `exactly ${flagNames(members[0]!)}`;
  const bits = bitsOf(set, 0xff);
  if (bits !== undefined) return bitsText(bits, flagNames);
  if (members !== undefined) return `exactly ${listed(members.map(flagNames))}`;
  return numbersText(set, 0xff, hex);
}

/** Protocols as people write them. */
// biome-ignore format: a table
const PROTOCOLS: Readonly<Record<string, string>> = {
  'ipv6-icmp': 'ICMPv6', udplite: 'UDP-Lite', 'ipv6-frag': 'fragments', ipv6: 'IPv6 in it', ipencap: 'IPv4 in it',
  'ipv6-route': 'routing headers', 'ipv6-opts': 'destination options', 'ipv6-nonxt': 'nothing',
};

function protocolText(protocol: number): string {
  const name = ipProtocolName(protocol);
  if (name === undefined) return `protocol ${protocol}`;
  return PROTOCOLS[name] ?? name.toUpperCase();
}

/** Of what an IP packet carries. `undefined`: anything. */
export function protocolsText(set: Numbers, fragment: boolean): string {
  const others = complement(set, 0xff);
  const text =
    others.length < set.length || (set[0] === 0 && set.at(-1) === 255)
      ? `protocols other than ${rangesText(others, protocolText).replaceAll(' or ', ' and ')}`
      : rangesText(set, protocolText);
  return fragment && set.length === 2 && set[0] === FRAGMENT_HEADER ? 'fragments' : text;
}

// biome-ignore format: a table
const ETHER_TYPES: Readonly<Record<number, string>> = {
  2048: 'IPv4', 34525: 'IPv6', 2054: 'ARP', 32821: 'RARP', 34887: 'MPLS', 34888: 'MPLS multicast', 34915: 'PPPoE discovery',
  34916: 'PPPoE sessions', 35020: 'LLDP', 34825: 'slow protocols', 24579: 'DECnet', 32923: 'AppleTalk', 33011: 'AARP',
  33079: 'IPX', 33024: 'VLAN 0x8100', 34984: 'VLAN 0x88a8', 37120: 'VLAN 0x9100', 25944: 'transparent Ethernet bridging',
};
const etherType = (type: number): string => ETHER_TYPES[type] ?? `EtherType ${hex(type)}`;
const LENGTHS: Numbers = [0, 1500];

/** What frames carry. */
export function etherTypesText(set: Numbers): string {
  if (equal(set, LENGTHS)) return 'frames with a length in place of an EtherType';
  if (equal(set, complement(LENGTHS, 0xffff))) return 'frames with an EtherType';
  const others = complement(set, 0xffff);
  if (others.length < set.length || (set[0] === 0 && set.at(-1) === 0xffff))
    return `frames with EtherTypes other than ${rangesText(others, etherType).replaceAll(' or ', ' and ')}`;
  return rangesText(set, etherType);
}

/** Bytes of an address that is asked for in parts, with where each lies; `undefined` for what is no whole address. */
export function addressOf(
  parts: readonly { readonly offset: number; readonly size: number; readonly set: Numbers }[],
  start: number,
  length: 6 | 16,
): string | undefined {
  const bytes = new Uint8Array(length);
  let reached = start;
  let prefix = 8 * length;
  for (const { offset, size, set } of parts) {
    if (offset !== reached || set.length !== 2 || prefix < 8 * length) return undefined;
    const [low, high] = [set[0]!, set[1]!];
    const free = Math.log2(high - low + 1);
    if (!Number.isInteger(free) || low % (high - low + 1) !== 0) return undefined;
    for (let i = 0; i < size; i++) bytes[offset - start + i] = (low / 256 ** (size - 1 - i)) & 0xff;
    reached += size;
    if (free > 0) prefix = 8 * (reached - start) - free;
  }
  const isWhole = reached === start + length;
  if (!isWhole && prefix === 8 * length) prefix = 8 * (reached - start);
  if (length === 6) return isWhole && prefix === 48 ? formatMac(bytes) : undefined;
  const words = [0, 4, 8, 12].map((at) => new DataView(bytes.buffer).getUint32(at));
  const text = formatIpv6(words as unknown as Parameters<typeof formatIpv6>[0]);
  return prefix === 128 ? text : `${text}/${prefix}`;
}
