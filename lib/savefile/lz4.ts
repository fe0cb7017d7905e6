/**
 * LZ4 frames, decompressed block by block (LZ4 Frame Format 1.6.2 and LZ4 Block Format, by Y. Collet).
 *
 *      0       4     5    6                         HC
 *     +-------+-----+----+--------------+---------+----+---------------------+---------+
 *     | magic | FLG | BD | content size | dict ID | HC | size, block, ... , 0 | xxh32   |
 *     +-------+-----+----+--------------+---------+----+---------------------+---------+
 *
 * Memory is bounded by the format: a block holds at most 4 MiB, matches reach back 64 KiB. All
 * checksums present are verified, so that damage is an error and not other packets.
 */

import { type ByteQueue, corrupt } from './byteQueue.js';
import { CaptureError } from './error.js';
import { framesOf } from './frames.js';
import { XxHash32 } from './xxhash.js';

const FRAME_MAGIC = 0x184d2204;
const HISTORY = 65_536;

/**
 * Decompresses one or more LZ4 frames.
 *
 * @returns Pieces of the contents; each is overwritten by the next.
 * @throws CaptureError `corrupt` or `truncated`, after everything before the damage was given out.
 */
export async function* decompressLz4(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* framesOf(chunks, FRAME_MAGIC, 'lz4', decompressFrame);
}

async function* decompressFrame(input: ByteQueue): AsyncGenerator<Uint8Array, void, undefined> {
  await input.need(2);
  const flags = input.peek(0);
  const blockCode = (input.peek(1) >> 4) & 7;
  if (flags >> 6 !== 1 || blockCode < 4) throw corrupt('unknown lz4 frame version or block size');
  const linked = (flags & 0x20) === 0;
  const blockChecksum = (flags & 0x10) !== 0;
  const contentChecksum = (flags & 0x04) !== 0;
  const descriptorLength = 2 + ((flags & 0x08) !== 0 ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0);
  if ((flags & 0x01) !== 0) throw new CaptureError('unsupported', 'lz4 frame needs a dictionary');
  await input.need(descriptorLength + 1);
  const descriptor = input.take(descriptorLength);
  const hash = new XxHash32();
  hash.update(descriptor);
  if (input.take(1)[0] !== ((hash.digest() >>> 8) & 0xff)) throw corrupt('lz4 frame header checksum differs');

  const blockMax = 1 << (8 + 2 * blockCode);
  const output = new Uint8Array(HISTORY + blockMax);
  const content = new XxHash32();
  let history = 0;
  for (;;) {
    await input.need(4);
    const size = input.u32();
    if (size === 0) break;
    const stored = size >>> 31 === 1;
    const length = size & 0x7fff_ffff;
    if (length > blockMax) throw corrupt(`lz4 block of ${length} bytes, more than ${blockMax}`);
    await input.need(length + (blockChecksum ? 4 : 0));
    const block = input.take(length);
    if (blockChecksum && input.u32() !== new XxHash32().update(block).digest()) {
      throw corrupt('lz4 block checksum differs');
    }
    let end: number;
    if (stored) {
      output.set(block, history);
      end = history + length;
    } else {
      end = decompressBlock(block, output, history, history + blockMax);
    }
    const piece = output.subarray(history, end);
    if (contentChecksum) content.update(piece);
    yield piece;
    history = linked ? Math.min(end, HISTORY) : 0;
    if (history > 0) output.copyWithin(0, end - history, end);
  }
  if (!contentChecksum) return;
  await input.need(4);
  if (input.u32() !== content.digest()) throw corrupt('lz4 content checksum differs');
}

/**
 * Decompresses one block to `output[start]` and on; matches reach back to `output[0]`.
 *
 * @returns The end of what was written, at most `limit`.
 */
function decompressBlock(block: Uint8Array, output: Uint8Array, start: number, limit: number): number {
  let from = 0;
  let to = start;
  while (from < block.length) {
    const token = block[from++]!;
    let literals = token >> 4;
    if (literals === 15) {
      for (let byte = 255; byte === 255; literals += byte) {
        if (from >= block.length) throw corrupt('lz4 block ends inside a length');
        byte = block[from++]!;
      }
    }
    if (from + literals > block.length || to + literals > limit) throw corrupt('lz4 literals overrun');
    for (let i = 0; i < literals; i++) output[to++] = block[from++]!;
    if (from === block.length) return to; // the last sequence has no match
    if (from + 2 > block.length) throw corrupt('lz4 block ends inside an offset');
    const distance = block[from]! | (block[from + 1]! << 8);
    from += 2;
    if (distance === 0 || distance > to) throw corrupt('lz4 match reaches before the start');
    let length = (token & 15) + 4;
    if (length === 19) {
      for (let byte = 255; byte === 255; length += byte) {
        if (from >= block.length) throw corrupt('lz4 block ends inside a length');
        byte = block[from++]!;
      }
    }
    if (to + length > limit) throw corrupt('lz4 match overruns');
    for (let i = 0; i < length; i++, to++) output[to] = output[to - distance]!; // may overlap itself
  }
  throw corrupt('lz4 block has no last literals');
}
