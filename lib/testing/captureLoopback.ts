/**
 * Test support, run as a program: sends five hundred datagrams over the loopback interface, captures
 * them with the back end named in its argument, and prints what it got as JSON.
 *
 * A program of its own because the package cap works in a main thread only, and tests run in workers.
 */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { type Backend, DeviceError, listDevices, openDevice } from '../live/index.js';

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
}

async function report(backend: Backend): Promise<LoopbackReport> {
  const loopback = listDevices().find((device) => device.loopback && device.up);
  if (loopback === undefined) return { skipped: 'no loopback interface' };
  const started = Date.now() / 1000;
  try {
    const device = await openDevice(loopback.name, { backend });
    const receiver = createSocket('udp4').bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address();
    const numbers: number[] = [];
    const times: number[] = [];
    const collecting = (async () => {
      for await (const batch of device.batches()) {
        for (const { data, seconds, nanoseconds } of batch) {
          const bytes = Buffer.from(data);
          const at = bytes.indexOf('weir ');
          if (at < 8 || bytes.readUInt16BE(at - 6) !== port) continue; // UDP header: destination port
          numbers.push(Number(bytes.toString('latin1', at + 5)));
          times.push(seconds + nanoseconds / 1e9);
        }
      }
    })();
    const sender = createSocket('udp4');
    for (let i = 0; i < COUNT; i++) {
      sender.send(`weir ${i}`, port, '127.0.0.1');
      if (i % 50 === 49) await setImmediate();
    }
    await setTimeout(300);
    sender.close();
    receiver.close();
    await device.close();
    await collecting;
    const stats = device.stats();
    return {
      numbers,
      lead: times[0]! - started,
      tail: Date.now() / 1000 - times.at(-1)!,
      received: stats?.received,
      dropped: stats?.dropped,
    };
  } catch (error) {
    if (error instanceof DeviceError) return { skipped: `${error.message} (${error.hint})` };
    throw error;
  }
}

console.log(JSON.stringify(await report(process.argv[2] as Backend)));
