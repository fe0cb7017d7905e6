#!/usr/bin/env node
/**
 * Builds the playground: into dist/web for `weir playground`, as files of brotli, which is what the package has; with
 * --site into dist/site, as plain files for any host.
 */

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress } from 'node:zlib';

const root = join(import.meta.dirname, '..');
const site = process.argv.includes('--site');

/** Prints what a tool says. */
async function tool(name, ...words) {
  try {
    const path = join(root, 'node_modules', '.bin', name);
    const { stdout, stderr } = await promisify(execFile)(path, words, { cwd: root });
    process.stdout.write(stdout + stderr);
  } catch (error) {
    process.stdout.write(`${error.stdout}${error.stderr}`);
    process.exit(1);
  }
}
await Promise.all([
  tool('tsc', '-p', 'web'),
  tool('vite', 'build', '-c', 'web/vite.config.ts', '--mode', site ? 'site' : 'package', 'web'),
]);
if (site) process.exit();

const out = join(root, 'dist', 'web');
const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
await Promise.all(
  files.map(async ({ parentPath, name }) => {
    const file = join(parentPath, name);
    writeFileSync(`${file}.br`, await promisify(brotliCompress)(readFileSync(file)));
    rmSync(file);
  }),
);
