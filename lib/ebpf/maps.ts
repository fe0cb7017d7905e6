/**
 * Maps: what a program keeps from packet to packet. An array, a hash table, and the array of programs
 * that tail calls pick from. Values lie in a memory region, so that a program can point at them.
 *
 * Semantics: Linux `kernel/bpf/arraymap.c`, `hashtab.c`.
 */

import type { Program } from './instruction.js';
import { aim, type Memory, type Region } from './memory.js';

/** What a map is made for: its kind, its sizes in bytes, how many entries. */
export interface MapShape {
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

interface ValueMap extends MapShape {
  /** All values; each starts at a multiple of 8. */
  readonly values: Region;
  readonly stride: number;
}

/** Keys are 32-bit indexes; every element exists, zero at first. */
export interface ArrayMap extends ValueMap {
  readonly kind: 'array';
}

export interface HashMap extends ValueMap {
  readonly kind: 'hash';
  /** Place in `values` of each key, by the key's bytes as text. */
  readonly places: Map<string, number>;
  /** Places given back. */
  readonly free: number[];
}

export interface ProgramArray extends MapShape {
  readonly kind: 'programArray';
  readonly programs: (Program | undefined)[];
}

/** A map that programs may use. */
export type BpfMap = ArrayMap | HashMap | ProgramArray;

/** Bytes of values that one map may hold. */
const MAX_MAP_BYTES = 1 << 28;
/** Places a hash table makes room for at first. */
const FIRST_PLACES = 64;

const ENOENT = 2;
const E2BIG = 7;
const EEXIST = 17;
const EINVAL = 22;

/** Flags of an update: only a new key, only a known one. */
const NO_EXIST = 1;
const EXIST = 2;

/** @throws RangeError when the values would take more than 256 MiB, or a size makes no sense. */
export function createMap(kind: 'array' | 'hash', memory: Memory, shape: MapShape): ArrayMap | HashMap {
  const { name, keySize, valueSize, maxEntries } = shape;
  if (keySize < 1 || valueSize < 1 || maxEntries < 1 || (kind === 'array' && keySize !== 4))
    throw new RangeError(`map ${name}: no ${kind} has keys of ${keySize} and values of ${valueSize} bytes`);
  const stride = (valueSize + 7) & ~7;
  const room = stride * maxEntries;
  if (room > MAX_MAP_BYTES) throw new RangeError(`map ${name}: ${room} bytes are more than a map may hold`);
  const first = kind === 'array' ? room : stride * Math.min(maxEntries, FIRST_PLACES);
  const values = memory.add(`values of map ${name}`, new Uint8Array(first), { writable: true, room });
  if (kind === 'array') return { kind, ...shape, values, stride };
  return { kind, ...shape, values, stride, places: new Map(), free: [] };
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

function placeOf(map: ArrayMap | HashMap, key: Uint8Array): number | undefined {
  if (map.kind === 'hash') return map.places.get(textOf(key));
  const index = indexOf(key);
  return index < map.maxEntries ? index : undefined;
}

/** Address of the value, 0 when there is none. */
export function lookupElement(map: BpfMap, key: Uint8Array): number {
  if (map.kind === 'programArray') return 0;
  const place = placeOf(map, key);
  return place === undefined ? 0 : map.values.base + place * map.stride;
}

/** 0, or an error number negated. */
export function updateElement(map: BpfMap, key: Uint8Array, value: Uint8Array, flags: number): number {
  if (map.kind === 'programArray') return -EINVAL;
  let place = placeOf(map, key);
  if (map.kind === 'array') {
    if (place === undefined) return -E2BIG;
    if (flags === NO_EXIST) return -EEXIST;
  } else if (place !== undefined) {
    if (flags === NO_EXIST) return -EEXIST;
  } else {
    if (flags === EXIST) return -ENOENT;
    if (map.places.size >= map.maxEntries) return -E2BIG;
    place = map.free.pop() ?? map.places.size;
    makeRoom(map, place);
    map.places.set(textOf(key), place);
  }
  map.values.bytes.set(value, place! * map.stride);
  return 0;
}

/** 0, or an error number negated. */
export function removeElement(map: BpfMap, key: Uint8Array): number {
  if (map.kind !== 'hash') return -EINVAL;
  const place = map.places.get(textOf(key));
  if (place === undefined) return -ENOENT;
  map.places.delete(textOf(key));
  map.free.push(place);
  return 0;
}

function makeRoom({ values, stride, maxEntries }: HashMap, place: number): void {
  if ((place + 1) * stride <= values.length) return;
  const bytes = new Uint8Array(Math.min(maxEntries, place * 2) * stride);
  bytes.set(values.bytes);
  aim(values, bytes, 0, bytes.length);
}
