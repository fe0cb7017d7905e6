/**
 * What classic statements read and write, and which of it matters later: the facts the lift's passes
 * share. Registers A and X and the cells M[0]–M[15] are numbered as one set of variables.
 */

import { extensionAt, opcodes } from '../cbpf/index.js';
import { type Block, type Exit, type Graph, type Statement, successors } from '../cfg/index.js';
import { type Order, reversePostorder } from '../graph.js';

const { classOf, modeOf, operationOf, usesX } = opcodes;

export const A = 0;
export const X = 1;
/** The variable of M[0]; M[n] is n further on. */
export const CELLS = 2;
export const VARIABLES = CELLS + opcodes.MEMORY_WORDS;

/** A set of variables, one bit each. */
export type Variables = number;

export interface Effects {
  readonly reads: Variables;
  /** The variable written; none for a statement that writes nothing. */
  readonly writes: number | undefined;
  /** May end the program: a load that may be out of bounds, a division by X. */
  readonly mayReject: boolean;
}

/** Extensions whose answer depends on A and X. */
const READS_REGISTERS = new Set(['xor_x', 'nla', 'nlan']);

const bit = (variable: number): Variables => 1 << variable;

export function effectsOf({ code, k }: Statement): Effects {
  switch (classOf(code)) {
    case opcodes.LD:
    case opcodes.LDX: {
      const writes = classOf(code) === opcodes.LD ? A : X;
      const mode = modeOf(code);
      if (mode === opcodes.MEM) return { reads: bit(CELLS + k), writes, mayReject: false };
      if (mode === opcodes.IND) return { reads: bit(X), writes, mayReject: true };
      if (mode === opcodes.MSH) return { reads: 0, writes, mayReject: true };
      if (mode !== opcodes.ABS) return { reads: 0, writes, mayReject: false };
      const extension = extensionAt(k)?.name;
      const reads = extension !== undefined && READS_REGISTERS.has(extension) ? bit(A) | bit(X) : 0;
      return { reads, writes, mayReject: extension === undefined };
    }
    case opcodes.ST:
      return { reads: bit(A), writes: CELLS + k, mayReject: false };
    case opcodes.STX:
      return { reads: bit(X), writes: CELLS + k, mayReject: false };
    case opcodes.ALU: {
      const divides = operationOf(code) === opcodes.DIV || operationOf(code) === opcodes.MOD;
      const reads = bit(A) | (usesX(code) ? bit(X) : 0);
      return { reads, writes: A, mayReject: divides && usesX(code) };
    }
    default:
      return operationOf(code) === opcodes.TXA
        ? { reads: bit(X), writes: A, mayReject: false }
        : { reads: bit(A), writes: X, mayReject: false };
  }
}

export function exitReads(exit: Exit): Variables {
  if (exit.kind === 'branch') return bit(A) | (opcodes.usesX(exit.code) ? bit(X) : 0);
  return exit.kind === 'return' && exit.code === (opcodes.RET | opcodes.A) ? bit(A) : 0;
}

/** Order of a flow graph's blocks; its first is the entry. */
export function orderOf({ blocks, entry }: Graph): Order {
  // graph.ts starts at node 0: put the entry there.
  const swap = (node: number): number => (node === 0 ? entry : node === entry ? 0 : node);
  const order = reversePostorder({
    size: blocks.length,
    successors: (node) => successors(blocks[swap(node)]!).map(swap),
  });
  const position = new Int32Array(blocks.length);
  for (let node = 0; node < blocks.length; node++) position[swap(node)] = order.position[node]!;
  return { nodes: order.nodes.map(swap), position };
}

const before = (live: Variables, { reads, writes }: Effects): Variables =>
  (writes === undefined ? live : live & ~bit(writes)) | reads;

/** By block: variables whose value at its start may be read. */
export function liveness(graph: Graph, order: Order): Int32Array {
  const live = new Int32Array(graph.blocks.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of order.nodes.toReversed()) {
      const block = graph.blocks[index]!;
      let set = liveAtEnd(block, live);
      for (const statement of block.statements.toReversed()) set = before(set, effectsOf(statement));
      if (set !== live[index]) {
        live[index] = set;
        changed = true;
      }
    }
  }
  return live;
}

/** For each statement of a block, the variables live after it. */
export function liveAfter(block: Block, live: Int32Array): Variables[] {
  const result = new Array<Variables>(block.statements.length);
  let set = liveAtEnd(block, live);
  for (let at = block.statements.length - 1; at >= 0; at--) {
    result[at] = set;
    set = before(set, effectsOf(block.statements[at]!));
  }
  return result;
}

/** Variables live before the exit of a block. */
export function liveAtEnd(block: Block, live: Int32Array): Variables {
  return successors(block).reduce((set, next) => set | live[next]!, exitReads(block.exit));
}

/** For each statement of a block, whether what it writes is read afterwards. */
export const isWriteLive = (block: Block, live: Int32Array): boolean[] =>
  liveAfter(block, live).map((set, at) => {
    const { writes } = effectsOf(block.statements[at]!);
    return writes !== undefined && isIn(writes, set);
  });

export const isIn = (variable: number, set: Variables): boolean => (set & bit(variable)) !== 0;
