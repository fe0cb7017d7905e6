/**
 * Compressed captures, through node:zlib where it can, for the Node half of this layer.
 *
 * Every decompressor is an asynchronous generator from chunks to chunks: it gives out all that can be
 * decompressed before it complains.
 */

import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import { blockedMembers } from './blockedGzip.js';
import { ByteQueue, corrupt, readU32, truncated } from './byteQueue.js';
import { decompressLz4 } from './lz4.js';
import type { Compression } from './recognise.js';
import { decompressZstd } from './zstd.js';

/** Compressed bytes handed to zlib at a time: deflate makes at most 1032 times as many of them. */
const PIECE = 32_768;

/** The contents of compressed chunks, which must not be overwritten once they are handed in. */
export function decompress(
  compression: Compression,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  switch (compression) {
    case 'gzip':
      return decompressGzip(chunks);
    case 'zstd':
      return decompressZstd(chunks, 'createZstdDecompress' in zlib ? zlibFrame : fzstdFrame);
    case 'lz4':
      return decompressLz4(chunks);
  }
}

/**
 * Gzip members (RFC 1952), one after the other. Only the deflate data goes to zlib: its own gzip reader
 * drops the last output together with a wrong checksum, and stops at a member's end.
 */
async function* decompressGzip(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new ByteQueue(chunks);
  for (;;) {
    yield* blockedMembers(input);
    if (!(await input.has(1))) return;
    // Zero bytes after the last member are padding (gzip(1), "trailing garbage").
    if (input.peek(0) === 0) {
      input.take(1);
      continue;
    }
    await skipGzipHeader(input);
    let crc = 0;
    let length = 0;
    for await (const piece of inflate(input)) {
      crc = zlib.crc32(piece, crc);
      length = (length + piece.length) >>> 0;
      yield piece;
    }
    await input.need(8);
    const trailer = input.take(8);
    if (readU32(trailer, 0) !== crc) throw corrupt('gzip checksum differs');
    if (readU32(trailer, 4) !== length) throw corrupt('gzip length differs');
  }
}

/** RFC 1952 §2.3: ten bytes, then what the flags announce. */
async function skipGzipHeader(input: ByteQueue): Promise<void> {
  await input.need(10);
  const header = input.take(10);
  if (header[0] !== 0x1f || header[1] !== 0x8b || header[2] !== 8) {
    throw corrupt('no gzip member where one should start');
  }
  const flags = header[3]!;
  if ((flags & 0x04) !== 0) {
    await input.need(2);
    const [low, high] = input.take(2) as unknown as [number, number];
    await input.skip(low | (high << 8));
  }
  for (const flag of [0x08, 0x10]) {
    if ((flags & flag) === 0) continue;
    do await input.need(1);
    while (input.take(1)[0] !== 0);
  }
  if ((flags & 0x02) !== 0) await input.skip(2);
}

/** Inflates up to the end of the deflate stream and leaves what follows it in the queue. */
async function* inflate(input: ByteQueue): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = zlib.createInflateRaw({ chunkSize: 65_536 });
  const output = collect(stream);
  let given = 0;
  try {
    for (;;) {
      const piece = await input.some(PIECE);
      if (piece === undefined) {
        await setImmediate(); // output of the last piece may still be on its way
        yield* output.splice(0);
        throw truncated();
      }
      given += piece.length;
      await write(stream, piece);
      yield* output.splice(0);
      const left = given - stream.bytesWritten;
      if (left > 0) {
        // Zlib leaves bytes only behind the end of the data.
        await setImmediate();
        yield* output.splice(0);
        input.unread(piece.subarray(piece.length - left));
        return;
      }
    }
  } finally {
    stream.destroy();
  }
}

/** A zstd frame through the zlib of Node 22.15 and later. */
async function* zlibFrame(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { createZstdDecompress } = zlib as unknown as { createZstdDecompress: () => Transform };
  const stream = createZstdDecompress();
  const output = collect(stream);
  try {
    for await (const piece of pieces) {
      await write(stream, piece);
      yield* output.splice(0);
    }
    stream.end();
    if (!stream.readableEnded) await once(stream, 'end');
    yield* output.splice(0);
  } finally {
    stream.destroy();
  }
}

/**
 * A zstd frame through the JavaScript decoder, which does not verify content checksums.
 *
 * fzstd 0.1.1 keeps every chunk whose end is the end of a block for as long as it lives. So chunks are
 * shifted by a byte: each ends one byte before its last block does.
 */
async function* fzstdFrame(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const { Decompress } = await import('fzstd');
  const output: Uint8Array[] = [];
  const decoder = new Decompress((piece) => output.push(piece));
  let held = new Uint8Array(0);
  for await (const piece of pieces) {
    const shifted = new Uint8Array(held.length + piece.length);
    shifted.set(held);
    shifted.set(piece, held.length);
    held = shifted.slice(-1);
    decoder.push(shifted.subarray(0, -1));
    yield* output.splice(0);
  }
  decoder.push(held, true);
  yield* output.splice(0);
}

/** What a stream gives out, in an array that its consumer empties. */
function collect(stream: Transform): Uint8Array[] {
  const output: Uint8Array[] = [];
  stream.on('data', (piece: Uint8Array) => output.push(piece));
  stream.on('error', () => {}); // reported to the write that met it
  return output;
}

function write(stream: Transform, piece: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(corrupt(error.message));
    stream.once('error', fail);
    stream.write(piece, (error) => {
      stream.off('error', fail);
      if (error != null) fail(error);
      else resolve();
    });
  });
}
