/**
 * BTF: types of C in few bytes. Types are decoded when they are asked for, because the kernel's own hold a hundred
 * thousand. Linux `Documentation/bpf/btf.rst`, `include/uapi/linux/btf.h`.
 */

import { ObjectError, Reader } from './reader.js';

export const BTF_MAGIC = 0xeb9f;

/** Kinds by number (`BTF_KIND_*`). */
// biome-ignore format: a list
export const KINDS = [
  'void', 'int', 'ptr', 'array', 'struct', 'union', 'enum', 'fwd', 'typedef', 'volatile', 'const',
  'restrict', 'func', 'funcProto', 'var', 'datasec', 'float', 'declTag', 'typeTag', 'enum64',
] as const;
export type BtfKind = (typeof KINDS)[number];

/** Bytes of each kind behind the common header: so many, and so many for each member. */
const MORE: Readonly<Partial<Record<BtfKind, readonly [fixed: number, each: number]>>> = {
  int: [4, 0],
  array: [12, 0],
  struct: [0, 12],
  union: [0, 12],
  enum: [0, 8],
  funcProto: [0, 8],
  var: [4, 0],
  datasec: [0, 12],
  declTag: [4, 0],
  enum64: [0, 12],
};

export interface Member {
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Bits of a bit field; 0 for others. */
  readonly bits: number;
}

export interface BtfType {
  readonly id: number;
  readonly kind: BtfKind;
  readonly name: string;
  /** Bytes of what has a size of its own. */
  readonly size: number;
  /** What it points to, qualifies, gives, or is an array of. */
  readonly type: number;
  readonly isSigned: boolean;
  /** Elements of an array. Of a tag: which member or parameter of its type it is on. */
  readonly length: number;
  /** Of a function: whether others see it (`BTF_FUNC_GLOBAL`). */
  readonly isGlobal: boolean;
  readonly members: readonly Member[];
  /** Names of an enumeration. */
  readonly values: readonly { readonly name: string; readonly value: bigint }[];
  /** Variables of a section. */
  readonly variables: readonly { readonly type: number; readonly offset: number; readonly size: number }[];
}

const VOID: BtfType = {
  id: 0,
  kind: 'void',
  name: 'void',
  size: 0,
  type: 0,
  isSigned: false,
  length: 0,
  isGlobal: false,
  members: [],
  values: [],
  variables: [],
};

const TRANSPARENT: ReadonlySet<BtfKind> = new Set(['typedef', 'volatile', 'const', 'restrict', 'typeTag']);
/** Types within types that are followed. */
const DEEPEST = 32;
const HEADER = 24;
const TYPE_HEADER = 12;
const POINTER = 8;

export class Btf {
  private readonly types: Reader;
  private readonly strings: Reader;
  /** Where each type begins. */
  private readonly places: readonly number[];
  private readonly decoded = new Map<number, BtfType>();

  /** @throws ObjectError */
  constructor(data: Reader) {
    if (data.u16(0) !== BTF_MAGIC) data.fail(0, 'no BTF');
    const header = data.u32(4);
    if (header < HEADER) data.fail(4, `a header of ${header} bytes`);
    this.types = data.part(header + data.u32(8), data.u32(12), 'types of BTF');
    this.strings = data.part(header + data.u32(16), data.u32(20), 'names of BTF');
    this.places = this.findTypes();
  }

  private findTypes(): readonly number[] {
    const { types } = this;
    const places = [0];
    for (let at = 0; at < types.length; ) {
      places.push(at);
      const info = types.u32(at + 4);
      const kind = KINDS[(info >>> 24) & 0x1f];
      if (kind === undefined || kind === 'void')
        return types.fail(at + 4, `no kind ${(info >>> 24) & 0x1f} of types`);
      const [fixed, each] = MORE[kind] ?? [0, 0];
      at += TYPE_HEADER + fixed + each * (info & 0xffff);
    }
    return places;
  }

  /** Types there are, the empty one among them: ids are below. */
  get count(): number {
    return this.places.length;
  }

  text(offset: number): string {
    return this.strings.text(offset);
  }

  /** @throws ObjectError where there is none. */
  type(id: number): BtfType {
    if (id === 0) return VOID;
    let type = this.decoded.get(id);
    if (type === undefined) {
      type = this.decode(id);
      this.decoded.set(id, type);
    }
    return type;
  }

