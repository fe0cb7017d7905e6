/**
 * What UDP ports announce: one row a protocol, the first row that a port matches counts.
 */

import { printAhcp } from '../application/ahcp.js';
import { printAodv } from '../application/aodv.js';
import { printBabel } from '../application/babel.js';
import { printBfd, printBfdEcho, printBfdLag, printBfdMultihop } from '../application/bfd.js';
import { printDhcp } from '../application/dhcp.js';
import { printDhcp6 } from '../application/dhcp6.js';
import { printDns, printMulticastDns } from '../application/dns.js';
import { printHncp } from '../application/hncp.js';
import { printHsrp } from '../application/hsrp.js';
import { printIsakmp, printUdpEncapsulated } from '../application/isakmp.js';
import { printKerberos } from '../application/kerberos.js';
import { printL2tp } from '../application/l2tp.js';
import { printLdp } from '../application/ldp.js';
import { printSip } from '../application/lines.js';
import { printLisp } from '../application/lisp.js';
import { printLmp } from '../application/lmp.js';
import { printLspPing } from '../application/lspPing.js';
import { printLwappControl, printLwappData, printLwappFromPoint } from '../application/lwapp.js';
import { printLwres } from '../application/lwres.js';
import { printNtp } from '../application/ntp.js';
import { printOlsr } from '../application/olsr.js';
import { printPtp } from '../application/ptp.js';
import { printRadius } from '../application/radius.js';
import { printRip, printRipng } from '../application/rip.js';
import { printRx } from '../application/rx.js';
import { printSflow } from '../application/sflow.js';
import { printSnmp } from '../application/snmp.js';
import { printSomeIp } from '../application/someIp.js';
import { printSyslog } from '../application/syslog.js';
import { printTftp } from '../application/tftp.js';
import { printTimed } from '../application/timed.js';
import { printVqp } from '../application/vqp.js';
import { printWhiteBoard } from '../application/whiteBoard.js';
import { printZep } from '../application/zep.js';
import { printZephyr } from '../application/zephyr.js';
import type { Dissection, PortPrinter } from '../frame/dissection.js';
import { printLocalTalk } from '../network/appleTalk.js';
import { printBcmLi } from '../network/bcmLi.js';
import { printAutoRp } from '../network/dvmrp.js';
import { printVxlanGpe } from '../network/nsh.js';
import { printGeneve, printMpls, printOtv, printVxlan } from '../network/tunnels.js';
import { printPgm } from '../transport/pgm.js';
import { printerByPort } from './portTable.js';

const printerOf = printerByPort([
  { ports: [53], print: printDns },
  { ports: [5353], print: printMulticastDns },
  { ports: [525], print: printTimed },
  { ports: [69], print: printTftp },
  { ports: [67, 68], print: printDhcp },
  { ports: [520], print: printRip },
  { ports: [654], print: printAodv },
  { ports: [500], print: printIsakmp },
  { ports: [4500], print: printUdpEncapsulated },
  { ports: [7500, 8500], print: printIsakmp },
  { ports: [161, 162], print: printSnmp },
  { ports: [123], print: printNtp },
  { ports: [88, 750], print: printKerberos },
  { ports: [1701], print: printL2tp },
  { ports: [2103, 2104], print: printZephyr },
  { ports: [7000, 7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008, 7009], print: printRx },
  { ports: [521], print: printRipng },
  { ports: [546, 547], print: printDhcp6 },
  { ports: [5359], print: printAhcp },
  { ports: [6696, 6697], print: printBabel },
  { ports: [8231], print: printHncp },
  { ports: [4567], print: printWhiteBoard, destination: true },
  { ports: [496], print: printAutoRp },
  { ports: [1812, 1813, 1645, 1646, 1700, 3799], print: printRadius },
  { ports: [1985], print: printHsrp, destination: true },
  { ports: [921], print: printLwres },
  { ports: [646], print: printLdp },
  { ports: [698], print: printOlsr },
  { ports: [3503], print: printLspPing },
  { ports: [3784], print: printBfd, destination: true },
  { ports: [4784], print: printBfdMultihop, destination: true },
  { ports: [6784], print: printBfdLag, destination: true },
  { ports: [3785], print: printBfdEcho, destination: true },
  { ports: [701], print: printLmp },
  { ports: [1589], print: printVqp },
  { ports: [6343], print: printSflow },
  { ports: [12_222], print: printLwappData },
  { ports: [12_223], print: printLwappControl },
  { ports: [12_223], print: printLwappFromPoint, destination: true },
  { ports: [5060], print: printSip },
  { ports: [514], print: printSyslog },
  { ports: [8472], print: printOtv },
  { ports: [4789], print: printVxlan },
  { ports: [6081], print: printGeneve },
  { ports: [4342], print: printLisp },
  { ports: [17_754], print: printZep },
  { ports: [4790], print: printVxlanGpe },
  { ports: [6635], print: printMpls },
  { ports: [319, 320], print: printPtp },
  { ports: [30490], print: printSomeIp },
]);

/** Comes before others, and is no port to be answered at. */
const BCM_LI = 49_152;

const TYPES: ReadonlyMap<string | undefined, PortPrinter> = new Map([
  ['aodv', printAodv],
  ['domain', printDns],
  ['lmp', printLmp],
  ['pgm', printPgm],
  ['ptp', printPtp],
  ['radius', printRadius],
  ['snmp', printSnmp],
  ['someip', printSomeIp],
  ['tftp', printTftp],
  ['vxlan', printVxlan],
  ['wb', printWhiteBoard],
]);

/** Whether a type of `-T` is one that UDP carries. */
export function isUdpType(type: string): boolean {
  return TYPES.has(type);
}

/** Ports of AppleTalk in UDP, which gateways of Kinetics made from its sockets. */
const isAppleTalk = (port: number): boolean =>
  [200, 768, 16_512].some((first) => port >= first && port < first + 128);

/** Prints what the ports announce; false, having printed nothing, where no row matches. */
export function printUdpPayload(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): boolean {
  const print = source === BCM_LI ? printBcmLi : printerOf(source, destination);
  if (print === undefined) {
    const isKip = d.has(at, 3) && d.u8(at + 2) === 2 && (isAppleTalk(source) || isAppleTalk(destination));
    if (!isKip) return false;
    if (d.verbosity) d.out += 'kip ';
    printLocalTalk(d, at, length);
    return true;
  }
  print(d, at, length, ip);
  return true;
}

/** Prints what `-T` says it is; false where nothing is said of UDP. */
export function printUdpType(d: Dissection, at: number, length: number, ip: number): boolean {
  const print = TYPES.get(d.packetType);
  print?.(d, at, length, ip);
  return print !== undefined;
}
