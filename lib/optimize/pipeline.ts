/**
 * The optimizer: flow graph → flow graph, with the same verdict on every packet.
 *
 * Reads the graph as decisions, rewrites those until no pass changes anything, and lowers the result.
 * A graph that cannot be read stays as it is; around loops, see {@link file://./loops.ts}.
 */

import { opcodes } from '../cbpf/index.js';
import { type Graph, linearize } from '../cfg/index.js';
import { decideTests } from './decide.js';
import { type Decisions, malformedDecision } from './decision.js';
import { searchLists } from './lists.js';
import { hasLoop, type OnPass, type OptimizePiece, optimizeAroundLoops } from './loops.js';
import { lower } from './lower.js';
import { merge } from './merge.js';
import { order } from './order.js';
import { read } from './read.js';
import { search } from './search.js';
import { shareTails } from './tails.js';
import { tidy } from './tidy.js';
import { trim } from './trim.js';

const { K, RET } = opcodes;

export interface Pass {
  readonly name: string;
  readonly run: (decisions: Decisions) => Decisions;
}

/** Run in turn for as long as they change something. */
export const SIMPLIFY: readonly Pass[] = [
  { name: 'decide', run: decideTests },
  { name: 'trim', run: trim },
  { name: 'merge', run: merge },
];

/** Run once the graph is simple; the others follow again. */
export const ARRANGE: readonly Pass[] = [
  { name: 'lists', run: searchLists },
  { name: 'order', run: order },
  { name: 'search', run: search },
];

/** What `onPass` may be told. */
export const PASS_NAMES: readonly string[] = [...[...SIMPLIFY, ...ARRANGE].map(({ name }) => name), 'tails'];

export interface OptimizeOptions {
  /** Called after each pass with its name and the graph as it is then. */
  readonly onPass?: OnPass;
  /** Checks the invariants between passes. */
  readonly checked?: boolean;
}

/** Rounds at most; each pass has a decreasing measure, this is for speed alone. */
const MOST_ROUNDS = 12;
/** Steps of a graph from which on rounds end that remove few of them: edges led on a little further cost seconds there. */
const LARGE = 16_384;
const FEW = 1 / 16;
const isSettled = (before: Decisions, after: Decisions): boolean => {
  const [were, are] = [before.steps.length, after.steps.length];
  return before === after || (are > LARGE && were - are < FEW * were);
};

export function optimize(graph: Graph, options: OptimizeOptions = {}): Graph {
  if (!hasLoop(graph)) return optimizePiece(graph, options, true);
  const { checked = false, onPass } = options;
  const piecewise: OptimizePiece = (piece, fromStart, told) =>
    optimizePiece(piece, told === undefined ? { checked } : { checked, onPass: told }, fromStart);
  return optimizeAroundLoops(graph, piecewise, onPass);
}

function optimizePiece(graph: Graph, options: OptimizeOptions, fromStart: boolean): Graph {
  const start = read(graph);
  if (start === undefined) return graph;
  const decisions = simplify(start, options, fromStart);
  const lowered = lower(decisions, fromStart);
  return lowered === undefined ? graph : withSharedTails(decisions, tidy(lowered), options, fromStart);
}

/**
 * Shares tails for as long as that saves {@link SHARING_SAVES} instructions or more: packets that take the
 * second way execute two besides, to set the variable and to jump. Measured on captures: with constants
 * set late no group of expressions executes more than libpcap's programs, with constants set early two do.
 */
function withSharedTails(
  simple: Decisions,
  lowered: Graph,
  options: OptimizeOptions,
  fromStart: boolean,
): Graph {
  let decisions = simple;
  let best = lowered;
  for (;;) {
    const shared = shareTails(decisions);
    if (shared === decisions) return best;
    check('tails', shared, options);
    const graph = lower(shared, fromStart);
    const tidied = graph === undefined ? undefined : tidy(graph);
    if (tidied === undefined || lengthOf(tidied) + SHARING_SAVES > lengthOf(best)) return best;
    decisions = shared;
    best = tidied;
    options.onPass?.('tails', best);
  }
}

const SHARING_SAVES = 2;
const lengthOf = (graph: Graph): number => linearize(graph, { shareJumps: true }).length;

function check(pass: string, decisions: Decisions, { checked = false }: OptimizeOptions): void {
  const problem = checked ? malformedDecision(decisions) : undefined;
  if (problem !== undefined) throw new Error(`after ${pass}: ${problem}`);
}

function simplify(start: Decisions, options: OptimizeOptions, fromStart: boolean): Decisions {
  const { onPass } = options;
  let decisions = start;
  const run = ({ name, run: pass }: Pass): void => {
    decisions = pass(decisions);
    check(name, decisions, options);
    if (onPass === undefined) return;
    const lowered = lower(decisions, fromStart);
    if (lowered !== undefined) onPass(name, lowered);
  };
  // A pass that finds nothing to do returns what it was given.
  const settle = (): boolean => {
    const start = decisions;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const before = decisions;
      for (const pass of SIMPLIFY) run(pass);
      if (isSettled(before, decisions)) break;
    }
    return !isSettled(start, decisions);
  };
  settle();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const before = decisions;
    for (const pass of ARRANGE) run(pass);
    // What was arranged is arranged as long as nothing becomes simpler by it.
    if (decisions === before || !settle()) break;
  }
  return decisions;
}

/** Whether a graph is nothing but a rejection. */
export function isRejection({ blocks, entry }: Graph): boolean {
  const { statements, exit } = blocks[entry]!;
  return statements.length === 0 && exit.kind === 'return' && exit.code === (RET | K) && exit.k === 0;
}
