/**
 * Webs: which definitions and uses of one variable belong together, over all of the graph.
 *
 * Two definitions that reach one use are of one web; what is decided for a value, such as its byte
 * order, has to be decided for the whole web.
 */

import { type Graph, type Statement, successors } from '../cfg/index.js';
import { effectsOf, exitReads, isIn } from './dataflow.js';

export interface Webs {
  /** Web of the variable's value at the start of a block. */
  readonly atStart: (block: number) => number;
  /** Web of its value before a statement; of its value before the exit for the place after the last. */
  readonly before: (block: number, at: number) => number;
  /** Web of the value that a statement defines. */
  readonly after: (block: number, at: number) => number;
  /** Whether the web has the value 0 that the variable starts with. */
  readonly hasInitial: (web: number) => boolean;
}

/**
 * @param live - Liveness at the start of blocks, see dataflow.ts.
 * @param keeps - Whether a statement that reads and writes the variable leaves its web.
 */
export function websOf(
  graph: Graph,
  variable: number,
  live: Int32Array,
  keeps: (statement: Statement) => boolean = () => false,
): Webs {
  const parents: number[] = [];
  const fresh = (): number => parents.push(parents.length) - 1;
  const find = (node: number): number => {
    while (parents[node] !== node) {
      parents[node] = parents[parents[node]!]!;
      node = parents[node]!;
    }
    return node;
  };
  const start = graph.blocks.map(fresh);
  const nodes = graph.blocks.map(({ statements }, block) => {
    let node = start[block]!;
    return [
      node,
      ...statements.map((statement) => {
        if (effectsOf(statement).writes === variable && !keeps(statement)) node = fresh();
        return node;
      }),
    ];
  });
  for (const [index, block] of graph.blocks.entries()) {
    const end = nodes[index]!.at(-1)!;
    for (const next of successors(block))
      if (isIn(variable, live[next]!)) parents[find(end)] = find(start[next]!);
  }
  const initial = (): number => find(start[graph.entry]!);
  return {
    atStart: (block) => find(start[block]!),
    before: (block, at) => find(nodes[block]![at]!),
    after: (block, at) => find(nodes[block]![at + 1]!),
    hasInitial: (web) => web === initial(),
  };
}

/** Calls back for each statement and exit that reads the variable, with the web it reads. */
export function forEachUse(
  graph: Graph,
  variable: number,
  webs: Webs,
  visit: (web: number, use: Statement | undefined, block: number, at: number) => void,
): void {
  for (const [index, { statements, exit }] of graph.blocks.entries()) {
    for (const [at, statement] of statements.entries())
      if (isIn(variable, effectsOf(statement).reads)) visit(webs.before(index, at), statement, index, at);
    if (isIn(variable, exitReads(exit)))
      visit(webs.before(index, statements.length), undefined, index, statements.length);
  }
}
