/** The bytes of a capture file, decompressed where they are compressed. */

import { decompressLz4 } from '../../../lib/playground.js';

export async function plainBytes(bytes: Uint8Array): Promise<Uint8Array> {
  switch (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)) {
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

/** Browsers tell neither how far they came nor why they stopped. */
async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
  try {
    const plain = new Response(stream.pipeThrough(new DecompressionStream('gzip')));
    return new Uint8Array(await plain.arrayBuffer());
  } catch {
    throw new Error('is damaged or cut, or has several members, of which browsers read the first alone');
  }
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
