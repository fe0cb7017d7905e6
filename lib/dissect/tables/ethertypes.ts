/**
 * EtherTypes as tcpdump names them, and who prints what they announce: one row a type.
 */

import { ETHERTYPE } from '../../names/index.js';
import { printPtp } from '../application/ptp.js';
import type { Dissection, EtherPrinter } from '../frame/dissection.js';
import { printAarp } from '../link/aarp.js';
import { printAoe } from '../link/aoe.js';
import { printArp } from '../link/arp.js';
import { printCfm } from '../link/cfm.js';
import { printEapol } from '../link/eapol.js';
import { printLldp } from '../link/lldp.js';
import { printLoopbackTest } from '../link/loopback.js';
import { printMpcp } from '../link/mpcp.js';
import { printPpp, printPppoe } from '../link/ppp.js';
import { printSlow } from '../link/slow.js';
import { printRealtek } from '../link/switchTags.js';
import { printCalmFast, printGeoNetworking } from '../link/vehicles.js';
import { printAppleTalkType } from '../network/appleTalk.js';
import { printOsi } from '../network/clnp.js';
import { printDecnet } from '../network/decnet.js';
import { printIp4 } from '../network/ip4.js';
import { printIp6 } from '../network/ip6.js';
import { printIpx } from '../network/ipx.js';
import { printNsh } from '../network/nsh.js';
import { printTipc } from '../network/tipc.js';
import { printMpls } from '../network/tunnels.js';

export const ETHERTYPE_PPP = 0x880b;
export const ETHERTYPE_JUMBO = 0x8870;
export const ETHERTYPE_ARISTA = 0xd28b;

/** A name of '' is none. */
type EtherTypeRow = readonly [type: number, name: string, print?: EtherPrinter];

// biome-ignore format: a table
const ROWS: readonly EtherTypeRow[] = [
  [ETHERTYPE.IP, 'IPv4', printIp4],
  [ETHERTYPE.MPLS, 'MPLS unicast', printMpls],
  [ETHERTYPE.MPLS_MULTICAST, 'MPLS multicast', printMpls],
  [ETHERTYPE.IPV6, 'IPv6', printIp6],
  [ETHERTYPE.VLAN, '802.1Q'],
  [ETHERTYPE.VLAN_QINQ, '802.1Q-9100'],
  [ETHERTYPE.VLAN_AD, '802.1Q-QinQ'],
  [0x9200, '802.1Q-9200'],
  [0x88e5, '802.1AE MACsec'],
  [0x0200, 'PUP'],
  [ETHERTYPE.ARP, 'ARP', printArp],
  [ETHERTYPE.REVARP, 'Reverse ARP', printArp],
  [ETHERTYPE.NS, 'NS'],
  [ETHERTYPE.SPRITE, 'Sprite'],
  [ETHERTYPE.TRAIL, 'Trail'],
  [ETHERTYPE.MOPDL, 'MOP DL'],
  [ETHERTYPE.MOPRC, 'MOP RC'],
  [ETHERTYPE.DECNET, 'DN', printDecnet],
  [ETHERTYPE.LAT, 'LAT'],
  [ETHERTYPE.SCA, 'SCA'],
  [ETHERTYPE.TEB, 'TEB'],
  [0x8038, 'Lanbridge'],
  [0x803c, 'DEC DNS'],
  [0x803e, 'DEC DTS'],
  [0x805b, 'VEXP'],
  [0x805c, 'VPROD'],
  [ETHERTYPE.ATALK, 'Appletalk', printAppleTalkType],
  [ETHERTYPE.AARP, 'Appletalk ARP', printAarp],
  [ETHERTYPE.IPX, 'IPX', printIpxType],
  [ETHERTYPE_PPP, 'PPP', printPppType],
  [0x8808, 'MPCP', printMpcp],
  [ETHERTYPE.SLOW, 'Slow Protocols', printSlow],
  [ETHERTYPE.PPPOED, 'PPPoE D', printPppoe],
  [ETHERTYPE.PPPOES, 'PPPoE S', printPppoe],
  [0x3c12, '', printPppoe],
  [0x3c13, '', printPppoe],
  [0x888e, 'EAPOL', printEapol],
  [0x8899, 'Realtek protocols', printRealtek],
  [0x886f, 'MS NLB heartbeat', printLoadBalancing],
  [ETHERTYPE_JUMBO, 'Jumbo'],
  [0x894f, 'NSH', printNsh],
  [ETHERTYPE.LOOPBACK, 'Loopback', printLoopbackTest],
  [0xfefe, 'OSI', printOsiType],
  [0x00fe, 'GRE-OSI'],
  [0xabcd, 'CFM (old)', printCfm],
  [0x8902, 'CFM', printCfm],
  [0x893a, 'IEEE1905.1'],
  [ETHERTYPE.LLDP, 'LLDP', printLldp],
  [0x88ca, 'TIPC', printTipc],
  [0x0707, 'GeoNet (old)', printGeoNetworking],
  [0x8947, 'GeoNet', printGeoNetworking],
  [0x1111, 'CALM FAST', printCalmFast],
  [0x88a2, 'AoE', printAoe],
  [0x88f7, 'PTP', printPtp],
  [ETHERTYPE_ARISTA, 'Arista Vendor Specific Protocol'],
];

export const ETHERTYPE_NAMES: ReadonlyMap<number, string> = new Map(
  ROWS.flatMap(([type, name]) => (name === '' ? [] : [[type, name]])),
);

const PRINTERS: ReadonlyMap<number, EtherPrinter> = new Map(
  ROWS.flatMap(([type, , print]) => (print === undefined ? [] : [[type, print]])),
);

/** Prints what `type` announces; false, having printed nothing, where it has no printer. */
export function printEtherType(
  d: Dissection,
  type: number,
  at: number,
  length: number,
  captured: number,
  src: number,
  dst: number,
): boolean {
  if (type === ETHERTYPE.IP) {
    printIp4(d, at, length);
    return true;
  }
  const print = PRINTERS.get(type);
  if (print === undefined) return false;
  print(d, at, length, captured, src, dst);
  return true;
}

function printIpxType(d: Dissection, at: number): void {
  d.out += '(NOV-ETHII) ';
  printIpx(d, at);
}

/** Microsoft's network load balancing. */
function printLoadBalancing(d: Dissection, at: number): void {
  d.cutAs = 'msnlb';
  d.out += 'MS NLB heartbeat';
  d.out += `, host priority: ${d.u32le(at + 8)}`;
  d.out += `, cluster IP: ${d.ip4(at + 12)}`;
  d.out += `, host IP: ${d.ip4(at + 16)}`;
}

function printPppType(d: Dissection, at: number, length: number): void {
  if (length === 0) return;
  d.out += ': ';
  printPpp(d, at, length);
}

/** A byte stands before the identifier. */
function printOsiType(d: Dissection, at: number, length: number, captured: number): void {
  d.cutAs = 'isoclns';
  if (length === 0 || captured === 0) d.markTruncated();
  else printOsi(d, at + 1, length - 1);
}
