/** Test support: numbers in the messages of routers. */

// biome-ignore-all format: tables

import type { Random } from '../random.js';
import { type Bytes, letters, llc, one, overIp, overIp6, size, sized, soup, tcp, times, tlv, u16, u32, udp, udp6 } from './bytes.js';
import { KEEP, list, on, padded, type Space } from './space.js';

const RSVP_CLASSES = [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 24, 25, 34, 35, 36, 37, 42, 50, 63, 66, 125, 129, 130, 131, 134, 195, 196, 204, 205, 207, 229, 230, 236];

const MARKER = times(16, () => 255);
const bgp = (type: number, body: Bytes): Bytes => tcp(179, KEEP, [...MARKER, ...u16(19 + body.length), type, ...body]);
const update = (r: Random, type: number, body: Bytes, flags = one(r, [0x40, 0x80, 0xc0, 0xe0, r(256) & 0xef])): Bytes => {
  const attribute = [flags, type, sized(r, body.length) & 255, ...body];
  return bgp(2, [0, 0, ...u16(attribute.length), ...attribute, ...(r(3) === 0 ? [24, 10, 0, 0, ...soup(r, size(r))] : [])]);
};
const FAMILIES = [1, 1, 2, 2, 25, 3, 16_388, 0, 16_397];
const SAFIS = [1, 2, 3, 4, 5, 6, 8, 65, 66, 67, 70, 71, 72, 128, 129, 132, 133, 134];
const prefixes = (r: Random, count = 1 + r(4)): Bytes => times(count, () => [r(2) ? 8 * r(18) : r(140), ...soup(r, r(18))]).flat();
export const bgpSpaces: readonly Space[] = [
  on('BGP attribute', (r, n) => update(r, n % 256, soup(r, size(r)))),
  on('BGP attribute', (r, n) => update(r, n % 36, soup(r, size(r)))),
  on('BGP reach', (r) => update(r, 14, [...u16(one(r, FAMILIES)), one(r, SAFIS), ...((length) => [length, ...soup(r, length)])(one(r, [0, 4, 8, 12, 16, 20, 24, 32, 48])), 0, ...prefixes(r)])),
  on('BGP unreach', (r) => update(r, 15, [...u16(one(r, FAMILIES)), one(r, SAFIS), ...prefixes(r)])),
  on('BGP communities', (r, n) => update(r, 16, times(1 + r(3), () => [one(r, [0, 1, 2, 3, 4, 6, 8, 0x40, 0x41, 0x43, 0x80, 0x81, 0x90, n % 256]), r(2) ? r(32) : r(256), ...soup(r, 6)]).flat())),
  on('BGP communities', (r) => update(r, 8, times(1 + r(3), () => [...one(r, [[0xff, 0xff, 0xff, r(16)], soup(r, 4)])]).flat())),
  on('BGP tunnel', (r, n) => update(r, 22, [r(4), n % 16, ...soup(r, 3), ...soup(r, size(r))])),
  on('BGP AIGP', (r, n) => update(r, 26, list(r, n, (t) => [t % 4, ...u16(3 + 8), ...soup(r, 8)]))),
  on('BGP paths', (r) => update(r, one(r, [2, 17]), times(1 + r(3), () => [1 + r(5), ...((count) => [count, ...soup(r, count * one(r, [2, 4]))])(r(5))]).flat())),
  on('BGP attribute set', (r, n) => update(r, 128, [...soup(r, 4), 0x40, n % 40, ...((body) => [body.length, ...body])(soup(r, size(r)))])),
  on('BGP capability', (r, n) => { const all = list(r, n, (t) => tlv(r, t, soup(r, size(r)))); const options = tlv(r, one(r, [2, 2, 2, 1, r(4)]), all); return bgp(1, [4, ...u16(r(65_536)), 0, 180, 10, 0, 0, 1, options.length & 255, ...options]); }),
  on('BGP capability', (r, n) => { const all = list(r, n, (t) => tlv(r, t, soup(r, size(r))), 74); const options = tlv(r, 2, all); return bgp(1, [4, ...u16(r(65_536)), 0, 180, 10, 0, 0, 1, options.length & 255, ...options]); }),
  on('BGP notification', (r, n) => bgp(3, [n % 9, r(14), ...one(r, [soup(r, size(r)), [5, ...letters(r, 5)]])])),
  on('BGP refresh', (r, n) => bgp(5, [...u16(one(r, FAMILIES)), r(4), one(r, SAFIS), ...(r(2) ? [r(4), one(r, [64, 65, 128, n % 256]), ...u16(8), ...soup(r, 10)] : [])])),
  on('BGP message', (r, n) => bgp(n % 8, soup(r, size(r)))),
];

