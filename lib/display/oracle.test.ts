/**
 * Translations against the installed tshark: over every Ethernet packet of every capture, a translation loses nothing,
 * and one that is called exact selects the same among packets that carry no others.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { decode } from '../decode.js';
import { type CompileOptions, compile, type Packet } from '../index.js';
import { displayFilter, type FieldForm, selectedByTshark } from '../testing/displayFilters.js';
import { generator } from '../testing/random.js';
import { readPackets } from '../testing/tcpdump.js';
import { tsharkVersion } from '../testing/tshark.js';
import { dataPath, fullRun, projectRoot } from '../testing/vectors.js';
import { CARRIED, WHOLE } from './carried.js';
import { write } from './condition.js';
import { FIELDS } from './fields.js';
import { toDisplay, translate } from './index.js';
import { carriesNone, LINKS } from './nested.js';

const FILTERS = fullRun ? 250 : 20;
const ETHERNET = { linkType: 'EN10MB' } as const;

const HEADER = 14;

/** Whole Ethernet packets of the captures, with a whole Ethernet header; in quick runs of the project's own. */
async function ethernetPackets(t: ExecutionContext): Promise<Packet[]> {
  const shared = fullRun ? dataPath(t, 'captures') : undefined;
  const folders = [
    join(projectRoot, 'captures'),
    ...(shared === undefined ? [] : ['files', 'found', 'made'].map((name) => join(shared, name))),
  ];
  const paths = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => /\.(pcap|pcapng)$/.test(path));
  const lists = await Promise.all(paths.map((path) => readPackets(path).catch(() => [])));
  return lists
    .flat()
    .filter(
      ({ interface: { linkType }, data, wireLength }) =>
        linkType === 1 && data.length === wireLength && wireLength >= HEADER,
    );
}

function formsOf(packets: readonly Packet[]): FieldForm[] {
  const values = new Map([...FIELDS.keys()].map((name) => [name, new Set<string>()]));
  for (const packet of packets.filter((_, place) => place % 5 === 0)) {
    const decoded = decode(packet);
    for (const [name, found] of values)
      for (const value of [decoded.get(name as 'ip.src')].flat())
        if (value !== undefined && found.size < 60) found.add(`${value}`);
  }
  return [...FIELDS].map(([name, { kind, max }]) => ({
    name,
    max,
    isNumber: kind === 'number' || kind === 'port',
    values: [...values.get(name)!].filter((value) => kind !== 'number' || /^\d/.test(value)),
  }));
}

const judged = (t: ExecutionContext): boolean => {
  if (tsharkVersion()?.startsWith('4.0.')) return true;
  t.log(`skipped: tshark 4.0 is not installed (${tsharkVersion() ?? 'no tshark'})`);
  t.pass();
  return false;
};

/** Filters over the packets' own values, at tshark and here, on one link type. */
function compare(
  t: ExecutionContext,
  packets: readonly Packet[],
  forms: readonly FieldForm[],
  options: Options,
): void {
  const { linkType, number, count } = options;
  const random = generator(4);
  const protocols = [...WHOLE.keys(), ...CARRIED.keys()];
  const filters = Array.from({ length: count }, () => displayFilter(random, forms, protocols, random(4)));
  const answers = selectedByTshark(packets, filters, number);
  const plain = compile(write(carriesNone(LINKS.get(linkType)!)), settings(linkType));
  let exact = 0;
  const faults: string[] = [];
  for (const [place, filter] of filters.entries()) {
    const selected = answers[place];
    if (selected === undefined) continue;
    const translation = translate(filter, { linkType });
    const { expression } = translation;
    const matcher = expression === undefined ? undefined : compiled(expression, linkType);
    if (translation.exact) exact++;
    const fault = packets.findIndex((packet, index) => {
      const [ours, theirs] = [matcher?.matches(packet.data) ?? false, selected.has(index + 1)];
      return ours !== theirs && (theirs || (translation.exact && plain.matches(packet.data)));
    });
    if (fault >= 0) faults.push(`${filter}, packet ${fault + 1}`);
  }
  t.true(answers.filter((answer) => answer !== undefined).length > 0.95 * count);
  t.true(exact > count / 2);
  t.deepEqual(faults, []);
  t.log(`${linkType}: ${count} filters, ${exact} of them exact, on ${packets.length} packets`);
}

interface Options {
  readonly linkType: string;
  /** The link type's in files. */
  readonly number: number;
  /** Filters. */
  readonly count: number;
}

/** Of a file, in which families of addresses are those of any system. */
const settings = (linkType: string): CompileOptions => ({ linkType, mode: 'savefile' });

