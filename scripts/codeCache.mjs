#!/usr/bin/env node
/**
 * Keeps what V8 compiles of the command on typical lines, for the next start: see bin/chunks.ts. Run by the build,
 * with its output thrown away.
 */

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { Chunks, COMPRESSED, codeFolder, UNPACKED } from '../dist/bin/chunks.js';

const root = join(import.meta.dirname, '..');
const folder = join(root, 'dist', 'command');
const capture = join(root, 'captures', 'http.pcap');

/** Long enough for a walk over its records to be compiled. */
const scratch = mkdtempSync(join(tmpdir(), 'weir-build-'));
const long = join(scratch, 'long.pcap');
const bytes = readFileSync(capture);
const records = bytes.subarray(24);
const times = Math.ceil((2 << 20) / records.length);
writeFileSync(long, Buffer.concat([bytes, ...Array(times).fill(records)]));

/** A rule, and what is found by an index. */
const rules = join(scratch, 'rules');
writeFileSync(rules, 'web = tcp port 80\nhost = host 192.0.2.10\n');

/** An object of an expression: there may be no clang. */
const object = join(scratch, 'filter.o');

const chunks = new Chunks(folder);
const { runCommand } = chunks.load('command.cjs');
for (const line of [
  ['-d', 'tcp port 80 and not host 192.0.2.1'],
  ['-r', capture, '--count', 'tcp port 80'],
  ['-r', long, '--count', 'tcp port 80'],
  ['-r', long, '-w', devNull, 'udp port 53'],
  ['-nr', capture, 'ip or ip6'],
  ['-r', long, '--count', '--rules', rules],
  ['-r', long, '--count', '--flows=after', 'tcp port 80'],
  ['index', long],
  ['-r', long, '--count', 'host 192.0.2.10'],
  ['build', 'tcp port 80 or ip6 host 2001:db8::1', '--xdp', '--count', '-o', object],
  ['run', object, '-r', capture],
]) {
  await runCommand(line);
}
rmSync(scratch, { recursive: true });
mkdirSync(codeFolder(folder));
for (const [name, script] of chunks.scripts) {
  writeFileSync(join(codeFolder(folder), name), script.createCachedData());
  const packed = join(folder, name + COMPRESSED);
  if (existsSync(packed))
    writeFileSync(join(codeFolder(folder), name + UNPACKED), brotliDecompressSync(readFileSync(packed)));
}