const ospf = (r: Random, type: number, body: Bytes): Bytes => overIp(89, [2, type, ...u16(24 + body.length), ...soup(r, 8), 0, 0, 0, r(4), ...soup(r, 8), ...body]);
const lsa = (r: Random, type: number, body: Bytes): Bytes => [0, 1, r(256), type, ...one(r, [soup(r, 4), [1 + r(8), 0, 0, 1]]), ...soup(r, 4), 0x80, 0, 0, 1, 0, 0, ...u16(20 + body.length), ...body];
const tlvs16 = (r: Random, n: number, space: number, body = (): Bytes => padded(soup(r, size(r)), 4)): Bytes => list(r, n, (t) => { const b = body(); return [...u16(t), ...u16(b.length), ...padded(b, 4)]; }, space);
export const routing: readonly Space[] = [
  on('OSPF message', (r, n) => ospf(r, n % 8, soup(r, 20 + r(60)))),
  on('OSPF LSA', (r, n) => ospf(r, 4, [0, 0, 0, 1, ...lsa(r, n % 14, soup(r, 4 + r(60)))])),
  on('OSPF opaque', (r, n) => ospf(r, 4, [0, 0, 0, 1, ...lsa(r, 9 + r(3), tlvs16(r, n, 20, () => one(r, [soup(r, size(r)), tlvs16(r, r(40), 40)])))])),
  on('OSPF TE', (r, n) => ospf(r, 4, [0, 0, 0, 1, 0, 1, 0, 10, 1, 0, 0, 1, ...soup(r, 4), 0x80, 0, 0, 1, 0, 0, ...((b) => [...u16(20 + b.length), ...b])([0, 2, ...((b) => [...u16(b.length), ...b])(tlvs16(r, n, 30))])])),
  on('OSPF router', (r) => ospf(r, 4, [0, 0, 0, 1, ...lsa(r, 1, [r(8), 0, 0, 1, ...soup(r, 8), r(6), r(3), ...soup(r, 8)])])),
  on('OSPF link-local', (r, n) => ospf(r, one(r, [1, 2]), [...soup(r, 6), 0x12 | r(256), ...soup(r, 13), ...soup(r, 4), ...tlvs16(r, n, 6)])),
  on('OSPFv3 message', (r, n) => overIp6(89, ((b) => [3, n % 8, ...u16(16 + b.length), ...soup(r, 10), 0, 0, ...b])(soup(r, 16 + r(60))))),
  on('OSPFv3 LSA', (r, n) => overIp6(89, ((b) => [3, 4, ...u16(16 + b.length), ...soup(r, 10), 0, 0, ...b])([0, 0, 0, 1, 0, 1, one(r, [0, 0x20, 0x40, r(256)]), n % 16, ...soup(r, 14), ...((b) => [...u16(20 + b.length), ...b])(soup(r, 4 + r(60)))]))),
  on('IS-IS', (r, n) => llc(0xfe, 0xfe, [3], [0x83, 27, 1, 0, 15 + (n % 14), 1, 0, r(3), ...soup(r, 19), ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), [...soup(r, 10), ...soup(r, size(r))]])))])),
  ...([[15, 27], [16, 27], [17, 20], [18, 27], [20, 27], [24, 33], [25, 33], [26, 17], [27, 17]] as const).map(([type, header]) =>
    on('IS-IS TLV', (r, n) => llc(0xfe, 0xfe, [3], [0x83, header, 1, 0, type, 1, 0, r(3), ...soup(r, header - 8), ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [size(r), 20 + r(40)]))))])),
  ),
  on('IS-IS sub-TLV', (r, n) => llc(0xfe, 0xfe, [3], [0x83, 27, 1, 0, 20, 1, 0, 0, ...soup(r, 19), ...tlv(r, one(r, [22, 222, 23, 141]), ((b) => [...soup(r, 10), b.length, ...b])(list(r, n, (t) => tlv(r, t, soup(r, size(r))), 40)))])),
  on('IS-IS prefix sub-TLV', (r, n) => llc(0xfe, 0xfe, [3], [0x83, 27, 1, 0, 20, 1, 0, 0, ...soup(r, 19), ...one(r, [tlv(r, one(r, [135, 235]), ((b) => [...soup(r, 4), 0x40 + 24, 10, 0, 0, b.length, ...b])(list(r, n, (t) => tlv(r, t, soup(r, size(r))), 40))), tlv(r, one(r, [236, 237]), ((b) => [...soup(r, 4), 0x20, 24, 10, 0, 0, b.length, ...b])(list(r, n, (t) => tlv(r, t, soup(r, size(r))), 40)))])])),
  on('IS-IS capability', (r, n) => llc(0xfe, 0xfe, [3], [0x83, 27, 1, 0, 20, 1, 0, 0, ...soup(r, 19), ...tlv(r, one(r, [242, 144]), [...soup(r, one(r, [5, 2, 4])), ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [size(r), 32]))), 30)])])),
  on('CLNP', (r, n) => llc(0xfe, 0xfe, [3], [0x81, 20 + r(40), 1, r(64), one(r, [0x1c, 0x1e, 0x1f, n % 256]), ...soup(r, 4), 3, 0x49, 0, 1, 3, 0x49, 0, 2, ...soup(r, 30)])),
  on('ES-IS', (r, n) => llc(0xfe, 0xfe, [3], [0x82, 9 + r(40), 1, 0, one(r, [2, 4, 6, n % 32]), 0, 30, 0, 0, ...soup(r, 40)])),
  on('RSVP', (r, n) => overIp(46, ((b) => [0x10 + r(2), one(r, [1, 2, 3, 20, n % 24]), 0, 0, 255, 0, ...u16(8 + b.length), ...b])(list(r, n, (t) => { const b = padded(soup(r, size(r)), 4); return [...u16(sized(r, 4 + b.length)), t, r(14), ...b]; })))),
  on('RSVP object', (r, n) => overIp(46, ((b) => [0x10, 1, 0, 0, 255, 0, ...u16(8 + b.length), ...b])(list(r, n, (t) => { const b = padded(soup(r, one(r, [size(r), 28, 36])), 4); return [...u16(4 + b.length), one(r, RSVP_CLASSES), t, ...b]; }, 14)))),
  on('RSVP services', (r, n) => overIp(46, ((b) => [0x10, 1, 0, 0, 255, 0, ...u16(8 + b.length), ...b])(((b) => [...u16(4 + b.length), one(r, [9, 12, 13]), 2, ...b])(((b) => [0, 0, ...u16(b.length / 4), ...b])(((b) => [one(r, [1, 2, 5]), 0, ...u16(b.length / 4), ...b])(list(r, one(r, [4, 6, 8, 10, 127, 128, 130, n % 256]), (t) => { const b = padded(soup(r, one(r, [4, 8, 20])), 4); return [t, 0, ...u16(b.length / 4), ...b]; })))))) ),
  on('LDP', (r, n) => one(r, [udp, (a: number, b: number, c: Bytes) => tcp(a, b, c)])(646, 646, ((b) => [0, 1, ...u16(6 + b.length), 10, 0, 0, 1, 0, 0, ...b])(((b) => [...u16(one(r, [0x100, 0x200, 0x201, 0x300, 0x301, 0x400, 0x401, 0x402, 0x403, 0x404, 0x405, n % 1200])), ...u16(4 + b.length), 0, 0, 0, 1, ...b])(list(r, n, () => tlv(r, one(r, [0x100, 0x101, 0x103, 0x104, 0x200, 0x201, 0x202, 0x300, 0x301, 0x400, 0x401, 0x402, 0x403, 0x500, 0x501, 0x503, 0x600, n % 2048]), soup(r, one(r, [size(r), 14])), 2)))))),
  on('LDP FEC', (r, n) => tcp(646, KEEP, ((b) => [0, 1, ...u16(6 + b.length), 10, 0, 0, 1, 0, 0, ...b])(((b) => [4, 0, ...u16(4 + b.length), 0, 0, 0, 1, ...b])(tlv(r, 0x100, [one(r, [1, 2, 3, 0x80, n % 256]), ...one(r, [[0, 1, 24, 10, 0, 0], [r(256), r(32), 12, 0, 0, 0, 1, 0, 0, 0, 7, ...list(r, n, (t) => tlv(r, t, soup(r, size(r)), 1, true), 16)], soup(r, size(r))])], 2))))),
  on('LSP ping', (r, n) => udp(KEEP, 3503, [0, 1, 0, 0, 1 + r(2), r(5), r(14), r(4), ...soup(r, 8), ...soup(r, 16), ...tlvs16(r, n, 24, () => one(r, [soup(r, size(r)), tlvs16(r, r(20), 20)]))])),
  on('LSP ping', (r, n) => udp(KEEP, 3503, [0, 1, 0, 0, 1 + r(2), r(5), r(14), r(4), ...soup(r, 8), ...soup(r, 16), ...((b) => [0, 1, ...u16(b.length), ...b])(tlvs16(r, n, 20, () => soup(r, one(r, [5, 8, 10, 12, 13, 17, 20, 25, 32, 56])))) ])),
  on('PIM', (r, n) => overIp(103, [0x20 + (n % 16), r(256), 0, 0, ...soup(r, 4 + r(60))])),
  on('PIM hello', (r, n) => overIp(103, [0x20, 0, 0, 0, ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), [1, 0, ...soup(r, 4)], [2, 0, ...soup(r, 16)]]), 2), 28)])),
  on('PIM group', (r, n) => overIp(103, [0x20 + one(r, [1, 2, 3, 4, 5, 6, 8, 10, n % 13]), 0, 0, 0, ...times(1 + r(4), () => one<Bytes>(r, [[1, 0, 10, 0, 0, 1], [1, 0, 0, 32, 224, 1, 1, 1], [0, 1, 0, 1], [1, 0, 7, 32, 10, 0, 0, 2], [0, 1, 0, 0], [2, 0, ...soup(r, 16)], soup(r, 4)])).flat()])),
  on('PIMv1', (r, n) => overIp(2, [0x14, n % 9, 0, 0, r(2) << 4, ...soup(r, 3), ...soup(r, 4 + r(40))])),
  on('DVMRP', (r, n) => overIp(2, [0x13, n % 13, 0, 0, ...soup(r, 4 + r(40))])),
  on('EIGRP', (r, n) => overIp(88, [2, one(r, [1, 3, 4, 5, 6, n % 12]), ...soup(r, 18), ...list(r, n, (t) => tlv(r, one(r, [t, 0x100 + r(5), 0x200 + r(5), 0x300 + r(5), 0x400 + r(4)]), soup(r, one(r, [size(r), 25 + r(20)])), 2, true), 12)])),
  on('RIP', (r, n) => udp(520, 520, [n % 14, r(4), 0, 0, ...times(1 + r(3), () => [...u16(one(r, [2, 0, 0xffff, 1])), ...u16(r(6)), ...soup(r, 16)]).flat()])),
  on('RIPng', (r, n) => udp6(521, 521, [n % 4, r(3), 0, 0, ...soup(r, 20 * (1 + r(3)))])),
  on('BFD', (r, n) => udp(KEEP, one(r, [3784, 4784, 6784, 3785]), [(r(3) << 5) | r(32), (r(4) << 6) | r(64), r(10), 24 + r(30), ...soup(r, 20), n % 8, r(30), ...soup(r, 26)])),
  on('BFD auth', (r, n) => udp(KEEP, 3784, [0x20 | r(32), 0xc4, 3, 24 + one(r, [8, 24, 28]), ...soup(r, 20), 1 + (n % 6), one(r, [8, 24, 28]), ...soup(r, 26)])),
  on('HSRP', (r, n) => udp(KEEP, 1985, [r(2), n % 5, one(r, [0, 1, 2, 4, 8, 16, r(32)]), ...soup(r, 17)])),
  on('VRRP', (r, n) => overIp(112, [((2 + r(2)) << 4) | 1, r(256), r(256), r(4), n % 4, 1, 0, 0, ...soup(r, 4 + r(20))])),
  on('IGRP', (r, n) => overIp(9, [0x10 + 1 + (n % 3), ...soup(r, 11 + 14 * r(4))])),
  on('EGP', (r, n) => overIp(8, [2, n % 10, r(8), r(8), ...soup(r, 6 + r(20))])),
  on('OLSR', (r, n) => udp(698, 698, ((b) => [...u16(4 + b.length), 0, 1, ...b])(((b) => [n % 8, 5, ...u16(12 + b.length), 10, 0, 0, 1, 4, 0, 0, 2, ...b])(soup(r, r(40)))))),
  on('AODV', (r, n) => udp(654, 654, [n % 24, ...soup(r, 20 + r(30))])),
  on('AHCP', (r, n) => udp6(5359, 5359, [43, 1, ...soup(r, 22), r(5), 0, ...((b) => [...u16(b.length), ...b])(list(r, n, (t) => tlv(r, t, soup(r, size(r))), 16))])),
  on('Babel', (r, n) => udp6(6696, 6696, [42, 2, ...((b) => [...u16(b.length), ...b])(list(r, n, (t) => tlv(r, t, soup(r, one(r, [size(r), 20]))), 20))])),
  on('HNCP', (r, n) => udp6(8231, 8231, list(r, n, (t) => tlv(r, t, one(r, [padded(soup(r, size(r)), 4), tlvs16(r, r(50), 50)]), 2), 60))),
  on('HNCP', (r, n) => udp6(8231, 8231, tlv(r, 33, [...soup(r, 4), ...tlvs16(r, n, 50, () => one(r, [soup(r, size(r)), [...soup(r, 8), 24, ...soup(r, 3)], [64, ...soup(r, 8)]]))], 2))),
  on('RPKI', (r, n) => tcp(323, KEEP, ((b) => [r(2), n % 12, ...u16(r(6)), ...u32(8 + b.length), ...b])(soup(r, one(r, [0, 4, 12, 24, size(r)]))))),
  on('LISP', (r, n) => udp(4342, 4342, [(n % 16) << 4, ...soup(r, 12 + r(60))])),
  on('MSDP', (r, n) => tcp(639, KEEP, [n % 8, ...u16(3 + r(30)), ...soup(r, 30)])),
];
