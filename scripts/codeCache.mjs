#!/usr/bin/env node
/**
 * Keeps what V8 compiles of the command on typical lines, for the next start: see bin/chunks.ts. Run by the build,
 * with its output thrown away.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Chunks, codeFolder } from '../dist/bin/chunks.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'command');
const capture = join(root, 'captures', 'http.pcap');

/** Long enough for a walk over its records to be compiled. */
const long = join(mkdtempSync(join(tmpdir(), 'weir-build-')), 'long.pcap');
const bytes = readFileSync(capture);
const records = bytes.subarray(24);
const times = Math.ceil((2 << 20) / records.length);
writeFileSync(long, Buffer.concat([bytes, ...Array(times).fill(records)]));

const chunks = new Chunks(folder);
const { runCommand } = chunks.load('command.cjs');
for (const line of [
  ['-d', 'tcp port 80 and not host 192.0.2.1'],
  ['-r', capture, '--count', 'tcp port 80'],
  ['-r', long, '--count', 'tcp port 80'],
  ['-r', long, '-w', devNull, 'udp port 53'],
  ['-nr', capture, 'ip or ip6'],
]) {
  await runCommand(line);
}
rmSync(dirname(long), { recursive: true });
mkdirSync(codeFolder(folder));
for (const [name, script] of chunks.scripts)
  writeFileSync(join(codeFolder(folder), name), script.createCachedData());
