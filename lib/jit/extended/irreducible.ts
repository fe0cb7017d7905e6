/**
 * Makes any control flow graph reducible, so that structured code can be made of it.
 *
 * A cycle that is entered at several nodes gets one dispatch node in front of them: each edge to an
 * entry first notes which entry it means, and the dispatch node goes there. The way LLVM's
 * WebAssemblyFixIrreducibleControlFlow takes; nothing is duplicated, and what lies outside such cycles
 * stays as it is.
 */

import type { Graph } from '../../graph.js';

/** What an added node does; nodes below the original size are the original ones. */
export type Dispatch =
  /** Notes a number for the dispatch node that follows. */
  | { readonly kind: 'note'; readonly value: number }
  /** Goes to the successor whose number was noted. */
  | { readonly kind: 'dispatch' };

export interface ReducibleGraph extends Graph {
  /** `added[node - originalSize]` */
  readonly added: readonly Dispatch[];
}

export function makeReducible(graph: Graph): ReducibleGraph {
  const successors: number[][] = Array.from({ length: graph.size }, (_, node) => [...graph.successors(node)]);
  const added: Dispatch[] = [];
  const add = (dispatch: Dispatch, next: number[]): number => {
    added.push(dispatch);
    return successors.push(next) - 1;
  };

  /** Node sets still to be looked at; each loop's header is taken out before its inner loops are. */
  const open: number[][] = [successors.map((_, node) => node)];
  for (let nodes = open.pop(); nodes !== undefined; nodes = open.pop()) {
    for (const cycle of cycles(nodes, successors)) {
      const inside = new Set(cycle);
      const entries = new Set<number>(inside.has(0) ? [0] : []);
      successors.forEach((next, from) => {
        if (!inside.has(from)) for (const to of next) if (inside.has(to)) entries.add(to);
      });
      if (entries.size <= 1) {
        const [header] = entries.size === 1 ? entries : cycle;
        open.push(cycle.filter((node) => node !== header));
        continue;
      }
      const targets = [...entries];
      const dispatch = add({ kind: 'dispatch' }, targets);
      // Notes outside and inside the cycle are not the same nodes: else the cycle had two entries again.
      for (const within of [false, true]) {
        const notes = targets.map((_, value) => add({ kind: 'note', value }, [dispatch]));
        successors.forEach((next, from) => {
          if (from === dispatch) return;
          if (notes.includes(from) || inside.has(from) !== within) return;
          successors[from] = next.map((to) => (entries.has(to) ? notes[targets.indexOf(to)]! : to));
        });
        if (within) cycle.push(...notes);
      }
      open.push(cycle);
    }
  }
  return { size: successors.length, successors: (node) => successors[node]!, added };
}

/** The strongly connected parts of a subgraph that hold a cycle. Tarjan (1972), without recursion. */
function cycles(nodes: readonly number[], successors: readonly (readonly number[])[]): number[][] {
  const within = new Set(nodes);
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: number[][] = [];
  for (const root of nodes) {
    if (index.has(root)) continue;
    const frames = [{ node: root, next: 0 }];
    while (frames.length > 0) {
      const frame = frames.at(-1)!;
      const { node } = frame;
      if (frame.next === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node)!);
        stack.push(node);
        onStack.add(node);
      }
      const to = successors[node]![frame.next++];
      if (to !== undefined) {
        if (!within.has(to)) continue;
        if (!index.has(to)) frames.push({ node: to, next: 0 });
        else if (onStack.has(to)) low.set(node, Math.min(low.get(node)!, index.get(to)!));
        continue;
      }
      frames.pop();
      const above = frames.at(-1);
      if (above !== undefined) low.set(above.node, Math.min(low.get(above.node)!, low.get(node)!));
      if (low.get(node) !== index.get(node)) continue;
      const part = stack.splice(stack.indexOf(node));
      for (const member of part) onStack.delete(member);
      if (part.length > 1 || successors[node]!.includes(node)) found.push(part);
    }
  }
  return found;
}
