/** Fields of what wraps other link layers and packets: Frame Relay, Cisco HDLC, NFLOG, ERSPAN, NSH, Arista's header. */

import { bits, bytes, flag, list, made, u8, u16, u24, u32 } from '../frame/kinds.js';
import { layout } from '../frame/layout.js';
import type { View } from '../frame/view.js';
import type { Dissector } from '../frame/walk.js';
import { CISCO, dissectEthernet, dissectPpp } from './headers.js';

/** Bytes of a Q.922 address: the last has its lowest bit set. */
const addressSize = (u8At: (offset: number) => number): number => {
  let size = 1;
  while (size < 4 && (u8At(size - 1) & 1) === 0) size++;
  return size;
};
const afterAddress = (p: View): number => addressSize((offset) => p.u8(offset));
const ofSize = (size: number) => (p: View) => afterAddress(p) === size;
/** A control field of an unnumbered frame is one byte, and NLPIDs follow (RFC 2427 §3). */
const hasControl = (p: View): boolean => p.u8(afterAddress(p)) === 3;
export const FRAME_RELAY = layout('fr', {
  dlci: made('integer', (p) =>
    afterAddress(p) === 2
      ? ((p.u8(0) >> 2) << 4) | (p.u8(1) >> 4)
      : afterAddress(p) === 4
        ? ((p.u8(0) >> 2) << 17) | ((p.u8(1) >> 4) << 13) | ((p.u8(2) >> 1) << 6) | (p.u8(3) >> 2)
        : undefined,
  ),
  cr: flag(0, 2),
  fecn: flag(1, 8).when(ofSize(2)),
  becn: flag(1, 4).when(ofSize(2)),
  de: flag(1, 2).when(ofSize(2)),
  control: u8(afterAddress, 'hex').when(hasControl),
  nlpid: u8((p) => afterAddress(p) + (p.u8(afterAddress(p) + 1) === 0 ? 2 : 1), 'hex').when(hasControl),
  chdlctype: u16(afterAddress, 'hex').when((p) => !hasControl(p)),
});

const NLPID_IP4 = 0xcc;
const NLPID_IP6 = 0x8e;
const NLPID_SNAP = 0x80;
export const dissectFrameRelay: Dissector = (w, at, limit) => {
  const address = at + addressSize((offset) => w.u8(at + offset));
  if (w.u8(address) !== 3) {
    w.layer(FRAME_RELAY, at, address + 2, limit);
    w.ether(w.u16(address), address + 2, limit);
    return;
  }
  const nlpid = w.u8(address + 1) === 0 ? address + 2 : address + 1;
  const kind = w.u8(nlpid);
  w.layer(FRAME_RELAY, at, nlpid + 1 + (kind === NLPID_SNAP ? 5 : 0), limit);
  if (kind === NLPID_IP4) w.ether(0x0800, nlpid + 1, limit);
  else if (kind === NLPID_IP6) w.ether(0x86dd, nlpid + 1, limit);
  else if (kind === NLPID_SNAP && w.u24(nlpid + 1) === 0) w.ether(w.u16(nlpid + 4), nlpid + 6, limit);
  else if (kind === NLPID_SNAP && w.u24(nlpid + 1) === 0x0080c2 && (w.u16(nlpid + 4) & 3) !== 0)
    dissectEthernet(w, nlpid + 6, limit);
  else if (kind >= 0x81 && kind <= 0x83) w.sap(0xfe, nlpid, limit);
  else w.give(undefined, nlpid + 1, limit);
};

/** Not reverse ARP here. */
const SLARP = 0x8035;
export const CISCO_HDLC = layout('chdlc', {
  address: u8(0, 'hex'),
  control: u8(1, 'hex'),
  protocol: u16(2, 'hex'),
});
const CDP_TYPE = 0x2000;
const OSI_TYPE = 0xfefe;
export const dissectCiscoHdlc: Dissector = (w, at, limit) => {
  w.layer(CISCO_HDLC, at, at + 4, limit);
  const type = w.u16(at + 2);
  // Packets of OSI have a byte before them.
  if (type === OSI_TYPE) w.sap(0xfe, at + 5, limit);
  else w.ether(type === SLARP ? -1 : type === CDP_TYPE ? CISCO + CDP_TYPE : type, at + 4, limit);
};

