/**
 * Last pass of the lift but one: blocks of eBPF in an order that needs few jumps. Jumps become distances in islands.ts.
 */

import { type BranchOperation, build, type Operand, opcodes, type Program } from '../ebpf/index.js';
import type { Span } from '../source.js';
import { bridge } from './islands.js';
import type { Piece } from './piece.js';

export type CodeExit =
  | { readonly kind: 'goto'; readonly target: number }
  | {
      readonly kind: 'branch';
      /** 32-bit test of a register. */
      readonly op: BranchOperation;
      readonly register: number;
      readonly operand: Operand;
      readonly onTrue: number;
      readonly onFalse: number;
      readonly span?: Span | undefined;
    }
  /** The pieces end in `exit`. */
  | { readonly kind: 'end' };

export interface CodeBlock {
  readonly pieces: readonly Piece[];
  readonly exit: CodeExit;
}

const targetsOf = ({ pieces, exit }: CodeBlock): number[] => {
  const inside = pieces.flatMap(({ target }) => (target === undefined ? [] : [target]));
  if (exit.kind === 'end') return inside;
  return exit.kind === 'goto' ? [...inside, exit.target] : [...inside, exit.onTrue, exit.onFalse];
};

const nextOf = ({ exit }: CodeBlock): number[] =>
  exit.kind === 'end' ? [] : exit.kind === 'goto' ? [exit.target] : [exit.onFalse, exit.onTrue];

const negation = new Map(opcodes.BRANCH_ROWS.map((row) => [row.name, row.negation]));

/**
 * @param last - The block that is placed last, if anything leads to it: the shared way out.
 * @throws LiftError `jump-too-long`
 */
export function layOut(blocks: readonly CodeBlock[], entry: number, last: number): Program {
  const order = orderOf(blocks, entry, last);
  return bridge(
    order.map((block, place) => ({
      block,
      pieces: [...blocks[block]!.pieces, ...jumps(blocks, blocks[block]!.exit, order[place + 1])],
    })),
  );
}

function jumps(blocks: readonly CodeBlock[], exit: CodeExit, next: number | undefined): readonly Piece[] {
  const go = (target: number): readonly Piece[] => {
    if (target === next) return [];
    const { pieces, exit: ending } = blocks[target]!;
    // One slot is as good as a jump to it.
    if (ending.kind === 'end' && pieces.length === 1) return pieces;
    return [{ ...build.jump(), target }];
  };
  if (exit.kind === 'end') return [];
  if (exit.kind === 'goto') return go(exit.target);
  const { op, register, operand, onTrue, onFalse, span } = exit;
  const test = (operation: BranchOperation, target: number): Piece => ({
    ...build.branch(32, operation, register, operand),
    target,
    span,
  });
  const opposite = negation.get(op);
  if (onTrue === next && opposite !== undefined) return [test(opposite, onFalse)];
  return [test(op, onTrue), ...go(onFalse)];
}

/**
 * Chains of blocks that fall into each other: after a block comes a successor, best one that nothing
 * else is still to fall into.
 */
function orderOf(blocks: readonly CodeBlock[], entry: number, last: number): number[] {
  const waiting = new Int32Array(blocks.length);
  const seen = new Uint8Array(blocks.length);
  const queue = [entry];
  seen[entry] = 1;
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    for (const next of targetsOf(blocks[index]!)) {
      waiting[next]!++;
      if (seen[next] === 1) continue;
      seen[next] = 1;
      queue.push(next);
    }
  }
  const order: number[] = [];
  const placed = new Uint8Array(blocks.length);
  placed[last] = 1;
  const pending = [entry];
  const take = (candidates: readonly number[]): number | undefined => {
    const open = candidates.filter((index) => placed[index] === 0);
    // A block that others still lead to is better placed behind the last of them.
    return open.find((index) => waiting[index] === 0) ?? open[0];
  };
  while (pending.length > 0) {
    let index: number | undefined = pendingNext();
    while (index !== undefined) {
      placed[index] = 1;
      order.push(index);
      for (const next of targetsOf(blocks[index]!)) waiting[next]!--;
      const following = nextOf(blocks[index]!).filter((next) => placed[next] === 0);
      index = take(following);
      for (const other of following) if (other !== index) pending.push(other);
      if (
        index !== undefined &&
        waiting[index]! > 0 &&
        pending.some((other) => placed[other] === 0 && other !== index)
      ) {
        pending.unshift(index);
        index = undefined;
      }
    }
  }
  if (seen[last] === 1) order.push(last);
  return order;

  /** The block seen last of those that no unplaced block leads to; else the one seen last. */
  function pendingNext(): number | undefined {
    for (let at = pending.length - 1; at >= 0; at--) if (placed[pending[at]!] === 1) pending.splice(at, 1);
    for (let at = pending.length - 1; at >= 0; at--) {
      if (waiting[pending[at]!] === 0) return pending.splice(at, 1)[0];
    }
    return pending.pop();
  }
}
