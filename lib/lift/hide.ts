/**
 * Constants that a kernel's verifier should not see.
 *
 * A search through a long list keeps in a variable which member matched, and tests that further on. The kernel's
 * verifier would know the variable's value on each way into that test, and follow the rest of the program once for
 * every member: time in the square of the list's length. So such constants go through four bytes of the stack that
 * do not begin at a multiple of 8, where it keeps no values (`check_stack_write_fixed_off` in kernel/bpf/verifier.c):
 * all ways come with one and the same unknown number, and the first serves for all.
 */

import { opcodes } from '../cbpf/index.js';
import type { Block, Graph } from '../cfg/index.js';
import { build, type Slot } from '../ebpf/index.js';
import { A, CELLS, effectsOf, isIn, liveAtEnd, X } from './dataflow.js';

/** With fewer constants than this, what is followed again is not worth two instructions each. */
const FEWEST = 8;
/** Bytes of stack that hiding takes, and where in them the value lies. */
export const HIDING_ROOM = 8;
const HIDING_PLACE = 4;

/** By block, by statement: whether it sets a constant that has to be hidden. */
export function hiddenConstants({ blocks }: Graph, live: Int32Array): (readonly boolean[])[] {
  const leaving = blocks.map((block) => block.statements.map((_, at) => leaves(block, at, live)));
  const count = leaving.flat().filter((one) => one).length;
  return count < FEWEST ? leaving.map((row) => row.map(() => false)) : leaving;
}

/** Whether a statement sets a constant, not 0, that is read in other blocks. */
function leaves(block: Block, at: number, live: Int32Array): boolean {
  const { code, k } = block.statements[at]!;
  const kind = opcodes.classOf(code);
  const isLoad = kind === opcodes.LD || kind === opcodes.LDX;
  if (!isLoad || opcodes.modeOf(code) !== opcodes.IMM || k === 0) return false;
  const holders = new Set([kind === opcodes.LD ? A : X]);
  for (const statement of block.statements.slice(at + 1)) {
    const { writes } = effectsOf(statement);
    if (writes === undefined) continue;
    const from = opcodes.classOf(statement.code) === opcodes.STX ? X : A;
    if (writes >= CELLS && holders.has(from)) holders.add(writes);
    else holders.delete(writes);
  }
  const after = liveAtEnd(block, live);
  return [...holders].some((variable) => isIn(variable, after));
}

/** Sets a register to a constant by way of the stack, whose bytes end `room` below the frame pointer. */
export function setHidden(register: number, k: number, frame: number, room: number): readonly Slot[] {
  const place = -room - HIDING_PLACE;
  return [build.storeConstant(4, frame, place, k), build.load(4, register, frame, place)];
}
