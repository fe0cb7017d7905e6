/**
 * What UDP ports announce: one row a protocol, the first row that a port matches counts.
 */

import { printDhcp } from './dhcp.js';
import { printDhcp6 } from './dhcp6.js';
import type { Dissection } from './dissection.js';
import { printDns, printMulticastDns } from './dns.js';
import { printSip } from './lines.js';
import { printNtp } from './ntp.js';
import { printerByPort } from './portTable.js';
import { printSyslog } from './syslog.js';
import { printGeneve, printMpls, printVxlan } from './tunnels.js';

const printerOf = printerByPort([
  { ports: [53], print: printDns },
  { ports: [5353], print: printMulticastDns },
  { ports: [67, 68], print: printDhcp },
  { ports: [123], print: printNtp },
  { ports: [546, 547], print: printDhcp6 },
  { ports: [5060], print: printSip },
  { ports: [514], print: printSyslog },
  { ports: [4789], print: printVxlan },
  { ports: [6081], print: printGeneve },
  { ports: [6635], print: printMpls },
]);

/** Prints what the ports announce; false, having printed nothing, where no row matches. */
export function printUdpPayload(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): boolean {
  const print = printerOf(source, destination);
  if (print === undefined) return false;
  print(d, at, length, ip);
  return true;
}

/** Prints what `-T` says it is; false where nothing is said. */
export function printUdpType(d: Dissection, at: number, length: number): boolean {
  if (d.packetType === undefined) return false;
  (d.packetType === 'domain' ? printDns : printVxlan)(d, at, length);
  return true;
}
