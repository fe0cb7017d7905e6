/**
 * Who reads the fields of what a number announces: one row a protocol. The printers' tables stand beside this one; a
 * protocol with a layout of its own has a row in both.
 */

import { BABEL } from '../application/babel.js';
import { BFD } from '../application/bfd.js';
import { BGP, dissectBgp } from '../application/bgp.js';
import { DNS, dissectDns, dissectDnsOverTcp } from '../application/dnsFields.js';
import {
  DHCP,
  dissectDhcp,
  dissectHttp,
  dissectNtp,
  dissectTls,
  HTTP,
  looksLikeTls,
  NTP,
  TLS,
} from '../application/fields.js';
import { HSRP } from '../application/hsrp.js';
import { ISAKMP } from '../application/isakmp.js';
import { L2TP } from '../application/l2tp.js';
import { LDP } from '../application/ldp.js';
import { LISP } from '../application/lisp.js';
import { LSP_PING } from '../application/lspPing.js';
import { RPC } from '../application/nfs.js';
import { OLSR } from '../application/olsr.js';
import { OPENFLOW } from '../application/openFlow.js';
import { PPTP } from '../application/pptp.js';
import { PTP } from '../application/ptp.js';
import { RADIUS } from '../application/radius.js';
import { RIP, RIPNG } from '../application/rip.js';
import { dissectSflow, SFLOW } from '../application/sflow.js';
import { SNMP } from '../application/snmp.js';
import { SOME_IP } from '../application/someIp.js';
import { TFTP } from '../application/tftp.js';
import { FRAME } from '../frame/frameFields.js';
import { bytes, made } from '../frame/kinds.js';
import { type Layout, layout } from '../frame/layout.js';
import { type Dissector, leaf, type Next } from '../frame/walk.js';
import { AOE } from '../link/aoe.js';
import { CDP } from '../link/cdp.js';
import { DTP, UDLD, VTP } from '../link/ciscoLinks.js';
import { EAPOL } from '../link/eapol.js';
import {
  ARISTA,
  CISCO_HDLC,
  CISCO_METADATA,
  dissectArista,
  dissectCiscoHdlc,
  dissectCiscoMetadata,
  dissectErspan,
  dissectFrameRelay,
  dissectIpnet,
  dissectNflog,
  dissectNsh,
  dissectPppLink,
  ERSPAN,
  FRAME_RELAY,
  IPNET,
  NFLOG,
  NSH,
} from '../link/encapsulations.js';
import {
  ARP,
  CISCO,
  dissectArp,
  dissectCooked,
  dissectCooked2,
  dissectEthernet,
  dissectJuniper,
  dissectLlc,
  dissectMpls,
  dissectNull,
  dissectPpp,
  dissectPppoeDiscovery,
  dissectPppoeSession,
  dissectRaw,
  dissectServiceVlan,
  dissectVlan,
  ETHERNET,
  LLC,
  MPLS,
  NULL,
  PPP,
  PPPOE_DISCOVERY,
  PPPOE_SESSION,
  SERVICE_VLAN,
  SLL,
  SLL2,
  STP,
  VLAN,
} from '../link/headers.js';
import { LLDP } from '../link/lldp.js';
import { dissectMacsec, MACSEC } from '../link/macsec.js';
import { dissectRadiotap, RADIOTAP } from '../link/radiotap.js';
import { SLOW } from '../link/slow.js';
import { VSOCK } from '../link/vsock.js';
import { dissectWlan, WLAN } from '../link/wlan.js';
import { WPAN } from '../link/wpan.js';
import { CLNP, dissectOsi, ESIS } from '../network/clnp.js';
import { DECNET } from '../network/decnet.js';
import { EIGRP } from '../network/eigrp.js';
import {
  AH,
  DESTINATION_OPTIONS,
  dissectAh,
  dissectEsp,
  dissectGre,
  dissectIcmp,
  dissectIcmp6,
  dissectIp4,
  dissectIp6,
  ESP,
  FRAGMENT,
  GRE,
  HOP_BY_HOP,
  ICMP,
  ICMP6,
  IGMP,
  IP4,
  IP6,
  OTHER_IP,
  ROUTING,
} from '../network/headers.js';
import { IPX } from '../network/ipx.js';
import { ISIS } from '../network/isis.js';
import { MOBILITY } from '../network/mobility.js';
import { OSPF } from '../network/ospf.js';
import { dissectPim, PIM } from '../network/pim.js';
import { RSVP } from '../network/rsvp.js';
import { VRRP } from '../network/vrrp.js';
import { DCCP } from '../transport/dccp.js';
import {
  dissectGeneve,
  dissectSctp,
  dissectTcp,
  dissectUdp,
  dissectUdpLite,
  dissectVxlan,
  dissectVxlanGpe,
  GENEVE,
  SCTP,
  TCP,
  UDP,
  UDP_LITE,
  VXLAN,
  VXLAN_GPE,
} from '../transport/headers.js';
import { PGM } from '../transport/pgm.js';

