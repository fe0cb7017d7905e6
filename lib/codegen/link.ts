/**
 * Link types as data: one row each, with everything code generation has to know about it.
 *
 * Offsets are bytes. A row without an offset has no such field at a fixed place; arithmetic on it then
 * starts from {@link UNSET} and wraps, as in libpcap, so that the load never succeeds. Sources: libpcap
 * gencode.c (`init_linktype`, `gen_linktype` and the switches over link types), pcap-linktype(7).
 *
 * To add a link type: add a row to names/linkTypes.ts and one here. A type without a row is accepted
 * when its number is registered (104 to 304): `link[n:m]`, `len`, `less`, `greater` and `byte` work.
 */

/** Stands for an offset that is not known. */
export const UNSET = 0xffff_ffff;

/** How the protocol of the payload is recognised; see linkTest.ts. */
export type LinkTest =
  | 'none' // libpcap has no test for it either, and says so
  | 'ethernet' // EtherType, or an IEEE 802.3 length and LLC
  | 'ethertype' // a plain 16-bit EtherType
  | 'sll' // Linux cooked v1: EtherType with values of its own for 802.2 and 802.3
  | 'hdlc' // Cisco HDLC: EtherType, OSI doubled
  | 'llc' // LLC and SNAP
  | 'wlan' // an 802.11 data frame, then LLC and SNAP
  | 'sunatm' // an LLC cell, then LLC and SNAP
  | 'ppp' // PPP protocol number
  | 'ppp-bsdos' // the same, with Van Jacobson's forms of IPv4
  | 'version' // version nibble of the IP header
  | 'ipv4' // nothing but IPv4
  | 'ipv6' // nothing but IPv6
  | 'appletalk' // nothing but AppleTalk
  | 'family' // address family, 32 bits, big-endian
  | 'host-family' // the same in the byte order of the capturing host
  | 'pflog' // address family, 8 bits
  | 'ipnet' // address family of Solaris, 8 bits
  | 'arcnet' // ARCnet system code
  | 'frame-relay' // control byte and NLPID
  | 'juniper'; // Juniper's magic number only: the protocol is not looked at

/** How a header's length is found when the packet says it; see prologue.ts. */
export type RadioHeader = 'prism' | 'avs' | 'radiotap' | 'ppi';

/** A value, or a value and the mask it is compared under. */
export type FieldValue = number | { readonly value: number; readonly mask: number };

export interface LinkRow {
  /** Where the link-layer header starts. */
  readonly header?: number;
  /** The radio header before it, whose length varies. */
  readonly radio?: RadioHeader;
  /** Link-type field. */
  readonly type?: number | undefined;
  /** Payload; `wlan` and `pflog` payloads start where the packet says. */
  readonly payload?: number | 'wlan' | 'pflog' | undefined;
  /** Network header, from the payload: with SNAP in between where LLC is used. */
  readonly network?: number | undefined;
  /** The same without SNAP. */
  readonly noSnap?: number | undefined;
  readonly test: LinkTest;
  /** 48-bit addresses, from the link-layer header; `wlan`: depends on the frame. */
  readonly mac48?: { readonly source: number; readonly destination: number } | 'wlan';
  /** 8-bit addresses; `broadcast` and `multicast` are destinations. */
  readonly mac8?: {
    readonly source: number;
    readonly destination: number;
    readonly broadcast: number;
    readonly multicast?: number;
  };
  /** Recognising LLC frames: by length, by frame type, or always. */
  readonly llc?: 'length' | 'wlan' | 'sunatm' | 'always';
  /** VLAN tags stand before the link-type field; `metadata`: the kernel may have taken the first. */
  readonly vlan?: 'packet' | 'metadata';
  /** The value of the link-type field before MPLS labels is of this kind. */
  readonly mpls?: 'ethertype' | 'ppp';
  /** `radio[n]` reads the radio header. */
  readonly radioFields?: boolean;
  /** A field that tells the direction: values, under masks perhaps. `not`: all that is not outbound. */
  readonly direction?: {
    readonly offset: number;
    readonly size: 1 | 2;
    readonly inbound: FieldValue | 'not';
    readonly outbound: FieldValue;
  };
  /** Signalling System 7: offsets within the packet. */
  readonly ss7?: {
    readonly length: number;
    readonly lengthHsl: number;
    readonly sio: number;
    readonly routing: number;
    readonly sls: number;
  };
  /** Bytes from the network header to the IS-IS PDU type, less one: Cisco stuffs a byte. */
  readonly isoPadding?: number;
}

