/**
 * Programs from sections: each with the functions that it calls behind it, in the order that libbpf puts them
 * (`bpf_object__reloc_code`), and every relocation applied. Linux `Documentation/bpf/llvm_reloc.rst`.
 */

import { kfuncNumber, opcodes, type Program, type Slot } from '../ebpf/index.js';
import type { BtfExtension } from './btfExtension.js';
import type { CoreTarget } from './core.js';
import { type ElfFile, isExecutable, type Relocation, type Section, STT, type Symbol_ } from './file.js';
import type { PlacedMap } from './maps.js';
import { ObjectError, type Reader } from './reader.js';

/** A function: so many slots of a section. */
export interface FunctionRange {
  readonly name: string;
  readonly section: Section;
  /** Slots. */
  readonly start: number;
  readonly end: number;
  readonly isGlobal: boolean;
}

/** A function in a program. */
export interface Piece {
  readonly range: FunctionRange;
  /** Its first slot in the program. */
  readonly at: number;
}

export interface Linked {
  readonly program: Program;
  readonly pieces: readonly Piece[];
  /** What the program asks for and the object, or whoever loads it, does not have: by name. */
  readonly missing: readonly string[];
}

const SLOT = 8;
const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const CALL = opcodes.JMP | opcodes.CALL;
const { PSEUDO, CALL_SOURCE } = opcodes;
/** `R_BPF_64_64` and `R_BPF_64_32`; others are of data, and say what the data says already. */
const TO_ADDRESS = 1;
const TO_FUNCTION = 10;
/** As many as the kernel's verifier takes, and twice as many functions as it does. */
const MOST_SLOTS = 1_000_000;
const MOST_FUNCTIONS = 512;

/** Slots of a section. Big-endian objects have the registers' halves the other way round. */
export function readSlots(data: Reader): Slot[] {
  if (data.length % SLOT !== 0) data.fail(data.length, 'a part of an instruction at its end');
  return Array.from({ length: data.length / SLOT }, (_, index): Slot => {
    const at = index * SLOT;
    const registers = data.u8(at + 1);
    const [low, high] = [registers & 0xf, registers >> 4];
    return {
      opcode: data.u8(at),
      dst: data.littleEndian ? low : high,
      src: data.littleEndian ? high : low,
      offset: data.i16(at + 2),
      imm: data.i32(at + 4),
    };
  });
}

/** The functions of a section: symbols say where they begin. */
export function functionsOf({ symbols }: ElfFile, section: Section): readonly FunctionRange[] {
  const inside = symbols.filter(
    ({ section: home, type, name }) => home === section.index && type !== STT.section && name !== '',
  );
  const typed = inside.filter(({ type }) => type === STT.func);
  // Older clang gives functions no type; labels are local.
  const chosen = typed.length > 0 ? typed : inside.filter(({ isGlobal }) => isGlobal);
  const starts = new Map<number, Symbol_>();
  for (const symbol of chosen) {
    if (symbol.value % SLOT !== 0 || symbol.value >= section.size)
      section.data.fail(0, `function ${symbol.name} begins at ${symbol.value}, where no instruction does`);
    starts.set(symbol.value, symbol);
  }
  const sorted = [...starts.values()].sort((a, b) => a.value - b.value);
  if (sorted.length === 0 && section.size > 0)
    return [{ name: section.name, section, start: 0, end: Math.floor(section.size / SLOT), isGlobal: true }];
  return sorted.map(({ name, value, size, isGlobal }, index) => {
    const limit = sorted[index + 1]?.value ?? section.size;
    const end = size === 0 ? limit : Math.min(limit, value + size);
    return { name, section, start: value / SLOT, end: Math.floor(end / SLOT), isGlobal };
  });
}

interface Code {
  readonly slots: readonly Slot[];
  readonly functions: ReadonlyMap<number, FunctionRange>;
  readonly relocations: ReadonlyMap<number, Relocation>;
}

/** What programs are linked from. */
export interface LinkParts {
  readonly file: ElfFile;
  readonly placed: readonly PlacedMap[];
  /** Places of values that whoever loads the object gives, by name: map and offset. */
  readonly externs: ReadonlyMap<string, { readonly handle: number; readonly offset: number }>;
  readonly extension: BtfExtension;
  readonly core: CoreTarget;
}

/** Links programs of one object. */
export class Linker {
  private readonly code = new Map<number, Code>();
  private readonly byPlace = new Map<string, number>();
  private total = 0;

  private readonly parts: LinkParts;

  constructor(parts: LinkParts) {
    const { file, placed } = parts;
    this.parts = parts;
    for (const { section, offset, map } of placed) this.byPlace.set(`${section} ${offset}`, map.handle);
    for (const section of file.sections) {
      if (!isExecutable(section)) continue;
      this.code.set(section.index, {
        slots: readSlots(section.data),
        functions: new Map(functionsOf(file, section).map((range) => [range.start, range])),
        relocations: new Map(
          (file.relocations.get(section.index) ?? []).map((relocation) => [relocation.offset, relocation]),
        ),
      });
    }
  }

