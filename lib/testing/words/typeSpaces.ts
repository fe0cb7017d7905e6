/** Test support: messages that no port tells, by the types of `-T`. */

// biome-ignore-all format: tables

import type { Random } from '../random.js';
import { type Bytes, one, overIp, soup, tcp, times, u16, udp } from './bytes.js';
import { type Make, on, type Space } from './space.js';

const frames = (r: Random): Bytes => times(1 + r(3), () => { const n = r(30); return one<Bytes>(r, [[n + 1, r(4), ...soup(r, n)], [255, 0, 0, 0, 0, 0, 0, 0, n + 1, 1, ...soup(r, n)], [0], [200, 1, ...soup(r, 199)]]); }).flat();
const report: Make = (r) => { const kind = one(r, [200, 201, 202, 203, 204, r(256)]); const count = r(3); const body = soup(r, 4 + (kind === 200 ? 20 : 0) + 24 * count); return [0x80 + count, kind, ...u16(r(5) ? body.length / 4 : r(20)), ...body]; };

export const types: readonly Space[] = [
  on('vat', (r) => udp(1, 2, soup(r, r(24)))),
  on('rtp', (r) => udp(1, 2, [one(r, [0x80, 0x90, 0x40, 0x60, r(256)]), one(r, [31, 0, r(256)]), ...soup(r, 4 + r(44))])),
  on('rtcp', (r, n) => udp(1, 2, times(1 + r(2), () => report(r, n)).flat())),
  on('cnfp', (r) => { const version = one(r, [1, 5, 6, 9]); return udp(1, 2, [...u16(version), ...soup(r, version === 1 ? 14 : 22), ...times(r(3), () => [...soup(r, 38), one(r, [6, 17, r(256)]), ...soup(r, 13)]).flat()]); }),
  on('zmtp1', (r) => tcp(1, 2, frames(r))),
  on('pgm_zmtp1', (r) => overIp(113, [0, 1, 0, 2, one(r, [4, 5, 0]), 0, 0, 0, ...soup(r, 6), 0, 20, ...soup(r, 8), 0, one(r, [0, 2, r(20)]), ...frames(r)])),
];
