/** Test support: numbers in the messages of hosts and links: options, information elements, TLVs. */

// biome-ignore-all format: tables

import type { Random } from '../random.js';
import { type Bytes, ether, icmp6, ip4, letters, llc, one, overIp, overIp6, size, sized, snap, soup, times, tlv, u16, u32, udp, udp6 } from './bytes.js';
import { list, on, padded, type Space } from './space.js';

const dhcp = (options: Bytes): Bytes => udp(68, 67, [1, 1, 6, 0, ...u32(1), 0, 0, 0, 0, ...times(16, () => 0), 2, 0, 0, 0, 0, 1, ...times(202, () => 0), 99, 130, 83, 99, ...options]);
const dhcp6 = (r: Random, options: Bytes): Bytes => udp6(546, 547, [one(r, [1, 3, 5, 7, 8, 11, 12, 13, r(24)]), 0, 0, 1, ...options]);
export const addressing: readonly Space[] = [
  on('DHCP option', (r, n) => dhcp(list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6)]))))),
  on('DHCP agent', (r, n) => dhcp(tlv(r, 82, list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6)])), 20)))),
  on('DHCP name', (r) => dhcp(tlv(r, one(r, [81, 119, 120, 121, 212, 249, 77, 61, 60, 116, 220, 221]), one(r, [soup(r, size(r)), [3, ...letters(r, 3), 0, 2, ...letters(r, 2), 0], [0, 3, ...letters(r, 3), 0]])))),
  on('BOOTP', (r) => udp(68, 67, [...soup(r, 236), ...one(r, [soup(r, 20), [99, 130, 83, 99, 53, 1, r(20), ...soup(r, 8)]])])),
  on('DHCPv6 option', (r, n) => dhcp6(r, list(r, n, (t) => tlv(r, t, soup(r, size(r)), 2), 150))),
  on('DHCPv6 option', (r, n) => dhcp6(r, list(r, n, (t) => tlv(r, t, one(r, [[3, ...letters(r, 3), 0], soup(r, size(r)), tlv(r, r(30), soup(r, size(r)), 2)]), 2), 30))),
  on('DHCPv6 identity', (r, n) => dhcp6(r, tlv(r, one(r, [3, 4, 25]), [...soup(r, one(r, [4, 12])), ...list(r, n, (t) => tlv(r, t, [...soup(r, one(r, [24, 25])), ...(r(2) ? tlv(r, 13, [0, r(8), ...letters(r, 4)], 2) : [])], 2), 30)], 2))),
  on('DHCPv6 unique', (r, n) => dhcp6(r, tlv(r, 1 + r(2), [0, n % 6, ...u16(one(r, [1, r(40)])), ...soup(r, size(r))], 2))),
  on('DHCPv6 network', (r, n) => dhcp6(r, tlv(r, 56, tlv(r, 1 + n % 4, one(r, [soup(r, 16), [3, ...letters(r, 3), 0], soup(r, size(r))]), 2), 2))),
  on('DHCPv6 bootfile', (r) => dhcp6(r, tlv(r, one(r, [59, 60, 61, 62, 64, 54, 16, 15, 17]), one(r, [[0, 3, ...letters(r, 3)], letters(r, 8), soup(r, size(r))]), 2))),
  on('ICMPv6 type', (r, n) => icmp6([n % 256, r(4) ? r(8) : r(256), 0, 0, ...soup(r, 4 + r(48))])),
  on('ICMPv6 option', (r, n) => icmp6([one(r, [133, 134, 135, 136, 137]), 0, 0, 0, ...soup(r, one(r, [4, 12, 20, 36])), ...list(r, n, (t) => { const b = padded([0, 0, ...soup(r, size(r))], 8); return [t, b.length / 8, ...b.slice(2)]; }, 60)])),
  on('ICMPv6 inner', (r) => icmp6([one(r, [1, 2, 3, 4]), r(8), 0, 0, ...soup(r, 4), ...one(r, [overIp6(17, soup(r, 20)).slice(14), soup(r, 48)])])),
  on('ICMPv6 listener', (r) => icmp6([one(r, [130, 131, 132, 143]), 0, 0, 0, ...soup(r, 4 + 16 + r(24))])),
  on('ICMPv6 renumbering', (r) => icmp6([138, one(r, [0, 0, 1, 255, r(256)]), 0, 0, ...soup(r, 12), ...((b) => (b.length > 1 ? [b[0]!, one(r, [3, 7, 11, r(12)]), ...b.slice(2)] : b))(soup(r, one(r, [0, 24, 56, 88, r(60)])))])),
  on('ICMP type', (r, n) => overIp(1, [n % 256, r(16), 0, 0, ...soup(r, 4 + r(40))])),
  on('ICMP inner', (r) => overIp(1, [one(r, [3, 4, 5, 11, 12]), r(16), 0, 0, ...soup(r, 4), ...one(r, [ip4(one(r, [6, 17, 1, 50]), soup(r, 20)), soup(r, 28)])])),
  on('ICMP extension', (r, n) => overIp(1, [one(r, [3, 11]), r(16), 0, 0, 0, one(r, [32, 32, 0, 31]), 0, 0, ...padded(ip4(17, soup(r, 20)), 128), 0x20, 0, ...soup(r, 2), ...list(r, n, (t) => { const b = padded(soup(r, size(r)), 4); return [...u16(sized(r, 4 + b.length)), t % 4, r(256), ...b]; })])),
  on('IGMP', (r, n) => overIp(2, [one(r, [0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x1e, 0x1f, 0x22, n % 256]), r(16), 0, 0, ...soup(r, 4 + r(28))])),
  on('IPv4 option', (r, n) => ether(0x800, ip4(one(r, [1, 17, 6]), soup(r, 20), padded(list(r, n, (t) => (t < 2 ? [t] : tlv(r, t, soup(r, one(r, [0, 1, 2, 4, 5, 9])), 1, true))).slice(0, 40), 4)))),
  on('IPv6 option', (r, n) => { const b = padded([...list(r, n, (t) => tlv(r, t, soup(r, one(r, [0, 1, 2, 4, 8, 16])))), 0, 0], 8); const c = padded([0, 0, ...b], 8); return overIp6(one(r, [0, 60]), [17, c.length / 8 - 1, ...c.slice(2), ...soup(r, 16)]); }),
  on('IPv6 routing', (r, n) => overIp6(43, [17, one(r, [0, 2, 4, 3]), r(3) ? n % 6 : n % 256, r(4), ...soup(r, 4 + one(r, [0, 16, 32, 28])), ...soup(r, 16)])),
  on('IPv6 segments', (r, n) => overIp6(43, [17, 4 + r(3), 4, r(3), r(2), r(256), ...soup(r, 2), ...soup(r, 32), ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [2, 6, 14]))), 8), ...soup(r, 8)])),
  on('mobility', (r, n) => overIp6(135, [59, one(r, [0, 1, 2, 3, 4, 5]), n % 16, 0, ...soup(r, 2), ...soup(r, 2), ...soup(r, one(r, [4, 6, 8, 16])), ...list(r, n, (t) => tlv(r, t % 16, soup(r, size(r))))])),
  on('AH, ESP', (r) => overIp(one(r, [50, 51, 108]), [one(r, [6, 17, 4, r(256)]), one(r, [4, 5, 0, r(20)]), ...soup(r, 10 + r(40))])),
];

