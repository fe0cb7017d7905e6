/** Programs to compare with, found at run time; each says why it is left out where it is. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ebpf, lift } from '../lib/command.js';
import { compile } from '../lib/index.js';
import { FOLDER } from './packets.js';

const sourceOf = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

/** The outcome of a compiler as a program to run; `undefined`, after a line, where it failed. */
function built(
  name: string,
  tool: string,
  program: string,
  run: SpawnSyncReturns<string>,
): string | undefined {
  if (run.error === undefined && run.status === 0) return program;
  const reason = run.error === undefined ? run.stderr.trim().split('\n')[0] : `${tool} is not installed`;
  console.log(`left out: ${name}: ${reason}`);
  return undefined;
}

/** Compiles a C source of this folder. */
function build(name: string, ...flags: readonly string[]): string | undefined {
  const program = join(FOLDER, name.replace('.c', ''));
  const words = ['-O2', '-o', program, sourceOf(name), ...flags];
  return built(name, 'gcc', program, spawnSync('gcc', words, { encoding: 'utf8' }));
}

function buildDpdk(): string | undefined {
  const { stdout, status } = spawnSync('pkg-config', ['--cflags', '--libs', 'libdpdk'], { encoding: 'utf8' });
  if (status === 0) return build('dpdk.c', ...stdout.trim().split(/\s+/), '-lpcap');
  console.log('left out: dpdk.c: DPDK is not installed');
  return undefined;
}

/** Where Debian puts Go packages. */
const GO_PATH = '/usr/share/gocode';

function buildGo(): string | undefined {
  const program = join(FOLDER, 'xnet');
  const env = { ...process.env, GO111MODULE: 'off', GOPATH: GO_PATH, GOCACHE: join(FOLDER, 'go-cache') };
  const run = spawnSync('go', ['build', '-o', program, sourceOf('xnet.go')], { encoding: 'utf8', env });
  return built('xnet.go', 'go', program, run);
}

export interface PeerRound {
  readonly length: number;
  readonly matched: number;
  /** Nanoseconds per packet of each round. */
  readonly times: readonly number[];
}

export interface Peer {
  readonly name: string;
  /** Runs an expression over the packets; `undefined` where that fails. */
  readonly measure: (expression: string) => PeerRound | undefined;
}

interface PeerRow {
  readonly name: string;
  readonly build: () => string | undefined;
  /** What the program is told to run. */
  readonly argument: (expression: string) => string;
  /** Runs over all packets in a round. */
  readonly runs: number;
}

const classicText = (expression: string): string =>
  compile(expression)
    .for('EN10MB')
    .cbpf.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`)
    .join(',');
const tcText = (expression: string): string =>
  ebpf.toHex(lift(compile(expression).for('EN10MB').cbpf, { form: 'tc' })).replace(/\s/g, '');

/** Each compiles the expression by itself, but those without a compiler, which get Weir's program. */
const PEERS: readonly PeerRow[] = [
  { name: 'libpcap', build: () => build('libpcap.c', '-lpcap'), argument: (text) => text, runs: 100 },
  { name: 'dpdk-int', build: buildDpdk, argument: (text) => `int ${text}`, runs: 100 },
  { name: 'dpdk-jit', build: buildDpdk, argument: (text) => `jit ${text}`, runs: 100 },
  { name: 'go x/net', build: buildGo, argument: classicText, runs: 100 },
  { name: 'kernel', build: () => build('kernel.c'), argument: tcText, runs: 1000 },
];

const ROUNDS = 6;

/** The peers that this machine has, over these packets. */
export function findPeers(packets: readonly Uint8Array[]): readonly Peer[] {
  const rows = packets.map((packet) => `${packet.length} ${Buffer.from(packet).toString('hex')}`);
  const input = `${packets.length}\n${rows.join('\n')}\n`;
  return PEERS.flatMap(({ name, build, argument, runs }): Peer[] => {
    const program = build();
    if (program === undefined) return [];
    const measure = (expression: string): PeerRound | undefined => {
      const words = [argument(expression), `${runs}`, `${ROUNDS}`];
      const { stdout, status } = spawnSync(program, words, { input, encoding: 'utf8' });
      if (status !== 0) return undefined;
      const [head, ...times] = stdout.trim().split('\n');
      const [length, matched] = head!.split(' ').map(Number);
      return { length: length!, matched: matched!, times: times.map(Number) };
    };
    if (measure('ip') !== undefined) return [{ name, measure }];
    console.log(`left out: ${name}: it does not run here`);
    return [];
  });
}

export type LoopPeers = Readonly<Record<'alu64' | 'alu32' | 'sum' | 'nativeSum', number>>;

/** The compute loops in C, and a sum as native JIT compilers write it: least milliseconds of each. */
export function loopsPeer(): LoopPeers | undefined {
  const program = build('loops.c');
  if (program === undefined) return undefined;
  const { stdout } = spawnSync(program, ['9'], { encoding: 'utf8' });
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  const least = (column: number): number => Math.min(...rows.map((row) => row[column]!));
  return { alu64: least(1), alu32: least(3), sum: least(5), nativeSum: least(7) };
}
