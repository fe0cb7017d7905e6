/**
 * IP protocol numbers: how they are named, and who prints what they announce, over IPv4 and IPv6.
 */

import { IPPROTO } from '../../names/index.js';
import type { Dissection, IpPrinter } from '../frame/dissection.js';
import { printEthernet } from '../link/ethernet.js';
import { printEigrp } from '../network/eigrp.js';
import { printGre } from '../network/gre.js';
import { printIcmp } from '../network/icmp.js';
import { printIcmp6 } from '../network/icmp6.js';
import { printIgmp } from '../network/igmp.js';
import { printIp4 } from '../network/ip4.js';
import { printIp6 } from '../network/ip6.js';
import { printAh, printEsp, printIpComp } from '../network/ipsec.js';
import { printMobility } from '../network/mobility.js';
import { printEgp, printIgrp, printMobileIp } from '../network/oldRouting.js';
import { printOspf } from '../network/ospf.js';
import { printPim } from '../network/pim.js';
import { printRsvp } from '../network/rsvp.js';
import { printCarp, printVrrp } from '../network/vrrp.js';
import { printDccp } from '../transport/dccp.js';
import { printPgm } from '../transport/pgm.js';
import { printSctp } from '../transport/sctp.js';
import { printTcp } from '../transport/tcp.js';
import { printUdp } from '../transport/udp.js';

const PROTOCOL_AH = 51;

/** With the name that the `-v` line of IP has, and the only IP version that carries it. */
type ProtocolRow = readonly [number: number, name: string, print?: IpPrinter, version?: 4 | 6];

// biome-ignore format: a table
const ROWS: readonly ProtocolRow[] = [
  [0, 'Options'],
  [1, 'ICMP', printIcmp, 4],
  [2, 'IGMP', printIgmp, 4],
  [4, 'IPIP', printIp4],
  [IPPROTO.TCP, 'TCP', printTcp],
  [8, 'EGP', printEgp],
  [9, 'IGRP', printIgrp],
  [IPPROTO.UDP, 'UDP', printUdp],
  [33, 'DCCP', printDccp],
  [41, 'IPv6', printIp6],
  [43, 'Routing'],
  [44, 'Fragment'],
  [46, 'RSVP', printRsvp],
  [47, 'GRE', printGre],
  [50, 'ESP', printEsp],
  [PROTOCOL_AH, 'AH'],
  [55, 'Mobile IP', printMobileIp],
  [58, 'ICMPv6', printIcmp6, 6],
  [62, 'Mobile IP (old)', printMobility, 6],
  [77, 'unknown', printNetDisk],
  [88, 'EIGRP', printEigrp],
  [89, 'OSPF', printOspf],
  [103, 'PIM', printPim],
  [108, 'Compressed IP', printIpComp],
  [112, 'VRRP', printRedundancy],
  [113, 'PGM', printPgm],
  [132, 'SCTP', printSctp],
  [135, 'Mobility', printMobility, 6],
  [143, 'Ethernet', printInnerEthernet, 6],
];

export const IP_PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  ROWS.map(([number, name]) => [number, name]),
);

const BY_NUMBER: readonly (ProtocolRow | undefined)[] = Array.from({ length: 256 }, (_, number) =>
  ROWS.find((row) => row[0] === number && row[2] !== undefined),
);

/** Prints what follows an IP header. `ip` is the header's offset. */
export function printIpProtocol(
  d: Dissection,
  protocol: number,
  at: number,
  length: number,
  ip: number,
  fragmented: boolean,
): void {
  let next = protocol;
  let start = at;
  let rest = length;
  while (next === PROTOCOL_AH) {
    if (!d.has(start, 1)) {
      d.cutAs = 'ah';
      d.markTruncated();
      return;
    }
    const header = printAh(d, start);
    next = d.u8(start);
    start += header;
    rest = (rest - header) >>> 0;
  }
  const row = BY_NUMBER[next];
  const elsewhere = row?.[3] !== undefined && row[3] !== d.data[ip]! >> 4;
  if (row === undefined || (elsewhere && row[2] === printMobility)) {
    if (next === 59) d.out += 'no next header';
    else d.out += ` ${protocolText(d, next)} ${rest}`;
  } else if (elsewhere) {
    d.out += `[${row[1]} requires IPv${row[3]}]`;
    d.markInvalid();
  } else {
    d.enter();
    row[2]!(d, start, rest, ip, fragmented);
    d.leave();
  }
}

/** Sun's network disk protocol was never described; tcpdump prints its length. */
function printNetDisk(d: Dissection, _at: number, length: number): void {
  d.out += ` nd ${length}`;
}

/** Protocol 112 is both; `-T carp` says which. */
function printRedundancy(d: Dissection, at: number, length: number, ip: number): void {
  (d.packetType === 'carp' ? printCarp : printVrrp)(d, at, length, ip);
}

/** RFC 8986 §9.1. */
function printInnerEthernet(d: Dissection, at: number, length: number): void {
  printEthernet(d, at, length, d.end - at);
}

/** A protocol without a printer: its name as in /etc/protocols, or `ip-proto-N`. */
export function protocolText(d: Dissection, protocol: number): string {
  const name = d.numeric ? '' : (PROTOCOL_KEYWORDS[protocol] ?? LAST_KEYWORDS[255 - protocol]);
  return name || `ip-proto-${protocol}`;
}

/** Keywords of the assigned numbers 0 to 142 (IANA, as /etc/protocols abbreviates them); `-` for none. */
const PROTOCOL_KEYWORDS: readonly string[] = `
  hopopt icmp igmp ggp ipencap st tcp cbt egp igp bbn-rcc-mon nvp-ii pup argus emcon xnet chaos udp mux dcn-meas
  hmp prm xns-idp trunk-1 trunk-2 leaf-1 leaf-2 rdp irtp iso-tp4 netblt mfe-nsp merit-inp dccp 3pc idpr xtp ddp
  idpr-cmtp tp++ il ipv6 sdrp ipv6-route ipv6-frag idrp rsvp gre dsr bna esp ah i-nlsp swipe narp mobile tlsp skip
  ipv6-icmp ipv6-nonxt ipv6-opts - cftp - sat-expak kryptolan rvd ippc - sat-mon visa ipcv cpnx rspf wsn pvp
  br-sat-mon sun-nd wb-mon wb-expak iso-ip vmtp secure-vmtp vines ttp nsfnet-igp dgp tcf eigrp ospf sprite-rpc larp
  mtp ax.25 ipip micp scc-sp etherip encap - gmtp ifmp pnni pim aris scps qnx a/n ipcomp snp compaq-peer ipx-in-ip vrrp pgm
  - l2tp ddx iatp stp srp uti smp sm ptp isis fire crtp crudp sscopmce iplt sps pipe sctp fc rsvp-e2e-ignore
  mobility-header udplite mpls-in-ip manet hip shim6 wesp rohc`
  .trim()
  .split(/\s+/)
  .map((keyword) => (keyword === '-' ? '' : keyword));

/** From 255 down: IANA's last three, two of them for experiments (RFC 3692 §2.1). */
const LAST_KEYWORDS: readonly string[] = ['reserved', 'exptest-254', 'exptest-253'];
