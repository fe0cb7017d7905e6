/**
 * What is for big captures, beside the plain way, in turns: `node dist/bench/scale.js [--size BYTES] [--rounds N]`.
 *
 * Wall-clock time of whole processes, page cache warm, least of the rounds; only ratios mean anything.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { size: { type: 'string', default: '1e9' }, rounds: { type: 'string', default: '3' } },
});
const folder = join(tmpdir(), 'weir-scale');
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
mkdirSync(folder, { recursive: true });
const capture = join(folder, 'imix.pcap');
spawnSync(process.execPath, [here('./makeCapture.js'), capture, '--size', values.size], { stdio: 'inherit' });

/** A thousand rules of the shapes that lists have: hosts, networks, ports, mixed. */
function rulesText(length: number): string {
  const shapes = [
    (n: number) => `host 10.0.${n & 255}.${(7 * n) & 255}`,
    (n: number) => `net 10.128.${n & 255}.0/${24 + (n % 8)}`,
    (n: number) => `tcp port ${n + 9000}`,
    (n: number) => `src host 10.0.${n & 255}.1 and dst port ${n}`,
    (n: number) => `udp dst port ${n} and not src net 10.0.${n & 255}.0/24`,
    (n: number) => `ip6 host 2001:db8::${n.toString(16)}`,
  ];
  return Array.from({ length }, (_, n) => `r${n} = ${shapes[n % shapes.length]!(n)}\n`).join('');
}
const rules = join(folder, 'thousand.rules');
writeFileSync(rules, rulesText(1000));

interface Job {
  readonly title: string;
  readonly plain: readonly string[];
  readonly other: readonly string[];
}
const filter = 'tcp port 80';
const jobs: readonly Job[] = [
  {
    title: 'from the match on, a flow every other packet',
    plain: ['--count', filter],
    other: ['--count', '--flows=after', filter],
  },
  { title: 'whole flows, the same', plain: ['--count', filter], other: ['--count', '--flows', filter] },
  {
    title: 'one host, by an index',
    plain: ['--index=off', '--count', 'host 10.0.3.7'],
    other: ['--count', 'host 10.0.3.7'],
  },
  {
    title: 'a filter of which an index tells nothing',
    plain: ['--index=off', '--count', 'tcp[13] & 2 != 0'],
    other: ['--count', 'tcp[13] & 2 != 0'],
  },
  {
    title: '1,000 rules, beside one',
    plain: ['--count', 'host 10.0.1.7'],
    other: ['--count', '--rules', rules],
  },
];

function seconds(words: readonly string[]): number {
  const started = performance.now();
  const { status } = spawnSync(process.execPath, [here('../command/weir.js'), '-r', capture, ...words]);
  if (status !== 0) throw new Error(`weir ${words.join(' ')}: status ${status}`);
  return (performance.now() - started) / 1000;
}

spawnSync(process.execPath, [here('../command/weir.js'), 'index', capture]);
for (const { title, plain, other } of jobs) {
  const times: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < Number(values.rounds); round++) {
    times[0] = Math.min(times[0], seconds(plain));
    times[1] = Math.min(times[1], seconds(other));
  }
  const [one, two] = times;
  console.log(`${title}: ${two.toFixed(2)} s, ${one.toFixed(2)} s: ${(two / one).toFixed(2)} times`);
}
rmSync(folder, { recursive: true });
