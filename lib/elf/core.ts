/**
 * CO-RE: instructions that depend on how the kernel lays out its types, adapted to the types of the kernel at hand.
 * Linux `tools/lib/bpf/relo_core.c`, `Documentation/bpf/llvm_reloc.rst`.
 */

import { opcodes, type Slot } from '../ebpf/index.js';
import type { Btf, BtfType, Member } from './btf.js';
import type { CoreRecord } from './btfExtension.js';
import { ObjectError } from './reader.js';

/** `enum bpf_core_relo_kind`, in the order of its numbers. */
// biome-ignore format: a list
const KINDS = [
  'byteOffset', 'byteSize', 'exists', 'signed', 'leftShift', 'rightShift', 'localType', 'targetType',
  'typeExists', 'typeSize', 'valueExists', 'value', 'typeMatches',
] as const;
type Kind = (typeof KINDS)[number];

const SLOT = 8;
const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const BITS_OF_BYTE = 8;

/** A place in a type. */
interface Place {
  readonly bitOffset: number;
  /** Type of what is there. */
  readonly type: number;
  readonly bits: number;
}

interface Access {
  readonly name: string | undefined;
  readonly index: number;
}

/** What the object was compiled for, and the types of the kernel that it is to run on. */
export class CoreTarget {
  private readonly local: Btf | undefined;
  private readonly target: Btf | 'compiled' | undefined;

  /** @param target - `compiled`: as if the kernel had the types that the compiler saw. */
  constructor(local: Btf | undefined, target: Btf | 'compiled' | undefined) {
    this.local = local;
    this.target = target;
  }

  /** Adapts the instructions of a function that lies at `at`; what is not known is named in `missing`. */
  apply(
    program: Slot[],
    at: number,
    records: readonly CoreRecord[],
    from: number,
    missing: Set<string>,
  ): void {
    const { local, target } = this;
    for (const record of records) {
      if (local === undefined) throw new ObjectError('CO-RE relocations, and the object has no BTF');
      const name = local.type(record.type).name;
      if (target === undefined) {
        missing.add(`the kernel's types, for ${name === '' ? 'a type' : name}`);
        continue;
      }
      const kind = KINDS[record.kind];
      if (kind === undefined) throw new ObjectError(`CO-RE: there is no kind ${record.kind}`);
      const place = at + (record.offset - from) / SLOT;
      const known = target === 'compiled' ? local : target;
      const value = this.valueOf(kind, record, local, known);
      if (value === undefined) poison(program, place);
      else patch(program, place, value);
    }
  }

  /** `undefined`: the kernel has no such thing. */
  private valueOf(kind: Kind, record: CoreRecord, local: Btf, target: Btf): number | undefined {
    const text = local.text(record.access);
    const root = local.bare(record.type);
    const candidates = (): readonly BtfType[] =>
      target === local
        ? [root]
        : target
            .named(flavorless(local.type(record.type).name))
            .map((id) => target.bare(id))
            .filter((type) => type.kind === root.kind || (isEnum(type) && isEnum(root)));
    switch (kind) {
      case 'localType':
        return record.type;
      case 'targetType':
        return candidates()[0]?.id;
      case 'typeExists':
      case 'typeMatches':
        return candidates().length > 0 ? 1 : 0;
      case 'typeSize': {
        const [found] = candidates();
        return found === undefined ? undefined : target.sizeOf(found.id);
      }
      case 'valueExists':
      case 'value': {
        const name = root.values[Number(text)]?.name ?? '';
        const found = candidates()
          .flatMap(({ values }) => values)
          .find((value) => flavorless(value.name) === flavorless(name));
        if (kind === 'valueExists') return found === undefined ? 0 : 1;
        return found === undefined ? undefined : Number(BigInt.asIntN(32, found.value));
      }
      default:
        return fieldValue(kind, this.placeIn(candidates(), accessesOf(local, root, text), target), target);
    }
  }

  private placeIn(
    candidates: readonly BtfType[],
    accesses: readonly Access[],
    target: Btf,
  ): Place | undefined {
    for (const candidate of candidates) {
      const place = follow(target, candidate, accesses);
      if (place !== undefined) return place;
    }
    return undefined;
  }
}

const isEnum = ({ kind }: BtfType): boolean => kind === 'enum' || kind === 'enum64';
/** Names may end in `___` and whatever tells versions apart. */
const flavorless = (name: string): string => name.replace(/___.*$/, '');