/** What nobody knows: the bytes as they are. */
const DATA = layout('data', {
  data: bytes(0, (p) => p.size),
  '.data.len': made('integer', (p) => p.size),
});

/** Every layout that a header can have, `frame` first. The type is what `decode()` gives. */
export const LAYOUTS = [
  FRAME,
  ETHERNET,
  VLAN,
  SERVICE_VLAN,
  LLC,
  STP,
  SLL,
  SLL2,
  NULL,
  PPP,
  PPPOE_SESSION,
  PPPOE_DISCOVERY,
  FRAME_RELAY,
  CISCO_HDLC,
  NFLOG,
  ERSPAN,
  NSH,
  ARISTA,
  RADIOTAP,
  WLAN,
  MPLS,
  ARP,
  IP4,
  OTHER_IP,
  IP6,
  HOP_BY_HOP,
  DESTINATION_OPTIONS,
  ROUTING,
  FRAGMENT,
  AH,
  ESP,
  VRRP,
  ICMP,
  ICMP6,
  IGMP,
  GRE,
  TCP,
  UDP,
  UDP_LITE,
  SCTP,
  VXLAN,
  VXLAN_GPE,
  GENEVE,
  DNS,
  DHCP,
  NTP,
  TLS,
  HTTP,
  HSRP,
  AOE,
  PIM,
  BFD,
  TFTP,
  EIGRP,
  OSPF,
  BABEL,
  IPNET,
  CISCO_METADATA,
  EAPOL,
  BGP,
  ISAKMP,
  RADIUS,
  SFLOW,
  VSOCK,
  LLDP,
  CDP,
  DTP,
  UDLD,
  VTP,
  CLNP,
  ESIS,
  ISIS,
  MACSEC,
  RSVP,
  RPC,
  SNMP,
  PPTP,
  L2TP,
  LDP,
  LSP_PING,
  PTP,
  RIP,
  RIPNG,
  SLOW,
  MOBILITY,
  SOME_IP,
  DCCP,
  IPX,
  DECNET,
  WPAN,
  PGM,
  OPENFLOW,
  LISP,
  OLSR,
  DATA,
] as const satisfies readonly Layout[];

/** The last is the layout of a protocol that carries nothing else: where nobody wants its fields it is not looked at. */
type Row = readonly [numbers: readonly number[], dissector: Dissector, only?: Layout];
type Rows = readonly Row[];

const LINKS: Rows = [
  [[0, 108], dissectNull],
  [[1], dissectEthernet],
  [[100], dissectLlc],
  [[178], dissectJuniper],
  [[9, 50], dissectPppLink],
  [[12, 14, 101, 228, 229], dissectRaw],
  [[104], dissectCiscoHdlc],
  [[105], dissectWlan],
  [[107], dissectFrameRelay],
  [[127], dissectRadiotap],
  [[226], dissectIpnet],
  [[239], dissectNflog],
  [[113], dissectCooked],
  [[276], dissectCooked2],
  [[271], leaf(VSOCK)],
];

