/** Functions of a program that helpers call: `bpf_loop`, `bpf_for_each_map_elem`. */

import { decode } from './decode.js';
import { type Instruction, type Program, slotsOf } from './instruction.js';
import { PSEUDO } from './opcodes.js';

export const LOOP = 181;
export const FOR_EACH = 164;

/** Helpers that call a function of the program before they come back (Linux `is_sync_callback_calling_function`). */
export const CALLS_BACK: ReadonlySet<number> = new Set([LOOP, FOR_EACH]);

/** A timer calls its function when nothing else of the program runs. */
export const SETS_CALLBACK = 170;

export const callsBack = (instruction: Instruction | undefined): boolean =>
  instruction?.kind === 'call' && CALLS_BACK.has(instruction.helper);

/** The first slot of the function that a wide immediate names (`BPF_PSEUDO_FUNC`). */
export const functionNamed = (instruction: Instruction | undefined, index: number): number | undefined =>
  instruction?.kind === 'wide' && instruction.pseudo === PSEUDO.func
    ? index + 1 + instruction.low
    : undefined;

const known = new WeakMap<Program, ReadonlySet<number>>();

/** Whether a wide immediate of the program names a function that begins at a slot. */
export function isFunction(program: Program, slot: number): boolean {
  let slots = known.get(program);
  if (slots === undefined) known.set(program, (slots = functionsNamed(program)));
  return slots.has(slot);
}

/** First slots of all functions that wide immediates of a program name. */
export function functionsNamed(program: Program): ReadonlySet<number> {
  const slots = new Set<number>();
  for (let index = 0; index < program.length; index++) {
    let instruction: Instruction;
    try {
      instruction = decode(program, index);
    } catch {
      continue;
    }
    const slot = functionNamed(instruction, index);
    if (slot !== undefined) slots.add(slot);
    index += slotsOf(instruction) - 1;
  }
  return slots;
}
