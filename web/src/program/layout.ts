/** Where blocks and ways of a flow graph lie in a picture. */

import { layout, Graph as Placed } from '@dagrejs/dagre';
import { disassemble, type Program, type Span } from '../../../lib/compile.js';
import { split, successors } from '../../../lib/playground.js';
import { type Compiled, hueOf } from '../compiled.js';

export interface NodeLine {
  readonly at: number;
  readonly text: string;
  readonly words: string;
  readonly hue: number | undefined;
  readonly span: Span | undefined;
}

export interface Node {
  readonly block: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly NodeLine[];
  /** How it ends: by taking the packet, rejecting it, or going on. */
  readonly end: 'takes' | 'rejects' | 'goes-on';
}

export interface Edge {
  readonly key: string;
  readonly path: string;
  readonly kind: 'yes' | 'no' | 'on';
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

const LETTER = 7.25;
const ROW = 18;
const MOST_WORDS = 26;

/** Lays a program out; `undefined` above so many blocks. */
export function draw(
  program: Program,
  { words, expression }: Compiled,
  mostBlocks: number,
): Drawing | undefined {
  const graph = split(program);
  if (graph.blocks.length > mostBlocks) return undefined;
  const placed = new Placed({ multigraph: true });
  placed.setGraph({ rankdir: 'TB', nodesep: 28, ranksep: 34, marginx: 12, marginy: 12 });
  const listing = disassemble(program).split('\n').map(withoutWays);
  let first = 0;
  const sites = graph.blocks.map(({ statements, exit }, block) => {
    const count =
      statements.length + (exit.kind === 'goto' && !jumps(program, first + statements.length) ? 0 : 1);
    const lines = Array.from({ length: count }, (_, row): NodeLine => {
      const at = first + row;
      const { span } = program[at]!;
      const said = span === undefined ? '' : expression.slice(span.start, span.end);
      const repeated = row > 0 && span !== undefined && same(program[at - 1]?.span, span);
      const of = repeated ? '' : said.length > MOST_WORDS ? `${said.slice(0, MOST_WORDS - 1)}…` : said;
      return { at, text: listing[at]!, words: of, hue: hueOf(words, span), span };
    });
    first += count;
    const letters = Math.max(
      ...lines.map(({ text, words: of }) => text.length + (of === '' ? 0 : of.length + 3)),
      8,
    );
    const width = Math.ceil(letters * LETTER) + 54;
    const height = lines.length * ROW + 16;
    placed.setNode(String(block), { width, height });
    const end =
      exit.kind !== 'return'
        ? 'goes-on'
        : exit.k === 0 && lines.at(-1)!.text.includes('#0')
          ? 'rejects'
          : 'takes';
    return { block, width, height, lines, end } as const;
  });
  graph.blocks.forEach((block, from) => {
    successors(block).forEach((to, nth) => {
      const kind = block.exit.kind === 'goto' ? 'on' : nth === 0 ? 'yes' : 'no';
      placed.setEdge(String(from), String(to), { kind }, kind);
    });
  });
  layout(placed);
  const nodes = sites.map((site): Node => {
    const { x, y } = placed.node(String(site.block));
    return { ...site, x: x - site.width / 2, y: y - site.height / 2 };
  });
  const edges = placed.edges().map((edge): Edge => {
    const { points, kind } = placed.edge(edge) as unknown as { points: Point[]; kind: Edge['kind'] };
    return { key: `${edge.v}-${edge.w}-${kind}`, path: curve(points), kind };
  });
  const { width = 0, height = 0 } = placed.graph();
  return { width: Math.ceil(width), height: Math.ceil(height), nodes, edges };
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Numbers and ways are shown by the picture itself. */
const withoutWays = (line: string): string =>
  line
    .replace(/^\(\d+\) /, '')
    .replace(/\s*jt \d+\tjf \d+$/, '')
    .replace(/\s+/g, ' ')
    .trimEnd();

const jumps = (program: Program, at: number): boolean => program[at]?.code === 0x05;
const same = (a: Span | undefined, b: Span): boolean => a?.start === b.start && a.end === b.end;

/** A line through points, round at its corners. */
function curve(points: readonly Point[]): string {
  const [start, ...rest] = points;
  let path = `M${round(start!)}`;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    path +=
      next === undefined
        ? ` L${round(point)}`
        : ` Q${round(point)} ${round({ x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return path;
}

const round = ({ x, y }: Point): string => `${x.toFixed(1)} ${y.toFixed(1)}`;
