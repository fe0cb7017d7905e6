/**
 * Filters on a wire: two devices joined in a network namespace of their own, frames both ways, and the same packets seen
 * whether the kernel runs the filter as classic BPF, as eBPF, or it is run here. Needs root and Linux.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { fullRun, projectRoot } from '../testing/vectors.js';
import type { Answer, Questions } from '../testing/wire.js';
import { openCapture } from './index.js';

const WIRE = fileURLToPath(new URL('../testing/wire.js', import.meta.url));
const hosts = (count: number): string =>
  Array.from({ length: count }, (_, at) => `host 2001:db8::${at.toString(16)}`).join(' or ');

/** Those that a plain run takes come first. */
const FILTERS: readonly string[] = [
  'udp',
  'vlan and ip',
  'inbound and ip',
  'ip6 or arp',
  `ip6 and (${hosts(20)})`,
  ...['tcp', 'tcp port 80 or udp port 53', 'outbound', 'vlan', 'not vlan', 'icmp or icmp6', 'len > 200'],
  ...['ip[6:2] & 0x1fff != 0', 'tcp[tcpflags] & tcp-syn != 0', 'ether broadcast', 'ether multicast'],
  ...['ip proto 17 and ip[2:2] > 60', 'net 10.0.0.0/8', 'src net 192.168.0.0/16', 'portrange 1-1023'],
  ...['ip6 protochain 17', 'ether[0] & 1 = 1', 'ip[-1] = 7 or ip', 'greater 100 and less 1000'],
  ...['tcp[2:2] - tcp[0:2] > 100', 'ip src 10.0.0.1', hosts(1000), `not (${hosts(1000)})`],
];

const hasTcpdump = spawnSync('which', ['tcpdump']).status === 0;
const skipped =
  process.platform !== 'linux' || process.getuid?.() !== 0
    ? 'this needs root on Linux'
    : spawnSync('unshare', ['--net', 'ip', 'link']).status !== 0
      ? 'network namespaces cannot be made here'
      : undefined;

const CAPTURES = [
  'dns',
  'fragments',
  'http',
  'http6',
  'icmp6',
  'ipv6-extensions',
  'arp',
  'qinq',
  'vlan',
  'tls',
];
const MOST_FRAMES = 30;

/** Ethernet frames of the project's captures, each once. */
async function frames(): Promise<string[]> {
  const found = new Set<string>();
  for (const name of CAPTURES) {
    let taken = 0;
    await using capture = await openCapture(`${projectRoot}/captures/${name}.pcap`);
    for await (const { data } of capture) {
      if (data.length > 1500 || taken++ >= MOST_FRAMES) continue;
      // What is shorter than a frame may be, a device could make longer.
      found.add(Buffer.from(data).toString('hex').padEnd(120, '0'));
    }
  }
  return [...found];
}

test('the same packets are seen in every way of running a filter', async (t) => {
  if (skipped !== undefined) {
    t.log(`left out: ${skipped}`);
    t.pass();
    return;
  }
  const sent = await frames();
  const filters = fullRun ? FILTERS : FILTERS.slice(0, 5);
  const questions: Questions = { filters, frames: sent, tcpdump: fullRun && hasTcpdump ? 12 : 0 };
  const { stdout, stderr, status } = spawnSync('unshare', ['--net', process.execPath, WIRE], {
    input: JSON.stringify(questions),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  t.is(status, 0, stderr);
  const answers = JSON.parse(stdout) as Answer[];
  for (const filter of filters) {
    const own = answers.filter((answer) => answer.filter === filter);
    const about = filter.slice(0, 60);
    const [here] = own.filter(({ way }) => way === 'here');
    t.is(new Set(here!.packets).size, here!.packets.length, `${about}: each once`);
    for (const { way, packets, machine, fallback, dropped } of own) {
      t.is(dropped, 0, `${about}: ${way}`);
      t.deepEqual(packets, here!.packets, `${about}: ${way}`);
      if (way === 'ebpf' && fallback === undefined) t.is(machine, 'ebpf', about);
    }
  }
  const count = (way: string): number => answers.filter(({ machine }) => machine === way).length;
  t.log(
    `${sent.length} frames, ${filters.length} filters; in the kernel: ${count('cbpf')} as classic BPF, ${count('ebpf')} as eBPF`,
  );
  t.true(count('ebpf') >= filters.length / 2);
  t.true(answers.some(({ packets }) => packets.length > 0 && packets.length < sent.length));
});
