/**
 * Maps: what a program keeps from packet to packet, and what it hands to others. Values lie in a memory region, so
 * that a program can point at them. There is one processor, so that maps of values by processor have one of each.
 *
 * Semantics: Linux `kernel/bpf/arraymap.c`, `hashtab.c`, `lpm_trie.c`, `queue_stack_maps.c`, `bloom_filter.c`,
 * `ringbuf.c`, `devmap.c`.
 */

import type { Program } from './instruction.js';
import type {
  ArrayMap,
  BpfMap,
  HashMap,
  KeyedKind,
  MapInMap,
  MapKind,
  MapShape,
  OutputMap,
  ProgramArray,
  SequenceMap,
} from './mapTypes.js';
import { aim, type Memory } from './memory.js';
import { createOutput } from './rings.js';

/** Bytes of values that one map may hold. */
const MAX_MAP_BYTES = 1 << 28;
/** Places a hash table makes room for at first. */
const FIRST_PLACES = 64;
const PREFIX_LENGTH = 4;

const ENOENT = 2;
const E2BIG = 7;
const EEXIST = 17;
const EINVAL = 22;
const ENOSPC = 28;
const EOPNOTSUPP = 95;

/** Flags of an update: only a new key, only a known one; of a push: the oldest one makes room. */
const NO_EXIST = 1;
const EXIST = 2;

const KEYLESS: ReadonlySet<MapKind> = new Set(['queue', 'stack', 'bloomFilter', 'ringBuffer']);
const LEAST_RECENT: ReadonlySet<MapKind> = new Set(['lruHash', 'lruPerCpuHash']);
/** Keyed by a 32-bit index below the number of elements, set by the host. */
const INDEXED: ReadonlySet<MapKind> = new Set(['deviceMap', 'cpuMap', 'xdpSocketMap']);

/** @throws RangeError when the values would take more than 256 MiB, or a size makes no sense. */
export function createMap(kind: 'array' | 'perCpuArray', memory: Memory, shape: MapShape): ArrayMap;
export function createMap(kind: KeyedKind, memory: Memory, shape: MapShape): HashMap;
export function createMap(kind: 'array' | 'hash', memory: Memory, shape: MapShape): ArrayMap | HashMap;
export function createMap(kind: SequenceMap['kind'], memory: Memory, shape: MapShape): SequenceMap;
export function createMap(kind: OutputMap['kind'], memory: Memory, shape: MapShape): OutputMap;
export function createMap(kind: 'mapInMap', memory: Memory, shape: MapShape): MapInMap;
export function createMap(kind: Exclude<MapKind, 'programArray'>, memory: Memory, shape: MapShape): BpfMap;
export function createMap(kind: Exclude<MapKind, 'programArray'>, memory: Memory, shape: MapShape): BpfMap {
  checkShape(kind, shape);
  switch (kind) {
    case 'queue':
    case 'stack':
    case 'bloomFilter':
      return { kind, ...shape, items: [] };
    case 'ringBuffer':
    case 'perfEventArray':
      return createOutput(kind, memory, shape);
    case 'mapInMap':
      return { kind, ...shape, handles: new Map() };
  }
  const { name, keySize, valueSize, maxEntries } = shape;
  const stride = (valueSize + 7) & ~7;
  const room = stride * maxEntries;
  if (room > MAX_MAP_BYTES) throw new RangeError(`map ${name}: ${room} bytes are more than a map may hold`);
  const hasAll = kind === 'array' || kind === 'perCpuArray';
  const first = hasAll ? room : stride * Math.min(maxEntries, FIRST_PLACES);
  const values = memory.add(`values of map ${name}`, new Uint8Array(first), { writable: true, room });
  if (hasAll) return { kind, ...shape, values, stride };
  const prefixes = new Uint32Array(kind === 'lpmTrie' ? 8 * (keySize - PREFIX_LENGTH) + 1 : 0);
  return { kind, ...shape, values, stride, places: new Map(), free: [], prefixes };
}

