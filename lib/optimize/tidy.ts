/**
 * Pass on the flow graph: blocks without statements are skipped, equal blocks become one, stores that
 * nobody reads are left out.
 *
 * Steps that differ may have become equal code. Preserves what every path executes. Measure: blocks.
 */

import { opcodes } from '../cbpf/index.js';
import { type Block, type Exit, type Graph, redirect, type Statement, successors } from '../cfg/index.js';
import { reversePostorder } from '../graph.js';

const { LD, LDX, MEM, ST, STX } = opcodes;

/** @param fixed - Blocks that stay what they are; only they may be part of a loop. */
export function tidy(graph: Graph, fixed: ReadonlySet<number> = NONE): Graph {
  const { blocks, entry } = withoutUnreadStores(graph);
  const order = reversePostorder({
    size: blocks.length + 1,
    successors: (node) => (node === 0 ? [entry + 1] : successors(blocks[node - 1]!).map((to) => to + 1)),
  });
  const result: Block[] = [];
  const places = new Int32Array(blocks.length);
  const known = new Map<string, number>();
  for (const index of fixed) {
    places[index] = result.length;
    result.push(blocks[index]!);
  }
  for (const node of [...order.nodes].reverse()) {
    if (node === 0 || fixed.has(node - 1)) continue;
    const { statements, exit } = blocks[node - 1]!;
    const moved = redirect(exit, (to) => places[to]!);
    if (moved.kind === 'goto' && statements.length === 0) {
      places[node - 1] = moved.target;
      continue;
    }
    const key = `${statements.map(({ code, k }) => `${code},${k}`).join(';')} ${exitKey(moved)}`;
    const equal = known.get(key);
    places[node - 1] = equal ?? result.length;
    if (equal !== undefined) continue;
    known.set(key, result.length);
    result.push({ statements, exit: moved });
  }
  for (const index of fixed) {
    const { statements, exit } = blocks[index]!;
    result[places[index]!] = { statements, exit: redirect(exit, (to) => places[to]!) };
  }
  return { blocks: result, entry: places[entry]! };
}

const NONE: ReadonlySet<number> = new Set();

/** A variable may have been in a register all the time. */
function withoutUnreadStores({ blocks, entry }: Graph): Graph {
  const read = new Set<number>();
  for (const { statements } of blocks) {
    for (const { code, k } of statements) if (code === (LD | MEM) || code === (LDX | MEM)) read.add(k);
  }
  const isRead = ({ code, k }: Statement): boolean => !(code === ST || code === STX) || read.has(k);
  return {
    entry,
    blocks: blocks.map(({ statements, exit }) => ({ statements: statements.filter(isRead), exit })),
  };
}

function exitKey(exit: Exit): string {
  switch (exit.kind) {
    case 'branch':
      return `${exit.code} ${exit.k} ${exit.onTrue} ${exit.onFalse}`;
    case 'goto':
      return `goto ${exit.target}`;
    case 'return':
      return `${exit.code} ${exit.k}`;
  }
}
