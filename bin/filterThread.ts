/**
 * The thread of `--jobs`: filters one savefile after another, and posts what matches, as a savefile of the same
 * kind, in chunks. Whoever started it takes them in the order of the files.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openSavefile, type Segment, type SegmentResult, SegmentWalker } from '../lib/command.js';
import { CaptureError, FilterError, type Selection, selectionOf } from '../lib/index.js';
import { filterOf } from './expression.js';
import type { Options } from './options.js';
import { describeFilterError } from './report.js';
import { loaderFor } from './selection.js';

/** What the thread is started with. */
export interface ThreadTask {
  readonly source: string;
  readonly options: Options;
  /** Post what matches; else count only. */
  readonly posts: boolean;
}

/** A savefile to filter, or that a chunk of it has been taken. */
export type ToThread =
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'taken' }
  /** A part of a file to go through. */
  | { readonly kind: 'segment'; readonly name: string; readonly segment: Segment };

export type FromThread = FileMessage | SegmentMessage;

export type FileMessage =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** Errors cross threads as what they are made of. */
  | { readonly kind: 'end'; readonly matched: number; readonly failure?: Failure };

/** What came of a segment; nothing where that could not be found out. */
export interface SegmentMessage {
  readonly kind: 'segment';
  readonly result: SegmentResult | undefined;
}

export type Failure =
  | Pick<CaptureError, 'code' | 'reason' | 'path' | 'offset'>
  | { readonly message: string };

/** Chunks that may wait to be taken: what bounds the memory of files that are filtered ahead of their turn. */
const MOST_WAITING = 8;

export async function serve(): Promise<void> {
  const port = parentPort!;
  const { source, options, posts } = workerData as ThreadTask;
  const loader = await loaderFor(options);
  let waiting = 0;
  let wake: () => void = () => {};
  const sink = {
    async write(bytes: Uint8Array, start: number, end: number): Promise<void> {
      while (waiting >= MOST_WAITING) await new Promise<void>((resolve) => (wake = resolve));
      waiting++;
      const chunk = bytes.slice(start, end);
      port.postMessage({ kind: 'chunk', bytes: chunk } satisfies FromThread, [chunk.buffer]);
    },
  };
  const selectionFor = (): Selection =>
    source.trim() === '' ? {} : selectionOf(filterOf(source, options, loader));
  const filterOne = async (name: string): Promise<void> => {
    let matched = 0;
    let failure: Failure | undefined;
    try {
      await using capture = await openSavefile(name, { name });
      const selection = selectionFor();
      try {
        await capture.scan({ ...selection, ...(posts ? { sink } : {}) });
      } finally {
        matched = capture.packetsMatched;
      }
    } catch (error) {
      failure = describeFailure(error);
    }
    port.postMessage({ kind: 'end', matched, ...(failure && { failure }) } satisfies FromThread);
  };
  const segments = new Segments(selectionFor, posts);
  port.on('message', (message: ToThread) => {
    if (message.kind === 'file') void filterOne(message.name);
    else if (message.kind === 'segment') {
      const { name, segment } = message;
      void segments.walk(name, segment).then((result) => {
        const moved = result?.kept === undefined ? [] : [result.kept.buffer as ArrayBuffer];
        port.postMessage({ kind: 'segment', result } satisfies FromThread, moved);
      });
    } else {
      waiting--;
      wake();
    }
  });
}

/** Walks segments of a file. */
class Segments {
  private readonly selectionFor: () => Selection;
  private readonly keeps: boolean;
  private readonly kept = new Kept();
  private walker: SegmentWalker | undefined;
  private selection: Selection = {};

  constructor(selectionFor: () => Selection, keeps: boolean) {
    this.selectionFor = selectionFor;
    this.keeps = keeps;
  }

  async walk(name: string, segment: Segment): Promise<SegmentResult | undefined> {
    try {
      if (this.walker === undefined) {
        this.walker = await SegmentWalker.open(name);
        this.selection = this.selectionFor();
      }
      const kept = this.keeps ? this.kept : undefined;
      kept?.clear();
      const walked = await this.walker?.walk(segment, this.selection, kept);
      // What it has learnt may be wrong.
      if (walked?.isPlain !== true) await this.forget();
      if (walked === undefined) return undefined;
      // Errors do not cross threads; who reads the file itself meets it again.
      const { failure: _, ...rest } = walked;
      return { ...rest, kept: kept?.bytes.slice() };
    } catch {
      await this.forget();
      return undefined;
    }
  }

  private async forget(): Promise<void> {
    await this.walker?.[Symbol.asyncDispose]();
    this.walker = undefined;
  }
}

/** Gathers the records that match. */
class Kept {
  private memory = new Uint8Array(1 << 16);
  private length = 0;

  /** Keeps the memory: new one takes time to be touched. */
  clear(): void {
    this.length = 0;
  }

  get bytes(): Uint8Array {
    return this.memory.subarray(0, this.length);
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    const length = this.length + end - start;
    if (length > this.memory.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.memory.length));
      larger.set(this.bytes);
      this.memory = larger;
    }
    this.memory.set(bytes.subarray(start, end), this.length);
    this.length = length;
  }
}

function describeFailure(error: unknown): Failure {
  if (error instanceof FilterError) return { message: describeFilterError(error) };
  if (!(error instanceof CaptureError))
    return { message: error instanceof Error ? error.message : `${error}` };
  const { code, reason, path, offset } = error;
  return { code, reason, path, offset };
}

if (workerData !== null) void serve();
