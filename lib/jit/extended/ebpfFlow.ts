/** Functions and basic blocks of an eBPF program, for the emitter. */

import {
  DecodeError,
  decode,
  functionNamed,
  type Instruction,
  type Program,
  targetsOf,
  unordered,
} from '../../ebpf/index.js';
import type { Graph } from '../../graph.js';
import type { Proof } from '../../verify/index.js';

export interface Placed {
  /** Slot of the instruction. */
  readonly index: number;
  readonly instruction: Instruction;
}

export interface EbpfBlock {
  readonly instructions: readonly Placed[];
  /** Blocks that follow, the taken branch first. */
  readonly successors: readonly number[];
  /** Slot that cannot run and that control runs on to: outside the program, or without a meaning. */
  readonly stuckAt: number | undefined;
}

export interface EbpfFunction extends Graph {
  /** Slot where it starts. */
  readonly entry: number;
  readonly blocks: readonly EbpfBlock[];
}

/** Where control goes after an instruction, as slots, the taken branch first; one where it is proved which. */
function waysOn(instruction: Instruction, index: number, proof: Proof | undefined): readonly number[] {
  const [taken, next] = targetsOf(instruction, index);
  if (instruction.kind === 'branch' && proof?.outcome !== undefined) return [proof.outcome ? taken! : next!];
  return targetsOf(instruction, index);
}

const endsBlock = ({ kind }: Instruction): boolean =>
  kind === 'exit' || kind === 'jump' || kind === 'branch' || kind === 'mayGoto';

/**
 * The functions of a program: the main one, then each that a local call or an address names. Only what can be
 * reached is decoded.
 */
export function functionsOf(
  program: Program,
  lenient = false,
  proofs: readonly (Proof | undefined)[] = [],
): readonly EbpfFunction[] {
  const entries = [0];
  const functions: EbpfFunction[] = [];
  for (let entry = entries[functions.length]; entry !== undefined; entry = entries[functions.length]) {
    const made = functionAt(program, entry, lenient, proofs);
    functions.push(made);
    for (const { instructions } of made.blocks) {
      for (const { instruction, index } of instructions) {
        const callee =
          instruction.kind === 'callLocal'
            ? index + 1 + instruction.distance
            : functionNamed(instruction, index);
        if (callee === undefined) continue;
        if (!entries.includes(callee)) entries.push(callee);
      }
    }
  }
  return functions;
}

function tryDecode(program: Program, index: number, lenient: boolean): Instruction | undefined {
  try {
    return unordered(decode(program, index, { lenient }));
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function functionAt(
  program: Program,
  entry: number,
  lenient: boolean,
  proofs: readonly (Proof | undefined)[],
): EbpfFunction {
  const decoded = new Map<number, Instruction>();
  const starts = new Set([entry]);
  const open = [entry];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (decoded.has(index) || index < 0 || index >= program.length) continue;
    const instruction = tryDecode(program, index, lenient);
    if (instruction === undefined) continue;
    decoded.set(index, instruction);
    const targets = waysOn(instruction, index, proofs[index]);
    open.push(...targets);
    if (endsBlock(instruction)) for (const target of targets) starts.add(target);
  }
  const sorted = [...starts].sort((a, b) => (a === entry ? -1 : b === entry ? 1 : a - b));
  const blockAt = new Map(sorted.map((start, block) => [start, block]));
  const blocks = sorted.map((start): EbpfBlock => {
    const instructions: Placed[] = [];
    for (let index = start; ; ) {
      const instruction = decoded.get(index);
      if (instruction === undefined) return { instructions, successors: [], stuckAt: index };
      instructions.push({ index, instruction });
      const targets = waysOn(instruction, index, proofs[index]);
      const [next] = targets;
      if (endsBlock(instruction) || blockAt.has(next!)) {
        return {
          instructions,
          successors: targets.map((target) => blockAt.get(target)!),
          stuckAt: undefined,
        };
      }
      index = next!;
    }
  });
  return { entry, blocks, size: blocks.length, successors: (node) => blocks[node]!.successors };
}
