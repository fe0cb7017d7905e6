#!/usr/bin/env node
/** Removes from dist/ what no source file makes any more: a deleted test would go on being run. */

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const entries = existsSync(dist) ? readdirSync(dist, { recursive: true, withFileTypes: true }) : [];
for (const entry of entries) {
  if (!entry.isFile() || !/\.(js|d\.ts)(\.map)?$/.test(entry.name)) continue;
  const built = relative(dist, join(entry.parentPath, entry.name));
  if (/^(command|library|site|types|web|docs.programs)\b/.test(built)) continue;
  const source = join(root, built.replace(/\.(js|d\.ts)(\.map)?$/, '.ts'));
  if (!existsSync(source)) rmSync(join(dist, built));
}
