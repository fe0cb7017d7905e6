/**
 * Memory that is given to helpers: whether it is there, and what it holds afterwards.
 * Linux `check_helper_mem_access`, `check_mem_size_reg`, `check_stack_range_initialized`.
 */

import type { ArgumentKind } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { SLOT } from '../state/state.js';
import { describe, NONE, type Pointer, pointsIntoPacket, type Value } from '../state/value.js';
import { isWritable } from './maps.js';
import { checkKnownSize, checkMapValue, checkPacket } from './memory.js';
import { MAX_OFFSET, type Path } from './path.js';
import { byteAt, frameOf, place, readsBytes, setByte, stackOffset, stackRange } from './stack.js';

/** An argument that has bytes, whose number the next one says. */
export interface GivenMemory {
  readonly value: Value;
  readonly register: number;
  readonly kind: ArgumentKind;
}

const hasBytes = (value: Value): boolean =>
  value.kind === 'pointer' &&
  (value.type === 'stack' ||
    value.type === 'mapValue' ||
    value.type === 'mapKey' ||
    value.type === 'record' ||
    pointsIntoPacket(value));

const isNull = (value: Value): boolean => value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n;

export function checkMemoryKind(path: Path, value: Value, register: number, kind: ArgumentKind): void {
  if (hasBytes(value)) return;
  if ((kind === 'memoryOrNull' || kind === 'outMemoryOrNull') && isNull(value)) return;
  path.reject('bad-argument', `r${register} is ${describe(value)}, which has no bytes a helper could use`);
}

/** Checks a size, and the memory before it; gives the largest that it can be. */
export function checkSize(
  path: Path,
  memory: GivenMemory,
  size: Value,
  register: number,
  zeroAllowed: boolean,
): bigint {
  path.decide(register);
  path.decide(memory.register);
  if (size.kind !== 'scalar') path.reject('bad-argument', `r${register} is an address, not a size`);
  const { smin, umin, umax } = size.scalar.wide;
  if (smin < 0n) path.reject('bad-size', `r${register} may be negative, ${smin}`, 'check that it is not');
  if (umin === 0n && !zeroAllowed)
    path.reject('bad-size', `r${register} may be zero`, 'check that it is not');
  if (umax >= MAX_OFFSET) path.reject('bad-size', `r${register} has no limit`, 'compare it with one first');
  const { value, kind } = memory;
  if (!hasBytes(value)) {
    if (umax !== 0n) path.reject('bad-argument', `r${memory.register} is null and the size is not zero`);
    return umax;
  }
  const fills =
    kind === 'outMemory' || kind === 'outMemoryOrNull' ? 'fill' : kind === 'inOutMemory' ? 'write' : 'read';
  const isExact = scalars.constantOf(size.scalar) !== undefined;
  checkBuffer(path, value, memory.register, Number(umax), fills === 'fill' && !isExact ? 'write' : fills);
  return umax;
}

/** What a helper does with bytes: read them, read and write them, or fill them without a look. */
export type Use = 'read' | 'write' | 'fill';

export function checkBuffer(path: Path, value: Value, register: number, size: number, use: Use): void {
  if (value.kind !== 'pointer')
    path.reject('bad-argument', `r${register} is a number, ${describe(value)}, not an address`);
  switch (value.type) {
    case 'stack': {
      const { from, to } = stackRange(path, value, 0, size);
      const isFixed = stackOffset(value, 0) !== undefined;
      useStack(path, value, from, to, use === 'fill' && !isFixed ? 'write' : use);
      return;
    }
    case 'mapValue':
      if (use !== 'read' && !isWritable(value.map))
        path.reject('map-access', 'values of this map cannot be written');
      if (use === 'read' && value.map?.readable === false)
        path.reject('map-access', 'values of this map cannot be read');
      checkMapValue(path, value, 0, size);
      return;
    case 'mapKey':
      if (use !== 'read') path.reject('map-access', 'the key of an element cannot be written');
      // Nothing at all is taken of other memory, but not of a key.
      if (size === 0) path.reject('outside-map-value', 'no bytes of a key');
      checkKnownSize(path, value, 0, size, value.map?.keySize ?? 0);
      return;
    case 'record':
      checkKnownSize(path, value, 0, size, value.size);
      return;
    case 'packet':
    case 'packetMeta':
      checkPacket(path, value, 0, size);
      return;
    default:
      path.reject('bad-argument', `r${register} is ${value.type}, which has no bytes a helper could use`);
  }
}

/** `check_stack_range_initialized`. */
function useStack(path: Path, base: Pointer, from: number, to: number, use: Use): void {
  const frame = frameOf(path, base);
  if (to === from && !path.privileged && from < -SLOT * frame.slots.length)
    path.reject('uninitialized-stack', `stack byte fp${from} holds nothing yet`);
  if (use !== 'fill' && to > from) readsBytes(path, base, from, to);
  for (let byte = from; byte < to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') path.notes.readUnwritten();
    if (use === 'fill') {
      const { spilled } = frame.slots[place(byte).slot] ?? { spilled: NONE };
      if (spilled.kind === 'pointer' && !path.privileged)
        path.reject('pointer-leak', 'part of an address on the stack is overwritten');
      setByte(frame, byte, 'any');
      continue;
    }
    if (kind === 'none' && !path.privileged)
      path.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
    const { slot } = place(byte);
    if (kind === 'spill' && frame.slots[slot]!.spilled.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', `stack byte fp${byte} is part of an address`);
    if (use === 'write') setByte(frame, byte, 'any');
  }
}
