/** Cases as clauses of a sentence, and clauses that say the same of two things made one. */

import type { Subject } from './build.js';
import type { Case, Demand } from './cases.js';
import {
  addressOf,
  type Condition,
  conditionOf,
  etherTypesText,
  protocolsText,
  type Side,
  transportOffset,
} from './fields.js';
import { lowBits, numbersText } from './numbersText.js';
import { FRAGMENT_HEADER, IP6_HEADER, type Place } from './places.js';
import { complement, equal, type Numbers, numbersWhere } from './sets.js';

/** A clause: what kind of packets, and what holds of them. */
export interface Clause {
  /** What lies outside, from the outside in: tags. */
  readonly tags: readonly string[];
  /** Networks, as `IPv4`; none where nothing is said of it. */
  readonly networks: readonly string[];
  /** What the network carries. */
  readonly protocols: string;
  /** Of IPv6: a fragment header lies before what is asked. */
  readonly fragment: 'no' | 'yes' | 'either';
  readonly conditions: readonly Condition[];
  /** Only IPv4 packets that are no later fragments. */
  readonly isFirst: boolean;
  /** Whether fields behind the header of IPv4, or of IPv6, are asked for. */
  readonly isBehindIp4: boolean;
  readonly isBehindIp6: boolean;
}

/** Numbers of the flags and the fragment offset of IPv4 (RFC 791): whether a fragment comes first. */
const FIRST = numbersWhere(0xffff, (it) => (it & 0x1fff) === 0);
const LATER = complement(FIRST, 0xffff);
const FRAGMENTS = numbersWhere(0xffff, (it) => (it & 0x3fff) !== 0);
const WHOLE = complement(FRAGMENTS, 0xffff);
const FRAGMENT_FIELD = 6;

type PlaceDemand = Demand & { readonly place: Place };

const isNetwork = (place: Place, network: string, offset: number, size: number): boolean =>
  place.region.network === network &&
  !place.region.behindIp4 &&
  !(place.region.isFragment && offset >= IP6_HEADER) &&
  place.offset === offset &&
  place.size === size;

/** Whether it is where its own context looks for the EtherType: `not vlan and ip` looks in other places. */
const isEtherType = ({ region, offset, size }: Place): boolean =>
  region.network === 'frame' && size === 2 && offset === region.at;
const isProtocol = (place: Place): boolean => isNetwork(place, 'ip4', 9, 1) || isNetwork(place, 'ip6', 6, 1);

/** Whether a demand gives another one its meaning. */
export function needsFor(subjects: ReadonlyMap<number, Subject>): (demand: Demand, by: Demand) => boolean {
  const placeOf = ({ variable }: Demand): Place | undefined => {
    const subject = subjects.get(variable.rank);
    return subject?.kind === 'place' ? subject.place : undefined;
  };
  return (demand, by) => {
    const [place, other] = [placeOf(demand), placeOf(by)];
    if (place === undefined || other === undefined || place === other) return false;
    if (isEtherType(place)) {
      if (other.region.network === 'frame') return other.offset > place.offset;
      return other.region.at >= place.offset;
    }
    return isProtocol(place) && transportOffset(other) >= 0;
  };
}