/** What an access string names, through the types that the compiler saw. */
function accessesOf(btf: Btf, root: BtfType, text: string): readonly Access[] {
  const indexes = text.split(':').map(Number);
  if (indexes.some((index) => !Number.isInteger(index) || index < 0))
    throw new ObjectError(`CO-RE: no access '${text}'`);
  let type = root;
  const accesses: Access[] = [{ name: undefined, index: indexes[0]! }];
  for (const index of indexes.slice(1)) {
    if (type.kind === 'array') {
      accesses.push({ name: undefined, index });
      type = btf.bare(type.type);
      continue;
    }
    const member = type.members[index];
    if (member === undefined) throw new ObjectError(`CO-RE: ${type.name} has no member ${index}`);
    // Members without a name are looked through.
    if (member.name !== '') accesses.push({ name: member.name, index });
    type = btf.bare(member.type);
  }
  return accesses;
}

function follow(btf: Btf, root: BtfType, accesses: readonly Access[]): Place | undefined {
  let place: Place = {
    bitOffset: accesses[0]!.index * btf.sizeOf(root.id) * BITS_OF_BYTE,
    type: root.id,
    bits: 0,
  };
  for (const { name, index } of accesses.slice(1)) {
    const type = btf.bare(place.type);
    if (name === undefined) {
      if (type.kind !== 'array' || (index >= type.length && type.length > 0)) return undefined;
      const bitOffset = place.bitOffset + index * btf.sizeOf(type.type) * BITS_OF_BYTE;
      place = { bitOffset, type: type.type, bits: 0 };
      continue;
    }
    const found = memberOf(btf, type, name);
    if (found === undefined) return undefined;
    place = { bitOffset: place.bitOffset + found.bitOffset, type: found.type, bits: found.bits };
  }
  return place;
}

/** A member by name, in what has no name too. */
function memberOf(btf: Btf, type: BtfType, name: string, depth = 0): Member | undefined {
  if (depth > 16) return undefined;
  for (const member of type.members) {
    if (member.name === name) return member;
    if (member.name !== '') continue;
    const inside = memberOf(btf, btf.bare(member.type), name, depth + 1);
    if (inside !== undefined) return { ...inside, bitOffset: inside.bitOffset + member.bitOffset };
  }
  return undefined;
}

function fieldValue(kind: Kind, place: Place | undefined, btf: Btf): number | undefined {
  if (kind === 'exists') return place === undefined ? 0 : 1;
  if (place === undefined) return undefined;
  const type = btf.bare(place.type);
  const size = btf.sizeOf(place.type);
  // A bit field is read as the smallest aligned number that holds all of it.
  let bytes = size;
  let start = Math.floor(place.bitOffset / BITS_OF_BYTE);
  if (place.bits > 0) {
    start = Math.floor(place.bitOffset / BITS_OF_BYTE / bytes) * bytes;
    while (place.bitOffset + place.bits - start * BITS_OF_BYTE > bytes * BITS_OF_BYTE) {
      bytes *= 2;
      if (bytes > 8) throw new ObjectError('CO-RE: a bit field that no number holds');
      start = Math.floor(place.bitOffset / BITS_OF_BYTE / bytes) * bytes;
    }
  }
  const bits = place.bits || size * BITS_OF_BYTE;
  switch (kind) {
    case 'byteOffset':
      return start;
    case 'byteSize':
      return bytes;
    case 'signed':
      return type.isSigned ? 1 : 0;
    case 'leftShift':
      return 64 - (bits + place.bitOffset - start * BITS_OF_BYTE);
    default:
      return 64 - bits;
  }
}

/** Puts a value where the instruction has it: a constant, or the offset of a load or store. */
function patch(program: Slot[], place: number, value: number): void {
  const slot = program[place];
  if (slot === undefined) throw new ObjectError(`CO-RE: there is no instruction ${place}`);
  if (
    slot.opcode === WIDE ||
    opcodes.classOf(slot.opcode) === opcodes.ALU ||
    opcodes.classOf(slot.opcode) === opcodes.ALU64
  )
    program[place] = { ...slot, imm: value | 0 };
  else {
    if (value > 0x7fff) throw new ObjectError(`CO-RE: offset ${value} does not fit instruction ${place}`);
    program[place] = { ...slot, offset: value };
  }
}

/** `call 0xbad2310`, as libbpf leaves it: refused where it is reached, and harmless in code that is not. */
const UNKNOWN_FIELD = 0xbad2310;
function poison(program: Slot[], place: number): void {
  const call = { opcode: opcodes.JMP | opcodes.CALL, dst: 0, src: 0, offset: 0, imm: UNKNOWN_FIELD };
  const isWide = program[place]?.opcode === WIDE;
  program[place] = call;
  if (isWide && program[place + 1] !== undefined) program[place + 1] = call;
}
