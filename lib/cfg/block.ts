/**
 * The flow graph: basic blocks of classic BPF statements, as plain data.
 *
 * Codegen builds it, the optimizer rewrites it, {@link file://./linearize.ts} lays it out as a program.
 * A block is named by its index in {@link Graph.blocks}. Scratch memory M[] and the registers A and X
 * carry values from block to block as in the machine itself.
 */

import type { Span } from '../source.js';

/** An instruction that is no jump: load, store, arithmetic, transfer. */
export interface Statement {
  readonly code: number;
  /** Unsigned 32-bit. */
  readonly k: number;
  readonly span?: Span | undefined;
}

/** How a block ends. */
export type Exit =
  | {
      readonly kind: 'branch';
      /** A conditional jump's operation code; the operand is `k` or register X. */
      readonly code: number;
      readonly k: number;
      readonly onTrue: number;
      readonly onFalse: number;
      readonly span?: Span | undefined;
    }
  | { readonly kind: 'goto'; readonly target: number }
  /** `ret #k`, or `ret a` with k = 0. */
  | { readonly kind: 'return'; readonly code: number; readonly k: number; readonly span?: Span };

export interface Block {
  readonly statements: readonly Statement[];
  readonly exit: Exit;
}

export interface Graph {
  readonly blocks: readonly Block[];
  /** Where execution starts. */
  readonly entry: number;
}

/** Blocks that may run next, the true branch first. */
export function successors({ exit }: Block): number[] {
  switch (exit.kind) {
    case 'branch':
      return [exit.onTrue, exit.onFalse];
    case 'goto':
      return [exit.target];
    case 'return':
      return [];
  }
}

/** The same exit, to the blocks that `place` gives for those it went to. */
export function redirect(exit: Exit, place: (block: number) => number): Exit {
  switch (exit.kind) {
    case 'branch':
      return { ...exit, onTrue: place(exit.onTrue), onFalse: place(exit.onFalse) };
    case 'goto':
      return { kind: 'goto', target: place(exit.target) };
    case 'return':
      return exit;
  }
}

/** What is wrong with a graph's shape, `undefined` for nothing: every stage may rely on this. */
export function malformation({ blocks, entry }: Graph): string | undefined {
  const exists = (block: number) => Number.isInteger(block) && block >= 0 && block < blocks.length;
  if (!exists(entry)) return `entry ${entry} does not exist`;
  for (const [index, block] of blocks.entries()) {
    const missing = successors(block).find((next) => !exists(next));
    if (missing !== undefined) return `block ${index} goes to ${missing}, which does not exist`;
  }
  return undefined;
}
