/** Display filters: what is written for them, what is left over, and what is refused where. */

import test from 'ava';
import { equivalent } from '../ask/index.js';
import { libpcapForm } from '../ask.js';
import { compile, FilterError } from '../index.js';
import { DISPLAY_PAIRS, TO_DISPLAY } from '../testing/displayPairs.js';
import { toDisplay, translate } from './index.js';

const programOf = (expression: string) => compile(expression, { optimize: false }).for('EN10MB').cbpf;

test('display filters say what they say', (t) => {
  for (const [display, capture] of DISPLAY_PAIRS) {
    const { outer, exact } = translate(display);
    t.true(exact, display);
    t.is(equivalent(programOf(outer!), programOf(capture)).verdict, 'equal', `${display}: ${outer}`);
  }
});

/** Fields within capture filters, and the same in libpcap's language. */
const FIELDS_SAME: readonly (readonly [withFields: string, plain: string])[] = [
  ['ip.src == 192.0.2.1', 'ip src host 192.0.2.1'],
  ['ip.src = 192.0.2.1', 'ip src host 192.0.2.1'],
  ['tcp port 80 and ip.dst!=192.0.2.0/24', 'tcp port 80 and ip and not ip dst net 192.0.2.0/24'],
  ['not (tcp.port in {80, 443, 8000..8010})', 'not (tcp port 80 or 443 or tcp portrange 8000-8010)'],
  ['tcp.port eq 55082 or ip.ttl le 4', 'tcp port 55082 or ip[8] <= 4'],
  ['tcp.flags.syn == 1', 'tcp[13] & 2 != 0 or (ip6[6] = 6 and ip6[53] & 2 != 0)'],
  ['ipv6.addr == 2001:db8::/32 or arp', 'ip6 net 2001:db8::/32 or arp'],
  ['eth.src == 02:00:00:00:00:01 and frame.len > 100', 'ether src 02:00:00:00:00:01 and len > 100'],
  ['vlan { ip.ttl < 5 } or ip.ttl < 5', 'ip[8] < 5 or (vlan and ip[8] < 5)'],
  ['@inside-vlan(udp.dstport >= 1024)', '@inside-vlan(udp dst portrange 1024-65535)'],
];

test("fields by Wireshark's names within capture filters", (t) => {
  for (const [withFields, plain] of FIELDS_SAME) {
    t.is(equivalent(programOf(withFields), programOf(plain)).verdict, 'equal', withFields);
    t.notRegex(libpcapForm(withFields)!, /[a-z]\.[a-z]/, withFields);
  }
});

test('what no capture filter tests is refused where it stands', (t) => {
  for (const [expression, start, end, message] of [
    ['arp or http.host == example', 7, 27, "no capture filter tests 'http.host == example'"],
    ['ip.ttl == 300', 0, 13, "no capture filter tests 'ip.ttl == 300'"],
    ['tcp.port in {80', 15, 15, 'expected a value, the expression ends here'],
    ['ip.src ==', 9, 9, 'expected a value, the expression ends here'],
    ['host ip.src == 1', 5, 11, "unknown host 'ip.src'"],
  ] as const) {
    const error = t.throws(() => compile(expression), { instanceOf: FilterError }, expression);
    t.is(error?.message, message);
    t.deepEqual(error?.span, { start, end });
  }
  for (const [expression, hint] of [
    ['ip.tll == 3', "did you mean 'ip.ttl'?"],
    ['arp or ip.id == 70000', 'its values are 0 to 65535'],
    ['ip.src == 3', 'its values are addresses'],
    ['http.host == x', "'weir translate' makes the tightest capture filter of a display filter"],
  ] as const)
    t.is(t.throws(() => compile(expression), { instanceOf: FilterError })?.hint, hint, expression);
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
    // Wireshark slices headers only, and has a length where a type is too small for one.
    ['ip6[40] = 134', 0],
    ['tcp[20:2] = 1', 0],
    ['ether proto 255', 12],
  ] as const)
    t.is(t.throws(() => toDisplay(expression), { instanceOf: FilterError })?.span.start, at, expression);
  for (const [capture, display] of TO_DISPLAY) t.is(toDisplay(capture), display);
});
