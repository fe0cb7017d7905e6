/**
 * What UDP ports announce: one row a protocol, the first row that a port matches counts.
 */

import { printAhcp } from '../application/ahcp.js';
import { printAodv } from '../application/aodv.js';
import { printBabel } from '../application/babel.js';
import { printBfd, printBfdEcho, printBfdLag, printBfdMultihop } from '../application/bfd.js';
import { printRtcp, printRtp, printVat } from '../application/conferences.js';
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
import { printNetFlow } from '../application/netFlow.js';
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
  [printDns, [53]],
  [printMulticastDns, [5353]],
  [printTimed, [525]],
  [printTftp, [69]],
  [printDhcp, [67, 68]],
  [printRip, [520]],
  [printAodv, [654]],
  [printIsakmp, [500]],
  [printUdpEncapsulated, [4500]],
  [printIsakmp, [7500, 8500]],
  [printSnmp, [161, 162]],
  [printNtp, [123]],
  [printKerberos, [88, 750]],
  [printL2tp, [1701]],
  [printVat, [3456], true],
  [printZephyr, [2103, 2104]],
  [printRx, [7000, 7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008, 7009]],
  [printRipng, [521]],
  [printDhcp6, [546, 547]],
  [printAhcp, [5359]],
  [printBabel, [6696, 6697]],
  [printHncp, [8231]],
  [printWhiteBoard, [4567], true],
  [printAutoRp, [496]],
  [printRadius, [1812, 1813, 1645, 1646, 1700, 3799]],
  [printHsrp, [1985], true],
  [printLwres, [921]],
  [printLdp, [646]],
  [printOlsr, [698]],
  [printLspPing, [3503]],
  [printBfd, [3784], true],
  [printBfdMultihop, [4784], true],
  [printBfdLag, [6784], true],
  [printBfdEcho, [3785], true],
  [printLmp, [701]],
  [printVqp, [1589]],
  [printSflow, [6343]],
  [printLwappData, [12_222]],
  [printLwappControl, [12_223]],
  [printLwappFromPoint, [12_223], true],
  [printSip, [5060]],
  [printSyslog, [514]],
  [printOtv, [8472]],
  [printVxlan, [4789]],
  [printGeneve, [6081]],
  [printLisp, [4342]],
  [printZep, [17_754]],
  [printVxlanGpe, [4790]],
  [printMpls, [6635]],
  [printPtp, [319, 320]],
  [printSomeIp, [30490]],
]);

/** Comes before others, and is no port to be answered at. */
const BCM_LI = 49_152;

const TYPES: ReadonlyMap<string | undefined, PortPrinter> = new Map([
  ['aodv', printAodv],
  ['cnfp', printNetFlow],
  ['domain', printDns],
  ['lmp', printLmp],
  ['pgm', printPgm],
  ['pgm_zmtp1', printPgm],
  ['ptp', printPtp],
  ['radius', printRadius],
  ['rtcp', printRtcp],
  ['rtp', printRtp],
  ['snmp', printSnmp],
  ['someip', printSomeIp],
  ['tftp', printTftp],
  ['vat', printVat],
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
