/**
 * What a live capture costs, beside tcpdump: `unshare --net node dist/bench/live.js [SECONDS [RATE [PROGRAM]]]`,
 * as root.
 *
 * Frames arrive at one end of a cable, RATE a second (default 200,000) for SECONDS (default 30). Each program writes what its
 * filter lets pass; told are processor seconds in all, memory and open files at the start and the end, and what was lost.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { compile } from '../lib/index.js';
import { openDevice } from '../lib/node.js';

const [seconds = '30', rate = '200000', only = ''] = process.argv.slice(2);
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'weir-bench-'));
const TICKS = 100;

/** Processor seconds so far, megabytes and open files of a process (proc(5)). */
function stateOf(pid: number): { readonly cpu: number; readonly megabytes: number; readonly files: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return {
    cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
    megabytes: Math.round((Number(fields[21]) * 4096) / 1e6),
    files: readdirSync(`/proc/${pid}/fd`).length,
  };
}

async function listening(child: ChildProcess): Promise<() => string> {
  let text = '';
  child.stderr!.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  while (!text.includes('listening') && child.exitCode === null) await delay(20);
  return () => text;
}

async function measure(name: string, words: readonly string[], filter: string): Promise<void> {
  const line = ['-i', 'va', '-B', '32768', '-w', join(folder, 'out.pcap'), filter];
  const child = spawn(words[0]!, [...words.slice(1), ...line], { stdio: ['ignore', 'ignore', 'pipe'] });
  const messages = await listening(child);
  await delay(500);
  const before = stateOf(child.pid!);
  const frames = [join(root, 'lib/testing/liveFrames.js'), 'va', rate, seconds];
  const sender = spawn(process.execPath, frames, { stdio: ['ignore', 'pipe', 'inherit'] });
  let sent = '';
  sender.stdout.on('data', (piece) => (sent += piece));
  await once(sender, 'close');
  await delay(500);
  const after = stateOf(child.pid!);
  child.kill('SIGINT');
  await once(child, 'close');
  const counts = [...messages().matchAll(/^(\d+) packets? (captured|received|dropped)/gm)]
    .map(([, count, what]) => `${count} ${what}`)
    .join(', ');
  console.log(
    `${name}: ${(after.cpu - before.cpu).toFixed(2)} s of processor; ${before.megabytes} to ${after.megabytes} MB, ${before.files} to ${after.files} files; ${sent.trim()} sent, ${counts}`,
  );
}

/** Devices opened and closed again and again, in this process. */
async function openAndClose(times: number): Promise<void> {
  const filter = compile('udp port 53');
  const one = async (): Promise<void> => (await openDevice('va', { filter, bufferBytes: 4 << 20 })).close();
  for (let time = 0; time < 50; time++) await one();
  const before = stateOf(process.pid);
  for (let time = 0; time < times; time++) await one();
  const after = stateOf(process.pid);
  console.log(
    `${times} times opened and closed: ${before.files} to ${after.files} files, ${before.megabytes} to ${after.megabytes} MB`,
  );
}

for (const words of ['link add va type veth peer name vb', 'link set va up', 'link set vb up'])
  execFileSync('ip', words.split(' '));
console.log(`${rate} frames a second of 128 bytes for ${seconds} s`);
const weir = [process.execPath, join(root, 'command/weir.js')];
for (const filter of ['udp', 'tcp port 80'])
  for (const [name, words] of [
    ['weir', weir],
    ['tcpdump', ['tcpdump']],
  ] as const)
    if (name.includes(only)) await measure(`${name} -w, '${filter}'`, words, filter);
await openAndClose(1000);
rmSync(folder, { recursive: true });
process.exit(0);
