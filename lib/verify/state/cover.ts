/**
 * Whether an explored state stands for another one at the same place: whatever is safe with the one is safe
 * with the other. Linux `kernel/bpf/verifier.c`: `states_equal`, `regsafe`, `stacksafe`.
 */

import { REGISTERS } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import {
  isSlotRead,
  mattersRegister,
  mattersSlot,
  type Needs,
  type Place,
  registerAt,
  registerPlace,
  slotPlace,
} from './history.js';
import { EMPTY_SLOT, SLOT, type StackByte, type StackSlot, type State } from './state.js';
import { ANY_NUMBER, type Number_, type Pointer, pointsIntoPacket, type Value } from './value.js';

/** Pairs ids of two states: each of one stands for one of the other, and that for no other (`check_ids`). */
export class IdPairs {
  private forward: Map<number, number> | undefined;
  private backward: Map<number, number> | undefined;
  private fresh = 0;

  match(old: number, now: number): boolean {
    if (old === 0 || now === 0) return old === now;
    this.forward ??= new Map();
    this.backward ??= new Map();
    const known = this.forward.get(old);
    if (known !== undefined) return known === now;
    if (this.backward.has(now)) return false;
    this.forward.set(old, now);
    this.backward.set(now, old);
    return true;
  }

  /** Numbers are alike in limits, in what they are copies of, and in the distance to that (`regs_exact`). */
  equal(old: Number_, now: Number_): boolean {
    return (
      scalars.equals(old.scalar, now.scalar) && old.delta === now.delta && this.match(tie(old), tie(now))
    );
  }

  /** Where the old state knew two numbers to be copies, the new one knows it too (`check_scalar_ids`). */
  tied(old: Number_, now: Number_): boolean {
    if (old.id === 0) return true;
    if (old.added !== now.added || old.delta !== now.delta) return false;
    // A number that is no copy is like one that is the only copy.
    const other = now.id === 0 ? --this.fresh * TIES : tie(now);
    return this.match(tie(old), other) && (old.added === 0 || this.match(old.id * TIES, now.id * TIES));
  }
}

/** A number that is a copy plus a constant is tied in another manner than a plain copy. */
const TIES = 4;
const tie = ({ id, added }: Number_): number => (id === 0 ? 0 : id * TIES + added / 32);

/**
 * Where an explored state says more than holds now; `undefined` when it stands for the present one.
 *
 * @param live - By frame: registers that later instructions look at, as bits.
 * @param hint - Where other states differed from the present one: looked at first.
 * @param withinRange - The old state is of an earlier round of a loop that goes on.
 * @param mayReadUnwritten - Bytes of stack that hold anything stand for bytes that hold nothing.
 * @param needs - What mattered on the paths from the explored state. Without it the states have to be
 * equal in all that can be observed.
 */
export function difference(
  old: State,
  now: State,
  live: readonly number[],
  needs: Needs | undefined,
  mayReadUnwritten: boolean,
  hint?: Place,
  withinRange = false,
): Place | undefined {
  if (hint !== undefined && differsAt(hint, old, now, live, needs)) return hint;
  const ids = new IdPairs();
  if (!sameHeld(old, now, ids)) return NOWHERE;
  for (let depth = 0; depth < old.frames.length; depth++) {
    const frame = old.frames[depth]!;
    const other = now.frames[depth]!;
    const alive = live[depth]!;
    for (let register = 0; register < REGISTERS; register++) {
      if ((alive & (1 << register)) === 0) continue;
      const a = frame.registers[register]!;
      const b = other.registers[register]!;
      if (a === b && a.kind !== 'pointer' && (a.kind !== 'scalar' || a.id === 0)) continue;
      const matters = needs === undefined || mattersRegister(needs, depth, register);
      // Within a loop what was not there before is more than there was (`RANGE_WITHIN`).
      if (withinRange && a.kind === 'none' && b.kind !== 'none') return registerPlace(depth, register);
      if (!covers(a, b, ids, matters, needs === undefined)) return registerPlace(depth, register);
    }
    // What lies deeper than the old stack was is not asked for.
    for (let slot = 0; slot < frame.slots.length; slot++) {
      if (needs !== undefined && !isSlotRead(needs, depth, slot)) continue;
      const matters = needs === undefined || mattersSlot(needs, depth, slot);
      if (
        !coversSlot(frame.slots[slot], other.slots[slot], ids, matters, needs === undefined, mayReadUnwritten)
      )
        return slotPlace(depth, slot);
    }
  }
  return undefined;
}

/** The same for one register, as far as it can be told from that alone. */
function differsAt(
  place: Place,
  old: State,
  now: State,
  live: readonly number[],
  needs: Needs | undefined,
): boolean {
  const { frame, register } = registerAt(place);
  if (register === undefined || frame >= live.length || (live[frame]! & (1 << register)) === 0) return false;
  const [a, b] = [old.frames[frame]!.registers[register]!, now.frames[frame]!.registers[register]!];
  if (a.kind !== 'scalar' || b.kind !== 'scalar') return false;
  const matters = needs === undefined || mattersRegister(needs, frame, register);
  return matters && !scalars.includes(a.scalar, b.scalar);
}

