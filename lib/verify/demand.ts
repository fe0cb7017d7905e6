/**
 * Which registers later instructions look at: found once, before paths are explored, so that states
 * which differ only in what nobody reads any more count as the same.
 *
 * Two sets for each instruction. `live`: must hold something. `value`: what it holds is looked at; a
 * number that is only stored, passed on or returned is live, but its value decides nothing about safety.
 */

import { type Instruction, slotsOf } from '../ebpf/instruction.js';
import type { Demand } from './state.js';

const bit = (register: number): number => 1 << register;
const ARGUMENTS = 0b111110;
const SAVED = 0b1111000000;
const R0 = 1;
const FRAME = bit(10);

/** Slots that control can go to after an instruction, within its function. */
export function nextSlots(instruction: Instruction, index: number): readonly number[] {
  switch (instruction.kind) {
    case 'exit':
      return [];
    case 'jump':
      return [index + 1 + instruction.distance];
    case 'branch':
      return [index + 1, index + 1 + instruction.distance];
    default:
      return [index + slotsOf(instruction)];
  }
}

interface Effect {
  /** Registers the instruction overwrites. */
  readonly kills: number;
  /** Registers it reads, whatever comes of them. */
  readonly reads: number;
  /** Registers whose value it looks at. */
  readonly inspects: number;
  /** Registers whose value matters if that of the written one does. */
  readonly passes: number;
}

const operandBit = (operand: { readonly register: number } | { readonly constant: number }): number =>
  'register' in operand ? bit(operand.register) : 0;

function effectOf(instruction: Instruction): Effect {
  const none = { kills: 0, reads: 0, inspects: 0, passes: 0 };
  switch (instruction.kind) {
    case 'alu': {
      const source = operandBit(instruction.operand);
      const both = instruction.op === 'mov' ? source : source | bit(instruction.dst);
      return { kills: bit(instruction.dst), reads: both, inspects: 0, passes: both };
    }
    case 'movsx':
      return {
        kills: bit(instruction.dst),
        reads: bit(instruction.src),
        inspects: 0,
        passes: bit(instruction.src),
      };
    case 'swap':
      return {
        kills: bit(instruction.dst),
        reads: bit(instruction.dst),
        inspects: 0,
        passes: bit(instruction.dst),
      };
    case 'load':
      return {
        ...none,
        kills: bit(instruction.dst),
        reads: bit(instruction.base),
        inspects: bit(instruction.base),
      };
    case 'store': {
      // What is stored on the stack may be read again and then matter.
      const source = operandBit(instruction.operand);
      return { ...none, reads: bit(instruction.base) | source, inspects: bit(instruction.base) | source };
    }
    case 'atomic': {
      const all = bit(instruction.base) | bit(instruction.src) | (instruction.op === 'cmpxchg' ? R0 : 0);
      const kills = instruction.fetch ? (instruction.op === 'cmpxchg' ? R0 : bit(instruction.src)) : 0;
      return { kills, reads: all, inspects: all, passes: 0 };
    }
    case 'wide':
      return { ...none, kills: bit(instruction.dst) };
    case 'packet': {
      const read = bit(6) | (instruction.index === undefined ? 0 : bit(instruction.index));
      return { ...none, kills: R0 | ARGUMENTS, reads: read, inspects: bit(6) };
    }
    case 'branch': {
      const read = bit(instruction.dst) | operandBit(instruction.operand);
      return { ...none, reads: read, inspects: read };
    }
    case 'call':
    case 'callKfunc':
    case 'callLocal':
    case 'callRegister':
      // Which arguments a function takes is not looked up: all may matter, none need be there.
      return { ...none, kills: R0 | ARGUMENTS, reads: ARGUMENTS, inspects: ARGUMENTS };
    case 'exit':
      // Callers go on with r6–r9 of their own frame; r0 goes back to them.
      return { ...none, reads: R0, inspects: R0 };
    case 'jump':
      return none;
  }
}

/** Demand before each instruction. */
export function demandOf(instructions: readonly (Instruction | undefined)[]): readonly Demand[] {
  const live = new Int32Array(instructions.length);
  const value = new Int32Array(instructions.length);
  const effects = instructions.map((instruction) =>
    instruction === undefined ? undefined : effectOf(instruction),
  );
  const before: number[][] = instructions.map(() => []);
  instructions.forEach((instruction, index) => {
    if (instruction === undefined) return;
    for (const next of nextSlots(instruction, index)) before[next]?.push(index);
  });
  const queue = instructions.flatMap((instruction, index) => (instruction === undefined ? [] : [index]));
  const queued = new Uint8Array(instructions.length).fill(1);
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    queued[index] = 0;
    const { kills, reads, inspects, passes } = effects[index]!;
    let [liveOut, valueOut] = [0, 0];
    for (const next of nextSlots(instructions[index]!, index)) {
      liveOut |= live[next] ?? 0;
      valueOut |= value[next] ?? 0;
    }
    const liveIn = (liveOut & ~kills) | reads | FRAME;
    const valueIn = (valueOut & ~kills) | inspects | ((valueOut & kills) !== 0 ? passes : 0) | FRAME;
    if (liveIn === live[index] && valueIn === value[index]) continue;
    live[index] = liveIn;
    value[index] = valueIn;
    for (const previous of before[index]!) {
      if (queued[previous] === 1) continue;
      queued[previous] = 1;
      queue.push(previous);
    }
  }
  return instructions.map((_, index) => ({ live: live[index]!, value: value[index]! }));
}

/** Registers that the caller of a frame still has when the call returns. */
export const keptOverCall = ({ live, value }: Demand): Demand => ({
  live: live & (SAVED | FRAME),
  value: value & (SAVED | FRAME),
});
