#!/usr/bin/env node
/**
 * Keeps what V8 compiles of the command on typical lines, for the next start: see bin/codeCache.ts. Run by the build,
 * with its output thrown away.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeCachePath, loadScript } from '../dist/bin/codeCache.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'command');
const capture = join(root, 'captures', 'http.pcap');

const { script, exports } = loadScript(folder);
for (const line of [
  ['-d', 'tcp port 80 and not host 192.0.2.1'],
  ['-r', capture, '--count', 'tcp port 80'],
  ['-nr', capture, 'ip or ip6'],
]) {
  await exports.runCommand(line);
}
writeFileSync(codeCachePath(folder), script.createCachedData());
