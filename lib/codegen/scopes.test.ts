/** Scopes and lists in braces, beside the same said in libpcap's language, in tshark's, and on the way there and back. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { equivalent } from '../ask/index.js';
import { libpcapForm } from '../ask.js';
import { compile, FilterError } from '../index.js';
import { format, parse } from '../syntax/index.js';
import { readPackets } from '../testing/tcpdump.js';
import { tsharkVersion } from '../testing/tshark.js';
import { projectRoot } from '../testing/vectors.js';
import { compileUnoptimized } from './index.js';

/** In libpcap's language what moves headers has to come last, because nothing puts them back. */
const SAME: readonly (readonly [scoped: string, plain: string])[] = [
  ['{ vlan and tcp port 80 } or tcp port 80', 'tcp port 80 or (vlan and tcp port 80)'],
  ['vlan { tcp port 80 } or tcp port 80', 'tcp port 80 or (vlan and tcp port 80)'],
  ['vlan 5 { udp } or icmp', 'icmp or (vlan 5 and udp)'],
  ['mpls { ip } or ip', 'ip or (mpls and ip)'],
  ['pppoes { ip } or ip6', 'ip6 or (pppoes and ip)'],
  ['not vlan { tcp }', 'not (vlan and tcp)'],
  ['vxlan 7 { arp } or arp', 'arp or (vxlan 7 and arp)'],
  ['ip6 or geneve { ip host 192.0.2.1 }', 'ip6 or (geneve and ip host 192.0.2.1)'],
  ['vlan { vlan { ip } or ip } and not tcp', 'not tcp and (vlan and (ip or (vlan and ip)))'],
  ['{ tcp } and { port 80 }', 'tcp and port 80'],
  ['tcp port {80, 443, 8000-8010}', 'tcp port 80 or tcp port 443 or tcp portrange 8000-8010'],
  [
    'src host {192.0.2.1, 2001:db8::1} and not port {22}',
    'src host 192.0.2.1 or 2001:db8::1 and not port 22',
  ],
  ['net {10.0.0.0/8, 192.168}', 'net 10.0.0.0/8 or net 192.168'],
  [
    'ether host {02:00:00:00:00:01, 02:00:00:00:00:02}',
    'ether host 02:00:00:00:00:01 or ether host 02:00:00:00:00:02',
  ],
  ['ip proto {6, 17} or arp', 'ip proto 6 or ip proto 17 or arp'],
  [
    'vlan {5, 10-20} and ip',
    'vlan and (link[14:2] & 0xfff = 5 or (link[14:2] & 0xfff >= 10 and link[14:2] & 0xfff <= 20)) and ip',
  ],
  [
    'vlan {5, 6} { udp } or arp',
    'arp or (vlan and (link[14:2] & 0xfff = 5 or link[14:2] & 0xfff = 6) and udp)',
  ],
  ['mpls {16-17, 20}', '{ mpls 16 } or { mpls 17 } or { mpls 20 }'],
  ['vxlan {5, 7-8} and arp', 'vxlan 5 { arp } or vxlan 7 { arp } or vxlan 8 { arp }'],
  ['port {http, 443} or tcp', 'port http or 443 or tcp'],
];

/** The same where the kernel may have taken the tag out of the packet; to look for that comes first on both sides. */
const SAME_LIVE: readonly (readonly [scoped: string, plain: string])[] = [
  ['icmp or vlan 5 { udp }', 'icmp or (vlan 5 and udp)'],
  ['vlan { tcp } or vlan { udp }', 'vlan and (tcp or udp)'],
  ['vlan {5, 6-7} and tcp', 'vlan {5, 6, 7} and tcp'],
  ['vlan 5 { tcp port {80, 443} }', 'vlan 5 and tcp and (port 80 or port 443)'],
  ['not vlan { ip } and not vlan { ip6 }', 'not (vlan and (ip or ip6))'],
];