const ETHERNET: LinkRow = {
  type: 12,
  payload: 14,
  network: 0,
  noSnap: 3,
  test: 'ethernet',
  mac48: { source: 6, destination: 0 },
  vlan: 'packet',
  mpls: 'ethertype',
};
const DSA: LinkRow = { ...ETHERNET, type: 16, payload: 18, llc: 'length' };
const WLAN: LinkRow = {
  type: 24,
  payload: 'wlan',
  network: 8,
  noSnap: 3,
  test: 'wlan',
  mac48: 'wlan',
  llc: 'wlan',
  vlan: 'packet',
};
const { vlan: _, ...WLAN_WITHOUT_VLAN } = WLAN;
const plain = (test: LinkTest, type: number, payload: number): LinkRow => ({
  type,
  payload,
  network: 0,
  noSnap: 0,
  test,
});
const untyped = (test: LinkTest, payload: number): LinkRow => ({ payload, network: 0, noSnap: 0, test });
const llc = (type: number): LinkRow => ({ type, payload: type, network: 8, noSnap: 3, test: 'llc' });
const ARCNET: LinkRow = {
  ...plain('arcnet', 2, 6),
  // RFC 1201 §2.1: source before destination, 0 is broadcast.
  mac8: { source: 0, destination: 1, broadcast: 0, multicast: 0 },
};
const juniper = (type: number, payload?: number, network?: number, noSnap?: number): LinkRow => ({
  type,
  payload,
  network,
  noSnap,
  test: 'juniper',
  // The lowest bit of the byte behind the magic number.
  direction: { offset: 3, size: 1, inbound: { value: 1, mask: 1 }, outbound: { value: 0, mask: 1 } },
});
/** SS7 message signal units: Q.703 and Q.704, with `start` bytes before the first sequence number. */
const ss7 = (start: number): LinkRow => ({
  test: 'none',
  ss7: { length: start + 2, lengthHsl: start + 4, sio: start + 3, routing: start + 4, sls: start + 7 },
});
const OUTGOING = 4; // PACKET_OUTGOING, Linux if_packet.h

