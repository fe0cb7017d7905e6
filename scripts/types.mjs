#!/usr/bin/env node
/**
 * Copies the declarations that the published faces reach to dist/types: some of those that the compiler makes, without
 * those of tests, the command and rooms that no face shows. Written for TypeScript from 5.4 on.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const from = join(root, 'dist', 'lib');
const to = join(root, 'dist', 'types');

/** `AsyncDisposable` is there without @types/node, too, where the target of who compiles is older. */
const HEAD = '/// <reference lib="esnext.disposable" />\n';

/** Views of typed arrays have a type parameter since 5.7 only. */
const forOlder = (text) =>
  text.replace(/\b(Uint8Array|Uint32Array|Int32Array|DataView)<ArrayBuffer(Like)?>/g, '$1');

rmSync(to, { recursive: true, force: true });
const reached = new Set();
const queue = ['index', 'node', 'cbpf', 'ebpf', 'compile', 'decode', 'ask'].map((face) =>
  join(from, `${face}.d.ts`),
);
for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
  if (reached.has(path)) continue;
  reached.add(path);
  const text = readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/m, '');
  for (const [, specifier] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g))
    queue.push(join(dirname(path), `${specifier}.d.ts`));
  const target = join(to, relative(from, path));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, HEAD + forOlder(text));
}
