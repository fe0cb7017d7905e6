/** What is wrong with an expression, and what its hints offer to write instead. */

import type { Span } from '../../lib/compile.js';
import { type Compiled, compileNow } from './compiled.js';

export interface Complaint {
  readonly message: string;
  readonly hint: string;
  readonly span: Span;
  readonly severity: 'error' | 'warning';
}

/** The error, or the warnings. */
export function complaintsOf({ error, lints }: Compiled): readonly Complaint[] {
  if (error !== undefined) return [{ ...error, severity: 'error' }];
  return lints.map(({ message, hint, span }) => ({ message, hint, span, severity: 'warning' }));
}

const known = new WeakMap<Compiled, Map<string, readonly string[]>>();

/** What the hint quotes, where the expression compiles with it in place of the words, or errs later. */
export function fixesOf(compiled: Compiled, complaint: Complaint): readonly string[] {
  const fixes = known.get(compiled) ?? new Map<string, readonly string[]>();
  known.set(compiled, fixes);
  const key = `${complaint.span.start} ${complaint.hint}`;
  const found = fixes.get(key) ?? findFixes(compiled, complaint);
  fixes.set(key, found);
  return found;
}

function findFixes(compiled: Compiled, { hint, span }: Complaint): readonly string[] {
  const { expression, linkType, mode, optimize } = compiled;
  const quoted = [...hint.matchAll(/'([^']+)'/g)].map(([, words]) => words!);
  return quoted.filter((words) => {
    const fixed = expression.slice(0, span.start) + words + expression.slice(span.end);
    if (words.includes('…') || fixed === expression) return false;
    const { error, lints } = compileNow(fixed, { linkType, mode, optimize });
    return error === undefined ? lints.length === 0 : error.span.start >= span.start + words.length;
  });
}
