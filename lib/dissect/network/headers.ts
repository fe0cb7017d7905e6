/** Fields of IPv4, IPv6 and its extension headers, ICMP, ICMPv6, IGMP, GRE. */

import { optionSize } from '../frame/items.js';
import { bits, bytes, flag, ip4, ip6, items, list, made, u8, u16, u16le, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector, Walk } from '../frame/walk.js';

const IP_OPTION = layout('ip', {
  'opt.type': u8(0),
  'opt.len': u8(1).when((p) => p.u8(0) > 1),
  'opt.ra': u16(2).when((p) => p.u8(0) === 148),
});

export const IP4 = layout('ip', {
  version: bits(0, 0xf0),
  hdr_len: bits(0, 0x0f, 1, 'dec', 4),
  dsfield: u8(1, 'hex'),
  'dsfield.dscp': bits(1, 0xfc),
  'dsfield.ecn': bits(1, 0x03),
  // Left to the network card (segmentation offload) it is what there is.
  len: made('integer', (p) => p.u16(2) || p.limit - p.at),
  id: u16(4, 'hex'),
  flags: bits(6, 0xe0, 1, 'hex'),
  'flags.rb': flag(6, 0x80),
  'flags.df': flag(6, 0x40),
  'flags.mf': flag(6, 0x20),
  frag_offset: bits(6, 0x1fff, 2),
  ttl: u8(8),
  proto: u8(9),
  checksum: u16(10, 'hex'),
  src: ip4(12),
  dst: ip4(16),
  addr: list(12, 2, ip4),
  options: items(20, IP_OPTION, { size: optionSize((p) => (p.data[p.base]! & 15) * 4) }),
});

/** What the EtherType of IPv4 announces and has another version. */
export const OTHER_IP = layout('ip', { version: bits(0, 0xf0) });

export const dissectIp4: Dissector = (w, at, limit) => {
  const { data } = w;
  if (at + 20 > w.end) {
    w.layer(IP4, at, at + 20, limit);
    return;
  }
  const version = data[at]! >> 4;
  if (version !== 4) {
    w.layer(OTHER_IP, at, at + 1, limit);
    if (version === 6) dissectIp6(w, at, limit);
    return;
  }
  const header = (data[at]! & 0x0f) * 4;
  const total = (data[at + 2]! << 8) | data[at + 3]!;
  // As far as Wireshark believes it.
  if (header < 20 || (total !== 0 && total < header)) {
    w.layer(IP4, at, at + (header < 20 ? 1 : 4), limit);
    return;
  }
  // A length of 0 is left to the network card (segmentation offload).
  const end = total === 0 ? limit : at + total < limit ? at + total : limit;
  w.layer(IP4, at, at + header, end);
  w.ip = at;
  if ((((data[at + 6]! << 8) | data[at + 7]!) & 0x1fff) !== 0) w.give(undefined, at + header, end);
  else w.ipProtocol(data[at + 9]!, at + header, end);
};

export const IP6 = layout('ipv6', {
  '.ip.version': bits(0, 0xf0), // so in Wireshark
  version: bits(0, 0xf0),
  tclass: bits(0, 0x0ff00000, 4, 'hex'),
  'tclass.dscp': bits(0, 0x0fc00000, 4),
  'tclass.ecn': bits(0, 0x00300000, 4),
  flow: bits(1, 0x0fffff, 3, 'hex'),
  plen: u16(4),
  nxt: u8(6),
  hlim: u8(7),
  src: ip6(8),
  dst: ip6(24),
  addr: list(8, 2, ip6),
});

export const dissectIp6: Dissector = (w, at, limit) => {
  if (at + 40 > w.end) {
    w.layer(IP6, at, at + 40, limit);
    return;
  }
  const payload = w.u16(at + 4);
  const end = payload === 0 ? limit : Math.min(limit, at + 40 + payload);
  w.layer(IP6, at, at + 40, end);
  w.ip = at;
  follow(w, w.u8(at + 6), at + 40, end);
};

