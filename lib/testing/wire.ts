/**
 * Test support, run as a process of its own in a network namespace of its own (`unshare --net`): two devices joined by a
 * cable. Sends frames both ways, and tells on stdout which of them filters see, in each way of running them.
 *
 *     unshare --net node wire.js < questions
 */

import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { type OpenedDevice, openDevice } from '../capture/index.js';
import { compile, type Filter } from '../filter/index.js';
import { makeCable, sender } from './cable.js';

export interface Questions {
  /** One filter in so many is asked through cap, whose rings take long to make. */
  readonly capEvery: number;
  readonly filters: readonly string[];
  /** Frames in hex; every fourth goes out, the others come in. */
  readonly frames: readonly string[];
  /** Whether tcpdump is asked too. */
  readonly tcpdump: boolean;
}

/** How a filter is run: by the kernel as one machine or the other, here, or here behind libpcap and the package cap. */
export const WAYS = ['cbpf', 'ebpf', 'here', 'cap'] as const;

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
/** Filters that listen at a time: each has a ring in every way, and that of cap is large. */
const AT_A_TIME = 15;

/**
 * Whether tcpdump can be asked: the first block libpcap filters by itself, and then knows no directions; a thousand ports
 * keep it busy for minutes.
 */
export const hearsTcpdump = (filter: string): boolean =>
  !filter.includes('bound') && filter.split(' port ').length < 500;

type Stop = () => Promise<Answer>;

/** Listens; `undefined` where there is no such way here, or not for this filter. */
async function listen(compiled: Filter, way: (typeof WAYS)[number]): Promise<Stop | undefined> {
  const { expression: filter } = compiled;
  let fallback: string | undefined;
  let device: OpenedDevice;
  try {
    device = await openDevice('va', {
      bufferBytes: BUFFER,
      filter: compiled,
      kernel: way === 'ebpf' ? 'ebpf' : 'cbpf',
      onFallback: (message) => {
        fallback = message;
      },
      ...(way === 'cap' ? { backend: way } : {}),
    });
  } catch (error) {
    // cap may be not built, and has no directions.
    if (way === 'cap') return undefined;
    throw error;
  }
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
async function tcpdump(filter: string): Promise<Stop> {
  // Its optimizer takes minutes for lists.
  const optimize = filter.length > 10_000 ? ['-O'] : [];
  const words = [
    '-i',
    'va',
    '-s2000',
    '-B8192',
    '--immediate-mode',
    '-n',
    '-q',
    '-t',
    '-xx',
    ...optimize,
    filter,
  ];
  const child = spawn('tcpdump', words, { stdio: ['ignore', 'pipe', 'pipe'] });
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

/** Listens to some filters in all ways, sends the frames, and tells who saw which. */
async function ask(
  filters: readonly string[],
  send: () => Promise<void>,
  { tcpdump: withTcpdump, capEvery }: Questions,
): Promise<Answer[]> {
  const stops: (Stop | undefined)[] = [];
  for (const [at, filter] of filters.entries()) {
    const compiled = compile(filter);
    const here = compile(filter, { engine: 'cbpf-interpreter' });
    for (const way of WAYS)
      if (way !== 'cap' || at % capEvery === 0)
        stops.push(await listen(way === 'here' ? here : compiled, way));
    if (withTcpdump && hearsTcpdump(filter)) stops.push(await tcpdump(filter));
  }
  await send();
  await delay(300);
  return Promise.all(stops.flatMap((stop) => stop?.() ?? []));
}

async function main(): Promise<void> {
  let input = '';
  for await (const piece of process.stdin.setEncoding('utf8')) input += piece;
  const questions = JSON.parse(input) as Questions;
  const { filters, frames } = questions;
  await makeCable();
  const [out, arriving] = [sender('va'), sender('vb')];
  const bytes = frames.map((frame) => Buffer.from(frame, 'hex'));
  const send = async (): Promise<void> => {
    for (const [at, frame] of bytes.entries()) {
      (at % 4 === 3 ? out : arriving)(frame);
      if (at % 16 === 15) await delay(1);
    }
  };
  const answers: Answer[] = [];
  for (let at = 0; at < filters.length; at += AT_A_TIME)
    answers.push(...(await ask(filters.slice(at, at + AT_A_TIME), send, questions)));
  process.stdout.write(JSON.stringify(answers), () => process.exit(0));
}

if (process.argv[1] === new URL(import.meta.url).pathname) await main();
