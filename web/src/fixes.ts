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

/** Words to write in place of others. */
export interface Fix {
  readonly span: Span;
  readonly words: string;
}

const known = new WeakMap<Compiled, Map<string, readonly Fix[]>>();

/** What the hint quotes, where the expression compiles with it in place of the words, or errs later. */
export function fixesOf(compiled: Compiled, complaint: Complaint): readonly Fix[] {
  const fixes = known.get(compiled) ?? new Map<string, readonly Fix[]>();
  known.set(compiled, fixes);
  const key = `${complaint.span.start} ${complaint.hint}`;
  const found = fixes.get(key) ?? findFixes(compiled, complaint);
  fixes.set(key, found);
  return found;
}

function findFixes(compiled: Compiled, { hint, span, severity }: Complaint): readonly Fix[] {
  const { expression, linkType, mode, optimize } = compiled;
  const quoted = [...hint.matchAll(/'([^']+)'/g)].map(([, words]) => words!);
  // A warning may say how all of the expression is written.
  const places = severity === 'error' ? [span] : [span, { start: 0, end: expression.length }];
  return quoted.flatMap((words) => {
    const place = places.find((candidate) => {
      const fixed = written(expression, { span: candidate, words });
      if (words.includes('…') || fixed === expression) return false;
      const { error, lints } = compileNow(fixed, { linkType, mode, optimize });
      if (severity === 'warning')
        return error === undefined && lints.length === 0 && testsOf(fixed) === testsOf(expression);
      return error === undefined || error.span.start >= span.start + words.length;
    });
    return place === undefined ? [] : [{ span: place, words }];
  });
}

/** An expression with a fix. */
export const written = (expression: string, { span, words }: Fix): string =>
  expression.slice(0, span.start) + words + expression.slice(span.end);

/** The words of an expression in any order, without parentheses: what a warning is about is how they stand together. */
const testsOf = (expression: string): string =>
  expression
    .split(/[\s()]+/)
    .filter((word) => word !== '')
    .sort()
    .join(' ');
