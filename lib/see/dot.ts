/** Flow graphs in the language of Graphviz. */

import type { FlowGraph, FlowNode } from './flow.js';
import { heatOf, labelOf, wordsOf } from './look.js';

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\l')}"`;

const COLOURS = { yes: '#1a7f37', no: '#cf222e', next: '#57606a' } as const;

/** A graph for `dot -Tsvg`. Words of the expression stand above the instructions, counts in brackets. */
export function toDot(graph: FlowGraph, title = ''): string {
  const heat = heatOf(graph);
  const label = (node: FlowNode): string => {
    const ran = node.ran === undefined ? '' : ` [${node.ran}]`;
    const words = wordsOf(node);
    return `${node.start}${ran}${words === '' ? '' : `: ${words}`}\n${node.lines.join('\n')}\n`;
  };
  const nodes = graph.nodes.map(
    (node) => `  n${node.id} [label=${quoted(label(node))}, fillcolor=${quoted(heat(node).light)}];`,
  );
  const edges = graph.edges.map(
    (edge) =>
      `  n${edge.from} -> n${edge.to} [label=${quoted(labelOf(edge))}, color=${quoted(COLOURS[edge.kind])}];`,
  );
  return [
    `digraph ${quoted(title)} {`,
    '  node [shape=box, style=filled, fontname="monospace", fontsize=10];',
    '  edge [fontname="sans-serif", fontsize=9];',
    ...nodes,
    ...edges,
    '}',
    '',
  ].join('\n');
}