/** From 0x10000 on: protocols of Cisco's OUI. */
const ETHER_TYPES: Rows = [
  [[0x8137], leaf(IPX), IPX],
  [[0x6003], leaf(DECNET), DECNET],
  [[0x8809], leaf(SLOW), SLOW],
  [[0x88f7], leaf(PTP), PTP],
  [[CISCO + 0x2000], leaf(CDP), CDP],
  [[CISCO + 0x2003], leaf(VTP), VTP],
  [[CISCO + 0x2004], leaf(DTP), DTP],
  [[CISCO + 0x0111], leaf(UDLD), UDLD],
  [[0x888e], leaf(EAPOL), EAPOL],
  [[0x88a2], leaf(AOE), AOE],
  [[0x88e5], dissectMacsec],
  [[0x88cc], leaf(LLDP), LLDP],
  [[0x0800], dissectIp4],
  [[0x86dd], dissectIp6],
  [[0x0806, 0x8035], dissectArp],
  [[0x8100, 0x9100, 0x9200], dissectVlan],
  [[0x88a8], dissectServiceVlan],
  [[0x88be, 0x22eb], dissectErspan],
  [[0x8909], dissectCiscoMetadata],
  [[0x894f], dissectNsh],
  [[0xd28b], dissectArista],
  [[0x8847, 0x8848], dissectMpls],
  [[0x8863], dissectPppoeDiscovery],
  [[0x8864], dissectPppoeSession],
  [[0x880b], dissectPpp],
  [[0x6558], dissectEthernet],
];

const IP_PROTOCOLS: Rows = [
  [[33], leaf(DCCP), DCCP],
  [[62, 135], leaf(MOBILITY), MOBILITY],
  [[46], leaf(RSVP), RSVP],
  [[88], leaf(EIGRP), EIGRP],
  [[89], leaf(OSPF), OSPF],
  [[103], dissectPim],
  [[1], dissectIcmp],
  [[2], leaf(IGMP)],
  [[4], dissectIp4],
  [[6], dissectTcp],
  [[17], dissectUdp],
  [[41], dissectIp6],
  [[47], dissectGre],
  [[50], dissectEsp],
  [[51], dissectAh],
  [[58], dissectIcmp6],
  [[112], leaf(VRRP)],
  [[113], leaf(PGM), PGM],
  [[132], dissectSctp],
  [[136], dissectUdpLite],
  [[137], dissectMpls],
  [[143], dissectEthernet],
];

const PPP_PROTOCOLS: Rows = [
  [[0x21], dissectIp4],
  [[0x57], dissectIp6],
  [[0x281, 0x283], dissectMpls],
];

const SAPS: Rows = [
  [[0xe0], leaf(IPX), IPX],
  [[0x42], leaf(STP)],
  [[0x06], dissectIp4],
  [[0xfe], dissectOsi],
];

/** Behind four zero bytes IKE, else ESP; one byte keeps a translation alive (RFC 3948). */
const dissectUdpEncapsulated: Dissector = (w, at, limit) => {
  if (limit - at < 4) w.give(undefined, at, limit);
  else if (w.u32(at) === 0) w.layer(ISAKMP, at + 4, limit, limit);
  else dissectEsp(w, at, limit);
};

