/**
 * Graph → program: the order of blocks, and jumps as distances.
 *
 * The layout is that of libpcap's icode_to_fcode (optimize.c), so that unoptimized programs are equal
 * instruction by instruction: filled from the end, first everything behind the false branch, then
 * everything behind the true branch, then the block itself; a block is placed once. A conditional jump
 * reaches 255 instructions; for a longer way a `ja` is put right behind it, the true branch's first.
 */

import { type Instruction, opcodes, type Program } from '../cbpf/index.js';
import { type Block, type Graph, successors } from './block.js';

const { JA, JMP, K } = opcodes;
const REACH = 255;

/** Unreachable blocks are left out. A loop's way back is a `ja` with a negative distance. */
export function linearize(graph: Graph): Program {
  const order = layoutOrder(graph);
  const places = measure(graph, order);
  return order.flatMap((index) => emit(graph.blocks[index]!, places.get(index)!, places));
}

/** Reachable blocks, first to last. */
function layoutOrder({ blocks, entry }: Graph): number[] {
  const backwards: number[] = [];
  const seen = new Set<number>([entry]);
  // A stack of blocks, each with the successors that are still to be placed before it.
  const pending = [{ index: entry, rest: successors(blocks[entry]!) }];
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const next = top.rest.pop(); // the false branch comes last in the list, so it is placed first
    if (next === undefined) {
      backwards.push(top.index);
      pending.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      pending.push({ index: next, rest: successors(blocks[next]!) });
    }
  }
  return backwards.reverse();
}

interface Place {
  /** Distance of the block's first instruction from the end of the program. */
  readonly fromEnd: number;
  /** Whether the next block in order is where this one goes. */
  readonly falls: boolean;
  readonly longTrue: boolean;
  readonly longFalse: boolean;
}

/** Sizes from the end, where all distances of forward jumps are known. */
function measure({ blocks }: Graph, order: readonly number[]): Map<number, Place> {
  const places = new Map<number, Place>();
  let fromEnd = 0;
  for (let at = order.length - 1; at >= 0; at--) {
    const index = order[at]!;
    const { statements, exit } = blocks[index]!;
    const falls = exit.kind === 'goto' && exit.target === order[at + 1];
    let longTrue = false;
    let longFalse = false;
    if (exit.kind === 'branch') {
      // An inserted `ja` makes the other way longer by one, which may make it too long.
      const tooLong = (target: number) =>
        fromEnd + Number(longTrue) + Number(longFalse) - places.get(target)!.fromEnd > REACH;
      for (let changed = true; changed; ) {
        changed = false;
        if (!longTrue && tooLong(exit.onTrue)) changed = longTrue = true;
        if (!longFalse && tooLong(exit.onFalse)) changed = longFalse = true;
      }
    }
    fromEnd += statements.length + (falls ? 0 : 1) + Number(longTrue) + Number(longFalse);
    places.set(index, { fromEnd, falls, longTrue, longFalse });
  }
  return places;
}

function emit({ statements, exit }: Block, place: Place, places: ReadonlyMap<number, Place>): Instruction[] {
  const code: Instruction[] = statements.map((statement) => ({ ...statement, jt: 0, jf: 0 }));
  const ja = (distance: number): Instruction => ({ code: JMP | JA | K, jt: 0, jf: 0, k: distance >>> 0 });
  /** Instructions between the one `behind` after the block's statements and the target. */
  const distance = (target: number, behind: number) =>
    place.fromEnd - statements.length - 1 - behind - places.get(target)!.fromEnd;
  switch (exit.kind) {
    case 'return':
      code.push({ ...withSpan(exit), code: exit.code, jt: 0, jf: 0, k: exit.k });
      break;
    case 'goto':
      if (!place.falls) code.push(ja(distance(exit.target, 0)));
      break;
    case 'branch': {
      const { longTrue, longFalse } = place;
      const jt = longTrue ? 0 : distance(exit.onTrue, 0);
      const jf = longFalse ? Number(longTrue) : distance(exit.onFalse, 0);
      code.push({ ...withSpan(exit), code: exit.code, jt, jf, k: exit.k });
      if (longTrue) code.push(ja(distance(exit.onTrue, 1)));
      if (longFalse) code.push(ja(distance(exit.onFalse, 1 + Number(longTrue))));
    }
  }
  return code;
}

function withSpan({ span }: Pick<Instruction, 'span'>): Pick<Instruction, 'span'> {
  return span === undefined ? {} : { span };
}
