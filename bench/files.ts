/**
 * Whole processes on large captures, weir beside tcpdump, in turns: `npm run bench:files [-- --rounds N]`.
 *
 * Wall-clock time of a process from start to end, page cache warm, least and median of the rounds, and
 * the largest resident set. Peers that are not installed are left out with a line.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const folder = join(tmpdir(), 'weir-bench');
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const WEIR = [process.execPath, here('../command/weir.js')];

/** Makes a capture unless an earlier run did. */
function capture(name: string, ...options: readonly string[]): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  if (!existsSync(path))
    spawnSync(process.execPath, [here('./makeCapture.js'), path, ...options], { stdio: 'inherit' });
  return path;
}

interface Run {
  readonly seconds: number;
  /** Largest resident set in MB, where `time` is installed. */
  readonly megabytes: number | undefined;
}

const TIME = '/usr/bin/time';
const hasTime = existsSync(TIME);

function run(command: readonly string[]): Run {
  const words = hasTime ? [TIME, '-f', '%M', ...command] : [...command];
  const started = performance.now();
  const { stderr, error } = spawnSync(words[0]!, words.slice(1), {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
  });
  const seconds = (performance.now() - started) / 1000;
  if (error !== undefined) throw error;
  const kilobytes = Number(stderr.trim().split('\n').at(-1));
  return { seconds, megabytes: hasTime && Number.isFinite(kilobytes) ? kilobytes / 1000 : undefined };
}

const hasTcpdump = spawnSync('tcpdump', ['--version']).error === undefined;
if (!hasTcpdump) console.log('tcpdump is not installed: its columns are left out');

interface Job {
  readonly title: string;
  readonly file: string;
  readonly options: readonly string[];
  /** Fewer rounds for what takes long. */
  readonly rounds?: number;
}

const imix = capture('imix.pcap');
const small = capture('64.pcap', '--mix', '64');
const few = capture('few-addresses.pcap', '--packets', '500000', '--addresses', '16');
const many = capture('many-addresses-100k.pcap', '--packets', '100000');
const expression = 'tcp port 80';

const jobs: readonly Job[] = [
  { title: `IMIX 1 GB, -w of '${expression}'`, file: imix, options: ['-w', '/dev/null', expression] },
  { title: `IMIX 1 GB, --count of '${expression}'`, file: imix, options: ['--count', expression] },
  {
    title: `64-byte packets 1 GB, -w of '${expression}'`,
    file: small,
    options: ['-w', '/dev/null', expression],
  },
  {
    title: `64-byte packets 1 GB, --count of '${expression}'`,
    file: small,
    options: ['--count', expression],
  },
  { title: 'print 500,000 packets, few addresses', file: few, options: ['-n'], rounds: 3 },
  { title: 'print 100,000 packets, many addresses', file: many, options: ['-n'], rounds: 1 },
];

const least = (runs: readonly Run[]): number => Math.min(...runs.map(({ seconds }) => seconds));
const median = (runs: readonly Run[]): number =>
  runs.map(({ seconds }) => seconds).sort((a, b) => a - b)[runs.length >> 1]!;
const peak = (runs: readonly Run[]): string => {
  const sizes = runs.flatMap(({ megabytes }) => (megabytes === undefined ? [] : [megabytes]));
  return sizes.length === 0 ? '' : `${Math.max(...sizes).toFixed(0)} MB`;
};

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${rounds} rounds`);
console.log('| work | weir least / median | peak | tcpdump least / median | ratio of least |');
console.log('| --- | --- | --- | --- | --- |');
for (const { title, file, options, rounds: own } of jobs) {
  statSync(file);
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let round = 0; round < Math.min(rounds, own ?? rounds); round++) {
    ours.push(run([...WEIR, '-r', file, ...options]));
    if (hasTcpdump) theirs.push(run(['tcpdump', '-r', file, ...options]));
  }
  const left = `${least(ours).toFixed(2)} / ${median(ours).toFixed(2)} s | ${peak(ours)}`;
  const right = hasTcpdump
    ? `${least(theirs).toFixed(2)} / ${median(theirs).toFixed(2)} s | ${(least(ours) / least(theirs)).toFixed(2)}`
    : '|';
  console.log(`| ${title} | ${left} | ${right} |`);
}

const starts = { weir: [] as Run[], node: [] as Run[] };
for (let round = 0; round < Math.max(rounds, 15); round++) {
  starts.weir.push(run([...WEIR, '-d', 'tcp']));
  starts.node.push(run([process.execPath, '-e', '0']));
}
const ratio = least(starts.weir) / least(starts.node);
console.log(
  `start-up: weir -d tcp ${(least(starts.weir) * 1000).toFixed(0)} ms, node -e 0 ${(least(starts.node) * 1000).toFixed(0)} ms, ratio ${ratio.toFixed(2)}`,
);
