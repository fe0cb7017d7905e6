/** Which registers a program may read before it writes them: what has to be set before a run. */

import { decode, type Instruction, type Operand, type Program, slotsOf } from './instruction.js';
import { REGISTERS } from './opcodes.js';

/** The registers that may be read before they are written; all of them where that is unclear. */
export function readBeforeWritten(program: Program, lenient: boolean): readonly number[] {
  const live = new Int32Array(program.length + 1);
  let instructions: (Instruction | undefined)[];
  try {
    instructions = decodeAll(program, lenient);
  } catch {
    return ALL;
  }
  // Calls hand registers to code that is not followed here; so does running off the program.
  if (instructions.some((instruction) => instruction !== undefined && OPAQUE.has(instruction.kind)))
    return ALL;
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = program.length - 1; index >= 0; index--) {
      const instruction = instructions[index];
      if (instruction === undefined) continue;
      const { reads, writes } = effectsOf(instruction);
      const after = nextOf(instruction, index).reduce((set, next) => set | (live[next] ?? 0), 0);
      const before = (after & ~writes) | reads;
      if (before === live[index]) continue;
      live[index] = before;
      changed = true;
    }
  }
  return ALL.filter((register) => ((live[0]! >> register) & 1) === 1);
}

const ALL = Array.from({ length: REGISTERS }, (_, register) => register);
const OPAQUE: ReadonlySet<Instruction['kind']> = new Set(['call', 'callRegister', 'callLocal', 'callKfunc']);

function decodeAll(program: Program, lenient: boolean): (Instruction | undefined)[] {
  const instructions: (Instruction | undefined)[] = [];
  for (let index = 0; index < program.length; index = instructions.length) {
    const instruction = decode(program, index, { lenient });
    instructions.push(instruction);
    if (slotsOf(instruction) === 2) instructions.push(undefined);
  }
  return instructions;
}

function nextOf(instruction: Instruction, index: number): readonly number[] {
  const next = index + slotsOf(instruction);
  switch (instruction.kind) {
    case 'exit':
      return [];
    case 'jump':
      return [next + instruction.distance];
    case 'branch':
      return [next, next + instruction.distance];
    default:
      return [next];
  }
}

const bit = (register: number): number => 1 << register;
const operandBits = (operand: Operand): number => ('register' in operand ? bit(operand.register) : 0);
const NOTHING = 0;

/** Sets of registers, one bit each. */
function effectsOf(instruction: Instruction): { readonly reads: number; readonly writes: number } {
  switch (instruction.kind) {
    case 'alu': {
      const { op, dst, operand } = instruction;
      return { reads: (op === 'mov' ? NOTHING : bit(dst)) | operandBits(operand), writes: bit(dst) };
    }
    case 'movsx':
      return { reads: bit(instruction.src), writes: bit(instruction.dst) };
    case 'swap':
      return { reads: bit(instruction.dst), writes: bit(instruction.dst) };
    case 'load':
      return { reads: bit(instruction.base), writes: bit(instruction.dst) };
    case 'wide':
      return { reads: NOTHING, writes: bit(instruction.dst) };
    case 'store':
      return { reads: bit(instruction.base) | operandBits(instruction.operand), writes: NOTHING };
    case 'atomic':
      return { reads: bit(instruction.base) | bit(instruction.src) | bit(0), writes: NOTHING };
    case 'packet':
      return { reads: instruction.index === undefined ? NOTHING : bit(instruction.index), writes: bit(0) };
    case 'branch':
      return { reads: bit(instruction.dst) | operandBits(instruction.operand), writes: NOTHING };
    case 'exit':
      return { reads: bit(0), writes: NOTHING };
    default:
      return { reads: NOTHING, writes: NOTHING };
  }
}
