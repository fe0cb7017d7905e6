/** The tree of the expression, as it was read. */

import type { Span } from '../../../lib/compile.js';
import type { Expr } from '../../../lib/playground.js';
import { type Compiled, hueOf } from '../compiled.js';
import { type Line, Lines } from './lines.js';

export function Tree({ compiled }: { readonly compiled: Compiled }) {
  const { tree } = compiled;
  if (tree === undefined) return <p class="quiet">The empty expression takes every packet.</p>;
  return <Lines label="Tree" lines={treeLines(compiled, tree)} />;
}

interface Node {
  readonly kind: string;
  readonly span: Span;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value && 'span' in value;

/** Joints and groups first, with what they join a step to the right. A loop: expressions nest as deep as they are long. */
function treeLines({ words, expression }: Compiled, root: Expr): Line[] {
  const lines: Line[] = [];
  const waiting: { readonly node: Node; readonly depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, depth } = next;
    const inner = joins(node) ? Object.values(node).filter(isNode) : [];
    const text = expression.slice(node.span.start, node.span.end);
    lines.push({
      key: lines.length,
      span: node.span,
      isWhole: inner.length > 0,
      hue: inner.length > 0 ? undefined : (hueOf(words, node.span) ?? hueWithin(words, node.span)),
      content: (
        <>
          <span class="rails">{'│ '.repeat(depth)}</span>
          <span class={inner.length > 0 ? 'joint' : 'kind'}>{node.kind}</span>
          {inner.length === 0 && <span class="source">{text}</span>}
        </>
      ),
    });
    for (const child of inner.reverse()) waiting.push({ node: child, depth: depth + 1 });
  }
  return lines;
}

const JOINTS = new Set(['and', 'or', 'not', 'group']);
const joins = ({ kind }: Node): boolean => JOINTS.has(kind);

/** A test of several parts has the colour of the last. */
function hueWithin(words: readonly Span[], { start, end }: Span): number | undefined {
  const part = words.findLast((span) => span.start >= start && span.end <= end);
  return hueOf(words, part);
}