  /** The type without names and qualifiers. */
  bare(id: number): BtfType {
    let type = this.type(id);
    for (let depth = 0; TRANSPARENT.has(type.kind); depth++) {
      if (depth > DEEPEST) throw new ObjectError(`BTF: type ${id} is made of itself`);
      type = this.type(type.type);
    }
    return type;
  }

  /** Bytes of a value. */
  sizeOf(id: number): number {
    let count = 1;
    let type = this.bare(id);
    for (let depth = 0; type.kind === 'array'; depth++) {
      if (depth > DEEPEST) throw new ObjectError(`BTF: type ${id} is made of itself`);
      count *= type.length;
      type = this.bare(type.type);
    }
    if (type.kind === 'var') return count * this.sizeOf(type.type);
    return count * (type.kind === 'ptr' ? POINTER : type.size);
  }

  /** Ids of the types of a name. */
  named(name: string): readonly number[] {
    const place = this.placeOfName(name);
    const found: number[] = [];
    if (place !== undefined)
      for (let id = 1; id < this.places.length; id++)
        if (this.types.u32(this.places[id]!) === place) found.push(id);
    return found;
  }

  /** Types by kind: sections of variables, functions. */
  ofKind(kind: BtfKind): readonly BtfType[] {
    const number = KINDS.indexOf(kind);
    const found: BtfType[] = [];
    for (let id = 1; id < this.places.length; id++)
      if (((this.types.u32(this.places[id]! + 4) >>> 24) & 0x1f) === number) found.push(this.type(id));
    return found;
  }

  /** Each name is there once. */
  private placeOfName(name: string): number | undefined {
    const wanted = new TextEncoder().encode(`\0${name}\0`);
    const { bytes } = this.strings;
    for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1))
      if (wanted.every((byte, index) => bytes[at + index] === byte)) return at + 1;
    return undefined;
  }

  private decode(id: number): BtfType {
    const at = this.places[id];
    const { types } = this;
    if (at === undefined) throw new ObjectError(`BTF: no type ${id}, there are ${this.places.length}`);
    const info = types.u32(at + 4);
    const kind = KINDS[(info >>> 24) & 0x1f]!;
    const count = info & 0xffff;
    const word = types.u32(at + 8);
    const more = at + TYPE_HEADER;
    const hasBits = info >>> 31 === 1;
    const base: BtfType = {
      ...VOID,
      id,
      kind,
      name: this.text(types.u32(at)),
      size: word,
      type: word,
      length: kind === 'declTag' ? types.u32(more) : 0,
    };
    const each = <Row>(size: number, make: (place: number) => Row): Row[] =>
      Array.from({ length: count }, (_, index) => make(more + size * index));
    switch (kind) {
      case 'int':
        return { ...base, isSigned: (types.u32(more) & 0x0100_0000) !== 0 };
      case 'func':
        return { ...base, isGlobal: count === 1 };
      case 'array':
        return { ...base, size: 0, type: types.u32(more), length: types.u32(more + 8) };
      case 'struct':
      case 'union':
      case 'funcProto':
        return {
          ...base,
          members: each(kind === 'funcProto' ? 8 : 12, (place): Member => {
            const offset = kind === 'funcProto' ? 0 : types.u32(place + 8);
            return {
              name: this.text(types.u32(place)),
              type: types.u32(place + 4),
              bitOffset: hasBits ? offset & 0xff_ffff : offset,
              bits: hasBits ? offset >>> 24 : 0,
            };
          }),
        };
      case 'enum':
      case 'enum64':
        return {
          ...base,
          isSigned: hasBits,
          values: each(kind === 'enum' ? 8 : 12, (place) => {
            const low = BigInt(types.u32(place + 4));
            const value = kind === 'enum' ? low : low | (BigInt(types.u32(place + 8)) << 32n);
            const name = this.text(types.u32(place));
            return { name, value: hasBits ? BigInt.asIntN(kind === 'enum' ? 32 : 64, value) : value };
          }),
        };
      case 'datasec':
        return {
          ...base,
          variables: each(12, (place) => ({
            type: types.u32(place),
            offset: types.u32(place + 4),
            size: types.u32(place + 8),
          })),
        };
      default:
        return base;
    }
  }
}

/** The types of a file of nothing but BTF, such as `/sys/kernel/btf/vmlinux`. @throws ObjectError */
export function readBtf(bytes: Uint8Array): Btf {
  const little = bytes[0] === (BTF_MAGIC & 0xff);
  return new Btf(new Reader(bytes, little, 'BTF'));
}
