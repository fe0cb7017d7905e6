/** The bytes of a capture file, decompressed where they are compressed. */

import { decompressLz4 } from '../../../lib/playground.js';

export async function plainBytes(bytes: Uint8Array): Promise<Uint8Array> {
  const magic = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  // A frame that is skipped may come first: RFC 8878 §3.1.2.
  const isSkipped = magic >>> 28 === 5 && (magic & 0xff_ffff) === 0x2a4d18;
  switch (isSkipped ? 0x28b52ffd : magic) {
    case 0x28b52ffd: {
      const { decompress } = await import('fzstd');
      return decompress(bytes);
    }
    case 0x04224d18: {
      const pieces: Uint8Array[] = [];
      for await (const piece of decompressLz4([bytes])) pieces.push(piece.slice());
      return joined(pieces);
    }
    default:
      return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes) : bytes;
  }
}

/**
 * Browsers read one member, and do not say where it ends: where that is not the end of the file, it is where the bytes
 * that begin a member come next and what lies before them is sound.
 */
async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  const starts = [...startsOf(bytes), bytes.length];
  const last = starts.length - 1;
  for (let at = 0; at < last; ) {
    let member: Member | undefined;
    // The bytes that begin a member may stand in the data of another, but not often.
    const ends = Array.from({ length: Math.min(MOST_TRIED, last - at) }, (_, by) => at + 1 + by);
    for (const end of at === 0 ? [last, ...ends] : ends) {
      member = await inflated(bytes.subarray(starts[at], starts[end]));
      if (!member.isWhole) continue;
      at = end;
      break;
    }
    pieces.push(...member!.pieces);
    // What can be read of a member that is cut is a capture that is cut.
    if (!member!.isWhole) break;
  }
  return joined(pieces);
}

const MOST_TRIED = 32;

/** Where members may begin: RFC 1952 §2.3. */
function startsOf(bytes: Uint8Array): number[] {
  const starts: number[] = [];
  for (let at = bytes.indexOf(0x1f); at >= 0; at = bytes.indexOf(0x1f, at + 1))
    if (bytes[at + 1] === 0x8b && bytes[at + 2] === 8 && (bytes[at + 3] ?? 0xff) < 0x20) starts.push(at);
  return starts;
}

interface Member {
  readonly pieces: readonly Uint8Array[];
  readonly isWhole: boolean;
}

const PIECE = 65_536;

/** What comes out of bytes that should be one member. */
async function inflated(bytes: Uint8Array): Promise<Member> {
  const { readable, writable } = new DecompressionStream('gzip');
  const pieces: Uint8Array[] = [];
  const reader = readable.getReader();
  const writer = writable.getWriter();
  const reading = (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) pieces.push(read.value);
  })();
  const writing = (async () => {
    for (let at = 0; at < bytes.length; at += PIECE)
      await writer.write(bytes.subarray(at, at + PIECE) as Uint8Array<ArrayBuffer>);
    await writer.close();
  })();
  const ended = await Promise.allSettled([reading, writing]);
  return { pieces, isWhole: ended.every(({ status }) => status === 'fulfilled') };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
