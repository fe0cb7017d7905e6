/**
 * Captures in files, pipes and streams: the Node half of reading, and the sink that a scan writes to.
 */

import * as fs from 'node:fs';
import { CaptureError } from './error.js';
import { ioError } from './ioError.js';
import { pipeSource } from './pipe.js';
import { type Capture, openSource, type ReadOptions, readMagic } from './reader.js';
import { recogniseCompression } from './recognise.js';
import type { Sink } from './sink.js';
import { type Chunks, chunkSource, type Source } from './source.js';
import { Window } from './window.js';

/** Compressed bytes read at a time. */
const COMPRESSED_CHUNK = 262_144;
/** Milliseconds to wait before a descriptor that would block is tried again. */
const RETRY = 2;

/** Lets the event loop have its turn. */
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/**
 * Opens a capture as `openCapture` does, for callers with a selection of their own or none: needs no engine.
 *
 * @param input - A path; a file descriptor, which stays open unless it is a pipe or socket; or chunks of
 *   bytes, as from a stream.
 * @throws CaptureError where the input cannot be opened or is no capture.
 */
export async function openSavefile(
  input: string | number | Chunks,
  options: ReadOptions = {},
): Promise<Capture> {
  const name = options.name ?? (typeof input === 'string' ? input : '');
  const window = new Window(options.chunkSize);
  const source = await openInput(input, name);
  try {
    await readMagic(source, window, options.signal);
    const compression = recogniseCompression(window);
    if (compression === undefined) return openSource(source, window, undefined, { ...options, name });
    // Loaded when needed: most captures are not compressed, and start-up time counts.
    const { decompress } = await import('./compression.js');
    const contents = chunkSource(decompress(compression, chunksOf(source, window)));
    const closeBoth = async () => {
      await contents.close();
      await source.close();
    };
    const inner = { read: contents.read, breathe: turn, close: closeBoth };
    return openSource(inner, new Window(options.chunkSize), compression, { ...options, name });
  } catch (error) {
    await source.close();
    throw error instanceof CaptureError ? error.in(name) : error;
  }
}

/** Opening a FIFO waits for its writer: not on this thread. Anything else is opened sooner than a thread starts. */
async function open(path: string, name: string): Promise<number> {
  try {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return fs.openSync(path, 'r');
    return await new Promise((resolve, reject) => {
      fs.open(path, 'r', (error, descriptor) => (error === null ? resolve(descriptor) : reject(error)));
    });
  } catch (error) {
    throw ioError(error, name);
  }
}

async function openInput(input: string | number | Chunks, name: string): Promise<Source> {
  if (typeof input === 'object') return chunkSource(input);
  const descriptor = typeof input === 'number' ? input : await open(input, name);
  const doing = 'error reading dump file';
  const kind = fs.fstatSync(descriptor);
  if (kind.isFIFO() || kind.isSocket()) return pipeSource(descriptor, input, name);
  const close = async () => {
    if (typeof input === 'string') fs.closeSync(descriptor);
  };
  return {
    ...(kind.isFile() ? { size: kind.size } : {}),
    read(window) {
      try {
        const count = fs.readSync(descriptor, window.bytes, window.end, window.room, null);
        window.end += count;
        return count;
      } catch (error) {
        throw ioError(error, name, doing);
      }
    },
    breathe: turn,
    close,
  };
}

/** What is in the window, then what the source reads, in chunks of their own memory. */
async function* chunksOf(source: Source, window: Window): AsyncGenerator<Uint8Array, void, undefined> {
  yield window.bytes.slice(window.start, window.end);
  for (;;) {
    const piece = new Window(COMPRESSED_CHUNK);
    if ((await source.read(piece)) === 0) return;
    yield piece.bytes.subarray(0, piece.end);
  }
}

/** Follows what is written to a file. Throws nothing: the file comes first. */
export interface Follower {
  take(bytes: Uint8Array, start: number, end: number): void;
  /** The file is closed. */
  end(): void;
}

/**
 * A file or descriptor that a scan or a writer puts bytes into. Writes are synchronous and complete, or
 * throw: a full disk or a closed pipe never passes unnoticed.
 */
export class FileSink implements Sink {
  readonly name: string;
  /** Bytes written so far. */
  bytesWritten = 0;
  /** Sees what is written as well. */
  follower: Follower | undefined;
  protected readonly descriptor: number;
  private readonly owned: boolean;
  private closed = false;