test('display filters lose nothing, and select what tshark selects', async (t) => {
  if (!judged(t)) return;
  const packets = await ethernetPackets(t);
  const forms = formsOf(packets).filter(({ isNumber, values }) => isNumber || values.length > 0);
  compare(t, packets, forms, { linkType: 'EN10MB', number: 1, count: FILTERS });
  for (const [linkType, number, header] of OTHERS) {
    const others = packets.flatMap((packet) => {
      const type = packet.data[12]! * 256 + packet.data[13]!;
      const front = header(type);
      if (front === undefined) return [];
      const data = Uint8Array.of(...front, ...packet.data.subarray(HEADER));
      return [Object.assign(packet.copy(), { data, wireLength: data.length })];
    });
    compare(t, others, forms, { linkType, number, count: FILTERS / 5 });
  }
});

/** IPv4 and IPv6 as BSD numbers them. */
const familyHeader = (type: number): number[] | undefined =>
  ({ 2048: [2, 0, 0, 0], 34525: [24, 0, 0, 0] })[type];
const half = (value: number): number[] => [value >> 8, value & 255];
const address = [2, 0, 0, 0, 0, 1, 0, 0];
/** Link types, and their headers for what an EtherType announces. */
const OTHERS: readonly (readonly [
  name: string,
  number: number,
  header: (type: number) => number[] | undefined,
])[] = [
  ['RAW', 101, (type) => familyHeader(type) && []],
  ['LINUX_SLL', 113, (type) => [0, 0, 0, 1, 0, 6, ...address, ...half(type)]],
  ['LINUX_SLL2', 276, (type) => [...half(type), 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, ...address]],
  ['NULL', 0, (type) => familyHeader(type)],
  ['LOOP', 108, (type) => familyHeader(type)?.toReversed()],
];

/** `undefined` where the expression is false for every packet. */
function compiled(expression: string, linkType: string) {
  try {
    return compile(expression, settings(linkType));
  } catch (error) {
    if (/rejects all packets/.test(`${error}`)) return undefined;
    throw error;
  }
}

test('capture filters as display filters select the same', async (t) => {
  if (!judged(t)) return;
  const packets = await ethernetPackets(t);
  const isPlain = compile(write(carriesNone(LINKS.get('EN10MB')!)), ETHERNET);
  const plain = packets.map((packet) => isPlain.matches(packet));
  const pairs = EXPRESSIONS.map((expression) => [expression, toDisplay(expression)] as const);
  const answers = selectedByTshark(
    packets,
    pairs.map(([, filter]) => filter),
  );
  for (const [place, [expression, filter]] of pairs.entries()) {
    const selected = answers[place];
    t.not(selected, undefined, `tshark does not take ${filter}`);
    const matcher = compile(expression, ETHERNET);
    const fault = packets.findIndex(
      (packet, index) => plain[index] && matcher.matches(packet) !== selected!.has(index + 1),
    );
    t.is(fault, -1, `${expression}: ${filter}`);
  }
});

const FROM_ZERO = [0, 1, 2, 4, 6, 7, 12, 13, 14];
const EXPRESSIONS = [
  ...[
    'ip',
    'ip6',
    'arp',
    'tcp',
    'udp',
    'icmp',
    'icmp6',
    'igmp',
    'less 100',
    'greater 100',
    'len > 300',
    'not (tcp or udp)',
  ],
  ...[
    'ether multicast',
    'ether broadcast',
    'ip multicast',
    'ip6 multicast',
    'vlan',
    'vlan 5',
    'mpls',
    'ip proto 17',
    'proto 6',
  ],
  ...[
    'host 192.0.2.10',
    'src 192.0.2.10',
    'ip dst 198.51.100.20',
    'net 10',
    'src net 10.0.0.0 mask 255.0.0.0',
    'ip6 host ::1',
  ],
  ...[
    'net 192.0',
    'not host 192.0.2.10 and tcp',
    'arp host 192.168.1.1',
    'src and dst net 10',
    'ip6 net fe80::/16',
  ],
  ...[
    'port 53',
    'tcp src port 80 or 443',
    'udp dst port 53',
    'not tcp port 80',
    'portrange 50-100',
    'src port http',
    'port domain',
  ],
  ...FROM_ZERO.flatMap((at) => [
    `tcp[${at}] > 3`,
    `ip[${at}] != 0`,
    `udp[${at % 8}] = 1`,
    `ip6[${at}] < 9`,
    `icmp[${at}] = 8`,
    `tcp[13] & ${1 << (at % 6)} != 0`,
    `tcp[13] & ${3 << (at % 5)} = ${1 << (at % 5)}`,
  ]),
  ...[
    'ip[6:2] & 0x1fff = 0',
    'ip[6] & 0x40 != 0',
    'ether[0] & 1 = 0',
    'tcp[tcpflags] & (tcp-syn|tcp-fin) != 0',
    'ip[2:2] > 100',
  ],
];
