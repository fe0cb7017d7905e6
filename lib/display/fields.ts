/**
 * The fields of Wireshark that a capture filter can test, and where they stand. All is said of packets that carry no
 * others: see {@link file://./nested.ts}.
 */

import { any, both, type Condition, test } from './condition.js';

/** Inclusive. */
export type Interval = readonly [low: number, high: number];

export type Kind = 'number' | 'port' | 'ipv4' | 'ipv6' | 'ether';

export interface Field {
  /** What has it. */
  readonly exists: Condition;
  readonly kind: Kind;
  /** Whether a packet may have several values of it. */
  readonly several: boolean;
  /** Largest value of a number. */
  readonly max: number;
  /** That a value lies there; bits besides those of `mask` are left out. Numbers and IPv4 addresses. */
  readonly within: (intervals: readonly Interval[], mask?: number) => Condition;
  /** That a value is this, an address or `ADDRESS/LENGTH`. The other addresses. */
  readonly is: (text: string) => Condition;
  /** It is a property of the frame, whatever that carries. */
  readonly ofFrame: boolean;
}

/** How a protocol is asked for, and its bytes over IPv4 and over IPv6. */
interface Protocol {
  readonly word: string;
  /** Behind IPv6's header: the guard, and where its bytes begin there. */
  readonly over6?: string;
}

export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  eth: { word: 'ether' },
  arp: { word: 'arp' },
  ip: { word: 'ip' },
  ipv6: { word: 'ip6' },
  icmp: { word: 'icmp' },
  icmpv6: { word: 'icmp6' },
  igmp: { word: 'igmp' },
  tcp: { word: 'tcp', over6: 'ip6[6] = 6' },
  udp: { word: 'udp', over6: 'ip6[6] = 17' },
  sctp: { word: 'sctp', over6: 'ip6[6] = 132' },
};
const IPV6_HEADER = 40;

/** Name, offset, bytes, mask, how far to shift right (left where negative). */
// biome-ignore format: a table reads best with one row a line
export const NUMBERS: readonly (readonly [name: string, offset: number, bytes: 1 | 2 | 4, mask?: number, shift?: number])[] = [
  ['arp.hw.type', 0, 2], ['arp.proto.type', 2, 2], ['arp.hw.size', 4, 1], ['arp.proto.size', 5, 1], ['arp.opcode', 6, 2],
  ['ip.hdr_len', 0, 1, 0x0f, -2], ['ip.dsfield', 1, 1], ['ip.dsfield.dscp', 1, 1, 0xfc, 2],
  ['ip.dsfield.ecn', 1, 1, 0x03], ['ip.len', 2, 2], ['ip.id', 4, 2], ['ip.flags.rb', 6, 1, 0x80, 7], ['ip.flags.df', 6, 1, 0x40, 6],
  ['ip.flags.mf', 6, 1, 0x20, 5], ['ip.frag_offset', 6, 2, 0x1fff, -3], ['ip.ttl', 8, 1], ['ip.proto', 9, 1], ['ip.checksum', 10, 2],
  ['ipv6.version', 0, 1, 0xf0, 4], ['ipv6.tclass', 0, 2, 0x0ff0, 4], ['ipv6.flow', 0, 4, 0x000fffff], ['ipv6.plen', 4, 2],
  ['ipv6.nxt', 6, 1], ['ipv6.hlim', 7, 1],
  ['icmp.type', 0, 1], ['icmp.code', 1, 1], ['icmp.checksum', 2, 2],
  ['icmpv6.type', 0, 1], ['icmpv6.code', 1, 1], ['icmpv6.checksum', 2, 2], ['igmp.type', 0, 1],
  ['tcp.seq_raw', 4, 4], ['tcp.ack_raw', 8, 4], ['tcp.hdr_len', 12, 1, 0xf0, 2], ['tcp.flags', 12, 2, 0x0fff],
  ['tcp.flags.urg', 13, 1, 0x20, 5],
  ['tcp.flags.ack', 13, 1, 0x10, 4], ['tcp.flags.push', 13, 1, 0x08, 3], ['tcp.flags.reset', 13, 1, 0x04, 2],
  ['tcp.flags.syn', 13, 1, 0x02, 1], ['tcp.flags.fin', 13, 1, 0x01], ['tcp.window_size_value', 14, 2], ['tcp.checksum', 16, 2],
  ['tcp.urgent_pointer', 18, 2], ['udp.length', 4, 2], ['udp.checksum', 6, 2], ['sctp.verification_tag', 4, 4],
];

