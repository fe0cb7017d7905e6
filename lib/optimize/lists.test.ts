/**
 * Long lists of addresses, networks and ports become searches: what they execute grows with the logarithm of
 * the list, and they return what the chain of tests returned, on packets cut anywhere, too.
 */

import test from 'ava';
import { equivalent } from '../ask/index.js';
import { execute, loadInterpreter, type Program, parseListing } from '../cbpf/index.js';
import { linearize, split } from '../cfg/index.js';
import { compileUnoptimized } from '../codegen/index.js';
import { generator, type Random } from '../testing/random.js';
import { fullRun } from '../testing/vectors.js';
import { optimize } from './index.js';

const optimized = (program: Program): Program =>
  linearize(optimize(split(program), { checked: true }), { shareJumps: true });

/** One kind of list. */
interface Kind {
  readonly name: string;
  /** Instructions that libpcap 1.10.3 needs for 13 and for 50 of these members. */
  readonly libpcap: readonly [number, number];
  /** The bytes that a member looks for; the rest of them is zero. */
  readonly member: (random: Random, at: number) => readonly number[];
  /** The member as people write it. */
  readonly write: (bytes: readonly number[], at: number) => string;
  /** Where packets have such bytes. */
  readonly places: readonly number[];
  readonly header: readonly [at: number, ...bytes: number[]];
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const bytesOf = (count: number) => (random: Random) => Array.from({ length: count }, () => random(256));
/** The same first bytes, then random ones. */
const behind = (first: readonly number[], count: number) => (random: Random) => [
  ...first,
  ...bytesOf(count)(random),
];
const network = (bytes: number, lengths: readonly number[]) => (random: Random, at: number) => {
  const length = lengths[at % lengths.length]!;
  return bytesOf(bytes)(random).map(
    (byte, index) => byte & (0xff00 >> Math.min(Math.max(length - 8 * index, 0), 8)),
  );
};
const ipv4 = (bytes: readonly number[]): string => bytes.join('.');
const ipv6 = (bytes: readonly number[]): string =>
  bytes.flatMap((byte, at) => (at % 2 === 0 ? [hex(byte) + hex(bytes[at + 1]!)] : [])).join(':');
const IPV4 = { places: [26, 30], header: [12, 8, 0, 0x45] } as const;
const IPV6 = { places: [22, 38], header: [12, 0x86, 0xdd, 0x60] } as const;
const PREFIXES = [32, 48, 29, 64, 40, 56] as const;
const SHORT_PREFIXES = Array.from({ length: 20 }, (_, at) => at + 9);

const KINDS: readonly Kind[] = [
  { name: 'IPv4 hosts', libpcap: [50, 161], member: bytesOf(4), write: (it) => `host ${ipv4(it)}`, ...IPV4 },
  {
    name: 'IPv4 networks of one size',
    libpcap: [84, 321],
    member: network(4, [24]),
    write: (it) => `src net ${ipv4(it)}/24`,
    ...IPV4,
  },
  {
    name: 'IPv4 networks of many sizes',
    libpcap: [162, 723],
    member: network(4, SHORT_PREFIXES),
    write: (it, at) => `net ${ipv4(it)}/${SHORT_PREFIXES[at % SHORT_PREFIXES.length]}`,
    ...IPV4,
  },
  {
    name: 'ports',
    libpcap: [56, 167],
    member: bytesOf(2),
    write: ([high, low]) => `tcp port ${high! * 256 + low!}`,
    places: [54, 56],
    header: [12, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6],
  },
  {
    name: 'IPv6 hosts',
    libpcap: [212, 873],
    member: bytesOf(16),
    write: (it) => `host ${ipv6(it)}`,
    ...IPV6,
  },
  {
    name: 'IPv6 sources',
    libpcap: [96, 409],
    member: bytesOf(16),
    write: (it) => `src host ${ipv6(it)}`,
    ...IPV6,
  },
  {
    name: 'IPv6 destinations',
    libpcap: [96, 409],
    member: bytesOf(16),
    write: (it) => `ip6 dst host ${ipv6(it)}`,
    ...IPV6,
  },
  {
    name: 'IPv6 hosts of one /64',
    libpcap: [212, 873],
    member: behind([0x20, 1, 0xd, 0xb8, 0, 1, 0, 2], 8),
    write: (it) => `ip6 host ${ipv6(it)}`,
    ...IPV6,
  },
  {
    name: 'IPv6 networks of one size',
    libpcap: [134, 553],
    member: network(16, [48]),
    write: (it) => `net ${ipv6(it)}/48`,
    ...IPV6,
  },
  {
    name: 'IPv6 networks of many sizes',
    libpcap: [104, 436],
    member: network(16, PREFIXES),
    write: (it, at) => `net ${ipv6(it)}/${PREFIXES[at % PREFIXES.length]}`,
    ...IPV6,
  },
  {
    name: 'IPv4 and IPv6 hosts',
    libpcap: [142, 516],
    member: bytesOf(16),
    write: (it, at) => (at % 2 === 0 ? `host ${ipv6(it)}` : `host ${ipv4(it.slice(0, 4))}`),
    ...IPV6,
  },
  ...(['host', 'src', 'dst'] as const).map((word) => ({
    name: `Ethernet addresses (${word})`,
    libpcap: word === 'host' ? ([106, 438] as const) : ([42, 153] as const),
    member: bytesOf(6),
    write: (it: readonly number[]) => `ether ${word} ${it.map(hex).join(':')}`,
    places: [6, 0],
    header: [12, 8, 0] as const,
  })),
  {
    name: 'Ethernet addresses of one vendor',
    libpcap: [106, 438],
    member: behind([0, 0x1b, 0x21], 3),
    write: (it) => `ether host ${it.map(hex).join(':')}`,
    places: [6, 0],
    header: [12, 8, 0],
  },
];

interface Run {
  readonly program: Program;
  readonly unoptimized: Program;
  readonly most: number;
}

/** The longest run of a list's program, over packets that hold members or parts of them. */
function run({ member, write, places, header }: Kind, count: number): Run {
  const random = generator(count);
  const members = Array.from({ length: count }, (_, at) => member(random, at));
  const unoptimized = compileUnoptimized(members.map(write).join(' or '));
  const program = optimized(unoptimized);
  const [before, after] = [loadInterpreter(unoptimized), loadInterpreter(program)];
  let most = 0;
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from({ length: 80 }, () => random(256));
    bytes.set(header.slice(1), header[0]);
    for (const place of places) {
      const some = members[random(count)]!;
      const kept = random(2) === 0 ? some.length : random(some.length + 1);
      bytes.set(some.slice(0, kept), place);
    }
    most = Math.max(most, execute(program, { bytes, wireLength: 80 }).steps);
    const from = Math.min(...places);
    for (const length of [80, from + random(places.at(-1)! + 16 - from)]) {
      const [expected, found] = [before(bytes, 0, length, 80), after(bytes, 0, length, 80)];
      if (expected !== found) throw new Error(`${found}, not ${expected}, for ${length} bytes of ${bytes}`);
    }
  }
  return { program, unoptimized, most };
}

