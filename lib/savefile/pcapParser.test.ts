/**
 * Two readers, one truth: pcap-parser and this library read the same packets from every file that
 * both can read.
 */

import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import test from 'ava';
import pcapParser from 'pcap-parser';
import { dataPath, Tally, vectors } from '../testing/vectors.js';
import { CaptureError, Packet, PcapEncoder } from './index.js';
import { fromPcapParser, openSavefile } from './node.js';

const text = (packet: Packet) =>
  `${packet.seconds}.${packet.nanoseconds} ${packet.wireLength} ${packet.interface.linkType} ${[...packet.data]}`;

async function both(input: Uint8Array) {
  const ours: string[] = [];
  const theirs: string[] = [];
  let code: string | undefined;
  try {
    for await (const packet of await openSavefile([input])) ours.push(text(packet));
  } catch (error) {
    code = (error as CaptureError).code;
  }
  try {
    const parser = pcapParser.parse(Readable.from([Buffer.from(input)]));
    for await (const batch of fromPcapParser(parser)) theirs.push(...batch.map(text));
    return { ours, theirs, code, theirCode: undefined };
  } catch (error) {
    return { ours, theirs, code, theirCode: (error as CaptureError).code };
  }
}

test('both readers give the same packets of every microsecond pcap', async (t) => {
  interface Row {
    readonly file: string;
    readonly format: string;
    readonly resolution?: string;
  }
  const tally = new Tally('captures: pcap-parser reads the same');
  for (const row of vectors<Row>(t, 'captures/index.jsonl', 1000)) {
    if (row.format !== 'pcap' || row.resolution !== 'us') continue;
    const { ours, theirs, code, theirCode } = await both(readFileSync(dataPath(t, `captures/${row.file}`)!));
    tally.check(`${theirs}` === `${ours}` && theirCode === code, () => `${row.file}: ${code}, ${theirCode}`);
  }
  tally.finish(t);
});

test('a cut file is an error here, though pcap-parser says nothing', async (t) => {
  const source = { linkType: 1, snapLength: 100, timestampUnit: 1e-6 };
  const encoder = new PcapEncoder(source);
  for (const seconds of [1, 2]) {
    encoder.write(new Packet(new Uint8Array(10), 10, seconds, 0, source));
  }
  const bytes = encoder.take().slice();
  for (let length = 1; length < bytes.length; length++) {
    const { ours, theirs, theirCode } = await both(bytes.subarray(0, length));
    t.deepEqual(theirs, ours);
    const whole = length === 24 || length === 24 + 26;
    t.is(theirCode, whole ? undefined : 'truncated', `${length}`);
  }
});

test('what pcap-parser does not know is an error', async (t) => {
  const parser = pcapParser.parse(Readable.from([Buffer.alloc(100)]));
  await t.throwsAsync(fromPcapParser(parser).next(), {
    instanceOf: CaptureError,
    message: /unknown magic number/,
  });
});
