/** Test support: numbers in the messages of applications and transports. */

// biome-ignore-all format: tables

import type { Random } from '../random.js';
import { type Bytes, ether, letters, one, overIp, size, sized, soup, tcp, times, tlv, u16, u32, udp } from './bytes.js';
import { KEEP, list, on, padded, type Space } from './space.js';

const dnsAnswer = (r: Random, type: number, data: Bytes, klass = 1): Bytes => [0xc0, 12, ...u16(type), ...u16(klass), ...u32(60), ...u16(sized(r, data.length)), ...data];
const dns = (r: Random, counts: Bytes, records: Bytes, port = 53): Bytes => udp(port, port === 53 ? KEEP : port, [0, 1, one(r, [0x81, 0x85, r(256)]), one(r, [0x80, r(16), r(256)]), 0, 1, ...counts, 3, ...letters(r, 3), 0, 0, 1, 0, 1, ...records]);
const radius = (r: Random, code: number, attributes: Bytes): Bytes => udp(KEEP, one(r, [1812, 1813, 3799]), [code, 1, ...u16(20 + attributes.length), ...soup(r, 16), ...attributes]);
const ike = (r: Random, version: number, next: number, payloads: Bytes): Bytes => udp(500, 500, [...soup(r, 16), next, version, one(r, [2, 4, 5, 32, 34, 35, 36, 37, r(256)]), r(2) ? 0 : r(64), ...u32(0), ...u32(28 + payloads.length), ...payloads]);
const payload = (r: Random, next: number, body: Bytes): Bytes => [next, r(8) ? 0 : 0x80, ...u16(sized(r, 4 + body.length)), ...body];
const ber = (tag: number, body: Bytes): Bytes => [tag, ...(body.length < 128 ? [body.length] : [0x82, ...u16(body.length)]), ...body];
const oid = (r: Random): Bytes => ber(6, [0x2b, 6, 1, one(r, [2, 4, 6, 3, r(8)]), 1, ...times(r(8), () => (r(8) ? r(30) : r(256)))]);
const snmpPdu = (r: Random, pdu: number, value: number): Bytes =>
  ber(0xa0 + pdu, pdu === 4 ? [...oid(r), ...ber(0x40, soup(r, 4)), ...ber(2, [r(8)]), ...ber(2, [r(8)]), ...ber(0x43, soup(r, 2)), ...ber(0x30, ber(0x30, [...oid(r), ...ber(value, soup(r, size(r)))]))] : [...ber(2, [r(100)]), ...ber(2, [r(20)]), ...ber(2, [r(3)]), ...ber(0x30, times(1 + r(2), () => ber(0x30, [...oid(r), ...(value === 6 ? oid(r) : ber(value, soup(r, one(r, [0, 1, 2, 4, 8]))))])).flat())]);
