/** Which registers a program may read before it writes them: what has to be set before a run. */

import { decode } from './decode.js';
import { effectsOf, targetsOf } from './effects.js';
import { type Instruction, type Program, slotsOf } from './instruction.js';
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
      const after = targetsOf(instruction, index).reduce((set, next) => set | (live[next] ?? 0), 0);
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