/** Of the protocol's own kind: source and destination, by the words for each. */
const PAIRS: readonly (readonly [
  protocol: string,
  kind: Kind,
  both: string,
  source: string,
  target: string,
])[] = [
  ['tcp', 'port', 'tcp.port', 'tcp.srcport', 'tcp.dstport'],
  ['udp', 'port', 'udp.port', 'udp.srcport', 'udp.dstport'],
  ['sctp', 'port', 'sctp.port', 'sctp.srcport', 'sctp.dstport'],
  ['ip', 'ipv4', 'ip.addr', 'ip.src', 'ip.dst'],
  ['ipv6', 'ipv6', 'ipv6.addr', 'ipv6.src', 'ipv6.dst'],
  ['eth', 'ether', 'eth.addr', 'eth.src', 'eth.dst'],
];

/** That a packet has a protocol. */
export const existing = (protocol: string): Condition =>
  protocol === 'eth' ? 'all' : test(PROTOCOLS[protocol]!.word);

interface Place {
  readonly guard: Condition;
  readonly text: string;
}

/** Bytes of a protocol's header, over IPv4 and over IPv6. */
function placesOf(protocol: string, offset: number, bytes: number): Place[] {
  const { word, over6 } = PROTOCOLS[protocol]!;
  const size = bytes === 1 ? '' : `:${bytes}`;
  const places: Place[] = [{ guard: 'all', text: `${word}[${offset}${size}]` }];
  if (over6 !== undefined) places.push({ guard: test(over6), text: `ip6[${IPV6_HEADER + offset}${size}]` });
  return places;
}

const hex = (number: number): string => `0x${number.toString(16)}`;

/** A place's value within the intervals. */
function compared({ guard, text }: Place, intervals: readonly Interval[], max: number): Condition {
  const one = ([low, high]: Interval): Condition =>
    low === 0 && high === max
      ? test(`${text} >= 0`)
      : low === high
        ? test(`${text} = ${low}`)
        : both(
            low === 0 ? 'all' : test(`${text} >= ${low}`),
            high === max ? 'all' : test(`${text} <= ${high}`),
          );
  return both(guard, any(...intervals.map(one)));
}

function numberField([name, offset, bytes, bits, shift = 0]: (typeof NUMBERS)[number]): Field {
  const protocol = name.slice(0, name.indexOf('.'));
  const whole = 2 ** (8 * bytes) - 1;
  const mask = bits ?? whole;
  const max = shift < 0 ? mask * 2 ** -shift : mask >>> shift;
  const within: Field['within'] = (intervals, chosen) => {
    const places = placesOf(protocol, offset, bytes);
    const [first, ...more] = intervals;
    if (max === 1 && chosen === undefined && more.length === 0 && first![0] === first![1]) {
      const sign = first![0] === 0 ? '=' : '!=';
      return any(...places.map(({ guard, text }) => both(guard, test(`${text} & ${hex(mask)} ${sign} 0`))));
    }
    const written = (text: string): string => {
      const masked = mask === whole ? text : `${text} & ${hex(mask)}`;
      const shifted = shift === 0 ? masked : `(${masked}) ${shift < 0 ? '<<' : '>>'} ${Math.abs(shift)}`;
      return chosen === undefined ? shifted : `(${shifted}) & ${hex(chosen)}`;
    };
    return any(...places.map(({ guard, text }) => compared({ guard, text: written(text) }, intervals, max)));
  };
  return {
    exists: existing(protocol),
    kind: 'number',
    several: false,
    max,
    within,
    is: unsaid,
    ofFrame: false,
  };
}

const unsaid = (): Condition => 'none';

/** `''`, `src ` or `dst `. */
type Side = '' | 'src ' | 'dst ';

function portField(protocol: string, side: Side): Field {
  const offsets = side === '' ? [0, 2] : side === 'src ' ? [0] : [2];
  const within: Field['within'] = (intervals, mask) => {
    if (mask !== undefined)
      return any(
        ...offsets
          .flatMap((offset) => placesOf(protocol, offset, 2))
          .map(({ guard, text }) => compared({ guard, text: `${text} & ${hex(mask)}` }, intervals, 0xffff)),
      );
    return any(
      ...intervals.map(([low, high]) =>
        test(low === high ? `${protocol} ${side}port ${low}` : `${protocol} ${side}portrange ${low}-${high}`),
      ),
    );
  };
  const several = side === '';
  return {
    exists: existing(protocol),
    kind: 'port',
    several,
    max: 0xffff,
    within,
    is: unsaid,
    ofFrame: false,
  };
}

