/**
 * Every sample capture, against what libpcap and tshark read from it: counts, first and last time
 * stamps, link types, and for damaged files how much is delivered and which complaint follows.
 */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { assertProperty } from '../testing/property.js';
import { dataPath, Tally, vectors } from '../testing/vectors.js';
import { CaptureError, readCapture } from './index.js';
import { FileSink, GatheringSink, openSavefile } from './node.js';
import type { Capture } from './reader.js';

interface Row {
  readonly file: string;
  readonly format: string;
  readonly linktype: number | null;
  readonly snaplen?: number;
  readonly packets?: number;
  readonly first_ts?: string;
  readonly last_ts?: string;
  readonly raw_walk_packets?: number;
  readonly libpcap_head?: {
    readonly packets?: number;
    readonly bytes?: number;
    readonly first_ts?: string;
    readonly last_ts?: string;
    readonly open_error?: string;
    readonly read_error?: string;
  };
  readonly tshark_4_0_17?: { readonly exit: number; readonly packets: number };
}

interface Reading {
  packets: number;
  bytes: number;
  times: string[];
  linkType: number | undefined;
  snapLength: number | undefined;
  error: CaptureError | undefined;
}

async function readAll(open: Promise<Capture>): Promise<Reading> {
  const reading: Reading = {
    packets: 0,
    bytes: 0,
    times: [],
    linkType: undefined,
    snapLength: undefined,
    error: undefined,
  };
  try {
    await using capture = await open;
    reading.linkType = capture.interfaces[0]?.linkType;
    reading.snapLength = capture.interfaces[0]?.snapLength;
    for await (const packet of capture) {
      reading.packets++;
      reading.bytes += packet.data.length;
      reading.times.push(`${packet.seconds}.${String(packet.nanoseconds).padStart(9, '0')}`);
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    reading.error = error;
  }
  return reading;
}

test('captures of the tcpdump suite: packets, times, link types', async (t) => {
  const tally = new Tally('captures/files: packets, first and last time, link type');
  for (const row of vectors<Row>(t, 'captures/index.jsonl', 1000)) {
    if (row.packets === undefined) continue;
    const reading = await readAll(openSavefile(dataPath(t, `captures/${row.file}`)!));
    const got = [
      reading.packets,
      reading.times[0],
      reading.times.at(-1),
      reading.linkType,
      reading.error?.reason,
    ];
    const want = [row.packets, row.first_ts, row.last_ts, row.linktype, undefined];
    tally.check(`${got}` === `${want}`, () => `${row.file}: ${got}, not ${want}`);
  }
  tally.finish(t);
});

/** What is better than libpcap here: the sum of what the best reader in the index gives. */
const BETTER: Readonly<Record<string, { readonly packets: number; readonly error?: RegExp }>> = {
  'made/le-us.pcap.gz': { packets: 30 },
  'made/le-us.pcap.lz4': { packets: 30 },
  'made/le-us.pcap.zst': { packets: 30 },
  'made/two-interfaces-two-linktypes.pcapng': { packets: 12 },
  'made/le-us.pcap.xz': { packets: 0, error: /^compressed with xz, .* xz -dc FILE \| weir -r -$/ },
};

test('generated captures: as libpcap reads them, or better', async (t) => {
  const tally = new Tally('captures/made: packets, bytes, times, errors');
  for (const row of vectors<Row>(t, 'captures/index.jsonl', 1000)) {
    const libpcap = row.libpcap_head;
    if (libpcap === undefined) continue;
    const reading = await readAll(openSavefile(dataPath(t, `captures/${row.file}`)!));
    const better = BETTER[row.file];
    if (better !== undefined) {
      const error = reading.error?.reason ?? '';
      tally.check(
        reading.packets === better.packets &&
          (better.error === undefined ? error === '' : better.error.test(error)),
        () => `${row.file}: ${reading.packets} packets, ${reading.error}`,
      );
      continue;
    }
    const exact = row.format === 'pcapng' ? (time: string) => time.slice(0, -3) : (time: string) => time;
    const got = [
      reading.packets,
      reading.bytes,
      exact(reading.times[0] ?? ''),
      exact(reading.times.at(-1) ?? ''),
      reading.error?.reason ?? '',
    ];
    const want = [
      libpcap.packets ?? 0,
      libpcap.bytes ?? 0,
      exact(libpcap.first_ts ?? ''),
      exact(libpcap.last_ts ?? ''),
      libpcap.open_error ?? libpcap.read_error ?? '',
    ];
    tally.check(`${got}` === `${want}`, () => `${row.file}: ${got}, not ${want}`);
  }
  tally.finish(t);
});

test('a capture reads the same from a path, a descriptor, a stream, a pipe and chunks', async (t) => {
  for (const name of ['made/le-us.pcap', 'made/le.pcapng', 'made/le-us.pcap.gz', 'made/le-us.pcap.lz4']) {
    const path = dataPath(t, `captures/${name}`);
    if (path === undefined) return;
    const whole = await readAll(openSavefile(path));
    t.is(whole.packets, 30);
    t.is(whole.error, undefined);
    const descriptor = openSync(path, 'r');
    t.deepEqual(await readAll(openSavefile(descriptor)), whole);
    closeSync(descriptor);
    t.deepEqual(await readAll(openSavefile(createReadStream(path, { highWaterMark: 77 }))), whole);
    t.deepEqual(await readAll(openSavefile(new Blob([readFileSync(path)]).stream())), whole);
    if (name.endsWith('.gz') || name.endsWith('.lz4')) continue;
    t.deepEqual(await readAll(readCapture([readFileSync(path)])), whole);
  }
});

test('compressed bytes are named where nothing decompresses them', async (t) => {
  for (const [name, message] of [
    [
      'made/le-us.pcap.gz',
      "compressed with gzip; decompress it first: stream.pipeThrough(new DecompressionStream('gzip'))",
    ],
    ['made/le-us.pcap.lz4', 'compressed with lz4; decompress it first'],
  ] as const) {
    const path = dataPath(t, `captures/${name}`);
    if (path === undefined) return;
    await t.throwsAsync(readCapture([readFileSync(path)]), { instanceOf: CaptureError, message });
    const unpacked = new Blob([readFileSync(path)]).stream().pipeThrough(new DecompressionStream('gzip'));
    if (name.endsWith('.gz')) t.is((await readAll(readCapture(unpacked))).packets, 30);
  }
});

/** Hands over a FIFO through which a capture of 30 packets comes, and the capture's path. */
async function withFifo(
  t: ExecutionContext,
  body: (fifo: string, path: string) => Promise<void>,
): Promise<void> {
  const path = dataPath(t, 'captures/made/le-us.pcap');
  if (path === undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'weir-fifo-'));
  const fifo = join(folder, 'fifo');
  try {
    execFileSync('mkfifo', [fifo]);
    execFileSync('sh', ['-c', '(sleep 0.1; cat "$0") > "$1" &', path, fifo], { stdio: 'ignore' });
    await body(fifo, path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('a capture reads from a FIFO', (t) =>
  withFifo(t, async (fifo) => {
    t.is((await readAll(openSavefile(fifo))).packets, 30);
  }));

test('a Worker that read a FIFO closes nothing that is not its own when it ends', (t) =>
  withFifo(t, async (fifo, path) => {
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      import(workerData.reader).then(async ({ openSavefile }) => {
        let packets = 0;
        for await (const packet of await openSavefile(workerData.fifo)) packets += packet === undefined ? 0 : 1;
        parentPort.once('message', () => process.exit());
        parentPort.postMessage(packets);
      });`;
    const workerData = { reader: new URL('./file.js', import.meta.url).href, fifo };
    const worker = new Worker(code, { eval: true, workerData });
    const [packets] = await once(worker, 'message');
    t.is(packets, 30);
    // These take the numbers of whatever the Worker has closed by now.
    const descriptors = Array.from({ length: 20 }, () => openSync(path, 'r'));
    worker.postMessage('end');
    await once(worker, 'exit');
    for (const descriptor of descriptors) {
      t.notThrows(() => fstatSync(descriptor));
      closeSync(descriptor);
    }
  }));

test('filtering keeps what it does not drop, byte for byte', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-copy-'));
  const tally = new Tally('captures: copied byte for byte');
  try {
    for (const row of vectors<Row>(t, 'captures/index.jsonl', 1000)) {
      const path = dataPath(t, `captures/${row.file}`)!;
      if ((await readAll(openSavefile(path))).error !== undefined || /\.(gz|zst|lz4)$/.test(row.file))
        continue;
      const copy = join(folder, 'copy');
      const sink = new FileSink(copy);
      await using capture = await openSavefile(path);
      await capture.scan({ select: () => () => 1, sink });
      sink.close();
      tally.check(readFileSync(copy).equals(readFileSync(path)), () => row.file);
    }
    tally.finish(t);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const complaint = test.macro({
  title: (_, path: string) => `opening ${path}`,
  async exec(t, path: string, expected: RegExp) {
    const error = await t.throwsAsync(openSavefile(path), { instanceOf: CaptureError });
    t.regex(error.message, expected);
  },
});
test(complaint, '/nowhere/x.pcap', /^\/nowhere\/x\.pcap: No such file or directory$/);
test(complaint, tmpdir(), /: error reading dump file: Is a directory$/);
test(
  complaint,
  '/dev/null',
  /^\/dev\/null: truncated dump file; tried to read 4 file header bytes, only got 0/,
);

test('a full disk is an error', (t) => {
  const sink = new FileSink('/dev/full');
  t.throws(() => sink.write(new Uint8Array(10)), {
    instanceOf: CaptureError,
    message: /No space left on device/i,
  });
});

test('gathering: the same bytes, in writes that begin at pages of the file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-gathering-'));
  const path = join(folder, 'gathered');
  const pieces = fc.array(fc.oneof(fc.nat(100), fc.nat(40_000), fc.nat(400_000)), { maxLength: 12 });
  try {
    assertProperty(
      t,
      fc.property(pieces, fc.nat(255), (lengths, seed) => {
        const file = new FileSink(path);
        const starts: number[] = [];
        const write = file.write.bind(file);
        file.write = (bytes, start, end) => {
          starts.push(file.bytesWritten);
          write(bytes, start, end);
        };
        const sink = new GatheringSink(file);
        const sent = lengths.map((length, index) => new Uint8Array(length).fill(seed + index));
        for (const piece of sent) {
          const inTheMiddle = Uint8Array.of(1, 2, 3, ...piece, 4);
          sink.write(inTheMiddle, 3, 3 + piece.length);
          inTheMiddle.fill(0); // the caller reads into the same memory next
        }
        sink.flush();
        file.close();
        t.true(readFileSync(path).equals(Buffer.concat(sent)));
        t.true(starts.every((start) => start % 4096 === 0));
      }),
      { numRuns: 40 },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
