/** `transport { … }` behind extension headers: beside tshark, and in the running kernel. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { libpcapForm } from '../ask.js';
import { execute } from '../cbpf/index.js';
import { compile, FilterError, type Packet } from '../index.js';
import { lift } from '../lift/index.js';
import { openKernel } from '../testing/kernel.js';
import { generator, type Random } from '../testing/random.js';
import { pcapFile } from '../testing/tcpdump.js';
import { runTshark, tsharkVersion } from '../testing/tshark.js';
import { fullRun, Tally } from '../testing/vectors.js';

const PACKETS = fullRun ? 3000 : 400;
const PORTS = [53, 80, 443, 8080];
const one = <Item>(random: Random, items: readonly Item[]): Item => items[random(items.length)]!;
const bytes = (random: Random, count: number) => Array.from({ length: count }, () => random(256));

const TRANSPORTS = { icmp: 1, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const;

function payloadOf(random: Random, protocol: number): number[] {
  const ports = [0, one(random, PORTS), 0, one(random, PORTS)].flatMap((port) => [port >> 8, port & 0xff]);
  const [from, to] = [ports.slice(2, 4), ports.slice(6, 8)];
  if (protocol === TRANSPORTS.tcp)
    return [...from, ...to, ...bytes(random, 8), 0x50, random(64), ...bytes(random, 6)];
  if (protocol === TRANSPORTS.udp) return [...from, ...to, 0, 12, ...bytes(random, 6)];
  if (protocol === TRANSPORTS.sctp) return [...from, ...to, ...bytes(random, 8), 11, 0, 0, 4];
  return [one(random, [3, 8, 0, 128, 129, 135]), 0, ...bytes(random, 26)];
}

/** A header that another protocol follows: RFC 8200 §4, RFC 4302. */
function extension(random: Random, kind: number, next: number): number[] {
  if (kind === 44) {
    const offset = random(3) === 0 ? 8 * (1 + random(20)) : 0;
    return [next, 0, offset >> 8, (offset & 0xf8) | random(2), ...bytes(random, 4)];
  }
  if (kind === 51) {
    const words = 4 + random(4);
    return [next, words - 2, 0, 0, ...bytes(random, 4 * words - 4)];
  }
  const length = random(3);
  const rest = 8 * length + 4;
  // PadN, but for routing headers, which have a type and hops that are left.
  return [next, length, ...(kind === 43 ? [253, 0, 0, 0] : [1, rest, 0, 0]), ...new Array(rest - 2).fill(0)];
}

function frameOf(random: Random): Uint8Array {
  const v6 = random(3) > 0;
  const number = one(
    random,
    Object.values(TRANSPORTS).filter((each) => each !== (v6 ? 1 : 58)),
  );
  let body = payloadOf(random, number);
  let next: number = number;
  const tag = random(3) === 0 ? [0x81, 0, 0, 5] : [];
  if (v6) {
    for (let left = random(8); left > 0; left--) {
      const kind = one(random, [0, 43, 44, 51, 60]);
      body = [...extension(random, kind, next), ...body];
      next = kind;
    }
    const header = [0x60, 0, 0, 0, body.length >> 8, body.length & 0xff, next, 64];
    body = [...header, 0x20, 1, ...bytes(random, 14), 0x20, 1, ...bytes(random, 14), ...body];
  } else {
    const options = new Array<number>(4 * random(4)).fill(1);
    const total = 20 + options.length + body.length;
    const offset = random(4) === 0 ? 1 + random(40) : 0;
    const header = [0x45 + options.length / 4, 0, 0, total, 0, 1, 0, offset, 64, next, 0, 0];
    body = [...header, 192, 0, 2, 1, 192, 0, 2, 2, ...options, ...body];
  }
  return Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...tag, ...(v6 ? [0x86, 0xdd] : [8, 0]), ...body);
}

/** A packet as tshark sees it. */
interface Seen {
  readonly words: readonly string[];
  /** Destination port. */
  readonly port: string;
  readonly flags: number;
  /** Type of ICMP, of ICMPv6. */
  readonly types: readonly [string, string];
}

const FIELDS = [
  'frame.protocols',
  'tcp.dstport',
  'udp.dstport',
  'sctp.dstport',
  'tcp.flags',
  'icmp.type',
  'icmpv6.type',
];

