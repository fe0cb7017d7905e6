/** Bytes of a stack: where an access lies, what a byte is, and what becomes of a slot when one of its bytes is set. */

import * as scalars from '../numbers/scalar.js';
import { EMPTY_SLOT, type Frame, type KnownFrame, SLOT, type StackByte } from './state.js';
import { NONE, type Pointer } from './value.js';

/** Bytes of a stack, counted from the frame pointer: `from` is the first, `to` is behind the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** First byte of an access, counted from the frame pointer; `undefined` when it varies. */
export function stackOffset(base: Pointer, offset: number): number | undefined {
  const variable = scalars.constantOf(base.variable);
  return variable === undefined ? undefined : base.offset + offset + Number(BigInt.asIntN(64, variable));
}

/** The bytes that an access may reach. */
export function spanOf(base: Pointer, offset: number, size: number): Span {
  const at = stackOffset(base, offset);
  if (at !== undefined) return { from: at, to: at + size };
  const { smin, smax } = base.variable.wide;
  return { from: base.offset + offset + Number(smin), to: base.offset + offset + Number(smax) + size };
}

/** Where a byte, counted from the frame pointer, lies: slot 0 is fp-8 to fp-1. */
export function place(byte: number): { readonly slot: number; readonly within: number } {
  const slot = Math.ceil(-byte / SLOT) - 1;
  return { slot, within: byte + (slot + 1) * SLOT };
}

export function byteAt(frame: KnownFrame, byte: number): StackByte {
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
