#!/usr/bin/env node
/**
 * Bundles the published faces into dist/library: a few modules in place of three hundred, of which loading is most of
 * what `import('weir-bpf')` takes. What several faces share is in modules of its own, and what only some need (live
 * back ends, decompression, registries) is not loaded by others.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { pastTheFaces } from './pastTheFaces.mjs';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'library');
const FACES = ['index', 'node', 'cbpf', 'ebpf', 'compile'];

rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: FACES.map((face) => join(root, 'lib', `${face}.ts`)),
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
});
