/**
 * Test support, run as a program: sends five hundred datagrams over the loopback interface, and as many to another
 * port, captures them with the back end named in its first argument, on all interfaces where its second is `any`,
 * filtered where its third is an engine's name, and prints what it got as JSON.
 *
 * A program of its own because the package cap works in a main thread only, and tests run in workers.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { LIFTED_ENGINES } from '../engine/index.js';
import { compile } from '../filter/facade.js';
import { type Backend, DeviceError, listDevices, openDevice } from '../node.js';

const COUNT = 500;

export interface LoopbackReport {
  /** Why nothing was captured. */
  readonly skipped?: string;
  /** The numbers that the captured datagrams carry, in order. */
  readonly numbers?: readonly number[];
  /** Seconds from the start of the program to the first and from the last packet to its end. */
  readonly lead?: number;
  readonly tail?: number;
  readonly received?: number | undefined;
  readonly dropped?: number | undefined;
  readonly filtersInKernel?: boolean;
  /** Datagrams to the other port that came, too. */
  readonly others?: number;
}

async function listening() {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1');
  await once(receiver, 'listening');
  return receiver;
}

async function report(backend: Backend, name: string, engine: string | undefined): Promise<LoopbackReport> {
  const loopback = listDevices().find((device) => device.loopback && device.up);
  if (loopback === undefined) return { skipped: 'no loopback interface' };
  const started = Date.now() / 1000;
  const receivers = [await listening(), await listening()] as const;
  try {
    const [{ port }, { port: otherPort }] = [receivers[0].address(), receivers[1].address()];
    const filter =
      engine === undefined
        ? {}
        : {
            filter: compile(`udp dst port ${port} and inbound`, {
              engine: LIFTED_ENGINES.find(({ name }) => name === engine) ?? engine,
              mode: 'linux-live',
            }),
          };
    const device = await openDevice(name === 'any' ? name : loopback.name, { backend, ...filter });
    const numbers: number[] = [];
    let others = 0;
    const times: number[] = [];
    const collecting = (async () => {
      for await (const batch of device.batches()) {
        for (const { data, seconds, nanoseconds } of batch) {
          const bytes = Buffer.from(data);
          const at = bytes.indexOf('weir ');
          if (at < 8) continue;
          const destination = bytes.readUInt16BE(at - 6); // UDP header
          if (destination === otherPort) others++;
          if (destination !== port) continue;
          numbers.push(Number(bytes.toString('latin1', at + 5)));
          times.push(seconds + nanoseconds / 1e9);
        }
      }
    })();
    const sender = createSocket('udp4');
    for (let i = 0; i < COUNT; i++) {
      sender.send(`weir ${i}`, port, '127.0.0.1');
      sender.send(`weir ${i}`, otherPort, '127.0.0.1');
      if (i % 50 === 49) await setImmediate();
    }
    await setTimeout(300);
    sender.close();
    await device.close();
    await collecting;
    const stats = device.stats();
    return {
      numbers,
      lead: times[0]! - started,
      tail: Date.now() / 1000 - times.at(-1)!,
      received: stats?.received,
      dropped: stats?.dropped,
      filtersInKernel: device.filtersInKernel,
      others,
    };
  } catch (error) {
    if (error instanceof DeviceError) return { skipped: `${error.message} (${error.hint})` };
    throw error;
  } finally {
    for (const receiver of receivers) receiver.close();
  }
}

const [, , backend, name = 'lo', engine] = process.argv;
console.log(JSON.stringify(await report(backend as Backend, name, engine)));
