/**
 * Maps: what a program keeps from packet to packet, and what it hands to others. Values lie in a memory region, so
 * that a program can point at them. There is one processor, so that maps of values by processor have one of each.
 *
 * Semantics: Linux `kernel/bpf/arraymap.c`, `hashtab.c`, `lpm_trie.c`, `queue_stack_maps.c`, `bloom_filter.c`,
 * `ringbuf.c`, `devmap.c`.
 */

import type { Program } from './instruction.js';
import { KeyTable } from './keyTable.js';
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
  const keys = new KeyTable(keySize, memory, maxEntries);
  const masks =
    kind === 'lpmTrie'
      ? memory.addInternal(`masks of map ${name}`, 4 * (1 + prefixes.length * keys.probe.length))
      : undefined;
  return { kind, ...shape, values, stride, keys, prefixes, lengths: [], masks };
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

const indexOf = (key: Uint8Array, at = 0): number =>
  (key[at]! | (key[at + 1]! << 8) | (key[at + 2]! << 16) | (key[at + 3]! << 24)) >>> 0;
const textOf = (key: Uint8Array): string => String.fromCharCode(...key);

const longestPrefix = ({ keySize }: HashMap): number => 8 * (keySize - PREFIX_LENGTH);

/** By how many of its bits are kept: a word whose bytes are in the order of memory, the bits of each from the highest on. */
const KEPT = Int32Array.from({ length: 33 }, (_, bits) =>
  [0, 1, 2, 3].reduce((mask, at) => mask | (((0xff00 >> clamp(bits - 8 * at)) & 0xff) << (8 * at)), 0),
);

function clamp(bits: number): number {
  return Math.max(0, Math.min(8, bits));
}

/** Gives the key that is looked for another length, which is no longer than the one before: bits behind it are cleared. */
function shorten(probe: Int32Array, length: number): void {
  probe[0] = length;
  for (
    let word = probe.length - 1, bits = length - 32 * (word - 1);
    word > 0 && bits < 32;
    word--, bits += 32
  )
    probe[word]! &= KEPT[Math.max(0, bits)]!;
}

/** The place of the longest prefix of the key that is looked for. */
function findPrefix(map: HashMap): number {
  const { keys, lengths } = map;
  const longest = keys.probe[0]! >>> 0;
  if (longest > longestPrefix(map)) return -1;
  for (let at = 0; at < lengths.length; at++) {
    const length = lengths[at]!;
    if (length > longest) continue;
    shorten(keys.probe, length);
    const place = keys.find();
    if (place >= 0) return place;
  }
  return -1;
}

/** Notes that there is one prefix more or less of a length. */
function countPrefix(map: HashMap, length: number, change: 1 | -1): void {
  const { prefixes, lengths } = map;
  prefixes[length]! += change;
  const isNew = change === 1 && prefixes[length] === 1;
  if (isNew) lengths.push(length);
  if (isNew) lengths.sort((a, b) => b - a);
  if (prefixes[length] === 0) lengths.splice(lengths.indexOf(length), 1);
  if (isNew || prefixes[length] === 0) map.masks!.bytes = masksFor(map.keys, lengths);
}

/** See {@link HashMap.masks}. */
function masksFor({ probe }: HashMap['keys'], lengths: readonly number[]): Uint8Array {
  const rows = lengths.flatMap((length) => {
    const row = new Int32Array(probe.length).fill(-1);
    shorten(row, length);
    return [...row];
  });
  return new Uint8Array(Int32Array.of(lengths.length, ...rows).buffer);
}

/** Has a key looked for: a trie's without the bits behind its prefix. */
function keyed(map: HashMap, key: Uint8Array): HashMap['keys'] {
  map.keys.load(key);
  if (map.kind === 'lpmTrie') shorten(map.keys.probe, map.keys.probe[0]!);
  return map.keys;
}

const isArray = (map: ArrayMap | HashMap): map is ArrayMap =>
  map.kind === 'array' || map.kind === 'perCpuArray';

/** The place of the value of the key at an index of `bytes`; -1 where there is none. */
function placeOf(map: ArrayMap | HashMap, bytes: Uint8Array, at = 0): number {
  if (isArray(map)) {
    const index = indexOf(bytes, at);
    return index < map.maxEntries ? index : -1;
  }
  map.keys.load(bytes, at);
  if (map.kind === 'lpmTrie') return findPrefix(map);
  const place = map.keys.find();
  if (place >= 0 && LEAST_RECENT.has(map.kind)) map.keys.use(place);
  return place;
}

/** Address of the value, or handle of the map, of the key at an index of `bytes`; 0 when there is none. */
export function lookupElement(map: BpfMap, bytes: Uint8Array, at = 0): number {
  if (map.kind === 'mapInMap') return map.handles.get(textOf(bytes.subarray(at, at + map.keySize))) ?? 0;
  if (!('values' in map)) return 0;
  const place = placeOf(map, bytes, at);
  return place < 0 ? 0 : map.values.base + place * map.stride;
}

/** The value itself, for hosts: what is written to it the program sees. `undefined` when there is none. */
export function valueAt(map: BpfMap, key: Uint8Array): Uint8Array | undefined {
  const place = 'values' in map ? placeOf(map, key) : -1;
  if (!('values' in map) || place < 0) return undefined;
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
  const place = isArray(map) ? placeOf(map, key) : placeToSet(map, key, flags);
  if (place < 0) return isArray(map) ? -E2BIG : place;
  if (isArray(map) && flags === NO_EXIST) return -EEXIST;
  map.values.bytes.set(value, map.values.start + place * map.stride);
  return 0;
}

/** The place of a key, old or new, or an error number negated. */
function placeToSet(map: HashMap, key: Uint8Array, flags: number): number {
  if (map.kind === 'lpmTrie' && indexOf(key) > longestPrefix(map)) return -EINVAL;
  if (INDEXED.has(map.kind) && indexOf(key) >= map.maxEntries) return -E2BIG;
  const place = keyed(map, key).find();
  if (place < 0) return flags === EXIST ? -ENOENT : makePlace(map, key);
  if (flags === NO_EXIST) return -EEXIST;
  if (LEAST_RECENT.has(map.kind)) map.keys.use(place);
  return place;
}

/** A place for a new key, or an error number negated. */
function makePlace(map: HashMap, key: Uint8Array): number {
  if (map.keys.size >= map.maxEntries) {
    if (!LEAST_RECENT.has(map.kind)) return map.kind === 'lpmTrie' ? -ENOSPC : -E2BIG;
    map.keys.removeOldest();
  }
  const place = keyed(map, key).add();
  makeRoom(map, place);
  if (map.kind === 'lpmTrie') countPrefix(map, indexOf(key), 1);
  return place;
}

/** 0, or an error number negated. */
export function removeElement(map: BpfMap, key: Uint8Array): number {
  if (map.kind === 'mapInMap') return map.handles.delete(textOf(key)) ? 0 : -ENOENT;
  if (!('keys' in map)) return -EINVAL;
  if (map.kind === 'lpmTrie' && indexOf(key) > longestPrefix(map)) return -EINVAL;
  if (keyed(map, key).remove() < 0) return -ENOENT;
  if (map.kind === 'lpmTrie') countPrefix(map, indexOf(key), -1);
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
