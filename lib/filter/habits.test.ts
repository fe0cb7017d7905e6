/**
 * Phrases of other languages: each is refused, the hint has the right phrase, and the right phrase means what the phrase
 * was meant to: it is proved equal to an expression that spells it out.
 */

import test from 'ava';
import { compile, equivalent, FilterError } from '../index.js';

/** What is written, what the hint says instead, and what that means. */
type Row = readonly [wrong: string, right: string, meaning: string];

// biome-ignore format: a table
const ROWS: readonly Row[] = [
  ['not 192.0.2.1', 'host 192.0.2.1', 'host 192.0.2.1'],
  ['192.0.2.1', 'host 192.0.2.1', 'host 192.0.2.1'],
  ['tcp and 2001:db8::1', 'host 2001:db8::1', 'ip6 host 2001:db8::1'],
  ['10.0.0.0/8', 'net 10.0.0.0/8', 'net 10'],
  ['src 192.0.2.0/24', 'src net 192.0.2.0/24', 'src net 192.0.2'],
  ['udp and dst 10.0.0.0/8', 'dst net 10.0.0.0/8', 'dst net 10'],
  ['host 192.0.2.*', 'net 192.0.2.0/24', 'net 192.0.2'],
  ['src host 10.*.*.*', 'src net 10.0.0.0/8', 'src net 10'],
  ['10.20.x.x', 'net 10.20.0.0/16', 'net 10.20'],
  ['src 192.0.2.1:80', 'src host 192.0.2.1 and src port 80', 'src host 192.0.2.1 and src port 80'],
  ['host 192.0.2.1:443', 'host 192.0.2.1 and port 443', 'host 192.0.2.1 and port 443'],
  ['dst ip 192.0.2.1', 'dst host 192.0.2.1', 'dst host 192.0.2.1'],
  ['ipv4 192.0.2.1', 'host 192.0.2.1', 'host 192.0.2.1'],
  ['mac 02:00:00:00:00:01', 'ether host 02:00:00:00:00:01', 'ether host 02:00:00:00:00:01'],
  ['ether 02:00:00:00:00:01', 'ether host 02:00:00:00:00:01', 'ether host 02:00:00:00:00:01'],
  ['src mac 02:00:00:00:00:01', 'ether src 02:00:00:00:00:01', 'ether src 02:00:00:00:00:01'],
  ['02:00:00:00:00:01', 'ether host 02:00:00:00:00:01', 'ether host 02:00:00:00:00:01'],
  ['ip[12:4]=192.0.2.1', 'ip[12:4] = 0xc0000201', 'ip src host 192.0.2.1'],
  ['ip[16:4] & 0xffffff00 == 192.0.2.0', 'ip[16:4] & 0xffffff00 == 0xc0000200', 'ip dst net 192.0.2'],
  ['tcp port 80 443', 'port (80 or 443)', 'port 80 or port 443'],
  ['port 80, 443,8080', 'port (80 or 443 or 8080)', 'port 80 or port 443 or port 8080'],
  ['tcp and ports 80 or 443', 'port (80 or 443)', 'port 80 or port 443'],
  ['host 192.0.2.1, 192.0.2.2', 'host (192.0.2.1 or 192.0.2.2)', 'host 192.0.2.1 or host 192.0.2.2'],
  ['port {80 443}', 'port (80 or 443)', 'port 80 or port 443'],
  ['dst portrange 1:9', 'dst portrange 1-9', 'dst portrange 1-9'],
  ['port 8000-8010', 'portrange 8000-8010', 'portrange 8000-8010'],
  ['src port 1..9', 'src portrange 1-9', 'src portrange 1-9'],
  ['portrange 1 to 9', 'portrange 1-9', 'portrange 1-9'],
  ['port = 22', 'port 22', 'port 22'],
  ['port == 22', 'port 22', 'port 22'],
  ['host = 192.0.2.1', 'host 192.0.2.1', 'host 192.0.2.1'],
  ['port != 22', 'not port 22', 'not port 22'],
  ['dst port != 22', 'not dst port 22', 'not dst port 22'],
  ['vlan 10-20', 'vlan and link[14:2] & 0xfff >= 10 and link[14:2] & 0xfff <= 20', 'vlan and ether[14:2] & 4095 > 9 and ether[14:2] & 4095 < 21'],
  ['vlan id 12', 'vlan 12', 'vlan 12'],
  ['vlan = 12', 'vlan 12', 'vlan 12'],
  ['tcp syn', 'tcp[tcpflags] & tcp-syn != 0', 'tcp[13] & 2 != 0'],
  ['syn', 'tcp[tcpflags] & tcp-syn != 0', 'tcp[13] & 2 != 0'],
  ['tcp flags rst', 'tcp[tcpflags] & tcp-rst != 0', 'tcp[13] & 4 != 0'],
  ['tcp-fin', 'tcp[tcpflags] & tcp-fin != 0', 'tcp[13] & 1 != 0'],
  ['tcp[tcpflags] = syn', 'tcp[tcpflags] & tcp-syn != 0', 'tcp[13] & 2 != 0'],
  ['tcp[13] & psh != 0', 'tcp[tcpflags] & tcp-push != 0', 'tcp[13] & 8 != 0'],
  ['dscp 46', 'ip[1] >> 2 = 46', 'ip[1] >> 2 = 0x2e'],
  ['dscp == ef', 'ip[1] >> 2 = 46', 'ip[1] >> 2 = 0x2e'],
  ['ip dscp af41', 'ip[1] >> 2 = 34', 'ip[1] >> 2 = 0x22'],
  ['ttl < 5', 'ip[8] < 5', 'ip[8] <= 4'],
  ['tos 16', 'ip[1] = 16', 'ip[1] = 0x10'],
  ['ecn 3', 'ip[1] & 3 = 3', 'ip[1] & 3 > 2'],
  ['size > 1000', 'len > 1000', 'len >= 1001'],
  ['frag', 'ip[6:2] & 0x3fff != 0', 'ip[6:2] & 16383 > 0'],
  ['ip fragment', 'ip[6:2] & 0x3fff != 0', 'ip[6:2] & 16383 > 0'],
  ['df', 'ip[6] & 0x40 != 0', 'ip[6] & 64 = 64'],
  ['icmp type 8', 'icmp[icmptype] = 8', 'icmp[0] = 8'],
  ['icmp6 type 135', 'icmp6[icmp6type] = 135', 'icmp6[0] = 135'],
  ['icmp echo', 'icmp[icmptype] = icmp-echo', 'icmp[0] = 8'],
  ['icmp echo-reply', 'icmp[icmptype] = icmp-echoreply', 'icmp[0] = 0'],
  ['arp request', 'arp[6:2] = 1', 'arp[6:2] > 0 and arp[6:2] < 2'],
  ['arp reply', 'arp[6:2] = 2', 'arp[6:2] > 1 and arp[6:2] < 3'],
  ['ether proto ipv6', 'ether proto \\ip6', 'ether proto 0x86dd'],
  ['proto tcp', 'proto \\tcp', 'tcp'],
  ['ip proto udp', 'ip proto \\udp', 'ip and udp'],
];

