/**
 * The registries of IANA: "Service Name and Transport Protocol Port Number Registry" and "Assigned Internet Protocol
 * Numbers", as the texts that scripts/iana.mjs makes at build time, rows with spaces between them, in the order of numbers:
 *
 *     80g,http, 80c,www,www-http, 82c,xfer, ...
 *
 * The letter is a set of transports, from `a` for TCP alone to `g` for TCP, UDP and SCTP. The texts are searched as
 * they are: to make maps of six thousand rows takes a hundred times as long as one answer (13 ms, measured), and who
 * asks, asks for a name or two.
 */

import { protocolsText, servicesText } from './ianaTable.js';
import type { Transport } from './transport.js';

/** In the order of the bits that the letters stand for. */
const TRANSPORTS: readonly Transport[] = ['tcp', 'udp', 'sctp'];

/** The port a name is registered for; the lowest, where there are several. */
export function ianaServicePort(name: string, transport: Transport): number | undefined {
  for (const row of rowsNaming(servicesText(), name)) {
    const port = Number.parseInt(row, 10);
    if (isOf(row[`${port}`.length]!, transport)) return port;
  }
  return undefined;
}

/** The name that was registered first for a port. */
export function ianaServiceName(port: number, transport: Transport): string | undefined {
  const text = servicesText();
  for (let at = firstRowFrom(text, port); at < text.length; ) {
    const end = text.indexOf(' ', at);
    const row = text.slice(at, end);
    if (Number.parseInt(row, 10) !== port) return undefined;
    if (isOf(row[`${port}`.length]!, transport)) return row.split(',')[1];
    at = end + 1;
  }
  return undefined;
}

/** By IANA's keyword (`OSPFIGP`) or the same in small letters, which is what /etc/protocols mostly has. */
export function ianaProtocol(name: string): number | undefined {
  for (const row of rowsNaming(protocolsText(), name)) return Number.parseInt(row, 10);
  return undefined;
}

function isOf(letter: string, transport: Transport): boolean {
  return (((letter.charCodeAt(0) - 96) >> TRANSPORTS.indexOf(transport)) & 1) === 1;
}

function* rowsNaming(text: string, name: string): Generator<string> {
  if (/[ ,]/.test(name)) return;
  for (let at = text.indexOf(`,${name},`); at >= 0; at = text.indexOf(`,${name},`, at + 1)) {
    yield text.slice(text.lastIndexOf(' ', at) + 1, text.indexOf(' ', at));
  }
}

/** Where the first row of a number not below `least` begins. */
function firstRowFrom(text: string, least: number): number {
  let low = 1;
  let high = text.length;
  while (low < high) {
    const at = text.lastIndexOf(' ', (low + high) >> 1) + 1;
    if (Number.parseInt(text.slice(at, at + 5), 10) < least) low = text.indexOf(' ', at) + 1;
    else high = at;
  }
  return low;
}
