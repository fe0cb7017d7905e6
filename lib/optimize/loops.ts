/**
 * Programs with loops (`protochain`): the optimizer works on the parts before, between and behind them.
 *
 * A loop with the block that sets its registers up is left as it is. What remains has no loops, and falls into
 * pieces: one from the start of the program, one from each place where a loop is left. In a piece, entering
 * a loop is an end like accepting, so nothing that decides is moved past it. Done only where a loop reads
 * no register that was set before its own blocks, and where nothing behind it reads what it left.
 *
 * Preserves verdict and traps, because each piece does. Knowledge does not pass a loop: behind
 * `ip protochain 6` the EtherType is tested again.
 */

import { opcodes } from '../cbpf/index.js';
import { type Block, type Exit, type Graph, redirect, successors } from '../cfg/index.js';
import { reversePostorder } from '../graph.js';
import { liveBeforeBlock } from './read.js';
import { tidy } from './tidy.js';

const { K, RET } = opcodes;

/** Is told the name of each pass with what has become of the graph. */
export type OnPass = (name: string, graph: Graph) => void;

/** Optimizes a graph without loops; registers are zero at its start only where the program starts. */
export type OptimizePiece = (piece: Graph, fromStart: boolean, onPass?: OnPass) => Graph;

interface Loop {
  /** Where it is entered: the block that sets it up. */
  readonly entry: number;
  readonly body: ReadonlySet<number>;
}

export function hasLoop({ blocks, entry }: Graph): boolean {
  const node = (index: number) =>
    index === 0 ? [entry + 1] : successors(blocks[index - 1]!).map((to) => to + 1);
  const { nodes, position } = reversePostorder({ size: blocks.length + 1, successors: node });
  return nodes.some((at) => node(at).some((to) => position[to]! <= position[at]!));
}

/**
 * The graph as it is where it cannot be taken apart.
 *
 * @param onPass - Told whole programs: the piece that a pass was run on, in its place between the others.
 */
export function optimizeAroundLoops(graph: Graph, optimizePiece: OptimizePiece, onPass?: OnPass): Graph {
  const live = liveness(graph);
  const loops = loopsOf(graph, live);
  if (loops === undefined) return graph;
  const left = loops.flatMap(({ body }) =>
    [...body].flatMap((block) => successors(graph.blocks[block]!).filter((to) => !body.has(to))),
  );
  const starts = [...new Set(left)].filter((to) => !loops.some(({ entry }) => entry === to));
  if (starts.some((block) => live[block] !== 0)) return graph;
  // What stands behind a loop and is entered past it, too, may be there once or twice.
  const [twice, once] = [[], starts].map((cuts) => {
    const parts = takenApart(graph, loops, starts, cuts);
    return { parts, result: assemble(parts, optimized(parts, optimizePiece)) };
  }) as [Outcome, Outcome];
  const { parts, result } = size(twice.result) <= size(once.result) ? twice : once;
  if (onPass !== undefined) optimized(parts, optimizePiece, onPass);
  return result;
}

interface Outcome {
  readonly parts: Parts;
  readonly result: Graph;
}

/** The pieces, one after the other. */
function optimized(parts: Parts, optimizePiece: OptimizePiece, onPass?: OnPass): readonly Graph[] {
  const pieces = [...parts.pieces];
  for (const [at, start] of parts.starts.entries()) {
    const show: OnPass | undefined =
      onPass && ((name, now) => onPass(name, assemble(parts, pieces.with(at, now))));
    pieces[at] = optimizePiece(pieces[at]!, start === parts.graph.entry, show);
  }
  return pieces;
}

const size = ({ blocks }: Graph): number =>
  blocks.reduce((sum, { statements, exit }) => sum + statements.length + (exit.kind === 'goto' ? 0 : 1), 0);

/** Bit sets of the places that are read before they are written, for each block; a fixed point. */
function liveness({ blocks }: Graph): Int32Array {
  const live = new Int32Array(blocks.length);
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = blocks.length - 1; index >= 0; index--) {
      const block = blocks[index]!;
      const before = liveBeforeBlock(
        block,
        successors(block).reduce((all, to) => all | live[to]!, 0),
      );
      changed ||= before !== live[index];
      live[index] = before;
    }
  }
  return live;
}

