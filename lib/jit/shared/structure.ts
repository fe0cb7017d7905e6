/**
 * Control flow graph to structured code: nested blocks, loops and branches, no goto.
 *
 * JavaScript and WebAssembly have only structured control flow. Ramsey, "Beyond Relooper" (ICFP 2022):
 * walk the dominator tree; a node that several forward edges reach is placed right after a labelled
 * block that encloses everything that jumps to it; a node that a back edge reaches opens a loop. No
 * node is emitted twice, except leaves that the caller allows to be copied.
 */

import { dominance, type Graph, immediateDominators, predecessors, reversePostorder } from '../../graph.js';

export type Structured =
  /** The statements of a node, without its final jump. A node without successors ends the program. */
  | { readonly kind: 'code'; readonly node: number }
  /** Takes `then` when the node's test has the value `when`, else goes on with what follows. */
  | {
      readonly kind: 'branch';
      readonly node: number;
      readonly when: boolean;
      readonly then: readonly Structured[];
    }
  /** Breaking out of `label` continues after the block. */
  | { readonly kind: 'block'; readonly label: number; readonly body: readonly Structured[] }
  /** Continuing `label` starts the body again; the body never runs off its end. */
  | { readonly kind: 'loop'; readonly label: number; readonly body: readonly Structured[] }
  /** Goes on with the jump that the node chooses by number. */
  | { readonly kind: 'switch'; readonly node: number; readonly jumps: readonly Jump[] }
  | Jump;

export type Jump =
  | { readonly kind: 'break'; readonly label: number }
  | { readonly kind: 'continue'; readonly label: number };

export interface StructureOptions {
  /** Whether a node without successors is small enough to be copied to each place that jumps to it. */
  readonly isCopied?: (node: number) => boolean;
}

/**
 * @param graph - A branch has two successors: where it goes when its test holds, and where else. A node
 *   with more is a switch.
 * @returns The code, or `undefined` when the graph is irreducible (a cycle with two entries).
 */
export function structure(graph: Graph, options: StructureOptions = {}): readonly Structured[] | undefined {
  const order = reversePostorder(graph);
  const { position } = order;
  const dominator = immediateDominators(graph, order);
  const dominates = dominance(dominator, order);
  const before = predecessors(graph, order);
  const isBackEdge = (from: number, to: number): boolean => position[to]! <= position[from]!;

  const copied = (node: number): boolean =>
    graph.successors(node).length === 0 && options.isCopied?.(node) === true;
  const isHeader = new Uint8Array(graph.size);
  const isJoin = new Uint8Array(graph.size);
  /** Joins that a node dominates immediately, in reverse postorder. */
  const joins: number[][] = Array.from({ length: graph.size }, () => []);
  for (const node of order.nodes) {
    let forward = 0;
    for (const from of before[node]!) {
      if (!isBackEdge(from, node)) forward++;
      else if (dominates(node, from)) isHeader[node] = 1;
      else return undefined;
    }
    const isChoice = before[node]!.some((from) => graph.successors(from).length > 2);
    if ((forward > 1 && !copied(node)) || (forward > 0 && isChoice)) {
      isJoin[node] = 1;
      joins[dominator[node]!]!.push(node);
    }
  }

  /** Code that goes from one node to another: a jump, or the target itself if it belongs here. */
  const isInline = (from: number, to: number): boolean => !isBackEdge(from, to) && isJoin[to] === 0;
  const jump = (from: number, to: number): Jump =>
    isBackEdge(from, to) ? { kind: 'continue', label: to } : { kind: 'break', label: to };

  /** Appends a node and all that it dominates. Follows one successor by iteration, to save stack. */
  const place = (first: number, out: Structured[]): void => {
    for (let node = first; ; ) {
      if (isHeader[node] === 1) {
        const body: Structured[] = [];
        placeWithJoins(node, body);
        out.push({ kind: 'loop', label: node, body });
        return;
      }
      if (joins[node]!.length > 0) {
        placeWithJoins(node, out);
        return;
      }
      const follower = placeNode(node, out);
      if (follower === undefined) return;
      node = follower;
    }
  };

  /** Encloses a node's own code in one block for each join below it, and appends those. */
  const placeWithJoins = (node: number, out: Structured[]): void => {
    let body: Structured[] = [];
    const follower = placeNode(node, body);
    if (follower !== undefined) place(follower, body);
    for (const join of joins[node]!) {
      const outer: Structured[] = [{ kind: 'block', label: join, body }];
      place(join, outer);
      body = outer;
    }
    for (const part of body) out.push(part);
  };

  /** Appends a node's own code and jumps. Returns the successor that has to follow, if one has. */
  const placeNode = (node: number, out: Structured[]): number | undefined => {
    out.push({ kind: 'code', node });
    const successors = graph.successors(node);
    if (successors.length > 2) {
      out.push({ kind: 'switch', node, jumps: successors.map((to) => jump(node, to)) });
      return undefined;
    }
    const [whenTrue, whenFalse] = successors;
    if (whenTrue === undefined) return undefined;
    if (whenFalse === undefined || whenFalse === whenTrue) {
      if (isInline(node, whenTrue)) return whenTrue;
      out.push(jump(node, whenTrue));
      return undefined;
    }
    // The side that only jumps or ends goes into the branch, so that long chains do not nest.
    const short = (to: number): boolean => !isInline(node, to) || graph.successors(to).length === 0;
    const when = short(whenTrue) || !short(whenFalse);
    const [inside, after] = when ? [whenTrue, whenFalse] : [whenFalse, whenTrue];
    const then: Structured[] = [];
    if (isInline(node, inside)) place(inside, then);
    else then.push(jump(node, inside));
    out.push({ kind: 'branch', node, when, then });
    if (isInline(node, after)) return after;
    out.push(jump(node, after));
    return undefined;
  };

  const result: Structured[] = [];
  if (graph.size > 0) place(0, result);
  return result;
}
