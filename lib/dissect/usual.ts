/**
 * The headers that most packets have, found without a walk: IPv4 or IPv6 in Ethernet, and TCP or UDP behind those.
 * It answers only where a walk's first header of that layout lies in the same place; usual.test.ts holds the two together.
 */

import type { FieldSite } from './fields.js';
import type { Layout } from './frame/layout.js';
import { ETHERNET } from './link/headers.js';
import { IP4, IP6 } from './network/headers.js';
import { TCP, UDP } from './transport/headers.js';

const ETHERNET_SIZE = 14;
const IP6_SIZE = 40;
/** Bytes that have to be there of each header. */
const SIZES: ReadonlyMap<Layout, number> = new Map<Layout, number>([
  [ETHERNET, ETHERNET_SIZE],
  [IP4, 20],
  [IP6, IP6_SIZE],
  [TCP, 20],
  [UDP, 8],
]);

/** Whether {@link usualPlace} may be asked: the first header that has the field has it always in the same place. */
export function isUsual(sites: readonly FieldSite[]): boolean {
  const [{ field, layout, path }] = sites as readonly [FieldSite];
  const { fixedAt, fixedSize } = field;
  return path.length === 0 && fixedSize > 0 && fixedAt + fixedSize <= (SIZES.get(layout) ?? 0);
}

/** Where the first header of a layout lies in a packet of Ethernet; -1 where only a walk can tell. */
export function usualPlace(layout: Layout, data: Uint8Array, wireLength: number): number {
  const { length } = data;
  if (length < ETHERNET_SIZE) return -1;
  if (layout === ETHERNET) return 0;
  if (wireLength <= ETHERNET_SIZE) return -1;
  const type = (data[12]! << 8) | data[13]!;
  const at = ETHERNET_SIZE;
  if (type === 0x0800) {
    if (length < at + 20) return -1;
    const first = data[at]!;
    if (first < 0x45 || first > 0x4f) return -1;
    const total = (data[at + 2]! << 8) | data[at + 3]!;
    const header = (first & 15) * 4;
    if (total !== 0 && total < header) return -1;
    if (layout === IP4) return at;
    const fragment = ((data[at + 6]! << 8) | data[at + 7]!) & 0x1fff;
    if (fragment !== 0) return -1;
    return behind(layout, data, data[at + 9]!, at + header, total && at + total, wireLength);
  }
  if (type !== 0x86dd || length < at + IP6_SIZE) return -1;
  if (layout === IP6) return at;
  const payload = (data[at + 4]! << 8) | data[at + 5]!;
  const to = at + IP6_SIZE;
  return behind(layout, data, data[at + 6]!, to, payload && to + payload, wireLength);
}

/** The same behind IP; its length of 0 is none. */
function behind(
  layout: Layout,
  data: Uint8Array,
  protocol: number,
  at: number,
  end: number,
  wireLength: number,
): number {
  let there = Math.min(data.length, wireLength);
  if (end !== 0 && end < there) there = end;
  there -= at;
  if (layout === TCP) return protocol === 6 && there >= 20 && data[at + 12]! >= 0x50 ? at : -1;
  return layout === UDP && protocol === 17 && there >= 8 && (data[at + 4]! << 8) + data[at + 5]! >= 8
    ? at
    : -1;
}
