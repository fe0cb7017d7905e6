/**
 * Whole processes on large captures, weir beside tcpdump and others, in turns: `npm run bench:files [-- --rounds N]`.
 *
 * Wall-clock time of a process from start to end, page cache warm, least and median of the rounds, and
 * the largest resident set. Files that are written are new ones: to empty one takes longer the shorter the writes
 * were that made it. Peers that are not installed are left out with a line.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
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

const isInstalled = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;
for (const peer of ['tcpdump', 'tshark'])
  if (!isInstalled(peer)) console.log(`${peer} is not installed: its lines are left out`);

interface Job {
  readonly title: string;
  readonly file: string;
  readonly options: readonly string[];
  /** Besides tcpdump with the same options. */
  readonly peers?: Readonly<Record<string, readonly string[]>>;
  /** Fewer rounds for what takes long. */
  readonly rounds?: number;
}

const imix = capture('imix.pcap');
const small = capture('64.pcap', '--mix', '64');
const large = capture('1500.pcap', '--mix', '1500');
const few = capture('few-addresses.pcap', '--packets', '500000', '--addresses', '16');
const many = capture('many-addresses-100k.pcap', '--packets', '100000');
const expression = 'tcp port 80';
const count = ['--count', expression];
const output = join(folder, 'out.pcap');
const write = ['-w', output, expression];
const node = (script: string, file: string): readonly string[] => [process.execPath, here(script), file];

const jobs: readonly Job[] = [
  { title: `IMIX, -w of '${expression}'`, file: imix, options: write },
  {
    title: `IMIX, --count of '${expression}'`,
    file: imix,
    options: count,
    peers: { 'node, reading only': node('./readOnly.js', imix) },
  },
  { title: `64-byte packets, -w of '${expression}'`, file: small, options: write },
  { title: `64-byte packets, --count of '${expression}'`, file: small, options: count },
  { title: `1500-byte packets, --count of '${expression}'`, file: large, options: count },
  {
    title: 'IMIX, --count, beside a dissector',
    file: imix,
    options: count,
    peers: { tshark: ['tshark', '-r', imix, '-Y', 'tcp.port == 80', '-T', 'fields', '-e', 'frame.number'] },
    rounds: 1,
  },
  {
    title: '500,000 packets, --count, beside packages of Node',
    file: few,
    options: count,
    peers: { 'pcap-parser, cap': node('./decoders.js', few) },
    rounds: 2,
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

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, Node ${process.version}, ${rounds} rounds; files of 1 GB`);
console.log('| work | program | least | median | peak | weir takes, least |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const { title, file, options, peers = {}, rounds: own } of jobs) {
  statSync(file);
  const commands = Object.entries({
    weir: [...WEIR, '-r', file, ...options],
    tcpdump: ['tcpdump', '-r', file, ...options],
    ...peers,
  }).filter(([, [command]]) => command === process.execPath || isInstalled(command!));
  const runs = new Map<string, Run[]>(commands.map(([name]) => [name, []]));
  // In turns, so that a busy minute of the machine meets all of them.
  for (let round = 0; round < Math.min(rounds, own ?? rounds); round++)
    for (const [name, command] of commands) {
      rmSync(output, { force: true });
      runs.get(name)!.push(run(command));
    }
  const ours = least(runs.get('weir')!);
  for (const [name, own] of runs) {
    const ratio = name === 'weir' ? '' : `${(ours / least(own)).toPrecision(2)} of its time`;
    const times = `${least(own).toFixed(2)} s | ${median(own).toFixed(2)} s | ${peak(own)}`;
    console.log(`| ${title} | ${name} | ${times} | ${ratio} |`);
  }
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
