/** Prefixes in BGP: plain, with labels (RFC 8277), with route distinguishers (RFC 4364), of services over layer 2 (RFC 4761). */

import { ip4Text, ip6Text } from '../frame/addresses.js';
import { ask, ENDS_EARLY } from '../frame/ask.js';
import type { Dissection } from '../frame/dissection.js';
import { names } from '../frame/names.js';
import { hex2, hex4 } from '../frame/text.js';
import { nsapText } from '../network/osi.js';

/** What was read, and of how many bytes. */
export interface Piece {
  readonly text: string;
  readonly size: number;
}

export const ip4Of = (bytes: Uint8Array): string =>
  ip4Text((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!);
export const ip6Of = (bytes: Uint8Array): string => ip6Text(bytes, 0);

/** `bits` of the bytes at `at`, the rest of `room` zero. @throws TRUNCATED */
function masked(d: Dissection, at: number, bits: number, room: number): Uint8Array {
  const size = (bits + 7) >> 3;
  d.need(at, size);
  const bytes = new Uint8Array(room);
  bytes.set(d.data.subarray(at, at + size));
  if (bits % 8) bytes[size - 1]! &= (0xff00 >> (bits % 8)) & 0xff;
  return bytes;
}

/** A plain prefix of which `left` bytes are there; `undefined` where its length is too great. */
function plain(
  d: Dissection,
  at: number,
  left: number,
  room: number,
  text: (bytes: Uint8Array) => string,
): Piece | undefined {
  if (left < 1) throw ENDS_EARLY;
  const bits = d.u8(at);
  if (bits > 8 * room) return undefined;
  const size = (bits + 7) >> 3;
  if (left - 1 < size) throw ENDS_EARLY;
  return { text: `${text(masked(d, at + 1, bits, room))}/${bits}`, size: 1 + size };
}
export const prefix4 = (d: Dissection, at: number, left: number): Piece | undefined =>
  plain(d, at, left, 4, ip4Of);
export const prefix6 = (d: Dissection, at: number, left: number): Piece | undefined =>
  plain(d, at, left, 16, ip6Of);

const sayLabel = (d: Dissection, at: number): string =>
  `label:${d.u24(at) >> 4} ${d.u8(at + 2) & 1 ? '(bottom)' : '(BOGUS: Bottom of Stack NOT set!)'}`;

/** Label and prefix; `left` as above. `null` where it ends before its list does. */
export function labeled(d: Dissection, at: number, left: number, v6: boolean): Piece | undefined | null {
  ask(d, at, 4);
  if (left < 4) return null;
  const bits = d.u8(at) - 24;
  const room = v6 ? 16 : 4;
  if (bits < 0 || bits > 8 * room) return undefined;
  const size = (bits + 7) >> 3;
  if (!v6 && left - 4 < size) return null;
  const bytes = masked(d, at + 4, bits, room);
  return { text: `${v6 ? ip6Of(bytes) : ip4Of(bytes)}/${bits}, ${sayLabel(d, at + 1)}`, size: 4 + size };
}

/** Label, route distinguisher and prefix. */
export function virtual(d: Dissection, at: number, kind: 4 | 6 | 'nsap'): Piece | undefined {
  const bits = d.u8(at) - 88;
  const room = kind === 4 ? 4 : kind === 6 ? 16 : 19;
  if (bits < 0 || bits > 8 * room) return undefined;
  const bytes = masked(d, at + 12, bits, room);
  const size = (bits + 7) >> 3;
  const address = kind === 4 ? ip4Of(bytes) : kind === 6 ? ip6Of(bytes) : nsapOf(bytes.subarray(0, size));
  return {
    text: `RD: ${distinguisher(d, at + 4)}, ${address}/${bits}, ${sayLabel(d, at + 1)}`,
    size: 12 + size,
  };
}

const nsapOf = (bytes: Uint8Array): string =>
  bytes.length === 0 ? 'isonsap_string: illegal length' : nsapText(bytes);

/** tcpdump reads the address three bytes late. */
export function clnpPrefix(d: Dissection, at: number): Piece | undefined {
  const bits = d.u8(at);
  if (bits > 152) return undefined;
  const size = (bits + 7) >> 3;
  return { text: `${nsapOf(masked(d, at + 4, bits, 19).subarray(0, size))}/${bits}`, size: 1 + size };
}

const quad = (d: Dissection, at: number): string =>
  `${d.u8(at)}.${d.u8(at + 1)}.${d.u8(at + 2)}.${d.u8(at + 3)}`;

/** A route distinguisher (RFC 4364 §4.2). */
export function distinguisher(d: Dissection, at: number): string {
  const kind = d.u16(at);
  if (kind === 0) return `${d.u16(at + 2)}:${d.u32(at + 4)} (= ${quad(d, at + 4)})`;
  if (kind === 1) return `${quad(d, at + 2)}:${d.u16(at + 6)}`;
  if (kind === 2) return `${asNumber(d, at + 2)}:${d.u16(at + 6)} (${quad(d, at + 2)}:${d.u16(at + 6)})`;
  return 'unknown RD format';
}

/** Routes by target (RFC 4684 §4); `undefined` where its length is wrong. */
/** With `-b` those of more than two bytes with a dot (RFC 5396). */
const asText = (d: Dissection, number: number): string =>
  d.asDot && number > 0xffff ? `${number >>> 16}.${number & 0xffff}` : `${number}`;
export const asNumber = (d: Dissection, at: number): string => asText(d, d.u32(at));

export function targetPrefix(d: Dissection, at: number): Piece | undefined {
  const bits = d.u8(at);
  if (bits === 0) return { text: 'default route target', size: 1 };
  if (bits < 32) return undefined;
  const origin = asNumber(d, at + 1);
  if (bits > 96) return undefined;
  const rest = bits - 32;
  const target = masked(d, at + 5, rest, 8);
  const size = (rest + 7) >> 3;
  return { text: `origin AS: ${origin}, ${targetText(d, target, rest)}`, size: 5 + size };
}

function targetText(d: Dissection, bytes: Uint8Array, bits: number): string {
  if (bits === 0) return 'route-target: 0:0/0';
  let hex = '';
  const size = (bits + 7) >> 3;
  for (let i = 0; i < size; i++) hex += hex2(bytes[i]!) + (i % 2 === 1 && i < size - 1 ? ' ' : '');
  if (bits < 16) return `route-target: partial-type: (${hex}/${bits})`;
  const view = new DataView(bytes.buffer);
  const kind = view.getUint16(0);
  const [high, low, port] = [view.getUint16(2), view.getUint32(4), view.getUint16(6)];
  const behind = `/${bits} (${hex})`;
  if (kind === 2) return `route-target: ${high}:${low}${behind}`;
  if (kind === 0x102) return `route-target: ${bytes.subarray(2, 6).join('.')}:${port}${behind}`;
  if (kind === 0x202) return `route-target: ${asText(d, view.getUint32(2))}:${port}${behind}`;
  return `route target: unknown-type(${hex4(kind)}) (${hex}/${bits})`;
}

/** Default trees of multicast in VPNs (RFC 6037). */
export function treePrefix(d: Dissection, at: number): Piece | undefined {
  if (d.u8(at) !== 128) return undefined;
  ask(d, at + 1, 8);
  const [vpn, group] = [d.ip4(at + 9), d.ip4(at + 13)];
  return {
    text: `RD: ${distinguisher(d, at + 1)}, VPN IP Address: ${vpn}, MC Group Address: ${group}`,
    size: 17,
  };
}

const ROUTES = names(
  '1 Intra-AS I-PMSI|Inter-AS I-PMSI|S-PMSI|Intra-AS Segment-Leaf|Source-Active|Shared Tree Join|Source Tree Join',
);

function anyIp(d: Dissection, at: number, bits: number): string {
  if (bits === 32) return d.ip4(at);
  return bits === 128 ? d.ip6(at) : `bogus address length ${bits >>> 0}`;
}

/** Source and group, each with its length; as much as is there. */
function sourceAndGroup(d: Dissection, start: number): Piece {
  let text = '';
  let at = start;
  for (const name of ['Source', 'Group']) {
    const bits = d.u8(at++);
    if (!d.has(at, bits >> 3)) return { text, size: at - 1 - start };
    if (bits) text += `, ${name} ${anyIp(d, at, bits)}`;
    at += bits >> 3;
  }
  return { text, size: at - start };
}

/** Multicast in VPNs (RFC 6514 §4). */
export function multicastRoute(d: Dissection, at: number): Piece {
  const [type, size] = [d.u8(at), d.u8(at + 1)];
  const value = at + 2;
  let text = `Route-Type: ${ROUTES(type)} (${type}), length: ${size}`;
  if (type === 1) {
    ask(d, value, 8);
    text += `, RD: ${distinguisher(d, value)}, Originator ${anyIp(d, value + 8, (size - 8) * 8)}`;
  } else if (type === 2) {
    ask(d, value, 12);
    text += `, RD: ${distinguisher(d, value)}, Source-AS ${asNumber(d, value + 8)}`;
  } else if (type === 3) {
    ask(d, value, 8);
    const pair = sourceAndGroup(d, value + 8);
    const left = size - pair.size;
    if (left < 0) throw ENDS_EARLY;
    ask(d, value + 8, left);
    text += `, RD: ${distinguisher(d, value)}${pair.text}, Originator ${anyIp(d, value + 8, left * 8)}`;
  } else if (type === 5) {
    ask(d, value, 8);
    text += `, RD: ${distinguisher(d, value)}${sourceAndGroup(d, value + 8).text}`;
  } else if (type === 6 || type === 7) {
    ask(d, value, 12);
    text += `, RD: ${distinguisher(d, value)}, Source-AS ${asNumber(d, value + 8)}${sourceAndGroup(d, value + 12).text}`;
  }
  return { text, size: size + 2 };
}

/** Layer 2 over MPLS: found by itself (12 bytes), or with blocks of labels. */
export function layer2(d: Dissection, start: number): Piece {
  const length = d.u16(start);
  let at = start + 2;
  if (length === 12) {
    ask(d, at, 12);
    return { text: `RD: ${distinguisher(d, at)}, BGPNH: ${d.ip4(at + 8)}`, size: 14 };
  }
  if (length <= 17) throw ENDS_EARLY;
  ask(d, at, 15);
  let text = `RD: ${distinguisher(d, at)}, CE-ID: ${d.u16(at + 8)}, Label-Block Offset: ${d.u16(at + 10)}, Label Base ${d.u24(at + 12) >> 4}`;
  const size = length + 2;
  at += 15;
  // tcpdump counts neither the head nor, where it does not know it, passes by the value.
  for (let left = length - 15; left > 0; ) {
    if (left < 3) return { text: `${text}\n\t\tran past the end`, size };
    const [type, bits] = [d.u8(at), d.u16(at + 1)];
    const bytes = (bits + 7) >> 3;
    at += 3;
    if (type === 1) {
      text += `\n\t\tcircuit status vector (${type}) length: ${bits}: 0x`;
      for (let i = 0; i < bytes; i++, left--) {
        if (left < 1) return { text: `${text} (ran past the end)`, size };
        ask(d, at, 1);
        text += hex2(d.u8(at++));
      }
    } else {
      text += `\n\t\tunknown TLV #${type}, length: ${bits}`;
      if (left < bytes) return { text: `${text} (ran past the end)`, size };
      left -= bytes;
    }
  }
  return { text, size };
}

/** Whether path identifiers stand before prefixes (RFC 7911), which only an earlier message could tell: a guess. */
export function hasPathIds(d: Dissection, at: number, length: number, most: number): boolean {
  if (length < 5) return false;
  let i = 0;
  while (i < length) {
    i += 4;
    if (!d.has(at + i, 1)) break;
    const bits = d.u8(at + i);
    if (bits > most) return false;
    i += 1 + ((bits + 7) >> 3);
  }
  if (i > length) return false;
  for (i = 0; i < length; ) {
    if (!d.has(at + i, 1)) break;
    const bits = d.u8(at + i);
    if (bits < 1 || bits > most) return true;
    i += 1 + ((bits + 7) >> 3);
  }
  return i > length;
}
