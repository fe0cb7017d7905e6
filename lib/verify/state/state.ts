/**
 * The verifier's state at a point of a path: frames of registers and stacks. States are copied when a
 * path forks; what they hold is immutable and shared.
 */

import { FRAME_POINTER, REGISTERS } from '../../ebpf/index.js';
import { NONE, pointer, type Value } from './value.js';

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
  /** How often the path has gone on at a `may_goto`. */
  loops: number;
}

export const newFrame = (depth: number, returnTo: number, entry: number): Frame => {
  const registers: Value[] = Array.from({ length: REGISTERS }, () => NONE);
  registers[FRAME_POINTER] = pointer('stack', { frame: depth });
  return { returnTo, entry, registers, slots: [] };
};

export const copyState = (state: State): State => ({
  loops: state.loops,
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