const IP6_OPTION = layout('ipv6', {
  'opt.type': u8(0, 'hex'),
  'opt.length': u8(1).when((p) => p.u8(0) !== 0),
  'opt.router_alert': u16(2).when((p) => p.u8(0) === 5),
  'opt.jumbo': u32(2).when((p) => p.u8(0) === 0xc2),
});
const ip6OptionSize = (p: View): number => (p.u8(0) === 0 ? 1 : 2 + p.u8(1));
const extensionLength = (p: View): number => (p.u8(1) + 1) * 8;
export const HOP_BY_HOP = layout('ipv6.hopopts', {
  nxt: u8(0),
  len: u8(1),
  len_oct: made('integer', extensionLength),
  options: items(2, IP6_OPTION, { size: ip6OptionSize }),
});
export const DESTINATION_OPTIONS = layout('ipv6.dstopts', {
  nxt: u8(0),
  len: u8(1),
  len_oct: made('integer', extensionLength),
  options: items(2, IP6_OPTION, { size: ip6OptionSize }),
});
export const ROUTING = layout('ipv6.routing', {
  nxt: u8(0),
  len: u8(1),
  len_oct: made('integer', extensionLength),
  type: u8(2),
  segleft: u8(3),
  'srh.addr': list(8, (p) => p.u8(1) >> 1, ip6).when((p) => p.u8(2) === 4),
});
export const FRAGMENT = layout('ipv6.fraghdr', {
  nxt: u8(0),
  reserved_octet: u8(1, 'hex'),
  offset: bits(2, 0xfff8, 2),
  more: flag(2, 0x0001, 2),
  ident: u32(4, 'hex'),
});

const EXTENSIONS: Readonly<Record<number, typeof HOP_BY_HOP | typeof DESTINATION_OPTIONS | typeof ROUTING>> =
  {
    0: HOP_BY_HOP,
    43: ROUTING,
    60: DESTINATION_OPTIONS,
  };

/** Goes through extension headers (RFC 8200 §4.1) to what they lead to. */
function follow(w: Walk, next: number, at: number, limit: number): void {
  const extension = EXTENSIONS[next];
  if (extension !== undefined) {
    const size = (w.u8(at + 1) + 1) * 8;
    w.layer(extension, at, at + size, limit);
    if (at + size < limit) follow(w, w.u8(at), at + size, limit);
  } else if (next === 44) {
    w.layer(FRAGMENT, at, at + 8, limit);
    if ((w.u16(at + 2) & 0xfff8) !== 0) w.give(undefined, at + 8, limit);
    else follow(w, w.u8(at), at + 8, limit);
  } else if (next !== 59) w.ipProtocol(next, at, limit);
}

/** RFC 4302; the length is in words of 4 bytes, less 2. */
export const AH = layout('ah', {
  next_header: u8(0),
  length: u8(1),
  reserved: bytes(2, 2),
  spi: u32(4, 'hex'),
  sequence: u32(8),
  icv: bytes(12, (p) => Math.max(0, (p.u8(1) + 2) * 4 - 12)),
});
export const dissectAh: Dissector = (w, at, limit) => {
  const size = (w.u8(at + 1) + 2) * 4;
  w.layer(AH, at, at + size, limit);
  follow(w, w.u8(at), at + size, limit);
};
export const ESP = layout('esp', { spi: u32(0, 'hex'), sequence: u32(4) });
export const dissectEsp: Dissector = (w, at, limit) => w.layer(ESP, at, at + 8, limit);

const ofTypes =
  (...types: readonly number[]) =>
  (p: View): boolean =>
    types.includes(p.u8(0));
const isEcho = ofTypes(0, 8);
/** RFC 792, RFC 1256, RFC 950. */
export const ICMP = layout('icmp', {
  type: u8(0),
  code: u8(1),
  checksum: u16(2, 'hex'),
  ident: u16(4).when(ofTypes(0, 8, 13, 14, 17, 18)),
  seq: u16(6).when(ofTypes(0, 8, 13, 14, 17, 18)),
  seq_le: u16le(6).when(isEcho),
  mtu: u16(6).when((p) => p.u8(0) === 3 && p.u8(1) === 4),
  redir_gw: ip4(4).when(ofTypes(5)),
});
/** Messages about packets hold the packet that they are about. */
export const dissectIcmp: Dissector = (w, at, limit) => {
  w.layer(ICMP, at, w.end < limit ? w.end : limit, limit);
  const type = w.u8(at);
  if (type === 3 || type === 4 || type === 5 || type === 11 || type === 12)
    w.ether(w.has(at + 8, 1) && w.u8(at + 8) >> 4 === 6 ? 0x86dd : 0x0800, at + 8, limit);
};