const dotted = (address: number): string =>
  [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');

function ipv4Field(side: Side): Field {
  const offsets = side === '' ? [12, 16] : side === 'src ' ? [12] : [16];
  const one = ([low, high]: Interval): Condition => {
    const size = high - low + 1;
    const bits = Math.log2(size);
    if (size === 1) return test(`ip ${side}host ${dotted(low)}`);
    if (Number.isInteger(bits) && low % size === 0)
      return bits === 32 ? test('ip') : test(`ip ${side}net ${dotted(low)}/${32 - bits}`);
    return any(
      ...offsets.map((at) => compared({ guard: 'all', text: `ip[${at}:4]` }, [[low, high]], 2 ** 32 - 1)),
    );
  };
  const within: Field['within'] = (intervals, mask) =>
    mask === undefined
      ? any(...intervals.map(one))
      : any(
          ...offsets.map((at) =>
            compared({ guard: 'all', text: `ip[${at}:4] & ${hex(mask)}` }, intervals, 2 ** 32 - 1),
          ),
        );
  const max = 2 ** 32 - 1;
  return { exists: test('ip'), kind: 'ipv4', several: side === '', max, within, is: unsaid, ofFrame: false };
}

function addressField(protocol: 'ipv6' | 'eth', side: Side): Field {
  const { word } = PROTOCOLS[protocol]!;
  const is = (text: string): Condition =>
    test(`${word} ${side}${text.includes('/') ? 'net' : 'host'} ${text}`);
  const kind = protocol === 'eth' ? 'ether' : 'ipv6';
  return {
    exists: existing(protocol),
    kind,
    several: side === '',
    max: 0,
    within: unsaid,
    is,
    ofFrame: false,
  };
}

function pairField(protocol: string, kind: Kind, side: Side): Field {
  if (kind === 'port') return portField(protocol, side);
  return kind === 'ipv4' ? ipv4Field(side) : addressField(protocol as 'ipv6' | 'eth', side);
}

function lengthOfFrame(): Field {
  const within: Field['within'] = (intervals, mask) =>
    compared(
      { guard: 'all', text: mask === undefined ? 'len' : `len & ${hex(mask)}` },
      intervals,
      2 ** 32 - 1,
    );
  return {
    exists: 'all',
    kind: 'number',
    several: false,
    max: 2 ** 32 - 1,
    within,
    is: unsaid,
    ofFrame: true,
  };
}

/** Below 0x600 the same bytes are a length, and the field is another. */
function etherType(): Field {
  const place = { guard: 'all', text: 'ether[12:2]' } as const;
  const types: Interval = [0x600, 0xffff];
  const within: Field['within'] = (intervals, mask) =>
    mask === undefined
      ? compared(
          place,
          intervals
            .map(([low, high]): Interval => [Math.max(low, types[0]), high])
            .filter(([low, high]) => low <= high),
          0xffff,
        )
      : both(
          compared(place, [types], 0xffff),
          compared({ ...place, text: `ether[12:2] & ${hex(mask)}` }, intervals, 0xffff),
        );
  return {
    exists: compared(place, [types], 0xffff),
    kind: 'number',
    several: false,
    max: 0xffff,
    within,
    is: unsaid,
    ofFrame: false,
  };
}

/** Wireshark has it in IPv6, too. */
function ipVersion(): Field {
  const field = numberField(['ip.version', 0, 1, 0xf0, 4]);
  const six = numberField(['ipv6.version', 0, 1, 0xf0, 4]);
  return {
    ...field,
    exists: any(field.exists, six.exists),
    within: (intervals, mask) => any(field.within(intervals, mask), six.within(intervals, mask)),
  };
}

/** One bit of an address on Ethernet: whether it is of a group. */
function groupBit(offset: 0 | 6): Field {
  const within: Field['within'] = (intervals) =>
    any(
      ...intervals.map(([low, high]) =>
        low < high ? 'all' : test(`ether[${offset}] & 1 ${low === 0 ? '=' : '!='} 0`),
      ),
    );
  return { exists: 'all', kind: 'number', several: false, max: 1, within, is: unsaid, ofFrame: false };
}

export const FIELDS: ReadonlyMap<string, Field> = new Map([
  ...NUMBERS.map((row) => [row[0], numberField(row)] as const),
  ...PAIRS.flatMap(([protocol, kind, either, source, target]) =>
    (
      [
        [either, ''],
        [source, 'src '],
        [target, 'dst '],
      ] as const
    ).map(([name, side]) => [name, pairField(protocol, kind, side)] as const),
  ),
  ['ip.version', ipVersion()],
  ['eth.type', etherType()],
  ['eth.dst.ig', groupBit(0)],
  ['eth.src.ig', groupBit(6)],
  ['frame.len', lengthOfFrame()],
]);
