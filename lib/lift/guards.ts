/**
 * Where the direct forms compare with the packet's end.
 *
 * A comparison may come earlier than the load it guards if every way on either loads as far or rejects
 * anyway: then one comparison at the start of a block serves all loads behind it, and the loads of the
 * blocks it leads to. That is decided backwards over the graph, once for offsets from the packet's
 * start and once for offsets from X, whose comparisons end where X changes.
 */

import { extensionAt, opcodes, type Personality } from '../cbpf/index.js';
import { type Graph, type Statement, successors } from '../cfg/index.js';
import type { Order } from '../graph.js';
import { effectsOf, X } from './dataflow.js';
import type { Bounds } from './ranges.js';

/** Every way on rejects. */
const HOPELESS = Number.POSITIVE_INFINITY;
/** Offsets up to this fit the offset field of a load from any base the forms use. */
export const NEAR = 0x7000;

/** The extent (offset + size) that a load at a constant offset needs; 0 for others and for far ones. */
export function constantExtent(statement: Statement): number {
  if (!isConstantLoad(statement)) return 0;
  const extent = statement.k + opcodes.sizeOf(statement.code);
  return extent <= NEAR ? extent : 0;
}

export function isConstantLoad({ code, k }: Statement): boolean {
  const kind = opcodes.classOf(code);
  if (kind === opcodes.LDX) return opcodes.modeOf(code) === opcodes.MSH;
  return kind === opcodes.LD && opcodes.modeOf(code) === opcodes.ABS && extensionAt(k) === undefined;
}

const isIndirect = ({ code }: Statement): boolean =>
  opcodes.classOf(code) === opcodes.LD && opcodes.modeOf(code) === opcodes.IND;

/**
 * The extent that a load at [x + k] needs relative to X, where adding cannot leave what both machines
 * agree on; 0 for others.
 */
export function indirectExtent(statement: Statement, personality: Personality, before: Bounds): number {
  if (!isIndirect(statement)) return 0;
  const extent = statement.k + opcodes.sizeOf(statement.code);
  if (extent > NEAR) return 0;
  // The kernel's sum is signed: a large X would reach its header areas.
  return personality === 'libpcap' || before[X]! + statement.k <= 0x7fff_ffff ? extent : 0;
}

export interface ConstantGuards {
  /** By block: extent to compare at its start, 0 for none. */
  readonly atStart: readonly number[];
}

const rejects = (graph: Graph, block: number): boolean => {
  const { statements, exit } = graph.blocks[block]!;
  return (
    statements.length === 0 &&
    exit.kind === 'return' &&
    exit.code === (opcodes.RET | opcodes.K) &&
    exit.k === 0
  );
};

const least = (values: readonly number[], whenNone: number): number =>
  values.length === 0 ? whenNone : Math.min(...values);

export function constantGuards(graph: Graph, order: Order): ConstantGuards {
  const { blocks } = graph;
  const own = blocks.map(({ statements }) => Math.max(0, ...statements.map(constantExtent)));
  const need = fixpoint(order.nodes.toReversed(), blocks.length, HOPELESS, (index, current) => {
    if (rejects(graph, index)) return HOPELESS;
    return Math.max(
      own[index]!,
      least(
        successors(blocks[index]!).map((next) => current[next]!),
        0,
      ),
    );
  });
  const atStart = need.map((extent) => (extent === HOPELESS ? 0 : extent));
  const before = predecessorsOf(graph, order);
  const known = fixpoint(order.nodes, blocks.length, HOPELESS, (index, current) =>
    index === graph.entry
      ? 0
      : least(
          before[index]!.map((from) => Math.max(current[from]!, atStart[from]!)),
          0,
        ),
  );
  return { atStart: atStart.map((extent, index) => (extent > known[index]! ? extent : 0)) };
}

export interface IndexGuards {
  /** By block, by place: extent relative to X to compare there; place 0 is the block's start, n + 1 after statement n. */
  readonly at: readonly (readonly number[])[];
  /** By block: what each load at X needs, by statement; 0 for others. */
  readonly extents: readonly (readonly number[])[];
}

export function indexGuards(
  graph: Graph,
  order: Order,
  extents: readonly (readonly number[])[],
): IndexGuards {
  const { blocks } = graph;
  /** Needs at all places of a block, from what is needed at its end. */
  const placesOf = (index: number, atEnd: number): number[] => {
    const { statements } = blocks[index]!;
    const places = new Array<number>(statements.length + 1).fill(atEnd);
    for (let at = statements.length - 1; at >= 0; at--) {
      const after = places[at + 1]!;
      const redefined = effectsOf(statements[at]!).writes === X && after !== HOPELESS ? 0 : after;
      places[at] = Math.max(redefined, extents[index]![at]!);
    }
    return places;
  };
  const endNeed = (index: number, current: readonly number[]): number =>
    least(
      successors(blocks[index]!).map((next) => current[next]!),
      rejects(graph, index) ? HOPELESS : 0,
    );
  const need = fixpoint(order.nodes.toReversed(), blocks.length, HOPELESS, (index, current) =>
    rejects(graph, index) ? HOPELESS : placesOf(index, endNeed(index, current))[0]!,
  );
  const finite = (extent: number): number => (extent === HOPELESS ? 0 : extent);
  const places = blocks.map((_, index) => placesOf(index, endNeed(index, need)).map(finite));

  const through = (index: number, known: number, found?: number[]): number => {
    const { statements } = blocks[index]!;
    const check = (place: number): void => {
      const wanted = places[index]![place]!;
      if (wanted > known) {
        if (found !== undefined) found[place] = wanted;
        known = wanted;
      }
    };
    check(0);
    for (const [at, statement] of statements.entries()) {
      if (effectsOf(statement).writes !== X) continue;
      known = 0;
      check(at + 1);
    }
    return known;
  };
  const before = predecessorsOf(graph, order);
  const known = fixpoint(order.nodes, blocks.length, HOPELESS, (index, current) =>
    index === graph.entry
      ? 0
      : least(
          before[index]!.map((from) => through(from, current[from]!)),
          0,
        ),
  );
  const at = blocks.map(({ statements }, index) => {
    const found = new Array<number>(statements.length + 1).fill(0);
    through(index, known[index]!, found);
    return found;
  });
  return { at, extents };
}

/** Repeats until nothing changes; values only go down. */
function fixpoint(
  nodes: readonly number[],
  size: number,
  start: number,
  next: (index: number, current: readonly number[]) => number,
): number[] {
  const current = new Array<number>(size).fill(start);
  for (let changed = true; changed; ) {
    changed = false;
    for (const index of nodes) {
      const value = next(index, current);
      if (value === current[index]) continue;
      current[index] = value;
      changed = true;
    }
  }
  return current;
}

function predecessorsOf(graph: Graph, order: Order): number[][] {
  const result: number[][] = graph.blocks.map(() => []);
  for (const index of order.nodes)
    for (const next of successors(graph.blocks[index]!)) result[next]!.push(index);
  return result;
}
