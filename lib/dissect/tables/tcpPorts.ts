/**
 * What TCP ports announce: one row a protocol, the first row that either port matches counts.
 */

import { printBeep } from '../application/beep.js';
import { printBgp } from '../application/bgp.js';
import { printDnsOverTcp } from '../application/dns.js';
import { printLdp } from '../application/ldp.js';
import { printFtp, printHttp, printRtsp, printSmtp, printSsh, printWhois } from '../application/lines.js';
import { printMsdp } from '../application/msdp.js';
import { printNfsOverTcp } from '../application/nfs.js';
import { printOpenFlow } from '../application/openFlow.js';
import { printPptp } from '../application/pptp.js';
import { printResp } from '../application/resp.js';
import { printRpkiRouter } from '../application/rpkiRouter.js';
import { printTelnet } from '../application/telnet.js';
import { printZeroMq } from '../application/zeroMq.js';
import type { Dissection } from '../frame/dissection.js';
import { printerByPort } from './portTable.js';

const printerOf = printerByPort([
  [printResp, [6379]],
  [printBeep, [10_288]],
  [printTelnet, [23]],
  [printSmtp, [25]],
  [printWhois, [43]],
  [printBgp, [179]],
  [printPptp, [1723]],
  [printSsh, [22]],
  [printFtp, [21]],
  [printHttp, [80, 8080]],
  [printRtsp, [554, 8554]],
  [printDnsOverTcp, [53]],
  [printMsdp, [639]],
  [printLdp, [646]],
  [printOpenFlow, [6633, 6653]],
  [printRpkiRouter, [323]],
  [printNfsOverTcp, [2049]],
]);

/** Prints what `-T` says it is, else what the ports announce; nothing where no row matches. */
export function printTcpPayload(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): void {
  if (d.packetType === 'domain') printDnsOverTcp(d, at, length);
  else if (d.packetType === 'resp') printResp(d, at, length);
  else if (d.packetType === 'zmtp1') printZeroMq(d, at, length);
  else if (d.packetType === undefined) printerOf(source, destination)?.(d, at, length, ip);
}
