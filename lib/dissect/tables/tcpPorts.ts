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
import type { Dissection } from '../frame/dissection.js';
import { printerByPort } from './portTable.js';

const printerOf = printerByPort([
  { ports: [6379], print: printResp },
  { ports: [10_288], print: printBeep },
  { ports: [23], print: printTelnet },
  { ports: [25], print: printSmtp },
  { ports: [43], print: printWhois },
  { ports: [179], print: printBgp },
  { ports: [1723], print: printPptp },
  { ports: [22], print: printSsh },
  { ports: [21], print: printFtp },
  { ports: [80, 8080], print: printHttp },
  { ports: [554, 8554], print: printRtsp },
  { ports: [53], print: printDnsOverTcp },
  { ports: [639], print: printMsdp },
  { ports: [646], print: printLdp },
  { ports: [6633, 6653], print: printOpenFlow },
  { ports: [323], print: printRpkiRouter },
  { ports: [2049], print: printNfsOverTcp },
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
  else if (d.packetType === undefined) printerOf(source, destination)?.(d, at, length, ip);
}
