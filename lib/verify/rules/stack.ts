/**
 * The stack: bytes that were written, and registers that were put there to be fetched again.
 * Linux `check_stack_read`, `check_stack_write`.
 */

import { type Size, STACK_SIZE } from '../../ebpf/opcodes.js';
import * as scalars from '../numbers/scalar.js';
import { type Scalar, zeroExtended } from '../numbers/scalar.js';
import { alu } from '../numbers/transfer.js';
import { slotPlace } from '../state/history.js';
import { EMPTY_SLOT, type Frame, SLOT, SPILLED_BYTES, type StackByte } from '../state/state.js';
import { known, NONE, number, type Pointer, type Value } from '../state/value.js';
import { MAX_OFFSET, type Path } from './path.js';

export function loadStack(path: Path, base: Pointer, offset: number, size: Size): Value {
  const { from, to } = stackRange(path, base, offset, size);
  const frame = frameOf(path, base);
  const at = stackOffset(base, offset);
  let allZero = true;
  if (at === undefined) readsBytes(path, base, from, to);
  else path.effects.slot = slotPlace(base.frame, place(at).slot);
  for (let byte = from; byte < to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') {
      path.notes.readUnwritten();
      if (!path.privileged) path.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
    }
    if (kind !== 'zero') allZero = false;
  }
  if (at === undefined) return number(scalars.loaded(size));
  const { slot, within } = place(at);
  const spilled = frame.slots[slot]?.spilled ?? NONE;
  if (spilled.kind !== 'none' && within + size <= SLOT) {
    const kept = frame.slots[slot]!.bytes;
    const length = kept.lastIndexOf('spill') + 1;
    if (spilled.kind === 'pointer') {
      if (within === 0 && size === 8) return spilled;
      if (kept.slice(within, within + size).includes('spill')) {
        path.reject('partial-address', `${size} bytes of an address on the stack`, 'read all eight');
      }
    } else if (within === 0 && size <= length) {
      if (size === length) return spilled;
      return number(moveUnsigned(spilled.scalar, size));
    }
  }
  if (allZero) return known(0n);
  return number(scalars.loaded(size));
}

export function storeStack(
  path: Path,
  base: Pointer,
  offset: number,
  size: Size,
  value: Value,
  source: number | undefined,
): void {
  const { from, to } = stackRange(path, base, offset, size);
  const frame = frameOf(path, base);
  const at = stackOffset(base, offset);
  if (at === undefined) {
    if (value.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'an address written to the stack at a variable offset');
    for (let byte = from; byte < to; byte++) {
      // Some of these are written, and which is not known.
      if (byteAt(frame, byte) === 'none') path.notes.readUnwritten();
      setByte(frame, byte, 'any');
    }
    return;
  }
  const { slot, within } = place(at);
  path.effects.slot = slotPlace(base.frame, slot);
  const old = frame.slots[slot] ?? EMPTY_SLOT;
  if (old.spilled.kind === 'pointer' && size !== 8 && !path.privileged) {
    path.reject('pointer-leak', 'part of an address on the stack is overwritten');
  }
  if (value.kind === 'pointer') {
    if (size !== 8) {
      if (!path.privileged) path.reject('pointer-leak', 'part of an address written to the stack');
      for (let byte = from; byte < to; byte++) setByte(frame, byte, 'any');
      return;
    }
    frame.slots[slot] = { bytes: SPILLED_BYTES, spilled: value };
    return;
  }
  const scalar = path.scalarOf(value);
  const isZero = scalars.constantOf(scalar) === 0n;
  // That bytes are zero is kept with the bytes.
  if (isZero && source !== undefined) path.decide(source);
  if (within === 0 && !isZero) {
    const whole = size === 8 || scalar.wide.umax < 1n << BigInt(size * 8);
    let kept: Value = whole ? value : number(moveUnsigned(scalar, size));
    if (whole && source !== undefined && scalars.constantOf(scalar) === undefined)
      kept = path.share(source, value);
    const bytes = old.bytes.map(
      (byte, i): StackByte => (i < size ? 'spill' : byte === 'spill' ? 'any' : byte),
    );
    frame.slots[slot] = { bytes, spilled: kept };
    return;
  }
  for (let byte = from; byte < to; byte++) setByte(frame, byte, isZero ? 'zero' : 'any');
}

/** Notes that bytes, counted from the frame pointer, are read. */
export function readsBytes(path: Path, base: Pointer, from: number, to: number): void {
  for (let slot = place(to - 1).slot; slot <= place(from).slot; slot++) path.readsSlot(base.frame, slot);
}

/** First byte of an access, counted from the frame pointer; `undefined` when it varies. */
function stackOffset(base: Pointer, offset: number): number | undefined {
  const variable = scalars.constantOf(base.variable);
  return variable === undefined ? undefined : base.offset + offset + Number(BigInt.asIntN(64, variable));
}

export function stackRange(
  path: Path,
  base: Pointer,
  offset: number,
  size: number,
): { readonly from: number; readonly to: number } {
  const { smin, smax } = base.variable.wide;
  if (smin <= -MAX_OFFSET || smax >= MAX_OFFSET)
    path.reject('unbounded-offset', 'a stack offset that may be anything', 'compare it with limits first');
  const from = base.offset + offset + Number(smin);
  const to = base.offset + offset + Number(smax) + size;
  if (from < -STACK_SIZE || to > 0)
    path.reject(
      'outside-stack',
      `stack bytes fp${from} to fp${to - 1}`,
      'the stack is 512 bytes below the frame pointer',
    );
  if (smin !== smax && !path.privileged)
    path.reject('pointer-arithmetic', 'a variable stack offset', 'that is for privileged users');
  noteDepth(path, base, -from);
  return { from, to };
}

export function frameOf(path: Path, base: Pointer): Frame {
  const frame = path.state.frames[base.frame];
  if (frame === undefined) path.reject('outside-stack', 'the stack of a function that has returned');
  return frame;
}

export function byteAt(frame: Frame, byte: number): StackByte {
  const { slot, within } = place(byte);
  return frame.slots[slot]?.bytes[within] ?? 'none';
}

export function setByte(frame: Frame, byte: number, kind: StackByte): void {
  const { slot, within } = place(byte);
  const old = frame.slots[slot] ?? EMPTY_SLOT;
  const bytes = old.bytes.map((was, i): StackByte => (i === within ? kind : was === 'spill' ? 'any' : was));
  frame.slots[slot] = { bytes, spilled: NONE };
}

function noteDepth(path: Path, base: Pointer, depth: number): void {
  const { entry } = frameOf(path, base);
  if (depth > (path.depths.get(entry) ?? 0)) path.depths.set(entry, depth);
}

/** Where a byte, counted from the frame pointer, lies: slot 0 is fp-8 to fp-1. */
export function place(byte: number): { readonly slot: number; readonly within: number } {
  const slot = Math.ceil(-byte / SLOT) - 1;
  return { slot, within: byte + (slot + 1) * SLOT };
}

/** The low bytes of a number. */
function moveUnsigned(scalar: Scalar, size: Size): Scalar {
  if (size === 8) return scalar;
  if (size === 4) return zeroExtended(scalar);
  return alu('and', scalar, scalars.constant((1n << BigInt(size * 8)) - 1n), 64);
}
