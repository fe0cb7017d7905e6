/**
 * The stack: bytes that were written, and registers that were put there to be fetched again.
 * Linux `check_stack_read_fixed_off`, `check_stack_write_fixed_off`, and the same with `_var_off`.
 */

import { type Size, STACK_SIZE } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { slotPlace } from '../state/history.js';
import {
  EMPTY_SLOT,
  type Frame,
  SLOT,
  SPILLED_BYTES,
  type StackByte,
  type StackSlot,
} from '../state/state.js';
import { known, NONE, number, type Pointer, type Value } from '../state/value.js';
import { MAX_OFFSET, type Path } from './path.js';

/** What is stored: a register's value, a constant, or something that is not known. */
export interface Stored {
  readonly value: Value;
  /** The register, where there is one. */
  readonly register: number | undefined;
  /** Not known, as what an atomic operation or a helper leaves. */
  readonly isOpaque?: boolean;
}

/** `isKept`: whether the bytes go to a register. */
export function loadStack(path: Path, base: Pointer, offset: number, size: Size, isKept = true): Value {
  const { from, to } = stackRange(path, base, offset, size);
  const frame = frameOf(path, base);
  const at = stackOffset(base, offset);
  if (at === undefined) {
    // Bytes at a place that varies go to a register, where they are only a number.
    if (!isKept)
      path.reject(
        'bad-atomic',
        'an atomic operation on the stack at a variable offset',
        'use a fixed offset',
      );
    return readBytes(path, base, from, to, frame);
  }
  const { slot, within } = place(at);
  path.effects.slot = slotPlace(base.frame, slot);
  const content = frame.slots[slot] ?? EMPTY_SLOT;
  if (content.spilled.kind === 'none') return readBytes(path, base, from, to, frame);
  return fill(path, content, within, size, isKept);
}

/** A register that was put on the stack, or part of it. */
function fill(path: Path, { bytes, spilled }: StackSlot, within: number, size: Size, isKept: boolean): Value {
  const end = bytes.findIndex((byte) => byte !== 'spill');
  const length = end < 0 ? SLOT : end;
  if (size === SLOT && length === SLOT) {
    if (!isKept && spilled.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'an address on the stack would be read');
    return spilled;
  }
  if (spilled.kind !== 'scalar')
    path.reject('partial-address', `${size} bytes of an address on the stack`, 'read all eight');
  const { scalar, id, delta, added } = spilled;
  if (within === 0 && size <= length) {
    // A number that was cut is no copy any more.
    const fits = scalar.wide.umax < 1n << BigInt(size * 8);
    return fits ? number(scalar, id, delta, added) : number(scalar);
  }
  const read = bytes.slice(within, within + size);
  checkInitialized(path, read, within);
  const isZero = (byte: StackByte): boolean => byte === 'zero';
  const isSpill = (byte: StackByte): boolean => byte === 'spill';
  if (read.every(isSpill) && scalars.constantOf(scalar) === 0n) return known(0n);
  if (read.every(isZero)) return known(0n);
  return number(scalars.UNKNOWN);
}

function checkInitialized(path: Path, read: readonly StackByte[], from: number): void {
  const at = read.indexOf('none');
  if (at < 0) return;
  path.notes.readUnwritten();
  if (!path.privileged)
    path.reject('uninitialized-stack', `stack byte ${from + at} of the slot holds nothing yet`);
}

/** Plain bytes: their value is known where all are zero. */
function readBytes(path: Path, base: Pointer, from: number, to: number, frame: Frame): Value {
  let allZero = true;
  for (let byte = from; byte < to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') {
      path.notes.readUnwritten();
      if (!path.privileged) path.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
    }
    const { spilled } = frame.slots[place(byte).slot] ?? EMPTY_SLOT;
    if (kind === 'spill' && spilled.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', `stack byte fp${byte} is part of an address`);
    if (kind !== 'zero') allZero = false;
  }
  readsBytes(path, base, from, to);
  return allZero ? known(0n) : number(scalars.UNKNOWN);
}

export function storeStack(path: Path, base: Pointer, offset: number, size: Size, stored: Stored): void {
  const { from, to } = stackRange(path, base, offset, size);
  const frame = frameOf(path, base);
  const at = stackOffset(base, offset);
  if (at === undefined) {
    storeSomewhere(path, frame, from, to, stored);
    return;
  }
  const { slot, within } = place(at);
  path.effects.slot = slotPlace(base.frame, slot);
  const old = frame.slots[slot] ?? EMPTY_SLOT;
  if (old.spilled.kind === 'pointer' && size !== SLOT && !path.privileged)
    path.reject('pointer-leak', 'part of an address on the stack is overwritten');
  const { value, isOpaque } = stored;
  if (value.kind === 'pointer' && isOpaque !== true) {
    spillAddress(path, base, size, value);
    frame.slots[slot] = { bytes: SPILLED_BYTES, spilled: value };
    return;
  }
  if (within === 0 && isOpaque !== true && path.privileged) {
    frame.slots[slot] = { bytes: spilledBytes(old, size), spilled: spilledNumber(path, stored, size) };
    return;
  }
  storePlainly(path, frame, from, to, stored);
}

