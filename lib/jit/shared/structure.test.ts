import test from 'ava';
import fc from 'fast-check';
import type { Graph } from '../../graph.js';
import { assertProperty } from '../../testing/property.js';
import { type Structured, structure } from './structure.js';

const graphOf = (edges: readonly (readonly number[])[]): Graph => ({
  size: edges.length,
  successors: (node) => edges[node]!,
});

/** Walks structured code, taking branches as `choices` say; the nodes passed, until the code ends or 40 are. */
function trace(code: readonly Structured[], choose: (node: number) => boolean, limit = 40): number[] {
  const passed: number[] = [];
  type Exit = { readonly kind: 'break' | 'continue'; readonly label: number } | 'end' | 'next';
  const run = (parts: readonly Structured[]): Exit => {
    for (const part of parts) {
      let exit: Exit = 'next';
      switch (part.kind) {
        case 'code':
          passed.push(part.node);
          if (passed.length >= limit) return 'end';
          break;
        case 'branch':
          if (choose(part.node) === part.when) exit = run(part.then);
          break;
        case 'block':
          exit = run(part.body);
          if (typeof exit === 'object' && exit.kind === 'break' && exit.label === part.label) exit = 'next';
          break;
        case 'loop':
          do exit = run(part.body);
          while (typeof exit === 'object' && exit.kind === 'continue' && exit.label === part.label);
          break;
        case 'break':
        case 'continue':
          exit = part;
      }
      if (exit !== 'next') return exit;
    }
    return 'end';
  };
  run(code);
  return passed;
}

function walk(graph: Graph, choose: (node: number) => boolean, limit = 40): number[] {
  const passed: number[] = [];
  for (let node: number | undefined = 0; node !== undefined && passed.length < limit; ) {
    passed.push(node);
    const [yes, no]: readonly number[] = graph.successors(node);
    node = no === undefined || no === yes || choose(node) ? yes : no;
  }
  return passed;
}

const arbitraryGraph = fc
  .integer({ min: 1, max: 14 })
  .chain((size) =>
    fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 2 }), { minLength: size, maxLength: size }),
  )
  .map(graphOf);

test('structured code walks as the graph does', (t) => {
  let reducible = 0;
  const holds = fc.property(arbitraryGraph, fc.infiniteStream(fc.boolean()), (graph, stream) => {
    const code = structure(graph, { isCopied: (node) => node % 2 === 0 });
    if (code === undefined) return;
    reducible++;
    const choices = [...stream.take(40)];
    const chooser = (): (() => boolean) => {
      let at = 0;
      return () => choices[at++ % choices.length]!;
    };
    const [chooseA, chooseB] = [chooser(), chooser()];
    // A node with two equal successors is no branch in either walk.
    t.deepEqual(trace(code, chooseA), walk(graph, chooseB));
  });
  assertProperty(t, holds, { numRuns: 2000 });
  t.true(reducible > 500);
});

test('a cycle with two entries is irreducible', (t) => {
  t.is(structure(graphOf([[1, 2], [2], [1]])), undefined);
});

test('no node is placed twice, but leaves that may be', (t) => {
  const once = fc.property(arbitraryGraph, (graph) => {
    const seen = new Set<number>();
    const visit = (parts: readonly Structured[]): void => {
      for (const part of parts) {
        if (part.kind === 'code') {
          t.false(seen.has(part.node));
          seen.add(part.node);
        } else if (part.kind === 'branch') visit(part.then);
        else if (part.kind === 'block' || part.kind === 'loop') visit(part.body);
      }
    };
    visit(structure(graph) ?? []);
  });
  assertProperty(t, once, { numRuns: 1000 });
});
