/**
 * The ready-made filters that come with Weir: `filters/NAME.filter`, each a title, what it means, and an expression.
 * `@NAME` in an expression stands for one. scripts/filters.mjs puts them into a module, so that they are there in
 * browsers and bundles, too.
 */

import { parametersOf } from '../syntax/index.js';
import { expressionsText, wordsText } from './readyMade.js';

/** A filter that comes with Weir: `@name` in an expression. */
export interface ReadyMadeFilter {
  readonly name: string;
  /** One line: what it finds. */
  readonly title: string;
  /** What matches, and on which packets it works. */
  readonly meaning: string;
  /** In it `$word` stands for an argument. */
  readonly expression: string;
  /** What `@name(…)` takes, by their words; empty for most. */
  readonly parameters: readonly string[];
}

let expressions: Readonly<Record<string, string>> | undefined;

const expressionsByName = (): Readonly<Record<string, string>> =>
  (expressions ??= JSON.parse(expressionsText()) as Record<string, string>);

/** Blanks `#` comments, keeping every other character where it is, as tcpdump does with `-F` files. */
export function blankComments(text: string): string {
  return text.replace(/#[^\n]*/g, (comment) => ' '.repeat(comment.length));
}

/** All ready-made filters, by name. */
export function readyMadeFilters(): readonly ReadyMadeFilter[] {
  const words = JSON.parse(wordsText()) as Record<string, readonly [title: string, meaning: string]>;
  return Object.entries(expressionsByName()).map(([name, expression]) => {
    const [title, meaning] = words[name]!;
    return { name, title, meaning, expression, parameters: parametersOf(expression) };
  });
}

/** The expression of a ready-made filter, `undefined` when there is none of that name. */
export function readyMadeExpression(name: string): string | undefined {
  const all = expressionsByName();
  return Object.hasOwn(all, name) ? all[name] : undefined;
}
