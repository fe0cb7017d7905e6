/**
 * What TCP ports announce: one row a protocol, the first row that either port matches counts.
 */

import { printBgp } from './bgp.js';
import type { Dissection, PortPrinter } from './dissection.js';
import { printDnsOverTcp } from './dns.js';
import { printFtp, printHttp, printRtsp, printSmtp, printSsh, printWhois } from './lines.js';
import { printTelnet } from './telnet.js';

interface TcpPortRow {
  readonly ports: readonly number[];
  readonly print: PortPrinter;
}

const ROWS: readonly TcpPortRow[] = [
  { ports: [23], print: printTelnet },
  { ports: [25], print: printSmtp },
  { ports: [43], print: printWhois },
  { ports: [179], print: printBgp },
  { ports: [22], print: printSsh },
  { ports: [21], print: printFtp },
  { ports: [80, 8080], print: printHttp },
  { ports: [554, 8554], print: printRtsp },
  { ports: [53], print: printDnsOverTcp },
];

const ROW_OF_PORT: ReadonlyMap<number, number> = new Map(
  ROWS.flatMap((row, index) => row.ports.map((port) => [port, index] as const)),
);

/** Prints what the ports announce; nothing where no row matches. */
export function printTcpPayload(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): void {
  const bySource = ROW_OF_PORT.get(source) ?? ROWS.length;
  const byDestination = ROW_OF_PORT.get(destination) ?? ROWS.length;
  ROWS[Math.min(bySource, byDestination)]?.print(d, at, length, ip);
}
