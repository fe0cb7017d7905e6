import test from 'ava';
import fc from 'fast-check';
import { dominance, type Graph, immediateDominators, predecessors, reversePostorder } from './graph.js';
import { assertProperty } from './testing/property.js';

const graphOf = (edges: readonly (readonly number[])[]): Graph => ({
  size: edges.length,
  successors: (node) => edges[node]!,
});

test('a diamond: the branch dominates both sides and the join', (t) => {
  const graph = graphOf([[1, 2], [3], [3], []]);
  const order = reversePostorder(graph);
  t.deepEqual([...order.nodes], [0, 1, 2, 3]);
  t.deepEqual([...immediateDominators(graph, order)], [0, 0, 0, 0]);
  t.deepEqual(predecessors(graph, order)[3], [1, 2]);
});

test('unreachable nodes have no order and no dominator', (t) => {
  const graph = graphOf([[2], [2], []]);
  const order = reversePostorder(graph);
  t.is(order.position[1], -1);
  t.deepEqual([...immediateDominators(graph, order)], [0, -1, 0]);
});

test('a chain of 100,000 nodes needs no stack', (t) => {
  const graph: Graph = { size: 100_000, successors: (node) => (node + 1 < 100_000 ? [node + 1] : []) };
  t.is(reversePostorder(graph).nodes.length, 100_000);
});

const arbitraryGraph = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 2 }), { minLength: size, maxLength: size }),
  )
  .map(graphOf);

/** Nodes that can be reached from the entry without passing `avoided`. */
function reachable(graph: Graph, avoided = -1): Set<number> {
  const found = new Set<number>();
  const queue = [0];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    if (node === avoided || found.has(node)) continue;
    found.add(node);
    queue.push(...graph.successors(node));
  }
  return found;
}

test('a dominates b exactly if removing a cuts b off', (t) => {
  const holds = fc.property(arbitraryGraph, (graph) => {
    const order = reversePostorder(graph);
    const dominates = dominance(immediateDominators(graph, order), order);
    const all = reachable(graph);
    t.deepEqual(
      order.nodes.toSorted((a, b) => a - b),
      [...all].sort((a, b) => a - b),
    );
    for (const a of all) {
      const without = reachable(graph, a);
      for (const b of all) t.is(dominates(a, b), !without.has(b), `${a} over ${b}`);
    }
  });
  assertProperty(t, holds, { numRuns: 500 });
});