test('what is in braces is what libpcap says in another order', (t) => {
  for (const [mode, pairs] of [
    ['dead', SAME],
    ['linux-live', SAME_LIVE],
  ] as const)
    for (const [scoped, plain] of pairs) {
      const [a, b] = [scoped, plain].map((text) => compileUnoptimized(text, { mode }));
      t.is(equivalent(a!, b!).verdict, 'equal', `${scoped}, ${mode}`);
    }
});

test('braces are written back as they are read', (t) => {
  for (const [scoped] of SAME) {
    const text = format(parse(scoped));
    t.is(format(parse(text)), text);
    t.is(equivalent(compileUnoptimized(scoped), compileUnoptimized(text)).verdict, 'equal', text);
  }
  t.is(format(parse('vlan 5{udp}or tcp')), '{ vlan 5 and (udp) } or tcp');
});

test('braces that do not fit are refused where they stand', (t) => {
  const refused: readonly (readonly [text: string, at: number])[] = [
    ['{ tcp', 5],
    ['vlan { tcp )', 11],
    ['( tcp }', 6],
    ['port {}', 6],
    ['{}', 1],
    ['tcp }', 4],
    ['port {80,', 9],
    ['host {192.0.2.1 192.0.2.2}', 16],
    ['tcp {', 4],
    ['vlan {5', 7],
    ['vlan {20-10}', 6],
    ['vlan {5, tcp}', 9],
  ];
  for (const [text, at] of refused) {
    const error = t.throws(() => compile(text), { instanceOf: FilterError }, text);
    t.is(error?.span.start, at, text);
    t.regex(error!.libpcapMessage, /syntax error/, text);
  }
});

/** What tshark finds at any depth, where a capture has just these depths. */
const FOUND: readonly (readonly [capture: string, scoped: string, display: string])[] = [
  ['vlan.pcap', 'vlan { icmp } or icmp', 'icmp'],
  ['vlan.pcap', 'vlan { ip } or ip', 'ip'],
  ['qinq.pcap', 'vlan { vlan { ip } or ip } or ip', 'ip'],
  ['mpls.pcap', 'mpls { mpls { ip } or ip } or ip', 'ip'],
  ['pppoe.pcap', 'pppoes { ip } or ip', 'ip'],
  ['vxlan.pcap', 'vxlan { arp or icmp } or tcp', 'arp or icmp or tcp'],
];

test('scopes take what tshark takes of tagged and tunnelled packets', async (t) => {
  if (tsharkVersion() === undefined) {
    t.log('skipped: tshark is not installed');
    t.pass();
    return;
  }
  for (const [capture, scoped, display] of FOUND) {
    const path = join(projectRoot, 'captures', capture);
    const filter = compile(scoped, { linkType: 'EN10MB' });
    const packets = await readPackets(path);
    const ours = packets.flatMap((packet, place) => (filter.matches(packet) ? [`${place + 1}`] : []));
    const words = ['-n', '-r', path, '-Y', display, '-T', 'fields', '-e', 'frame.number'];
    const { stdout } = spawnSync('tshark', words, { encoding: 'utf8' });
    t.deepEqual(ours, stdout.split('\n').filter(Boolean), `${capture}: ${scoped}`);
    t.true(ours.length > 0);
  }
});

test("in libpcap's own language, where it has one", (t) => {
  for (const [scoped] of SAME) {
    const form = libpcapForm(scoped);
    if (/\{\d/.test(scoped) && /^(vlan|mpls|vxlan)/.test(scoped)) continue; // numbers of tags and labels have no list there
    t.not(form, undefined, scoped);
    t.notRegex(form!, /[{}@]/);
  }
  t.is(libpcapForm('vlan { tcp } or tcp'), 'tcp or (vlan and tcp)');
  t.is(libpcapForm('@between(192.0.2.1, 10.0.0.0/8)')?.includes('src net'), true);
  // Tests of two kinds of tag, each where the other is not.
  t.is(libpcapForm('vlan { ip } or mpls { ip6 }'), undefined);
});
