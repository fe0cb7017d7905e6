/**
 * Places for the blocks of a flow graph: in layers, each below all that lead to it.
 *
 * K. Sugiyama, S. Tagawa, M. Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981), as far as
 * flow graphs need it: a layer is the longest way from the start, boxes stand in the order of their neighbours' mean, and
 * are moved under what leads to them. Ways to a return, back, or over many layers end in a leaf that names where they go:
 * a list of three hundred addresses would otherwise be three hundred lines beside each other.
 */

import { reversePostorder } from '../graph.js';
import type { FlowEdge, FlowGraph, FlowNode } from './flow.js';
import { shortened, wordsOf } from './look.js';

/** A box of the picture; sizes in pixels. */
export interface Box {
  /** The block; `undefined` for a leaf. */
  readonly node: FlowNode | undefined;
  /** What a leaf says, and what it is. */
  readonly text: string;
  readonly kind: 'block' | 'accept' | 'reject' | 'result' | 'jump' | 'bend';
  readonly width: number;
  /** That of a bend is its layer's: lines pass boxes straight. */
  height: number;
  /** The middle of the upper edge. */
  x: number;
  y: number;
}

/** A way between boxes, over the bends between them. */
export interface Way {
  readonly edge: FlowEdge;
  readonly boxes: readonly Box[];
}

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
const GAP = 22;
/** Between boxes whose ways have counts. */
const COUNTED_GAP = 64;
const BEND_GAP = 12;
const LAYER_GAP = 46;
const MARGIN = 16;
/** Layers that a line may pass. */
const LONGEST = 6;
const SWEEPS = 9;
/** How far to the side of a test its ways go on. */
const SIDE = 30;

/** Lays out what can be reached from the first block. */
export function layOut(graph: FlowGraph): Layout {
  const layering = new Layering(graph);
  const { layers, ways } = layering;
  orderLayers(layers, ways);
  const gap = graph.nodes[0]?.ran === undefined ? GAP : COUNTED_GAP;
  placeLayers(layers, ways, gap);
  let y = MARGIN;
  for (const layer of layers) {
    const tallest = Math.max(...layer.map(({ height }) => height));
    for (const box of layer) {
      box.y = y;
      if (box.kind === 'bend') box.height = tallest;
    }
    y += tallest + LAYER_GAP;
  }
  const boxes = layers.flat();
  const left = Math.min(...boxes.map(({ x, width }) => x - width / 2));
  for (const box of boxes) box.x += gap - left;
  const width = Math.max(...boxes.map((box) => box.x + box.width / 2)) + gap;
  return { boxes, ways, width, height: y - LAYER_GAP + MARGIN };
}

class Layering {
  readonly layers: Box[][] = [];
  readonly ways: Way[] = [];
  private readonly graph: FlowGraph;
  private readonly depth: Int32Array;
  private readonly boxes = new Map<number, Box>();

  constructor(graph: FlowGraph) {
    this.graph = graph;
    const { nodes, edges } = graph;
    const after = new Map<number, FlowEdge[]>();
    for (const edge of edges) after.set(edge.from, [...(after.get(edge.from) ?? []), edge]);
    const successors = (node: number) => (after.get(node) ?? []).map(({ to }) => to);
    const order = reversePostorder({ size: nodes.length, successors });
    this.depth = new Int32Array(nodes.length);
    const isBack = ({ from, to }: FlowEdge) => order.position[to]! <= order.position[from]!;
    for (const node of order.nodes)
      for (const edge of after.get(node) ?? [])
        if (!isBack(edge)) this.depth[edge.to] = Math.max(this.depth[edge.to]!, this.depth[node]! + 1);
    for (const node of order.nodes) {
      if (this.isLeaf(node) && node !== 0) continue;
      const box = this.add(this.depth[node]!, blockBox(nodes[node]!));
      this.boxes.set(node, box);
    }
    for (const node of order.nodes)
      for (const edge of after.get(node) ?? []) this.connect(edge, isBack(edge));
  }

  /** Whether a block only returns: it is drawn at each end of a way to it. */
  private isLeaf(node: number): boolean {
    return this.graph.nodes[node]!.returns !== undefined;
  }

  private connect(edge: FlowEdge, isBack: boolean): void {
    const from = this.boxes.get(edge.from);
    if (from === undefined) return;
    const [upper, lower] = [this.depth[edge.from]!, this.depth[edge.to]!];
    const target = this.graph.nodes[edge.to]!;
    const to = this.boxes.get(edge.to);
    if (to === undefined || isBack || lower - upper > LONGEST) {
      const kind = to === undefined ? (target.returns ?? 'result') : 'jump';
      const text =
        to !== undefined
          ? `→ ${target.start}`
          : kind === 'result'
            ? shortened(target.lines.join('; '))
            : kind;
      this.ways.push({ edge, boxes: [from, this.add(upper + 1, leafBox(kind, text))] });
      return;
    }
    const bends: Box[] = [];
    for (let layer = upper + 1; layer < lower; layer++) bends.push(this.add(layer, leafBox('bend', '')));
    this.ways.push({ edge, boxes: [from, ...bends, to] });
  }

