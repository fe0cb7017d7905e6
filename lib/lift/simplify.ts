/**
 * First pass of the lift: only what is reached and matters.
 *
 * Classic programs may hold unreachable instructions; eBPF verifiers refuse them. Statements whose
 * value nobody reads go, unless they may end the program; equal returns become one block; a block from
 * which every way leads to `ret #0` becomes that.
 */

import { extensionAt, opcodes, type Personality } from '../cbpf/index.js';
import { type Block, type Exit, type Graph, type Statement, successors } from '../cfg/index.js';
import { effectsOf, isWriteLive, liveness, orderOf } from './dataflow.js';

const { K, RET } = opcodes;

/** @param direct - Whether the packet is read through pointers, which reach 16 bits far. */
export function simplify(graph: Graph, personality: Personality, direct: boolean): Graph {
  return removeDead(compact(cutHopeless(graph, personality, direct)));
}

/** Whether a load can be in no packet. */
function isNever({ code, k }: Statement, personality: Personality, direct: boolean): boolean {
  const mode = opcodes.modeOf(code);
  const kind = opcodes.classOf(code);
  const isAbsolute =
    (kind === opcodes.LD && mode === opcodes.ABS) || (kind === opcodes.LDX && mode === opcodes.MSH);
  const isIndirect = kind === opcodes.LD && mode === opcodes.IND;
  // To libpcap a negative constant is far beyond any packet; the kernel has its header areas there, and extensions.
  if (personality === 'libpcap' && (isAbsolute || isIndirect) && k >= 0x8000_0000) return true;
  const isExtension = kind === opcodes.LD && extensionAt(k) !== undefined;
  return direct && isAbsolute && !isExtension && k + opcodes.sizeOf(code) > 0xffff;
}

const REJECT: Exit = { kind: 'return', code: RET | K, k: 0 };

/** Blocks that cannot accept become `ret #0`. */
function cutHopeless(graph: Graph, personality: Personality, direct: boolean): Graph {
  const { blocks } = graph;
  const dead = blocks.map(({ statements }) =>
    statements.some((statement) => isNever(statement, personality, direct)),
  );
  const hopeful = new Uint8Array(blocks.length);
  const sources: number[][] = blocks.map(() => []);
  for (const [index, block] of blocks.entries())
    if (!dead[index]) for (const next of successors(block)) sources[next]!.push(index);
  const queue: number[] = [];
  for (const [index, { exit }] of blocks.entries()) {
    const accepts = exit.kind === 'return' && (exit.code !== (RET | K) || exit.k !== 0);
    if (!accepts || dead[index]) continue;
    hopeful[index] = 1;
    queue.push(index);
  }
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const source of sources[next]!) {
      if (hopeful[source] === 1) continue;
      hopeful[source] = 1;
      queue.push(source);
    }
  }
  return {
    entry: graph.entry,
    blocks: blocks.map((block, index) => (hopeful[index] === 1 ? block : { statements: [], exit: REJECT })),
  };
}

/** Leaves out unreachable blocks, joins equal returns, follows empty gotos. */
function compact({ blocks, entry }: Graph): Graph {
  const follow = (index: number): number => {
    // An empty loop is possible: give up after as many steps as there are blocks.
    for (let steps = 0; steps < blocks.length; steps++) {
      const { statements, exit } = blocks[index]!;
      if (statements.length > 0) return index;
      if (exit.kind === 'goto') index = exit.target;
      else if (exit.kind === 'branch' && exit.onTrue === exit.onFalse) index = exit.onTrue;
      else return index;
    }
    return index;
  };
  const numbers = new Map<number, number>();
  const returns = new Map<string, number>();
  const kept: Block[] = [];
  const queue: number[] = [];
  const number = (target: number): number => {
    const index = follow(target);
    const { statements, exit } = blocks[index]!;
    const key = statements.length === 0 && exit.kind === 'return' ? `${exit.code} ${exit.k}` : undefined;
    const known = (key === undefined ? undefined : returns.get(key)) ?? numbers.get(index);
    if (known !== undefined) return known;
    const fresh = kept.length;
    kept.push(blocks[index]!);
    numbers.set(index, fresh);
    if (key !== undefined) returns.set(key, fresh);
    queue.push(fresh);
    return fresh;
  };
  const start = number(entry);
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    const { statements, exit } = kept[at]!;
    if (exit.kind === 'goto') kept[at] = { statements, exit: { ...exit, target: number(exit.target) } };
    else if (exit.kind === 'branch') {
      const [onTrue, onFalse] = [number(exit.onTrue), number(exit.onFalse)];
      kept[at] = {
        statements,
        exit: onTrue === onFalse ? { kind: 'goto', target: onTrue } : { ...exit, onTrue, onFalse },
      };
    }
  }
  return { blocks: kept, entry: start };
}

function removeDead(graph: Graph): Graph {
  const live = liveness(graph, orderOf(graph));
  return {
    entry: graph.entry,
    blocks: graph.blocks.map((block) => {
      const isLive = isWriteLive(block, live);
      const statements = block.statements.filter(
        (statement, at) => isLive[at] || effectsOf(statement).mayReject,
      );
      return { ...block, statements };
    }),
  };
}
