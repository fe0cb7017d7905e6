/**
 * What an index knows packets by: they are sorted into classes, as of TCP on IPv4 on Ethernet, and of each class some fields
 * count. A filter is asked what it needs of the packets of a class, whose first fields are known.
 */

import {
  type Condition,
  type Field,
  fieldOf,
  type Interval,
  type Known,
  partOf,
  readField,
} from '../rules/index.js';
import type { CaptureInterface } from '../savefile/index.js';

/**
 * Kinds of values. Both ends of a packet are of one, so that flows that go both ways note what they have once, and what is
 * asked of either end is looked for once.
 */
export const KIND = {
  address: 1,
  tcpPort: 2,
  port: 3,
  station: 4,
  protocol: 5,
  flags: 6,
  type: 7,
  vlan: 8,
  innerVlan: 9,
  /** Of IPv6 addresses, three words. */
  word: 10,
} as const;

/**
 * How many rows of an index a value has, six at most: the more, the fewer blocks have all of them by chance, and the more
 * rows are full.
 *
 * @param shift - As in {@link Wanted}: networks are asked for with rows of theirs that larger ones have as well.
 */
export function rowsOfKind(kind: number, shift: number): number {
  switch (kind) {
    case KIND.address:
      return shift === 0 ? 6 : 3;
    case KIND.tcpPort:
    case KIND.port:
      return 6;
    case KIND.flags:
    case KIND.protocol:
      // Few values, which most packets of a block share.
      return 5;
    case KIND.word + 2:
      return 4;
    default:
      return 3;
  }
}

/** What packets have in common, and what tells them apart. */
export interface PacketClass {
  /** Holds for all of them; and the same as a list. */
  readonly known: Known;
  readonly tests: readonly Condition[];
  readonly fields: readonly Field[];
  /** Of the fields, in their order. */
  readonly kinds: readonly number[];
  /** Fields that tell less apart than others do. */
  readonly vague?: ReadonlySet<Field>;
  /** Where the IP header begins. */
  readonly header?: number;
}

/** Where the network header begins, and the field that tells of which protocol it is, by link type. */
const LINKS: ReadonlyMap<number, { readonly network: number; readonly type?: number }> = new Map([
  [1, { network: 14, type: 12 }], // EN10MB
  [113, { network: 16, type: 14 }], // LINUX_SLL
  [276, { network: 20, type: 0 }], // LINUX_SLL2
  [12, { network: 0 }], // RAW
  [101, { network: 0 }],
  [228, { network: 0 }], // IPV4
]);
const ETHERNET = 1;
const [IPV4, ARP, IPV6] = [0x0800, 0x0806, 0x86dd];
/** IEEE 802.1Q's tag, 802.1ad's, and what was used before that. */
const [VLAN, ...OUTER] = [0x8100, 0x88a8, 0x9100];
const TCP = 6;

const exactly = (value: number): Interval => ({ low: value, high: value });

/** The classes of a link type, those that say most first; the last takes all packets. None for link types that are not known. */
export function classesOf(source: Pick<CaptureInterface, 'linkType'>): readonly PacketClass[] {
  return described(source).map((one) => ({
    ...one,
    tests: [...one.known].map(([field, { low, high }]) => ({ field, low, high })),
  }));
}

type Described = Omit<PacketClass, 'tests'>;

/** A field with its kind. */
type Kept = readonly [Field, number];

const describe = (known: Known, kept: readonly Kept[], more: Partial<Described> = {}): Described => ({
  ...more,
  known,
  fields: kept.map(([field]) => field),
  kinds: kept.map(([, kind]) => kind),
});

function described({ linkType }: Pick<CaptureInterface, 'linkType'>): Described[] {
  const link = LINKS.get(linkType);
  if (link === undefined) return [];
  // The last four bytes of both addresses.
  const ends = (linkType === ETHERNET ? [2, 8] : []).map((at): Kept => [fieldOf(-1, at, 4), KIND.station]);
  const { network, type } = link;
  if (type === undefined) {
    const version = (number: number): Known =>
      new Map([[fieldOf(-1, network, 1), { low: number << 4, high: (number << 4) | 15 }]]);
    return [...ipClasses(network, version(4), version(6), ends), describe(new Map(), ends)];
  }
  const typeField = fieldOf(-1, type, 2);
  const behind = (value: number): Known => new Map([[typeField, exactly(value)]]);
  const arp = [14, 24].map((at): Kept => [fieldOf(-1, network + at, 4), KIND.address]);
  const plain = [
    ...ipClasses(network, behind(IPV4), behind(IPV6), ends),
    describe(behind(ARP), [...arp, ...ends]),
  ];
  const others = describe(new Map(), [[typeField, KIND.type], ...ends]);
  if (linkType !== ETHERNET) return [...plain, others];
  const vlanAt = (at: number, kind: number): Kept => [partOf(fieldOf(-1, at, 2), 0xfff), kind];
  const inner = fieldOf(-1, type + 4, 2);
  const tagged = (value: number): Known => new Map([...behind(VLAN!), [inner, exactly(value)]]);
  const onVlan = [...ends, vlanAt(network, KIND.vlan)];
  return [
    ...plain,
    ...ipClasses(network + 4, tagged(IPV4), tagged(IPV6), onVlan),
    ...[VLAN!, ...OUTER].map((value) =>
      describe(behind(value), [[inner, KIND.type], vlanAt(network + 4, KIND.innerVlan), ...onVlan]),
    ),
    others,
  ];
}