function seen(frames: readonly Uint8Array[]): Seen[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-transport-'));
  try {
    const path = join(folder, 'all.pcap');
    const packets = frames.map(
      (data) => ({ data, wireLength: data.length, seconds: 0, nanoseconds: 0 }) as unknown as Packet,
    );
    writeFileSync(path, pcapFile(packets, 1));
    return runTshark(path, FIELDS).map(([protocols, tcp, udp, sctp, flags, icmp, icmp6]) => ({
      words: protocols!.split(':'),
      port: tcp! || udp! || sctp!,
      flags: Number(flags),
      types: [icmp!, icmp6!],
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const has =
  (word: string) =>
  ({ words }: Seen) =>
    words.includes(word);
const QUESTIONS: readonly (readonly [text: string, holds: (packet: Seen) => boolean])[] = [
  ...(['tcp', 'udp', 'sctp'] as const).flatMap((word) => [
    [word, has(word)] as const,
    ...PORTS.map(
      (port) =>
        [`${word} dst port ${port}`, (seen: Seen) => has(word)(seen) && seen.port === `${port}`] as const,
    ),
    [`${word}[2:2] >= 443`, (seen: Seen) => has(word)(seen) && Number(seen.port) >= 443] as const,
  ]),
  ['icmp', has('icmp')],
  ['icmp6', has('icmpv6')],
  ['dst port 80 or dst portrange 440-450', ({ port }) => port === '80' || port === '443'],
  ['tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn', (seen) => has('tcp')(seen) && (seen.flags & 0x12) === 2],
  [
    'tcp[tcpflags] & tcp-rst = 0 and ip6',
    (seen) => has('tcp')(seen) && (seen.flags & 4) === 0 && has('ipv6')(seen),
  ],
  [
    'icmp6[icmp6type] = icmp6-echo or icmp[icmptype] = icmp-echo',
    ({ types }) => types[0] === '8' || types[1] === '128',
  ],
];

test('transport takes what tshark finds behind extension headers', async (t) => {
  if (tsharkVersion() === undefined) {
    t.log('skipped: tshark is not installed');
    t.pass();
    return;
  }
  const random = generator(0x6e);
  const frames = Array.from({ length: PACKETS }, () => frameOf(random));
  const theirs = seen(frames);
  t.is(theirs.length, frames.length);
  const tally = new Tally('scopes: behind extension headers, beside tshark');
  const inKernel = new Tally('scopes: the same in the running kernel, as xdp and tc');
  const kernel = fullRun ? await openKernel() : 'not in a short run';
  for (const [leaf, holds] of QUESTIONS) {
    const text = `transport { ${leaf} } or vlan { transport { ${leaf} } }`;
    const program = compile(text).for('EN10MB').cbpf;
    const verdicts = frames.map(
      (data) =>
        execute(program, { bytes: data, wireLength: data.length, personality: 'libpcap' }).result! !== 0,
    );
    let taken = 0;
    for (const [place, verdict] of verdicts.entries()) {
      const { words } = theirs[place]!;
      const headers = words.filter((word) => /^(ipv6\..*|ah)$/.test(word)).length;
      if (headers > 6) tally.leaveOut('more headers than are stepped over');
      else
        tally.check(
          verdict === holds(theirs[place]!),
          () => `${text}: ${verdict} on ${Buffer.from(frames[place]!).toString('hex')}`,
        );
      if (verdict) taken++;
    }
    t.true(taken > 0, text);
    if (typeof kernel === 'string') continue;
    for (const [form, type] of [
      ['xdp', 'xdp'],
      ['tc', 'sched_cls'],
    ] as const) {
      const loaded = kernel.load(lift(program, { form }), type);
      inKernel.check(typeof loaded !== 'string', () => `${text}: ${String(loaded).slice(-500)}`);
      if (typeof loaded === 'string') continue;
      for (let place = 0; place < frames.length; place += 40)
        inKernel.check((loaded.run(frames[place]!) !== 0) === verdicts[place], () => text);
      loaded.close();
    }
  }
  tally.finish(t);
  if (typeof kernel !== 'string') inKernel.finish(t);
});

test('no expression of libpcap means the same', (t) => {
  for (const text of ['transport { tcp }', 'gre { ip }', 'vlan { ipip { udp } } or udp'])
    t.is(libpcapForm(text), undefined, text);
});

test('numbers of transport, and what cannot stand within', (t) => {
  const random = generator(0x6f);
  const frames = Array.from({ length: 200 }, () => frameOf(random));
  for (const [numbered, plain] of [
    ['transport 6 { len > 60 }', 'transport { tcp and len > 60 }'],
    ['transport {6, 17-20} { ip6 }', 'transport { (tcp or udp) and ip6 }'],
  ] as const) {
    const [a, b] = [numbered, plain].map((text) => compile(text, { linkType: 'EN10MB' }));
    const verdicts = frames.map((data) => a!.matches(data));
    t.true(verdicts.includes(true) && verdicts.includes(false), numbered);
    t.deepEqual(
      frames.map((data) => b!.matches(data)),
      verdicts,
      numbered,
    );
  }
  for (const word of ['vlan', 'mpls', 'vxlan', 'gre { ip }'])
    t.throws(() => compile(`transport { ${word} }`), {
      instanceOf: FilterError,
      message: /cannot stand within 'transport'/,
    });
  t.throws(() => compile('transport 256 { tcp }'), {
    message: /protocol number 256 greater than maximum 255/,
  });
});
