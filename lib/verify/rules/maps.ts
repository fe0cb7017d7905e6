/**
 * Which helpers may be used with which kinds of maps.
 * Linux `check_map_func_compatibility`.
 */

import { isZero, type MapInfo, type MapKind, mapOf, type Value } from '../state/value.js';
import { type Point, reject } from './point.js';

/** Kinds of maps whose elements can be gone through. */
const WALKED: readonly MapKind[] = ['array', 'perCpuArray', 'hash', 'perCpuHash', 'lruHash', 'lruPerCpuHash'];

const TIMER_INIT = 169;
const sameMap = (one: Value, other: Value): boolean =>
  one.kind === 'pointer' && other.kind === 'pointer' && one.map === other.map && one.range === other.range;

const STORAGE = 81;
/** Kinds of maps that only these helpers may use. */
const HELPERS_OF: Readonly<Partial<Record<MapKind, readonly number[]>>> = {
  programArray: [12],
  perfEventArray: [22, 25, 55],
  cgroupArray: [33, 37],
  cgroupStorage: [STORAGE],
  perCpuCgroupStorage: [STORAGE],
  ringBuffer: [130, 131, 134, 198],
  deviceMap: [1, 51],
  deviceHash: [1, 51],
  cpuMap: [51],
  xdpSocketMap: [1, 51],
  mapInMap: [1],
  socketMap: [1, 2, 3],
  socketStorage: [107, 108],
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
  [STORAGE, ['cgroupStorage', 'perCpuCgroupStorage']],
  [51, ['deviceMap', 'deviceHash', 'cpuMap', 'xdpSocketMap']],
  [87, ['queue', 'stack', 'bloomFilter']],
  [88, ['queue', 'stack']],
  [89, ['queue', 'stack', 'bloomFilter']],
  [107, ['socketStorage']],
  [108, ['socketStorage']],
  [130, ['ringBuffer']],
  [131, ['ringBuffer']],
  [164, WALKED],
  [134, ['ringBuffer']],
  [195, ['perCpuArray', 'perCpuHash', 'lruPerCpuHash']],
]);

/** Helpers that change what is in a map. */
const WRITES = new Set([2, 3, 87, 88]);

/** Whether programs may write values in place; what is kept of devices they may not. */
export const isWritable = (map: MapInfo | undefined): boolean =>
  map?.writable !== false && map?.kind !== 'deviceMap' && map?.kind !== 'deviceHash';

export function checkMapOfHelper(point: Point, helper: number, register: number): void {
  const map = mapOf(point.value(register));
  if (map === undefined) return;
  const helpers = HELPERS_OF[map.kind];
  const kinds = MAPS_OF.get(helper);
  if (
    (helpers !== undefined && !helpers.includes(helper)) ||
    (kinds !== undefined && !kinds.includes(map.kind))
  )
    reject(point, 'bad-argument', `helper ${helper} cannot be used with a map of kind ${map.kind}`);
  if (helper === TIMER_INIT && !sameMap(point.value(1), point.value(register)))
    reject(point, 'bad-argument', `the timer in r1 is not of the map in r${register}`);
  // It has no answer but the value's address.
  if (helper === STORAGE && !isZero(point.value(2)))
    reject(point, 'bad-argument', 'get_local_storage takes no flags', 'give it 0');
  // Programs of cgroups may look only (`may_update_sockmap`).
  if (map.kind === 'socketMap' && WRITES.has(helper) && point.rules.letter === 'C')
    reject(point, 'bad-argument', 'maps of sockets are not for this type of program');
  // What is in them is no plain bytes, and has no place here.
  if (map.kind === 'other') reject(point, 'bad-argument', `maps of kind ${map.kind} are not available here`);
  if (WRITES.has(helper) && !map.writable) reject(point, 'map-access', 'this map cannot be written');
}
