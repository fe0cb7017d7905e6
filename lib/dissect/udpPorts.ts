/**
 * What UDP ports announce: one row a protocol, the first row that a port matches counts.
 */

import type { Dissection, PortPrinter } from './dissection.js';

interface UdpPortRow {
  readonly ports: readonly number[];
  readonly print: PortPrinter;
}

const ROWS: readonly UdpPortRow[] = [];

const ROW_OF_PORT: ReadonlyMap<number, number> = new Map(
  ROWS.flatMap((row, index) => row.ports.map((port) => [port, index] as const)),
);

/** Prints what the ports announce; false, having printed nothing, where no row matches. */
export function printUdpPayload(
  d: Dissection,
  at: number,
  length: number,
  ip: number,
  source: number,
  destination: number,
): boolean {
  const bySource = ROW_OF_PORT.get(source) ?? ROWS.length;
  const byDestination = ROW_OF_PORT.get(destination) ?? ROWS.length;
  const row = ROWS[Math.min(bySource, byDestination)];
  if (row === undefined) return false;
  row.print(d, at, length, ip);
  return true;
}
