/** Long lists before the verifier of the running kernel: how much it looks at, and what the programs do there. */

import test from 'ava';
import { execute } from '../cbpf/index.js';
import { compile } from '../filter/index.js';
import { openKernel } from '../testing/kernel.js';
import { generator } from '../testing/random.js';
import { fullRun } from '../testing/vectors.js';
import { type LiftForm, lift } from './index.js';

const MEMBERS = 1000;
/** A fifth of what a kernel looks at before it gives up (`BPF_COMPLEXITY_LIMIT_INSNS`). */
const MOST_PROCESSED = 200_000;
/** What the kernel's test run puts before a packet of these hooks, and takes away for the others. */
const ETHERNET = 14;

const upTo = generator(11);
const hosts4 = Array.from({ length: MEMBERS }, () => [10, upTo(9), upTo(256), upTo(256)]);
const hosts6 = Array.from({ length: MEMBERS }, () => [
  0x20,
  1,
  0x0d,
  0xb8,
  0,
  upTo(9),
  upTo(256),
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  upTo(2),
  upTo(256),
]);
const ports = Array.from({ length: MEMBERS }, () => 1 + upTo(5000));
const text4 = (host: readonly number[]): string => host.join('.');
const text6 = (host: readonly number[]): string =>
  Array.from({ length: 8 }, (_, at) => ((host[2 * at]! << 8) | host[2 * at + 1]!).toString(16)).join(':');

const LISTS: readonly (readonly [name: string, expression: string])[] = [
  ['IPv6 hosts', hosts6.map((host) => `host ${text6(host)}`).join(' or ')],
  ['IPv4 hosts', hosts4.map((host) => `host ${text4(host)}`).join(' or ')],
  [
    'source hosts with destination ports',
    hosts4.map((host, index) => `(src host ${text4(host)} and dst port ${ports[index]})`).join(' or '),
  ],
];

const FORMS: readonly (readonly [LiftForm, 'xdp' | 'sched_cls' | 'socket_filter' | 'cgroup_skb', number])[] =
  [
    ['xdp', 'xdp', 0],
    ['tc', 'sched_cls', 0],
    ['portable', 'socket_filter', ETHERNET],
    ['cgroup', 'cgroup_skb', ETHERNET],
  ];

/** Packets from and to members and others, over TCP, some of them cut. */
function packets(): Uint8Array[] {
  const result: Uint8Array[] = [];
  const other = (host: readonly number[]): number[] =>
    host.map((byte, at) => (at === host.length - 1 ? byte ^ upTo(4) : byte));
  for (let count = 0; count < 60; count++) {
    for (const [hosts, type, length, at] of [
      [hosts4, 0x0800, 20, 12],
      [hosts6, 0x86dd, 40, 8],
    ] as const) {
      const member = upTo(MEMBERS);
      const packet = new Uint8Array(ETHERNET + length + 20);
      const view = new DataView(packet.buffer);
      view.setUint16(12, type);
      packet[ETHERNET] = length === 20 ? 0x45 : 0x60;
      packet[ETHERNET + (length === 20 ? 9 : 6)] = 6;
      packet.set(other(hosts[member]!), ETHERNET + at);
      packet.set(other(hosts[upTo(MEMBERS)]!), ETHERNET + at + hosts[0]!.length);
      view.setUint16(ETHERNET + length + 2, ports[member]!);
      result.push(upTo(4) === 0 ? packet.subarray(0, ETHERNET + 1 + upTo(length)) : packet);
    }
  }
  return result;
}

// Every form in the full run; in others the longest.
for (const [form, type, cut] of FORMS.filter(([name]) => fullRun || name === 'xdp')) {
  test(`lists of ${MEMBERS} load in the kernel as ${type}, and match there what they should`, async (t) => {
    const kernel = await openKernel();
    if (typeof kernel === 'string') {
      t.log(`skipped: ${kernel}`);
      t.pass();
      return;
    }
    const events = packets();
    for (const [name, expression] of LISTS) {
      const classic = compile(expression).for(cut === 0 ? 'EN10MB' : 'RAW').cbpf;
      const loaded = kernel.load(lift(classic, { form }), type);
      if (typeof loaded === 'string') {
        t.fail(`${name}: ${loaded.slice(0, 200)} … ${loaded.slice(-200)}`);
        continue;
      }
      t.log(`${name}: ${loaded.processed} instructions processed`);
      t.true(loaded.processed < MOST_PROCESSED);
      let matches = 0;
      for (const packet of events) {
        // The kernel makes no socket buffers of packets that end within the network header.
        const header = packet[ETHERNET] === 0x45 ? 20 : 40;
        if (type !== 'xdp' && packet.length < ETHERNET + header) continue;
        const bytes = packet.subarray(cut);
        const expected = execute(classic, { bytes, wireLength: bytes.length, personality: 'libpcap' })
          .result!;
        const actual = loaded.run(packet);
        t.is(actual, form === 'cgroup' ? Math.min(expected, 1) : expected, name);
        if (expected !== 0) matches++;
      }
      t.true(matches > 10 && matches < events.length - 10, `${name}: ${matches} match`);
      loaded.close();
    }
  });
}
