/**
 * The committed captures are what their README says: small, readable, listed with their number of
 * packets; the variants of http.pcap hold its packets.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CaptureError } from '../lib/index.js';
import { openCapture } from '../lib/node.js';
import { projectRoot } from '../lib/testing/vectors.js';

const folder = join(projectRoot, 'captures');
const readme = readFileSync(join(folder, 'README.md'), 'utf8');
const files = readdirSync(folder).filter((name) => /\.pcap/.test(name));

async function read(file: string): Promise<{ packets: string[]; seconds: number[]; error?: string }> {
  const packets: string[] = [];
  const seconds: number[] = [];
  try {
    for await (const { data, wireLength, seconds: time } of await openCapture(join(folder, file))) {
      packets.push(`${wireLength} ${Buffer.from(data).toString('hex')}`);
      seconds.push(time);
    }
    return { packets, seconds };
  } catch (error) {
    if (error instanceof CaptureError) return { packets, seconds, error: error.code };
    throw error;
  }
}

test('every capture is listed, small and readable', async (t) => {
  for (const file of files) {
    t.true(readme.includes(file), `${file} is not in README.md`);
    t.true(statSync(join(folder, file)).size < 10_000, `${file} is large`);
    const { packets, error } = await read(file);
    t.is(error, file === 'http-cut.pcap' ? 'truncated' : undefined, file);
    t.true(packets.length > 0 && packets.length <= 40, `${file}: ${packets.length} packets`);
    const listed = new RegExp(`^\\| ${file.replaceAll('.', '\\.')} \\| (\\d+) \\|`, 'm').exec(readme);
    if (listed !== null) t.is(packets.length, Number(listed[1]), file);
  }
});

test('the variants of http.pcap hold its packets', async (t) => {
  const whole = await read('http.pcap');
  for (const file of files.filter((name) => name.startsWith('http') && name !== 'http6.pcap')) {
    const { packets, seconds } = await read(file);
    const count = file === 'http-cut.pcap' ? whole.packets.length - 1 : whole.packets.length;
    t.deepEqual(packets, whole.packets.slice(0, count), file);
    t.deepEqual(seconds, whole.seconds.slice(0, count), file);
  }
});

test('mixed.pcapng holds three link types', async (t) => {
  const capture = await openCapture(join(folder, 'mixed.pcapng'));
  await capture.scan();
  t.deepEqual(
    capture.interfaces.map(({ linkType, name }) => [linkType, name]),
    [
      [1, 'icmp-echo'],
      [276, 'any'],
      [101, 'raw-ip'],
    ],
  );
});
