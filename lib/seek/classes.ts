/**
 * What an index knows packets by: they are sorted into classes, as of IPv4 on Ethernet, and of each class some fields count.
 * A filter is asked what it needs of the packets of a class, whose first fields are known.
 */

import { type Condition, type Field, fieldOf, type Interval, type Known, readField } from '../rules/index.js';
import type { CaptureInterface } from '../savefile/index.js';

/** What packets have in common, and what tells them apart. */
export interface PacketClass {
  /** Holds for all of them; and the same as a list. */
  readonly known: Known;
  readonly tests: readonly Condition[];
  readonly fields: readonly Field[];
  /** Addresses of IPv4, which are asked for by network as well. */
  readonly addresses: ReadonlySet<Field>;
  /** Fields that tell less apart than others do. */
  readonly vague?: ReadonlySet<Field>;
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
const [IPV4, ARP, VLAN, IPV6] = [0x0800, 0x0806, 0x8100, 0x86dd];

const exactly = (value: number): Interval => ({ low: value, high: value });

/** The classes of a link type, those that say most first; the last takes all packets. None for link types that are not known. */
export function classesOf(source: Pick<CaptureInterface, 'linkType'>): readonly PacketClass[] {
  return described(source).map((one) => ({
    ...one,
    tests: [...one.known].map(([field, { low, high }]) => ({ field, low, high })),
  }));
}

type Described = Omit<PacketClass, 'tests'>;

function described({ linkType }: Pick<CaptureInterface, 'linkType'>): Described[] {
  const link = LINKS.get(linkType);
  if (link === undefined) return [];
  const ends = linkType === ETHERNET ? [fieldOf(-1, 2, 4), fieldOf(-1, 8, 4)] : [];
  const { network, type } = link;
  if (type === undefined) {
    const version = fieldOf(-1, network, 1);
    return [
      ipv4Class(network, new Map([[version, { low: 0x40, high: 0x4f }]]), ends),
      ipv6Class(network, new Map([[version, { low: 0x60, high: 0x6f }]]), ends),
      { known: new Map(), fields: ends, addresses: new Set() },
    ];
  }
  const typeField = fieldOf(-1, type, 2);
  const behind = (value: number): Known => new Map([[typeField, exactly(value)]]);
  const inner = fieldOf(-1, type + 4, 2);
  const tagged = (value: number): Known => new Map([...behind(VLAN), [inner, exactly(value)]]);
  const others = { known: new Map(), fields: [typeField, ...ends], addresses: new Set<Field>() };
  const plain = [ipv4Class(network, behind(IPV4), ends), ipv6Class(network, behind(IPV6), ends)];
  const arp = [fieldOf(-1, network + 14, 4), fieldOf(-1, network + 24, 4)];
  plain.push({ known: behind(ARP), fields: [...arp, ...ends], addresses: new Set(arp) });
  if (linkType !== ETHERNET) return [...plain, others];
  return [
    ...plain,
    ipv4Class(network + 4, tagged(IPV4), ends),
    ipv6Class(network + 4, tagged(IPV6), ends),
    { known: behind(VLAN), fields: [inner, ...ends], addresses: new Set() },
    others,
  ];
}

function ipv4Class(at: number, known: Known, ends: readonly Field[]): Described {
  const addresses = [fieldOf(-1, at + 12, 4), fieldOf(-1, at + 16, 4)];
  const ports = [fieldOf(at, at, 2), fieldOf(at, at + 2, 2)];
  return {
    known,
    fields: [fieldOf(-1, at + 9, 1), ...addresses, ...ports, ...ends],
    addresses: new Set(addresses),
  };
}

/** Of addresses the words that networks end behind, and the last. */
function ipv6Class(at: number, known: Known, ends: readonly Field[]): Described {
  const words = [8, 12, 20, 24, 28, 36].map((offset) => fieldOf(-1, at + offset, 4));
  const ports = [fieldOf(-1, at + 40, 2), fieldOf(-1, at + 42, 2)];
  const [next, ...last] = [fieldOf(-1, at + 6, 1), words[2]!, words[5]!];
  const fields = [next, ...words, ...ports, ...ends];
  return {
    known,
    fields,
    addresses: new Set(),
    vague: new Set(words.filter((word) => !last.includes(word))),
  };
}

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

/** What is looked for of a field: a value, or one without its last bits. */
export interface Wanted {
  readonly field: Field;
  readonly shift: 0 | (typeof NETWORKS)[number];
  readonly value: number;
}

/** The values that meet a condition; `undefined` where an index does not tell. */
export function wantedBy(
  { fields, addresses }: PacketClass,
  { field, low, high }: Condition,
): Wanted[] | undefined {
  if (!fields.includes(field)) return undefined;
  if (high - low < MOST_VALUES)
    return Array.from({ length: high - low + 1 }, (_, at) => ({ field, shift: 0, value: low + at }));
  if (!addresses.has(field)) return undefined;
  const shift = NETWORKS.find((bits) => low >>> bits === high >>> bits);
  return shift === undefined ? undefined : [{ field, shift, value: low >>> shift }];
}
