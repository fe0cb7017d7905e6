/**
 * The stack: what may be read and written there.
 * Linux `check_stack_access_within_bounds`, `check_stack_read_fixed_off`, `check_stack_write_fixed_off`, and the same with
 * `_var_off`.
 */

import { STACK_SIZE } from '../../ebpf/index.js';
import { byteAt, place, type Span, spanOf, stackOffset } from '../state/stack.js';
import { EMPTY_SLOT, type KnownFrame, SLOT, type StackSlot } from '../state/state.js';
import type { Pointer } from '../state/value.js';
import { MAX_OFFSET, type Point, reject } from './point.js';
import type { Access } from './requirements.js';

/** The bytes that an access may reach, all within the stack. */
export function checkStackSpan(point: Point, base: Pointer, offset: number, size: number): Span {
  const varies = stackOffset(base, offset) === undefined;
  const { smin, smax } = base.variable.wide;
  if (varies && (smin <= -MAX_OFFSET || smax >= MAX_OFFSET))
    reject(point, 'unbounded-offset', 'a stack offset that may be anything', 'compare it with limits first');
  const span = spanOf(base, offset, size);
  if (span.from < -STACK_SIZE || span.from > -1 || span.to > 0)
    reject(
      point,
      'outside-stack',
      `stack bytes fp${span.from} to fp${span.to - 1}`,
      'the stack is 512 bytes below the frame pointer',
    );
  if (varies && !point.privileged)
    reject(point, 'pointer-arithmetic', 'a variable stack offset', 'that is for privileged users');
  return span;
}

export function checkFrame(point: Point, base: Pointer): KnownFrame {
  const frame = point.state.frames[base.frame];
  if (frame === undefined) reject(point, 'outside-stack', 'the stack of a function that has returned');
  return frame;
}

export function checkStackRead(point: Point, base: Pointer, { offset, size, use }: Access): void {
  const span = checkStackSpan(point, base, offset, size);
  const frame = checkFrame(point, base);
  const at = stackOffset(base, offset);
  // Bytes at a place that varies go to a register, where they are only a number.
  if (at === undefined && use === 'change')
    reject(
      point,
      'bad-atomic',
      'an atomic operation on the stack at a variable offset',
      'use a fixed offset',
    );
  const content = at === undefined ? EMPTY_SLOT : (frame.slots[place(at).slot] ?? EMPTY_SLOT);
  if (at === undefined || content.spilled.kind === 'none') checkBytes(point, frame, span);
  else checkFill(point, content, place(at).within, size, use);
}

/** A register that was put on the stack, or part of it. */
function checkFill(
  point: Point,
  { bytes, spilled }: StackSlot,
  within: number,
  size: number,
  use: Access['use'],
): void {
  if (spilled.kind === 'pointer') {
    if (size !== SLOT)
      reject(point, 'partial-address', `${size} bytes of an address on the stack`, 'read all eight');
    if (use === 'change' && !point.privileged)
      reject(point, 'pointer-leak', 'an address on the stack would be read');
    return;
  }
  if (point.privileged) return;
  const at = bytes.indexOf('none', within);
  if (at >= 0 && at < within + size)
    reject(point, 'uninitialized-stack', `stack byte ${at} of the slot holds nothing yet`);
}

/** The unprivileged read no bytes that hold nothing, and none of an address. */
export function checkBytes(point: Point, frame: KnownFrame, { from, to }: Span): void {
  if (point.privileged) return;
  for (let byte = from; byte < to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') reject(point, 'uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
    if (kind === 'spill' && frame.slots[place(byte).slot]?.spilled.kind === 'pointer')
      reject(point, 'pointer-leak', `stack byte fp${byte} is part of an address`);
  }
}

export function checkStackWrite(point: Point, base: Pointer, { offset, size, operand }: Access): void {
  checkStackSpan(point, base, offset, size);
  const frame = checkFrame(point, base);
  const at = stackOffset(base, offset);
  const isAddress = operand !== undefined && point.operand(operand).kind === 'pointer';
  if (at === undefined) {
    if (isAddress && !point.privileged)
      reject(point, 'pointer-leak', 'an address written to the stack at a variable offset');
    return;
  }
  const old = frame.slots[place(at).slot];
  if (old?.spilled.kind === 'pointer' && size !== SLOT && !point.privileged)
    reject(point, 'pointer-leak', 'part of an address on the stack is overwritten');
  if (isAddress) checkSpill(point, base, size, operand);
}

function checkSpill(
  point: Point,
  base: Pointer,
  size: number,
  operand: NonNullable<Access['operand']>,
): void {
  if (size !== SLOT)
    reject(point, 'partial-address', `${size} bytes of an address written to the stack`, 'store all eight');
  const value = point.operand(operand) as Pointer;
  if (value.type === 'stack' && base.frame !== point.state.frames.length - 1)
    reject(point, 'outside-stack', 'a stack address written to the stack of a caller');
}
