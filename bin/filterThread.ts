/**
 * The thread of `--jobs`: filters one savefile after another, and posts what matches, as a savefile of the same
 * kind, in chunks. Whoever started it takes them in the order of the files.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { openSavefile } from '../lib/command.js';
import { CaptureError, FilterError, selectionOf } from '../lib/index.js';
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
export type ToThread = { readonly kind: 'file'; readonly name: string } | { readonly kind: 'taken' };

export type FromThread =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array }
  /** Errors cross threads as what they are made of. */
  | { readonly kind: 'end'; readonly matched: number; readonly failure?: Failure };

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
  const filterOne = async (name: string): Promise<void> => {
    let matched = 0;
    let failure: Failure | undefined;
    try {
      await using capture = await openSavefile(name, { name });
      const selection = source.trim() === '' ? {} : selectionOf(filterOf(source, options, loader));
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
  port.on('message', (message: ToThread) => {
    if (message.kind === 'file') void filterOne(message.name);
    else {
      waiting--;
      wake();
    }
  });
}

function describeFailure(error: unknown): Failure {
  if (error instanceof FilterError) return { message: describeFilterError(error) };
  if (!(error instanceof CaptureError))
    return { message: error instanceof Error ? error.message : `${error}` };
  const { code, reason, path, offset } = error;
  return { code, reason, path, offset };
}

if (workerData !== null) void serve();
