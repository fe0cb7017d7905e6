/**
 * The container: ELF64 relocatable objects of the machine BPF, in both byte orders.
 * System V ABI, "Object Files"; Linux `Documentation/bpf/llvm_reloc.rst`.
 */

import { ObjectError, Reader } from './reader.js';

export interface Section {
  readonly index: number;
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  readonly flags: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  /** Empty for what has no bytes in the file. */
  readonly data: Reader;
}

export interface Symbol_ {
  readonly name: string;
  /** `STT_*`. */
  readonly type: number;
  readonly isGlobal: boolean;
  readonly isWeak: boolean;
  /** Index of its section; 0 for what is defined elsewhere. */
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

export interface Relocation {
  /** Where, in the section it is of. */
  readonly offset: number;
  /** `R_BPF_*`. */
  readonly type: number;
  readonly symbol: Symbol_;
}

export interface ElfFile {
  readonly littleEndian: boolean;
  readonly sections: readonly Section[];
  readonly symbols: readonly Symbol_[];
  /** By the index of the section they are of. */
  readonly relocations: ReadonlyMap<number, readonly Relocation[]>;
}

export const SHT = { null: 0, progbits: 1, symtab: 2, rela: 4, nobits: 8, rel: 9 } as const;
export const STT = { notype: 0, object: 1, func: 2, section: 3 } as const;
const SHF_EXECINSTR = 4;
const EM_BPF = 247;
const ET_REL = 1;
const HEADER = 64;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const REL = 16;
const RELA = 24;
const SHN_XINDEX = 0xffff;
/** Sections above are no places: `SHN_ABS`, `SHN_COMMON`. */
const SHN_LORESERVE = 0xff00;
const MAGIC = 0x7f454c46;
const LITTLE = 1;
const BIG = 2;
const CLASS_64 = 2;

/** Whether bytes begin as ELF files do. */
export const isElf = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) === MAGIC;

export const isExecutable = ({ flags, type }: Section): boolean =>
  type === SHT.progbits && (flags & SHF_EXECINSTR) !== 0;

/** @throws ObjectError */
export function readElf(bytes: Uint8Array): ElfFile {
  if (!isElf(bytes)) throw new ObjectError('no ELF object', 0);
  const order = bytes[5];
  if (bytes[4] !== CLASS_64 || (order !== LITTLE && order !== BIG))
    throw new ObjectError('an ELF file of another class than 64 bits', 4);
  const littleEndian = order === LITTLE;
  // Node's buffers slice otherwise.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const file = new Reader(plain, littleEndian, 'the ELF header');
  const machine = file.u16(18);
  if (machine !== EM_BPF) file.fail(18, `a file for machine ${machine}, not BPF (${EM_BPF})`);
  const type = file.u16(16);
  if (type !== ET_REL) file.fail(16, `an ELF file of type ${type}, not a relocatable object`);
  const sections = readSections(file);
  const table = sections.find((section) => section.type === SHT.symtab);
  const symbols = table === undefined ? [] : readSymbols(table, sections);
  return { littleEndian, sections, symbols, relocations: readRelocations(sections, symbols) };
}

function readSections(file: Reader): readonly Section[] {
  const at = file.u64(40);
  if (at < HEADER || file.u16(58) !== SECTION_HEADER) file.fail(40, 'no table of sections');
  const first = file.part(at, SECTION_HEADER, 'the first section');
  // Counts that do not fit their fields are in the first section's header.
  const count = file.u16(60) || first.u64(32);
  const names = file.u16(62) === SHN_XINDEX ? first.u32(40) : file.u16(62);
  const table = file.part(at, count * SECTION_HEADER, 'the table of sections');
  const nameSection = names < count ? names * SECTION_HEADER : table.fail(0, `no section ${names} has names`);
  const texts = file.part(table.u64(nameSection + 24), table.u64(nameSection + 32), 'the names of sections');
  let total = 0;
  return Array.from({ length: count }, (_, index): Section => {
    const header = index * SECTION_HEADER;
    const name = texts.text(table.u32(header));
    const type = table.u32(header + 4);
    const size = table.u64(header + 32);
    const isEmpty = type === SHT.nobits || type === SHT.null;
    total += isEmpty ? 0 : size;
    // None lies in another, so that what is read is not more than the file.
    if (total > file.length) table.fail(header, `section ${name}: more bytes than the file has`);
    const data = file.part(isEmpty ? 0 : table.u64(header + 24), isEmpty ? 0 : size, `section ${name}`);
    return {
      index,
      name,
      type,
      flags: table.u64(header + 8),
      size,
      link: table.u32(header + 40),
      info: table.u32(header + 44),
      data,
    };
  });
}

function readSymbols({ data, link }: Section, sections: readonly Section[]): readonly Symbol_[] {
  const texts = sections[link]?.data ?? data.fail(0, `no section ${link} has the names of symbols`);
  const extended = sections.find(({ name }) => name === '.symtab_shndx');
  return Array.from({ length: Math.floor(data.length / SYMBOL) }, (_, index): Symbol_ => {
    const at = index * SYMBOL;
    const info = data.u8(at + 4);
    const place = data.u16(at + 6);
    const section = place === SHN_XINDEX ? (extended?.data.u32(4 * index) ?? 0) : place;
    if (section >= sections.length && section < SHN_LORESERVE)
      data.fail(at + 6, `symbol ${index} is in section ${section}, and there are ${sections.length}`);
    const type = info & 0xf;
    const named = texts.text(data.u32(at));
    return {
      name: named === '' && type === STT.section ? (sections[section]?.name ?? '') : named,
      type,
      isGlobal: info >> 4 !== 0,
      isWeak: info >> 4 === 2,
      section,
      value: data.u64(at + 8),
      size: data.u64(at + 16),
    };
  });
}

function readRelocations(
  sections: readonly Section[],
  symbols: readonly Symbol_[],
): ReadonlyMap<number, readonly Relocation[]> {
  const all = new Map<number, Relocation[]>();
  for (const { type, data, info, name } of sections) {
    if (type !== SHT.rel && type !== SHT.rela) continue;
    const size = type === SHT.rel ? REL : RELA;
    const target = sections[info] ?? data.fail(0, `it is of section ${info}, which is not there`);
    const list = all.get(info) ?? [];
    for (let at = 0; at + size <= data.length; at += size) {
      const offset = data.u64(at);
      const which = data.u64(at + 8);
      const number = Math.floor(which / 2 ** 32);
      const symbol = symbols[number] ?? data.fail(at + 8, `no symbol ${number}`);
      if (offset + 4 > target.size) data.fail(at, `${name}: offset ${offset} is past the section's end`);
      // Addends of clang's objects lie in the instructions; an explicit one would move what it names.
      if (size === RELA && data.u64(at + 16) !== 0)
        data.fail(at + 16, 'a relocation with an addend of its own');
      list.push({ offset, type: which % 2 ** 32, symbol });
    }
    all.set(info, list);
  }
  return all;
}
