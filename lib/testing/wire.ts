/**
 * Test support, run as a process of its own in a network namespace of its own (`unshare --net`): two devices joined by a
 * cable. Sends frames both ways, and tells on stdout which of them filters see, in each way of running them.
 *
 *     unshare --net node wire.js < questions
 */

import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { openDevice } from '../capture/index.js';
import { compile } from '../filter/index.js';
import { makeCable, sender } from './cable.js';

export interface Questions {
  readonly filters: readonly string[];
  /** Frames in hex; every fourth goes out, the others come in. */
  readonly frames: readonly string[];
  /** Filters that tcpdump is asked too: so many, from the first. */
  readonly tcpdump: number;
}

/** How a filter is run: by the kernel as one machine or the other, or here. */
export const WAYS = ['cbpf', 'ebpf', 'here'] as const;

export interface Answer {
  readonly filter: string;
  readonly way: (typeof WAYS)[number] | 'tcpdump';
  /** What the kernel runs. */
  readonly machine: 'cbpf' | 'ebpf' | undefined;
  /** Why it is not the way asked for. */
  readonly fallback: string | undefined;
  readonly packets: readonly string[];
  /** Packets that were not read in time. */
  readonly dropped: number;
}

const BUFFER = 4 << 20;

async function listen(filter: string, way: (typeof WAYS)[number]): Promise<() => Promise<Answer>> {
  let fallback: string | undefined;
  const device = await openDevice('va', {
    bufferBytes: BUFFER,
    filter: compile(filter, way === 'here' ? { engine: 'cbpf-interpreter' } : {}),
    kernel: way === 'ebpf' ? 'ebpf' : 'cbpf',
    onFallback: (message) => {
      fallback = message;
    },
  });
  const packets: string[] = [];
  const reading = (async () => {
    for await (const { data } of device) packets.push(Buffer.from(data).toString('hex'));
  })();
  return async () => {
    await device.close();
    await reading;
    const dropped = device.stats()?.dropped ?? 0;
    return { filter, way, machine: device.kernelMachine, fallback, packets, dropped };
  };
}

/** What tcpdump prints of the packets that it sees: `0x0000:  0200 …`. */
async function tcpdump(filter: string): Promise<() => Promise<Answer>> {
  const child = spawn('tcpdump', ['-i', 'va', '--immediate-mode', '-n', '-q', '-t', '-xx', filter], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await new Promise<void>((resolve) =>
    child.stderr.on('data', (piece) => /listening/.test(`${piece}`) && resolve()),
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  return async () => {
    child.kill('SIGINT');
    await ended;
    const packets = text
      .split(/^(?!\t)/m)
      .map((lines) => [...lines.matchAll(/^\t0x[0-9a-f]+: {2}(.*)$/gm)].map(([, hex]) => hex).join(''))
      .map((hex) => hex.replaceAll(' ', ''))
      .filter((hex) => hex !== '');
    return { filter, way: 'tcpdump', machine: undefined, fallback: undefined, packets, dropped: 0 };
  };
}

async function main(): Promise<void> {
  let input = '';
  for await (const piece of process.stdin.setEncoding('utf8')) input += piece;
  const { filters, frames, tcpdump: asked } = JSON.parse(input) as Questions;
  await makeCable();
  const [out, arriving] = [sender('va'), sender('vb')];
  const bytes = frames.map((frame) => Buffer.from(frame, 'hex'));
  const stops: (() => Promise<Answer>)[] = [];
  for (const [at, filter] of filters.entries()) {
    for (const way of WAYS) stops.push(await listen(filter, way));
    // The first block libpcap filters by itself, and then knows no directions.
    if (at < asked && !filter.includes('bound')) stops.push(await tcpdump(filter));
  }
  for (const [at, frame] of bytes.entries()) {
    (at % 4 === 3 ? out : arriving)(frame);
    if (at % 16 === 15) await delay(1);
  }
  await delay(400);
  const answers = await Promise.all(stops.map((stop) => stop()));
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main();
