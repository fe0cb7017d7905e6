/**
 * Test support, run as a process of its own in a network namespace of its own: `weir attach` at one end of a cable, datagrams
 * from the other, and what a socket gets of them. Tells on stdout what happened.
 *
 *     unshare --net node attachWire.js WEIR all | one | objects FOLDER
 */

import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESS, makeCable, sender } from './cable.js';

/** What came of one run. */
export interface Attachment {
  readonly what: string;
  /** Ports of datagrams that arrived. */
  readonly arrived: readonly number[];
  readonly status: number | null;
  /** What it writes, to either stream. */
  readonly messages: string;
  /** What `--list` shows while it runs, and afterwards. */
  readonly listed: readonly [during: string, after: string];
}

const [weir, which, folder = ''] = process.argv.slice(2) as [string, 'all' | 'one' | 'objects', string?];
const PORTS = [7001, 7002] as const;

/** An Ethernet frame with a datagram for a port of 192.0.2.1. */
function datagram(port: number): Buffer {
  const udp = Buffer.alloc(26);
  udp.writeUInt16BE(9, 0);
  udp.writeUInt16BE(port, 2);
  udp.writeUInt16BE(udp.length, 4);
  const ip = Buffer.from('4500002e000040004011b6bbc0000202c0000201', 'hex');
  return Buffer.concat([Buffer.from(`${ADDRESS}0200000000020800`, 'hex'), ip, udp]);
}

const arrived: number[] = [];

async function listed(): Promise<string> {
  return spawnSync(process.execPath, [weir, 'attach', '--list'], { encoding: 'utf8' }).stdout;
}

async function run(
  what: string,
  words: readonly string[],
  end: (child: ReturnType<typeof spawn>) => void,
): Promise<Attachment> {
  arrived.length = 0;
  const child = spawn(process.execPath, [weir, 'attach', 'va', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let messages = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (piece: string) => {
      messages += piece;
    });
  const closed = once(child, 'close');
  for (let tries = 0; !messages.includes('attached') && child.exitCode === null && tries < 1000; tries++)
    await delay(10);
  const during = await listed();
  const send = sender('vb');
  for (const port of [...PORTS, PORTS[0]]) send(datagram(port));
  await delay(100);
  end(child);
  const [status] = (await closed) as [number | null];
  return {
    what,
    arrived: [...arrived].sort((a, b) => a - b),
    status,
    messages,
    listed: [during, await listed()],
  };
}

await makeCable();
for (const port of PORTS) {
  const socket = createSocket('udp4');
  socket.on('message', () => arrived.push(port));
  socket.bind(port, '192.0.2.1');
  await once(socket, 'listening');
}
const interrupt = (child: ReturnType<typeof spawn>): void => void child.kill('SIGINT');
const runs: Attachment[] = [];
if (which === 'objects') {
  const networks = '[{"key":{"length":24,"address":"192.0.2.0"},"value":2}]';
  const object = (name: string): string => join(folder, `${name}.o`);
  runs.push(
    await run('an object with maps', [object('lpm'), '--map', `networks=${networks}`, '--maps'], interrupt),
    await run('an object with tail calls', [object('tail'), '--program', 'tail', '--maps'], interrupt),
    await run('an object with maps in maps', [object('inner'), '--maps', '--generic'], interrupt),
    await run('an object for tc', [object('skb'), '--for', '1s'], () => {}),
  );
} else runs.push(await run('XDP drops', [`udp port ${PORTS[0]}`, '--xdp'], interrupt));
if (which === 'all') {
  const filter = `udp port ${PORTS[0]}`;
  const kill = (signal: NodeJS.Signals) => (child: ReturnType<typeof spawn>) => void child.kill(signal);
  runs.push(
    await run('generic XDP drops', [filter, '--xdp', '--generic'], kill('SIGTERM')),
    await run('tc drops', [filter, '--tc'], kill('SIGHUP')),
    await run('others are dropped', [filter, '--xdp=pass'], interrupt),
    await run('dry run', [filter, '--xdp', '--dry-run'], interrupt),
    await run('for a second', [filter, '--tc=shot', '--for', '1s'], () => {}),
    await run('killed', [filter, '--xdp'], kill('SIGKILL')),
    await run(
      'detached by another',
      [filter, '--xdp'],
      () => void spawnSync(process.execPath, [weir, 'attach', '--detach', 'va']),
    ),
  );
}
process.stdout.write(JSON.stringify(runs), () => process.exit(0));
