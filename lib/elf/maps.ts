/**
 * The maps that an object defines: by types in `.maps` (`__uint`, `__type`, `__array`), as records in the older `maps`,
 * and sections of variables, each an array of one value. libbpf `parse_btf_map_def`, `bpf_object__init_user_maps`,
 * iproute2 `struct bpf_elf_map`.
 */

import type { Btf, BtfType, Member } from './btf.js';
import type { ElfFile, Section } from './file.js';
import { SHT, STT } from './file.js';
import { ObjectError } from './reader.js';

/** Kinds by number (`BPF_MAP_TYPE_*`), named as `createMap` does where it has them. */
// biome-ignore format: a list
export const MAP_TYPES = [
  'unspecified', 'hash', 'array', 'programArray', 'perfEventArray', 'perCpuHash', 'perCpuArray',
  'stackTrace', 'cgroupArray', 'lruHash', 'lruPerCpuHash', 'lpmTrie', 'arrayOfMaps', 'hashOfMaps',
  'deviceMap', 'socketMap', 'cpuMap', 'xdpSocketMap', 'socketHash', 'cgroupStorage', 'reusePortArray',
  'perCpuCgroupStorage', 'queue', 'stack', 'socketStorage', 'deviceHash', 'structOps', 'ringBuffer',
  'inodeStorage', 'taskStorage', 'bloomFilter', 'userRingBuffer', 'taskGroupStorage', 'arena',
] as const;
export type ObjectMapType = (typeof MAP_TYPES)[number];

/** What a map is, without its place in the object. */
export interface MapDefinition {
  readonly type: ObjectMapType;
  readonly keySize: number;
  readonly valueSize: number;
  /** 0 where the loader sets it: events by processor. */
  readonly maxEntries: number;
  /** `BPF_F_*` of creation. */
  readonly flags: number;
  /** Types of keys and values in the object's BTF; 0 where they are not known. */
  readonly keyType: number;
  readonly valueType: number;
  /** Kept by name in the BPF file system, so that it outlives who made it. */
  readonly pinned: boolean;
  /** What maps in this map are like. */
  readonly inner?: MapDefinition | undefined;
}

/** A map that an object defines. */
export interface ObjectMap extends MapDefinition {
  readonly name: string;
  /** The number by which programs name it in wide immediates; from 1. */
  readonly handle: number;
  /** The value that it begins with, of variables. */
  readonly content?: Uint8Array;
  /** Programs cannot change it, and know what is in it. */
  readonly readOnly: boolean;
  /** What it begins with, of maps of maps and of programs: the name of each. */
  readonly slots: readonly { readonly index: number; readonly name: string }[];
}

/** A map, and where it stands in its section. */
export interface PlacedMap {
  readonly section: number;
  readonly offset: number;
  readonly map: ObjectMap;
}

const UNTYPED = { keyType: 0, valueType: 0, pinned: false, slots: [] } as const;
const READ_ONLY_FOR_PROGRAMS = 0x80;
const WORDS = { type: 0, keySize: 4, valueSize: 8, maxEntries: 12, flags: 16 } as const;
/** iproute2's records go on; maps within one tell their index, it tells their id. */
const MORE = { id: 20, pinning: 24, innerId: 28, innerIndex: 32 } as const;
const VARIABLES = /^\.(?:data|bss|rodata)(?:\.|$)/;

export function readMaps(file: ElfFile, btf: Btf | undefined): readonly PlacedMap[] {
  const placed: PlacedMap[] = [];
  const add = (section: number, offset: number, map: Omit<ObjectMap, 'handle'>): void =>
    void placed.push({ section, offset, map: { ...map, handle: placed.length + 1 } });
  for (const section of file.sections) {
    if (section.name === '.maps' && section.type === SHT.progbits) typedMaps(file, section, btf, add);
    else if (section.name === 'maps' && section.type === SHT.progbits) plainMaps(file, section, add);
  }
  for (const section of file.sections)
    if (VARIABLES.test(section.name) && section.size > 0) add(section.index, 0, variables(section, btf));
  return placed;
}

type Add = (section: number, offset: number, map: Omit<ObjectMap, 'handle'>) => void;

/** Bytes of variables that are read: more than any map may hold is refused here. */
const MOST_VARIABLES = 1 << 26;

function variables({ name, type, size, data }: Section, btf: Btf | undefined): Omit<ObjectMap, 'handle'> {
  if (size > MOST_VARIABLES)
    throw new ObjectError(`section ${name}: ${size} bytes are more than a map may hold`);
  const content = type === SHT.nobits ? new Uint8Array(size) : data.bytes.slice();
  const valueType = btf?.ofKind('datasec').find((one) => one.name === name)?.id ?? 0;
  return mapOfVariables(name, content, name.startsWith('.rodata'), valueType);
}

/** An array of one value: all variables of a section. */
export const mapOfVariables = (
  name: string,
  content: Uint8Array,
  readOnly: boolean,
  valueType = 0,
): Omit<ObjectMap, 'handle'> => ({
  name,
  type: 'array',
  keySize: 4,
  valueSize: content.length,
  maxEntries: 1,
  flags: readOnly ? READ_ONLY_FOR_PROGRAMS : 0,
  ...UNTYPED,
  valueType,
  content,
  readOnly,
});

