/**
 * Two builds of Weir in turns, so that neither has the quieter hour: `node dist/bench/turns.js OTHER [ROUNDS]`.
 *
 * OTHER is a folder with another version, built; ROUNDS is 4 unless said. Each filter runs in a process of its own,
 * in each build, one after the other; the least of all rounds is compared. Prints the ratio for each engine.
 */

import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILTERS } from './filters.js';
import type { MatrixRow } from './matrix.js';
import { samplePackets } from './packets.js';

const [other, rounds = '4'] = process.argv.slice(2);
if (other === undefined) throw new Error('usage: node dist/bench/turns.js OTHER [ROUNDS]');
const BUILDS = {
  before: join(resolve(other), 'dist/bench/matrix.js'),
  now: fileURLToPath(new URL('./matrix.js', import.meta.url)),
};
type Build = keyof typeof BUILDS;

/** Least times, ns a packet (ms for the first verdict), by filter and engine. */
const least = new Map<string, Record<Build, number>>();

function measure(build: Build, index: number): void {
  const { stdout, stderr, status } = spawnSync(process.execPath, [BUILDS[build], `${index}`], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${BUILDS[build]}: ${stderr}`);
  const row = JSON.parse(stdout) as MatrixRow;
  const times = Object.entries(row.engines).map(([engine, time]) => [engine, time.least] as const);
  for (const [engine, time] of [...times, ['first verdict', row.firstVerdict] as const]) {
    const key = `${FILTERS[index]!.name}\t${engine}`;
    const both = least.get(key) ?? { before: Infinity, now: Infinity };
    both[build] = Math.min(both[build], time);
    least.set(key, both);
  }
}

// Makes the capture, where it is not there, before a process says so among its figures.
await samplePackets();
for (let round = 0; round < Number(rounds); round++)
  for (const index of FILTERS.keys())
    for (const build of round % 2 === 0 ? (['before', 'now'] as const) : (['now', 'before'] as const))
      measure(build, index);

const engines = new Set([...least.keys()].map((key) => key.split('\t')[1]!));
console.log('engine'.padEnd(20), 'mean of ratios', ' most');
for (const engine of engines) {
  const rows = FILTERS.map(({ name }) => {
    const { before, now } = least.get(`${name}\t${engine}`)!;
    return { name, ratio: now / before };
  }).sort((a, b) => b.ratio - a.ratio);
  const mean = Math.exp(rows.reduce((sum, { ratio }) => sum + Math.log(ratio), 0) / rows.length);
  const { ratio, name } = rows[0]!;
  console.log(engine.padEnd(20), mean.toFixed(3).padStart(14), ratio.toFixed(3).padStart(6), name);
}