const FAMILY_IP4 = 2;
const FAMILY_IP6 = 10;
const PAYLOAD = 9;
/** Linux' netlink log: attributes of a length (in the host's order), a type and a value; one is the packet. */
export const NFLOG = layout('nflog', {
  family: u8(0),
  version: u8(1),
  res_id: u16(2),
});
export const dissectNflog: Dissector = (w, at, limit) => {
  const family = w.u8(at);
  for (let next = at + 4; next + 4 <= limit; ) {
    const size = w.u16le(next);
    if ((w.u16le(next + 2) & 0x7fff) === PAYLOAD) {
      w.layer(NFLOG, at, next + 4, limit);
      const type = family === FAMILY_IP4 ? 0x0800 : family === FAMILY_IP6 ? 0x86dd : -1;
      w.ether(type, next + 4, Math.min(limit, next + size));
      return;
    }
    if (size < 4) break;
    next += (size + 3) & ~3;
  }
  w.layer(NFLOG, at, limit, limit);
};

/** Type II has one word of header (draft-foschiano-erspan §4.2). */
export const ERSPAN = layout('erspan', {
  version: bits(0, 0xf000, 2),
  vlan: bits(0, 0x0fff, 2),
  cos: bits(2, 0xe000, 2),
  truncated: bits(2, 0x0400, 2),
  spanid: bits(2, 0x03ff, 2),
  index: bits(4, 0x000fffff, 4).when((p) => p.u8(0) >> 4 === 1),
  timestamp: u32(4).when((p) => p.u8(0) >> 4 === 2),
  sgt: u16(8).when((p) => p.u8(0) >> 4 === 2),
});
export const dissectErspan: Dissector = (w, at, limit) => {
  const version = w.u8(at) >> 4;
  const subheader = version === 2 && (w.u8(at + 11) & 1) === 1 ? 8 : 0;
  const end = at + (version === 2 ? 12 + subheader : 8);
  w.layer(ERSPAN, at, end, limit);
  dissectEthernet(w, end, limit);
};

const NSH_NEXT: Readonly<Record<number, number>> = { 1: 0x0800, 2: 0x86dd, 3: 0x6558, 4: 0x894f, 5: 0x8847 };
/** RFC 8300 §2. */
export const NSH = layout('nsh', {
  version: bits(0, 0xc000, 2),
  ttl: bits(0, 0x0fc0, 2, 'hex'),
  length: bits(0, 0x003f, 2),
  mdtype: bits(2, 0x0f),
  nextproto: u8(3),
  spi: u24(4),
  si: u8(7),
  contextheader: list(8, 4, (place) => bytes(place, 4)).when((p) => (p.u8(2) & 15) === 1),
});
export const dissectNsh: Dissector = (w, at, limit) => {
  const end = at + (w.u8(at + 1) & 0x3f) * 4;
  w.layer(NSH, at, end, limit);
  w.ether(NSH_NEXT[w.u8(at + 3)] ?? -1, end, limit);
};

/** Arista's header with a time, of 48 or of 64 bits, before the EtherType. */
export const ARISTA = layout('avsp', { sub_type: u16(0) });
export const dissectArista: Dissector = (w, at, limit) => {
  const size = w.u8(at + 3) >> 4 === 1 ? 12 : 10;
  w.layer(ARISTA, at, at + size, limit);
  if (w.u16(at) === 1) w.ether(w.u16(at + size), at + size + 2, limit);
};

/** Solaris' ipnet(4D): what goes over interfaces, with zones. */
export const IPNET = layout('ipnet', {
  version: u8(0),
  family: u8(1),
  htype: u16(2),
  pktlen: u32(4),
  ifindex: u32(8),
  grifindex: u32(12),
  zsrc: u32(16),
  zdst: u32(20),
});
const IPNET_HEADER = 24;
export const dissectIpnet: Dissector = (w, at, limit) => {
  w.layer(IPNET, at, at + IPNET_HEADER, limit);
  const version = w.u8(at + IPNET_HEADER) >> 4;
  w.ether(version === 4 ? 0x0800 : version === 6 ? 0x86dd : -1, at + IPNET_HEADER, limit);
};

/** Cisco's metadata: a security tag between Ethernet and what it carries. */
export const CISCO_METADATA = layout('cmd', {
  type: u16(0, 'hex'),
  version: u8(2),
  length: u8(3),
  options: u16(4, 'hex'),
  sgt: u16(6),
});
export const dissectCiscoMetadata: Dissector = (w, at, limit) => {
  w.layer(CISCO_METADATA, at, at + 8, limit);
  w.ether(w.u16(at), at + 8, limit);
};

/** On links its first byte tells it from Cisco's HDLC. */
export const dissectPppLink: Dissector = (w, at, limit) => {
  const first = w.u8(at);
  (first === 0x0f || first === 0x8f ? dissectCiscoHdlc : dissectPpp)(w, at, limit);
};