/** A case as a clause. */
export function clauseOf(one: Case, subjects: ReadonlyMap<number, Subject>, expression: string): Clause {
  const places: PlaceDemand[] = [];
  const conditions: Condition[] = [];
  for (const demand of one) {
    const subject = subjects.get(demand.variable.rank)!;
    if (subject.kind === 'place') places.push({ ...demand, place: subject.place });
    else if (subject.kind === 'length')
      conditions.push({
        side: undefined,
        text: `length on the wire ${numbersText(demand.set, 0xffff_ffff)}`,
        order: 900,
      });
    else {
      const words = expression.slice(subject.span.start, subject.span.end).replace(/\s+/g, ' ');
      conditions.push({
        side: undefined,
        text: `${demand.set[0] === 1 ? '' : 'not '}“${words}”`,
        order: 1000,
      });
    }
  }
  const types = places.filter(({ place }) => isEtherType(place));
  const last = types.at(-1);
  const protocol = places.find(({ place }) => isProtocol(place));
  const inFragment = places.find(({ place }) => isNetworkFragmentNext(place));
  const isFragment =
    protocol !== undefined &&
    equal(protocol.set, [FRAGMENT_HEADER, FRAGMENT_HEADER]) &&
    inFragment !== undefined;
  const carried = isFragment ? inFragment : protocol;
  const taken = new Set<Demand>([
    ...types,
    ...(protocol ? [protocol] : []),
    ...(isFragment ? [inFragment] : []),
  ]);
  const fragmentField = places.find(({ place }) => isNetwork(place, 'ip4', FRAGMENT_FIELD, 2));
  const tags = tagsOf(types, places, taken);
  const isTransport = places.some(({ place }) => place.region.behindIp4);
  let isFirst = false;
  if (fragmentField !== undefined) {
    taken.add(fragmentField);
    // Of what lies in the IPv4 header itself it is a condition like others.
    isFirst = isTransport && equal(fragmentField.set, FIRST);
    if (!isFirst) conditions.push(fragmentCondition(fragmentField.set));
  }
  conditions.push(...wholeAddresses(places, taken));
  for (const demand of places)
    if (!taken.has(demand)) conditions.push(conditionOf(demand.place, demand.set, carried?.set));
  const isTagOnly = last !== undefined && tags.length > 0 && isTagType(last.set);
  return {
    tags,
    networks: last === undefined || isTagOnly ? [] : [etherTypesText(last.set)],
    protocols: carried === undefined ? '' : protocolsText(carried.set, isFragment),
    fragment: isFragment ? 'yes' : 'no',
    conditions: conditions.sort((a, b) => a.order - b.order || (a.text < b.text ? -1 : 1)),
    isFirst,
    isBehindIp4: isTransport,
    isBehindIp6: places.some(
      ({ place }) =>
        place.region.network === 'ip6' && transportOffset(place) >= 0 && !isNetworkFragmentNext(place),
    ),
  };
}

const isNetworkFragmentNext = ({ region, offset, size }: Place): boolean =>
  region.network === 'ip6' && region.isFragment && offset === IP6_HEADER && size === 1;

const TAG_TYPES: Numbers = [0x8100, 0x8100, 0x88a8, 0x88a8, 0x9100, 0x9100];
const isTagType = (set: Numbers): boolean => equal(set, TAG_TYPES);

/** `VLAN 5`, for each tag. */
function tagsOf(types: readonly PlaceDemand[], places: readonly PlaceDemand[], taken: Set<Demand>): string[] {
  const tags: string[] = [];
  for (const { place, set } of types) {
    if (!isTagType(set)) continue;
    const control = places.find(
      (other) =>
        other.place.region.network === 'frame' &&
        other.place.offset === place.offset + 2 &&
        other.place.size === 2,
    );
    const numbers = control && lowBits(control.set, 0xfff, 0xffff);
    if (control !== undefined && numbers !== undefined) {
      taken.add(control);
      tags.push(`VLAN ${numbersText(numbers, 0xfff)}`);
    } else tags.push('any VLAN');
  }
  return tags;
}

function fragmentCondition(set: Numbers): Condition {
  const text = equal(set, FIRST)
    ? 'not fragments but first ones'
    : equal(set, LATER)
      ? 'fragments but the first'
      : equal(set, FRAGMENTS)
        ? 'fragments'
        : equal(set, WHOLE)
          ? 'not fragments'
          : `flags and fragment offset ${numbersText(set, 0xffff, (it) => `0x${it.toString(16)}`)}`;
  return { side: undefined, text, order: 20 };
}

// biome-ignore format: a table
const ADDRESSES: readonly (readonly [network: string, start: number, length: 6 | 16, side: Side, name: string])[] = [
  ['frame', 6, 6, 'source', 'Ethernet address'],
  ['frame', 0, 6, 'destination', 'Ethernet address'],
  ['ip6', 8, 16, 'source', 'address'],
  ['ip6', 24, 16, 'destination', 'address'],
];

/** Addresses that are asked for in parts. */
function wholeAddresses(places: readonly PlaceDemand[], taken: Set<Demand>): Condition[] {
  return ADDRESSES.flatMap(([network, start, length, side, name]): Condition[] => {
    const parts = places.filter(
      (demand) =>
        !taken.has(demand) &&
        demand.place.region.network === network &&
        demand.place.offset >= start &&
        demand.place.offset < start + length,
    );
    const found = parts.map(({ place, set }) => ({ offset: place.offset, size: place.size, set }));
    const text = parts.length === 0 ? undefined : addressOf(found, start, length);
    if (text === undefined) return [];
    for (const part of parts) taken.add(part);
    return [{ side, text: `${name} ${text}`, order: network === 'frame' ? 1 : 50 }];
  });
}
