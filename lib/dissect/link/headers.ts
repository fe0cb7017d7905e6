/**
 * Fields of link layers and of what lies between them and IP: Ethernet, VLAN tags, LLC, cooked captures, loopback, PPP,
 * PPPoE, MPLS, ARP.
 */

import { bits, bytes, flag, ip4, list, mac, made, several, u8, u16, u24, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';

/** Values of the length field up to here are lengths (IEEE 802.3 §3.2.6). */
const MOST_LENGTH = 1500;
const isLength = (p: View): boolean => p.u16(12) <= MOST_LENGTH;

const digit = (value: boolean): string => (value ? '1' : '0');

export const ETHERNET = layout('eth', {
  dst: mac(0),
  'dst.lg': flag(0, 0x02),
  'dst.ig': flag(0, 0x01),
  src: mac(6),
  'src.lg': flag(6, 0x02),
  'src.ig': flag(6, 0x01),
  addr: list(0, 2, mac),
  lg: several('boolean', (p) => [(p.u8(0) & 2) !== 0, (p.u8(6) & 2) !== 0], digit),
  ig: several('boolean', (p) => [(p.u8(0) & 1) !== 0, (p.u8(6) & 1) !== 0], digit),
  type: u16(12, 'hex').when((p) => !isLength(p)),
  len: u16(12).when(isLength),
});

export const dissectEthernet: Dissector = (w, at, limit) => {
  const type = w.u16(at + 12);
  w.layer(ETHERNET, at, at + 14, limit);
  if (type > MOST_LENGTH) w.ether(type, at + 14, limit);
  else dissectLlc(w, at + 14, Math.min(limit, at + 14 + type));
};

const JUNIPER = 0x4d4743;
/** What Juniper's routers write before frames of Ethernet: a magic number, flags, extensions. */
export const dissectJuniper: Dissector = (w, at, limit) => {
  const flags = w.u8(at + 3);
  const next = flags & 0x80 ? at + 6 + w.u16(at + 4) : at + 4;
  if (w.u24(at) === JUNIPER && (flags & 2) === 0) dissectEthernet(w, next, limit);
};

export const VLAN = layout('vlan', {
  priority: bits(0, 0xe000, 2),
  dei: flag(0, 0x1000, 2),
  id: bits(0, 0x0fff, 2),
  etype: u16(2, 'hex').when((p) => p.u16(2) > MOST_LENGTH),
  len: u16(2).when((p) => p.u16(2) <= MOST_LENGTH),
});

/** IEEE 802.1ad: the tag of a provider, which Wireshark names otherwise. */
export const SERVICE_VLAN = layout('ieee8021ad', {
  priority: bits(0, 0xe000, 2),
  dei: bits(0, 0x1000, 2),
  id: bits(0, 0x0fff, 2),
});
export const dissectServiceVlan: Dissector = (w, at, limit) => {
  w.layer(SERVICE_VLAN, at, at + 4, limit);
  w.ether(w.u16(at + 2), at + 4, limit);
};

export const dissectVlan: Dissector = (w, at, limit) => {
  w.layer(VLAN, at, at + 4, limit);
  const type = w.u16(at + 2);
  if (type > MOST_LENGTH) w.ether(type, at + 4, limit);
  else dissectLlc(w, at + 4, limit);
};

/** SNAP (IEEE 802 §9.5.1) follows both SAPs 0xaa. */
const isSnap = (p: View): boolean => p.u8(0) === 0xaa && p.u8(1) === 0xaa;
/** Bytes of SAPs and control field: one where it is unnumbered. */
const controlEnd = (control: number): number => ((control & 3) === 3 ? 3 : 4);
const ouiAt = (p: View): number => controlEnd(p.u8(2));
/** Whether it carries something: information, numbered or not (IEEE 802.2 §5.2). */
const carries = (control: number): boolean => (control & 1) === 0 || control === 3;

export const LLC = layout('llc', {
  dsap: u8(0, 'hex'),
  'dsap.ig': flag(0, 1),
  ssap: u8(1, 'hex'),
  'ssap.cr': flag(1, 1),
  control: made('integer', (p) => (controlEnd(p.u8(2)) === 3 ? p.u8(2) : p.u16le(2))).shown(
    (value) => `0x${value.toString(16).padStart(4, '0')}`,
  ),
  oui: u24(ouiAt).when(isSnap),
  type: u16((p) => ouiAt(p) + 3, 'hex').when(
    (p) => isSnap(p) && carries(p.u8(2)) && (p.u24(ouiAt(p)) === 0 || p.u24(ouiAt(p)) === 0xf8),
  ),
});

const OUI_CISCO = 0x00000c;
const OUI_BRIDGED = 0x0080c2;

export const dissectLlc: Dissector = (w, at, limit) => {
  if (w.has(at, 2) && !w.has(at, 3)) w.layer(LLC, at, at + 2, limit);
  const control = w.u8(at + 2);
  const behind = controlEnd(control);
  const snap = w.u8(at) === 0xaa && w.u8(at + 1) === 0xaa;
  const header = behind + (snap ? 5 : 0);
  w.layer(LLC, at, at + header, limit);
  if (!carries(control)) return;
  if (!snap) {
    w.sap(w.u8(at), at + header, limit);
    return;
  }
  const oui = w.u24(at + behind);
  const type = w.u16(at + behind + 3);
  if (oui === 0 || oui === 0xf8) w.ether(type, at + header, limit);
  else if (oui === OUI_CISCO && type === 0x010b) w.sap(0x42, at + header, limit);
  else if (oui === OUI_CISCO) w.ether(CISCO + type, at + header, limit);
  else if (oui === OUI_BRIDGED && (type === 1 || type === 7)) {
    dissectEthernet(w, at + header, limit);
  } else w.give(undefined, at + header, limit);
};

/** Protocols of Cisco's OUI stand in the table of EtherTypes above those. */
export const CISCO = 0x1_0000;

const ARPHRD_IPGRE = 778;
export const SLL = layout('sll', {
  pkttype: u16(0),
  hatype: u16(2),
  halen: u16(4),
  'src.eth': mac(6).when((p) => p.u16(4) === 6),
  'src.ipv4': ip4(6).when((p) => p.u16(4) === 4),
  'src.other': bytes(6, (p) => Math.min(8, p.u16(4))).when((p) => ![0, 4, 6].includes(p.u16(4))),
  unused: bytes(
    (p) => 6 + Math.min(8, p.u16(4)),
    (p) => 8 - Math.min(8, p.u16(4)),
  ),
  // Over GRE the type is named otherwise.
  etype: u16(14, 'hex').when((p) => p.u16(14) > MOST_LENGTH && p.u16(2) !== ARPHRD_IPGRE),
  gretype: u16(14, 'hex').when((p) => p.u16(2) === ARPHRD_IPGRE),
});

export const dissectCooked: Dissector = (w, at, limit) => {
  w.layer(SLL, at, at + 16, limit);
  const type = w.u16(at + 14);
  if (type > MOST_LENGTH) w.ether(type, at + 16, limit);
  else if (type === 4) dissectLlc(w, at + 16, limit);
  else w.give(undefined, at + 16, limit);
};

export const SLL2 = layout('sll', {
  etype: u16(0, 'hex'),
  ifindex: u32(4),
  hatype: u16(8),
  pkttype: u8(10),
  halen: u8(11),
  'src.eth': mac(12).when((p) => p.u8(11) === 6),
  'src.ipv4': ip4(12).when((p) => p.u8(11) === 4),
  unused: bytes(
    (p) => 12 + Math.min(8, p.u8(11)),
    (p) => 8 - Math.min(8, p.u8(11)),
  ),
});

export const dissectCooked2: Dissector = (w, at, limit) => {
  w.layer(SLL2, at, at + 20, limit);
  const type = w.u16(at);
  if (type > MOST_LENGTH) w.ether(type, at + 20, limit);
  else if (type === 4) dissectLlc(w, at + 20, limit);
};

const nullFamily = (p: View): number => (p.u32le(0) > 0xffff ? p.u32(0) : p.u32le(0));
export const NULL = layout('null', { family: made('integer', nullFamily) });

export const dissectNull: Dissector = (w, at, limit) => {
  w.layer(NULL, at, at + 4, limit);
  const little = w.u32le(at);
  const family = little > 0xffff ? w.u32(at) : little;
  if (family === 2) w.ether(0x0800, at + 4, limit);
  else if (family === 24 || family === 28 || family === 30) w.ether(0x86dd, at + 4, limit);
  else w.give(undefined, at + 4, limit);
};

/** No link header: the first nibble tells the version of IP. */
export const dissectRaw: Dissector = (w, at, limit) => {
  const version = w.u8(at) >> 4;
  w.give(undefined, version === 4 || version === 6 ? limit : at, limit);
  if (version === 4) w.ether(0x0800, at, limit);
  else if (version === 6) w.ether(0x86dd, at, limit);
};

/** The protocol field is one byte where its first byte is odd (RFC 1661 §6.5). */
const hasAddress = (p: View): boolean => p.u8(0) === 0xff;
const protocolAt = (p: View): number => (hasAddress(p) ? 2 : 0);
export const PPP = layout('ppp', {
  address: u8(0, 'hex').when(hasAddress),
  control: u8(1, 'hex').when(hasAddress),
  protocol: made('integer', (p) => {
    const at = protocolAt(p);
    return (p.u8(at) & 1) === 1 ? p.u8(at) : p.u16(at);
  }).shown((value) => `0x${value.toString(16).padStart(4, '0')}`),
});

export const dissectPpp: Dissector = (w, at, limit) => {
  const start = w.u8(at) === 0xff ? at + 2 : at;
  if (start >= w.end) w.layer(PPP, at, w.end, limit);
  const short = (w.u8(start) & 1) === 1;
  const end = start + (short ? 1 : 2);
  w.layer(PPP, at, end, limit);
  w.ppp(short ? w.u8(start) : w.u16(start), end, limit);
};

const PPPOE_FIELDS = {
  '.pppoe.version': bits(0, 0xf0),
  '.pppoe.type': bits(0, 0x0f),
  '.pppoe.code': u8(1, 'hex'),
  '.pppoe.session_id': u16(2, 'hex'),
  '.pppoe.payload_length': u16(4),
};
export const PPPOE_SESSION = layout('pppoes', { ...PPPOE_FIELDS });
export const PPPOE_DISCOVERY = layout('pppoed', {
  '.pppoe.version': bits(0, 0xf0),
  '.pppoe.type': bits(0, 0x0f),
  '.pppoe.code': u8(1, 'hex'),
  '.pppoe.session_id': u16(2, 'hex'),
  '.pppoe.payload_length': u16(4),
});

export const dissectPppoeSession: Dissector = (w, at, limit) => {
  w.layer(PPPOE_SESSION, at, at + 6, limit);
  dissectPpp(w, at + 6, Math.min(limit, at + 6 + w.u16(at + 4)));
};

export const dissectPppoeDiscovery: Dissector = (w, at, limit) => {
  w.layer(PPPOE_DISCOVERY, at, Math.min(limit, at + 6 + w.u16(at + 4)), limit);
};

export const MPLS = layout('mpls', {
  label: bits(0, 0xfffff000, 4),
  exp: bits(0, 0xe00, 4),
  bottom: bits(0, 0x100, 4),
  ttl: bits(0, 0xff, 4),
});

export const dissectMpls: Dissector = (w, at, limit) => {
  w.layer(MPLS, at, at + 4, limit);
  if ((w.u32(at) & 0x100) === 0) {
    dissectMpls(w, at + 4, limit);
    return;
  }
  const version = w.u8(at + 4) >> 4;
  if (version === 4) w.ether(0x0800, at + 4, limit);
  else if (version === 6) w.ether(0x86dd, at + 4, limit);
  else w.give(undefined, at + 4, limit);
};

const isEthernetArp = (p: View): boolean => p.u16(0) === 1 && p.u8(4) === 6;
const isIpArp = (p: View): boolean => p.u8(5) === 4 && p.u16(2) === 0x0800;
export const ARP = layout('arp', {
  'hw.type': u16(0),
  'proto.type': u16(2, 'hex'),
  'hw.size': u8(4),
  'proto.size': u8(5),
  opcode: u16(6),
  isgratuitous: made('boolean', (p) =>
    isIpArp(p) && isEthernetArp(p) ? p.u32(14) === p.u32(24) || undefined : undefined,
  ).shown(() => '1'),
  'src.hw_mac': mac(8).when(isEthernetArp),
  'src.proto_ipv4': ip4((p) => 8 + p.u8(4)).when(isIpArp),
  'dst.hw_mac': mac((p) => 8 + p.u8(4) + p.u8(5)).when(isEthernetArp),
  'dst.proto_ipv4': ip4((p) => 8 + 2 * p.u8(4) + p.u8(5)).when(isIpArp),
});

export const dissectArp: Dissector = (w, at, limit) => {
  w.layer(ARP, at, at + 8 + 2 * (w.u8(at + 4) + w.u8(at + 5)), limit);
};

/** IEEE 802.1D-2004 §9.3; times are in 256ths of a second. */
const seconds = (offset: number) => made('number', (p) => p.u16(offset) / 256);
const isTree = (p: View): boolean => p.u8(3) !== 0x80;
export const STP = layout('stp', {
  protocol: u16(0, 'hex'),
  version: u8(2),
  type: u8(3, 'hex'),
  flags: u8(4, 'hex').when(isTree),
  'flags.tcack': flag(4, 0x80).when(isTree),
  'flags.tc': flag(4, 0x01).when(isTree),
  'root.prio': bits(5, 0xf000, 2, 'dec', 0x1000).when(isTree),
  'root.ext': bits(5, 0x0fff, 2).when(isTree),
  'root.hw': mac(7).when(isTree),
  'root.cost': u32(13).when(isTree),
  'bridge.prio': bits(17, 0xf000, 2, 'dec', 0x1000).when(isTree),
  'bridge.ext': bits(17, 0x0fff, 2).when(isTree),
  'bridge.hw': mac(19).when(isTree),
  port: u16(25, 'hex').when(isTree),
  msg_age: seconds(27).when(isTree),
  max_age: seconds(29).when(isTree),
  hello: seconds(31).when(isTree),
  forward: seconds(33).when(isTree),
});