// biome-ignore format: a table
const ROWS: Readonly<Record<string, LinkRow>> = {
  EN10MB: { ...ETHERNET, vlan: 'metadata', llc: 'length' },
  NETANALYZER: { ...ETHERNET, header: 4, type: 16, payload: 18 },
  NETANALYZER_TRANSPARENT: { ...ETHERNET, header: 12, type: 24, payload: 26 },
  // Broadcom: opcode in the upper three bits, 0 to the CPU, 1 from it. Marvell: mode in the upper two bits,
  // 0 to the CPU, 1 from it, 2 a mirrored frame, 3 forwarded.
  DSA_TAG_BRCM: {
    ...DSA,
    direction: { offset: 12, size: 1, inbound: { value: 0, mask: 0xe0 }, outbound: { value: 0x20, mask: 0xe0 } },
  },
  DSA_TAG_DSA: {
    ...DSA,
    direction: { offset: 12, size: 1, inbound: { value: 0, mask: 0x40 }, outbound: { value: 0x40, mask: 0xc0 } },
  },

  LINUX_SLL: { ...plain('sll', 14, 16), direction: { offset: 0, size: 2, inbound: 'not', outbound: OUTGOING } },
  LINUX_SLL2: { ...plain('ethertype', 0, 20), direction: { offset: 10, size: 1, inbound: 'not', outbound: OUTGOING } },
  APPLE_IP_OVER_IEEE1394: plain('ethertype', 16, 18),
  SYMANTEC_FIREWALL: plain('ethertype', 6, 44),

  RAW: untyped('version', 0),
  IPV4: untyped('ipv4', 0),
  IPV6: untyped('ipv6', 0),
  SLIP: { ...untyped('version', 16), direction: { offset: 0, size: 1, inbound: 0, outbound: 1 } },
  SLIP_BSDOS: untyped('version', 24),
  LTALK: untyped('appletalk', 0),

  NULL: plain('host-family', 0, 4),
  LOOP: plain('family', 0, 4),
  ENC: plain('host-family', 0, 12),
  PFLOG: {
    type: 0, payload: 'pflog', network: 0, noSnap: 0, test: 'pflog',
    direction: { offset: 60, size: 1, inbound: 1, outbound: 2 },
  },
  IPNET: {
    type: 1, payload: 24, network: 0, test: 'ipnet',
    direction: { offset: 2, size: 2, inbound: 2, outbound: 1 },
  },

  PPP: { ...plain('ppp', 2, 4), mpls: 'ppp' },
  PPP_SERIAL: plain('ppp', 2, 4),
  PPP_PPPD: { ...plain('ppp', 2, 4), direction: { offset: 0, size: 1, inbound: 0, outbound: 1 } },
  PPP_ETHER: plain('ppp', 6, 8),
  PPP_BSDOS: plain('ppp-bsdos', 5, 24),
  C_HDLC: { ...plain('hdlc', 2, 4), mpls: 'ethertype', isoPadding: 1 },
  FRELAY: untyped('frame-relay', 0),
  MFR: { payload: 0, network: 4, noSnap: 0, test: 'none' },

  FDDI: { ...llc(13), mac48: { source: 7, destination: 1 }, llc: 'always' },
  IEEE802: { ...llc(14), mac48: { source: 8, destination: 2 }, llc: 'always' },
  IP_OVER_FC: { ...llc(16), mac48: { source: 10, destination: 2 } },
  ATM_RFC1483: { ...llc(0), llc: 'always' },
  ATM_CLIP: llc(0),
  SUNATM: { ...llc(4), test: 'sunatm', llc: 'sunatm' },

  IEEE802_11: WLAN,
  PRISM_HEADER: { ...WLAN, radio: 'prism', radioFields: true },
  IEEE802_11_RADIO_AVS: { ...WLAN, radio: 'avs', radioFields: true },
  IEEE802_11_RADIO: { ...WLAN, radio: 'radiotap', radioFields: true },
  PPI: { ...WLAN_WITHOUT_VLAN, radio: 'ppi' },

  ARCNET,
  ARCNET_LINUX: { ...ARCNET, type: 4, payload: 8 },
  // MS/TP has short addresses like ARCnet, destination first like Ethernet; 0xff is broadcast.
  BACNET_MS_TP: { test: 'none', mac8: { source: 4, destination: 3, broadcast: 0xff } },

  JUNIPER_MFR: juniper(4, 4, 0),
  JUNIPER_MLFR: juniper(4, 4, 0),
  JUNIPER_MLPPP: juniper(4, 4, 0),
  JUNIPER_PPP: juniper(4, 4, 0),
  JUNIPER_CHDLC: juniper(4, 4, 0),
  JUNIPER_FRELAY: juniper(4, 4, 0),
  JUNIPER_ATM1: juniper(4, 4, 0, 10),
  JUNIPER_ATM2: juniper(8, 8, 0, 10),
  JUNIPER_PPPOE: juniper(16, 14, 18, 21),
  JUNIPER_ETHER: juniper(16, 14, 18, 21),
  JUNIPER_PPPOE_ATM: juniper(4, 6, 0),
  JUNIPER_GGSN: juniper(6, 12, 0),
  JUNIPER_MONITOR: juniper(12, 12, 0),
  JUNIPER_ES: juniper(6),
  JUNIPER_SERVICES: juniper(12),
  JUNIPER_VP: juniper(18),
  JUNIPER_ST: juniper(18),
  JUNIPER_ISM: juniper(8),
  JUNIPER_VS: juniper(8),
  JUNIPER_SRX_E2E: juniper(8),
  JUNIPER_FIBRECHANNEL: juniper(8),
  JUNIPER_ATM_CEMIC: juniper(8),

  MTP2: ss7(0),
  MTP2_WITH_PHDR: ss7(4),
  ERF: ss7(20),
  PFSYNC: { payload: 4, network: 0, noSnap: 0, test: 'none' },
};

/** Types that are known, though nothing about their payload is. */
const BARE: LinkRow = { test: 'none' };
const OLD_BARE_TYPES = new Set(['EN3MB', 'AX25', 'PRONET', 'CHAOS', 'REDBACK_SMARTEDGE']);
/** Registered numbers that are the same everywhere: DLT_HIGH_MATCHING_MIN to _MAX in pcap/dlt.h. */
const MATCHING = { first: 104, last: 304 };

/** The row of a DLT_ number, `undefined` for a number libpcap does not compile for. */
export function linkRow(dlt: number, name: string | undefined): LinkRow | undefined {
  const row = name === undefined ? undefined : ROWS[name];
  if (row !== undefined) return row;
  const known =
    (dlt >= MATCHING.first && dlt <= MATCHING.last) || (name !== undefined && OLD_BARE_TYPES.has(name));
  return known ? BARE : undefined;
}

/** Ethernet and PPP as they appear inside other headers, where only their field layout matters. */
export const INNER_ETHERNET: LinkRow = ROWS.EN10MB!;
export const INNER_PPP: LinkRow = ROWS.PPP!;
export const INNER_RAW: LinkRow = ROWS.RAW!;