const sizeOf8 = (p: View): number => p.u8(1) * 8;
/** RFC 4861 §4.6. */
const ICMP6_OPTION = layout('icmpv6', {
  'opt.type': u8(0),
  'opt.length': u8(1),
  'opt.linkaddr': bytes(2, (p) => sizeOf8(p) - 2, ':').when(ofTypes(1, 2)),
  'opt.src_linkaddr': bytes(2, (p) => sizeOf8(p) - 2, ':').when(ofTypes(1)),
  'opt.target_linkaddr': bytes(2, (p) => sizeOf8(p) - 2, ':').when(ofTypes(2)),
  'opt.prefix.length': u8(2).when(ofTypes(3)),
  'opt.prefix.flag': u8(3, 'hex').when(ofTypes(3)),
  'opt.prefix.flag.l': flag(3, 0x80).when(ofTypes(3)),
  'opt.prefix.flag.a': flag(3, 0x40).when(ofTypes(3)),
  'opt.prefix.valid_lifetime': u32(4).when(ofTypes(3)),
  'opt.prefix.preferred_lifetime': u32(8).when(ofTypes(3)),
  'opt.prefix': ip6(16).when(ofTypes(3)),
  'opt.mtu': u32(4).when(ofTypes(5)),
  'opt.rdnss.lifetime': u32(4).when(ofTypes(25)),
  'opt.rdnss': list(8, (p) => (sizeOf8(p) - 8) >> 4, ip6).when(ofTypes(25)),
});
const OPTIONS_AT: Readonly<Record<number, number>> = { 133: 8, 134: 16, 135: 24, 136: 24, 137: 40 };
const RECORD = layout('icmpv6', {
  'mldr.mar.record_type': u8(0),
  'mldr.mar.aux_data_len': u8(1),
  'mldr.mar.nb_sources': u16(2),
  'mldr.mar.multicast_address': ip6(4),
  'mldr.mar.source_address': list(20, (p) => p.u16(2), ip6),
});
/** RFC 4443, RFC 4861, RFC 2710, RFC 3810. */
export const ICMP6 = layout('icmpv6', {
  type: u8(0),
  code: u8(1),
  checksum: u16(2, 'hex'),
  'echo.identifier': u16(4, 'hex').when(ofTypes(128, 129)),
  'echo.sequence_number': u16(6).when(ofTypes(128, 129)),
  mtu: u32(4).when(ofTypes(2)),
  pointer: u32(4).when(ofTypes(4)),
  'nd.ra.cur_hop_limit': u8(4).when(ofTypes(134)),
  'nd.ra.flag': u8(5, 'hex').when(ofTypes(134)),
  'nd.ra.router_lifetime': u16(6).when(ofTypes(134)),
  'nd.ra.reachable_time': u32(8).when(ofTypes(134)),
  'nd.ra.retrans_timer': u32(12).when(ofTypes(134)),
  'nd.ns.target_address': ip6(8).when(ofTypes(135)),
  'nd.na.target_address': ip6(8).when(ofTypes(136)),
  'nd.na.flag': u32(4, 'hex').when(ofTypes(136)),
  'nd.na.flag.r': flag(4, 0x80).when(ofTypes(136)),
  'nd.na.flag.s': flag(4, 0x40).when(ofTypes(136)),
  'nd.na.flag.o': flag(4, 0x20).when(ofTypes(136)),
  'nd.rd.target_address': ip6(8).when(ofTypes(137)),
  'mld.maximum_response_delay': u16(4).when((p) => ofTypes(130, 131, 132)(p) && p.size < 28),
  'mld.multicast_address': ip6(8).when(ofTypes(130, 131, 132)),
  'mldr.nb_mcast_records': u16(6).when(ofTypes(143)),
  options: items((p) => OPTIONS_AT[p.u8(0)] ?? p.size, ICMP6_OPTION, { size: sizeOf8 }),
  records: items((p) => (p.u8(0) === 143 ? 8 : p.size), RECORD, {
    size: (p) => 20 + 16 * p.u16(2) + 4 * p.u8(1),
    count: (p) => p.u16(6),
  }),
});
export const dissectIcmp6: Dissector = (w, at, limit) => {
  w.layer(ICMP6, at, w.end < limit ? w.end : limit, limit);
  if (w.u8(at) <= 4) w.ether(0x86dd, at + 8, limit);
};

