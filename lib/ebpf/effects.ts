/** What single instructions do to registers and to control: for those who follow programs without running them. */

import { type Instruction, type Operand, slotsOf } from './instruction.js';

/** Slots to go on at, the taken branch first. Calls are expected to come back. */
export function targetsOf(instruction: Instruction, index: number): readonly number[] {
  const next = index + slotsOf(instruction);
  switch (instruction.kind) {
    case 'exit':
      return [];
    case 'jump':
      return [next + instruction.distance];
    case 'mayGoto':
    case 'branch':
      return [next + instruction.distance, next];
    default:
      return [next];
  }
}

const bit = (register: number): number => 1 << register;
const ARGUMENTS = 0b11_1110;
const readBy = (operand: Operand): number => ('register' in operand ? bit(operand.register) : 0);

/**
 * Registers read, and registers that are sure to be written, as sets of one bit each. Calls take r1 to r5 and give
 * r0, as verified programs have it.
 */
export function effectsOf(instruction: Instruction): { readonly reads: number; readonly writes: number } {
  switch (instruction.kind) {
    case 'alu': {
      const { op, dst, operand } = instruction;
      return { reads: (op === 'mov' ? 0 : bit(dst)) | readBy(operand), writes: bit(dst) };
    }
    case 'movsx':
      return { reads: bit(instruction.src), writes: bit(instruction.dst) };
    case 'swap':
      return { reads: bit(instruction.dst), writes: bit(instruction.dst) };
    case 'load':
    case 'loadAcquire':
      return { reads: bit(instruction.base), writes: bit(instruction.dst) };
    case 'store':
      return { reads: bit(instruction.base) | readBy(instruction.operand), writes: 0 };
    case 'storeRelease':
      return { reads: bit(instruction.base) | bit(instruction.src), writes: 0 };
    case 'atomic': {
      const { op, base, src } = instruction;
      return { reads: bit(base) | bit(src) | (op === 'cmpxchg' ? bit(0) : 0), writes: 0 };
    }
    case 'wide':
      return { reads: 0, writes: bit(instruction.dst) };
    case 'packet':
      return { reads: instruction.index === undefined ? 0 : bit(instruction.index), writes: bit(0) };
    case 'branch':
      return { reads: bit(instruction.dst) | readBy(instruction.operand), writes: 0 };
    case 'call':
    case 'callLocal':
    case 'callKfunc':
      return { reads: ARGUMENTS, writes: bit(0) };
    case 'callRegister':
      return { reads: ARGUMENTS | bit(instruction.register), writes: bit(0) };
    case 'exit':
      return { reads: bit(0), writes: 0 };
    case 'jump':
    case 'mayGoto':
      return { reads: 0, writes: 0 };
  }
}
