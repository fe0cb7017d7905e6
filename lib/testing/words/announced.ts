/** Test support: who prints what a number announces: ports, types, protocols, link types. */

// biome-ignore-all format: tables

import { type Bytes, ether, letters, llc, one, overIp, overIp6, size, sized, snap, soup, tcp, times, tlv, u16, udp } from './bytes.js';
import { KEEP, list, on, type Space } from './space.js';

export const KNOWN_TYPES: readonly number[] = [
  0x200, 0x600, 0x800, 0x806, 0x86dd, 0x8035, 0x809b, 0x80f3, 0x8100, 0x8137, 0x8808, 0x8809, 0x880b, 0x8847, 0x8848, 0x8863, 0x8864, 0x886f, 0x888e, 0x88a8, 0x88cc, 0x88ca,
  0x88dc, 0x88e5, 0x88f7, 0x8902, 0x8906, 0x9000, 0x9100, 0x9200, 0x6000, 0x6001, 0x6002, 0x6003, 0x6004, 0x6005, 0x6006, 0x6007, 0x8947, 0x6558, 0x88a2, 0x8899, 0xd28b, 0xfefe,
  0x893f, 0x894f, 0x814c, 0x8101, 0x22f3, 0x22f4, 0x22ea, 0x9221, 0x9999, 0x86dd, 0x8906, 0x8870, 0x892f, 0x88b5, 0x8874, 0x9998,
];
const PPPS: readonly number[] = [0x21, 0x29, 0x2b, 0x2d, 0x2f, 0x31, 0x3d, 0x53, 0x55, 0x57, 0xfb, 0xfd, 0x281, 0x283, 0x8021, 0x8023, 0x8029, 0x802b, 0x803d, 0x8031, 0x804c, 0x8053, 0x8055, 0x8057, 0x80fd, 0x80fb, 0x8281, 0x8283, 0xc021, 0xc023, 0xc025, 0xc02b, 0xc02d, 0xc081, 0xc223, 0xc227, 0xc22b, 0x23, 0x25, 0x27];

export const dispatch: readonly Space[] = [
  on('UDP port', (r, n) => udp(n % 65_536, KEEP, soup(r, 8 + size(r)))),
  on('UDP port', (r, n) => udp(KEEP, n % 65_536, soup(r, 8 + size(r)))),
  on('TCP port', (r, n) => tcp(n % 65_536, KEEP, r(2) === 0 ? soup(r, 8 + size(r)) : letters(r, 10))),
  on('TCP port', (r, n) => tcp(KEEP, n % 65_536, r(2) === 0 ? soup(r, 8 + size(r)) : letters(r, 10))),
  on('SCTP', (r, n) => overIp(132, [...u16(r(65_536)), ...u16(r(65_536)), ...soup(r, 8), ...list(r, n, (type) => { const body = soup(r, size(r)); return [type, r(8), ...u16(sized(r, 4 + body.length)), ...body, ...times(-body.length & 3, () => 0)]; })])),
  on('SCTP', (r, n) => overIp(132, [0, 7, ...u16(one(r, [2905, 7, 9899, 179, 80])), ...soup(r, 8), ...list(r, one(r, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 192, 128, 193]), (type) => { const body = [...soup(r, one(r, [4, 8, 12, 16])), ...list(r, n, (t) => { const b = soup(r, size(r)); return [...tlv(r, t % 2 ? t : 0x8000 + t, b, 2, true), ...times(-b.length & 3, () => 0)]; }, 32)]; return [type, r(8), ...u16(sized(r, 4 + body.length)), ...body, ...times(-body.length & 3, () => 0)]; })])),
  on('IP protocol', (r, n) => overIp(n % 256, soup(r, 8 + size(r)))),
  on('IPv6 next', (r, n) => overIp6(n % 256, soup(r, 8 + size(r)))),
  on('EtherType', (r, n) => ether((n * 7) % 65_536, soup(r, 8 + size(r)))),
  on('EtherType', (r, n) => ether(n % 65_536, soup(r, 8 + size(r)))),
  on('EtherType', (r, n) => ether(one(r, KNOWN_TYPES), soup(r, 4 + n % 64))),
  on('LLC', (r, n) => llc(n % 256, one(r, [n % 256, 0, r(256)]), one(r, [[3], [3], [r(256)], [r(256), r(256)]]), soup(r, size(r)))),
  on('SNAP', (r, n) => snap(one(r, [0, 0xc, 0x80c2, 0xf8, 0x80007, 0x50c2, 0x5e]), one(r, [n % 65_536, r(0x3000), 0x2000 + r(16), one(r, KNOWN_TYPES)]), soup(r, 4 + size(r)))),
  on('PPP', (r, n) => [...(r(2) === 0 ? [0xff, 3] : []), ...u16(one(r, [n % 65_536, (n * 256 + 0x21) % 65_536, one(r, PPPS)])), ...soup(r, 4 + size(r))], 9),
  on('link type', (r) => soup(r, 4 + r(60)), (n) => n % 300),
  on('null', (r, n) => [...one<Bytes>(r, [[n % 256, 0, 0, 0], [0, 0, 0, n % 256]]), ...soup(r, 4 + size(r))], 0),
  on('Frame Relay', (r, n) => [0x18, 0x41, ...one<Bytes>(r, [[3, n % 256], [3, 0, n % 256], [3, 0x80, 0, 0x80, 0xc2, 0, n % 16], u16(one(r, KNOWN_TYPES))]), ...soup(r, 4 + size(r))], 107),
  on('Frame Relay LMI', (r, n) => [0, 1, 3, 8, 0, r(4) ? 0x75 : 0x7d, ...one<Bytes>(r, [[0x95], []]), ...list(r, n, (t) => tlv(r, t, soup(r, size(r))))], 107),
  on('C-HDLC', (r, n) => [0x0f, 0, ...u16(one(r, [n % 65_536, one(r, KNOWN_TYPES), 0x2000, 0x8035, 0xfefe])), ...soup(r, 4 + size(r))], 104),
  on('GRE', (r, n) => overIp(47, [one(r, [0, 0x20, 0x30, 0x80, 0xb0, r(256)]), r(3), ...u16(one(r, [n % 65_536, one(r, KNOWN_TYPES), 0x880b, 0x88be, 0x22eb])), ...soup(r, 8 + size(r))])),
  on('MPLS', (r, n) => ether(0x8847, [0, 0, 0x10 * (n % 16) + 1, 64, ...soup(r, 4 + size(r))])),
  on('OSI', (r, n) => llc(0xfe, 0xfe, [3], [one(r, [0x81, 0x82, 0x83, n % 256]), ...soup(r, 4 + r(60))])),
  on('Slow', (r, n) => ether(0x8809, [one(r, [1, 2, 3, 10, n % 16]), r(3), ...soup(r, 10 + r(110))])),
];
