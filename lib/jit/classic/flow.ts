/** Basic blocks of a finished classic program, for the emitters. */

import { opcodes, type Program } from '../../cbpf/index.js';
import type { Graph } from '../../graph.js';

export interface FlowBlock {
  /** Index of the first instruction. */
  readonly start: number;
  /** Index after the last one. */
  readonly end: number;
  readonly successors: readonly number[];
}

export interface Flow extends Graph {
  readonly blocks: readonly FlowBlock[];
}

/** Where control can go after an instruction: instruction indexes, the true branch first. */
function targetsOf(program: Program, index: number): readonly number[] {
  const { code, jt, jf, k } = program[index]!;
  if (opcodes.classOf(code) === opcodes.RET) return [];
  if (code === (opcodes.JMP | opcodes.JA)) return [(index + 1 + k) | 0];
  if (opcodes.isConditional(code)) return [index + 1 + jt, index + 1 + jf];
  return [index + 1];
}

/** Cuts a valid program into basic blocks; block 0 starts at instruction 0. */
export function flowOf(program: Program): Flow {
  const starts = new Set([0]);
  program.forEach(({ code }, index) => {
    if (opcodes.classOf(code) !== opcodes.JMP && opcodes.classOf(code) !== opcodes.RET) return;
    for (const target of targetsOf(program, index)) starts.add(target);
    if (index + 1 < program.length) starts.add(index + 1);
  });
  const sorted = [...starts].sort((a, b) => a - b);
  const blockAt = new Map(sorted.map((start, block) => [start, block]));
  const blocks = sorted.map((start, block): FlowBlock => {
    const end = sorted[block + 1] ?? program.length;
    return { start, end, successors: targetsOf(program, end - 1).map((target) => blockAt.get(target)!) };
  });
  return { blocks, size: blocks.length, successors: (node) => blocks[node]!.successors };
}
