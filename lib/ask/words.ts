/** Regions of packets in words: the protocols of one packet of it, and what the path to it demands. */

import { decode } from '../dissect/index.js';
import { formatIpv4 } from '../names/index.js';
import type { Fact, Facts, Values } from '../optimize/index.js';
import { Packet } from '../savefile/index.js';
import { type Constraint, constraintsOf, readNumber } from './constraints.js';

/** The parts of a sentence about a region. */
export interface RegionWords {
  /** `TCP`, or the innermost protocol that is known. */
  readonly protocol: string;
  /** What it is over, inside out. */
  readonly over: readonly string[];
  readonly conditions: readonly string[];
}

/** Names of protocols as people write them; of the others the capitals. */
const NAMES: Readonly<Record<string, string>> = {
  eth: 'Ethernet',
  ip: 'IPv4',
  ipv6: 'IPv6',
  icmpv6: 'ICMPv6',
  vlan: 'VLAN',
  ieee8021ad: 'VLAN',
  pppoes: 'PPPoE',
  geneve: 'Geneve',
};
/** Layers that go without saying, or say nothing of what a filter tests. */
const SILENT: ReadonlySet<string> = new Set([
  'eth',
  'frame',
  'data',
  'llc',
  'ppp',
  'ethertype',
  'sll',
  'null',
  'ipv6.fraghdr',
]);

type Format = (value: number) => string;
const decimal: Format = String;
const hex: Format = (value) => `0x${value.toString(16)}`;

interface Known {
  readonly name: string;
  readonly format: Format;
}

/** Fields that have a name here: protocol, offset in its header, size. */
const FIELDS: ReadonlyMap<string, Known | 'implied'> = new Map<string, Known | 'implied'>([
  ['eth 12 2', 'implied'],
  ['sll 14 2', 'implied'],
  ['vlan 2 2', 'implied'],
  ['ieee8021ad 2 2', 'implied'],
  ['ip 0 1', 'implied'],
  ['ip 9 1', 'implied'],
  ['ip 6 2', 'implied'], // no fragment but the first
  ['ip 12 4', { name: 'source', format: formatIpv4 }],
  ['ip 16 4', { name: 'destination', format: formatIpv4 }],
  ['ip 8 1', { name: 'TTL', format: decimal }],
  ['ip 2 2', { name: 'length', format: decimal }],
  ['ipv6 6 1', 'implied'],
  ['ipv6.fraghdr 0 1', 'implied'],
  ['ipv6 7 1', { name: 'hop limit', format: decimal }],
  ['arp 14 4', { name: 'sender', format: formatIpv4 }],
  ['arp 24 4', { name: 'target', format: formatIpv4 }],
  ...['tcp', 'udp', 'sctp'].flatMap((protocol): [string, Known][] => [
    [`${protocol} 0 2`, { name: 'source port', format: decimal }],
    [`${protocol} 2 2`, { name: 'destination port', format: decimal }],
  ]),
  ['tcp 13 1', { name: 'flags', format: hex }],
  ['icmp 0 1', { name: 'type', format: decimal }],
  ['icmp 1 1', { name: 'code', format: decimal }],
  ['icmpv6 0 1', { name: 'type', format: decimal }],
]);

/** Ranges told of one field. */
const MOST_TOLD = 4;

/** What is demanded of the packets of a region, one of which is given. */
export function regionWords(values: Values, facts: Facts, packet: Uint8Array, linkType: number): RegionWords {
  const source = { linkType, snapLength: packet.length, timestampUnit: 1e-6 };
  const { layers } = decode(new Packet(packet, packet.length, 0, 0, source));
  const constraints = constraintsOf(values, facts, packet);
  const names = layers
    .filter((layer, place) => isDemanded(layer, layers[place - 1], constraints))
    .map(({ protocol }) => protocol as string)
    .filter((name) => !SILENT.has(name))
    .map((name) => NAMES[name] ?? name.toUpperCase());
  const [protocol = 'any protocol', ...over] = names.toReversed();
  const conditions: string[] = [];
  for (const { at, size, fact } of constraints) {
    const layer = layers.findLast(
      ({ start, end, protocol: name }) => name !== 'data' && at >= start && at < end,
    );
    const known = FIELDS.get(`${layer?.protocol} ${at - (layer?.start ?? 0)} ${size}`);
    if (known === 'implied') continue;
    const told = toldOf(fact, size, known?.format ?? (size === 1 ? decimal : hex));
    const places = size === 1 ? `byte ${at}` : `bytes ${at} to ${at + size - 1}`;
    if (told !== undefined) conditions.push(`${known?.name ?? places} ${told}`);
    else if (known === undefined && fact.ones !== 0)
      conditions.push(`${places} with bits ${hex(readNumber(packet, at, size) & fact.ones)}`);
  }
  return { protocol, over, conditions };
}

