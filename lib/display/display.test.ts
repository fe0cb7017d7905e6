/** Display filters: what is written for them, what is left over, and what is refused where. */

import test from 'ava';
import { equivalent } from '../ask/index.js';
import { compile, FilterError } from '../index.js';
import { toDisplay, translate } from './index.js';

const programOf = (expression: string) => compile(expression, { optimize: false }).for('EN10MB').cbpf;

/** Wireshark's words (wireshark-filter(4)) and what they say, outside tunnels. */
const SAME: readonly (readonly [display: string, capture: string])[] = [
  ['ip.addr == 192.0.2.1', 'ip host 192.0.2.1'],
  ['ip.addr != 192.0.2.1', 'ip and not ip host 192.0.2.1'],
  ['!(ip.addr == 192.0.2.1)', 'not ip host 192.0.2.1'],
  ['ip.src == 10.1.2.3/8 or ipv6.dst == 2001:db8::/32', 'ip src net 10.0.0.0/8 or ip6 dst net 2001:db8::/32'],
  ['tcp.port in {80, 443, 8000..8010}', 'tcp port 80 or tcp port 443 or tcp portrange 8000-8010'],
  ['tcp.dstport >= 1024 && !udp', 'tcp dst portrange 1024-65535'],
  ['udp.port eq 53 and udp or arp', 'udp port 53 or arp'],
  ['eth.addr == 02-00-00-00-00-01 and frame.len < 100', 'ether host 02:00:00:00:00:01 and less 99'],
  ['tcp.flags.syn == True and ip', 'tcp[13] & 2 != 0'],
  ['ip.ttl === 1', 'ip[8] = 1'],
  ['ip.src !== 10.0.0.1', 'ip and not ip src host 10.0.0.1'],
];

test('display filters say what they say', (t) => {
  for (const [display, capture] of SAME) {
    const { outer, exact } = translate(display);
    t.true(exact, display);
    t.is(equivalent(programOf(outer!), programOf(capture)).verdict, 'equal', `${display}: ${outer}`);
  }
});

test('what cannot be said is told, and the rest is kept', (t) => {
  const { outer, exact, left } = translate('tcp.port == 443 && ip.addr == 192.0.2.1 && http');
  t.is(outer, 'tcp port 443 and ip host 192.0.2.1');
  t.false(exact);
  t.deepEqual(
    left.map(({ text }) => text),
    ['http'],
  );
  t.is(translate('not http').outer, '');
  t.is(translate('tcp and tcp.payload contains "GET"').outer, 'tcp');
  t.is(translate('ip.src == ip.dst').outer, 'ip');
  t.is(translate('len(udp.payload) > 3 and arp').outer, 'udp and arp');
  t.is(translate('frame.len > 4294967295').expression, undefined);
});

test('what is no display filter is refused where it is wrong', (t) => {
  const refused: readonly (readonly [filter: string, at: number])[] = [
    ['tcp.port = 80', 9],
    ['tcp.port == 80 and', 18],
    ['(tcp', 4],
    ['tcp udp', 4],
    ['tcp.port in {80', 15],
    ['tcp.port == 70000', 12],
    ['tcp.port in {9..3}', 13],
    ['== 3', 0],
    [`${'('.repeat(2000)}tcp${')'.repeat(2000)}`, 500],
  ];
  for (const [filter, at] of refused) {
    const error = t.throws(() => translate(filter), { instanceOf: FilterError }, filter);
    t.is(error?.span.start, at, filter);
  }
});

test('expressions without a display filter are refused where they are', (t) => {
  for (const [expression, at] of [
    ['tcp and inbound', 8],
    ['port nosuchservice', 5],
    ['ip[0] + ip[1] > 3', 0],
    ['udp[8:2] & 0x8000 != 0', 0],
  ] as const)
    t.is(t.throws(() => toDisplay(expression), { instanceOf: FilterError })?.span.start, at, expression);
  t.is(toDisplay('host 192.0.2.1 and ip').endsWith('and ip'), true);
  t.is(toDisplay(''), '');
});
