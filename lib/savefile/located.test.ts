/** Captures in memory: the packets are those that reading from front to back gives, damage included. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { projectRoot } from '../testing/vectors.js';
import { type CaptureError, LocatedCapture, type Packet, readCapture } from './index.js';

const folder = join(projectRoot, 'captures');
const captures = readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name));

const shown = ({ data, wireLength, timestampNs, interface: source }: Packet) => ({
  data: Buffer.from(data).toString('hex'),
  wireLength,
  timestampNs,
  source,
});

/** What reading gives, and what it ends with. */
async function read(
  bytes: Uint8Array,
): Promise<{ packets: ReturnType<typeof shown>[]; error?: string | undefined }> {
  const packets: ReturnType<typeof shown>[] = [];
  try {
    for await (const packet of await readCapture([bytes])) packets.push(shown(packet));
    return { packets };
  } catch (error) {
    return { packets, error: (error as CaptureError).code };
  }
}

test('every packet lies where reading finds it, also in captures that are cut anywhere', async (t) => {
  for (const name of captures) {
    const whole = new Uint8Array(readFileSync(join(folder, name)));
    for (const bytes of [whole, whole.subarray(0, whole.length - 5), whole.subarray(0, 100)]) {
      const expected = await read(bytes);
      const located = new LocatedCapture(bytes);
      const packets = Array.from({ length: located.count }, (_, index) => shown(located.packet(index)));
      t.deepEqual(packets, expected.packets, name);
      t.is(located.error?.code as string | undefined, expected.error, name);
    }
  }
});

test('what is no capture is refused', (t) => {
  t.throws(() => new LocatedCapture(new Uint8Array([1, 2, 3, 4, 5])), { name: 'CaptureError' });
});
