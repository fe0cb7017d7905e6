#!/usr/bin/env node
/**
 * Bundles the command into dist/command: a few files instead of a hundred and fifty, because loading
 * modules is most of what a short run of `weir` takes. Parts that few runs need stay files of their own.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const outdir = join(root, 'dist', 'command');
rmSync(outdir, { recursive: true, force: true });
await build({
  entryPoints: [join(root, 'bin', 'weir.ts')],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  // Less text to scan: V8 reads all of a file before it runs any. Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  outdir,
  logLevel: 'warning',
});