  /**
   * @param target - A path, created or emptied; or a descriptor, which stays open.
   * @param inputs - Paths that must not be the same file as the target, because they are being read.
   * @throws CaptureError where the file cannot be created.
   */
  constructor(target: string | number, ...inputs: readonly string[]) {
    this.owned = typeof target === 'string';
    this.name = typeof target === 'string' ? target : '';
    if (typeof target === 'number') {
      this.descriptor = target;
      return;
    }
    if (inputs.some((input) => sameFile(target, input))) {
      throw new CaptureError('io', 'is the file that is being read; write to another one', { path: target });
    }
    try {
      this.descriptor = fs.openSync(target, 'w');
    } catch (error) {
      throw ioError(error, target);
    }
  }

  write(bytes: Uint8Array, start = 0, end = bytes.length): void {
    for (let at = start; at < end; ) {
      try {
        const count = fs.writeSync(this.descriptor, bytes, at, end - at);
        this.follower?.take(bytes, at, at + count);
        at += count;
        this.bytesWritten += count;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw ioError(error, this.name);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY);
      }
    }
  }

  /** Closes the file, unless it was handed in as a descriptor. */
  close(): void {
    if (this.closed || !this.owned) return;
    this.closed = true;
    try {
      fs.closeSync(this.descriptor);
    } catch (error) {
      throw ioError(error, this.name);
    } finally {
      this.follower?.end();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Bytes that a {@link GatheringSink} hands on at a time: a multiple of any page. */
const GATHERED = 131_072;

/**
 * Makes few long writes of many short ones. Between pieces that begin at pages of the file the system keeps larger
 * folios and touches no page twice: 55 MB in pieces of 29 KB took 20 ms to write and 48 to remove, in pieces of this
 * size 9 and 18.
 */
export class GatheringSink implements Sink {
  private readonly sink: FileSink;
  private readonly gathered = new Uint8Array(GATHERED);
  private length = 0;

  /** @param sink - Gets the bytes; whoever made it closes it. */
  constructor(sink: FileSink) {
    this.sink = sink;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const left = end - at;
      if (this.length === 0 && left >= GATHERED) {
        const whole = left - (left % GATHERED);
        this.sink.write(bytes, at, at + whole);
        at += whole;
        continue;
      }
      const count = Math.min(left, GATHERED - this.length);
      this.gathered.set(bytes.subarray(at, at + count), this.length);
      this.length += count;
      at += count;
      if (this.length === GATHERED) this.flush();
    }
  }

  flush(): void {
    const { length } = this;
    this.length = 0;
    if (length > 0) this.sink.write(this.gathered, 0, length);
  }
}

/** Bytes that one of {@link ManyFiles} keeps back, and all of them. */
const KEPT_BACK = 65_536;
const ALL_KEPT_BACK = 1 << 26;

/** Files that are open only while bytes are put into them: there may be more of them than descriptors. */
export class ManyFiles {
  private readonly inputs: readonly string[];
  private readonly waiting = new Set<ReopenedSink>();
  private length = 0;

  /** @param inputs - As of a {@link FileSink}. */
  constructor(...inputs: readonly string[]) {
    this.inputs = inputs;
  }

  /**
   * @param path - Created or emptied.
   * @throws CaptureError where the file cannot be created.
   */
  create(path: string): Sink {
    new FileSink(path, ...this.inputs).close();
    return new ReopenedSink(path, (sink, change) => {
      this.length += change;
      if (change > 0) this.waiting.add(sink);
      else this.waiting.delete(sink);
      if (this.length > ALL_KEPT_BACK) for (const one of this.waiting) one.flush();
    });
  }
}

class ReopenedSink implements Sink {
  private readonly path: string;
  /** Told how many bytes more are kept back, or how many fewer. */
  private readonly tell: (sink: ReopenedSink, change: number) => void;
  private chunks: Uint8Array[] = [];
  private length = 0;

  constructor(path: string, tell: (sink: ReopenedSink, change: number) => void) {
    this.path = path;
    this.tell = tell;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.chunks.push(bytes.slice(start, end));
    this.length += end - start;
    this.tell(this, end - start);
    if (this.length >= KEPT_BACK) this.flush();
  }

  /** @throws CaptureError where the file cannot be written. */
  flush(): void {
    const { chunks, length, path } = this;
    if (length === 0) return;
    this.chunks = [];
    this.length = 0;
    this.tell(this, -length);
    try {
      fs.appendFileSync(path, Buffer.concat(chunks));
    } catch (error) {
      throw ioError(error, path);
    }
  }
}

function sameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map(kindOf);
  return (
    one !== undefined && other !== undefined && one.isFile() && one.ino === other.ino && one.dev === other.dev
  );
}

/** `undefined` for what is not there or not to be seen: such a file cannot be written to by mistake either. */
function kindOf(path: string): fs.Stats | undefined {
  try {
    return fs.statSync(path);
  } catch {
    return undefined;
  }
}
