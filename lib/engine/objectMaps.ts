/** The maps of an object, made: for programs to use, and for hosts to fill and read. */

import {
  type BpfMap,
  createMap,
  createProgramArray,
  elementsOf,
  type MapKind,
  type Memory,
  type Program,
  removeElement,
  setElementsOf,
  takeRecord,
  updateElement,
  valueAt,
} from '../ebpf/index.js';
import {
  type Btf,
  type MapDefinition,
  ObjectError,
  type ObjectMap,
  type ObjectMapType,
} from '../elf/index.js';
import type { MapInfo } from '../verify/index.js';
import { fieldsOf } from './objectTypes.js';
import { fieldAt, fromJson, type Json, MapValueError, toJson } from './objectValues.js';

/** How maps of each type are made here; others are refused by their names. */
const KIND_OF: Readonly<Partial<Record<ObjectMapType, MapKind>>> = {
  hash: 'hash',
  array: 'array',
  programArray: 'programArray',
  perfEventArray: 'perfEventArray',
  perCpuHash: 'perCpuHash',
  perCpuArray: 'perCpuArray',
  lruHash: 'lruHash',
  lruPerCpuHash: 'lruPerCpuHash',
  lpmTrie: 'lpmTrie',
  deviceMap: 'deviceMap',
  deviceHash: 'deviceHash',
  cpuMap: 'cpuMap',
  xdpSocketMap: 'xdpSocketMap',
  queue: 'queue',
  stack: 'stack',
  ringBuffer: 'ringBuffer',
  bloomFilter: 'bloomFilter',
  arrayOfMaps: 'mapInMap',
  hashOfMaps: 'mapInMap',
  // One value, of the one cgroup there is.
  cgroupStorage: 'array',
  perCpuCgroupStorage: 'array',
};
const STORAGES: ReadonlySet<ObjectMapType> = new Set(['cgroupStorage', 'perCpuCgroupStorage']);
/** Whether a loader has to set its size. */
export const lacksSize = ({ type, maxEntries }: ObjectMap): boolean =>
  KIND_OF[type] !== undefined && maxEntries === 0 && type !== 'perfEventArray' && !STORAGES.has(type);

/** Bytes of a perf event array's keys and values, whatever the object says. */
const WORD = 4;

/** A map of a loaded object. Keys and values are bytes as C has them, little-endian. */
export class LoadedMap {
  readonly name: string;
  readonly definition: ObjectMap;
  /** What programs use; `undefined` for types that are not run here. */
  readonly map: BpfMap | undefined;
  private readonly types: Btf | undefined;
  private isFrozen = false;

  constructor(definition: ObjectMap, map: BpfMap | undefined, types: Btf | undefined) {
    this.name = definition.name;
    this.definition = definition;
    this.map = map;
    this.types = types;
  }

  /** A program has been verified with what is in a map of constants: that stays. */
  freeze(): void {
    this.isFrozen = this.definition.readOnly;
  }

  /** The value, as a view that programs write to; `undefined` where there is none. */
  get(key: Uint8Array): Uint8Array | undefined {
    const value = this.map === undefined ? undefined : valueAt(this.map, this.sized(key, 'key'));
    return this.isFrozen ? value?.slice() : value;
  }

  /** @throws MapValueError where sizes differ, or the map takes no more. */
  set(key: Uint8Array, value: Uint8Array): void {
    const { map } = this;
    this.checkChangeable();
    const failed =
      map === undefined ? -1 : updateElement(map, this.sized(key, 'key'), this.sized(value, 'value'), 0);
    if (failed !== 0) throw new MapValueError(`map ${this.name}: cannot be set (${failed})`);
  }

  /** Whether there was one. */
  delete(key: Uint8Array): boolean {
    return this.map !== undefined && removeElement(this.map, this.sized(key, 'key')) === 0;
  }

  [Symbol.iterator](): Iterator<readonly [key: Uint8Array, value: Uint8Array]> {
    return this.map === undefined ? [][Symbol.iterator]() : elementsOf(this.map);
  }

