/**
 * The verifier's state at a point of a path: frames of registers and stacks. States are copied when a
 * path forks; what they hold is immutable and shared.
 */

import { FRAME_POINTER, REGISTERS } from '../ebpf/opcodes.js';
import * as scalars from './scalar.js';
import { isPacket, NONE, type Pointer, pointer, type Value } from './value.js';

export const SLOT = 8;
export const STACK_SLOTS = 64;

export type StackByte = 'none' | 'any' | 'zero' | 'spill';

/** Eight bytes of stack. Bytes marked `spill` are the low bytes of `spilled`. */
export interface StackSlot {
  readonly bytes: readonly StackByte[];
  readonly spilled: Value;
}

const repeat = (byte: StackByte): readonly StackByte[] => Array.from({ length: SLOT }, () => byte);
export const EMPTY_SLOT: StackSlot = { bytes: repeat('none'), spilled: NONE };
export const ANY_SLOT: StackSlot = { bytes: repeat('any'), spilled: NONE };
export const SPILLED_BYTES = repeat('spill');

export interface Frame {
  /** The instruction to go on with after the call; -1 in the outermost frame. */
  readonly returnTo: number;
  /** First instruction of the function. */
  readonly entry: number;
  registers: Value[];
  /** By slot, counted down from the frame pointer: slot 0 is fp-8 … fp-1. */
  slots: (StackSlot | undefined)[];
}

export interface State {
  frames: Frame[];
}

export const newFrame = (depth: number, returnTo: number, entry: number): Frame => {
  const registers: Value[] = Array.from({ length: REGISTERS }, () => NONE);
  registers[FRAME_POINTER] = pointer('stack', { frame: depth });
  return { returnTo, entry, registers, slots: [] };
};

export const copyState = (state: State): State => ({
  frames: state.frames.map((frame) => ({
    ...frame,
    registers: frame.registers.slice(),
    slots: frame.slots.slice(),
  })),
});

export const currentFrame = (state: State): Frame => state.frames[state.frames.length - 1]!;

/** Replaces values everywhere, in registers and in spills. */
export function mapValues(state: State, change: (value: Value) => Value): void {
  for (const frame of state.frames) {
    for (let i = 0; i < frame.registers.length; i++) frame.registers[i] = change(frame.registers[i]!);
    for (let i = 0; i < frame.slots.length; i++) {
      const slot = frame.slots[i];
      if (slot === undefined || slot.spilled.kind === 'none') continue;
      const spilled = change(slot.spilled);
      if (spilled !== slot.spilled) frame.slots[i] = { ...slot, spilled };
    }
  }
}

/** Pairs ids of two states: each of one stands for one of the other. */
class IdPairs {
  private readonly forward = new Map<number, number>();

  match(old: number, now: number): boolean {
    if (old === 0 && now === 0) return true;
    const known = this.forward.get(old);
    if (known !== undefined) return known === now;
    this.forward.set(old, now);
    return true;
  }
}

/** Registers that matter from here on: must be there, and whose value is looked at. */
export interface Demand {
  readonly live: number;
  readonly value: number;
}

function coversPointer(old: Pointer, now: Pointer, ids: IdPairs, exact: boolean): boolean {
  if (old.type !== now.type || old.offset !== now.offset || old.frame !== now.frame || old.map !== now.map)
    return false;
  if (!ids.match(old.id, now.id)) return false;
  if (exact) return old.range === now.range && scalars.equals(old.variable, now.variable);
  if (isPacket(old) && old.range > now.range) return false;
  return scalars.includes(old.variable, now.variable);
}

/** Whether whatever is safe with `old` is safe with `now`. */
function covers(old: Value, now: Value, ids: IdPairs, exact: boolean): boolean {
  if (old.kind === 'none') return !exact || now.kind === 'none';
  if (old.kind !== now.kind) return false;
  if (old.kind === 'pointer') return coversPointer(old, now as Pointer, ids, exact);
  const other = now as Extract<Value, { kind: 'scalar' }>;
  if (exact) return scalars.equals(old.scalar, other.scalar) && ids.match(old.id, other.id);
  if (!scalars.includes(old.scalar, other.scalar)) return false;
  // Where the old state knew two numbers to be copies, the new one has to know it too.
  return old.id === 0 || (other.id !== 0 && ids.match(old.id, other.id));
}

function coversByte(old: StackByte, now: StackByte, exact: boolean): boolean {
  if (old === now) return true;
  if (exact) return false;
  return old === 'none' || (old === 'any' && now === 'zero');
}

function coversSlot(
  old: StackSlot | undefined,
  now: StackSlot | undefined,
  ids: IdPairs,
  exact: boolean,
): boolean {
  if (old === undefined) return !exact || now === undefined;
  if (old === now && old.spilled.kind === 'none') return true;
  const other = now ?? EMPTY_SLOT;
  for (let i = 0; i < SLOT; i++) {
    const byte =
      other.bytes[i] === 'spill' && old.bytes[i] === 'any' && other.spilled.kind === 'scalar'
        ? 'any'
        : other.bytes[i]!;
    if (!coversByte(old.bytes[i]!, byte, exact)) return false;
  }
  return old.spilled.kind === 'none' || covers(old.spilled, other.spilled, ids, exact);
}

/**
 * Whether an explored state stands for this one as well, so that nothing new can be found here.
 *
 * @param demand - By frame: registers that later instructions look at. `exact` ignores it: the states must
 * be equal in all that can be observed.
 */
export function stateCovers(old: State, now: State, demand: readonly Demand[], exact: boolean): boolean {
  if (old.frames.length !== now.frames.length) return false;
  const ids = new IdPairs();
  for (const [depth, frame] of old.frames.entries()) {
    const other = now.frames[depth]!;
    if (frame.returnTo !== other.returnTo || frame.entry !== other.entry) return false;
    const { live, value } = demand[depth]!;
    for (let register = 0; register < REGISTERS; register++) {
      if ((live & (1 << register)) === 0) continue;
      const [a, b] = [frame.registers[register]!, other.registers[register]!];
      if (a === b && a.kind !== 'pointer' && (a.kind !== 'scalar' || a.id === 0)) continue;
      const ignored = (value & (1 << register)) === 0 && a.kind === 'scalar' && b.kind === 'scalar';
      if (!ignored && !covers(a, b, ids, exact)) return false;
    }
    for (let slot = 0; slot < Math.max(frame.slots.length, other.slots.length); slot++) {
      if (!coversSlot(frame.slots[slot], other.slots[slot], ids, exact)) return false;
    }
  }
  return true;
}
