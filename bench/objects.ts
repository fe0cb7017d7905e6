/**
 * Programs of clang over a capture: `node dist/bench/objects.js [CAPTURE]`.
 *
 * typical.c over a capture of 1 GB (made once, in the temporary folder), beside `--count 'tcp port 80'` over the same, and
 * its time for a packet beside the kernel's: there bpftool has packets of the capture run again and again
 * (`BPF_PROG_TEST_RUN`). Of both, a program that only returns is taken off. Then the time to the first verdict of a
 * program of 503 instructions. Least of the rounds; needs clang, libbpf-dev, bpftool and root for the kernel.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openCapture } from '../lib/node.js';

const ROUNDS = 5;
const REPEATS = 50_000;
const PACKETS = 48;
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const folder = join(tmpdir(), 'weir-bench');
const WEIR = [process.execPath, here('../command/weir.js')];
const PINNED = '/sys/fs/bpf/weir-bench';

mkdirSync(folder, { recursive: true });
const capture = process.argv[2] ?? join(folder, 'imix.pcap');
if (!existsSync(capture))
  spawnSync(process.execPath, [here('./makeCapture.js'), capture], { stdio: 'inherit' });

function must(words: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(words[0]!, words.slice(1), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${words.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

function object(source: string, name: string, ...flags: readonly string[]): string {
  const path = join(folder, name);
  const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
  const include = ['-I', `/usr/include/${machine}-linux-gnu`];
  must(['clang', '-O2', '-g', '-target', 'bpf', ...include, ...flags, '-c', here(source), '-o', path]);
  return path;
}

/** Least seconds that a command takes. */
function least(words: readonly string[]): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const started = performance.now();
    must(words);
    return (performance.now() - started) / 1000;
  });
  return Math.min(...times);
}

const typical = object('../../bench/typical.c', 'typical.o');
const pass = object('../../bench/typical.c', 'pass.o', '-DPASS');
const long = object('../../lib/testing/objects/dns.c', 'dns.o');
/** A hundred networks of three lengths, of those that the capture's addresses are in. */
const networks = Array.from({ length: 100 }, (_, at): readonly [number, readonly number[]] => {
  const length = [8, 16, 24][at % 3]!;
  return [length, [10, length > 8 ? (at * 7) % 256 : 0, length > 16 ? (at * 13) % 256 : 0, 0]];
});
const actionOf = (at: number): number => 2 - (at % 2);
const filled = join(folder, 'networks.json');
const rows = networks.map(([length, address], at) => ({ key: { length, address }, value: actionOf(at) }));
writeFileSync(filled, JSON.stringify(rows));

const run = [...WEIR, 'run', typical, '-r', capture, '--map', `networks=${filled}`];
const ours = least(run);
const nothing = least([...WEIR, 'run', pass, '-r', capture]);
const filter = least([...WEIR, '-r', capture, '--count', 'tcp port 80']);
const said = must(run);
const packets = [...said.matchAll(/ (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
console.log(`${said.trim()}, ${ROUNDS} rounds`);
console.log(`typical.c ${ours.toFixed(2)} s, one that only returns ${nothing.toFixed(2)} s`);
console.log(`--count 'tcp port 80' ${filter.toFixed(2)} s: ${(ours / filter).toFixed(2)} times that`);
const each = ((ours - nothing) / packets) * 1e9;

/** Nanoseconds that the kernel takes for a packet, on average. */
function kernelTime(path: string, samples: readonly Uint8Array[]): number {
  rmSync(PINNED, { recursive: true, force: true });
  mkdirSync(PINNED);
  must(['bpftool', 'prog', 'load', path, `${PINNED}/program`, 'pinmaps', PINNED]);
  try {
    if (path === typical)
      for (const [at, [length, address]] of networks.entries())
        must([
          ...['bpftool', 'map', 'update', 'pinned', `${PINNED}/networks`, 'key', `${length}`, '0', '0', '0'],
          ...[...address.map(String), 'value', `${actionOf(at)}`, '0', '0', '0'],
        ]);
    const times = samples.map((packet) => {
      const file = join(folder, 'packet');
      writeFileSync(file, packet);
      const words = ['prog', 'run', 'pinned', `${PINNED}/program`, 'data_in', file, 'data_out', '/dev/null'];
      const told = must(['bpftool', ...words, 'repeat', `${REPEATS}`]);
      return Number(/duration \(average\): (\d+)ns/.exec(told)![1]);
    });
    return times.reduce((sum, time) => sum + time, 0) / times.length;
  } finally {
    rmSync(PINNED, { recursive: true, force: true });
  }
}

const samples: Uint8Array[] = [];
await using opened = await openCapture(capture);
for await (const { data } of opened) if (samples.push(data.slice()) === PACKETS) break;
try {
  const [busy, empty] = [kernelTime(typical, samples), kernelTime(pass, samples)];
  console.log(
    `a packet ${each.toFixed(0)} ns, in the kernel ${(busy - empty).toFixed(0)} ns (${busy.toFixed(0)} less ${empty.toFixed(0)}): ${(each / (busy - empty)).toFixed(2)} times that`,
  );
} catch (error) {
  console.log(`left out: the kernel: ${(error as Error).message}`);
}

const node = least([process.execPath, '-e', '0']);
const first = least([...WEIR, 'run', long, '-r', capture, '-c', '1']);
console.log(
  `503 instructions, first verdict ${(1000 * first).toFixed(0)} ms, ${(1000 * (first - node)).toFixed(0)} without the start of Node`,
);