const lldpTlv = (r: Random, type: number, body: Bytes): Bytes => [...u16((type << 9) | (sized(r, body.length) & 511)), ...body];
const cdpBody = (r: Random, n: number): Bytes => [2, 180, 0, 0, ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 5), [0, 0, 0, 1, 1, 1, 0xcc, 0, 4, ...soup(r, 4)]]), 2, true), 32)];
export const links: readonly Space[] = [
  on('LLDP', (r, n) => ether(0x88cc, [...list(r, n, (t) => lldpTlv(r, t, one(r, [soup(r, size(r)), [r(8), ...soup(r, size(r))], letters(r, 8)])), 16), 0, 0])),
  on('LLDP private', (r, n) => ether(0x88cc, lldpTlv(r, 127, [...one<Bytes>(r, [[0, 0x80, 0xc2], [0, 0x12, 0x0f], [0, 0x12, 0xbb], [0, 0x0e, 0xcf], [0, 0, 0x5e], [0, 0x40, 0x9f], [0, 0x1b, 0x21], [0, 0x10, 0x18]]), n % 24, ...soup(r, one(r, [size(r), 20 + r(30)]))]))),
  on('LLDP location', (r, n) => ether(0x88cc, lldpTlv(r, 127, [0, 0x12, 0xbb, 3, n % 5, ...one(r, [soup(r, 16), [...((b) => [b.length + 3, r(3), 0x44, 0x45, ...b])(list(r, n, (t) => tlv(r, t, letters(r, 4)), 40))]])]))),
  on('CDP', (r, n) => snap(0xc, 0x2000, cdpBody(r, n))),
  on('VTP', (r, n) => snap(0xc, 0x2003, [1 + r(2), 1 + (n % 5), r(3), r(33), ...soup(r, 32), ...soup(r, 8 + r(60))])),
  on('VTP', (r, n) => snap(0xc, 0x2003, [1 + r(2), 2, r(3), 4, ...padded(letters(r, 4), 32), ...u32(n), ...times(1 + r(2), () => { const name = r(8); const tlvs = list(r, n, (t) => [t % 16, 1, ...soup(r, 2)]); const body = [r(2), r(6), name, ...u16(r(5000)), 5, 0xdc, ...u32(r(100_000)), ...padded(letters(r, name), 4), ...tlvs]; return [body.length + 1, ...body]; }).flat()])),
  on('UDLD', (r, n) => snap(0xc, 0x111, [0x20 + r(2), r(4), 0, 0, ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6)]), 2, true), 10)])),
  on('DTP', (r, n) => snap(0xc, 0x2004, [1, ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, one(r, [1, 6, size(r)])), letters(r, 6)]), 2, true), 8)])),
  on('STP', (r) => llc(0x42, 0x42, [3], [0, 0, r(5), one(r, [0, 2, 0x80, r(256)]), ...soup(r, 31 + r(100))])),
  on('OAM', (r, n) => ether(0x8809, [3, ...soup(r, 2), n % 8, ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [8, 14, 24, 26, 44])), 1, true), 8)])),
  on('LACP', (r, n) => ether(0x8809, [1 + r(2), 1, ...list(r, n, (t) => tlv(r, t, soup(r, one(r, [0, 2, 14, 18])), 1, true), 6), ...soup(r, 20)])),
  on('CFM', (r, n) => ether(0x8902, [(r(8) << 5) | r(2), one(r, [1, 2, 3, 4, 5, n % 60]), r(256), one(r, [4, 8, 70, 17, r(80)]), ...soup(r, one(r, [4, 8, 17, 70])), ...list(r, n, (t) => { const b = soup(r, size(r)); return [t, ...u16(sized(r, b.length)), ...b]; }, 40)])),
  on('EAP', (r, n) => ether(0x888e, [1 + r(3), r(4) ? 0 : r(6), ...((b) => [...u16(sized(r, b.length)), ...b])([1 + r(4), r(256), ...((b) => [...u16(4 + b.length), ...b])([n % 60, ...one(r, [soup(r, size(r)), letters(r, 6)])])])])),
  on('ARP', (r, n) => ether(one(r, [0x806, 0x8035]), [...u16(one(r, [1, 6, 15, 24, 37, n % 40])), ...u16(one(r, [0x800, 0x1000, r(65_536)])), one(r, [6, 6, r(20)]), one(r, [4, 4, r(20)]), ...u16(one(r, [1, 2, 3, 4, 8, 9, 10, n % 16])), ...soup(r, 20 + size(r))])),
  on('PPPoE', (r, n) => ether(0x8863, [0x11, one(r, [9, 7, 0x19, 0x65, 0xa7, r(256)]), 0, 0, ...((b) => [...u16(b.length), ...b])(list(r, n, (t) => tlv(r, one(r, [0x100 + t, 0x200 + r(5), t]), one(r, [letters(r, 6), soup(r, size(r))]), 2), 40))])),
  on('MACsec', (r) => ether(0x88e5, soup(r, 6 + r(50)))),
  on('MPCP', (r, n) => ether(0x8808, [...u16(n % 12), ...soup(r, 50)])),
  on('loopback', (r, n) => ether(0x9000, [r(16), 0, n % 5, 0, ...soup(r, 40)])),
  on('ATA', (r, n) => ether(0x88a2, [0x10 + r(16), r(6), ...soup(r, 3), n % 5, ...soup(r, 4 + r(60))])),
  on('TIPC', (r, n) => ether(0x88ca, [one(r, [0x40, 0x44, r(256)]), ...soup(r, 3), ((n % 16) << 4) | r(16), ...soup(r, 7 + r(60))])),
  on('RRCP', (r, n) => ether(0x8899, [one(r, [1, 2, 0x23, n % 256]), r(256), ...soup(r, 20)])),
  on('AppleTalk', (r, n) => snap(0x80007, 0x809b, [...u16(20 + r(20)), ...soup(r, 6), one(r, [2, 4, 6, 1, r(256)]), one(r, [2, 4, 6, r(256)]), 1 + (n % 8), ...soup(r, 10 + r(50))])),
  on('AARP', (r, n) => snap(0, 0x80f3, [0, 1, 0x80, 0x9b, 6, 4, ...u16(n % 5), ...soup(r, 20)])),
  on('ATM', (r) => soup(r, 8 + r(60)), 11),
  on('ATM signalling', (r, n) => [...one<Bytes>(r, [[1, 0, 0, 5], [0x82, 0, 0, 5]]), 9, 3, 0, 0, 1, n % 256, 0, 0, ...soup(r, 10 + r(20))], 123),
  on('ATM cell', (r, n) => [1, 0, 0, one(r, [3, 4]), ...soup(r, 5), one(r, [0x10, 0x11, 0x18, n % 256]), ...soup(r, 47)], 123),
  on('ATM LANE', (r, n) => [1, 0, 0, 64, ...one<Bytes>(r, [[0xff, 0, 1, 1, r(2), n % 20], [0, 7]]), ...soup(r, 12), ...u16(one(r, [0x800, 0x806, n % 65_536])), ...soup(r, 20)], 123),
  on('DECnet', (r, n) => ether(0x6003, ((b) => [b.length & 255, b.length >> 8, ...b])([one(r, [1, 2, 3, 5, 7, 9, 11, 13, 4 * r(64) + 2, n % 256]), ...soup(r, 20 + r(40))]))),
  on('IPX', (r, n) => ether(0x8137, [255, 255, ...u16(30 + r(20)), 0, r(20), ...soup(r, 10), ...u16(one(r, [0x452, 0x453, 0x455, 0x451, 0x456, 0x85be, n % 65_536])), ...soup(r, 12 + r(40))])),
  on('GeoNetworking', (r, n) => ether(0x8947, [...soup(r, 5), n % 256, ...soup(r, 40 + r(60))])),
  on('LMP', (r, n) => udp(49_998, 701, ((b) => [0x10, 0, r(2), n % 25, ...u16(8 + b.length), 0, 0, ...b])(list(r, n, (t) => { const b = padded(soup(r, one(r, [size(r), 36, 20, 16])), r(8) ? 4 : 1); return [one(r, [1, 2, 3, 4, 5, 0x81]), one(r, [1 + t, 51, 20]), ...u16(sized(r, 4 + b.length)), ...b]; }, 25)))),
  on('MFR', (r, n) => [0xe2, 0x18, n % 12, ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 4)]), 1, true), 8)], 182),
];

