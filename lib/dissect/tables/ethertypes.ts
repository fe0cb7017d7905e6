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
import { printAppleTalk } from '../network/appleTalk.js';
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

interface EtherTypeRow {
  readonly type: number;
  readonly name: string;
  readonly print?: EtherPrinter;
}

// biome-ignore format: a table
const ROWS: readonly EtherTypeRow[] = [
  { type: ETHERTYPE.IP, name: 'IPv4', print: printIp4 },
  { type: ETHERTYPE.MPLS, name: 'MPLS unicast', print: printMpls },
  { type: ETHERTYPE.MPLS_MULTICAST, name: 'MPLS multicast', print: printMpls },
  { type: ETHERTYPE.IPV6, name: 'IPv6', print: printIp6 },
  { type: ETHERTYPE.VLAN, name: '802.1Q' },
  { type: ETHERTYPE.VLAN_QINQ, name: '802.1Q-9100' },
  { type: ETHERTYPE.VLAN_AD, name: '802.1Q-QinQ' },
  { type: 0x9200, name: '802.1Q-9200' },
  { type: 0x88e5, name: '802.1AE MACsec' },
  { type: 0x0200, name: 'PUP' },
  { type: ETHERTYPE.ARP, name: 'ARP', print: printArp },
  { type: ETHERTYPE.REVARP, name: 'Reverse ARP', print: printArp },
  { type: ETHERTYPE.NS, name: 'NS' },
  { type: ETHERTYPE.SPRITE, name: 'Sprite' },
  { type: ETHERTYPE.TRAIL, name: 'Trail' },
  { type: ETHERTYPE.MOPDL, name: 'MOP DL' },
  { type: ETHERTYPE.MOPRC, name: 'MOP RC' },
  { type: ETHERTYPE.DECNET, name: 'DN', print: printDecnet },
  { type: ETHERTYPE.LAT, name: 'LAT' },
  { type: ETHERTYPE.SCA, name: 'SCA' },
  { type: ETHERTYPE.TEB, name: 'TEB' },
  { type: 0x8038, name: 'Lanbridge' },
  { type: 0x803c, name: 'DEC DNS' },
  { type: 0x803e, name: 'DEC DTS' },
  { type: 0x805b, name: 'VEXP' },
  { type: 0x805c, name: 'VPROD' },
  { type: ETHERTYPE.ATALK, name: 'Appletalk', print: printAppleTalk },
  { type: ETHERTYPE.AARP, name: 'Appletalk ARP', print: printAarp },
  { type: ETHERTYPE.IPX, name: 'IPX', print: printIpxType },
  { type: ETHERTYPE_PPP, name: 'PPP', print: printPppType },
  { type: 0x8808, name: 'MPCP', print: printMpcp },
  { type: ETHERTYPE.SLOW, name: 'Slow Protocols', print: printSlow },
  { type: ETHERTYPE.PPPOED, name: 'PPPoE D', print: printPppoe },
  { type: ETHERTYPE.PPPOES, name: 'PPPoE S', print: printPppoe },
  { type: 0x888e, name: 'EAPOL', print: printEapol },
  { type: 0x8899, name: 'Realtek protocols', print: printRealtek },
  { type: 0x886f, name: 'MS NLB heartbeat', print: printLoadBalancing },
  { type: ETHERTYPE_JUMBO, name: 'Jumbo' },
  { type: 0x894f, name: 'NSH', print: printNsh },
  { type: ETHERTYPE.LOOPBACK, name: 'Loopback', print: printLoopbackTest },
  { type: 0xfefe, name: 'OSI', print: printOsiType },
  { type: 0x00fe, name: 'GRE-OSI' },
  { type: 0xabcd, name: 'CFM (old)', print: printCfm },
  { type: 0x8902, name: 'CFM', print: printCfm },
  { type: 0x893a, name: 'IEEE1905.1' },
  { type: ETHERTYPE.LLDP, name: 'LLDP', print: printLldp },
  { type: 0x88ca, name: 'TIPC', print: printTipc },
  { type: 0x0707, name: 'GeoNet (old)', print: printGeoNetworking },
  { type: 0x8947, name: 'GeoNet', print: printGeoNetworking },
  { type: 0x1111, name: 'CALM FAST', print: printCalmFast },
  { type: 0x88a2, name: 'AoE', print: printAoe },
  { type: 0x88f7, name: 'PTP', print: printPtp },
  { type: ETHERTYPE_ARISTA, name: 'Arista Vendor Specific Protocol' },
];

export const ETHERTYPE_NAMES: ReadonlyMap<number, string> = new Map(ROWS.map((row) => [row.type, row.name]));

const PRINTERS: ReadonlyMap<number, EtherPrinter> = new Map(
  ROWS.flatMap((row) => (row.print === undefined ? [] : [[row.type, row.print]])),
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
