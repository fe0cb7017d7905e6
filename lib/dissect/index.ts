/** Public face of the dissectors: packets as the text that tcpdump prints, as objects, as columns and as JSON. */

export { type ColumnOptions, type Columns, createColumns } from './columns.js';
export {
  type AnyLayer,
  type DecodedPacket,
  decode,
  type FieldsOf,
  type FieldValues,
  type Layer,
  type Protocol,
} from './decode.js';
export { type FieldEntry, FieldError, listFields } from './fields.js';
export type { Kind as FieldKind } from './frame/layout.js';
export { PACKET_TYPES, type PacketType, type PrinterOptions } from './frame/options.js';
export { createJsonLines, type JsonLines, packetSchema } from './jsonLines.js';
export { createPrinter, type Printer } from './printer.js';
export { type FieldSpan, fieldSpans } from './spans.js';
export { hasLinkPrinter } from './tables/links.js';
