/**
 * EtherTypes and LLC service access points, by the names that `ether proto` knows.
 *
 * Values: IEEE registry (IEEE 802 Numbers at IANA), libpcap ethertype.h and llc.h. The words that
 * `ether proto` takes are those of pcap-filter(7).
 */

// biome-ignore format: a table
export const ETHERTYPE = {
  IP: 0x0800, ARP: 0x0806, REVARP: 0x8035, IPV6: 0x86dd,
  NS: 0x0600, SPRITE: 0x0500, TRAIL: 0x1000,
  MOPDL: 0x6001, MOPRC: 0x6002, DECNET: 0x6003, LAT: 0x6004, SCA: 0x6007,
  TEB: 0x6558, ATALK: 0x809b, AARP: 0x80f3, IPX: 0x8137,
  VLAN: 0x8100, VLAN_AD: 0x88a8, VLAN_QINQ: 0x9100,
  MPLS: 0x8847, MPLS_MULTICAST: 0x8848, PPPOED: 0x8863, PPPOES: 0x8864,
  SLOW: 0x8809, LLDP: 0x88cc, LOOPBACK: 0x9000,
} as const;

/** Values up to this are lengths, above it types: IEEE 802.3 §3.2.6. */
export const ETHERNET_MTU = 1500;

/** LLC service access points: IEEE 802.2. */
// biome-ignore format: a table
export const SAP = { IP: 0x06, STP: 0x42, SNAP: 0xaa, IPX: 0xe0, NETBEUI: 0xf0, ISO: 0xfe } as const;

/** Names for `ether proto \name`: EtherTypes, and LLC access points below 1500. */
const LINK_PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['aarp', ETHERTYPE.AARP],
  ['arp', ETHERTYPE.ARP],
  ['atalk', ETHERTYPE.ATALK],
  ['decnet', ETHERTYPE.DECNET],
  ['ip', ETHERTYPE.IP],
  ['ip6', ETHERTYPE.IPV6],
  ['lat', ETHERTYPE.LAT],
  ['lldp', ETHERTYPE.LLDP],
  ['loopback', ETHERTYPE.LOOPBACK],
  ['mopdl', ETHERTYPE.MOPDL],
  ['moprc', ETHERTYPE.MOPRC],
  ['rarp', ETHERTYPE.REVARP],
  ['sca', ETHERTYPE.SCA],
  ['slow', ETHERTYPE.SLOW],
  ['iso', SAP.ISO],
  ['stp', SAP.STP],
  ['ipx', SAP.IPX],
  ['netbeui', SAP.NETBEUI],
]);

export const linkProtocolNamed = (name: string): number | undefined => LINK_PROTOCOLS.get(name);
export const linkProtocolNames = (): Iterable<string> => LINK_PROTOCOLS.keys();