const GROUP_RECORD = layout('igmp', {
  record_type: u8(0),
  aux_data_len: u8(1),
  num_src: u16(2),
  maddr: ip4(4),
  saddr: list(8, (p) => p.u16(2), ip4),
});
const isQuery3 = (p: View): boolean => p.u8(0) === 0x11 && p.limit - p.at >= 12;
const igmpVersion = (p: View): number | undefined =>
  p.u8(0) === 0x22 || isQuery3(p) ? 3 : p.u8(0) === 0x12 ? 1 : 2;
/** RFC 1112, RFC 2236, RFC 3376. */
export const IGMP = layout('igmp', {
  version: made('integer', igmpVersion).when(ofTypes(0x11, 0x12, 0x16, 0x17, 0x22)),
  type: u8(0, 'hex'),
  max_resp: u8(1).when(ofTypes(0x11, 0x16, 0x17)),
  checksum: u16(2, 'hex'),
  maddr: ip4(4).when(ofTypes(0x11, 0x12, 0x16, 0x17)),
  s: flag(8, 0x08).when(isQuery3),
  qrv: bits(8, 0x07).when(isQuery3),
  qqic: u8(9).when(isQuery3),
  num_src: u16(10).when(isQuery3),
  saddr: list(12, (p) => p.u16(10), ip4).when(isQuery3),
  num_grp_recs: u16(6).when(ofTypes(0x22)),
  records: items((p) => (p.u8(0) === 0x22 ? 8 : p.size), GROUP_RECORD, {
    size: (p) => 8 + 4 * p.u16(2) + 4 * p.u8(1),
    count: (p) => p.u16(6),
  }),
});

/** RFC 2784, RFC 2890; version 1 is PPTP's (RFC 2637). */
const greHas = (mask: number) => (p: View) => (p.u16(0) & mask) !== 0;
const isPptp = (p: View): boolean => (p.u16(0) & 7) === 1;
const afterChecksum = (p: View): number => ((p.u16(0) & 0xc000) !== 0 ? 8 : 4);
const afterKey = (p: View): number => afterChecksum(p) + (greHas(0x2000)(p) ? 4 : 0);
export const GRE = layout('gre', {
  flags_and_version: u16(0, 'hex'),
  'flags.checksum': flag(0, 0x8000, 2),
  'flags.routing': flag(0, 0x4000, 2),
  'flags.key': flag(0, 0x2000, 2),
  'flags.sequence_number': flag(0, 0x1000, 2),
  'flags.version': bits(0, 0x0007, 2),
  proto: u16(2, 'hex'),
  checksum: u16(4, 'hex').when(greHas(0xc000)),
  key: u32(afterChecksum, 'hex').when((p) => greHas(0x2000)(p) && !isPptp(p)),
  'key.payload_length': u16(afterChecksum).when((p) => greHas(0x2000)(p) && isPptp(p)),
  'key.call_id': u16((p) => afterChecksum(p) + 2).when((p) => greHas(0x2000)(p) && isPptp(p)),
  sequence_number: u32(afterKey).when(greHas(0x1000)),
});
const ERSPAN_TYPE = 0x88be;
const BRIDGED_TYPE = 0x6558;
export const dissectGre: Dissector = (w, at, limit) => {
  const flags = w.u16(at);
  let end = at + 4;
  if ((flags & 0xc000) !== 0) end += 4;
  if ((flags & 0x2000) !== 0) end += 4;
  if ((flags & 0x1000) !== 0) end += 4;
  if ((flags & 0x0080) !== 0) end += 4;
  w.layer(GRE, at, end, limit);
  const type = w.u16(at + 2);
  // ERSPAN without a sequence number has no header of its own: type I.
  w.ether(type === ERSPAN_TYPE && (flags & 0x1000) === 0 ? BRIDGED_TYPE : type, end, limit);
};
