/**
 * Weir, packets as objects: layers and fields by Wireshark's names, as columns and as JSON. Runs anywhere. A face of its
 * own, so that who filters does not load the protocols.
 *
 * @packageDocumentation
 */

export {
  type AnyLayer,
  type ColumnOptions,
  type Columns,
  createColumns,
  createJsonLines,
  type DecodedPacket,
  decode,
  type FieldEntry,
  FieldError,
  type FieldKind,
  type FieldSpan,
  type FieldsOf,
  type FieldValues,
  fieldSpans,
  type JsonLines,
  type Layer,
  listFields,
  type Protocol,
  packetSchema,
} from './dissect/index.js';
export { Packet } from './savefile/index.js';
