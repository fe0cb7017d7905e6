/**
 * EtherTypes as tcpdump names them, and who prints what they announce: one row a type.
 */

import { printArp } from './arp.js';
import type { Dissection, EtherPrinter } from './dissection.js';
import { printIp4 } from './ip4.js';
import { printIp6 } from './ip6.js';
import { printLoopbackTest } from './loopback.js';
import { printPpp, printPppoe } from './ppp.js';
import { printMpls } from './tunnels.js';

export const ETHERTYPE_IP4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_TRAILER = 0x1000;
export const ETHERTYPE_BRIDGED = 0x6558;
export const ETHERTYPE_VLAN = 0x8100;
export const ETHERTYPE_IP6 = 0x86dd;
export const ETHERTYPE_MPLS = 0x8847;
export const ETHERTYPE_PPP = 0x880b;
export const ETHERTYPE_JUMBO = 0x8870;
export const ETHERTYPE_ARISTA = 0xd28b;
export const ETHERTYPE_QINQ = 0x88a8;
/** Largest value of the type field that is a length (IEEE 802.3 §3.2.6). */
export const MOST_LENGTH = 1500;

interface EtherTypeRow {
  readonly type: number;
  readonly name: string;
  readonly print?: EtherPrinter;
}

// biome-ignore format: a table
const ROWS: readonly EtherTypeRow[] = [
  { type: ETHERTYPE_IP4, name: 'IPv4', print: printIp4 },
  { type: ETHERTYPE_MPLS, name: 'MPLS unicast', print: printMpls },
  { type: 0x8848, name: 'MPLS multicast', print: printMpls },
  { type: ETHERTYPE_IP6, name: 'IPv6', print: printIp6 },
  { type: ETHERTYPE_VLAN, name: '802.1Q' },
  { type: 0x9100, name: '802.1Q-9100' },
  { type: ETHERTYPE_QINQ, name: '802.1Q-QinQ' },
  { type: 0x9200, name: '802.1Q-9200' },
  { type: 0x88e5, name: '802.1AE MACsec' },
  { type: 0x0200, name: 'PUP' },
  { type: ETHERTYPE_ARP, name: 'ARP', print: printArp },
  { type: 0x8035, name: 'Reverse ARP', print: printArp },
  { type: 0x0600, name: 'NS' },
  { type: 0x0500, name: 'Sprite' },
  { type: ETHERTYPE_TRAILER, name: 'Trail' },
  { type: 0x6001, name: 'MOP DL' },
  { type: 0x6002, name: 'MOP RC' },
  { type: 0x6003, name: 'DN' },
  { type: 0x6004, name: 'LAT' },
  { type: 0x6007, name: 'SCA' },
  { type: ETHERTYPE_BRIDGED, name: 'TEB' },
  { type: 0x8038, name: 'Lanbridge' },
  { type: 0x803c, name: 'DEC DNS' },
  { type: 0x803e, name: 'DEC DTS' },
  { type: 0x805b, name: 'VEXP' },
  { type: 0x805c, name: 'VPROD' },
  { type: 0x809b, name: 'Appletalk' },
  { type: 0x80f3, name: 'Appletalk ARP' },
  { type: 0x8137, name: 'IPX' },
  { type: ETHERTYPE_PPP, name: 'PPP', print: printPppType },
  { type: 0x8808, name: 'MPCP' },
  { type: 0x8809, name: 'Slow Protocols' },
  { type: 0x8863, name: 'PPPoE D', print: printPppoe },
  { type: 0x8864, name: 'PPPoE S', print: printPppoe },
  { type: 0x888e, name: 'EAPOL' },
  { type: 0x8899, name: 'Realtek protocols' },
  { type: 0x886f, name: 'MS NLB heartbeat' },
  { type: ETHERTYPE_JUMBO, name: 'Jumbo' },
  { type: 0x894f, name: 'NSH' },
  { type: 0x9000, name: 'Loopback', print: printLoopbackTest },
  { type: 0xfefe, name: 'OSI' },
  { type: 0x00fe, name: 'GRE-OSI' },
  { type: 0xabcd, name: 'CFM (old)' },
  { type: 0x8902, name: 'CFM' },
  { type: 0x893a, name: 'IEEE1905.1' },
  { type: 0x88cc, name: 'LLDP' },
  { type: 0x88ca, name: 'TIPC' },
  { type: 0x0707, name: 'GeoNet (old)' },
  { type: 0x8947, name: 'GeoNet' },
  { type: 0x1111, name: 'CALM FAST' },
  { type: 0x88a2, name: 'AoE' },
  { type: 0x88f7, name: 'PTP' },
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
  if (type === ETHERTYPE_IP4) {
    printIp4(d, at, length);
    return true;
  }
  const print = PRINTERS.get(type);
  if (print === undefined) return false;
  print(d, at, length, captured, src, dst);
  return true;
}

function printPppType(d: Dissection, at: number, length: number): void {
  if (length === 0) return;
  d.out += ': ';
  printPpp(d, at, length);
}