const UDP_PORTS: Rows = [
  [[4500], dissectUdpEncapsulated],
  [[30490], leaf(SOME_IP), SOME_IP],
  [[319, 320], leaf(PTP), PTP],
  [[520], leaf(RIP), RIP],
  [[521], leaf(RIPNG), RIPNG],
  [[3503], leaf(LSP_PING), LSP_PING],
  [[646], leaf(LDP), LDP],
  [[1701], leaf(L2TP), L2TP],
  [[161, 162], leaf(SNMP), SNMP],
  [[2049], leaf(RPC), RPC],
  [[500], leaf(ISAKMP), ISAKMP],
  [[1812, 1813, 1645, 1646, 1700, 3799], leaf(RADIUS), RADIUS],
  [[6343], dissectSflow, SFLOW],
  [[6696, 6697], leaf(BABEL), BABEL],
  [[69], leaf(TFTP), TFTP],
  [[3784, 4784, 6784, 7784], leaf(BFD), BFD],
  // Those that advertise are otherwise behind their opcode.
  [[1985], (w, at, limit) => w.layer(HSRP, at, w.u8(at + 1) === 3 ? at + 2 : limit, limit), HSRP],
  [[53, 5353, 5355], dissectDns, DNS],
  [[67, 68], dissectDhcp, DHCP],
  [[123], dissectNtp, NTP],
  [[698], leaf(OLSR), OLSR],
  [[4342], leaf(LISP), LISP],
  [[1900], dissectHttp, HTTP],
  [[4789], dissectVxlan],
  [[4790], dissectVxlanGpe],
  [[6081], dissectGeneve],
];

const TCP_PORTS: Rows = [
  [[646], leaf(LDP), LDP],
  [[1723], leaf(PPTP), PPTP],
  [[6633, 6653], leaf(OPENFLOW), OPENFLOW],
  [[2049], (w, at, limit) => w.layer(RPC, at + 4, limit, limit), RPC],
  [[179], dissectBgp, BGP],
  [[53], dissectDnsOverTcp, DNS],
  [[80, 8080, 3128, 8008], dissectHttp, HTTP],
  [[443], dissectTls, TLS],
];

const dissectData = leaf(DATA);

/** TCP ports carry anything; records of TLS are known by their heads. */
const guessTcp: Dissector = (w, at, limit) => {
  if (looksLikeTls(w.data, at, w.end)) w.layer(TLS, at, limit, limit);
  else dissectData(w, at, limit);
};

/** Whether the fields of a layout are asked for. */
export type Wanted = (layout: Layout) => boolean;

const isWanted = (only: Layout | undefined, wanted: Wanted): boolean => only === undefined || wanted(only);

function lookup(rows: Rows): (number: number) => Dissector | undefined {
  const map = new Map(rows.flatMap(([numbers, dissector]) => numbers.map((number) => [number, dissector])));
  return (number) => map.get(number);
}

/** The lower port is asked first, as Wireshark does. */
function portLookup(rows: Rows, wanted: Wanted, otherwise?: Dissector) {
  const dissectors: (Dissector | undefined)[] = [otherwise];
  /** Of each port: its place in `dissectors`. */
  const places = new Uint8Array(0x1_0000);
  for (const [numbers, dissector, only] of rows) {
    if (!isWanted(only, wanted)) continue;
    for (const number of numbers) places[number] = dissectors.length;
    dissectors.push(dissector);
  }
  return (source: number, destination: number): Dissector | undefined => {
    const low = source < destination ? source : destination;
    return dissectors[places[low]! || places[source + destination - low]!];
  };
}

/**
 * Fills the table of tables.
 *
 * @param wanted - Which layouts' fields are asked for; without it, all.
 */
export function createNext(wanted: Wanted = () => true): Next {
  const ether = lookup(ETHER_TYPES);
  const ip = lookup(IP_PROTOCOLS);
  return {
    link: lookup(LINKS),
    ether: (type) => (type === 0x0800 ? dissectIp4 : ether(type)),
    ip: (protocol) => (protocol === 6 ? dissectTcp : ip(protocol)),
    ppp: lookup(PPP_PROTOCOLS),
    sap: lookup(SAPS),
    udp: portLookup(UDP_PORTS, wanted),
    tcp: portLookup(TCP_PORTS, wanted, wanted(TLS) ? guessTcp : undefined),
    sctp: () => undefined,
    data: wanted(DATA) ? dissectData : () => {},
  };
}
