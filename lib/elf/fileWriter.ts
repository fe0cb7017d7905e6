/** ELF64 relocatable objects of little-endian BPF, written. */

import { joined, Texts } from './btfWriter.js';
import { SHT } from './file.js';

export interface WrittenSection {
  readonly name: string;
  readonly data: Uint8Array;
  readonly type?: number | undefined;
  /** `SHF_*`: 1 writable, 2 in memory, 4 code. */
  readonly flags?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entrySize?: number;
}

export interface WrittenSymbol {
  readonly name: string;
  /** `STT_*`. */
  readonly type: number;
  readonly isGlobal: boolean;
  /** Index of the section, which is its place in the list and one more. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** A 64-bit relocation: where, of which symbol (its place in the list and one more), of which type. */
export type WrittenRelocation = readonly [offset: number, symbol: number, type: number];

const HEADER = 64;
const ALIGNMENT = 8;

/** @param relocations - Of the section at this index. Local symbols come first. */
export function writeElf(
  sections: readonly WrittenSection[],
  symbols: readonly WrittenSymbol[],
  relocations: { readonly of: number; readonly rows: readonly WrittenRelocation[] },
): Uint8Array {
  const texts = new Texts();
  const symbolRows = symbols.map(({ name, type, isGlobal, section, value, size }) =>
    row(24, (view) => {
      view.setUint32(0, texts.add(name), true);
      view.setUint8(4, type | (isGlobal ? 0x10 : 0));
      view.setUint16(6, section, true);
      view.setBigUint64(8, BigInt(value), true);
      view.setBigUint64(16, BigInt(size), true);
    }),
  );
  const own = sections.length + 1;
  const hasRelocations = relocations.rows.length > 0;
  const symbolTable = own + (hasRelocations ? 1 : 0);
  const all: WrittenSection[] = [...sections];
  if (hasRelocations)
    all.push({
      name: `.rel${sections[relocations.of - 1]!.name}`,
      type: SHT.rel,
      data: joined(
        relocations.rows.map(([offset, symbol, type]) =>
          row(16, (view) => {
            view.setBigUint64(0, BigInt(offset), true);
            view.setBigUint64(8, (BigInt(symbol) << 32n) | BigInt(type), true);
          }),
        ),
      ),
      link: symbolTable,
      info: relocations.of,
      entrySize: 16,
    });
  all.push({
    name: '.symtab',
    type: SHT.symtab,
    data: joined([new Uint8Array(24), ...symbolRows]),
    link: symbolTable + 1,
    info: 1 + symbols.filter(({ isGlobal }) => !isGlobal).length,
    entrySize: 24,
  });
  for (const { name } of [...all, { name: '.strtab' }]) texts.add(name);
  all.push({ name: '.strtab', type: STRTAB, data: texts.bytes });
  return laidOut(all, texts);
}

const STRTAB = 3;

function laidOut(all: readonly WrittenSection[], texts: Texts): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = HEADER;
  const headers = all.map(
    ({ name, data, type = SHT.progbits, flags = 0, link = 0, info = 0, entrySize = 0 }) => {
      const start = at;
      parts.push(data, new Uint8Array(-data.length & (ALIGNMENT - 1)));
      at += (data.length + ALIGNMENT - 1) & -ALIGNMENT;
      return row(64, (view) => {
        view.setUint32(0, texts.add(name), true);
        view.setUint32(4, type, true);
        view.setBigUint64(8, BigInt(flags), true);
        view.setBigUint64(24, BigInt(start), true);
        view.setBigUint64(32, BigInt(data.length), true);
        view.setUint32(40, link, true);
        view.setUint32(44, info, true);
        view.setBigUint64(48, BigInt(ALIGNMENT), true);
        view.setBigUint64(56, BigInt(entrySize), true);
      });
    },
  );
  const file = row(HEADER, (view) => {
    for (const [place, byte] of [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1].entries()) view.setUint8(place, byte);
    view.setUint16(16, 1, true); // ET_REL
    view.setUint16(18, 247, true); // EM_BPF
    view.setUint32(20, 1, true);
    view.setBigUint64(40, BigInt(at), true);
    view.setUint16(52, HEADER, true);
    view.setUint16(58, 64, true);
    view.setUint16(60, all.length + 1, true);
    view.setUint16(62, all.length, true);
  });
  return joined([file, ...parts, new Uint8Array(64), ...headers]);
}

function row(size: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  fill(new DataView(bytes.buffer));
  return bytes;
}
