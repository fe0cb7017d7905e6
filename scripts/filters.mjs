#!/usr/bin/env node
/** Puts the ready-made filters of filters/ into a module, lib/filter/readyMade.ts. Run by the build. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const SUFFIX = '.filter';

/** A comment header of a title and a meaning, then the expression. */
function filterOf(file) {
  const name = file.slice(0, -SUFFIX.length);
  const text = readFileSync(join(root, 'filters', file), 'utf8');
  const comments = [...text.matchAll(/^#[ \t]?(.*)$/gm)].map(([, words]) => words.trim());
  const [title = name, ...rest] = comments;
  const expression = text
    .replace(/#[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim();
  return { name, title, meaning: rest.join(' ').trim(), expression };
}

const files = readdirSync(join(root, 'filters')).filter((file) => file.endsWith(SUFFIX));
const filters = files.sort().map(filterOf);
const expressions = JSON.stringify(
  Object.fromEntries(filters.map(({ name, expression }) => [name, expression])),
);
const words = JSON.stringify(
  Object.fromEntries(filters.map(({ name, title, meaning }) => [name, [title, meaning]])),
);
const module = `/** Made by scripts/filters.mjs from filters/. In functions, because what is in one costs nothing until it is called. */

/** Expressions by name, as JSON. */
export const expressionsText = (): string => ${JSON.stringify(expressions)};

/** Titles and meanings by name, as JSON. */
export const wordsText = (): string => ${JSON.stringify(words)};
`;
const path = join(root, 'lib', 'filter', 'readyMade.ts');
// An unchanged file is left alone, for the compiler's sake.
if (!existsSync(path) || readFileSync(path, 'utf8') !== module) writeFileSync(path, module);