function checkShape(kind: MapKind, { name, keySize, valueSize, maxEntries }: MapShape): void {
  const indexed = kind === 'array' || kind === 'perCpuArray' || INDEXED.has(kind);
  const hasKeys = KEYLESS.has(kind) ? keySize === 0 : keySize >= 1 && (!indexed || keySize === 4);
  const hasValues = kind === 'ringBuffer' ? valueSize === 0 : valueSize >= 1;
  if (!hasKeys || !hasValues || maxEntries < 1)
    throw new RangeError(`map ${name}: no ${kind} has keys of ${keySize} and values of ${valueSize} bytes`);
  if (kind === 'lpmTrie' && keySize <= PREFIX_LENGTH)
    throw new RangeError(`map ${name}: keys of a trie begin with 4 bytes that hold the prefix's length`);
}

/** An array of programs for tail calls. */
export const createProgramArray = (
  name: string,
  programs: readonly (Program | undefined)[],
): ProgramArray => ({
  kind: 'programArray',
  name,
  keySize: 4,
  valueSize: 4,
  maxEntries: programs.length,
  programs: [...programs],
});

const indexOf = (key: Uint8Array): number =>
  (key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24)) >>> 0;
const textOf = (key: Uint8Array): string => String.fromCharCode(...key);

/** The text of a trie's prefix: its length, and its bits with those behind them cleared. */
function prefixOf(key: Uint8Array, length: number): string {
  const bits = key.slice(PREFIX_LENGTH);
  for (let at = 0; at < bits.length; at++) {
    const kept = Math.max(0, Math.min(8, length - 8 * at));
    bits[at]! &= 0xff00 >> kept;
  }
  return `${length} ${textOf(bits)}`;
}

const longestPrefix = ({ keySize }: HashMap): number => 8 * (keySize - PREFIX_LENGTH);

function findPrefix(map: HashMap, key: Uint8Array): number | undefined {
  const longest = indexOf(key);
  if (longest > longestPrefix(map)) return undefined;
  for (let length = longest; length >= 0; length--) {
    if (map.prefixes[length] === 0) continue;
    const place = map.places.get(prefixOf(key, length));
    if (place !== undefined) return place;
  }
  return undefined;
}

const keyOf = (map: HashMap, key: Uint8Array): string =>
  map.kind === 'lpmTrie' ? prefixOf(key, indexOf(key)) : textOf(key);

const isArray = (map: ArrayMap | HashMap): map is ArrayMap =>
  map.kind === 'array' || map.kind === 'perCpuArray';

function placeOf(map: ArrayMap | HashMap, key: Uint8Array): number | undefined {
  if (isArray(map)) {
    const index = indexOf(key);
    return index < map.maxEntries ? index : undefined;
  }
  if (map.kind === 'lpmTrie') return findPrefix(map, key);
  const text = textOf(key);
  const place = map.places.get(text);
  if (place !== undefined && LEAST_RECENT.has(map.kind)) {
    map.places.delete(text);
    map.places.set(text, place);
  }
  return place;
}

/** Address of the value, or handle of the map; 0 when there is none. */
export function lookupElement(map: BpfMap, key: Uint8Array): number {
  if (map.kind === 'mapInMap') return map.handles.get(textOf(key)) ?? 0;
  if (!('values' in map)) return 0;
  const place = placeOf(map, key);
  return place === undefined ? 0 : map.values.base + place * map.stride;
}

/** The value itself, for hosts: what is written to it the program sees. `undefined` when there is none. */
export function valueAt(map: BpfMap, key: Uint8Array): Uint8Array | undefined {
  const place = 'values' in map ? placeOf(map, key) : undefined;
  if (!('values' in map) || place === undefined) return undefined;
  const at = map.values.start + place * map.stride;
  return map.values.bytes.subarray(at, at + map.valueSize);
}

