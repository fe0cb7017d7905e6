/**
 * Whether an access lies within the memory that an address points to.
 * Linux `check_ptr_alignment`, `check_packet_access`, `check_mem_region_access`.
 */

import type { Size } from '../../ebpf/index.js';
import * as tnum from '../numbers/tnum.js';
import { type MapInfo, type Pointer, pointsIntoPacket } from '../state/value.js';
import { MAX_OFFSET, type Point, reject } from './point.js';

/** The packet itself starts two bytes off a multiple of four, so that IP headers are aligned. */
const PACKET_START = 2;

/** Bytes of a `struct bpf_spin_lock`. */
const LOCK_SIZE = 4;

/** `demanded`: also where unaligned accesses are allowed otherwise, as of atomic operations. */
export function checkAlignment(
  point: Point,
  base: Pointer,
  offset: number,
  size: Size | number,
  demanded = false,
): void {
  if (size === 1) return;
  if (base.type !== 'stack' && point.options.strictAlignment !== true && !demanded) return;
  const start = base.offset + offset + (pointsIntoPacket(base) ? PACKET_START : 0);
  // What the limits say of the bits besides is not asked: the kernel does not either.
  const { value, mask } = tnum.add(base.variable.bits, tnum.constant(BigInt.asUintN(64, BigInt(start))));
  if (((value | mask) & BigInt(size - 1)) === 0n) return;
  reject(
    point,
    'misaligned',
    `${size} bytes of ${base.type} at offset ${base.offset + offset}, which is no multiple of ${size}`,
  );
}

export function checkPacket(point: Point, base: Pointer, offset: number, size: number): void {
  const { smin } = base.variable.wide;
  if (smin < 0n)
    reject(point, 'unbounded-offset', `the offset in r may be negative, ${smin}`, 'check that it is not');
  const start = base.offset + offset;
  if (base.range < 0 || start < 0 || start + size > base.range) {
    const remedy = `compare the address + ${start + size} with the end of the packet first`;
    reject(
      point,
      'outside-packet',
      `bytes ${start} to ${start + size - 1} of the packet, of which ${Math.max(0, base.range)} are known to be there`,
      remedy,
    );
  }
}

export function checkMapValue(point: Point, base: Pointer, offset: number, size: number): void {
  checkKnownSize(point, base, offset, size, base.map?.valueSize ?? 0);
  const { spinLock: lock, special = [] } = base.map ?? {};
  if (lock !== undefined)
    checkApart(point, base, offset, size, { offset: lock, size: LOCK_SIZE, name: 'lock' });
  for (const field of special) checkApart(point, base, offset, size, field);
}

/** Nothing but helpers reaches some fields. */
function checkApart(
  point: Point,
  base: Pointer,
  offset: number,
  size: number,
  field: NonNullable<MapInfo['special']>[number],
): void {
  const { smin, umax } = base.variable.wide;
  const start = BigInt(base.offset + offset);
  const end = field.offset + field.size;
  if (start + smin < BigInt(end) && BigInt(field.offset) < start + umax + BigInt(size))
    reject(point, 'map-access', `bytes ${field.offset} to ${end - 1} of the value are a ${field.name}`);
}

const MEMORY_NAMES: Readonly<Partial<Record<Pointer['type'], string>>> = {
  mapValue: 'a map value',
  mapKey: 'a key',
  record: 'a record',
};

/** Linux `check_mem_region_access`. */
export function checkKnownSize(point: Point, base: Pointer, offset: number, size: number, of: number): void {
  const { smin, umax } = base.variable.wide;
  const limit = BigInt(of);
  const name = MEMORY_NAMES[base.type] ?? 'memory';
  const start = BigInt(base.offset + offset);
  if (start + smin < 0n)
    reject(
      point,
      'outside-map-value',
      `offset ${start + smin} of ${name}`,
      'check that the offset is not negative',
    );
  if (start + smin + BigInt(size) > limit)
    reject(point, 'outside-map-value', `bytes from ${start + smin} on of ${name} of ${limit}`);
  if (umax >= MAX_OFFSET)
    reject(
      point,
      'unbounded-offset',
      `an offset in ${name} that may be anything`,
      'compare it with a limit first',
    );
  if (start + umax + BigInt(size) > limit)
    reject(
      point,
      'outside-map-value',
      `bytes up to ${start + umax + BigInt(size) - 1n} of ${name} of ${limit}`,
    );
}
