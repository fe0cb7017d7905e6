/**
 * Without scopes: in libpcap's language what moves headers moves them for all that follows, so it has to stand last.
 * Gives a guess, which whoever asks has to prove.
 */

import type { Expr } from './ast.js';
import { format } from './format.js';

/** An expression without braces that may mean the same; without scopes the same one, lists and named filters spelt out. */
export const unscoped = (expr: Expr): string => write(expr).text;

interface Written {
  readonly text: string;
  /** Headers are elsewhere behind it. */
  readonly moves: boolean;
}

/** Scopes are few and shallow; of everything else only `and`, `or` and `not` have parts. */
function write(expr: Expr): Written {
  switch (expr.kind) {
    case 'and':
    case 'or': {
      const parts = partsOf(expr, expr.kind);
      const written = parts.map((part) => inner(part, write(part)));
      // Behind what moves headers without a scope the order is the meaning.
      const ordered = parts.some(({ kind }) => kind === 'encapsulation')
        ? written
        : [...written.filter(({ moves }) => !moves), ...written.filter(({ moves }) => moves)];
      return {
        text: ordered.map(({ text }) => text).join(` ${expr.kind} `),
        moves: written.some(({ moves }) => moves),
      };
    }
    case 'not': {
      const { text, moves } = inner(expr.operand, write(expr.operand));
      return { text: `not ${text}`, moves };
    }
    case 'group':
    case 'scope':
    case 'named':
      return write(expr.operand);
    case 'encapsulation':
      return { text: format(expr), moves: true };
    default:
      return { text: format(expr), moves: false };
  }
}

/** As an operand of `and`, `or`, `not`. */
function inner(expr: Expr, { text, moves }: Written): Written {
  const bare = stripped(expr);
  return { text: bare.kind === 'and' || bare.kind === 'or' ? `(${text})` : text, moves };
}

function stripped(expr: Expr): Expr {
  let bare = expr;
  while (bare.kind === 'group' || bare.kind === 'scope' || bare.kind === 'named') bare = bare.operand;
  return bare;
}

/** The operands of a chain of one connective, groups of the same looked into. */
function partsOf(root: Expr, kind: 'and' | 'or'): Expr[] {
  const found: Expr[] = [];
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const bare = node.kind === 'scope' ? node : stripped(node);
    if (bare.kind === kind) open.push(bare.right, bare.left);
    else found.push(node);
  }
  return found;
}