/** 0, or an error number negated. */
export function updateElement(map: BpfMap, key: Uint8Array, value: Uint8Array, flags: number): number {
  if (map.kind === 'mapInMap') {
    map.handles.set(textOf(key), indexOf(value));
    return 0;
  }
  if (!('values' in map)) return -EINVAL;
  const place = isArray(map) ? (placeOf(map, key) ?? -E2BIG) : placeToSet(map, key, flags);
  if (place < 0) return place;
  if (isArray(map) && flags === NO_EXIST) return -EEXIST;
  map.values.bytes.set(value, map.values.start + place * map.stride);
  return 0;
}

/** The place of a key, old or new, or an error number negated. */
function placeToSet(map: HashMap, key: Uint8Array, flags: number): number {
  if (map.kind === 'lpmTrie' && indexOf(key) > longestPrefix(map)) return -EINVAL;
  if (INDEXED.has(map.kind) && indexOf(key) >= map.maxEntries) return -E2BIG;
  const place = map.places.get(keyOf(map, key));
  if (place === undefined) return flags === EXIST ? -ENOENT : makePlace(map, key);
  if (flags === NO_EXIST) return -EEXIST;
  if (LEAST_RECENT.has(map.kind)) placeOf(map, key);
  return place;
}

/** A place for a new key, or an error number negated. */
function makePlace(map: HashMap, key: Uint8Array): number {
  if (map.places.size >= map.maxEntries) {
    if (!LEAST_RECENT.has(map.kind)) return map.kind === 'lpmTrie' ? -ENOSPC : -E2BIG;
    const [oldest, place] = map.places.entries().next().value!;
    map.places.delete(oldest);
    map.free.push(place);
  }
  const place = map.free.pop() ?? map.places.size;
  makeRoom(map, place);
  map.places.set(keyOf(map, key), place);
  if (map.kind === 'lpmTrie') map.prefixes[indexOf(key)]!++;
  return place;
}

/** 0, or an error number negated. */
export function removeElement(map: BpfMap, key: Uint8Array): number {
  if (map.kind === 'mapInMap') return map.handles.delete(textOf(key)) ? 0 : -ENOENT;
  if (!('places' in map)) return -EINVAL;
  if (map.kind === 'lpmTrie' && indexOf(key) > longestPrefix(map)) return -EINVAL;
  const text = keyOf(map, key);
  const place = map.places.get(text);
  if (place === undefined) return -ENOENT;
  map.places.delete(text);
  if (map.kind === 'lpmTrie') map.prefixes[indexOf(key)]!--;
  map.free.push(place);
  return 0;
}

/** `map_push_elem`: 0, or an error number negated. */
export function pushElement(map: BpfMap, value: Uint8Array, flags: number): number {
  if (!('items' in map)) return -EINVAL;
  if (map.kind === 'bloomFilter') {
    if (flags !== 0) return -EINVAL;
  } else {
    if (flags !== 0 && flags !== EXIST) return -EINVAL;
    if (map.items.length >= map.maxEntries) {
      if (flags !== EXIST) return -E2BIG;
      map.items.shift();
    }
  }
  map.items.push(value.slice());
  return 0;
}

/** `map_pop_elem` and `map_peek_elem`: fills `value`; 0, or an error number negated. */
export function takeElement(map: BpfMap, value: Uint8Array, removes: boolean): number {
  if (!('items' in map)) return -EINVAL;
  const { items, kind } = map;
  if (kind === 'bloomFilter') {
    if (removes) return -EOPNOTSUPP;
    return items.some((item) => item.every((byte, at) => byte === value[at])) ? 0 : -ENOENT;
  }
  const item = kind === 'queue' ? items[0] : items.at(-1);
  if (item === undefined) {
    value.fill(0);
    return -ENOENT;
  }
  value.set(item);
  if (removes) {
    if (kind === 'queue') items.shift();
    else items.pop();
  }
  return 0;
}

function makeRoom({ values, stride, maxEntries }: HashMap, place: number): void {
  if ((place + 1) * stride <= values.length) return;
  const bytes = new Uint8Array(Math.min(maxEntries, place * 2) * stride);
  bytes.set(values.bytes);
  aim(values, bytes, 0, bytes.length);
}
