/**
 * What every program must satisfy before anything runs it: its shape alone, no values.
 *
 * Every slot decodes; jumps and calls land on instructions of the same function; no function runs off
 * its end; called helpers exist. That memory accesses are good and that loops end is the verifier's
 * to prove, or an engine's to check as it goes.
 *
 * Linux `kernel/bpf/verifier.c` (`check_subprogs`, `check_cfg`); uBPF `ubpf_vm.c` (`validate`), whose
 * refusal of a jump to itself is kept.
 */

import { DecodeError, type DecodeProblemKind, decode } from './decode.js';
import { type Instruction, type Program, slotsOf } from './instruction.js';
import { FRAME_POINTER, PSEUDO } from './opcodes.js';

/** Kinds of problems; stable. */
export type ProblemKind =
  | DecodeProblemKind
  | 'empty'
  | 'too-long'
  | 'jump-out-of-range'
  | 'jump-into-wide'
  | 'endless-jump'
  | 'falls-off-end'
  | 'unknown-helper'
  | 'write-to-frame-pointer'
  | 'packet-load';

/** Why a program is malformed, and where. */
export interface Problem {
  readonly kind: ProblemKind;
  /** The slot at fault. */
  readonly index: number;
  readonly message: string;
}

/** What a program is checked for. */
export interface ValidateOptions {
  /** Helpers that may be called; all when absent. */
  readonly helpers?: { readonly has: (number: number) => boolean };
  /** Whether `LD_ABS` and `LD_IND` may be used. Default true. */
  readonly packetLoads?: boolean;
  /** Slots a program may have. Default a million, as Linux for privileged users. */
  readonly maxLength?: number;
  /** Accept non-zero unused fields. */
  readonly lenient?: boolean;
  /** Accept writes to r10: a verifier refuses those that are reached. */
  readonly framePointerWrites?: boolean;
  /** Accept a jump to itself: a verifier refuses those that are reached. */
  readonly endlessJumps?: boolean;
}

const DEFAULT_MAX_LENGTH = 1_000_000;

/** The program is malformed. */
export class EbpfProgramError extends Error {
  override readonly name = 'EbpfProgramError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`instruction ${problem.index}: ${problem.message}`);
    this.problem = problem;
  }
}

/** @throws EbpfProgramError */
export function assertValid(program: Program, options: ValidateOptions = {}): void {
  const problem = validate(program, options);
  if (problem !== undefined) throw new EbpfProgramError(problem);
}

/** The first problem of a program, `undefined` when there is none. */
export function validate(program: Program, options: ValidateOptions = {}): Problem | undefined {
  const { maxLength = DEFAULT_MAX_LENGTH } = options;
  if (program.length === 0) return { kind: 'empty', index: 0, message: 'the program is empty' };
  if (program.length > maxLength)
    return { kind: 'too-long', index: maxLength, message: `more than ${maxLength} instructions` };

  /** By slot; none for the second half of a wide immediate. */
  const instructions: (Instruction | undefined)[] = [];
  for (let index = 0; index < program.length; ) {
    let instruction: Instruction;
    try {
      instruction = decode(program, index, { lenient: options.lenient ?? false });
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      const message = error.message.replace(/^instruction \d+: /, '');
      return { kind: error.kind, index: error.index, message };
    }
    instructions.push(instruction);
    if (slotsOf(instruction) === 2) instructions.push(undefined);
    index += slotsOf(instruction);
  }
  const starts = functionStarts(instructions);
  for (const [index, instruction] of instructions.entries()) {
    if (instruction === undefined) continue;
    const problem = check(instruction, index, instructions, starts, options);
    if (problem !== undefined) return { ...problem, index };
  }
  return undefined;
}

/** For each slot the first slot of its function: functions start at 0 and where local calls go. */
function functionStarts(instructions: readonly (Instruction | undefined)[]): Int32Array {
  const entries = new Set([0]);
  for (const [index, instruction] of instructions.entries()) {
    if (instruction?.kind === 'callLocal') entries.add(index + 1 + instruction.distance);
    // A pointer to a function, as bpf_loop takes it (BPF_PSEUDO_FUNC).
    if (instruction?.kind === 'wide' && instruction.pseudo === PSEUDO.func)
      entries.add(index + 1 + instruction.low);
  }
  const starts = new Int32Array(instructions.length);
  for (let index = 1; index < starts.length; index++)
    starts[index] = entries.has(index) ? index : starts[index - 1]!;
  return starts;
}

type Fault = Omit<Problem, 'index'>;

function check(
  instruction: Instruction,
  index: number,
  instructions: readonly (Instruction | undefined)[],
  starts: Int32Array,
  options: ValidateOptions,
): Fault | undefined {
  const land = (target: number): Fault | undefined => {
    if (target < 0 || target >= instructions.length)
      return { kind: 'jump-out-of-range', message: `goes to ${target}, outside the program` };
    if (instructions[target] === undefined)
      return { kind: 'jump-into-wide', message: `goes to ${target}, the middle of a 64-bit immediate` };
    return undefined;
  };
  const jump = (distance: number): Fault | undefined => {
    const target = index + 1 + distance;
    const fault = land(target);
    if (fault !== undefined || starts[target] === starts[index]) return fault;
    return { kind: 'jump-out-of-range', message: `goes to ${target}, in another function` };
  };
  const next = index + slotsOf(instruction);
  const fallsOff = (): Fault | undefined => {
    if (next < instructions.length && starts[next] === starts[index]) return undefined;
    return { kind: 'falls-off-end', message: 'a function ends in exit or an unconditional jump' };
  };
  if (options.framePointerWrites !== true && writtenRegister(instruction) === FRAME_POINTER)
    return { kind: 'write-to-frame-pointer', message: 'r10 cannot be written' };

  switch (instruction.kind) {
    case 'exit':
      return undefined;
    case 'jump':
      if (instruction.distance === -1 && options.endlessJumps !== true)
        return { kind: 'endless-jump', message: 'jumps to itself' };
      return jump(instruction.distance);
    case 'mayGoto':
    case 'branch':
      return jump(instruction.distance) ?? fallsOff();
    case 'callLocal':
      return land(index + 1 + instruction.distance) ?? fallsOff();
    case 'call':
      if (options.helpers?.has(instruction.helper) === false)
        return { kind: 'unknown-helper', message: `there is no helper ${instruction.helper}` };
      return fallsOff();
    case 'wide':
      if (instruction.pseudo !== PSEUDO.func) return fallsOff();
      return land(index + 1 + instruction.low) ?? fallsOff();
    case 'packet':
      if (options.packetLoads === false)
        return { kind: 'packet-load', message: 'programs of this type cannot load from the packet this way' };
      return fallsOff();
    default:
      return fallsOff();
  }
}

/** The register an instruction names as its destination. */
function writtenRegister(instruction: Instruction): number | undefined {
  switch (instruction.kind) {
    case 'alu':
    case 'movsx':
    case 'swap':
    case 'load':
    case 'loadAcquire':
    case 'wide':
      return instruction.dst;
    case 'atomic':
      return instruction.fetch && instruction.op !== 'cmpxchg' ? instruction.src : undefined;
    default:
      return undefined;
  }
}