/** TCP on IPv4, IPv4, TCP on IPv6, IPv6. */
function ipClasses(at: number, four: Known, six: Known, more: readonly Kept[]): Described[] {
  const addresses = [12, 16].map((offset): Kept => [fieldOf(-1, at + offset, 4), KIND.address]);
  // Of addresses the words that networks end behind, and the last.
  const words = [8, 12, 20, 24, 28, 36].map((offset, place): Kept => {
    return [fieldOf(-1, at + offset, 4), KIND.word + (place % 3)];
  });
  const vague = new Set(words.flatMap(([field, kind]) => (kind === LAST_WORD ? [] : [field])));
  const classes = (
    known: Known,
    protocol: Field,
    begin: readonly Kept[],
    transport: (offset: number, size: 1 | 2) => Field,
  ) => {
    const ports = (kind: number) => [0, 2].map((offset): Kept => [transport(offset, 2), kind]);
    const flags: Kept = [transport(13, 1), KIND.flags];
    const ofTcp: Known = new Map([...known, [protocol, exactly(TCP)]]);
    return [
      describe(ofTcp, [...begin, ...ports(KIND.tcpPort), flags, ...more], { header: at, vague }),
      describe(known, [...begin, ...ports(KIND.port), [protocol, KIND.protocol], ...more], {
        header: at,
        vague,
      }),
    ];
  };
  const behindFour = (offset: number, size: 1 | 2) => fieldOf(at, at + offset, size);
  const behindSix = (offset: number, size: 1 | 2) => fieldOf(-1, at + 40 + offset, size);
  return [
    ...classes(four, fieldOf(-1, at + 9, 1), addresses, behindFour),
    ...classes(six, fieldOf(-1, at + 6, 1), words, behindSix),
  ];
}

const LAST_WORD = KIND.word + 2;

/** Whether a packet is of a class. */
export function isOf({ tests }: PacketClass, bytes: Uint8Array, start: number, length: number): boolean {
  for (let at = 0; at < tests.length; at++) {
    const { field, low, high } = tests[at]!;
    const value = readField(field, bytes, start, length);
    if (value < low || value > high) return false;
  }
  return true;
}

/** Lengths of networks that addresses are asked for by, in bits that are left out. */
export const NETWORKS = [8, 16] as const;

/** Most values of a field that are looked for one by one. */
const MOST_VALUES = 16;
/** Bits of a byte of flags from the one that fewest packets have: URG, CWR, ECE, RST, FIN, SYN, PSH, ACK. */
const RAREST = [5, 7, 6, 2, 0, 1, 3, 4];

/** What is looked for: a value, or one without its last bits; or 1 for one of its bits. */
export interface Wanted {
  readonly kind: number;
  /** Or {@link bitKind} of the bit. */
  readonly shift: number;
  readonly value: number;
}

/** In place of a shift, where a value is about one bit. */
export const bitKind = (bit: number): number => 32 + bit;

/** The values that meet a condition; `undefined` where an index does not tell. */
export function wantedBy({ fields, kinds }: PacketClass, condition: Condition): Wanted[] | undefined {
  const { field, low, high } = condition;
  const { mask } = field;
  if (mask !== undefined && low > 0) {
    const place = fields.findIndex((whole, at) => kinds[at] === KIND.flags && field === partOf(whole, mask));
    const bits = place < 0 ? [] : RAREST.filter((bit) => ((low === high ? low : mask) & (1 << bit)) !== 0);
    // A value has all of its bits, what is not 0 has any.
    if (place >= 0)
      return bits
        .slice(0, low === high ? 1 : 8)
        .map((bit) => ({ kind: KIND.flags, shift: bitKind(bit), value: 1 }));
  }
  const kind = kinds[fields.indexOf(field)];
  if (kind === undefined) return undefined;
  if (high - low < MOST_VALUES)
    return Array.from({ length: high - low + 1 }, (_, at) => ({ kind, shift: 0, value: low + at }));
  if (kind !== KIND.address) return undefined;
  const shift = NETWORKS.find((bits) => low >>> bits === high >>> bits);
  return shift === undefined ? undefined : [{ kind, shift, value: low >>> shift }];
}
