/**
 * What a classic program must satisfy before anything runs it.
 *
 * Follows libpcap `bpf_filter.c` (`bpf_validate`) and Linux `net/core/filter.c`
 * (`bpf_check_classic`, `check_load_and_stores`), and says, as neither does, which instruction is at
 * fault and why. libpcap's checker lets through programs that its interpreter then aborts on or never
 * leaves: unknown operation codes and backward jumps; unless its exact verdict is asked for, those
 * are refused as well.
 */

import { extensionAt, SKF_AD_OFF } from './extensions.js';
import type { Instruction, Program } from './instruction.js';
import {
  ABS,
  ALU,
  classOf,
  DIV,
  IMM,
  IND,
  isConditional,
  JA,
  JEQ,
  JGE,
  JGT,
  JMP,
  JSET,
  LD,
  LDX,
  LEN,
  LSH,
  MEM,
  MEMORY_WORDS,
  MOD,
  MSH,
  modeOf,
  opcodeOf,
  operationOf,
  type Personality,
  RET,
  RSH,
  ST,
  STX,
  usesX,
  XOR,
} from './opcodes.js';

/** Linux `BPF_MAXINSNS`. */
export const KERNEL_MAX_LENGTH = 4096;

/** Kinds of problems; stable. */
export type ProblemKind =
  | 'empty'
  | 'too-long'
  | 'unknown-opcode'
  | 'zero-divisor'
  | 'wide-shift'
  | 'memory-cell'
  | 'uninitialized-memory'
  | 'jump-out-of-range'
  | 'backward-jump'
  | 'unknown-extension'
  | 'no-return';

/** Why a program is not valid, and where. */
export interface Problem {
  readonly kind: ProblemKind;
  /** The instruction at fault. */
  readonly index: number;
  readonly message: string;
}

/** By whose rules a program is checked. */
export interface ValidateOptions {
  /** Whose rules: default `libpcap`. */
  readonly personality?: Personality;
  /** `bounded` admits backward `ja`, which an engine then runs under a step budget. Default `refuse`. */
  readonly loops?: 'refuse' | 'bounded';
  /** Exactly what libpcap's own checker decides, lax as it is. The kernel's rules are exact anyway. */
  readonly exact?: boolean;
}

/** A program that must not run. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`instruction ${problem.index}: ${problem.message}`);
    this.problem = problem;
  }
}

/** The first problem of a program, `undefined` when it may run. */
export function validate(program: Program, options: ValidateOptions = {}): Problem | undefined {
  const kernel = options.personality === 'kernel';
  if (program.length === 0) return { kind: 'empty', index: 0, message: 'the program has no instruction' };
  if (kernel && program.length > KERNEL_MAX_LENGTH) {
    const message = `the program has ${program.length} instructions, the kernel takes ${KERNEL_MAX_LENGTH}`;
    return { kind: 'too-long', index: KERNEL_MAX_LENGTH, message };
  }
  const check = kernel
    ? kernelRules
    : options.exact === true
      ? libpcapRules
      : weirRules(options.loops ?? 'refuse');
  for (const [index, instruction] of program.entries()) {
    const problem = check(instruction, index, program.length);
    if (problem !== undefined) return { ...problem, index };
  }
  const last = program.length - 1;
  if (classOf(program[last]!.code) !== RET) {
    return { kind: 'no-return', index: last, message: 'the last instruction must be ret' };
  }
  return kernel ? uninitializedMemory(program) : undefined;
}

/** @throws ProgramError when {@link validate} finds a problem. */
export function assertValid(program: Program, options: ValidateOptions = {}): void {
  const problem = validate(program, options);
  if (problem !== undefined) throw new ProgramError(problem);
}

type Finding = Omit<Problem, 'index'> | undefined;
type Rules = (instruction: Instruction, index: number, length: number) => Finding;

const find = (kind: ProblemKind, message: string): Finding => ({ kind, message });

const unknownOpcode = (code: number): Finding =>
  find('unknown-opcode', `operation code 0x${code.toString(16)} is not defined`);