const symbolsIn = ({ symbols }: ElfFile, { index }: Section) =>
  symbols.filter(({ section, type }) => section === index && type !== STT.section);

function plainMaps(file: ElfFile, section: Section, add: Add): void {
  const { data, index } = section;
  const own = symbolsIn(file, section).sort((a, b) => a.value - b.value);
  /** By their id. */
  const inside = new Map<number, { inner: MapDefinition; slots: { index: number; name: string }[] }>();
  const found = own.map(({ name, value }, place) => {
    const end = own[place + 1]?.value ?? data.length;
    const word = (at: number): number => (at + 4 <= end - value ? data.u32(value + at) : 0);
    const map: Omit<ObjectMap, 'handle'> = {
      name,
      type: typeOf(data.u32(value + WORDS.type), name),
      keySize: data.u32(value + WORDS.keySize),
      valueSize: data.u32(value + WORDS.valueSize),
      maxEntries: data.u32(value + WORDS.maxEntries),
      flags: word(WORDS.flags),
      ...UNTYPED,
      pinned: word(MORE.pinning) !== 0,
      readOnly: (word(WORDS.flags) & READ_ONLY_FOR_PROGRAMS) !== 0,
    };
    const [id, innerId] = [word(MORE.id), word(MORE.innerId)];
    if (!inside.has(id)) inside.set(id, { inner: map, slots: [] });
    inside.get(id)!.slots.push({ index: word(MORE.innerIndex), name });
    return () => add(index, value, innerId === 0 ? map : { ...map, ...inside.get(innerId) });
  });
  for (const addFound of found) addFound();
}

function typeOf(number: number, name: string): ObjectMapType {
  const type = MAP_TYPES[number];
  if (type === undefined || number === 0)
    throw new ObjectError(`map ${name}: there is no type ${number} of maps`);
  return type;
}

function typedMaps(file: ElfFile, section: Section, btf: Btf | undefined, add: Add): void {
  if (btf === undefined) section.data.fail(0, 'its maps are told by types, and the object has no BTF');
  const rows = btf.ofKind('datasec').find(({ name }) => name === section.name)?.variables ?? [];
  const places = new Map(symbolsIn(file, section).map(({ name, value }) => [name, value]));
  for (const { type } of rows) {
    const variable = btf.type(type);
    const place = places.get(variable.name);
    if (variable.kind !== 'var' || place === undefined)
      throw new ObjectError(`section .maps: no symbol for what BTF calls ${variable.name}`);
    const struct = btf.bare(variable.type);
    const definition = definitionOf(btf, struct, variable.name);
    const values = struct.members.find(({ name }) => name === 'values');
    add(section.index, place, {
      ...definition,
      name: variable.name,
      readOnly: (definition.flags & READ_ONLY_FOR_PROGRAMS) !== 0,
      slots: values === undefined ? [] : slotsOf(file, section, place + values.bitOffset / 8),
    });
  }
}

const POINTER = 8;

/** What the object puts in a map's places: relocations from `values` on. */
function slotsOf(file: ElfFile, section: Section, from: number): ObjectMap['slots'] {
  const behind = symbolsIn(file, section).filter(({ value }) => value > from);
  const end = Math.min(...behind.map(({ value }) => value), section.size);
  return (file.relocations.get(section.index) ?? [])
    .filter(({ offset }) => offset >= from && offset < end)
    .map(({ offset, symbol }) => ({ index: (offset - from) / POINTER, name: symbol.name }));
}

function definitionOf(btf: Btf, struct: BtfType, name: string, depth = 0): MapDefinition {
  if (struct.kind !== 'struct') throw new ObjectError(`map ${name}: BTF has a ${struct.kind}, not a struct`);
  if (depth > 1) throw new ObjectError(`map ${name}: maps in maps in maps`);
  const member = (wanted: string): Member | undefined =>
    struct.members.find((candidate) => candidate.name === wanted);
  /** `__uint(name, value)` is a pointer to an array of so many. */
  const number = (wanted: string): number => {
    const found = member(wanted);
    return found === undefined ? 0 : btf.bare(btf.bare(found.type).type).length;
  };
  /** `__type(name, type)` is a pointer to the type. */
  const typeIn = (wanted: string): number => {
    const found = member(wanted);
    return found === undefined ? 0 : btf.bare(found.type).type;
  };
  const [keyType, valueType] = [typeIn('key'), typeIn('value')];
  const type = typeOf(number('type'), name);
  const isOuter = type === 'arrayOfMaps' || type === 'hashOfMaps' || type === 'programArray';
  const values = member('values');
  const inner = values === undefined ? undefined : btf.bare(btf.bare(btf.bare(values.type).type).type);
  return {
    type,
    keySize: keyType === 0 ? number('key_size') || (isOuter ? 4 : 0) : btf.sizeOf(keyType),
    valueSize: valueType === 0 ? number('value_size') || (isOuter ? 4 : 0) : btf.sizeOf(valueType),
    maxEntries: number('max_entries'),
    flags: number('map_flags'),
    keyType,
    valueType,
    pinned: number('pinning') !== 0,
    ...(inner?.kind === 'struct' ? { inner: definitionOf(btf, inner, `${name}, inner`, depth + 1) } : {}),
  };
}
