// Writes the sentences into the table of docs/guide/describe.md: node scripts/sentences.mjs, after the build. The
// expressions stand in the table; what they mean is asked of the library.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from '../dist/library/index.js';
import { describe } from '../dist/library/see.js';

const path = join(import.meta.dirname, '..', 'docs', 'guide', 'describe.md');
const text = readFileSync(path, 'utf8').replace(
  /^(\| `([^`]*)` \| `[^`]*` \| `[^`]*` \|).*$/gm,
  (_, head, expression) => {
    const { sentence } = describe(compile(expression, { optimize: false }).for('EN10MB'));
    return `${head} ${sentence} |`;
  },
);
writeFileSync(path, text);
