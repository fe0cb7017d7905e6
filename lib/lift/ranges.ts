/**
 * Upper bounds of A, X and the cells, so that checks can be left out.
 *
 * A kernel's verifier has to agree with every check that is left out, so nothing is claimed that it
 * does not find out as well: it forgets bounds over byte swaps and divisions, so values of two and four
 * bytes from the packet count as unknown.
 */

import { extensionAt, opcodes } from '../cbpf/index.js';
import { type Graph, type Statement, successors } from '../cfg/index.js';
import type { Order } from '../graph.js';
import { A, CELLS, VARIABLES, X } from './dataflow.js';

const UNKNOWN = 0xffff_ffff;
const MAX_HEADER_LENGTH = 60;

/** Upper bounds by variable. */
export type Bounds = readonly number[];

export interface BoundsOptions {
  /** Bound two-byte values of the packet, too: true of them, but more than a kernel's verifier sees. */
  readonly afterSwaps?: boolean;
}

function bounds(graph: Graph, order: Order, options: BoundsOptions): Bounds[] {
  const zero: Bounds = new Array<number>(VARIABLES).fill(0);
  const unknown: Bounds = zero.map(() => UNKNOWN);
  const atStart = new Array<Bounds | undefined>(graph.blocks.length);
  atStart[graph.entry] = zero;
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of order.nodes) {
      const block = graph.blocks[index]!;
      const start = atStart[index];
      if (start === undefined) continue;
      const end = block.statements.reduce(
        (state, statement) => boundsAfter(statement, state, options),
        start,
      );
      for (const next of successors(block)) {
        const old = atStart[next];
        // Programs forget bounds where they go back, see emit.ts.
        const isBack = order.position[next]! <= order.position[index]!;
        const joined = isBack
          ? unknown
          : old === undefined
            ? end
            : end.map((bound, at) => Math.max(bound, old[at]!));
        if (old !== undefined && joined.every((bound, at) => bound === old[at])) continue;
        atStart[next] = joined;
        changed = true;
      }
    }
  }
  return atStart.map((state) => state ?? zero);
}

/** By block: bounds at its start and after each of its statements. */
export function boundsInside(graph: Graph, order: Order, options: BoundsOptions = {}): Bounds[][] {
  const atStart = bounds(graph, order, options);
  return graph.blocks.map(({ statements }, block) => {
    let state = atStart[block]!;
    return [state, ...statements.map((statement) => (state = boundsAfter(statement, state, options)))];
  });
}

function boundsAfter(statement: Statement, state: Bounds, options: BoundsOptions): Bounds {
  const { code, k } = statement;
  const set = (variable: number, bound: number): Bounds => {
    const next = [...state];
    next[variable] = bound > UNKNOWN ? UNKNOWN : bound;
    return next;
  };
  switch (opcodes.classOf(code)) {
    case opcodes.LD:
    case opcodes.LDX: {
      const into = opcodes.classOf(code) === opcodes.LD ? A : X;
      switch (opcodes.modeOf(code)) {
        case opcodes.IMM:
          return set(into, k);
        case opcodes.MEM:
          return set(into, state[CELLS + k]!);
        case opcodes.MSH:
          return set(into, MAX_HEADER_LENGTH);
        case opcodes.LEN:
          return set(into, UNKNOWN);
        default: {
          const size = extensionAt(k) === undefined ? opcodes.sizeOf(code) : 4;
          return set(into, size === 1 ? 0xff : size === 2 && options.afterSwaps === true ? 0xffff : UNKNOWN);
        }
      }
    }
    case opcodes.ST:
      return set(CELLS + k, state[A]!);
    case opcodes.STX:
      return set(CELLS + k, state[X]!);
    case opcodes.ALU:
      return set(A, aluBound(code, state[A]!, opcodes.usesX(code) ? undefined : k, state[X]!));
    default:
      return opcodes.operationOf(code) === opcodes.TXA ? set(A, state[X]!) : set(X, state[A]!);
  }
}

/** Bound of an operation on A and a constant, or on A and X where `k` is undefined. */
function aluBound(code: number, a: number, k: number | undefined, x: number): number {
  switch (opcodes.operationOf(code)) {
    case opcodes.ADD:
      return a + (k ?? x);
    case opcodes.AND:
      return Math.min(a, k ?? x);
    case opcodes.RSH:
      return k === undefined ? a : a >>> k;
    case opcodes.LSH:
      return k === undefined ? UNKNOWN : a * 2 ** k;
    default:
      return UNKNOWN;
  }
}
