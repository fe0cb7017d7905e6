/**
 * The definition of the classic machine, one step at a time.
 *
 * Slow and plain: the faster interpreter and the JITs are held equal to this. It also serves whoever
 * wants to watch a program run: explanations, profiles, instruction counts.
 *
 * Semantics: libpcap `bpf_filter.c`, Linux `net/core/filter.c`; they differ as `Personality` says.
 */

import { extensionAt, headerRelative, type PacketMetadata } from './extensions.js';
import type { Instruction, Program } from './instruction.js';
import {
  A,
  ABS,
  ALU,
  aluRowOf,
  classOf,
  evalAlu,
  IMM,
  IND,
  JA,
  JMP,
  jumpRowOf,
  LD,
  LDX,
  LEN,
  MEM,
  MEMORY_WORDS,
  MISC,
  MSH,
  modeOf,
  NEG,
  operationOf,
  type Personality,
  RET,
  ST,
  STX,
  sizeOf,
  TXA,
  usesX,
} from './opcodes.js';

/**
 * Backward jumps a program may take before its packet is rejected, in every engine alike. libpcap's
 * `protochain` runs for ever on some packets; a walk that moves at least 8 bytes a round ends within
 * this on any packet of 256 KiB.
 */
export const LOOP_BUDGET = 1 << 15;

/** What a program runs on: a packet, and what is known of it. */
export interface MachineInput {
  readonly bytes: Uint8Array;
  /** Bytes the packet had on the wire; default: as many as there are. */
  readonly wireLength?: number;
  /** Present: ancillary loads read from it. Absent, `libpcap`: they are beyond the packet. */
  readonly metadata?: PacketMetadata | undefined;
  readonly personality?: Personality;
}

/** Registers and cells, between two instructions. */
export interface MachineState {
  a: number;
  x: number;
  readonly memory: Uint32Array;
  /** Index of the next instruction. */
  next: number;
  /** The value returned, once the program has ended. */
  result: number | undefined;
  /** Instructions executed so far. */
  steps: number;
  /** Backward jumps taken so far. */
  loops: number;
}

export const initialState = (): MachineState => ({
  a: 0,
  x: 0,
  memory: new Uint32Array(MEMORY_WORDS),
  next: 0,
  result: undefined,
  steps: 0,
  loops: 0,
});

/**
 * Runs a valid program over one packet.
 *
 * @param observe - Called after each instruction with the state it left.
 * @returns The state at the end; `result` holds the bytes to keep, 0 to reject.
 */
export function execute(
  program: Program,
  input: MachineInput,
  observe?: (instruction: Instruction, index: number, state: MachineState) => void,
): MachineState {
  const state = initialState();
  while (state.result === undefined) {
    const index = state.next;
    const instruction = program[index]!;
    step(instruction, state, input);
    observe?.(instruction, index, state);
  }
  return state;
}

/** Executes one instruction. Sets `result` when the program ends here, be it by a read out of bounds. */
export function step(instruction: Instruction, state: MachineState, input: MachineInput): void {
  const { code, jt, jf, k } = instruction;
  state.steps++;
  state.next++;
  switch (classOf(code)) {
    case LD: {
      const value = load(code, k, state, input);
      if (value === undefined) state.result ??= 0;
      else state.a = value;
      return;
    }
    case LDX: {
      const value = load(code, k, state, input);
      if (value === undefined) state.result ??= 0;
      else state.x = modeOf(code) === MSH ? (value & 0xf) * 4 : value;
      return;
    }
    case ST:
      state.memory[k] = state.a;
      return;
    case STX:
      state.memory[k] = state.x;
      return;
    case ALU: {
      if (operationOf(code) === NEG) {
        state.a = -state.a >>> 0;
        return;
      }
      const value = evalAlu(aluRowOf(code)!, state.a, usesX(code) ? state.x : k, input.personality);
      if (value === undefined) state.result = 0;
      else state.a = value;
      return;
    }
    case JMP:
      if (operationOf(code) === JA) {
        state.next += k | 0;
        if ((k | 0) < 0 && ++state.loops > LOOP_BUDGET) state.result = 0;
      } else state.next += jumpRowOf(code)!.eval(state.a, usesX(code) ? state.x : k) ? jt : jf;
      return;
    case RET:
      state.result = code === (RET | A) ? state.a : k;
      return;
    case MISC:
      if (operationOf(code) === TXA) state.a = state.x;
      else state.x = state.a;
      return;
  }
}

/** The value a load gives, `undefined` when it ends the program (`state.result` may hold with what). */
function load(code: number, k: number, state: MachineState, input: MachineInput): number | undefined {
  switch (modeOf(code)) {
    case IMM:
      return k;
    case MEM:
      return state.memory[k]!;
    case LEN:
      return (input.wireLength ?? input.bytes.length) >>> 0;
    case MSH:
      return fetch(input, input.personality === 'kernel' ? k | 0 : k, 1);
    case IND: {
      const offset = input.personality === 'kernel' ? (state.x + k) | 0 : state.x + k;
      return fetch(input, offset, sizeOf(code));
    }
    case ABS: {
      const extension = input.metadata === undefined ? undefined : extensionAt(k);
      if (extension === undefined)
        return fetch(input, input.personality === 'kernel' ? k | 0 : k, sizeOf(code));
      const { bytes, metadata } = input;
      const { a, x } = state;
      const value = extension.read({
        a,
        x,
        bytes,
        start: 0,
        capturedLength: bytes.length,
        metadata: metadata!,
      });
      if (value === undefined) state.result = a;
      return value;
    }
  }
  throw new RangeError(`operation code 0x${code.toString(16)} is not defined`);
}

/** Big-endian bytes of the packet; `undefined` when one of them lies outside what was captured. */
function fetch({ bytes, metadata }: MachineInput, offset: number, size: 1 | 2 | 4): number | undefined {
  const at = offset < 0 ? headerRelative(offset, metadata ?? {}) : offset;
  if (at < 0 || at + size > bytes.length) return undefined;
  let value = 0;
  for (let i = 0; i < size; i++) value = ((value << 8) | bytes[at + i]!) >>> 0;
  return value;
}
