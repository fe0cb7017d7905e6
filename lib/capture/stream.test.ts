/** Filtering as a stream: the errors that arrive, the counts, the ways to end it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import test from 'ava';
import { compile } from '../filter/index.js';
import { CaptureError } from '../savefile/index.js';
import { FilterError } from '../source.js';
import { projectRoot } from '../testing/vectors.js';
import { type FilterStreamOptions, filterStream } from './stream.js';

const HTTP = readFileSync(join(projectRoot, 'captures', 'http.pcap'));

/** Chunks of a few bytes, so that input remains when something fails. */
function* pieces(bytes: Uint8Array, size = 100): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function run(bytes: Uint8Array, expression: string, options?: FilterStreamOptions) {
  const out: Uint8Array[] = [];
  const stream = filterStream(compile(expression), options);
  const collect = new Writable({
    write(chunk: Uint8Array, _, done) {
      out.push(chunk);
      setImmediate(done);
    },
  });
  let error: Error | undefined;
  try {
    await pipeline(Readable.from(pieces(bytes), { objectMode: false }), stream, collect);
  } catch (thrown) {
    error = thrown as Error;
  }
  return { bytes: Buffer.concat(out), error, read: stream.packetsRead, matched: stream.packetsMatched };
}

test('gives the matching packets, and counts', async (t) => {
  const { bytes, error, read, matched } = await run(HTTP, 'tcp dst port 80');
  t.is(error, undefined);
  t.deepEqual([read, matched], [30, 18]);
  const again = await run(bytes, '');
  t.deepEqual([again.read, Buffer.compare(again.bytes, bytes)], [18, 0]);
});

test('what is no capture is a CaptureError, with much input left', async (t) => {
  const { error } = await run(Buffer.alloc(500_000, 'no capture'), 'ip');
  t.true(error instanceof CaptureError, `${error}`);
  t.is((error as CaptureError).code, 'unknown-format');
});

test('damage in the middle is a CaptureError, after what comes before', async (t) => {
  const damaged = Buffer.concat([HTTP, Buffer.alloc(100_000, 0xff)]);
  const stream = filterStream(compile(''));
  Readable.from(pieces(damaged), { objectMode: false }).pipe(stream);
  const given: Uint8Array[] = [];
  const error = await t.throwsAsync(
    async () => {
      for await (const chunk of stream) given.push(chunk);
    },
    { instanceOf: CaptureError },
  );
  t.is(error.code, 'corrupt');
  t.deepEqual(Buffer.concat(given), HTTP);
});

test('a link type that the expression cannot be compiled for is a FilterError', async (t) => {
  const raw = readFileSync(join(projectRoot, 'captures', 'raw-ip.pcap'));
  const { error } = await run(raw, 'ether host 2:0:0:0:0:1');
  t.true(error instanceof FilterError, `${error}`);
});

test('a limit ends it without an error, whatever is still written', async (t) => {
  const { bytes, error, matched } = await run(Buffer.concat([HTTP, HTTP.subarray(24)]), 'tcp', { limit: 3 });
  t.is(error, undefined);
  t.is(matched, 3);
  t.is((await run(bytes, '')).read, 3);
});

test('a signal ends it with its reason', async (t) => {
  const stop = new AbortController();
  const stream = filterStream(compile('ip'), { signal: stop.signal });
  const input = new PassThrough();
  input.write(HTTP.subarray(0, 1000));
  const ended = pipeline(input, stream, new PassThrough().resume());
  setTimeout(() => stop.abort(new Error('enough')), 20);
  await t.throwsAsync(ended, { message: 'enough' });
  const late = filterStream(compile('ip'), { signal: stop.signal });
  await t.throwsAsync(pipeline(Readable.from([HTTP]), late, new PassThrough().resume()), {
    message: 'enough',
  });
});

test('a reader that goes away ends it', async (t) => {
  const stream = filterStream(compile('ip'));
  const input = Readable.from(pieces(HTTP, 10));
  input.pipe(stream);
  for await (const _ of stream) break;
  t.true(stream.destroyed);
});

test('tells how far it has come, and waits for its reader', async (t) => {
  const seen: number[] = [];
  await run(HTTP, 'ip', { onProgress: ({ read, bytes }) => seen.push(read, bytes) });
  t.deepEqual(seen.slice(-2), [30, HTTP.length]);
  t.true(seen.length > 20);
  const stream = filterStream(compile('ip'));
  const records = HTTP.subarray(24);
  let taken = 0;
  const input = new Readable({
    read() {
      this.push(taken++ === 0 ? HTTP : records);
    },
  });
  input.pipe(stream);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.true(taken < 50, `nobody reads, and ${taken} chunks were taken`);
  input.destroy();
  stream.destroy();
});

test('wrong options are refused', (t) => {
  const filter = compile('ip');
  t.throws(() => filterStream(filter, { limit: '3' } as never), {
    instanceOf: TypeError,
    message: "filterStream(): option limit must be a whole number from 0 on, got '3'",
  });
  t.throws(() => filterStream(filter, { signals: 1 } as never), { message: /did you mean 'signal'/ });
});
