/**
 * Test support, run as a process of its own in network and mount namespaces of its own: one capture at one end of a cable,
 * something that goes wrong meanwhile, and what came of it, on stdout.
 *
 *     unshare --net --mount node faultWire.js FOLDER FAULT PROGRAM [WORD...]
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESS, makeCable, sender } from './cable.js';

/** What came of a fault. */
export interface Outcome {
  readonly status: number | null;
  readonly messages: string;
  /** What tcpdump counts in the savefile, and says of it. */
  readonly saved: string;
}

interface Fault {
  /** What the program is given besides `-i va -n -U -w FILE udp`. */
  readonly words?: readonly string[];
  readonly before?: () => void;
  /** As whom, or how, the program is started. */
  readonly prefix?: readonly string[];
  readonly happen: (child: ChildProcess) => Promise<void>;
}

const [folder, fault, program, ...words] = process.argv.slice(2) as [string, string, string, ...string[]];
const full = join(folder, 'full');
const file = join(fault === 'the disk is full' ? full : folder, `${fault.replaceAll(' ', '-')}.pcap`);
const ip = (line: string): void => void execFileSync('ip', line.split(' '));
const send = sender as (name: string) => (frame: Uint8Array) => void;

/** A datagram of so many bytes that arrives at `va`. */
function datagrams(count: number, length = 50): void {
  const data = Buffer.alloc(8 + length);
  data.writeUInt16BE(9, 0);
  data.writeUInt16BE(9, 2);
  data.writeUInt16BE(data.length, 4);
  const header = Buffer.from('4500000000004000401100 00c0000202c0000201'.replace(' ', ''), 'hex');
  header.writeUInt16BE(20 + data.length, 2);
  const frame = Buffer.concat([Buffer.from(`${ADDRESS}0200000000020800`, 'hex'), header, data]);
  const one = send('vb');
  for (let sent = 0; sent < count; sent++) one(frame);
}

const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all'];
const pause = (): Promise<void> => delay(300);

const FAULTS: Readonly<Record<string, Fault>> = {
  'down from the start': { before: () => ip('link set va down'), happen: async () => {} },
  'down for a while': {
    async happen() {
      ip('link set va down');
      await delay(900);
      ip('link set va up');
      await pause();
      datagrams(2);
    },
  },
  gone: {
    async happen() {
      ip('link del va');
      await delay(900);
    },
  },
  renamed: {
    async happen() {
      ip('link set va down');
      ip('link set va name vx');
      await delay(900);
      ip('link set vx up');
      await pause();
      datagrams(2);
    },
  },
  'moved to another namespace': {
    async happen() {
      const other = spawn('unshare', ['--net', 'sleep', '3']);
      await pause();
      ip(`link set va netns ${other.pid}`);
      await delay(900);
      other.kill();
    },
  },
  'suspended and resumed': {
    async happen(child) {
      child.kill('SIGSTOP');
      datagrams(4);
      await pause();
      child.kill('SIGCONT');
      await pause();
      datagrams(2);
    },
  },
  'without rights': { prefix: nobody, happen: async () => {} },
  'rights dropped': { words: ['-Z', 'nobody'], happen: async () => datagrams(2) },
  'the disk is full': {
    before: () => {
      execFileSync('mkdir', [full]);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', full]);
    },
    happen: async () => datagrams(200, 1000),
  },
  // The clock itself cannot be set without setting everybody's, nor is there a namespace for it: the program's view of it is.
  'the clock is set back': { words: ['-G', '1', '-W', '2'], happen: () => trickle() },
};

/** Datagrams for some seconds. */
async function trickle(): Promise<void> {
  for (let times = 0; times < 40; times++) {
    datagrams(1);
    await delay(100);
  }
}

async function main(): Promise<Outcome> {
  await makeCable();
  const { before, prefix = [], words: more = [], happen } = FAULTS[fault]!;
  chmodSync(folder, 0o777);
  before?.();
  const line = [...prefix, program, ...words, '-i', 'va', '-n', '-U', '-w', file, ...more, 'udp'];
  const child = spawn(line[0]!, line.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  let messages = '';
  child.stderr!.setEncoding('utf8').on('data', (piece: string) => {
    messages += piece;
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  for (let tries = 0; !messages.includes('listening') && child.exitCode === null && tries < 1000; tries++)
    await delay(10);
  if (child.exitCode === null) {
    datagrams(3);
    await pause();
    await happen(child);
    await pause();
    child.kill('SIGINT');
  }
  const [status] = await closed;
  const { stdout, stderr } = spawnSync('tcpdump', ['--count', '-r', file], { encoding: 'utf8' });
  return { status, messages, saved: `${stdout}${stderr}` };
}

const outcome = await main();
process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