const control = (r: Random, protocol: number, code: number, options: Bytes): Bytes => [0xff, 3, ...u16(protocol), code, 1, ...u16(sized(r, 4 + options.length)), ...options];
export const ppps: readonly Space[] = [
  on('LCP', (r, n) => control(r, 0xc021, 1 + r(4), list(r, n, (t) => tlv(r, t, soup(r, one(r, [0, 1, 2, 3, 4, 8])), 1, true), 32)), 9),
  on('LCP message', (r, n) => control(r, 0xc021, n % 20, soup(r, 4 + size(r))), 9),
  on('IPCP', (r, n) => control(r, 0x8021, 1 + r(4), list(r, n, (t) => tlv(r, one(r, [t, 128 + r(6)]), soup(r, one(r, [0, 2, 4, 8, 10, 14])), 1, true), 12)), 9),
  on('IPCP compression', (r) => control(r, 0x8021, 1 + r(4), tlv(r, 2, [...u16(one(r, [0x2d, 0x61, 0x3, 0x37])), ...soup(r, 12), ...list(r, r(5), (t) => tlv(r, t, soup(r, size(r)), 1, true), 5)], 1, true)), 9),
  on('IPv6CP', (r, n) => control(r, 0x8057, 1 + r(4), list(r, n, (t) => tlv(r, t, soup(r, 8), 1, true), 4)), 9),
  on('CCP', (r, n) => control(r, 0x80fd, one(r, [1, 2, 3, 4, 14, 15]), list(r, n, (t) => tlv(r, t, soup(r, one(r, [0, 1, 2, 4])), 1, true), 32)), 9),
  on('BACP', (r, n) => control(r, 0xc02b, 1 + r(4), list(r, n, (t) => tlv(r, t, soup(r, one(r, [4, 1])), 1, true), 4)), 9),
  on('MPLSCP', (r, n) => control(r, one(r, [0x8281, 0x8029, 0x802b, 0x8023, 0x8025, 0x8031, 0x803f, 0x804f]), n % 16, soup(r, size(r))), 9),
  on('BAP', (r, n) => control(r, 0xc02d, n % 12, list(r, n, (t) => tlv(r, t, soup(r, size(r)), 1, true), 8)), 9),
  on('PAP', (r, n) => control(r, 0xc023, n % 5, one(r, [[3, ...letters(r, 3), 2, ...letters(r, 2)], soup(r, size(r))])), 9),
  on('CHAP', (r, n) => control(r, 0xc223, n % 6, one(r, [[8, ...soup(r, 8), ...letters(r, 3)], soup(r, size(r)), letters(r, 9)])), 9),
  on('EAP over PPP', (r, n) => control(r, 0xc227, n % 6, soup(r, size(r))), 9),
];

