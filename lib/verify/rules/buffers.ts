/**
 * Memory that is given to helpers and to global functions: whether it is there, and may be used so.
 * Linux `check_helper_mem_access`, `check_mem_size_reg`, `check_stack_range_initialized`.
 */

import type { ArgumentKind } from '../../ebpf/index.js';
import { type Buffer, bufferOf, type Use } from '../state/buffers.js';
import { place, stackOffset } from '../state/stack.js';
import { SLOT } from '../state/state.js';
import { describe, isZero, type Pointer, pointsIntoPacket, type Value } from '../state/value.js';
import { isWritable } from './maps.js';
import { checkKnownSize, checkMapValue, checkPacket } from './memory.js';
import { MAX_OFFSET, type Point, reject } from './point.js';
import type { Argument } from './requirements.js';
import { checkBytes, checkFrame, checkStackSpan } from './stack.js';

const hasBytes = (value: Value): boolean =>
  value.kind === 'pointer' &&
  (value.type === 'stack' ||
    value.type === 'mapValue' ||
    value.type === 'mapKey' ||
    value.type === 'record' ||
    pointsIntoPacket(value));

/** An argument that has bytes, whose number the next one says. */
export function checkMemoryKind(point: Point, value: Value, register: number, kind: ArgumentKind): void {
  if (hasBytes(value)) return;
  if ((kind === 'memoryOrNull' || kind === 'outMemoryOrNull') && isZero(value)) return;
  reject(point, 'bad-argument', `r${register} is ${describe(value)}, which has no bytes a helper could use`);
}

/** A size, and the memory before it. */
export function checkSize(point: Point, argument: Argument): void {
  const { register, kind, of } = argument;
  const size = point.value(register);
  point.decide(register);
  point.decide(of);
  if (size.kind !== 'scalar') reject(point, 'bad-argument', `r${register} is an address, not a size`);
  const { smin, umin, umax } = size.scalar.wide;
  if (smin < 0n) reject(point, 'bad-size', `r${register} may be negative, ${smin}`, 'check that it is not');
  if (umin === 0n && kind !== 'sizeOrZero')
    reject(point, 'bad-size', `r${register} may be zero`, 'check that it is not');
  if (umax >= MAX_OFFSET) reject(point, 'bad-size', `r${register} has no limit`, 'compare it with one first');
  if (hasBytes(point.value(of))) checkBuffer(point, bufferOf(point, argument)!);
  else if (umax !== 0n) reject(point, 'bad-argument', `r${of} is null and the size is not zero`);
}

export function checkBuffer(point: Point, { value, register, size, use }: Buffer): void {
  if (value.kind !== 'pointer')
    reject(point, 'bad-argument', `r${register} is a number, ${describe(value)}, not an address`);
  switch (value.type) {
    case 'stack':
      checkStack(point, value, size, use);
      return;
    case 'mapValue':
      if (use !== 'read' && !isWritable(value.map))
        reject(point, 'map-access', 'values of this map cannot be written');
      if (use === 'read' && value.map?.readable === false)
        reject(point, 'map-access', 'values of this map cannot be read');
      checkMapValue(point, value, 0, size);
      return;
    case 'mapKey':
      if (use !== 'read') reject(point, 'map-access', 'the key of an element cannot be written');
      // Nothing at all is taken of other memory, but not of a key.
      if (size === 0) reject(point, 'outside-map-value', 'no bytes of a key');
      checkKnownSize(point, value, 0, size, value.map?.keySize ?? 0);
      return;
    case 'record':
      checkKnownSize(point, value, 0, size, value.size);
      return;
    case 'packet':
    case 'packetMeta':
      checkPacket(point, value, 0, size);
      return;
    default:
      reject(point, 'bad-argument', `r${register} is ${value.type}, which has no bytes a helper could use`);
  }
}

/** What a helper fills need not hold anything before; what holds an address, the unprivileged may not have overwritten. */
function checkStack(point: Point, base: Pointer, size: number, use: Use): void {
  const span = checkStackSpan(point, base, 0, size);
  const { from, to } = span;
  const frame = checkFrame(point, base);
  if (point.privileged) return;
  if (to === from && from < -SLOT * frame.slots.length)
    reject(point, 'uninitialized-stack', `stack byte fp${from} holds nothing yet`);
  if (use !== 'fill' || stackOffset(base, 0) === undefined) {
    checkBytes(point, frame, span);
    return;
  }
  for (let byte = from; byte < to; byte++)
    if (frame.slots[place(byte).slot]?.spilled.kind === 'pointer')
      reject(point, 'pointer-leak', 'part of an address on the stack is overwritten');
}
