/** Fields of TCP, UDP and SCTP, and of the tunnels that UDP carries. */

import { optionSize } from '../frame/items.js';
import { bits, bytes, flag, items, list, made, several, u8, u16, u24, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';

const ofKind = (kind: number, size: number) => (p: View) => p.u8(0) === kind && p.u8(1) === size;
const sacks = (p: View): number => (p.u8(1) - 2) >> 3;
const isSack = (p: View): boolean => p.u8(0) === 5 && p.u8(1) >= 10;
const edges = (offset: number) =>
  several('integer', (p) => Array.from({ length: sacks(p) }, (_, i) => p.u32(2 + 8 * i + offset)));
/** RFC 9293 §3.1, RFC 7323, RFC 2018. */
const TCP_OPTION = layout('tcp', {
  option_kind: u8(0),
  option_len: u8(1).when((p) => p.u8(0) > 1),
  'options.mss_val': u16(2).when(ofKind(2, 4)),
  'options.wscale.shift': u8(2).when(ofKind(3, 3)),
  'options.wscale.multiplier': made('integer', (p) => 2 ** Math.min(14, p.u8(2))).when(ofKind(3, 3)),
  'options.sack_le': edges(0).when(isSack),
  'options.sack_re': edges(4).when(isSack),
  'options.timestamp.tsval': u32(2).when(ofKind(8, 10)),
  'options.timestamp.tsecr': u32(6).when(ofKind(8, 10)),
});

const headerLength = (p: View): number => (p.u8(12) >> 4) * 4;
const isWhole = (p: View): boolean => headerLength(p) >= 20;
const FLAG_LETTERS = ['F', 'S', 'R', 'P', 'A', 'U', 'E', 'C', 'A'];
const letters = (flags: number): string => {
  let text = '';
  for (let bit = 11; bit >= 0; bit--) text += (flags >> bit) & 1 ? (FLAG_LETTERS[bit] ?? 'R') : '\u00b7';
  return text;
};

export const TCP = layout('tcp', {
  srcport: u16(0),
  dstport: u16(2),
  port: list(0, 2, u16),
  len: made('integer', (p) => p.limit - p.at - headerLength(p)).when(
    (p) => p.limit - p.at >= headerLength(p),
  ),
  seq: u32(4),
  seq_raw: u32(4),
  ack: u32(8).when(isWhole),
  ack_raw: u32(8).when(isWhole),
  hdr_len: bits(12, 0xf0, 1, 'dec', 4),
  flags: bits(12, 0x0fff, 2, 'hex'),
  'flags.res': flag(12, 0x0e00, 2),
  'flags.ae': flag(12, 0x0100, 2),
  'flags.cwr': flag(12, 0x0080, 2),
  'flags.ece': flag(12, 0x0040, 2),
  'flags.urg': flag(12, 0x0020, 2),
  'flags.ack': flag(12, 0x0010, 2),
  'flags.push': flag(12, 0x0008, 2),
  'flags.reset': flag(12, 0x0004, 2),
  'flags.syn': flag(12, 0x0002, 2),
  'flags.fin': flag(12, 0x0001, 2),
  'flags.str': made('string', (p) => letters(p.u16(12) & 0xfff)),
  window_size_value: u16(14),
  checksum: u16(16, 'hex'),
  urgent_pointer: u16(18),
  options: bytes(20, (p) => p.size - 20).when((p) => headerLength(p) > 20 && p.size > 20),
  option: items(20, TCP_OPTION, { size: optionSize((p) => (p.data[p.base + 12]! >> 4) * 4) }),
});

/** Of a header that is cut Wireshark has the ports alone unless all but the last two fields are there. */
export const dissectTcp: Dissector = (w, at, limit) => {
  const there = (limit < w.end ? limit : w.end) - at;
  if (there < 16) {
    if (there >= 4) w.layer(TCP, at, at + 4, limit);
    return;
  }
  const { data } = w;
  const header = (data[at + 12]! >> 4) * 4;
  w.layer(TCP, at, at + Math.min(there, header < 20 ? 13 : header), limit);
  if (header < 20) return;
  const source = (data[at]! << 8) | data[at + 1]!;
  const destination = (data[at + 2]! << 8) | data[at + 3]!;
  w.ports('tcp', source, destination, at + header, limit);
};

export const UDP = layout('udp', {
  srcport: u16(0),
  dstport: u16(2),
  port: list(0, 2, u16),
  length: u16(4),
  checksum: u16(6, 'hex'),
});

/** Of lengths that are too short Wireshark takes none, and leaves out the checksum behind it; but over IPv6 0 is one. */
export const dissectUdp: Dissector = (w, at, limit) => {
  const there = (limit < w.end ? limit : w.end) - at;
  if (there < 4) return;
  const length = there < 6 ? 8 : w.u16(at + 4);
  const isShort = length < 8 && (length > 0 || w.ip < 0 || w.data[w.ip]! >> 4 !== 6);
  w.layer(UDP, at, at + Math.min(there, isShort ? 6 : 8), limit);
  const end = length === 0 ? limit : Math.min(limit, at + length);
  w.ports('udp', w.u16(at), w.u16(at + 2), at + 8, end);
};

/** RFC 3828: the length's place has what the checksum covers. */
export const UDP_LITE = layout('udplite', {
  '.udp.srcport': u16(0),
  '.udp.dstport': u16(2),
  '.udp.port': list(0, 2, u16),
  '.udp.length': made('integer', (p) => p.limit - p.at),
  '.udp.checksum_coverage': u16(4),
  '.udp.checksum': u16(6, 'hex'),
});
export const dissectUdpLite: Dissector = (w, at, limit) => {
  w.layer(UDP_LITE, at, at + 8, limit);
  w.ports('udp', w.u16(at), w.u16(at + 2), at + 8, limit);
};

const isData = (p: View): boolean => p.u8(0) === 0;
const isInit = (p: View): boolean => p.u8(0) === 1;
const isInitAck = (p: View): boolean => p.u8(0) === 2;
const isSackChunk = (p: View): boolean => p.u8(0) === 3;
/** RFC 9260 §3.3. */
const CHUNK = layout('sctp', {
  chunk_type: u8(0),
  chunk_flags: u8(1, 'hex'),
  chunk_length: u16(2),
  data_tsn_raw: u32(4).when(isData),
  data_sid: u16(8, 'hex').when(isData),
  data_ssn: u16(10).when(isData),
  data_payload_proto_id: u32(12).when(isData),
  init_initiate_tag: u32(4, 'hex').when(isInit),
  init_credit: u32(8).when(isInit),
  init_nr_out_streams: u16(12).when(isInit),
  init_nr_in_streams: u16(14).when(isInit),
  init_initial_tsn: u32(16).when(isInit),
  initack_initiate_tag: u32(4, 'hex').when(isInitAck),
  initack_credit: u32(8).when(isInitAck),
  initack_nr_out_streams: u16(12).when(isInitAck),
  initack_nr_in_streams: u16(14).when(isInitAck),
  initack_initial_tsn: u32(16).when(isInitAck),
  sack_cumulative_tsn_ack_raw: u32(4).when(isSackChunk),
  sack_a_rwnd: u32(8).when(isSackChunk),
});

export const SCTP = layout('sctp', {
  srcport: u16(0),
  dstport: u16(2),
  port: list(0, 2, u16),
  verification_tag: u32(4, 'hex'),
  checksum: u32(8, 'hex'),
  chunks: items(12, CHUNK, { size: (p) => (p.u16(2) < 4 ? 0 : (p.u16(2) + 3) & ~3) }),
});
export const dissectSctp: Dissector = (w, at, limit) => w.layer(SCTP, at, limit, limit);

/** RFC 7348 §5. */
export const VXLAN = layout('vxlan', {
  flags: u16(0, 'hex'),
  flag_g: flag(0, 0x8000, 2),
  flag_i: flag(0, 0x0800, 2),
  gbp: u16(2),
  vni: u24(4),
  reserved8: u8(7),
});
export const dissectVxlan: Dissector = (w, at, limit) => {
  w.layer(VXLAN, at, at + 8, limit);
  w.link(1, at + 8, limit);
};

/** draft-ietf-nvo3-vxlan-gpe §3.2. */
export const VXLAN_GPE = layout('vxlan', {
  flags: u8(0, 'hex'),
  i_bit: flag(0, 0x08),
  p_bit: flag(0, 0x04),
  o_bit: flag(0, 0x01),
  next_proto: u8(3),
  vni: u24(4),
  reserved8: u8(7),
});
const GPE_TYPES: Readonly<Record<number, number>> = { 1: 0x0800, 2: 0x86dd, 3: 0x6558, 4: 0x894f };
export const dissectVxlanGpe: Dissector = (w, at, limit) => {
  w.layer(VXLAN_GPE, at, at + 8, limit);
  w.ether(GPE_TYPES[w.u8(at + 3)] ?? 0, at + 8, limit);
};

const GENEVE_OPTION = layout('geneve', {
  'option.class': u16(0, 'hex'),
  'option.type': u8(2, 'hex'),
  'option.length': made('integer', (p) => 4 + (p.u8(3) & 0x1f) * 4),
});
/** RFC 8926 §3.4. */
export const GENEVE = layout('geneve', {
  version: bits(0, 0xc0),
  'flags.oam': flag(1, 0x80),
  'flags.critical': flag(1, 0x40),
  proto_type: u16(2, 'hex'),
  vni: u24(4, 'hex'),
  'option.length': made('integer', (p) => (p.u8(0) & 0x3f) * 4),
  options: bytes(8, (p) => (p.u8(0) & 0x3f) * 4),
  option: items(8, GENEVE_OPTION, { size: (p) => 4 + (p.u8(3) & 0x1f) * 4 }),
});
export const dissectGeneve: Dissector = (w, at, limit) => {
  const header = 8 + (w.u8(at) & 0x3f) * 4;
  w.layer(GENEVE, at, at + header, limit);
  w.ether(w.u16(at + 2), at + header, limit);
};
