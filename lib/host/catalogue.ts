/**
 * The ready-made filters that come with Weir: `filters/NAME.filter`, each a title, what it means, and
 * an expression. `@NAME` in an expression stands for one. Needs Node: the files are read when asked for.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ReadyMadeFilter {
  readonly name: string;
  /** One line: what it finds. */
  readonly title: string;
  /** What matches, and on which packets it works. */
  readonly meaning: string;
  readonly expression: string;
}

const SUFFIX = '.filter';

/** The package's `filters` folder, wherever this file was built to. */
function filtersFolder(folder = dirname(fileURLToPath(import.meta.url))): string {
  const candidate = join(folder, 'filters');
  if (existsSync(candidate) && existsSync(join(folder, 'package.json'))) return candidate;
  const parent = dirname(folder);
  return parent === folder ? candidate : filtersFolder(parent);
}

/** Blanks `#` comments, keeping every other character where it is, as tcpdump does with `-F` files. */
export function blankComments(text: string): string {
  return text.replace(/#[^\n]*/g, (comment) => ' '.repeat(comment.length));
}

/** Splits a filter file into its comment header and its expression. */
export function parseFilterFile(name: string, text: string): ReadyMadeFilter {
  const comments = [...text.matchAll(/^#[ \t]?(.*)$/gm)].map(([, words]) => words!.trim());
  const [title = name, ...rest] = comments;
  const meaning = rest.join(' ').trim();
  const expression = blankComments(text).replace(/\s+/g, ' ').trim();
  return { name, title, meaning, expression };
}

/** All ready-made filters, by name. */
export function readyMadeFilters(): readonly ReadyMadeFilter[] {
  const folder = filtersFolder();
  return readdirSync(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .sort()
    .map((file) => parseFilterFile(file.slice(0, -SUFFIX.length), readFileSync(join(folder, file), 'utf8')));
}

/** The expression of a ready-made filter, `undefined` when there is none of that name. */
export function readyMadeExpression(name: string): string | undefined {
  if (!/^[a-z0-9-]+$/i.test(name)) return undefined;
  const path = join(filtersFolder(), name + SUFFIX);
  return existsSync(path) ? parseFilterFile(name, readFileSync(path, 'utf8')).expression : undefined;
}