/** Cell, divisor and range of jumps: what every personality demands of a known operation. */
function commonRules({ code, jt, jf, k }: Instruction, index: number, length: number): Finding {
  const kind = classOf(code);
  const touchesMemory =
    kind === ST || kind === STX || ((kind === LD || kind === LDX) && modeOf(code) === MEM);
  if (touchesMemory && k >= MEMORY_WORDS) return find('memory-cell', `there is no cell M[${k}]`);
  const divides = kind === ALU && (operationOf(code) === DIV || operationOf(code) === MOD);
  if (divides && !usesX(code) && k === 0) return find('zero-divisor', 'division by the constant 0');
  if (kind !== JMP) return undefined;
  // Sums are unsigned 32-bit: a backward `ja` wraps round and is in range.
  const farthest = operationOf(code) === JA ? (index + 1 + k) >>> 0 : index + 1 + Math.max(jt, jf);
  return farthest >= length
    ? find('jump-out-of-range', `jump past the end of the program, to ${farthest}`)
    : undefined;
}

function weirRules(loops: 'refuse' | 'bounded'): Rules {
  return (instruction, index, length) => {
    const { code, k } = instruction;
    if (opcodeOf(code) === undefined) return unknownOpcode(code);
    const backward = code === (JMP | JA) && (k | 0) < 0;
    if (backward && loops === 'refuse') {
      return find('backward-jump', `jump back to ${index + 1 + (k | 0)}: the program might never end`);
    }
    return commonRules(instruction, index, length);
  };
}

/** The modes bpf_validate admits, for LD and LDX alike and whatever the size. */
const LAX_MODES = new Set([IMM, ABS, IND, MEM, LEN, MSH]);
const LAX_JUMPS = new Set([JA, JEQ, JGT, JGE, JSET]);

function libpcapRules(instruction: Instruction, index: number, length: number): Finding {
  const { code } = instruction;
  switch (classOf(code)) {
    case LD:
    case LDX:
      if (!LAX_MODES.has(modeOf(code))) return unknownOpcode(code);
      break;
    case ALU:
      if (operationOf(code) > XOR) return unknownOpcode(code);
      break;
    case JMP:
      if (!LAX_JUMPS.has(operationOf(code))) return unknownOpcode(code);
      break;
  }
  return commonRules(instruction, index, length);
}

function kernelRules(instruction: Instruction, index: number, length: number): Finding {
  const { code, k } = instruction;
  if (opcodeOf(code) === undefined) return unknownOpcode(code);
  const operation = operationOf(code);
  const shifts = classOf(code) === ALU && (operation === LSH || operation === RSH);
  if (shifts && !usesX(code) && k > 31) return find('wide-shift', `shift by the constant ${k}`);
  const ancillary = classOf(code) === LD && modeOf(code) === ABS && k >= SKF_AD_OFF;
  if (ancillary && extensionAt(k) === undefined) {
    return find('unknown-extension', `ancillary data ${k - SKF_AD_OFF} does not exist`);
  }
  if (code === (JMP | JA) && k >= length - index - 1) {
    return (k | 0) < 0
      ? find('backward-jump', `jump back to ${index + 1 + (k | 0)}: the kernel takes forward jumps only`)
      : find('jump-out-of-range', `jump past the end of the program, to ${index + 1 + k}`);
  }
  return commonRules(instruction, index, length);
}

const ALL_CELLS = 0xffff;

/** The kernel refuses to read a scratch cell that some path has not written. Needs forward jumps. */
function uninitializedMemory(program: Program): Problem | undefined {
  /** Cells written on every path to an instruction; all of them where no path leads. */
  const writtenAt = new Uint16Array(program.length).fill(ALL_CELLS);
  let written = 0;
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    written &= writtenAt[index]!;
    const flowTo = (target: number): void => {
      writtenAt[target]! &= written;
    };
    const kind = classOf(code);
    if (kind === ST || kind === STX) written |= 1 << k;
    else if ((kind === LD || kind === LDX) && modeOf(code) === MEM && (written & (1 << k)) === 0) {
      return {
        kind: 'uninitialized-memory',
        index,
        message: `M[${k}] is read before every path has written it`,
      };
    } else if (isConditional(code)) {
      flowTo(index + 1 + jt);
      flowTo(index + 1 + jf);
      written = ALL_CELLS;
    } else if (code === (JMP | JA)) {
      flowTo(index + 1 + k);
      written = ALL_CELLS;
    }
    // Not after `ret`: the kernel lets the cells known there count for what follows it.
  }
  return undefined;
}
