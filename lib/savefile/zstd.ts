/**
 * Zstandard frames (RFC 8878 §3.1), taken apart so that each decoder sees one frame, with a window that
 * has been checked: a decoder may drop what follows the first frame (node:zlib) or believe any size
 * that a header names (fzstd).
 *
 *      0       4     5          6                               last      checksum
 *     +-------+-----+----------+---------+--------------+------ - - - ---+-------+
 *     | magic | FHD | (window) | (dict)  | (content)    | blocks         | (4)   |
 *     +-------+-----+----------+---------+--------------+------ - - - ---+-------+
 */

import { type ByteQueue, corrupt } from './byteQueue.js';
import { CaptureError } from './error.js';
import { framesOf } from './frames.js';

const FRAME_MAGIC = 0xfd2fb528;
/** What the `zstd` command accepts unless told otherwise; RFC 8878 §3.1.1.1.2 asks for at least 8 MiB. */
const MAX_WINDOW = 128 * 1024 * 1024;
const MAX_BLOCK = 128 * 1024;

/** Decompresses the pieces of one whole frame. */
export type FrameDecoder = (pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/**
 * Decompresses one or more frames.
 *
 * @throws CaptureError `corrupt`, `truncated` or `unsupported`, after what came before was given out.
 */
export async function* decompressZstd(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  decode: FrameDecoder,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* framesOf(chunks, FRAME_MAGIC, 'zstd', async function* (input) {
    try {
      yield* decode(framePieces(input));
    } catch (error) {
      throw error instanceof CaptureError ? error : corrupt((error as Error).message);
    }
  });
}

/** The bytes of one frame whose magic number has been read: its header, its blocks, its checksum. */
async function* framePieces(input: ByteQueue): AsyncGenerator<Uint8Array, void, undefined> {
  await input.need(2);
  const flags = input.peek(0);
  const single = (flags & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][flags & 3]!;
  const contentBytes = [single ? 1 : 0, 2, 4, 8][flags >> 6]!;
  const headerLength = 1 + (single ? 0 : 1) + dictionaryBytes + contentBytes;
  if ((flags & 0x08) !== 0) throw corrupt('reserved bit in a zstd frame header');
  await input.need(headerLength);
  const header = input.take(headerLength);
  if (header.subarray(single ? 1 : 2, headerLength - contentBytes).some((byte) => byte !== 0)) {
    throw new CaptureError('unsupported', 'zstd frame needs a dictionary');
  }
  const window = single ? contentSize(header, contentBytes) : windowSize(header[1]!);
  if (window > MAX_WINDOW) {
    throw new CaptureError('unsupported', `zstd window of ${window} bytes, more than ${MAX_WINDOW}`);
  }
  yield Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, ...header);

  for (let last = false; !last; ) {
    await input.need(3);
    const field = input.peek(0) | (input.peek(1) << 8) | (input.peek(2) << 16);
    last = (field & 1) === 1;
    const type = (field >> 1) & 3;
    const size = field >> 3;
    if (type === 3 || size > MAX_BLOCK) throw corrupt('no valid zstd block where one should start');
    const length = 3 + (type === 1 ? 1 : size);
    await input.need(length);
    yield input.take(length);
  }
  if ((flags & 0x04) !== 0) {
    await input.need(4);
    yield input.take(4);
  }
}

function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function contentSize(header: Uint8Array, count: number): number {
  let size = count === 2 ? 256 : 0;
  const field = header.subarray(header.length - count);
  for (const [i, byte] of field.entries()) size += byte * 256 ** i;
  return size;
}
