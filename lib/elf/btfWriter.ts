/** BTF, written: the few types that objects of filters need. Linux `Documentation/bpf/btf.rst`. */

import { BTF_MAGIC, type BtfKind, KINDS } from './btf.js';
import { COLUMN_BITS, type LineRecord } from './btfExtension.js';

const HEADER = 24;

/** Texts that end with NUL, each once. The empty one is at 0. */
export class Texts {
  private readonly places = new Map([['', 0]]);
  private readonly parts: Uint8Array[] = [Uint8Array.of(0)];
  private size = 1;

  add(text: string): number {
    const known = this.places.get(text);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(`${text}\0`);
    const place = this.size;
    this.places.set(text, place);
    this.parts.push(bytes);
    this.size += bytes.length;
    return place;
  }

  get bytes(): Uint8Array {
    return joined(this.parts);
  }
}

/** Types, numbered as they come. */
export class BtfWriter {
  readonly texts = new Texts();
  private readonly rows: Uint8Array[] = [];

  /** @param word - Size, or the type referred to. */
  add(kind: BtfKind, name: string, word: number, rest: readonly number[] = [], count = 0): number {
    const info = ((KINDS.indexOf(kind) << 24) | count) >>> 0;
    this.rows.push(words([this.texts.add(name), info, word, ...rest]));
    return this.rows.length;
  }

  integer(name: string, size: number, isSigned = false): number {
    return this.add('int', name, size, [(isSigned ? 0x0100_0000 : 0) | (8 * size)]);
  }

  struct(name: string, size: number, members: readonly (readonly [string, number, number])[]): number {
    const rest = members.flatMap(([member, type, offset]) => [this.texts.add(member), type, 8 * offset]);
    return this.add('struct', name, size, rest, members.length);
  }

  /** As `__uint(name, value)` has it: a pointer to an array of so many. */
  number(value: number, int: number): number {
    return this.add('ptr', '', this.add('array', '', 0, [int, int, value]));
  }

  datasec(name: string, size: number, variables: readonly (readonly [number, number, number])[]): number {
    return this.add('datasec', name, size, variables.flat(), variables.length);
  }

  get bytes(): Uint8Array {
    const types = joined(this.rows);
    const { bytes } = this.texts;
    return joined([header(HEADER), words([0, types.length, types.length, bytes.length]), types, bytes]);
  }
}

/** `.BTF.ext` of a section that is one function. */
export function writeExtension(section: number, type: number, lines: readonly LineRecord[]): Uint8Array {
  const first = words([8, section, 1, 0, type]);
  const rows = lines.flatMap(({ offset, file, text, line, column }) => [
    offset,
    file,
    text,
    (line << COLUMN_BITS) | column,
  ]);
  const second = words([16, section, lines.length, ...rows]);
  const lengths = [0, first.length, first.length, second.length, first.length + second.length, 0];
  return joined([header(HEADER + 8), words(lengths), first, second]);
}

/** Magic, version, flags, and the header's length. */
function header(size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, BTF_MAGIC, true);
  view.setUint8(2, 1);
  view.setUint32(4, size, true);
  return bytes;
}

export function words(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (const [at, number] of numbers.entries()) view.setUint32(4 * at, number, true);
  return bytes;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
