/**
 * Interpreters beside libpcap's: `node dist/bench/interpreters.js [--rounds N]`.
 *
 * `tcp port 80` over 512 frames of 80 bytes, about half of which match; and a loop of 64-bit
 * arithmetic. Nanoseconds are the least of all rounds; what counts is the ratio to `bpf_filter()`, which
 * a few lines of C time on the same program and frames in the same run, where gcc and libpcap are there.
 * Each row runs in a process of its own (`--row NAME`), because V8 optimizes a loop for the first function
 * that it calls more than for the following ones.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FilterFunction, Program } from '../lib/cbpf.js';
import { ebpf, engineOf, type LiftForm, lift } from '../lib/command.js';
import { compile } from '../lib/index.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '60' }, row: { type: 'string' } },
});
const ROUNDS = Number(values.rounds);
const FRAMES = 512;
const FRAME_BYTES = 80;
const STRIDE = 96;
/** Passes over all frames in a round. */
const PASSES = 20;
/** Instructions that the arithmetic loop executes. */
const LOOP_INSTRUCTIONS = 9e6;

/** IPv4 and IPv6, TCP and UDP, to port 80 and others. */
function makeFrames(): Uint8Array {
  const frames = Buffer.alloc(FRAMES * STRIDE);
  for (let index = 0; index < FRAMES; index++) {
    const frame = frames.subarray(index * STRIDE, index * STRIDE + FRAME_BYTES);
    const isIp6 = index % 9 === 8;
    const protocol = index % 5 === 4 ? 17 : 6;
    const port = index % 2 === 0 ? 80 : 443;
    frame.writeUInt16BE(isIp6 ? 0x86dd : 0x0800, 12);
    frame[14] = isIp6 ? 0x60 : 0x45;
    frame[isIp6 ? 20 : 23] = protocol;
    frame.writeUInt16BE(1024 + index, isIp6 ? 54 : 34);
    frame.writeUInt16BE(port, isIp6 ? 56 : 36);
  }
  return frames;
}

const frames = makeFrames();

interface Timing {
  /** Least time of a frame, in nanoseconds. */
  readonly ns: number;
  /** Frames that match. */
  readonly matches: number;
}

function time(filter: FilterFunction): Timing {
  let least = Number.POSITIVE_INFINITY;
  let matches = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    matches = 0;
    for (let pass = 0; pass < PASSES; pass++)
      for (let index = 0; index < FRAMES; index++)
        if (filter(frames, index * STRIDE, FRAME_BYTES, FRAME_BYTES) !== 0) matches++;
    least = Math.min(least, Number(process.hrtime.bigint() - start) / (PASSES * FRAMES));
  }
  return { ns: least, matches: matches / PASSES };
}

const C_PROGRAM = `
#include <pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static struct bpf_insn program[] = { INSTRUCTIONS };
int main(int argc, char **argv) {
  static unsigned char frames[${FRAMES * STRIDE}];
  if (fread(frames, 1, sizeof frames, stdin) != sizeof frames) return 1;
  double least = 1e30; int matches = 0;
  for (int round = 0; round < atoi(argv[1]); round++) {
    struct timespec a, b; matches = 0;
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (int pass = 0; pass < ${PASSES}; pass++)
      for (int i = 0; i < ${FRAMES}; i++)
        matches += bpf_filter(program, frames + i * ${STRIDE}, ${FRAME_BYTES}, ${FRAME_BYTES}) != 0;
    clock_gettime(CLOCK_MONOTONIC, &b);
    double ns = ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / (${PASSES}.0 * ${FRAMES});
    if (ns < least) least = ns;
  }
  printf("%f %d\\n", least, matches / ${PASSES});
  return 0;
}
`;

/** The same on libpcap's interpreter; `undefined` where it cannot be built. */
function timeLibpcap(program: Program): Timing | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
  try {
    const rows = program.map(({ code, jt, jf, k }) => `{${code},${jt},${jf},${k}u}`).join(',');
    writeFileSync(join(folder, 'bench.c'), C_PROGRAM.replace('INSTRUCTIONS', rows));
    const binary = join(folder, 'bench');
    const built = spawnSync('gcc', ['-O2', '-o', binary, join(folder, 'bench.c'), '-lpcap']);
    if (built.status !== 0) return undefined;
    const ran = spawnSync(binary, [String(ROUNDS)], { input: frames, encoding: 'utf8' });
    const [ns, matches] = ran.stdout.split(' ').map(Number);
    return ran.status === 0 ? { ns: ns!, matches: matches! } : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { cbpf } = compile('tcp port 80').for('EN10MB');
const lifted = (form: LiftForm, type: string): FilterFunction =>
  ebpf.attach(lift(cbpf, { form }), ebpf.programTypeOf(type), { unverified: true });
const rows: ReadonlyMap<string, () => FilterFunction> = new Map([
  ['cBPF, interpreter', () => engineOf('cbpf-interpreter').load(cbpf)],
  ['eBPF interpreter, portable', () => lifted('portable', 'socket_filter')],
  ['eBPF interpreter, xdp', () => lifted('xdp', 'xdp')],
  ['eBPF interpreter, kernel', () => lifted('kernel', 'kernel_filter')],
  ['cBPF, JavaScript', () => engineOf('cbpf-js').load(cbpf)],
]);

function timeRow(name: string): Timing | undefined {
  const ran = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--rounds', values.rounds, '--row', name],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return ran.status === 0 ? (JSON.parse(ran.stdout) as Timing) : undefined;
}

/** Least time of an instruction of 64-bit arithmetic, in nanoseconds. */
function timeArithmetic(): number {
  const loop = ebpf.assemble(`
  r0 = 1
  r1 = 0
  r2 = 1000000
  r3 = 0
again:
  r0 += r1
  r0 ^= 0x5555
  r0 <<= 3
  r3 += r0
  r3 >>= 1
  r3 |= r0
  r0 -= r3
  r1 += 1
  if r1 != r2 goto again
  exit`);
  const executable = ebpf.loadProgram(loop, { memory: new ebpf.Memory(), helpers: new Map(), budget: 1e9 });
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round++) {
    const start = performance.now();
    executable.run(0, 0);
    least = Math.min(least, ((performance.now() - start) * 1e6) / LOOP_INSTRUCTIONS);
  }
  return least;
}

function main(): void {
  const libpcap = timeLibpcap(cbpf);
  console.log(`tcp port 80, ${cbpf.length} classic instructions, ${FRAMES} frames`);
  const report = (name: string, { ns, matches }: Timing): void => {
    const ratio = libpcap === undefined ? '' : `${(ns / libpcap.ns).toFixed(2)} x libpcap`;
    console.log(
      `${name.padEnd(30)} ${ns.toFixed(1).padStart(7)} ns/packet  ${ratio.padEnd(16)} ${matches} match`,
    );
  };
  if (libpcap === undefined) console.log('libpcap: left out, gcc or libpcap is not installed');
  else report('libpcap bpf_filter()', libpcap);
  for (const name of rows.keys()) {
    const timing = timeRow(name);
    if (timing !== undefined) report(name, timing);
  }
  console.log(`eBPF interpreter, 64-bit arithmetic: ${timeArithmetic().toFixed(1)} ns/instruction`);
}

const makeFilter = values.row === undefined ? undefined : rows.get(values.row);
if (makeFilter === undefined) main();
else console.log(JSON.stringify(time(makeFilter())));