  private add(layer: number, box: Box): Box {
    while (this.layers.length <= layer) this.layers.push([]);
    this.layers[layer]!.push(box);
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

/** Boxes above and below each. */
function neighbours(ways: readonly Way[]) {
  const above = new Map<Box, Box[]>();
  const below = new Map<Box, Box[]>();
  const note = (map: Map<Box, Box[]>, box: Box, other: Box): void => {
    const known = map.get(box);
    if (known === undefined) map.set(box, [other]);
    else known.push(other);
  };
  for (const { boxes } of ways)
    for (let i = 1; i < boxes.length; i++) {
      note(above, boxes[i]!, boxes[i - 1]!);
      note(below, boxes[i - 1]!, boxes[i]!);
    }
  return { above, below };
}

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, it) => sum + it, 0) / numbers.length;

/** To which side of what is above it a box belongs: -1 left, where tests that hold go, to 1. */
function leanings(ways: readonly Way[]): ReadonlyMap<Box, number> {
  const sums = new Map<Box, number[]>();
  for (const { edge, boxes } of ways) {
    const lean = edge.kind === 'next' ? 0 : edge.kind === 'yes' ? -1 : 1;
    sums.set(boxes[1]!, [...(sums.get(boxes[1]!) ?? []), lean]);
  }
  return new Map([...sums].map(([box, leans]) => [box, mean(leans)]));
}

/** Orders each layer by the mean place of what is above, then of what is below, and so on. */
function orderLayers(layers: readonly Box[][], ways: readonly Way[]): void {
  const { above, below } = neighbours(ways);
  const lean = leanings(ways);
  const place = new Map<Box, number>();
  const number = (layer: readonly Box[]): void => {
    for (const [index, box] of layer.entries()) place.set(box, index);
  };
  layers.forEach(number);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const near = down ? above : below;
    for (const layer of down ? layers : layers.toReversed()) {
      const wish = new Map(
        layer.map((box) => {
          const others = near.get(box)?.map((other) => place.get(other)!);
          const middle = others === undefined ? place.get(box)! : mean(others);
          return [box, middle + (down ? 0.3 * (lean.get(box) ?? 0) : 0)];
        }),
      );
      layer.sort((a, b) => wish.get(a)! - wish.get(b)! || place.get(a)! - place.get(b)!);
      number(layer);
    }
  }
}

/** Moves boxes under, then above what they belong to, without changing the order of a layer. */
function placeLayers(layers: readonly Box[][], ways: readonly Way[], gap: number): void {
  const { above, below } = neighbours(ways);
  const lean = leanings(ways);
  for (const layer of layers)
    spread(
      layer,
      layer.map(() => 0),
      gap,
    );
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    for (const layer of down ? layers : layers.toReversed())
      spread(
        layer,
        layer.map((box) => {
          const near = (down ? above : below).get(box) ?? (down ? below : above).get(box);
          const side = down ? SIDE * (lean.get(box) ?? 0) : 0;
          return near === undefined ? box.x : mean(near.map(({ x }) => x)) + side;
        }),
        gap,
      );
  }
}

const gapBetween = (a: Box, b: Box, gap: number): number =>
  (a.width + b.width) / 2 + (a.kind === 'bend' || b.kind === 'bend' ? BEND_GAP : gap);

/** Places as near to the wishes as the boxes' widths let them: the mean of pushing to the right and to the left. */
function spread(layer: readonly Box[], wishes: readonly number[], gap: number): void {
  const right: number[] = [];
  const left: number[] = [];
  for (let i = 0; i < layer.length; i++) {
    const least =
      i === 0 ? Number.NEGATIVE_INFINITY : right[i - 1]! + gapBetween(layer[i - 1]!, layer[i]!, gap);
    right[i] = Math.max(wishes[i]!, least);
  }
  for (let i = layer.length - 1; i >= 0; i--) {
    const most =
      i + 1 === layer.length
        ? Number.POSITIVE_INFINITY
        : left[i + 1]! - gapBetween(layer[i]!, layer[i + 1]!, gap);
    left[i] = Math.min(wishes[i]!, most);
  }
  for (const [i, box] of layer.entries()) box.x = (right[i]! + left[i]!) / 2;
}