  /** Takes the oldest record that programs put into a ring buffer or a perf event array. */
  takeRecord(): Uint8Array | undefined {
    return this.map !== undefined && 'records' in this.map ? takeRecord(this.map) : undefined;
  }

  /** An element that was read elsewhere, as {@link toJSON} has it; with values, where there is one for each processor. */
  elementAsJson(key: Uint8Array, values: readonly Uint8Array[]): Json {
    const { keyType, valueType, content, type } = this.definition;
    const [value, ...others] = values.map((bytes) => toJson(this.types, valueType, bytes));
    if (content !== undefined) return value!;
    const isArray = type === 'array' || type === 'perCpuArray';
    const named = isArray
      ? new DataView(key.buffer, key.byteOffset).getUint32(0, true)
      : toJson(this.types, keyType, key);
    return others.length === 0 ? { key: named, value: value! } : { key: named, values: [value!, ...others] };
  }

  /** Elements by the types of the object's BTF. */
  toJSON(): Json {
    const { keyType, valueType, valueSize, maxEntries, content } = this.definition;
    // Variables are one value, of a section.
    if (content !== undefined)
      return toJson(this.types, valueType, this.get(new Uint8Array(WORD)) ?? new Uint8Array(valueSize));
    const { map } = this;
    const isArray = map?.kind === 'array' || map?.kind === 'perCpuArray';
    const rows: Json[] = [];
    // Of long arrays what was set is of interest.
    for (const [key, value] of isArray && maxEntries > MOST_ZEROS ? setElementsOf(map) : this) {
      const index = isArray ? new DataView(key.buffer).getUint32(0, true) : undefined;
      rows.push({
        key: index ?? toJson(this.types, keyType, key),
        value: toJson(this.types, valueType, value),
      });
    }
    return rows;
  }

  /**
   * Sets elements: of a list of `{ key, value }`, as {@link toJSON} gives it, or of an object whose names are keys.
   *
   * @throws MapValueError
   */
  fill(json: Json): void {
    const { keyType, keySize, valueType, valueSize, content } = this.definition;
    this.checkChangeable();
    if (content !== undefined) {
      const bytes = this.get(new Uint8Array(WORD));
      if (bytes === undefined) return;
      bytes.set(fromJson(this.types, valueType, valueSize, json));
      return;
    }
    if (typeof json !== 'object' || json === null)
      throw new MapValueError(`map ${this.name}: a list of { key, value }, not ${JSON.stringify(json)}`);
    const rows = Array.isArray(json)
      ? json.map((row: Json): readonly [Json, Json] => {
          if (typeof row !== 'object' || row === null || !('key' in row) || !('value' in row))
            throw new MapValueError(`map ${this.name}: ${JSON.stringify(row)} has no key or no value`);
          return [row.key as Json, row.value as Json];
        })
      : Object.entries(json);
    for (const [key, value] of rows)
      this.set(
        fromJson(this.types, keyType, keySize, key),
        fromJson(this.types, valueType, valueSize, value),
      );
  }

  private checkChangeable(): void {
    if (this.isFrozen)
      throw new MapValueError(`map ${this.name}: constants cannot be changed once a program is loaded`);
  }

  private sized(bytes: Uint8Array, what: 'key' | 'value'): Uint8Array {
    const size = what === 'key' ? this.definition.keySize : this.definition.valueSize;
    if (bytes.length === size) return bytes;
    throw new MapValueError(`map ${this.name}: a ${what} has ${size} bytes, not ${bytes.length}`);
  }
}

/** Elements of an array that are listed although they are zero. */
const MOST_ZEROS = 16;

/** Maps of an object by handle, and why those that are not made are not. */
export interface MadeMaps {
  readonly byHandle: Map<number, BpfMap>;
  readonly loaded: readonly LoadedMap[];
}

