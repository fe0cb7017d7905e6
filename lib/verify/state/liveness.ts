/**
 * Which registers later instructions look at: found once, before paths are explored, so that states
 * which differ only in what nobody reads any more count as the same.
 * Linux `kernel/bpf/verifier.c`: `compute_live_registers`.
 */
import { type Instruction, REGISTERS, signatureFor, slotsOf } from '../../ebpf/index.js';

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
    case 'mayGoto':
    case 'branch':
      return [index + 1, index + 1 + instruction.distance];
    default:
      return [index + slotsOf(instruction)];
  }
}

const operandBit = (operand: { readonly register: number } | { readonly constant: number }): number =>
  'register' in operand ? bit(operand.register) : 0;

/** Registers that an instruction overwrites, and those that it reads; `letter`: of the type of program. */
export function effectOf(
  instruction: Instruction,
  letter = 'T',
): { readonly kills: number; readonly reads: number } {
  switch (instruction.kind) {
    case 'alu': {
      const source = operandBit(instruction.operand);
      const target = bit(instruction.dst);
      return { kills: target, reads: instruction.op === 'mov' ? source : source | target };
    }
    case 'movsx':
      return { kills: bit(instruction.dst), reads: bit(instruction.src) };
    case 'swap':
      return { kills: bit(instruction.dst), reads: bit(instruction.dst) };
    case 'load':
    case 'loadAcquire':
      return { kills: bit(instruction.dst), reads: bit(instruction.base) };
    case 'store':
      return { kills: 0, reads: bit(instruction.base) | operandBit(instruction.operand) };
    case 'storeRelease':
      return { kills: 0, reads: bit(instruction.base) | bit(instruction.src) };
    case 'atomic': {
      const reads = bit(instruction.base) | bit(instruction.src) | (instruction.op === 'cmpxchg' ? R0 : 0);
      if (!instruction.fetch) return { kills: 0, reads };
      return { kills: instruction.op === 'cmpxchg' ? R0 : bit(instruction.src), reads };
    }
    case 'wide':
      return { kills: bit(instruction.dst), reads: 0 };
    case 'packet':
      return {
        kills: R0 | ARGUMENTS,
        reads: bit(6) | (instruction.index === undefined ? 0 : bit(instruction.index)),
      };
    case 'branch':
      return { kills: 0, reads: bit(instruction.dst) | operandBit(instruction.operand) };
    case 'call': {
      const count = signatureFor(instruction.helper, letter)?.arguments?.length ?? 5;
      return { kills: R0 | ARGUMENTS, reads: ARGUMENTS & ((bit(count) << 1) - 1) };
    }
    case 'callKfunc':
    case 'callLocal':
    case 'callRegister':
      // Which arguments a function takes is not looked up: all may matter, none need be there.
      return { kills: R0 | ARGUMENTS, reads: ARGUMENTS };
    case 'exit':
      // Callers go on with r6–r9 of their own frame; r0 goes back to them.
      return { kills: 0, reads: R0 };
    case 'jump':
    case 'mayGoto':
      return { kills: 0, reads: 0 };
  }
}

/** Linux looks no closer at LD_ABS and LD_IND (`compute_insn_live_regs`). */
const READS_ALL = { kills: 0, reads: (1 << REGISTERS) - 1 };

/** For each slot, the registers that may be read from there on before they are written, as bits. */
export function liveRegisters(
  instructions: readonly (Instruction | undefined)[],
  letter: string,
  isLinux = false,
): Int32Array {
  const live = new Int32Array(instructions.length);
  const before: number[][] = instructions.map(() => []);
  instructions.forEach((instruction, index) => {
    if (instruction === undefined) return;
    for (const next of nextSlots(instruction, index)) before[next]?.push(index);
  });
  const queue = instructions.flatMap((instruction, index) => (instruction === undefined ? [] : [index]));
  const queued = new Uint8Array(instructions.length).fill(1);
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    queued[index] = 0;
    const instruction = instructions[index]!;
    const { kills, reads } =
      isLinux && instruction.kind === 'packet' ? READS_ALL : effectOf(instruction, letter);
    let after = 0;
    for (const next of nextSlots(instruction, index)) after |= live[next] ?? 0;
    const now = (after & ~kills) | reads | FRAME;
    if (now === live[index]) continue;
    live[index] = now;
    for (const previous of before[index]!) {
      if (queued[previous] === 1) continue;
      queued[previous] = 1;
      queue.push(previous);
    }
  }
  return live;
}

/** Of the registers alive behind a call, those that the caller's frame keeps meanwhile. */
export const keptOverCall = (live: number): number => live & (SAVED | FRAME);

/** Registers that an instruction reads or writes, as bits. */
export function touchedRegisters(instruction: Instruction): number {
  const { kills, reads } = effectOf(instruction);
  return kills | reads;
}
