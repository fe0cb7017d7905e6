/** Files of frames one after another, as the formats of Y. Collet have them: LZ4 and Zstandard. */

import { ByteQueue, corrupt, truncated } from './byteQueue.js';

/** Sixteen magic numbers from here on mark frames to be skipped (RFC 8878 §3.1.2), in both formats. */
const SKIPPABLE_MAGIC = 0x184d2a50;

/**
 * The contents of all frames.
 *
 * @param decompress - Gives those of one frame, whose magic number has been read.
 * @throws CaptureError `corrupt` where something else starts than a frame, `truncated` at half a magic number.
 */
export async function* framesOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  frameMagic: number,
  name: string,
  decompress: (input: ByteQueue) => AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const input = new ByteQueue(chunks);
  while (await input.has(4)) {
    const magic = input.u32();
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      await input.need(4);
      await input.skip(input.u32());
    } else if (magic === frameMagic) {
      yield* decompress(input);
    } else {
      throw corrupt(`no ${name} frame where one should start`);
    }
  }
  if (input.length > 0) throw truncated();
}
