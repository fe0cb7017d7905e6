/** Which protocol a packet carries, told from its ports: one row a protocol, the first that either matches. */

import type { PortPrinter } from '../frame/dissection.js';

export type PortRow = readonly [
  print: PortPrinter,
  ports: readonly number[],
  /** Only datagrams to the port count, not those from it. */
  destination?: true,
];

/** Finds the printer for a pair of ports. */
export function printerByPort(
  rows: readonly PortRow[],
): (source: number, destination: number) => PortPrinter | undefined {
  const rowOfPort = new Map<number, number>();
  const rowOfSource = new Map<number, number>();
  rows.forEach(([, ports, destination], index) => {
    for (const port of ports) {
      rowOfPort.set(port, index);
      if (!destination) rowOfSource.set(port, index);
    }
  });
  return (source, destination) => {
    const bySource = rowOfSource.get(source) ?? rows.length;
    const byDestination = rowOfPort.get(destination) ?? rows.length;
    return rows[Math.min(bySource, byDestination)]?.[0];
  };
}
