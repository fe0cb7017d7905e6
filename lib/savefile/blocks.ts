/**
 * The block types of pcapng, as data (draft-ietf-opsawg-pcapng §4 and §10.1).
 *
 *      0         4               8                 total - 4      total
 *     +---------+---------------+-----------------+--------------+
 *     |  type   | total length  |  body, padded   | total length |
 *     +---------+---------------+-----------------+--------------+
 */

export const SECTION_HEADER = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION = 1;
export const PACKET_BLOCK = 2;
export const SIMPLE_PACKET = 3;
export const NAME_RESOLUTION = 4;
export const INTERFACE_STATISTICS = 5;
export const ENHANCED_PACKET = 6;
export const JOURNAL_EXPORT = 9;
export const DECRYPTION_SECRETS = 10;
export const CUSTOM_COPY = 0x0bad;
export const CUSTOM_NO_COPY = 0x4000_0bad;

export interface BlockRow {
  readonly type: number;
  readonly name: string;
  /** Smallest total length: the fixed fields, and the two lengths around them. */
  readonly least: number;
}

// prettier-ignore
export const BLOCKS: readonly BlockRow[] = [
  { type: SECTION_HEADER, name: 'Section Header Block', least: 28 },
  { type: INTERFACE_DESCRIPTION, name: 'Interface Description Block', least: 20 },
  { type: PACKET_BLOCK, name: 'Packet Block', least: 32 },
  { type: SIMPLE_PACKET, name: 'Simple Packet Block', least: 16 },
  { type: NAME_RESOLUTION, name: 'Name Resolution Block', least: 12 },
  { type: INTERFACE_STATISTICS, name: 'Interface Statistics Block', least: 24 },
  { type: ENHANCED_PACKET, name: 'Enhanced Packet Block', least: 32 },
  { type: JOURNAL_EXPORT, name: 'systemd Journal Export Block', least: 12 },
  { type: DECRYPTION_SECRETS, name: 'Decryption Secrets Block', least: 20 },
  { type: CUSTOM_COPY, name: 'Custom Block', least: 16 },
  { type: CUSTOM_NO_COPY, name: 'Custom Block not to be copied', least: 16 },
];

/** Smallest total length of a block. */
export const blockLeast = (type: number): number => BLOCKS.find((row) => row.type === type)!.least;

/** A block's name for messages. */
export function blockName(type: number): string {
  return BLOCKS.find((row) => row.type === type)?.name ?? `block of type 0x${type.toString(16)}`;
}

/** `length` rounded up to the four bytes that blocks and options are aligned to. */
export function padded(length: number): number {
  return length + (-length & 3);
}
