/** Each ready-made filter matches the packets of `captures/` that tcpdump says it does. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compile, FilterError, type ReadyMadeFilter, readyMadeFilters } from '../lib/index.js';
import { openCapture } from '../lib/node.js';
import { projectRoot } from '../lib/testing/vectors.js';

/** By filter, by capture: numbers of the packets from 1; `null` where it does not compile for the link type. */
type Matches = Record<string, Record<string, readonly number[] | null>>;

const expected = JSON.parse(readFileSync(join(projectRoot, 'filters', 'matches.json'), 'utf8')) as Matches;
const captures = readdirSync(join(projectRoot, 'captures')).filter((file) =>
  /^(?!http-).*\.pcap$/.test(file),
);

const isWhole = ({ parameters }: ReadyMadeFilter): boolean => parameters.length === 0;

async function matchesOf(expression: string, file: string): Promise<readonly number[] | null> {
  await using capture = await openCapture(join(projectRoot, 'captures', file));
  const { linkType } = capture.interfaces[0]!;
  try {
    const options = {
      linkType,
      mode: 'savefile',
    } as const;
    const filter = compile(expression, options).for(linkType);
    const numbers: number[] = [];
    let number = 0;
    for await (const { data, wireLength } of capture) {
      number++;
      if (filter.run(data, wireLength) !== 0) numbers.push(number);
    }
    return numbers;
  } catch (error) {
    if (error instanceof FilterError) return null;
    throw error;
  }
}

for (const { name, title, meaning, expression } of readyMadeFilters().filter(isWhole)) {
  test(`@${name} matches what tcpdump says`, async (t) => {
    t.true(title.length > 2 && title.length < 60 && meaning.length > 10, 'a title and a meaning');
    const rows = expected[name] ?? {};
    t.true(
      Object.values(rows).some((numbers) => (numbers?.length ?? 0) > 0),
      'some capture shows it',
    );
    for (const file of captures)
      t.deepEqual(await matchesOf(expression, file), rows[file] ?? (file in rows ? null : []), file);
  });
}

test('filters can be composed', async (t) => {
  const all = await matchesOf('@dns', 'dns.pcap');
  const failures = await matchesOf('@dns-failures', 'dns.pcap');
  const rest = await matchesOf('@dns and not @dns-failures', 'dns.pcap');
  t.true(failures!.length > 0);
  t.deepEqual(
    [...rest!, ...failures!].sort((a, b) => a - b),
    all,
  );
});

/** The same packet over IPv6: Ethernet, a header of 40 bytes, what stood behind IPv4's. */
function overIpv6(data: Uint8Array): Uint8Array {
  const headerLength = 4 * (data[14]! & 0xf);
  const length = ((data[16]! << 8) | data[17]!) - headerLength;
  const header = [0x60, 0, 0, 0, length >> 8, length & 0xff, data[23]!, data[22]!, ...new Uint8Array(32)];
  const payload = data.subarray(14 + headerLength, 14 + headerLength + length);
  return Uint8Array.of(...data.subarray(0, 12), 0x86, 0xdd, ...header, ...payload);
}

for (const { name, meaning } of readyMadeFilters().filter(({ meaning }) => /IPv6\s+without/.test(meaning)))
  test(`@${name} says the same of a packet over IPv6`, async (t) => {
    t.regex(meaning, /IPv4/);
    const filter = compile(`@${name}`, { linkType: 'EN10MB' });
    let matched = 0;
    for (const file of ['dns.pcap', 'tls.pcap', 'http.pcap', 'ssh.pcap', 'quic.pcap', 'tcp-reset.pcap'])
      for await (const { data } of await openCapture(join(projectRoot, 'captures', file))) {
        if (data[12] !== 8 || data[13] !== 0) continue;
        t.is(filter.matches(overIpv6(data)), filter.matches(data), file);
        if (filter.matches(data)) matched++;
      }
    t.true(matched > 0);
  });

/** Filters with arguments, by capture, beside the same in tshark's words. */
/** No sample capture has these; what they are made of is held to tshark by lib/codegen/tunnels.test.ts. */
const ELSEWHERE: ReadonlySet<string> = new Set(['inside-geneve', 'inside-gtp', 'inside-erspan']);
const WITH_ARGUMENTS: readonly (readonly [file: string, expression: string, display: string])[] = [
  ['vlan.pcap', '@tagged-or-not(icmp)', 'icmp'],
  ['qinq.pcap', '@tagged-or-not(ip and not arp)', 'ip and not arp'],
  ['dns.pcap', '@tagged-or-not(udp port {53, 5353})', 'udp.port in {53, 5353}'],
  ['vlan.pcap', '@inside-vlan(ip)', 'vlan and ip'],
  ['dns.pcap', '@inside-vlan(ip)', 'vlan and ip'],
  ['mpls.pcap', '@inside-mpls(icmp) or arp', 'mpls and icmp or arp'],
  ['pppoe.pcap', '@inside-pppoe(ip)', 'pppoes and ip'],
  ['vxlan.pcap', '@inside-vxlan(arp)', 'arp'],
  ['gre.pcap', '@inside-gre(icmp)', 'gre and icmp'],
  ['ipip.pcap', '@inside-ip(icmp)', 'ip.proto == 4 and icmp'],
  [
    'http.pcap',
    '@between(192.0.2.10, 198.51.100.0/24)',
    'ip.addr == 192.0.2.10 and ip.addr == 198.51.100.0/24',
  ],
  [
    'http.pcap',
    '@between(192.0.2.11, 198.51.100.0/24)',
    'ip.addr == 192.0.2.11 and ip.addr == 198.51.100.0/24',
  ],
  ['http6.pcap', '@between(2001:db8::/32, ::/0) and tcp', 'ipv6.addr == 2001:db8::/32 and tcp'],
];

test('filters with arguments match what tshark says', async (t) => {
  for (const [file, expression, display] of WITH_ARGUMENTS) {
    const path = join(projectRoot, 'captures', file);
    const words = ['-n', '-r', path, '-Y', display, '-T', 'fields', '-e', 'frame.number'];
    const { status, stdout } = spawnSync('tshark', words, { encoding: 'utf8' });
    if (status === null) {
      t.log('skipped: tshark is not installed');
      t.pass();
      return;
    }
    t.deepEqual(
      await matchesOf(expression, file),
      stdout.split('\n').filter(Boolean).map(Number),
      expression,
    );
  }
  t.true(
    readyMadeFilters()
      .filter((filter) => !isWhole(filter))
      .every(({ name }) => WITH_ARGUMENTS.some(([, text]) => text.includes(name)) || ELSEWHERE.has(name)),
  );
});

test('arguments that are missing, too many or wrong are told', (t) => {
  for (const [expression, message] of [
    ['@tagged-or-not', /is written @tagged-or-not\(filter\)/],
    ['@between(192.0.2.1)', /is written @between\(one, other\)/],
    ['@dns(tcp)', /is written @dns$/],
    ['@inside-vlan(tcp prot 80)', /in named filter '@inside-vlan': /],
    ['@inside-vlan(tcp', /expected '\)'/],
    ['@inside-vlan()', /expected an expression/],
  ] as const)
    t.throws(() => compile(expression), { instanceOf: FilterError, message }, expression);
});
