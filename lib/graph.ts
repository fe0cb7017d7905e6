/**
 * Orders and dominators of directed graphs, for every stage that works on control flow.
 *
 * A graph is a number of nodes, 0 being the entry, and their successors. Nothing here recurses: chains
 * of ten thousand blocks are ordinary for long address lists.
 */

export interface Graph {
  /** Nodes are 0 .. size - 1; control enters at 0. */
  readonly size: number;
  /** Successors of a node, in the order in which a branch names them. */
  readonly successors: (node: number) => readonly number[];
}

export interface Order {
  /** Reachable nodes in reverse postorder: on acyclic graphs every node after all its predecessors. */
  readonly nodes: readonly number[];
  /** Position of each node in `nodes`; -1 for unreachable ones. */
  readonly position: Int32Array;
}

/** Reverse postorder of a depth-first walk that takes successors last to first. */
export function reversePostorder(graph: Graph): Order {
  const { size, successors } = graph;
  const position = new Int32Array(size).fill(-1);
  const seen = new Uint8Array(size);
  const postorder: number[] = [];
  const stack: { readonly node: number; readonly next: readonly number[]; left: number }[] = [];
  const enter = (node: number): void => {
    seen[node] = 1;
    const next = successors(node);
    stack.push({ node, next, left: next.length });
  };
  if (size > 0) enter(0);
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    if (frame.left === 0) {
      postorder.push(frame.node);
      stack.pop();
      continue;
    }
    const successor = frame.next[--frame.left]!;
    if (seen[successor] === 0) enter(successor);
  }
  const nodes = postorder.reverse();
  nodes.forEach((node, index) => {
    position[node] = index;
  });
  return { nodes, position };
}

/** Predecessors of each node that can be reached, without repetition. */
export function predecessors(graph: Graph, order: Order): readonly (readonly number[])[] {
  const result: number[][] = Array.from({ length: graph.size }, () => []);
  for (const node of order.nodes) {
    for (const successor of new Set(graph.successors(node))) result[successor]!.push(node);
  }
  return result;
}

/**
 * Immediate dominators: for each reachable node the last node that every path to it passes; the entry
 * is its own, unreachable nodes have -1.
 *
 * Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm" (2001).
 */
export function immediateDominators(graph: Graph, order: Order): Int32Array {
  const before = predecessors(graph, order);
  const { nodes, position } = order;
  const dominator = new Int32Array(graph.size).fill(-1);
  const entry = nodes[0];
  if (entry === undefined) return dominator;
  dominator[entry] = entry;
  const intersect = (a: number, b: number): number => {
    while (a !== b) {
      while (position[a]! > position[b]!) a = dominator[a]!;
      while (position[b]! > position[a]!) b = dominator[b]!;
    }
    return a;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const node of nodes) {
      if (node === entry) continue;
      let nearest = -1;
      for (const predecessor of before[node]!) {
        if (dominator[predecessor] === -1) continue;
        nearest = nearest === -1 ? predecessor : intersect(predecessor, nearest);
      }
      if (dominator[node] !== nearest) {
        dominator[node] = nearest;
        changed = true;
      }
    }
  }
  return dominator;
}

/** Answers whether `a` lies on every path to `b` (every node dominates itself), in constant time. */
export function dominance(dominator: Int32Array, order: Order): (a: number, b: number) => boolean {
  const children: number[][] = Array.from({ length: dominator.length }, () => []);
  for (const node of order.nodes) if (dominator[node] !== node) children[dominator[node]!]!.push(node);
  const enters = new Int32Array(dominator.length);
  const leaves = new Int32Array(dominator.length);
  let clock = 0;
  const stack = order.nodes.slice(0, 1).map((node) => ({ node, child: 0 }));
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    if (frame.child === 0) enters[frame.node] = ++clock;
    const next = children[frame.node]![frame.child++];
    if (next === undefined) {
      leaves[frame.node] = ++clock;
      stack.pop();
    } else stack.push({ node: next, child: 0 });
  }
  return (a, b) => enters[a]! <= enters[b]! && leaves[b]! <= leaves[a]!;
}