function refusal(expression: string): FilterError {
  try {
    compile(expression).for('EN10MB');
  } catch (error) {
    if (error instanceof FilterError) return error;
    throw error;
  }
  throw new Error(`'${expression}' compiles`);
}

for (const [wrong, right, meaning] of ROWS) {
  test(`${wrong} → ${right}`, (t) => {
    t.is(refusal(wrong).hint, `write '${right}'`);
    const [a, b] = [right, meaning].map((expression) => compile(expression).for('EN10MB').cbpf);
    t.is(equivalent(a!, b!, { whole: true }).verdict, 'equal');
  });
}

test("words of Wireshark's display filters that are none here", (t) => {
  const display = (text: string) => `that is a display filter; a capture filter says '${text}'`;
  for (const [wrong, hint] of [
    ['vlan.id == 7', display('vlan 7')],
    ['tcp and tcp.seq > 5', display('tcp[4:4] > 5')],
    ['host ip.addr', display('host VALUE')],
    ['port tcp.port', display('tcp port VALUE')],
    ['http', "capture filters say 'tcp port 80'"],
    ['ipv6', "capture filters say 'ip6'"],
    ['tcp or dns and udp', "capture filters say 'port 53'"],
  ] as const)
    t.is(refusal(wrong).hint, hint, wrong);
});

test('what is punctuation elsewhere is left out', (t) => {
  t.is(refusal('tcp port 80;').hint, "leave the ';' out");
  t.is(refusal('tcp port 80 ,').hint, "leave the ',' out");
});

test('a vlan that comes too late is put first', (t) => {
  const rows = [
    ['tcp port 80 and vlan 12', 'vlan 12 and tcp port 80', 16, 23],
    ['(host 192.0.2.1 or arp) and vlan', 'vlan and (host 192.0.2.1 or arp)', 28, 32],
    ['ip and mpls 5 and udp', 'mpls 5 and ip and udp', 7, 13],
  ] as const;
  for (const [wrong, right, start, end] of rows) {
    const { hint, span, libpcapMessage } = refusal(wrong);
    t.regex(hint, /moves what stands behind it/);
    t.true(hint.endsWith(`write '${right}'`), hint);
    t.deepEqual(span, { start, end });
    t.is(libpcapMessage, 'expression rejects all packets');
    t.notThrows(() => compile(right).for('EN10MB'));
  }
});

test('guesses are words that the slip is likely to come from', (t) => {
  const guesses = [
    ['tpc', 'tcp'],
    ['upd', 'udp'],
    ['prot 80', 'port'],
    ['hots 192.0.2.1', 'host'],
    ['port HTTP', 'http'],
    ['port Domain', 'domain'],
    ['TCP', 'tcp'],
    ['multicst', 'multicast'],
    ['tcp prt 80', 'port'],
  ] as const;
  for (const [wrong, right] of guesses)
    t.true(refusal(wrong).hint.includes(`'${right}'`), `${wrong}: ${refusal(wrong).hint}`);
  for (const wrong of ['than', 'cdp', 'host \\host', 'xyz'])
    t.false(/did you mean/.test(refusal(wrong).hint), `${wrong}: ${refusal(wrong).hint}`);
});
