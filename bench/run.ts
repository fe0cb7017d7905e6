/**
 * The benchmark: `npm run bench [-- --out FOLDER]`. See README.md for what the figures mean.
 *
 * Each filter is measured in a process of its own, the peers' turn right after it; then the compute loops.
 * Leaves `bench.json` and `report.html` in the output folder, and prints the table.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { printHtml } from './charts.js';
import { FILTERS } from './filters.js';
import type { LoopResult } from './loops.js';
import type { MatrixRow } from './matrix.js';
import { samplePackets } from './packets.js';
import { findPeers, loopsPeer } from './peers.js';
import { type PeerTime, printTable, type Report } from './report.js';

const { values } = parseArgs({ options: { out: { type: 'string', default: 'bench-results' } } });

/** Runs a script of this folder and reads its JSON. */
function child<Result>(script: string, ...args: readonly string[]): Result {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

const packets = await samplePackets();
const peers = findPeers(packets);
const matrix: Report['matrix'][number][] = [];
for (const [index, { name, expression }] of FILTERS.entries()) {
  progress(`${index + 1}/${FILTERS.length} ${name}`);
  const row = child<MatrixRow>('./matrix.js', `${index}`);
  const times: Record<string, PeerTime> = {};
  for (const peer of peers) {
    const round = peer.measure(expression);
    // Not every peer can run every program: some have limits on its length.
    if (round === undefined) continue;
    if (round.matched !== row.matched)
      throw new Error(`${name}: ${peer.name} matches ${round.matched} packets, Weir ${row.matched}`);
    const sorted = round.times.toSorted((a, b) => a - b);
    times[peer.name] = { median: sorted[sorted.length >> 1]!, least: sorted[0]!, length: round.length };
  }
  matrix.push({ ...row, peers: times });
}
progress('loops');
const inC = loopsPeer();
const loops = Object.fromEntries(
  Object.entries(child<Record<string, LoopResult>>('./loops.js')).map(([name, result]) => [
    name,
    {
      ...result,
      c: inC?.[name as 'alu64'] ?? inC?.sum,
      native: name === 'mapSum' ? inC?.nativeSum : undefined,
    },
  ]),
);
progress('');

const report: Report = {
  machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}, Linux ${release()}`,
  versions: { Node: process.versions.node, V8: process.versions.v8 },
  matrix,
  loops,
};
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, 'bench.json'), `${JSON.stringify(report, null, 2)}\n`);
writeFileSync(join(values.out, 'report.html'), printHtml(report));
console.log(printTable(report));
console.log(`written: ${join(values.out, 'bench.json')}, ${join(values.out, 'report.html')}`);