interface Extent {
  readonly protocol: string;
  readonly start: number;
  readonly end: number;
}

/** Where a header names the one behind it. */
const SELECTORS: Readonly<Record<string, number>> = {
  ip: 9,
  ipv6: 6,
  eth: 12,
  vlan: 2,
  ieee8021ad: 2,
  sll: 14,
  pppoes: 6,
  'ipv6.fraghdr': 0,
};

/** Whether it is the path that wants this header, not only the packet that has it. */
function isDemanded(layer: Extent, outer: Extent | undefined, constraints: readonly Constraint[]): boolean {
  if (outer === undefined || constraints.some(({ at }) => at >= layer.start)) return true;
  const selector = outer.start + (SELECTORS[outer.protocol] ?? 0);
  return constraints.some(({ at, fact: { ranges } }) => at === selector && ranges[0] === ranges.at(-1));
}

/** The numbers, where they are few; a list of holes is no list of members. */
function toldOf({ ranges }: Fact, size: number, format: Format): string | undefined {
  const most = 256 ** size - 1;
  if (ranges.length > 2 * MOST_TOLD) return undefined;
  const isHoles = ranges[0] === 0 && Math.min(ranges.at(-1)!, most) === most;
  if (isHoles && ranges.length === 2) return undefined;
  const range = (low: number, high: number) =>
    low === high ? format(low) : `${format(low)} to ${format(high)}`;
  if (!isHoles) {
    const parts: string[] = [];
    for (let i = 0; i < ranges.length; i += 2) parts.push(range(ranges[i]!, Math.min(ranges[i + 1]!, most)));
    return parts.join(' or ');
  }
  const holes: string[] = [];
  for (let i = 1; i + 1 < ranges.length; i += 2) holes.push(range(ranges[i]! + 1, ranges[i + 1]! - 1));
  return `other than ${holes.join(' and ')}`;
}

interface Told {
  readonly matchedBy: 'first' | 'second';
  readonly words: RegionWords;
}

/** One region for all that are told alike, but for what they are over or which protocol they are. */
export function mergeRegions<R extends Told>(found: readonly R[]): (Omit<R, 'words'> & { words: string })[] {
  const regions = new Map<string, { readonly first: R; readonly over: Set<string> }>();
  for (const region of found) {
    const { protocol, over, conditions } = region.words;
    const key = `${region.matchedBy};${protocol};${conditions.join(', ')}`;
    const known = regions.get(key);
    if (known === undefined) regions.set(key, { first: region, over: new Set([over.join(' over ')]) });
    else known.over.add(over.join(' over '));
  }
  const byRest = new Map<
    string,
    { readonly first: R; readonly protocols: string[]; readonly over: string }
  >();
  for (const { first, over } of regions.values()) {
    const told = listed([...over].filter((name) => name !== ''));
    const key = `${first.matchedBy};${told};${first.words.conditions.join(', ')}`;
    const known = byRest.get(key);
    if (known === undefined) byRest.set(key, { first, protocols: [first.words.protocol], over: told });
    else known.protocols.push(first.words.protocol);
  }
  return [...byRest.values()].map(({ first, protocols, over }) => {
    const subject = `${listed(protocols)}${over === '' ? '' : ` over ${over}`}`;
    return { ...first, words: [subject, ...first.words.conditions].join(', ') };
  });
}

/** What is most usual first, whatever was found first. */
const USUAL = ['TCP', 'UDP', 'SCTP', 'IPv4', 'IPv6'];
const rank = (name: string): number => (USUAL.indexOf(name) + USUAL.length + 1) % (USUAL.length + 1);

function listed(found: readonly string[]): string {
  const names = found.toSorted((a, b) => rank(a) - rank(b));
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
