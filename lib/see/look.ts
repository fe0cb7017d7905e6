/** What nodes of flow graphs look like, in every kind of picture. */

import type { FlowEdge, FlowGraph, FlowNode } from './flow.js';

const MOST_CHARACTERS = 46;

/** The words of a node on one line. */
export function wordsOf({ words }: FlowNode): string {
  return shortened(words.map(({ text }) => text.replace(/\s+/g, ' ')).join(' · '));
}

/** A text that fits a node. */
export const shortened = (text: string): string =>
  text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;

/** Fillings of a node, on light and on dark ground. */
export interface Heat {
  readonly light: string;
  readonly dark: string;
}

const COLD: Heat = { light: '#f6f8fa', dark: '#22272e' };

/** Warmer the more often a node ran: what runs a hundredth as often is still seen. */
export function heatOf(graph: FlowGraph): (node: FlowNode) => Heat {
  const most = Math.max(1, ...graph.nodes.map(({ ran }) => ran ?? 0));
  return ({ ran }) => {
    if (ran === undefined || ran === 0) return COLD;
    const warmth = (ran / most) ** 0.4;
    const mix = (cold: number, hot: number): string =>
      Math.round(cold + (hot - cold) * warmth)
        .toString(16)
        .padStart(2, '0');
    return {
      light: `#${mix(0xff, 0xff)}${mix(0xf5, 0xb3)}${mix(0xe0, 0x47)}`,
      dark: `#${mix(0x33, 0x9a)}${mix(0x2b, 0x4a)}${mix(0x22, 0x12)}`,
    };
  };
}

/** What a way is labelled with: which outcome, and how often. */
export function labelOf({ kind, ran }: FlowEdge): string {
  const outcome = kind === 'next' ? '' : kind;
  return ran === undefined ? outcome : `${outcome} ${compact(ran)}`.trimStart();
}

/** `1.9M`: three digits tell enough. */
function compact(count: number): string {
  for (const [unit, letter] of [
    [1e9, 'G'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const)
    if (count >= 10 * unit || (count >= unit && unit > 1e3))
      return `${Number((count / unit).toPrecision(3))}${letter}`;
  return `${count}`;
}