/** Whether the two states are in the same functions, called from the same places. */
export function sameCalls(old: State, now: State): boolean {
  if (old.frames.length !== now.frames.length) return false;
  return old.frames.every((frame, depth) => {
    const other = now.frames[depth]!;
    return frame.returnTo === other.returnTo && frame.isCallback === other.isCallback;
  });
}

/** What states differ in where it is no register and no slot. */
export const NOWHERE = -1;

/** Whether the same things have to be given back, in as many rounds of helpers that call (`refsafe`). */
function sameHeld(old: State, now: State, ids: IdPairs): boolean {
  const isSame =
    old.references.length === now.references.length &&
    (old.lock === undefined) === (now.lock === undefined) &&
    old.lock?.map === now.lock?.map &&
    old.frames.every(({ calledBack }, depth) => calledBack <= now.frames[depth]!.calledBack);
  if (!isSame) return false;
  if (old.lock !== undefined && !ids.match(old.lock.id * TIES, now.lock!.id * TIES)) return false;
  return old.references.every((id, at) => ids.match(id * TIES, now.references[at]! * TIES));
}

function covers(old: Value, now: Value, ids: IdPairs, matters: boolean, exact: boolean): boolean {
  if (old.kind === 'none') return !exact || now.kind === 'none';
  if (old.kind !== now.kind) return false;
  if (old.kind === 'pointer') return coversPointer(old, now as Pointer, ids, exact);
  const other = now as Number_;
  if (exact) return ids.equal(old, other);
  return !matters || (scalars.includes(old.scalar, other.scalar) && ids.tied(old, other));
}

function coversPointer(old: Pointer, now: Pointer, ids: IdPairs, exact: boolean): boolean {
  if (old.type !== now.type || old.offset !== now.offset || old.frame !== now.frame || old.map !== now.map)
    return false;
  if (old.size !== now.size || old.of !== now.of) return false;
  if (!ids.match(old.id * TIES, now.id * TIES)) return false;
  if (!ids.match(old.reference * TIES, now.reference * TIES)) return false;
  if (exact) return old.range === now.range && scalars.equals(old.variable, now.variable);
  if (pointsIntoPacket(old)) {
    const isSpecial = old.range < 0 || now.range < 0;
    if (isSpecial ? old.range !== now.range : old.range > now.range) return false;
  } else if (old.range !== now.range) return false;
  return scalars.includes(old.variable, now.variable);
}

function coversSlot(
  old: StackSlot | undefined,
  now: StackSlot | undefined,
  ids: IdPairs,
  matters: boolean,
  exact: boolean,
  mayReadUnwritten: boolean,
): boolean {
  if (old === undefined) return !exact || now === undefined || now.bytes.every((byte) => byte === 'none');
  if (old === now && old.spilled.kind === 'none') return true;
  const other = now ?? EMPTY_SLOT;
  if (!exact) {
    // A number that was spilled whole, and bytes that hold anything, are both numbers.
    const was = wholeNumber(old, mayReadUnwritten);
    const is = was && wholeNumber(other, mayReadUnwritten);
    if (was !== undefined && is !== undefined) return covers(was, is, ids, matters, false);
  }
  for (let i = 0; i < SLOT; i++)
    if (!coversByte(old.bytes[i]!, other.bytes[i]!, exact, mayReadUnwritten)) return false;
  return old.spilled.kind === 'none' || covers(old.spilled, other.spilled, ids, matters, exact);
}

function wholeNumber({ bytes, spilled }: StackSlot, mayReadUnwritten: boolean): Value | undefined {
  if (spilled.kind === 'scalar' && bytes[SLOT - 1] === 'spill') return spilled;
  const isAny = bytes.every((byte) => byte === 'any' || (mayReadUnwritten && byte === 'none'));
  return isAny ? ANY_NUMBER : undefined;
}

function coversByte(old: StackByte, now: StackByte, exact: boolean, mayReadUnwritten: boolean): boolean {
  if (old === now) return true;
  if (exact) return false;
  return old === 'none' || (old === 'any' && (mayReadUnwritten || now === 'zero'));
}

/** Whether the stacks hold the same kinds of bytes, as far as the explored state knew them. */
export function sameBytes(old: State, now: State): boolean {
  return old.frames.every((frame, depth) =>
    // By number: slots that hold nothing are holes.
    Array.from(frame.slots.keys()).every((at) => {
      const [was, is] = [frame.slots[at] ?? EMPTY_SLOT, now.frames[depth]!.slots[at] ?? EMPTY_SLOT];
      return was === is || was.bytes.every((byte, i) => byte === is.bytes[i]);
    }),
  );
}

/** Whether the present frames have the same in every register, looked at or not (`states_maybe_looping`). */
export function sameRegisters(old: State, now: State): boolean {
  const [was, is] = [old.frames.at(-1)!.registers, now.frames.at(-1)!.registers];
  return was.every((value, register) => sameValue(value, is[register]!));
}

function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind === 'none' || b.kind === 'none') return a.kind === b.kind;
  if (a.kind === 'pointer') {
    if (b.kind !== 'pointer' || a.id !== b.id || a.reference !== b.reference) return false;
    const isSame =
      a.type === b.type && a.offset === b.offset && a.range === b.range && a.map === b.map && a.of === b.of;
    return isSame && scalars.equals(a.variable, b.variable);
  }
  return b.kind === 'scalar' && a.id === b.id && a.delta === b.delta && scalars.equals(a.scalar, b.scalar);
}
