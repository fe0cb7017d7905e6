/**
 * What reads of the stack give, and what writes leave there: bytes, and registers that were put there to be fetched again.
 * Linux `check_stack_read_fixed_off`, `check_stack_write_fixed_off`, and the same with `_var_off`.
 */

import type { Size } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { slotPlace } from '../state/history.js';
import { byteAt, place, type Span, setByte, spanOf, stackOffset } from '../state/stack.js';
import {
  EMPTY_SLOT,
  type Frame,
  SLOT,
  SPILLED_BYTES,
  type StackByte,
  type StackSlot,
} from '../state/state.js';
import { isZero, known, number, type Pointer, scalarOf, type Value } from '../state/value.js';
import type { Path } from './path.js';

/** What is stored: a register's value, a constant, or something that is not known. */
export interface Stored {
  readonly value: Value;
  /** The register, where there is one. */
  readonly register: number | undefined;
  /** Not known, as what an atomic operation leaves. */
  readonly isOpaque?: boolean;
}

export function loadStack(path: Path, base: Pointer, offset: number, size: Size): Value {
  const span = spanOf(base, offset, size);
  noteDepth(path, base, span);
  const frame = path.state.frames[base.frame]!;
  const at = stackOffset(base, offset);
  if (at === undefined) return readBytes(path, base, span, frame);
  const { slot, within } = place(at);
  path.marks.slot = slotPlace(base.frame, slot);
  const content = frame.slots[slot] ?? EMPTY_SLOT;
  if (content.spilled.kind === 'none') return readBytes(path, base, span, frame);
  return fill(path, content, within, size);
}

/** A register that was put on the stack, or part of it. */
function fill(path: Path, { bytes, spilled }: StackSlot, within: number, size: Size): Value {
  if (spilled.kind !== 'scalar') return spilled;
  const end = bytes.findIndex((byte) => byte !== 'spill');
  const length = end < 0 ? SLOT : end;
  if (size === SLOT && length === SLOT) return spilled;
  const { scalar, id, delta, added } = spilled;
  if (within === 0 && size <= length) {
    // A number that was cut is no copy any more.
    const fits = scalar.wide.umax < 1n << BigInt(size * 8);
    return fits ? number(scalar, id, delta, added) : number(scalar);
  }
  const read = bytes.slice(within, within + size);
  if (read.includes('none')) path.notes.readUnwritten();
  if (read.every((byte) => byte === 'spill') && isZero(spilled)) return known(0n);
  if (read.every((byte) => byte === 'zero')) return known(0n);
  return number(scalars.UNKNOWN);
}

/** Plain bytes: their value is known where all are zero. */
function readBytes(path: Path, base: Pointer, span: Span, frame: Frame): Value {
  let allZero = true;
  for (let byte = span.from; byte < span.to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') path.notes.readUnwritten();
    if (kind !== 'zero') allZero = false;
  }
  readsBytes(path, base, span);
  return allZero ? known(0n) : number(scalars.UNKNOWN);
}

export function storeStack(path: Path, base: Pointer, offset: number, size: Size, stored: Stored): void {
  const span = spanOf(base, offset, size);
  noteDepth(path, base, span);
  const frame = path.state.frames[base.frame]!;
  const at = stackOffset(base, offset);
  if (at === undefined) {
    storeSomewhere(path, frame, span, stored);
    return;
  }
  const { slot, within } = place(at);
  path.marks.slot = slotPlace(base.frame, slot);
  const { value, isOpaque } = stored;
  if (value.kind === 'pointer' && isOpaque !== true) {
    frame.slots[slot] = { bytes: SPILLED_BYTES, spilled: value };
    return;
  }
  if (within === 0 && isOpaque !== true && path.privileged) {
    const old = frame.slots[slot] ?? EMPTY_SLOT;
    frame.slots[slot] = { bytes: spilledBytes(old, size), spilled: spilledNumber(path, stored, size) };
    return;
  }
  storePlainly(path, frame, span, stored);
}

/** The low bytes of the slot are those of a register now. What lies above stays, as bytes. */
const spilledBytes = (old: StackSlot, size: Size): readonly StackByte[] =>
  size === SLOT
    ? SPILLED_BYTES
    : old.bytes.map((byte, i): StackByte => (i < size ? 'spill' : byte === 'spill' ? 'any' : byte));

function spilledNumber(path: Path, { value, register }: Stored, size: Size): Value {
  const scalar = scalarOf(value);
  const fits = scalar.wide.umax < 1n << BigInt(size * 8);
  if (register === undefined) return number(scalar);
  return fits ? path.share(register, value) : number(scalar);
}

/** Bytes that are zero, or anything. A register that lay there is gone. */
function storePlainly(path: Path, frame: Frame, { from, to }: Span, stored: Stored): void {
  const zero = holdsZero(stored);
  // That bytes are zero is kept with the bytes.
  if (zero && stored.register !== undefined) path.decide(stored.register);
  for (let byte = from; byte < to; byte++) setByte(frame, byte, zero ? 'zero' : 'any');
}

const holdsZero = ({ value, isOpaque }: Stored): boolean => isOpaque !== true && isZero(value);

/** Some of these bytes are written, and which is not known. */
function storeSomewhere(path: Path, frame: Frame, { from, to }: Span, stored: Stored): void {
  const zero = holdsZero(stored);
  let usesZero = false;
  for (let byte = from; byte < to; byte++) {
    const old = byteAt(frame, byte);
    const { spilled } = frame.slots[place(byte).slot] ?? EMPTY_SLOT;
    if (old === 'none') path.notes.readUnwritten();
    if (zero && old === 'spill' && isZero(spilled)) {
      usesZero = true;
      continue;
    }
    // In a slot that held a register no byte is known to be zero any more.
    const staysZero = zero && old === 'zero' && spilled.kind === 'none';
    if (staysZero) usesZero = true;
    setByte(frame, byte, staysZero ? 'zero' : 'any');
  }
  if (usesZero && stored.register !== undefined) path.decide(stored.register);
}

/** Notes that bytes, counted from the frame pointer, are read. */
export function readsBytes(path: Path, base: Pointer, { from, to }: Span): void {
  for (let slot = place(to - 1).slot; slot <= place(from).slot; slot++) path.readsSlot(base.frame, slot);
}

/** The function whose stack it is needs so much. */
export function noteDepth(path: Path, base: Pointer, { from }: Span): void {
  const { entry } = path.state.frames[base.frame]!;
  if (-from > (path.depths.get(entry) ?? 0)) path.depths.set(entry, -from);
}