  functionsIn(section: Section): readonly FunctionRange[] {
    return [...(this.code.get(section.index)?.functions.values() ?? [])];
  }

  /** @throws ObjectError */
  link(entry: FunctionRange): Linked {
    const program: Slot[] = [];
    const pieces: Piece[] = [];
    const missing = new Set<string>();
    const starts = new Map<FunctionRange, number>();
    const add = (range: FunctionRange): number => {
      const at = program.length;
      starts.set(range, at);
      pieces.push({ range, at });
      const length = range.end - range.start;
      this.total += length;
      if (this.total > MOST_SLOTS || pieces.length > MOST_FUNCTIONS)
        range.section.data.fail(
          range.start * SLOT,
          'programs that call more functions than Linux would take',
        );
      const { slots, relocations } = this.code.get(range.section.index)!;
      for (let index = range.start; index < range.end; index++) program.push(slots[index]!);
      this.parts.core.apply(
        program,
        at,
        (this.parts.extension.core.get(range.section.name) ?? []).filter(
          ({ offset }) => offset >= range.start * SLOT && offset < range.end * SLOT,
        ),
        range.start * SLOT,
        missing,
      );
      for (let index = 0; index < length; index++) {
        const relocation = relocations.get((range.start + index) * SLOT);
        const place = at + index;
        const slot = program[place]!;
        const target = (to: FunctionRange): number => (starts.get(to) ?? add(to)) - place - 1;
        if (slot.opcode === CALL && slot.src === CALL_SOURCE.local)
          program[place] = this.call(slot, range, index, relocation, target, missing);
        else if (slot.opcode === WIDE && relocation?.type === TO_ADDRESS)
          this.address(program, place, range, relocation, target, missing);
        else if (relocation?.type === TO_FUNCTION || relocation?.type === TO_ADDRESS)
          range.section.data.fail(
            relocation.offset,
            `a relocation of an instruction that has no room for it`,
          );
      }
      return at;
    };
    add(entry);
    return { program, pieces, missing: [...missing] };
  }

  private call(
    slot: Slot,
    range: FunctionRange,
    index: number,
    relocation: Relocation | undefined,
    target: (to: FunctionRange) => number,
    missing: Set<string>,
  ): Slot {
    if (relocation === undefined)
      return { ...slot, imm: target(this.functionAt(range.section, range.start + index + slot.imm + 1)) };
    const { symbol } = relocation;
    if (symbol.section === 0) {
      missing.add(`kernel function ${symbol.name}`);
      return { ...slot, src: CALL_SOURCE.kfunc, imm: kfuncNumber(symbol.name) };
    }
    const home =
      this.parts.file.sections[symbol.section] ??
      range.section.data.fail(index * SLOT, `${symbol.name} is in no section`);
    return { ...slot, imm: target(this.functionAt(home, symbol.value / SLOT + slot.imm + 1)) };
  }

  private address(
    program: Slot[],
    place: number,
    range: FunctionRange,
    { symbol, offset }: Relocation,
    target: (to: FunctionRange) => number,
    missing: Set<string>,
  ): void {
    const slot = program[place]!;
    const set = (src: number, imm: number, high = 0): void => {
      program[place] = { ...slot, src, imm };
      if (program[place + 1] === undefined)
        range.section.data.fail(offset, 'a wide immediate without its end');
      program[place + 1] = { ...program[place + 1]!, imm: high };
    };
    if (symbol.section === 0) {
      const extern = this.parts.externs.get(symbol.name);
      if (extern !== undefined) set(PSEUDO.mapValue, extern.handle, extern.offset);
      else missing.add(`the value of ${symbol.name}`);
      return;
    }
    const home = this.parts.file.sections[symbol.section];
    if (home !== undefined && this.code.has(home.index)) {
      set(PSEUDO.func, target(this.functionAt(home, (symbol.value + slot.imm) / SLOT)));
      return;
    }
    const at = symbol.value + slot.imm;
    const map = this.byPlace.get(`${symbol.section} ${at}`);
    const isOfMaps = home?.name === '.maps' || home?.name === 'maps';
    if (map !== undefined && isOfMaps) set(PSEUDO.mapFd, map);
    else {
      const values = this.parts.placed.find(({ section }) => section === symbol.section);
      if (values === undefined || isOfMaps)
        throw new ObjectError(
          `section ${range.section.name}: ${symbol.name} is no map, variable or function`,
          range.section.data.start + offset,
        );
      set(PSEUDO.mapValue, values.map.handle, at);
    }
  }

  private functionAt(section: Section, start: number): FunctionRange {
    const found = this.code.get(section.index)?.functions.get(start);
    return found ?? section.data.fail(0, `a call to instruction ${start}, where no function begins`);
  }
}
