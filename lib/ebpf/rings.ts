/** What programs hand to the host: records of ring buffers, samples of perf events. Linux `kernel/bpf/ringbuf.c`. */

import type { MapShape, OutputMap, Reservation } from './mapTypes.js';
import { aim, type Memory } from './memory.js';

/** Bytes before each record of a ring (`BPF_RINGBUF_HDR_SZ`). */
const RECORD_HEADER = 8;
/** Bytes of a ring that programs reserve records in. */
const MAX_RING_BYTES = 1 << 28;
const EAGAIN = 11;

/** @throws RangeError for a ring of more than 256 MiB. */
export function createOutput(kind: OutputMap['kind'], memory: Memory, shape: MapShape): OutputMap {
  const { name, maxEntries } = shape;
  if (kind === 'ringBuffer' && maxEntries > MAX_RING_BYTES)
    throw new RangeError(`map ${name}: ${maxEntries} bytes are more than a ring may have`);
  const area =
    kind === 'perfEventArray'
      ? undefined
      : memory.add(`records of map ${name}`, new Uint8Array(0), { writable: true, room: 2 * maxEntries });
  return {
    kind,
    ...shape,
    records: [],
    sizes: [],
    discarded: 0,
    produced: 0,
    consumed: 0,
    open: [],
    area,
  };
}

/** Bytes of a ring that a record takes. */
const sizeOf = (length: number): number => (length + RECORD_HEADER + 7) & ~7;

/** Takes records as soon as they are complete. */
export type Output = (map: OutputMap, data: Uint8Array) => void;

/** Appends a record; 0, or an error number negated where a ring has no room until the host takes some. */
export function appendRecord(map: OutputMap, data: Uint8Array, output?: Output): number {
  if (map.kind === 'perfEventArray') {
    if (output === undefined) map.records.push(data.slice());
    else output(map, data.slice());
    return 0;
  }
  const address = reserveRecord(map, data.length);
  if (address === 0) return -EAGAIN;
  const { area } = map;
  area!.bytes.set(data, area!.start + address - area!.base);
  closeRecord(map, address, 'submitted', output);
  return 0;
}

/** Reserves bytes of a ring; gives their address, 0 where there is no room. */
export function reserveRecord(map: OutputMap, length: number): number {
  const size = sizeOf(length);
  const { area, maxEntries, produced, consumed, open } = map;
  if (area === undefined || length > maxEntries || produced + size - consumed > maxEntries - 1) return 0;
  const at = (produced % maxEntries) + RECORD_HEADER;
  if (at + length > area.length) {
    const bytes = new Uint8Array(Math.min(2 * maxEntries, Math.max(4096, 2 * (at + length))));
    bytes.set(area.bytes.subarray(area.start, area.start + area.length));
    aim(area, bytes, 0, bytes.length);
  }
  map.produced += size;
  open.push({ at, length, state: 'reserved' });
  return area.base + at;
}

/** Submits or discards what was reserved at an address; false where nothing was. */
export function closeRecord(
  map: OutputMap,
  address: number,
  state: 'submitted' | 'discarded',
  output?: Output,
): boolean {
  const { area, open } = map;
  const found = open.find((one) => one.state === 'reserved' && address === area!.base + one.at);
  if (found === undefined) return false;
  found.state = state;
  while (open.length > 0 && open[0]!.state !== 'reserved') complete(map, open.shift()!, output);
  return true;
}

/** What is complete comes to the host in the order in which it was reserved. */
function complete(map: OutputMap, { at, length, state }: Reservation, output: Output | undefined): void {
  const size = sizeOf(length);
  if (state === 'discarded') {
    if (output === undefined) map.discarded += size;
    else map.consumed += size;
    return;
  }
  const { area } = map;
  const data = area!.bytes.slice(area!.start + at, area!.start + at + length);
  if (output === undefined) {
    map.records.push(data);
    map.sizes.push(size + map.discarded);
    map.discarded = 0;
  } else {
    map.consumed += size;
    output(map, data);
  }
}

/** Whether a map is a ring that holds what was reserved at an address. */
export const isReserved = (map: OutputMap, address: number): boolean =>
  map.open.some(({ at, state }) => state === 'reserved' && address === (map.area?.base ?? 0) + at);

/** Takes the oldest record that programs have handed out. */
export function takeRecord(map: OutputMap): Uint8Array | undefined {
  const record = map.records.shift();
  map.consumed += map.sizes.shift() ?? 0;
  if (record === undefined) {
    map.consumed += map.discarded;
    map.discarded = 0;
  }
  return record;
}
