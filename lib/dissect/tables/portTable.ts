/** Which protocol a packet carries, told from its ports: one row a protocol, the first that either matches. */

import type { PortPrinter } from '../frame/dissection.js';

export interface PortRow {
  readonly ports: readonly number[];
  readonly print: PortPrinter;
}

/** Finds the printer for a pair of ports. */
export function printerByPort(
  rows: readonly PortRow[],
): (source: number, destination: number) => PortPrinter | undefined {
  const rowOfPort = new Map(rows.flatMap(({ ports }, index) => ports.map((port) => [port, index] as const)));
  return (source, destination) => {
    const bySource = rowOfPort.get(source) ?? rows.length;
    const byDestination = rowOfPort.get(destination) ?? rows.length;
    return rows[Math.min(bySource, byDestination)]?.print;
  };
}