const avp = (r: Random, type: number, body: Bytes): Bytes => [one(r, [0x80, 0, 0xc0]), 6 + body.length, 0, 0, ...u16(type), ...body];
export const applications: readonly Space[] = [
  on('DNS type', (r, n) => dns(r, [0, 1, 0, 0, 0, 0], dnsAnswer(r, r(8) ? n % 270 : one(r, [32_768, 32_769, 65_535, r(65_536)]), one(r, [soup(r, size(r)), [3, ...letters(r, 3), 0], [0, 5, 3, ...letters(r, 3), 0xc0, 12], [...letters(r, 7)]]), one(r, [1, 1, 1, 3, 4, 254, 255, r(65_536)])))),
  on('DNS query', (r, n) => udp(KEEP, 53, [0, 1, one(r, [1, 0, r(256)]), r(256), 0, 1, 0, 0, 0, 0, 0, r(2), 3, ...letters(r, 3), 0, ...u16(n % 300), 0, one(r, [1, 255, r(256)]), ...soup(r, size(r))])),
  on('DNS option', (r, n) => dns(r, [0, 0, 0, 0, 0, 1], [0, 0, 41, 16, 0, ...soup(r, 2), r(2) * 0x80, 0, ...((b) => [...u16(b.length), ...b])(list(r, n, (t) => tlv(r, t, soup(r, size(r)), 2), 24))])),
  on('DNS SIG', (r) => dns(r, [0, 1, 0, 0, 0, 1], [...dnsAnswer(r, 6, [...[1, 97, 0, 0xc0, 12], ...soup(r, 20)]), 0, 0, 250, 0, 255, 0, 0, 0, 0, ...((b) => [...u16(b.length), ...b])([3, ...letters(r, 3), 0, ...soup(r, 10), ...soup(r, size(r))])])),
  on('multicast DNS', (r, n) => dns(r, [0, 1, 0, 0, 0, 0], dnsAnswer(r, one(r, [1, 12, 16, 28, 33, 47, n % 64]), one(r, [soup(r, size(r)), [3, ...letters(r, 3), 0]]), 0x8001), 5353)),
  on('NetBIOS', (r) => udp(one(r, [137, 138]), one(r, [137, 138]), soup(r, 12 + r(60)))),
  on('RADIUS', (r, n) => radius(r, one(r, [1, 2, 3, 4, 5, 11, 40, 41, 42, 43, 44, 45, n % 256]), list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6), soup(r, 4), soup(r, 18)]), 1, true)))),
  on('RADIUS', (r, n) => radius(r, one(r, [1, 2, 4]), list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6), [0, 0, 0, r(40)], soup(r, 18)]), 1, true), 125))),
  on('RADIUS vendor', (r, n) => radius(r, 1, tlv(r, 26, [...u32(one(r, [9, 311, 2352, 3561, 5, 193, 6527, n % 4000])), ...list(r, n, (t) => tlv(r, t, letters(r, 4), 1, true))], 1, true))),
  on('IKEv1', (r, n) => ike(r, 0x10, n % 32, list(r, n, () => payload(r, r(16), soup(r, size(r)))))),
  on('IKEv1 SA', (r, n) => ike(r, 0x10, 1, payload(r, 0, [0, 0, 0, one(r, [1, 2]), 0, 0, 0, 1, ...payload(r, 0, [1, one(r, [1, 2, 3, 4, r(6)]), one(r, [0, 4]), 1, ...payload(r, 0, [1, one(r, [1, r(16)]), 0, 0, ...list(r, n, (t) => (r(4) ? [0x80, t, ...u16(one(r, [r(20), r(65_536)]))] : [0, t, 0, 4, ...soup(r, 4)]), 20)])])]))),
  on('IKEv1 parts', (r, n) => ike(r, 0x10, one(r, [5, 6, 11, 12, 14, 130]), payload(r, 0, [one(r, [n % 16, 0]), ...soup(r, 3 + size(r))]))),
  on('IKEv1 notify', (r, n) => ike(r, 0x10, 11, payload(r, 0, [0, 0, 0, one(r, [1, 0]), one(r, [1, 2, 3, r(5)]), one(r, [0, 4, 16]), ...u16(one(r, [n % 40, 16_384 + r(5), 24_576 + r(5), 36_136 + r(3), r(65_536)])), ...soup(r, size(r))]))),
  on('IKEv2', (r, n) => ike(r, 0x20, 32 + (n % 20), list(r, n, () => payload(r, one(r, [0, 32 + r(20)]), soup(r, 4 + size(r)))))),
  on('IKEv2 SA', (r, n) => ike(r, 0x20, 33, payload(r, 0, payload(r, 0, [1, one(r, [1, 2, 3]), one(r, [0, 4, 8]), 1, ...payload(r, 0, [n % 7, 0, ...u16(one(r, [r(24), r(65_536)])), ...(r(2) ? [0x80, 14, 0, 128] : [])])])))),
  on('IKEv2 parts', (r, n) => ike(r, 0x20, one(r, [34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46]), payload(r, 0, [n % 16, ...soup(r, 3 + size(r))]))),
  on('IKEv2 notify', (r, n) => ike(r, 0x20, 41, payload(r, 0, [r(4), one(r, [0, 4]), ...u16(one(r, [n % 50, 16_384 + r(40), r(65_536)])), ...soup(r, size(r))]))),
  on('UDP 4500', (r) => udp(4500, 4500, one(r, [[255], [0, 0, 0, 0, ...soup(r, 30)], soup(r, size(r)), soup(r, 28)]))),
  on('SNMP', (r, n) => udp(KEEP, one(r, [161, 162]), ber(0x30, [...ber(2, [one(r, [0, 1])]), ...ber(4, letters(r, 6)), ...snmpPdu(r, n % 9, one(r, [2, 4, 5, 6, 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x80, 0x81, 0x82, r(256)]))]))),
  on('SNMPv3', (r, n) => udp(KEEP, 161, ber(0x30, [...ber(2, [3]), ...ber(0x30, [...ber(2, [1]), ...ber(2, [5]), ...ber(4, [r(8)]), ...ber(2, [3])]), ...ber(4, ber(0x30, [...ber(4, letters(r, 4)), ...ber(2, [1]), ...ber(2, [2]), ...ber(4, letters(r, 4)), ...ber(4, letters(r, 2)), ...ber(4, letters(r, 2))])), ...ber(0x30, [...ber(4, letters(r, 4)), ...ber(4, letters(r, r(4))), ...snmpPdu(r, n % 9, one(r, [2, 4, 5, 6]))])]))),
  on('ZEP', (r, n) => udp(17_754, 17_754, [0x45, 0x58, one(r, [1, 2, n % 5]), n % 4, ...soup(r, 11), one(r, [0, 0, r(30)]), ...soup(r, size(r)), ...soup(r, 16 + r(20))])),
  on('BEEP', (r) => tcp(10_288, KEEP, [...one(r, ['MSG', 'ERR', 'RPY', 'ANS', 'NUL', 'SEQ', 'END', 'x']), one(r, [' ', '\0'])].map((c) => c.charCodeAt(0)).concat(soup(r, r(5))))),
  on('L2TP', (r, n) => udp(1701, 1701, ((b) => [0xc8, 2, ...u16(12 + b.length), ...soup(r, 8), ...b])([...avp(r, 0, u16(1 + r(16))), ...list(r, n, (t) => avp(r, t, soup(r, one(r, [2, 4, 8, size(r)]))), 42)]))),
  on('L2TP data', (r) => udp(1701, 1701, [...soup(r, 20 + r(20))])),
  on('PPTP', (r, n) => tcp(1723, KEEP, [0, 156, 0, 1, 0x1a, 0x2b, 0x3c, 0x4d, ...u16(n % 18), 0, 0, ...soup(r, r(150))])),
  on('NTP', (r) => udp(123, 123, [r(256), r(18), ...soup(r, 46 + r(30))])),
  on('PTP', (r, n) => udp(KEEP, one(r, [319, 320]), [n % 16, r(4), ...u16(44 + r(20)), ...soup(r, 40 + r(40))])),
  on('TFTP', (r, n) => udp(KEEP, 69, [0, n % 8, ...one(r, [[...letters(r, 5), 0, ...letters(r, 5), 0], soup(r, size(r))])])),
  on('sFlow', (r, n) => udp(KEEP, 6343, [0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1, ...u32(r(3)), ...u32(7), ...u32(1000), 0, 0, 0, 1, ...((b) => [0, 0, 0, one(r, [1, 2, 3, 4, n % 256]), ...u32(b.length), ...b])([...soup(r, one(r, [32, 12, 40])), ...[0, 0, 0, n % 8, ...u32(40), ...soup(r, 40)]])])),
  on('sFlow records', (r, n) => udp(KEEP, 6343, [0, 0, 0, 5, 0, 0, 0, 1, 10, 0, 0, 1, ...u32(0), ...u32(7), ...u32(1000), 0, 0, 0, 1, ...((b) => [0, 0, 0, 2, ...u32(b.length), ...b])([...u32(1), ...u32(2), ...u32(1), ...u32(one(r, [n % 8, 1000 + r(10)])), ...((b) => [...u32(b.length), ...b])(soup(r, one(r, [20, 28, 32, 36, 52, 72, 80, 88])))])])),
  on('SOME/IP', (r, n) => udp(KEEP, 30_490, [...soup(r, 4), 0, 0, 0, 8 + r(20), ...soup(r, 4), 1, r(3), one(r, [0, 1, 2, 0x20, 0x21, 0x22, 0x80, 0x81, 0xa0, n % 256]), r(40), ...soup(r, size(r))])),
  on('NFS call', (r, n) => udp(KEEP, 2049, [...u32(r(4)), 0, 0, 0, 0, 0, 0, 0, 2, ...u32(one(r, [100_003, 100_000, 100_005])), ...u32(one(r, [2, 3, 3])), ...u32(n % 24), ...u32(r(3)), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...((h) => [...u32(h.length), ...h])(soup(r, one(r, [16, 32]))), 0, 0, 0, 3, ...letters(r, 3), 0, ...soup(r, 40)])),
  on('NFS reply', (r, n) => { const id = u32(0x1_0000 + (n >> 1)); return n % 2 === 0 ? udp(KEEP, 2049, [...id, 0, 0, 0, 0, 0, 0, 0, 2, ...u32(100_003), ...u32(3), ...u32((n >> 1) % 22), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, ...soup(r, 40)]) : udp(2049, KEEP, [...id, 0, 0, 0, 1, ...u32(r(6) ? 0 : 1), 0, 0, 0, 0, 0, 0, 0, 0, ...u32(r(6) ? 0 : r(6)), ...u32(r(4) ? 0 : r(80)), ...soup(r, 8 + r(120))]); }),
  on('portmap', (r, n) => udp(KEEP, 111, [...u32(r(4)), ...u32(r(2)), 0, 0, 0, 2, ...u32(100_000), ...u32(2), ...u32(n % 6), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...soup(r, 16)])),
  on('rx', (r, n) => udp(one(r, [7000, 7001, 7002, 7003, 7004, 7005, 7009]), one(r, [7000, 7001, 7002, 7003, 7005]), [...soup(r, 8), ...u32(r(3)), ...u32(r(3)), ...u32(r(3)), 1 + (n % 14), r(64), 0, 0, 0, 0, ...u16(one(r, [52, 1, 4, 73])), ...u32(one(r, [130 + r(60), 1 + r(30), 500 + r(70), 10_000 + r(10)])), ...soup(r, 4 + r(60))])),
  on('lwres', (r, n) => udp(KEEP, 921, [0, 0, 0, 40, 0, 0, r(2) * 0x80, r(4), 0, 0, 0, 1, 0, 1, 0, n % 4, 0, 0, 0, 0, ...soup(r, 20 + r(40))])),
  on('ForCES', (r, n) => overIp(132, [0, 7, ...u16(6704 + r(3)), ...soup(r, 8), 0, 3, ...((b) => [...u16(16 + b.length), ...b])([...soup(r, 8), ...u32(one(r, [21, 22, 23])).slice(0), ...((b) => [0x10, one(r, [1, 2, 3, 4, 5, 15, 17, 18, n % 32]), ...u16((24 + b.length) / 4), 2, 0, 0, 1, 0x40, 0, 0, 1, ...soup(r, 8), ...soup(r, 4), ...b])(list(r, n, () => { const b = padded(soup(r, size(r)), 4); return [...u16(one(r, [0x1, 0x10, 0x1000, 0x110, 0x111, 0x112, 0x113, 0x114, 0x115, 0x116, r(0x120)])), ...u16((4 + b.length) / 4), ...b]; }))])])),
  on('zephyr', (r) => udp(2103, 2104, [...one(r, [[...[90, 69, 80, 72, 48, 46, 50], 0], letters(r, 4)]), ...times(12, () => [48, 120, ...letters(r, 2), 0]).flat()])),
  on('VQP', (r, n) => udp(KEEP, 1589, [1, 1 + (n % 6), r(6), 1 + r(2), ...u32(7), ...list(r, n, (t) => ((b) => [0, 0, 0x0c, t, ...u16(b.length), ...b])(one(r, [letters(r, 5), soup(r, 4), soup(r, 6)])), 10)])),
  on('LWAPP', (r, n) => udp(KEEP, one(r, [12_222, 12_223]), [...soup(r, one(r, [0, 6])), r(8), 1, ...u16(r(40)), 0, 0, n % 50, ...soup(r, 40)])),
  on('Geneve', (r, n) => udp(KEEP, 6081, [r(8), one(r, [0, 0x40, 0x80]), ...u16(one(r, [0x6558, 0x800, 0x86dd, 0x8847, r(65_536)])), 0, 0, 1, 0, ...list(r, n, (t) => ((b) => [1, r(3) ? 0 : 1, t, b.length / 4, ...b])(padded(soup(r, size(r)), 4))), ...soup(r, 30)])),
  on('VXLAN', (r, n) => udp(KEEP, one(r, [4789, 4790, 8472]), [one(r, [8, 12, r(256)]), ...soup(r, 2), n % 8, ...soup(r, 4 + r(40))])),
  on('NSH', (r, n) => ether(0x894f, [r(16), one(r, [6, 2, 3, r(64)]), n % 4, n % 8, ...soup(r, 40)])),
  on('MPTCP', (r, n) => tcp(KEEP, 80, [], tlv(r, 30, [((n % 16) << 4) | r(16), ...soup(r, one(r, [0, 1, 2, 6, 10, 14, 18, 22, 26]))], 1, true), one(r, [2, 0x12, 0x10, 4]))),
  on('TCP option', (r, n) => tcp(KEEP, 80, [], list(r, n, (t) => (t < 2 ? [t] : tlv(r, t, soup(r, one(r, [0, 1, 2, 4, 8, 10, 16])), 1, true))).slice(0, 40), r(256))),
  on('TCP experiment', (r) => tcp(KEEP, 80, [], tlv(r, one(r, [253, 254, 34, 172, 174]), one(r, [[0xf9, 0x89, ...soup(r, 8)], [0xac, 0xce, ...soup(r, 4)], soup(r, size(r))]), 1, true), r(256))),
  on('DCCP', (r, n) => overIp(33, [...u16(7), ...u16(9), 4 + r(4), r(16), 0, 0, ((n % 11) << 1) | r(2), ...soup(r, 7 + r(12)), ...list(r, n, (t) => (t < 32 ? [t] : tlv(r, t, soup(r, r(8)), 1, true)), 64)])),
  on('PGM', (r, n) => overIp(113, [0, 7, 0, 9, one(r, [0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 13, n % 16]), r(4), 0, 0, ...soup(r, 6), 0, r(20), ...soup(r, 16), 0, 4, ...u16(20), ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [2, 4, 6, 10])), 1, true), 16)])),
  on('HTTP lines', (r, n) => tcp(KEEP, one(r, [80, 8080, 3128, 25, 21, 110, 143, 554, 5060, 43, 23, 22]), [...(n % 2 ? [...'HTTP/1.1 200 OK'] : [...'GET / HTTP/1.1']).map((c) => c.charCodeAt(0)), ...one(r, [[13, 10], [10], [13], []]), ...letters(r, 10), ...one(r, [[13, 10], [10], [0], [200]]), ...soup(r, 8)])),
  on('RESP', (r) => tcp(KEEP, 6379, times(1 + r(4), () => [one(r, [42, 36, 43, 45, 58, r(128)]), ...one<Bytes>(r, [[48 + r(10)], [45, 49], letters(r, 4)]), 13, 10]).flat())),
  on('syslog', (r, n) => udp(KEEP, 514, [60, ...[...`${n % 300}`].map((c) => c.charCodeAt(0)), 62, ...letters(r, 10)])),
  on('Kerberos', (r, n) => udp(KEEP, 750, [r(5), (n % 20) << 1, ...letters(r, 5), 0, ...letters(r, 4), 0, ...letters(r, 4), 0, ...soup(r, 12)])),
  on('QUIC', (r) => udp(KEEP, 443, [one(r, [0xc0, 0xd0, 0xe0, 0xf0, 0x80, 0x40, r(256)]), ...one<Bytes>(r, [[0, 0, 0, 1], [0, 0, 0, 0], soup(r, 4)]), ...((l) => [l, ...soup(r, l)])(r(21)), ...((l) => [l, ...soup(r, l)])(r(21)), ...soup(r, 40)])),
  on('ZeroMQ', (r) => tcp(KEEP, 5555, [255, 0, 0, 0, 0, 0, 0, 0, 1, 127, ...soup(r, 20)])),
  on('OTV', (r) => udp(KEEP, 8472, soup(r, 8 + r(30)))),
  on('M3UA', (r, n) => overIp(132, [0x0b, 0x59, 0x0b, 0x59, ...soup(r, 8), 0, 3, ...((b) => [...u16(16 + b.length), ...b])([...soup(r, 8), 0, 0, 0, 3, ...((b) => [1, 0, one(r, [0, 1, 2, 3, 4, 9, r(12)]), r(8), ...u32(8 + b.length), ...b])(list(r, n, (t) => tlv(r, one(r, [t, 0x200 + r(20)]), padded(soup(r, size(r)), 4), 2, true), 24))])])),
];
