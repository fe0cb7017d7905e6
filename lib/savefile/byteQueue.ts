/**
 * Compressed bytes as they come in, taken out in the pieces that a format asks for; and the two errors
 * that all decompressors share.
 */

import { CaptureError } from './error.js';

/** Bytes in the order they came. Chunks must not be overwritten once they are handed in. */
export class ByteQueue {
  private readonly iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  private bytes: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.iterator =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
  }

  /** Bytes at hand. */
  get length(): number {
    return this.bytes.length;
  }

  /** Waits for `count` bytes; `false` where the input ends before. */
  async has(count: number): Promise<boolean> {
    if (this.bytes.length >= count) return true;
    if (this.bytes.length === 0) {
      const next = await this.iterator.next();
      if (next.done === true) return false;
      this.bytes = next.value;
      return this.has(count);
    }
    const parts = [this.bytes];
    let length = this.bytes.length;
    while (length < count) {
      const next = await this.iterator.next();
      if (next.done === true) break;
      parts.push(next.value);
      length += next.value.length;
    }
    const joined = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    this.bytes = joined;
    return length >= count;
  }

  async need(count: number): Promise<void> {
    if (!(await this.has(count))) throw truncated();
  }

  async skip(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      await this.need(1);
      left -= this.take(Math.min(left, this.bytes.length)).length;
    }
  }

  /** Gives back bytes that were taken last. */
  unread(bytes: Uint8Array): void {
    const joined = new Uint8Array(bytes.length + this.bytes.length);
    joined.set(bytes);
    joined.set(this.bytes, bytes.length);
    this.bytes = joined;
  }

  /** Up to `most` bytes, at least one; `undefined` at the end of the input. */
  async some(most: number): Promise<Uint8Array | undefined> {
    return (await this.has(1)) ? this.take(Math.min(most, this.bytes.length)) : undefined;
  }

  peek(at: number): number {
    return this.bytes[at]!;
  }

  /** The next `count` bytes, which must be at hand. */
  take(count: number): Uint8Array {
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  u32(): number {
    return readU32(this.take(4), 0);
  }
}

/** Little endian. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

export function corrupt(reason: string): CaptureError {
  return new CaptureError('corrupt', `compressed data is damaged: ${reason}`);
}

export function truncated(): CaptureError {
  return new CaptureError('truncated', 'truncated dump file; its compressed data is cut short');
}