/** Instructions that a list executes more at most when it becomes four times as long. */
const MORE = 11;

const logarithmic = test.macro({
  title: (_, { name }: Kind) => `lists: four times as many ${name} take a few instructions more`,
  exec(t, kind: Kind) {
    const most = (fullRun ? [13, 50, 200, 800] : [13, 50, 200]).map((count) => run(kind, count).most);
    t.log(most.join(', '));
    for (const [at, count] of most.slice(1).entries()) t.true(count <= most[at]! + MORE, most.join(', '));
  },
});

const proved = test.macro({
  title: (_, { name }: Kind) => `lists: 13 ${name} are proved equal to the chain of tests`,
  exec(t, kind: Kind) {
    const { program, unoptimized } = run(kind, 13);
    t.is(equivalent(unoptimized, program).verdict, 'equal');
  },
});

const notMuchLonger = test.macro({
  title: (_, { name }: Kind) => `lists: ${name} take at most 1.3 times as many instructions as libpcap's`,
  exec(t, kind: Kind) {
    const lengths = [13, 50].map((count) => run(kind, count).program.length);
    t.log(lengths.map((length, at) => `${length}, libpcap ${kind.libpcap[at]}`).join('; '));
    for (const [at, length] of lengths.entries()) t.true(length <= 1.3 * kind.libpcap[at]!);
  },
});

for (const kind of KINDS) {
  test(logarithmic, kind);
  test(notMuchLonger, kind);
  test(proved, kind);
}

test('a list is not kept in order for one test behind it', (t) => {
  const networks = Array.from({ length: 14 }, (_, at) => `src net 2001:${3 * at}::/32`);
  const program = optimized(compileUnoptimized([...networks, 'udp'].join(' or ')));
  t.true(program.length <= 1.3 * 27, `${program.length}, libpcap 27`);
});

test('long lists become a search', (t) => {
  const tests = Array.from(
    { length: 64 },
    (_, at) => `(${at + 1}) jeq #${at * 7} jt 66 jf ${at === 63 ? 65 : at + 2}`,
  );
  const list = parseListing(['(0) ld [0]', ...tests, '(65) ret #0', '(66) ret #1'].join('\n'));
  const program = optimized(list);
  t.true(program.length <= 1.3 * list.length);
  t.is(equivalent(list, program).verdict, 'equal');
});
