/**
 * Filtering a capture as a stream in a pipeline. Apart from files.ts, because Node's streams take longer to load
 * than a small file takes to filter.
 */

import { Duplex } from 'node:stream';
import { checkArgument, checkOptions, FUNCTION, LIMIT, OBJECT, SIGNAL } from '../arguments.js';
import type { Filter } from '../filter/index.js';
import type { Capture, Sink } from '../savefile/index.js';
import { openCapture, type Progress } from './files.js';

/** How a stream is filtered. */
export interface FilterStreamOptions {
  /** End after this many matches; what else is written to the stream is thrown away. */
  readonly limit?: number | undefined;
  /** Destroys the stream with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far it has come, each time that more bytes are asked for and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Milliseconds between looks at whether everything was read. */
const DRAINING = 5;

const RULES = { limit: LIMIT, signal: SIGNAL, onProgress: FUNCTION };

/**
 * A stream that takes a capture and gives the same with the matching packets only, for
 * `pipeline(process.stdin, filterStream(filter), process.stdout)`. Reads and writes as fast as its reader takes.
 *
 * It fails with what is wrong: a CaptureError where the input is no capture or is damaged, after what could be read
 * has been given; a FilterError where the expression has no meaning on a link type.
 */
export function filterStream(filter: Filter, options: FilterStreamOptions = {}): FilterStream {
  checkArgument('filterStream()', 'the filter', filter, OBJECT);
  checkOptions('filterStream()', options, RULES);
  return new FilterStream(filter, options);
}

/** What {@link filterStream} gives: a stream with counts. */
export class FilterStream extends Duplex {
  private readonly options: FilterStreamOptions;
  private readonly stop = new AbortController();
  private capture: Capture | undefined;
  /** A chunk that was written and is not read yet, and what to call then. */
  private pending: { readonly chunk: Uint8Array; readonly taken: () => void } | undefined;
  private inputEnded = false;
  private done = false;
  private wakeReader: () => void = () => {};
  private wakeWriter: () => void = () => {};
  private finished: () => void = () => {};

  /** Use {@link filterStream}. */
  constructor(filter: Filter, options: FilterStreamOptions) {
    super();
    this.options = options;
    const { signal } = options;
    if (signal?.aborted) this.destroy(signal.reason);
    else {
      const abort = () => this.destroy(signal!.reason);
      signal?.addEventListener('abort', abort, { once: true });
      this.once('close', () => signal?.removeEventListener('abort', abort));
      this.run(filter).catch((error) => this.destroy(error));
    }
  }

  /** Packets read so far. */
  get packetsRead(): number {
    return this.capture?.packetsRead ?? 0;
  }

  /** Packets that match so far. */
  get packetsMatched(): number {
    return this.capture?.packetsMatched ?? 0;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, taken: () => void): void {
    if (this.done) {
      taken();
      return;
    }
    this.pending = { chunk, taken };
    this.wakeReader();
  }

  override _final(callback: () => void): void {
    this.inputEnded = true;
    this.wakeReader();
    if (this.done) callback();
    else this.finished = callback;
  }

  override _read(): void {
    this.wakeWriter();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.stop.abort(error ?? new Error('the stream was closed'));
    this.wakeReader();
    this.wakeWriter();
    callback(error);
  }

  private async run(filter: Filter): Promise<void> {
    const { limit, onProgress } = this.options;
    const { signal } = this.stop;
    const tell = () =>
      onProgress?.({
        read: this.packetsRead,
        matched: this.packetsMatched,
        bytes: this.capture?.bytesRead ?? 0,
      });
    try {
      this.capture = await openCapture(this.chunks(tell), { filter, signal });
      await this.capture.scan({ sink: this.sink(), limit });
      await this.capture.close();
    } catch (error) {
      // To fail at once would throw away what was given and not read yet.
      while (!this.destroyed && this.readableLength > 0)
        await new Promise((resolve) => setTimeout(resolve, DRAINING));
      if (this.destroyed) return;
      throw error;
    }
    tell();
    this.done = true;
    this.push(null);
    this.pending?.taken();
    this.pending = undefined;
    this.finished();
  }

  private async *chunks(tell: () => void): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      while (this.pending === undefined && !this.inputEnded && !this.destroyed)
        await new Promise<void>((resolve) => (this.wakeReader = resolve));
      const { pending } = this;
      if (pending === undefined || this.destroyed) return;
      this.pending = undefined;
      try {
        yield pending.chunk;
        tell();
      } finally {
        pending.taken();
      }
    }
  }

  /** Hands on what matches; waits while the reader has enough. */
  private sink(): Sink {
    return {
      write: async (bytes, start, end) => {
        if (this.push(bytes.slice(start, end))) return;
        await new Promise<void>((resolve) => (this.wakeWriter = resolve));
        this.stop.signal.throwIfAborted();
      },
    };
  }
}
