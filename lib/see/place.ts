/** Places of boxes within layers that are known: {@link file://./layout.ts}. */

import type { FlowEdge, FlowNode } from './flow.js';

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

export const GAP = 22;
const BEND_GAP = 12;
const SWEEPS = 9;
/** How far to the side of a test its ways go on. */
const SIDE = 30;

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

/** To which side of what is above it a box belongs, in pixels: to the left where tests that hold go. */
function leanings(ways: readonly Way[], gap: number): ReadonlyMap<Box, number> {
  const others = new Map<Box, Box[]>();
  for (const { boxes } of ways) others.set(boxes[0]!, [...(others.get(boxes[0]!) ?? []), boxes[1]!]);
  const sums = new Map<Box, number[]>();
  for (const { edge, boxes } of ways) {
    const [from, box] = boxes as [Box, Box];
    const other = others.get(from)!.find((one) => one !== box);
    // Where one way ends, the other one goes straight on.
    let lean = SIDE;
    if (other !== undefined && isEnd(box) !== isEnd(other))
      lean = isEnd(box) ? (box.width + other.width) / 2 + gap : 0;
    const side = edge.kind === 'next' ? 0 : edge.kind === 'yes' ? -lean : lean;
    sums.set(box, [...(sums.get(box) ?? []), side]);
  }
  return new Map([...sums].map(([box, leans]) => [box, mean(leans)]));
}

const isEnd = ({ kind }: Box): boolean => kind !== 'block' && kind !== 'bend';

/** Orders each layer by the mean place of what is above, then of what is below, and so on. */
export function orderLayers(layers: readonly Box[][], ways: readonly Way[]): void {
  const { above, below } = neighbours(ways);
  const lean = leanings(ways, GAP);
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
          return [box, middle + (down ? 0.3 * Math.sign(lean.get(box) ?? 0) : 0)];
        }),
      );
      layer.sort((a, b) => wish.get(a)! - wish.get(b)! || place.get(a)! - place.get(b)!);
      number(layer);
    }
  }
}

/** Moves boxes under, then above what they belong to, without changing the order of a layer. */
export function placeLayers(layers: readonly Box[][], ways: readonly Way[], gap: number): void {
  const { above, below } = neighbours(ways);
  const lean = leanings(ways, gap);
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
          const under = below.get(box);
          const on = under?.filter((other) => !isEnd(other));
          const near = down || under === undefined ? (above.get(box) ?? under) : on?.length ? on : under;
          const side = down || under === undefined ? (lean.get(box) ?? 0) : 0;
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
