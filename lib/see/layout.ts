/**
 * Places for the blocks of a flow graph: in layers, each below all that lead to it.
 *
 * K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981), as far as
 * flow graphs need it: a layer is the longest way from the start, boxes stand in the order of their neighbours' mean, and
 * are moved under what leads to them. Ways to a return, back, or over many layers end in a leaf that names where they go:
 * a list of three hundred addresses would otherwise be three hundred lines beside each other. What goes on stands straight
 * below a test whose other way ends, and what is still higher than wide is parted into columns.
 */

import { reversePostorder } from '../graph.js';
import { columnsOf } from './columns.js';
import type { FlowEdge, FlowGraph, FlowNode } from './flow.js';
import { shortened, wordsOf } from './look.js';
import { type Box, GAP, orderLayers, placeLayers, type Way } from './place.js';

/** Where everything is. */
export interface Layout {
  readonly boxes: readonly Box[];
  readonly ways: readonly Way[];
  readonly width: number;
  readonly height: number;
}

export const CHARACTER = 6.7;
export const LINE = 15;
const PADDING = 10;
/** Between boxes whose ways have counts. */
const COUNTED_GAP = 64;
const LAYER_GAP = 46;
const MARGIN = 16;
/** What the mark at the end of a way is wide, about. */
const LEAF = 80;
/** Layers that a line may pass. */
const LONGEST = 6;

/** Lays out what can be reached from the first block. */
export function layOut(graph: FlowGraph): Layout {
  const { columns, ways } = new Layering(graph);
  const gap = graph.nodes[0]?.ran === undefined ? GAP : COUNTED_GAP;
  let [width, height] = [0, 0];
  for (const layers of columns) {
    orderLayers(layers, ways);
    placeLayers(layers, ways, gap);
    let y = MARGIN;
    for (const layer of layers) {
      const tallest = Math.max(...layer.map((box) => box.height));
      for (const box of layer) {
        box.y = y;
        if (box.kind === 'bend') box.height = tallest;
      }
      y += tallest + LAYER_GAP;
    }
    const boxes = layers.flat();
    const left = Math.min(...boxes.map((box) => box.x - box.width / 2));
    for (const box of boxes) box.x += width + gap - left;
    width = Math.max(...boxes.map((box) => box.x + box.width / 2)) + gap;
    height = Math.max(height, y - LAYER_GAP + MARGIN);
  }
  return { boxes: columns.flat(2), ways, width, height };
}

class Layering {
  readonly columns: Box[][][] = [];
  readonly ways: Way[] = [];
  private readonly graph: FlowGraph;
  private readonly after = new Map<number, FlowEdge[]>();
  private readonly depth: Int32Array;
  private readonly boxes = new Map<number, Box>();
  /** Of each layer its column, and the first layer of each column. */
  private readonly column: readonly number[];
  private readonly starts: readonly number[];

  constructor(graph: FlowGraph) {
    this.graph = graph;
    const { nodes, edges } = graph;
    const { after } = this;
    for (const edge of edges) after.set(edge.from, [...(after.get(edge.from) ?? []), edge]);
    const successors = (node: number) => (after.get(node) ?? []).map(({ to }) => to);
    const order = reversePostorder({ size: nodes.length, successors });
    this.depth = new Int32Array(nodes.length);
    const isBack = ({ from, to }: FlowEdge) => order.position[to]! <= order.position[from]!;
    for (const node of order.nodes)
      for (const edge of after.get(node) ?? [])
        if (!isBack(edge)) this.depth[edge.to] = Math.max(this.depth[edge.to]!, this.depth[node]! + 1);
    for (const node of order.nodes)
      if (this.endOf(node) === undefined || node === 0) this.boxes.set(node, blockBox(nodes[node]!));
    this.column = this.columned(edges);
    this.starts = this.column.flatMap((column, layer) => (this.column[layer - 1] === column ? [] : [layer]));
    for (const [node, box] of this.boxes) this.add(this.depth[node]!, this.columnOf(node), box);
    for (const node of order.nodes)
      for (const edge of after.get(node) ?? []) this.connect(edge, isBack(edge));
  }

  private columned(edges: readonly FlowEdge[]): readonly number[] {
    const { depth, boxes } = this;
    const layers = 1 + [...boxes.keys()].reduce((most, node) => Math.max(most, depth[node]!), 0);
    const heights = new Array<number>(layers).fill(0);
    const widths = new Array<number>(layers).fill(2 * LEAF);
    for (const [node, { width, height }] of boxes) {
      heights[depth[node]!] = Math.max(heights[depth[node]!]!, height + LAYER_GAP);
      widths[depth[node]!]! += width + GAP;
    }
    const crossed = new Int32Array(layers);
    for (const { from, to } of edges)
      if (boxes.has(to) && depth[to]! - depth[from]! <= LONGEST)
        for (let layer = depth[from]!; layer < depth[to]!; layer++) crossed[layer]!++;
    return columnsOf({ heights, widest: Math.max(...widths), crossed });
  }

  private columnOf(node: number): number {
    return this.column[this.depth[node]!]!;
  }

  /** Where a block only returns, or jumps there: it is drawn at each end of a way to it. */
  private endOf(node: number): FlowNode | undefined {
    const { nodes } = this.graph;
    const [way] = this.after.get(node) ?? [];
    const jumps = way !== undefined && /^(ja|goto) /.test(nodes[node]!.lines[0]!);
    const end = nodes[jumps ? way.to : node]!;
    return end.returns === undefined ? undefined : end;
  }

  private connect(edge: FlowEdge, isBack: boolean): void {
    const from = this.boxes.get(edge.from);
    if (from === undefined) return;
    const [upper, lower] = [this.depth[edge.from]!, this.depth[edge.to]!];
    const target = this.endOf(edge.to) ?? this.graph.nodes[edge.to]!;
    const to = this.boxes.get(edge.to);
    const column = this.columnOf(edge.from);
    if (to === undefined || isBack || lower - upper > LONGEST || this.columnOf(edge.to) !== column) {
      const kind = to === undefined ? (target.returns ?? 'result') : 'jump';
      const text =
        to !== undefined
          ? `→ ${target.start}`
          : kind === 'result'
            ? shortened(target.lines.join('; '))
            : kind;
      this.ways.push({ edge, boxes: [from, this.add(upper + 1, column, leafBox(kind, text))] });
      return;
    }
    const bends: Box[] = [];
    for (let layer = upper + 1; layer < lower; layer++)
      bends.push(this.add(layer, column, leafBox('bend', '')));
    this.ways.push({ edge, boxes: [from, ...bends, to] });
  }

  private add(layer: number, column: number, box: Box): Box {
    while (this.columns.length <= column) this.columns.push([]);
    const layers = this.columns[column]!;
    const place = layer - this.starts[column]!;
    while (layers.length <= place) layers.push([]);
    layers[place]!.push(box);
    return box;
  }
}

function blockBox(node: FlowNode): Box {
  const words = wordsOf(node);
  const lines = node.lines.map(shortened);
  const widest = Math.max(words.length + `${node.start}`.length + 2, ...lines.map(({ length }) => length), 8);
  const height = (lines.length + 1) * LINE + PADDING;
  return { node, text: words, kind: 'block', width: widest * CHARACTER + 2 * PADDING, height, x: 0, y: 0 };
}

const leafBox = (kind: Box['kind'], text: string): Box => ({
  node: undefined,
  text,
  kind,
  width: kind === 'bend' ? 2 : text.length * CHARACTER + 2 * PADDING,
  height: kind === 'bend' ? 2 : LINE + 6,
  x: 0,
  y: 0,
});
