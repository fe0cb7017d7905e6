/**
 * Where the bytes of a capture come from: something that fills a window.
 */

import type { Window } from './window.js';

export interface Source {
  /**
   * Appends bytes to the window, which has room. Gives how many; 0 at the end of the input. A source
   * that need not wait answers with the number itself.
   */
  read(window: Window): number | Promise<number>;
  /** Bytes there are to read, where that is known beforehand. */
  readonly size?: number;
  /** Packets that others have gone through in place of what is read here, and how many of them match. */
  readonly elsewhere?: { readonly packets: number; readonly matched: number };
  /** Lets timers and signals have their turn, where reading never waits. */
  readonly breathe?: () => Promise<void>;
  close(): void | Promise<void>;
}

/** Chunks of bytes from anywhere: an array, a generator, a Node stream, a Web stream. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** A source over chunks of any size. */
export function chunkSource(chunks: Chunks): Source {
  const iterator = iterate(chunks);
  let chunk: Uint8Array = new Uint8Array(0);
  let used = 0;
  return {
    async read(window) {
      while (used === chunk.length) {
        const next = await iterator.next();
        if (next.done === true) return 0;
        chunk = next.value;
        used = 0;
      }
      const count = window.append(chunk, used);
      used += count;
      return count;
    },
    // Chunks that are at hand are waited for without anything else having its turn.
    breathe: () => new Promise((resolve) => setTimeout(resolve)),
    async close() {
      await iterator.return?.();
    },
  };
}

function iterate(chunks: Chunks): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (Symbol.asyncIterator in chunks) return chunks[Symbol.asyncIterator]();
  if (Symbol.iterator in chunks) return chunks[Symbol.iterator]();
  return readStream(chunks);
}

/** Web streams are not iterable everywhere yet. */
async function* readStream(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
