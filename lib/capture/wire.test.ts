/**
 * Filters on a wire: two devices joined in a network namespace of their own, frames both ways, and the same packets seen
 * whether the kernel runs the filter as classic BPF, as eBPF, or it is run here. Needs root and Linux.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { compile } from '../filter/index.js';
import { fullRun, projectRoot } from '../testing/vectors.js';
import { type Answer, hearsTcpdump, type Questions } from '../testing/wire.js';
import { openCapture } from './index.js';

const WIRE = fileURLToPath(new URL('../testing/wire.js', import.meta.url));
const hosts = (count: number): string =>
  Array.from({ length: count }, (_, at) => `host 2001:db8::${at.toString(16)}`).join(' or ');
const hosts4 = (count: number): string =>
  Array.from({ length: count }, (_, at) => `host 10.0.${at >> 8}.${at & 255}`).join(' or ');
const ports = (count: number): string =>
  Array.from({ length: count }, (_, at) => `port ${1 + 7 * at}`).join(' or ');

/** Those that a plain run takes come first. */
const FILTERS: readonly string[] = [
  'udp',
  'vlan and ip',
  'inbound and ip',
  'ip6 or arp',
  `ip6 and (${hosts(20)})`,
  ...['', 'ip', 'ip6', 'tcp', 'icmp', 'icmp6', 'arp', 'ip6 and tcp', 'not ip'],
  ...[
    'tcp port 80 or udp port 53',
    'port 53',

    'portrange 1-1023',
    'tcp src portrange 80-443',
  ],
  ...['outbound', 'inbound', 'inbound and ip6', 'not inbound', 'inbound and vlan'],
  ...[
    'vlan',
    'not vlan',
    'vlan 100 or vlan 10',
    'vlan and vlan',
    'vlan and tcp',
    'vlan and ip6',
    'ip or vlan',
  ],
  ...['ip[6:2] & 0x1fff != 0', 'ip[6] & 0x20 != 0', 'ip6[6] = 44', 'ip6 proto 44', 'ip[6:2] & 0x3fff = 0'],
  ...['ip6 protochain 17', 'ip protochain 6', 'not ip6 protochain 6'],
  ...['len > 200', 'greater 100 and less 1000', 'ip proto 17 and ip[2:2] > 60', 'tcp[2:2] - tcp[0:2] > 100'],
  ...['tcp[tcpflags] & tcp-syn != 0', 'tcp[13] & 7 != 0', 'tcp[((tcp[12] & 0xf0) >> 2):2] = 0x4745'],
  ...['ether broadcast', 'ether multicast', 'ether[0] & 1 = 1', 'ip[0] & 0xf > 5', 'icmp[icmptype] = 8'],
  ...[
    'net 10.0.0.0/8',
    'src net 192.168.0.0/16',
    'ip src 10.0.0.1',
    'ip6 net 2001:db8::/32',
    'ip6 multicast',
  ],
  ...['ether proto 0x8100 or ether proto 0x88a8', 'ip host 192.0.2.1'],
  ...[hosts(1000), `not vlan and (${hosts4(1000)})`, `tcp and (${ports(1000)})`],
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

const matchesOnFile = (filter: string): ((frame: string) => boolean) => {
  const compiled = compile(filter).for(1, 'dead');
  return (frame) => compiled.matches(Buffer.from(frame, 'hex'));
};

test('the same packets are seen in every way of running a filter', async (t) => {
  if (skipped !== undefined) {
    t.log(`left out: ${skipped}`);
    t.pass();
    return;
  }
  const sent = await frames();
  const filters = fullRun ? FILTERS : FILTERS.slice(0, 5);
  const questions: Questions = {
    filters,
    frames: sent,
    tcpdump: fullRun && hasTcpdump,
    capEvery: fullRun ? 1 : 8,
  };
  const { stdout, stderr, status, signal, error } = spawnSync(
    'unshare',
    ['--net', '--pid', '--fork', '--kill-child', process.execPath, WIRE],
    {
      input: JSON.stringify(questions),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      timeout: 120_000,
    },
  );
  t.is(status, 0, `${signal ?? error ?? ''} ${stderr}`);
  const answers = JSON.parse(stdout) as Answer[];
  /** Frames by their place in what was sent: a difference is then a number, and not a frame. */
  const places = (packets: readonly string[]): number[] => packets.map((packet) => sent.indexOf(packet));
  for (const filter of filters) {
    const own = answers.filter((answer) => answer.filter === filter);
    const about = filter.slice(0, 60);
    const [here] = own.filter(({ way }) => way === 'here');
    t.is(new Set(here!.packets).size, here!.packets.length, `${about}: each once`);
    for (const { way, packets, machine, fallback, dropped } of own) {
      // It gets packets with their tags in place, so that filters mean what they mean on a file.
      const expected = way === 'cap' ? sent.filter(matchesOnFile(filter)) : here!.packets;
      t.is(dropped, 0, `${about}: ${way}`);
      t.deepEqual(places(packets), places(expected), `${about}: ${way}`);
      if (way === 'ebpf' && fallback === undefined) t.is(machine, 'ebpf', about);
    }
    if (questions.tcpdump && hearsTcpdump(filter))
      t.true(
        own.some(({ way }) => way === 'tcpdump'),
        about,
      );
  }
  const count = (way: string): number => answers.filter(({ machine }) => machine === way).length;
  const ways = [...new Set(answers.map(({ way }) => way))].join(', ');
  t.log(
    `${sent.length} frames, ${filters.length} filters: ${ways}; in the kernel: ${count('cbpf')} as classic BPF, ${count('ebpf')} as eBPF`,
  );
  t.true(count('ebpf') >= filters.length / 2);
  t.true(answers.some(({ packets }) => packets.length > 0 && packets.length < sent.length));
});
