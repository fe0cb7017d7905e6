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

interface ProtocolRow {
  readonly number: number;
  /** As the `-v` line of IP names it. */
  readonly name: string;
  readonly print?: IpPrinter;
  /** The only IP version that carries it. */
  readonly version?: 4 | 6;
}

// biome-ignore format: a table
const ROWS: readonly ProtocolRow[] = [
  { number: 0, name: 'Options' },
  { number: 1, name: 'ICMP', print: printIcmp, version: 4 },
  { number: 2, name: 'IGMP', print: printIgmp, version: 4 },
  { number: 4, name: 'IPIP', print: printIp4 },
  { number: IPPROTO.TCP, name: 'TCP', print: printTcp },
  { number: 8, name: 'EGP', print: printEgp },
  { number: 9, name: 'IGRP', print: printIgrp },
  { number: IPPROTO.UDP, name: 'UDP', print: printUdp },
  { number: 33, name: 'DCCP', print: printDccp },
  { number: 41, name: 'IPv6', print: printIp6 },
  { number: 43, name: 'Routing' },
  { number: 44, name: 'Fragment' },
  { number: 46, name: 'RSVP', print: printRsvp },
  { number: 47, name: 'GRE', print: printGre },
  { number: 50, name: 'ESP', print: printEsp },
  { number: PROTOCOL_AH, name: 'AH' },
  { number: 55, name: 'Mobile IP', print: printMobileIp },
  { number: 58, name: 'ICMPv6', print: printIcmp6, version: 6 },
  { number: 62, name: 'Mobile IP (old)', print: printMobility, version: 6 },
  { number: 77, name: 'unknown', print: printNetDisk },
  { number: 88, name: 'EIGRP', print: printEigrp },
  { number: 89, name: 'OSPF', print: printOspf },
  { number: 103, name: 'PIM', print: printPim },
  { number: 108, name: 'Compressed IP', print: printIpComp },
  { number: 112, name: 'VRRP', print: printRedundancy },
  { number: 113, name: 'PGM', print: printPgm },
  { number: 132, name: 'SCTP', print: printSctp },
  { number: 135, name: 'Mobility', print: printMobility, version: 6 },
  { number: 143, name: 'Ethernet', print: printInnerEthernet, version: 6 },
];

export const IP_PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map(
  ROWS.map((row) => [row.number, row.name]),
);

const BY_NUMBER: readonly (ProtocolRow | undefined)[] = Array.from({ length: 256 }, (_, number) =>
  ROWS.find((row) => row.number === number && row.print !== undefined),
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
  const elsewhere = row?.version !== undefined && row.version !== d.data[ip]! >> 4;
  if (row === undefined || (elsewhere && row.print === printMobility)) {
    if (next === 59) d.out += 'no next header';
    else d.out += ` ${protocolText(d, next)} ${rest}`;
  } else if (elsewhere) {
    d.out += `[${row.name} requires IPv${row.version}]`;
    d.markInvalid();
  } else {
    d.enter();
    row.print!(d, start, rest, ip, fragmented);
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
