/**
 * Graph → program: the order of blocks, and jumps as distances.
 *
 * The layout is that of libpcap's icode_to_fcode (optimize.c), so that unoptimized programs are equal
 * instruction by instruction: filled from the end, first everything behind the false branch, then
 * everything behind the true branch, then the block itself; a block is placed once. A conditional jump
 * reaches 255 instructions; for a longer way a `ja` is put right behind it, the true branch's first. With
 * `shareJumps`, a `ja` that goes there already serves too, where it is in reach.
 */

import { type Instruction, opcodes, type Program } from '../cbpf/index.js';
import type { Span } from '../source.js';
import { type Block, type Graph, successors } from './block.js';

const { JA, JMP, K } = opcodes;
const REACH = 255;

export interface LinearizeOptions {
  /** Whether branches too far away may share a `ja`, which libpcap never does. Default false. */
  readonly shareJumps?: boolean;
}

/** Unreachable blocks are left out. A loop's way back is a `ja` with a negative distance. */
export function linearize(graph: Graph, { shareJumps = false }: LinearizeOptions = {}): Program {
  const order = layoutOrder(graph);
  const places = measure(graph, order, shareJumps);
  const program: Instruction[] = [];
  for (const index of order) emit(program, graph.blocks[index]!, places[index]!, places);
  return program;
}

/** Reachable blocks, first to last. */
function layoutOrder({ blocks, entry }: Graph): number[] {
  const backwards: number[] = [];
  const seen = new Uint8Array(blocks.length);
  seen[entry] = 1;
  // A stack of blocks, each with the successors that are still to be placed before it.
  const pending = [{ index: entry, rest: successors(blocks[entry]!) }];
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const next = top.rest.pop(); // the false branch comes last in the list, so it is placed first
    if (next === undefined) {
      backwards.push(top.index);
      pending.pop();
    } else if (seen[next] === 0) {
      seen[next] = 1;
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
  /** Whether a branch needs a `ja` of its own: 1 or 0. */
  readonly longTrue: number;
  readonly longFalse: number;
  /** Where a branch without goes, from the end: to its target, or to a `ja` that leads there. */
  readonly trueEnd: number;
  readonly falseEnd: number;
}

/** Sizes from the end, where all distances of forward jumps are known. */
function measure({ blocks }: Graph, order: readonly number[], shareJumps: boolean): Place[] {
  const places = new Array<Place>(blocks.length);
  /** The last `ja` to each block, from the end. */
  const jumps = new Map<number, number>();
  let fromEnd = 0;
  /** The target, or a `ja` to it that is nearer, where that is needed. */
  const near = (target: number): number => {
    const end = places[target]!.fromEnd;
    const jump = shareJumps && fromEnd - end >= REACH ? jumps.get(target) : undefined;
    return jump !== undefined && fromEnd - jump < REACH ? jump : end;
  };
  for (let at = order.length - 1; at >= 0; at--) {
    const index = order[at]!;
    const { statements, exit } = blocks[index]!;
    const falls = exit.kind === 'goto' && exit.target === order[at + 1];
    let [longTrue, longFalse, trueEnd, falseEnd] = [0, 0, 0, 0];
    if (exit.kind === 'branch') {
      trueEnd = near(exit.onTrue);
      falseEnd = near(exit.onFalse);
      const trueDistance = fromEnd - trueEnd;
      const falseDistance = fromEnd - falseEnd;
      // An inserted `ja` makes the other way longer by one, which may make it too long.
      longTrue = Number(trueDistance > REACH);
      longFalse = Number(falseDistance + longTrue > REACH);
      longTrue = Number(trueDistance + longFalse > REACH);
      if (longFalse > 0) jumps.set(exit.onFalse, fromEnd + 1);
      if (longTrue > 0) jumps.set(exit.onTrue, fromEnd + longFalse + 1);
    } else if (exit.kind === 'goto' && !falls) jumps.set(exit.target, fromEnd + 1);
    fromEnd += statements.length + (falls ? 0 : 1) + longTrue + longFalse;
    places[index] = { fromEnd, falls, longTrue, longFalse, trueEnd, falseEnd };
  }
  return places;
}

function emit(
  program: Instruction[],
  { statements, exit }: Block,
  place: Place,
  places: readonly Place[],
): void {
  for (const { code, k, span } of statements) program.push(instruction(code, 0, 0, k, span));
  const { fromEnd, falls, longTrue, longFalse, trueEnd, falseEnd } = place;
  /** Instructions between the one `behind` after the block's statements and a place. */
  const between = (behind: number, end: number) => fromEnd - statements.length - 1 - behind - end;
  const distance = (target: number, behind: number) => between(behind, places[target]!.fromEnd);
  switch (exit.kind) {
    case 'return':
      program.push(instruction(exit.code, 0, 0, exit.k, exit.span));
      break;
    case 'goto':
      if (!falls) program.push(jump(distance(exit.target, 0)));
      break;
    case 'branch': {
      const jt = longTrue > 0 ? 0 : between(0, trueEnd);
      const jf = longFalse > 0 ? longTrue : between(0, falseEnd);
      program.push(instruction(exit.code, jt, jf, exit.k, exit.span));
      if (longTrue > 0) program.push(jump(distance(exit.onTrue, 1)));
      if (longFalse > 0) program.push(jump(distance(exit.onFalse, 1 + longTrue)));
    }
  }
}

const jump = (distance: number): Instruction => instruction(JMP | JA | K, 0, 0, distance >>> 0);

function instruction(code: number, jt: number, jf: number, k: number, span?: Span): Instruction {
  return span === undefined ? { code, jt, jf, k } : { code, jt, jf, k, span };
}
