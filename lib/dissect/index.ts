/** Public face of the dissectors: packets as the text that tcpdump prints. */

export { PACKET_TYPES, type PacketType, type PrinterOptions } from './frame/options.js';
export { createPrinter, type Printer } from './printer.js';
export { hasLinkPrinter } from './tables/links.js';
