#!/usr/bin/env node
/**
 * Bundles the published faces into dist/library: a few modules in place of three hundred, of which loading is most of
 * what `import('weir-bpf')` takes. What several faces share is in modules of its own, and what only some need (live
 * back ends, decompression, registries) is not loaded by others.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { build, transform } from 'esbuild';
import { pastTheFaces } from './pastTheFaces.mjs';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'library');
const FACES = ['index', 'node', 'cbpf', 'ebpf', 'compile', 'decode', 'ask'];
/** In files of their own, which who bundles a face without using them can leave out. */
const ROOMS = ['dissect', 'savefile'];

/** Local names cut short: a quarter of the text. */
const SHORT = { format: 'esm', target: 'es2022', charset: 'ascii', minify: true };

rmSync(outdir, { recursive: true, force: true });
const { outputFiles } = await build({
  entryPoints: Object.fromEntries([
    ...FACES.map((face) => [face, join(root, 'lib', `${face}.ts`)]),
    ...ROOMS.map((room) => [`parts/${room}`, join(root, 'lib', room, 'index.ts')]),
  ]),
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'neutral',
  packages: 'external',
  external: ['node:*'],
  target: 'es2022',
  charset: 'ascii',
  minifyWhitespace: true,
  minifySyntax: true,
  plugins: [pastTheFaces],
  outdir,
  chunkNames: 'parts/[name]-[hash]',
  logLevel: 'warning',
  write: false,
});

/**
 * Imports for their effects only keep an order that no module here depends on; those who bundle Weir would be warned of
 * each.
 */
const withoutBareImports = (text) => text.replace(/(?<=^|[;\n])import ?"\.[^"]+";/g, '');
/** What `weir-bpf/compile` loads: a bundler leaves out of it what it can follow, which it cannot under short names. */
function needsOf(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  const { text } = outputFiles.find((file) => file.path === path);
  for (const [, from] of text.matchAll(/from"(\.[^"]+)"/g)) needsOf(join(dirname(path), from), found);
  return found;
}
const followed = needsOf(join(outdir, 'compile.js'));
for (const { path, text } of outputFiles) {
  mkdirSync(dirname(path), { recursive: true });
  const whole = withoutBareImports(text);
  const { code } = followed.has(path) ? { code: whole } : await transform(whole, SHORT);
  writeFileSync(path, code);
}
