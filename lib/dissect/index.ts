/** Public face of the dissectors: packets as the text that tcpdump prints. */

export { hasLinkPrinter } from './links.js';
export { PACKET_TYPES, type PacketType, type PrinterOptions } from './options.js';
export { createPrinter, type Printer } from './printer.js';