function spillAddress(path: Path, base: Pointer, size: Size, value: Pointer): void {
  if (size !== SLOT)
    path.reject('partial-address', `${size} bytes of an address written to the stack`, 'store all eight');
  if (value.type === 'stack' && base.frame !== path.state.frames.length - 1)
    path.reject('outside-stack', 'a stack address written to the stack of a caller');
}

/** The low bytes of the slot are those of a register now. What lies above stays, as bytes. */
const spilledBytes = (old: StackSlot, size: Size): readonly StackByte[] =>
  size === SLOT
    ? SPILLED_BYTES
    : old.bytes.map((byte, i): StackByte => (i < size ? 'spill' : byte === 'spill' ? 'any' : byte));

function spilledNumber(path: Path, { value, register }: Stored, size: Size): Value {
  const scalar = path.scalarOf(value);
  const fits = scalar.wide.umax < 1n << BigInt(size * 8);
  if (register === undefined) return number(scalar);
  return fits ? path.share(register, value) : number(scalar);
}

/** Bytes that are zero, or anything. A register that lay there is gone. */
function storePlainly(path: Path, frame: Frame, from: number, to: number, stored: Stored): void {
  const isZero = holdsZero(path, stored);
  // That bytes are zero is kept with the bytes.
  if (isZero && stored.register !== undefined) path.decide(stored.register);
  for (let byte = from; byte < to; byte++) setByte(frame, byte, isZero ? 'zero' : 'any');
}

const holdsZero = (path: Path, { value, isOpaque }: Stored): boolean =>
  isOpaque !== true && value.kind === 'scalar' && scalars.constantOf(path.scalarOf(value)) === 0n;

/** Some of these bytes are written, and which is not known. */
function storeSomewhere(path: Path, frame: Frame, from: number, to: number, stored: Stored): void {
  if (stored.value.kind === 'pointer' && !path.privileged)
    path.reject('pointer-leak', 'an address written to the stack at a variable offset');
  const isZero = holdsZero(path, stored);
  let usesZero = false;
  for (let byte = from; byte < to; byte++) {
    const old = byteAt(frame, byte);
    const { spilled } = frame.slots[place(byte).slot] ?? EMPTY_SLOT;
    if (old === 'none') path.notes.readUnwritten();
    const isSpilledZero =
      old === 'spill' && spilled.kind === 'scalar' && scalars.constantOf(spilled.scalar) === 0n;
    if (isZero && isSpilledZero) {
      usesZero = true;
      continue;
    }
    // In a slot that held a register no byte is known to be zero any more.
    const staysZero = isZero && old === 'zero' && spilled.kind === 'none';
    if (staysZero) usesZero = true;
    setByte(frame, byte, staysZero ? 'zero' : 'any');
  }
  if (usesZero && stored.register !== undefined) path.decide(stored.register);
}

/** Notes that bytes, counted from the frame pointer, are read. */
export function readsBytes(path: Path, base: Pointer, from: number, to: number): void {
  for (let slot = place(to - 1).slot; slot <= place(from).slot; slot++) path.readsSlot(base.frame, slot);
}

/** First byte of an access, counted from the frame pointer; `undefined` when it varies. */
export function stackOffset(base: Pointer, offset: number): number | undefined {
  const variable = scalars.constantOf(base.variable);
  return variable === undefined ? undefined : base.offset + offset + Number(BigInt.asIntN(64, variable));
}

/** `check_stack_access_within_bounds`. */
export function stackRange(
  path: Path,
  base: Pointer,
  offset: number,
  size: number,
): { readonly from: number; readonly to: number } {
  const at = stackOffset(base, offset);
  const { smin, smax } = base.variable.wide;
  if (at === undefined && (smin <= -MAX_OFFSET || smax >= MAX_OFFSET))
    path.reject('unbounded-offset', 'a stack offset that may be anything', 'compare it with limits first');
  const from = at ?? base.offset + offset + Number(smin);
  const to = (at ?? base.offset + offset + Number(smax)) + size;
  if (from < -STACK_SIZE || from > -1 || to > 0)
    path.reject(
      'outside-stack',
      `stack bytes fp${from} to fp${to - 1}`,
      'the stack is 512 bytes below the frame pointer',
    );
  if (at === undefined && !path.privileged)
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

/** Sets one byte. A register that lay in the slot is gone, and its bytes are anything. */
export function setByte(frame: Frame, byte: number, kind: StackByte): void {
  const { slot, within } = place(byte);
  const old = frame.slots[slot] ?? EMPTY_SLOT;
  const held = old.spilled.kind !== 'none';
  const bytes = old.bytes.map(
    (was, i): StackByte => (i === within ? kind : held && was !== 'none' ? 'any' : was),
  );
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
