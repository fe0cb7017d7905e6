/** Programs to compare with, found at run time; each says why it is left out where it is. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FOLDER } from './packets.js';

const sourceOf = (name: string): string => fileURLToPath(new URL(`../../bench/${name}`, import.meta.url));

/** Compiles a C source of this folder; `undefined`, after a line, where that does not work. */
function build(name: string, ...libraries: readonly string[]): string | undefined {
  const program = join(FOLDER, name.replace('.c', ''));
  const { error, status, stderr } = spawnSync('gcc', ['-O2', '-o', program, sourceOf(name), ...libraries], {
    encoding: 'utf8',
  });
  if (error === undefined && status === 0) return program;
  const reason = error === undefined ? stderr.split('\n')[0] : 'gcc is not installed';
  console.log(`left out: ${name}: ${reason}`);
  return undefined;
}

export interface PeerRound {
  readonly length: number;
  readonly matched: number;
  /** Nanoseconds per packet of each round. */
  readonly times: readonly number[];
}

/** libpcap: its own program for the expression, in its own interpreter. */
export function libpcapPeer(
  packets: readonly Uint8Array[],
): ((expression: string) => PeerRound | undefined) | undefined {
  const program = build('libpcap.c', '-lpcap');
  if (program === undefined) return undefined;
  const rows = packets.map((packet) => `${packet.length} ${Buffer.from(packet).toString('hex')}`);
  const input = `${packets.length}\n${rows.join('\n')}\n`;
  return (expression) => {
    const { stdout, status } = spawnSync(program, [expression, '100', '6'], { input, encoding: 'utf8' });
    if (status !== 0) return undefined;
    const [head, ...times] = stdout.trim().split('\n');
    const [length, matched] = head!.split(' ').map(Number);
    return { length: length!, matched: matched!, times: times.map(Number) };
  };
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

/** What else a machine may have; reported only: they are not measured here. */
export function otherPeers(): readonly string[] {
  const has = (command: string): boolean => spawnSync(command, ['version']).error === undefined;
  const jit = '/proc/sys/net/core/bpf_jit_enable';
  return [
    `go (golang.org/x/net/bpf): ${has('go') ? 'installed' : 'not installed'}`,
    `DPDK (librte_bpf): ${existsSync('/usr/include/dpdk/rte_bpf.h') ? 'installed' : 'not installed'}`,
    `kernel: bpf_jit_enable ${existsSync(jit) ? readFileSync(jit, 'utf8').trim() : 'not readable'}`,
  ];
}