const wlan = (r: Random, subtype: number, body: Bytes): Bytes => [(subtype << 4) & 255, r(4) ? 0 : r(256), 0, 0, ...soup(r, 18), 0, 0, ...body];
export const wireless: readonly Space[] = [
  on('FDDI', (r, n) => [one(r, [0x50, 0x57, n % 256]), ...soup(r, 12), ...one(r, [[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], [0xfe, 0xfe, 3, 0x83], [0xe0, 0xe0, 3], soup(r, 4)]), ...soup(r, size(r))], 10),
  on('Token Ring', (r, n) => [0x10, one(r, [0x40, 0x40, n % 256]), ...soup(r, 6), one(r, [0, 0x80, r(256)]), ...soup(r, 5), ...one<Bytes>(r, [[], [2 * r(10), r(256), ...soup(r, 2 * r(10))]]), ...one(r, [[0xaa, 0xaa, 3, 0, 0, 0, 8, 0], soup(r, 4)]), ...soup(r, size(r))], 6),
  on('ARCnet', (r, n) => [...soup(r, 2), one(r, [0xf0, 0xf1, 0xd4, 0xd5, 0xd6, 0xc4, 0xdd, 0xfa, 0x80, n % 256]), one(r, [0, 255, r(8)]), ...soup(r, 6 + size(r))], 7),
  on('ARCnet of Linux', (r, n) => [...soup(r, 4), one(r, [0xf0, 0xf1, 0xd4, 0xd5, 0xd6, 0xc4, 0xdd, 0xfa, 0x80, n % 256]), ...soup(r, 6 + size(r))], 129),
  on('plain link', (r) => [...soup(r, one(r, [3, 6, 16, 40])), ...one<Bytes>(r, [[8, 0], [8, 6], [0xaa, 0xaa, 3, 0, 0, 0, 8, 0], soup(r, 2)]), ...soup(r, size(r) + r(44))], (n) => [99, 109, 122, 138, 201, 240, 241, 242, 100, 106, 112][n % 11]!),
  on('802.11', (r) => soup(r, 24 + r(40)), 105),
  on('802.11 frame', (r, n) => [n % 256, r(256), ...soup(r, 22 + r(40))], 105),
  on('802.11 beacon', (r, n) => wlan(r, one(r, [8, 5]), [...soup(r, 12), ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6)])))]), 105),
  on('802.11 management', (r, n) => wlan(r, n % 16, [...soup(r, one(r, [2, 4, 6, 10, 12])), ...list(r, n, (t) => tlv(r, t, one(r, [soup(r, size(r)), letters(r, 6)])), 60)]), 105),
  on('802.11 action', (r, n) => wlan(r, 13, [n % 24, r(20), ...soup(r, size(r))]), 105),
  on('802.11 reason', (r, n) => wlan(r, one(r, [10, 12, 1, 3, 11]), [...u16(n % 128).toReversed(), ...u16(n % 128).toReversed(), ...soup(r, size(r))]), 105),
  on('radiotap', (r, n) => ((b) => [0, 0, 8 + b.length, 0, ...u32(r(4) ? 1 << n % 32 : r(0x7fff_ffff)).toReversed(), ...b, ...soup(r, 30)])(soup(r, size(r))), 127),
  on('PPI', (r, n) => [0, 0, 32, 0, n % 256, 0, 0, 0, ...soup(r, 60)], 192),
  on('802.15.4', (r) => soup(r, 3 + r(40)), 195),
  on('USB', (r) => soup(r, 64 + r(20)), 220),
  on('NFLOG', (r, n) => [2, 0, 0, 1, ...list(r, n, (t) => ((b) => [...u16(4 + b.length).toReversed(), t, 0, ...padded(b, 4)])(soup(r, size(r))), 20)], 239),
  on('pflog', (r) => [one(r, [61, 100, 64, r(100)]), one(r, [2, 10, 24, 30]), r(12), r(20), ...letters(r, 4), ...soup(r, 80)], 117),
  on('Juniper', (r, n) => [0x4d, 0x47, 0x43, r(256), ...((b) => [...u16(b.length), ...b])(list(r, n, (t) => tlv(r, t, soup(r, one(r, [1, 2, 4]))), 20)), ...soup(r, 40)], (n) => one(((b: number) => n % b) as Random, [130, 131, 132, 133, 134, 135, 136, 137, 138, 141, 142, 178, 179, 180, 181, 183, 194, 200])),
  on('vsock', (r) => soup(r, 32 + r(40)), 271),
  on('DSA', (r) => [...soup(r, 12), ...soup(r, 8), 8, 0, ...soup(r, 20)], (n) => one(((b: number) => n % b) as Random, [281, 282, 283, 284, 285])),
];
