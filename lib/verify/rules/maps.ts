/**
 * Which helpers may be used with which kinds of maps.
 * Linux `check_map_func_compatibility`, `get_constant_map_key`.
 */

import * as scalars from '../numbers/scalar.js';
import { EMPTY_SLOT } from '../state/state.js';
import type { MapInfo, MapKind, Value } from '../state/value.js';
import { WALKED } from './callbacks.js';
import type { Path } from './path.js';
import { frameOf, place, stackOffset } from './stack.js';

/** Kinds of maps that only these helpers may use. */
const HELPERS_OF: Readonly<Partial<Record<MapKind, readonly number[]>>> = {
  programArray: [12],
  perfEventArray: [22, 25, 55],
  cgroupArray: [33, 37],
  ringBuffer: [130, 131, 134, 198],
  deviceMap: [1, 51],
  deviceHash: [1, 51],
  cpuMap: [51],
  xdpSocketMap: [1, 51],
  mapInMap: [1],
  socketMap: [3],
  queue: [87, 88, 89],
  stack: [87, 88, 89],
  bloomFilter: [87, 89],
};

/** Helpers that may use only these kinds of maps. */
const MAPS_OF: ReadonlyMap<number, readonly MapKind[]> = new Map<number, readonly MapKind[]>([
  [12, ['programArray']],
  [22, ['perfEventArray']],
  [25, ['perfEventArray']],
  [55, ['perfEventArray']],
  [33, ['cgroupArray']],
  [37, ['cgroupArray']],
  [51, ['deviceMap', 'deviceHash', 'cpuMap', 'xdpSocketMap']],
  [87, ['queue', 'stack', 'bloomFilter']],
  [88, ['queue', 'stack']],
  [89, ['queue', 'stack', 'bloomFilter']],
  [130, ['ringBuffer']],
  [131, ['ringBuffer']],
  [164, WALKED],
  [134, ['ringBuffer']],
  [195, ['perCpuArray', 'perCpuHash', 'lruPerCpuHash']],
]);

/** Helpers that change what is in a map. */
const WRITES = new Set([2, 3, 87, 88]);
const KEY_SIZE = 4;

/** Whether programs may write values in place; what is kept of devices they may not. */
export const isWritable = (map: MapInfo | undefined): boolean =>
  map?.writable !== false && map?.kind !== 'deviceMap' && map?.kind !== 'deviceHash';

export function checkMapHelper(path: Path, helper: number, map: MapInfo): void {
  const helpers = HELPERS_OF[map.kind];
  const kinds = MAPS_OF.get(helper);
  if (
    (helpers !== undefined && !helpers.includes(helper)) ||
    (kinds !== undefined && !kinds.includes(map.kind))
  )
    path.reject('bad-argument', `helper ${helper} cannot be used with a map of kind ${map.kind}`);
  // Programs of cgroups may not touch them.
  if (map.kind === 'socketMap' && path.rules.letter === 'C')
    path.reject('bad-argument', 'maps of sockets are not for this type of program');
  // What is in them is no plain bytes, and has no place here.
  if (map.kind === 'other') path.reject('bad-argument', `maps of kind ${map.kind} are not available here`);
  if (WRITES.has(helper) && !map.writable) path.reject('map-access', 'this map cannot be written');
}

/** A key of an array that lies on the stack and is known. */
export function constantKey(path: Path, value: Value, map: MapInfo | undefined): number | undefined {
  if (map === undefined || (map.kind !== 'array' && map.kind !== 'perCpuArray')) return undefined;
  if (value.kind !== 'pointer' || value.type !== 'stack' || !path.privileged) return undefined;
  const at = stackOffset(value, 0);
  if (at === undefined) return undefined;
  const { slot, within } = place(at);
  const { bytes, spilled } = frameOf(path, value).slots[slot] ?? EMPTY_SLOT;
  if (bytes.slice(within, within + KEY_SIZE).every((byte) => byte === 'zero') && within + KEY_SIZE <= 8)
    return 0;
  if (spilled.kind !== 'scalar' || within !== 0) return undefined;
  const length = bytes.lastIndexOf('spill') + 1;
  if (length !== KEY_SIZE) return undefined;
  const key = scalars.constantOf(spilled.scalar);
  if (key === undefined) return undefined;
  path.decideSlot(value.frame, slot);
  return Number(BigInt.asIntN(64, key));
}

/** Whether a look-up may find nothing: not in an array, with a key below its length. */
export const mayLookUpNull = (map: MapInfo | undefined, key: number | undefined): boolean =>
  map?.entries === undefined || key === undefined || key < 0 || key >= map.entries;
