/**
 * Output that never blocks on a pipe that nobody reads.
 *
 * A write to a full pipe stops the thread, and with it every signal and the counts at the end of a capture. So a pipe is
 * asked first, by poll(2), whether it takes a piece; what it does not take yet waits in memory, and whoever writes waits
 * for that with {@link PacedSink.drained} before taking more. The pipe stays in blocking mode, because others may share it.
 */

import { fstatSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { FileSink } from '../savefile/node.js';
import { koffiOrNothing } from './koffi.js';

/** PIPE_BUF of limits.h: a pipe that is ready takes so many bytes without blocking. */
const PIECE = 4096;
const POLLOUT = 4;
const POLLERR = 8;
const RETRY_MS = 10;

type Poll = (descriptors: Buffer, count: number, timeoutMs: number) => number;

/** A {@link FileSink} for a program that has to stay awake. Regular files are written to as they are there. */
export class PacedSink extends FileSink {
  private readonly poll: Poll | undefined;
  private waiting: Uint8Array[] = [];
  private unwrittenBytes = 0;

  /** @throws CaptureError where the file cannot be created. */
  constructor(target: string | number, ...inputs: readonly string[]) {
    super(target, ...inputs);
    this.poll = fstatSync(this.descriptor).isFile() ? undefined : loadPoll();
  }

  /** Bytes that wait for the reader. */
  get unwritten(): number {
    return this.unwrittenBytes;
  }

  override write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    if (this.poll === undefined) {
      super.write(bytes, start, end);
      return;
    }
    let at = start;
    if (this.unwrittenBytes === 0)
      for (; at < end && this.isReady(); at = Math.min(at + PIECE, end))
        super.write(bytes, at, Math.min(at + PIECE, end));
    if (at === end) return;
    this.waiting.push(bytes.slice(at, end));
    this.unwrittenBytes += end - at;
  }

  /**
   * Settles when the reader has taken everything, or when it is not waited for any more: see `unwritten`.
   *
   * @param patient - Asked again and again whether to go on waiting.
   * @throws CaptureError where the reader has gone.
   */
  async drained(patient: () => boolean = () => true): Promise<void> {
    while (this.unwrittenBytes > 0) {
      const pieces = this.waiting;
      this.waiting = [];
      this.unwrittenBytes = 0;
      for (const piece of pieces) this.write(piece);
      if (this.unwrittenBytes === 0) return;
      if (!patient()) return;
      await setTimeout(RETRY_MS);
    }
  }

  /** Whether a piece can be written without blocking; a pipe without a reader is ready to say so. */
  private isReady(): boolean {
    const request = Buffer.alloc(8); // struct pollfd
    request.writeInt32LE(this.descriptor, 0);
    request.writeInt16LE(POLLOUT, 4);
    this.poll!(request, 1, 0);
    return (request.readInt16LE(6) & (POLLOUT | POLLERR)) !== 0;
  }
}

function loadPoll(): Poll | undefined {
  const koffi = koffiOrNothing() as typeof import('koffi')['default'] | undefined;
  return koffi?.load(null).func('int poll(_Inout_ uint8_t *, unsigned long, int)');
}
