/**
 * What programs compare: fields of the packet, at a fixed place or behind a header whose length a nibble says
 * (`ldxb 4*([k]&0xf)`), and intervals of their values.
 */

import type { opcodes } from '../cbpf/index.js';

/** Bytes of a packet as an unsigned number, most significant first. */
export interface Field {
  /** Equal for equal fields. */
  readonly key: string;
  /** Offset of the byte whose lower nibble counts words that come before; -1 where none do. */
  readonly header: number;
  readonly offset: number;
  readonly size: ReturnType<typeof opcodes.sizeOf>;
  /** The bits that count, where not all do. */
  readonly mask?: number;
  /** All of its values. */
  readonly every: Interval;
}

/** Values from `low` to `high`, both among them. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

const fields = new Map<number, Field>();

/** The one record of a field: they are compared by identity. */
export function fieldOf(header: number, offset: number, size: Field['size']): Field {
  const number = ((header + 1) * 0x2_0000 + offset) * 8 + size;
  let field = fields.get(number);
  if (field === undefined) {
    const every = { low: 0, high: 2 ** (8 * size) - 1 };
    field = { key: `${header}:${offset}:${size}`, header, offset, size, every };
    fields.set(number, field);
  }
  return field;
}

const parts = new Map<string, Field>();

/** Some bits of a field, where they are. */
export function partOf(field: Field, mask: number): Field {
  if (mask >= field.every.high) return field;
  const key = `${field.key}:${mask}`;
  let part = parts.get(key);
  if (part === undefined) parts.set(key, (part = { ...field, key, mask, every: { low: 0, high: mask } }));
  return part;
}

export const highest = ({ every }: Field): number => every.high;

/** A value outside the captured bytes: whoever reads there rejects the packet. */
export const ABSENT = -1;

/** The field's value in a packet, or {@link ABSENT}. */
export function readField(field: Field, bytes: Uint8Array, start: number, length: number): number {
  let { offset } = field;
  if (field.header >= 0) {
    if (field.header >= length) return ABSENT;
    offset += 4 * (bytes[start + field.header]! & 15);
  }
  if (offset + field.size > length) return ABSENT;
  const value = bytesAsNumber(bytes, start + offset, field.size);
  return field.mask === undefined ? value : (value & field.mask) >>> 0;
}

function bytesAsNumber(bytes: Uint8Array, at: number, size: Field['size']): number {
  switch (size) {
    case 1:
      return bytes[at]!;
    case 2:
      return (bytes[at]! << 8) | bytes[at + 1]!;
    case 4:
      return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }
}