/** @param programs - The object's programs by name, for what its arrays of programs begin with. */
export function makeMaps(
  maps: readonly ObjectMap[],
  types: Btf | undefined,
  memory: Memory,
  programs: ReadonlyMap<string, Program>,
): MadeMaps {
  const byHandle = new Map<number, BpfMap>();
  let total = 0;
  const loaded = maps.map((definition): LoadedMap => {
    const { valueSize, maxEntries, type } = definition;
    // What arrays take at once; other maps grow as they are filled.
    total +=
      type === 'array' || type === 'perCpuArray'
        ? valueSize * maxEntries
        : type === 'programArray'
          ? 8 * maxEntries
          : 0;
    if (total > MOST_BYTES) throw new ObjectError(`maps of more than ${MOST_BYTES} bytes`);
    const map = lacksSize(definition)
      ? undefined
      : orObjectError(() => makeMap(definition, memory, programs));
    if (map !== undefined) byHandle.set(definition.handle, map);
    if (map !== undefined && definition.content !== undefined)
      valueAt(map, new Uint8Array(WORD))?.set(definition.content);
    return new LoadedMap(definition, map, types);
  });
  for (const { map, definition } of loaded)
    if (map?.kind === 'mapInMap')
      for (const { index, name } of definition.slots) {
        const inner = maps.find((one) => one.name === name);
        if (inner !== undefined) updateElement(map, word(index), word(inner.handle), 0);
      }
  return { byHandle, loaded };
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(WORD);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** Bytes that all arrays of an object may take. */
const MOST_BYTES = 2 ** 28;

/** Shapes that make no sense are the object's fault. */
function orObjectError<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new ObjectError(error.message);
    throw error;
  }
}

function makeMap(
  { type, name, keySize, valueSize, maxEntries, slots, readOnly }: ObjectMap,
  memory: Memory,
  programs: ReadonlyMap<string, Program>,
): BpfMap | undefined {
  const kind = KIND_OF[type];
  if (kind === undefined) return undefined;
  if (kind === 'programArray') {
    const array: (Program | undefined)[] = Array.from({ length: maxEntries });
    for (const slot of slots) array[slot.index] = programs.get(slot.name);
    return createProgramArray(name, array);
  }
  if (kind === 'perfEventArray')
    return createMap(kind, memory, { name, keySize: WORD, valueSize: WORD, maxEntries: maxEntries || 1 });
  if (kind === 'mapInMap')
    return createMap(kind, memory, { name, keySize: keySize || WORD, valueSize: WORD, maxEntries });
  if (STORAGES.has(type)) return createMap(kind, memory, { name, keySize: WORD, valueSize, maxEntries: 1 });
  return createMap(kind, memory, { name, keySize, valueSize, maxEntries, isReadOnly: readOnly });
}

const VERIFIED_KIND: Readonly<Partial<Record<ObjectMapType, MapInfo['kind']>>> = {
  ...KIND_OF,
  cgroupArray: 'cgroupArray',
  cgroupStorage: 'cgroupStorage',
  perCpuCgroupStorage: 'perCpuCgroupStorage',
  socketMap: 'socketMap',
  socketHash: 'socketMap',
  socketStorage: 'socketStorage',
};

const WRITE_ONLY_FOR_PROGRAMS = 0x100;

/** The one value of a map of variables, as it is now. */
export const contentOf = (map: BpfMap): Uint8Array | undefined =>
  map.kind === 'array' && map.maxEntries === 1 ? valueAt(map, new Uint8Array(WORD))?.slice() : undefined;

/** A map as the verifier sees it. */
export function mapInfo(
  map: MapDefinition & {
    readonly name?: string | undefined;
    readonly readOnly?: boolean;
    readonly content?: Uint8Array;
  },
  types: Btf | undefined,
): MapInfo {
  const {
    name,
    type,
    keySize,
    valueSize,
    maxEntries,
    flags,
    inner,
    readOnly = false,
    content,
    valueType,
  } = map;
  return {
    kind: VERIFIED_KIND[type] ?? 'other',
    keySize,
    valueSize,
    entries: maxEntries,
    writable: !readOnly,
    readable: (flags & WRITE_ONLY_FOR_PROGRAMS) === 0,
    ...(readOnly && content !== undefined ? { contents: content } : {}),
    ...(inner === undefined ? {} : { inner: mapInfo(inner, types) }),
    ...fieldsOf(types, map),
    name,
    ...(types === undefined || valueType === 0
      ? {}
      : { fieldAt: (offset: number) => fieldAt(types, valueType, offset) }),
  };
}
