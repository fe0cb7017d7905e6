/**
 * The verifier's state at a point of a path: frames of registers and stacks. States are copied when a
 * path forks; what they hold is immutable and shared.
 */

import { FRAME_POINTER, REGISTERS } from '../../ebpf/index.js';
import { type MapInfo, NONE, pointer, type Value } from './value.js';

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
  /** Whether a helper has called the function: it goes back to the call itself, which may call it again. */
  readonly isCallback: boolean;
  /** A timer has called the function: how many before it have set that up; else 0. */
  readonly timers: number;
  /** First instruction of the function. */
  readonly entry: number;
  registers: Value[];
  /** By slot, counted down from the frame pointer: slot 0 is fp-8 … fp-1. */
  slots: (StackSlot | undefined)[];
  /** How often a helper of this frame has called a function. */
  calledBack: number;
}

/** A frame for those who look at it only. */
export interface KnownFrame extends Readonly<Omit<Frame, 'registers' | 'slots'>> {
  readonly registers: readonly Value[];
  readonly slots: readonly (StackSlot | undefined)[];
}

/** A lock that is held: of which value of which map. */
export interface HeldLock {
  readonly id: number;
  readonly map: MapInfo | undefined;
}

export interface State {
  frames: Frame[];
  /** How often the path has gone on at a `may_goto`. */
  loops: number;
  /** How often helpers have called functions. */
  rounds: number;
  /** What has to be given back, oldest first. */
  references: readonly number[];
  lock: HeldLock | undefined;
}

/** A state for those who look at it only. */
export interface KnownState extends Readonly<Omit<State, 'frames'>> {
  readonly frames: readonly KnownFrame[];
}

export const newFrame = (
  depth: number,
  returnTo: number,
  entry: number,
  isCallback = false,
  timers = 0,
): Frame => {
  const registers: Value[] = Array.from({ length: REGISTERS }, () => NONE);
  registers[FRAME_POINTER] = pointer('stack', { frame: depth });
  return { returnTo, entry, isCallback, timers, registers, slots: [], calledBack: 0 };
};

/** What holds where a program begins. */
export function initialState(): State {
  const frame = newFrame(0, -1, 0);
  frame.registers[1] = pointer('context');
  return stateOf(frame);
}

export function stateOf(frame: Frame): State {
  return { frames: [frame], loops: 0, rounds: 0, references: [], lock: undefined };
}

export const copyState = (state: State): State => ({
  ...state,
  frames: state.frames.map((frame) => ({
    ...frame,
    registers: frame.registers.slice(),
    slots: frame.slots.slice(),
  })),
});

/** Something has been given back. */
export function forgetReference(state: State, id: number): void {
  state.references = state.references.filter((held) => held !== id);
}

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
