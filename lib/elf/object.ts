/** Objects of clang: programs by their hooks, maps, types, and the lines of C that instructions come from. */

import type { Program } from '../ebpf/index.js';
import { Btf, type BtfType } from './btf.js';
import { NO_EXTENSION, readExtension, type SourceLine } from './btfExtension.js';
import { CoreTarget } from './core.js';
import { type ElfFile, isExecutable, readElf, type Section, SHT } from './file.js';
import { hookOfSection, type SectionHook } from './hooks.js';
import { type FunctionRange, Linker, type Piece } from './link.js';
import { mapOfVariables, type ObjectMap, readMaps } from './maps.js';
import { ObjectError } from './reader.js';

/** What reading an object takes besides its bytes. */
export interface ReadObjectOptions {
  /** The kernel's types, for CO-RE; `compiled` takes those that the compiler saw. Without, what needs them is refused. */
  readonly btf?: Btf | 'compiled';
  /** Values of `__kconfig` variables, by name. Without, what needs them is refused. */
  readonly kconfig?: Readonly<Record<string, number | bigint>> | undefined;
}

/** A program of an object, with the functions that it calls. */
export interface ObjectProgram {
  /** Name of its function in C. */
  readonly name: string;
  readonly section: string;
  /** `undefined` where the section's name says no hook that packets come to. */
  readonly hook: SectionHook | undefined;
  /** Wide immediates name maps by their handles. */
  readonly instructions: Program;
  /** What it asks for that is not there, in words; empty where it can be loaded. */
  readonly missing: readonly string[];
  /** Functions in it, the entry first: name, and the first slot. */
  readonly functions: readonly {
    readonly name: string;
    readonly start: number;
    /** Its type in the object's BTF; `undefined` where it has none. */
    readonly type?: BtfType | undefined;
  }[];
  /** The line of C that a slot comes from. */
  readonly lineOf: (slot: number) => SourceLine | undefined;
}

/** What an object holds. */
export interface BpfObject {
  readonly littleEndian: boolean;
  readonly license: string;
  readonly programs: readonly ObjectProgram[];
  readonly maps: readonly ObjectMap[];
  /** Types of the object. */
  readonly types: Btf | undefined;
}

const SLOT = 8;
const SUBPROGRAMS = '.text';

/**
 * Reads an object.
 *
 * @throws ObjectError, with the offset, where the bytes are no object of eBPF or lie about themselves.
 */
export function readObject(bytes: Uint8Array, options: ReadObjectOptions = {}): BpfObject {
  const file = readElf(bytes);
  const named = (name: string): Section | undefined =>
    file.sections.find((section) => section.name === name && section.type === SHT.progbits);
  const btfSection = named('.BTF');
  const types = btfSection === undefined ? undefined : new Btf(btfSection.data);
  const extensionSection = named('.BTF.ext');
  const extension =
    types === undefined || extensionSection === undefined
      ? NO_EXTENSION
      : readExtension(extensionSection.data, types);
  const placed = readMaps(file, types);
  const configured = kconfigMap(file, types, options.kconfig ?? {}, placed.length + 1);
  const linker = new Linker({
    file,
    placed,
    externs: configured?.places ?? new Map(),
    extension,
    core: new CoreTarget(types, options.btf),
  });
  const lineOf = (pieces: readonly Piece[], slot: number): SourceLine | undefined => {
    const piece = pieces.findLast(({ at }) => at <= slot);
    if (piece === undefined || types === undefined) return undefined;
    const { range, at } = piece;
    const offset = (range.start + slot - at) * SLOT;
    const record = extension.lines
      .get(range.section.name)
      // Line 0 is what the compiler has for code of no line.
      ?.findLast((one) => one.line > 0 && one.offset <= offset && one.offset >= range.start * SLOT);
    if (record === undefined) return undefined;
    const { line, column } = record;
    return { file: types.text(record.file), line, column, text: types.text(record.text) };
  };
  const programs = entriesOf(file, linker).map((entry): ObjectProgram => {
    const { program, pieces, missing } = linker.link(entry);
    return {
      name: entry.name,
      section: entry.section.name,
      hook: hookOfSection(entry.section.name),
      instructions: program,
      missing,
      functions: pieces.map(({ range, at }) => {
        const record = extension.functions
          .get(range.section.name)
          ?.find(({ offset }) => offset === range.start * SLOT);
        const type = record === undefined ? undefined : types?.type(record.type);
        return { name: range.name, start: at, type };
      }),
      lineOf: (slot) => lineOf(pieces, slot),
    };
  });
  const license = named('license')?.data;
  return {
    littleEndian: file.littleEndian,
    license: license === undefined || license.length === 0 ? '' : license.text(0),
    programs: assumeHook(programs),
    maps: [...placed.map(({ map }) => map), ...(configured === undefined ? [] : [configured.map])],
    types,
  };
}

/** Functions that are programs: all in sections of their own. */
function entriesOf(file: ElfFile, linker: Linker): readonly FunctionRange[] {
  const sections = file.sections.filter((section) => isExecutable(section) && section.size > 0);
  const own = sections.filter(({ name }) => name !== SUBPROGRAMS);
  // Static functions in a program's section are called, and no programs.
  return (own.length === 0 ? sections : own).flatMap((section) => {
    const functions = linker.functionsIn(section);
    const global = functions.filter(({ isGlobal }) => isGlobal);
    return global.length === 0 ? functions : global;
  });
}

/** Sections such as `2/1`, which iproute2 puts in arrays of programs, are of the one type that others are of. */
function assumeHook(programs: readonly ObjectProgram[]): readonly ObjectProgram[] {
  const types = new Set(programs.flatMap(({ hook }) => (hook === undefined ? [] : [hook.type])));
  const [only] = types;
  if (types.size !== 1 || only === undefined) return programs;
  return programs.map((program) =>
    program.hook === undefined && /^\w+\/\d+$/.test(program.section)
      ? { ...program, hook: { type: only } }
      : program,
  );
}

/** What `__kconfig` variables are read from: a map of values that whoever loads the object gives, in libbpf's order. */
function kconfigMap(
  { symbols }: ElfFile,
  types: Btf | undefined,
  values: Readonly<Record<string, number | bigint>>,
  handle: number,
):
  | { readonly map: ObjectMap; readonly places: ReadonlyMap<string, { handle: number; offset: number }> }
  | undefined {
  const section = types?.ofKind('datasec').find(({ name }) => name === '.kconfig');
  if (types === undefined || section === undefined) return undefined;
  const places = new Map<string, { handle: number; offset: number }>();
  const content: number[] = [];
  const weak = new Set(symbols.filter(({ isWeak }) => isWeak).map(({ name }) => name));
  const rows = section.variables.map((one) => {
    const { name, type } = types.type(one.type);
    const { kind, type: element } = types.bare(type);
    return { name, size: types.sizeOf(type), align: types.sizeOf(kind === 'array' ? element : type) };
  });
  rows.sort((a, b) => b.align - a.align || a.size - b.size || (a.name < b.name ? -1 : 1));
  for (const { name, size, align } of rows) {
    const value = values[name] ?? (weak.has(name) ? 0 : undefined);
    if (value === undefined) continue;
    if (size < 1 || size > 8) throw new ObjectError(`${name}: values of ${size} bytes are not given here`);
    while (content.length % align !== 0) content.push(0);
    places.set(name, { handle, offset: content.length });
    for (let byte = 0; byte < size; byte++)
      content.push(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * byte)) & 0xffn));
  }
  const map = { ...mapOfVariables('.kconfig', Uint8Array.from(content), true), handle };
  return content.length === 0 ? undefined : { map, places };
}
