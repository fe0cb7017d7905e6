/**
 * `--jobs`: several savefiles filtered at once, each on a thread of its own, and handed on in their order. What
 * comes from a thread is again a savefile, with the packets that match: the rest of the command reads that
 * as it reads any other, so that the outcome is the same as with one job.
 */

import { Worker } from 'node:worker_threads';
import { CaptureError } from '../lib/index.js';
import type { Failure, FileMessage, ThreadTask, ToThread } from './filterThread.js';
import { CommandError } from './report.js';

export interface FilteredFile {
  /** What matches, as a savefile. Fails as reading the file does, after what could be read. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Packets that match, counted without being handed on; and what ended the file too early. */
  readonly count: () => Promise<{ readonly matched: number; readonly failure: Error | undefined }>;
}

type Message = FileMessage & { readonly taken: () => void };

/** What a thread has posted of one file and nobody has taken yet. */
class Mailbox {
  private readonly messages: Message[] = [];
  private wake: () => void = () => {};

  put(message: Message): void {
    this.messages.push(message);
    this.wake();
  }

  async take(): Promise<Message> {
    while (this.messages.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
    return this.messages.shift()!;
  }
}

export class FilterThreads implements AsyncDisposable {
  private readonly workers: Worker[] = [];
  private readonly boxes: readonly Mailbox[];

  constructor(names: readonly string[], jobs: number, task: ThreadTask) {
    this.boxes = names.map(() => new Mailbox());
    let next = 0;
    for (let job = 0; job < Math.min(jobs, names.length); job++) {
      const worker = new Worker(new URL('./filterThread.js', import.meta.url), { workerData: task });
      let at = 0;
      const give = (): void => {
        if (next === names.length) return;
        at = next++;
        worker.postMessage({ kind: 'file', name: names[at]! } satisfies ToThread);
      };
      const taken = (): void => worker.postMessage({ kind: 'taken' } satisfies ToThread);
      worker.on('message', (message: FileMessage) => {
        this.boxes[at]!.put({ ...message, taken });
        if (message.kind === 'end') give();
      });
      worker.on('error', ({ message }) => {
        const end = { kind: 'end', matched: 0, failure: { message } } as const;
        this.boxes[at]!.put({ ...end, taken });
      });
      this.workers.push(worker);
      give();
    }
  }

  /** The file of a place in the list. */
  file(index: number): FilteredFile {
    const box = this.boxes[index]!;
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      for (;;) {
        const message = await box.take();
        if (message.kind === 'end') {
          if (message.failure !== undefined) throw errorOf(message.failure);
          return;
        }
        yield message.bytes;
        message.taken();
      }
    }
    const count = async () => {
      for (;;) {
        const message = await box.take();
        if (message.kind === 'chunk') message.taken();
        else return { matched: message.matched, failure: message.failure && errorOf(message.failure) };
      }
    };
    return { chunks: chunks(), count };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

function errorOf(failure: Failure): Error {
  if ('message' in failure) return new CommandError(failure.message);
  const { code, reason, path, offset } = failure;
  return new CaptureError(code, reason, { path, offset });
}
