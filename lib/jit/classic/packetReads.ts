/** What a classic program reads at constant offsets, and where that is known to be there: for the emitters. */

import { type Instruction, opcodes, type Personality, type Program, specialLoad } from '../../cbpf/index.js';
import { immediateDominators, reversePostorder } from '../../graph.js';
import type { Flow } from './flow.js';

const { ABS, LD, LDX, MEM, MSH, ST, STX } = opcodes;

/** Bytes a plain load at a constant offset needs; 0 for every other instruction. */
export function constantRead({ code, k }: Instruction): number {
  const kind = opcodes.classOf(code);
  if (kind === LD && opcodes.modeOf(code) === ABS) return k + opcodes.sizeOf(code);
  if (kind === LDX && opcodes.modeOf(code) === MSH) return k + 1;
  return 0;
}

/** Reads beyond this are left to the checked body: no packet is as long. */
const PLAUSIBLE_LENGTH = 0xffff;

export function furthestConstantRead(program: Program, personality: Personality): number {
  const plain = program.filter((instruction) => specialLoad(instruction, personality) === undefined);
  return Math.max(0, ...plain.map(constantRead).filter((length) => length <= PLAUSIBLE_LENGTH));
}

/**
 * By block: bytes that the packet is known to have when control enters it. A block starts with what its
 * immediate dominator has read, which must have succeeded.
 */
export function knownLengths(program: Program, flow: Flow, personality: Personality): number[] {
  const order = reversePostorder(flow);
  const dominator = immediateDominators(flow, order);
  const atEntry = flow.blocks.map(() => 0);
  const atExit = flow.blocks.map(() => 0);
  for (const node of order.nodes) {
    const { start, end } = flow.blocks[node]!;
    if (node !== 0) atEntry[node] = atExit[dominator[node]!]!;
    const reads = program
      .slice(start, end)
      .filter((instruction) => specialLoad(instruction, personality) === undefined)
      .map(constantRead);
    atExit[node] = Math.max(atEntry[node]!, ...reads);
  }
  return atEntry;
}

/** Scratch cells that a program uses. */
export function usedCells(program: Program): number[] {
  const cells = program
    .filter(({ code }) => {
      const kind = opcodes.classOf(code);
      return kind === ST || kind === STX || ((kind === LD || kind === LDX) && opcodes.modeOf(code) === MEM);
    })
    .map(({ k }) => k);
  return [...new Set(cells)].sort((a, b) => a - b);
}