/** Every loop with what sets it up; `undefined` where one reads registers that are set in several places. */
function loopsOf(graph: Graph, live: Int32Array): Loop[] | undefined {
  const { blocks, entry } = graph;
  const before: number[][] = blocks.map(() => []);
  for (const [index, block] of blocks.entries()) for (const to of successors(block)) before[to]!.push(index);
  const node = (index: number) =>
    index === 0 ? [entry + 1] : successors(blocks[index - 1]!).map((to) => to + 1);
  const { nodes, position } = reversePostorder({ size: blocks.length + 1, successors: node });
  const bodies = new Map<number, Set<number>>();
  for (const at of nodes.slice(1)) {
    for (const to of successors(blocks[at - 1]!)) {
      if (position[to + 1]! > position[at]!) continue;
      const body = bodies.get(to) ?? new Set([to]);
      bodies.set(to, body);
      const pending = [at - 1];
      for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
        if (body.has(block)) continue;
        body.add(block);
        pending.push(...before[block]!);
      }
    }
  }
  const loops: Loop[] = [];
  for (const [header, body] of bodies) {
    let start = header;
    while (live[start] !== 0) {
      const outside = before[start]!.filter((block) => !body.has(block));
      if (outside.length !== 1 || blocks[outside[0]!]!.exit.kind !== 'goto') return undefined;
      start = outside[0]!;
      body.add(start);
    }
    const enters = (block: number): boolean =>
      block === start || before[block]!.every((from) => body.has(from));
    if (![...body].every(enters) || (body.has(entry) && start !== entry)) return undefined;
    if (loops.some((other) => [...body].some((block) => other.body.has(block)))) return undefined;
    loops.push({ entry: start, body });
  }
  return loops;
}

/** A graph in pieces; each begins at the block of the same place in `starts`. */
interface Parts {
  readonly graph: Graph;
  readonly loops: readonly Loop[];
  readonly starts: readonly number[];
  readonly pieces: readonly Graph[];
  /** What a piece returns where it goes on with a loop or with another piece. */
  readonly codes: ReadonlyMap<number, number>;
}

/** @param cuts - Places behind loops that pieces end at as they do at loops. */
function takenApart(
  graph: Graph,
  loops: readonly Loop[],
  behind: readonly number[],
  cuts: readonly number[],
): Parts {
  const ends = new Set([...loops.map((loop) => loop.entry), ...cuts]);
  const starts = [...new Set([...(ends.has(graph.entry) ? [] : [graph.entry]), ...behind])];
  const codes = marks(graph, [...ends]);
  return { graph, loops, starts, codes, pieces: starts.map((start) => pieceFrom(graph, start, codes)) };
}

/** Puts pieces together with the loops. */
function assemble({ graph, loops, starts, codes }: Parts, pieces: readonly Graph[]): Graph {
  const blocks: Block[] = [];
  /** Places of the blocks of loops, and of the starts of pieces. */
  const places = new Map<number, number>();
  const fixed = new Set<number>();
  for (const { body } of loops) {
    for (const block of body) {
      places.set(block, blocks.length);
      fixed.add(blocks.length);
      blocks.push(graph.blocks[block]!);
    }
  }
  let base = blocks.length;
  for (const [at, piece] of pieces.entries()) {
    places.set(starts[at]!, base + piece.entry);
    base += piece.blocks.length;
  }
  const targets = new Map([...codes].map(([block, k]) => [k, block]));
  for (const piece of pieces) {
    const first = blocks.length;
    for (const { statements, exit } of piece.blocks) {
      const end = exit.kind === 'return' && exit.code === (RET | K) ? targets.get(exit.k) : undefined;
      const moved: Exit =
        end === undefined ? redirect(exit, (to) => first + to) : { kind: 'goto', target: places.get(end)! };
      blocks.push({ statements, exit: moved });
    }
  }
  for (const index of fixed) {
    const { statements, exit } = blocks[index]!;
    blocks[index] = { statements, exit: redirect(exit, (to) => places.get(to)!) };
  }
  return tidy({ blocks, entry: places.get(graph.entry)! }, fixed);
}

/** A return value for each block, which nothing in the graph returns. */
function marks({ blocks }: Graph, ends: readonly number[]): Map<number, number> {
  const used = new Set(blocks.map(({ exit }) => (exit.kind === 'return' ? exit.k : 0)));
  let k = 0;
  return new Map(
    ends.map((block) => {
      do k++;
      while (used.has(k));
      return [block, k];
    }),
  );
}

/** What can be reached without entering a loop, with a return in place of each end. */
function pieceFrom(graph: Graph, start: number, codes: ReadonlyMap<number, number>): Graph {
  const blocks: Block[] = [];
  const places = new Map<number, number>();
  const pending: number[] = [];
  const place = (block: number): number => {
    const known = places.get(block);
    if (known !== undefined) return known;
    const index = blocks.length;
    places.set(block, index);
    const k = block === start ? undefined : codes.get(block);
    if (k === undefined) pending.push(block);
    blocks.push({ statements: [], exit: { kind: 'return', code: RET | K, k: k ?? 0 } });
    return index;
  };
  place(start);
  for (let block = pending.pop(); block !== undefined; block = pending.pop()) {
    const { statements, exit } = graph.blocks[block]!;
    blocks[places.get(block)!] = { statements, exit: redirect(exit, place) };
  }
  return { blocks, entry: 0 };
}
