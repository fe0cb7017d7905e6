/** `.BTF.ext`: which line, which function, and which field of a type each instruction is about. */

import type { Btf } from './btf.js';
import { BTF_MAGIC } from './btf.js';
import type { Reader } from './reader.js';

/** Where an instruction comes from. */
export interface SourceLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1; 0 where it is not known. */
  readonly column: number;
  /** The line itself. */
  readonly text: string;
}

/** A place in a text that instructions from `offset` on come from. */
export interface LineRecord {
  /** Bytes from the section's start. */
  readonly offset: number;
  readonly file: number;
  readonly text: number;
  readonly line: number;
  readonly column: number;
}

export interface CoreRecord {
  readonly offset: number;
  readonly type: number;
  readonly access: number;
  readonly kind: number;
}

export interface BtfExtension {
  /** By the name of the section, in the order of offsets. */
  readonly lines: ReadonlyMap<string, readonly LineRecord[]>;
  readonly functions: ReadonlyMap<string, readonly { readonly offset: number; readonly type: number }[]>;
  readonly core: ReadonlyMap<string, readonly CoreRecord[]>;
}

export const NO_EXTENSION: BtfExtension = { lines: new Map(), functions: new Map(), core: new Map() };

export const COLUMN_BITS = 10;

/** @throws ObjectError */
export function readExtension(data: Reader, btf: Btf): BtfExtension {
  if (data.u16(0) !== BTF_MAGIC) data.fail(0, 'no BTF');
  const header = data.u32(4);
  const part = (at: number, what: string): Reader | undefined =>
    header < at + 8 ? undefined : data.part(header + data.u32(at), data.u32(at + 4), what);
  return {
    functions: records(part(8, 'function information'), btf, 8, (row, at) => ({
      offset: row.u32(at),
      type: row.u32(at + 4),
    })),
    lines: records(part(16, 'line information'), btf, 16, (row, at): LineRecord => {
      const place = row.u32(at + 12);
      return {
        offset: row.u32(at),
        file: row.u32(at + 4),
        text: row.u32(at + 8),
        line: place >>> COLUMN_BITS,
        column: place & ((1 << COLUMN_BITS) - 1),
      };
    }),
    core: records(part(24, 'CO-RE relocations'), btf, 16, (row, at) => ({
      offset: row.u32(at),
      type: row.u32(at + 4),
      access: row.u32(at + 8),
      kind: row.u32(at + 12),
    })),
  };
}

function records<Row extends { readonly offset: number }>(
  data: Reader | undefined,
  btf: Btf,
  least: number,
  make: (data: Reader, at: number) => Row,
): ReadonlyMap<string, readonly Row[]> {
  const all = new Map<string, Row[]>();
  if (data === undefined || data.length === 0) return all;
  const size = data.u32(0);
  if (size < least) data.fail(0, `records of ${size} bytes`);
  for (let at = 4; at < data.length; ) {
    const name = btf.text(data.u32(at));
    const count = data.u32(at + 4);
    const rows = data.part(at + 8, count * size, data.what);
    const list = all.get(name) ?? [];
    for (let index = 0; index < count; index++) list.push(make(rows, index * size));
    all.set(name, list);
    at += 8 + count * size;
  }
  for (const list of all.values()) list.sort((a, b) => a.offset - b.offset);
  return all;
}
