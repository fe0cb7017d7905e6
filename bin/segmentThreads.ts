/**
 * `--jobs` on one file: threads go through segments of it, and what they find is joined where their walks meet. The rest
 * of the command reads what matches in place of the file, so that all else is as with one job.
 */

import { Worker } from 'node:worker_threads';
import { firstPacketOf, joinedSource, type Segment, type SegmentResult } from '../lib/command.js';
import type { Capture } from '../lib/index.js';
import type { SegmentMessage, ThreadTask, ToThread } from './filterThread.js';

/** Large enough that a message between threads does not count; smaller where what matches waits in memory. */
const COUNTED_SIZE = 1 << 26;
const KEPT_SIZE = 1 << 22;
/** Segments for each thread that may wait to be taken. */
const AHEAD = 2;

interface Work {
  readonly segment: Segment;
  readonly done: (result: SegmentResult | undefined) => void;
}

export class SegmentThreads implements AsyncDisposable {
  private readonly name: string;
  private readonly workers: Worker[] = [];
  private readonly idle: Worker[] = [];
  private readonly waiting: Work[] = [];
  private readonly running = new Map<Worker, Work>();

  private constructor(name: string, jobs: number, task: ThreadTask) {
    this.name = name;
    for (let job = 0; job < jobs; job++) {
      const worker = new Worker(new URL('./filterThread.js', import.meta.url), { workerData: task });
      worker.on('message', ({ result }: SegmentMessage) => this.end(worker, result));
      worker.on('error', () => this.end(worker, undefined, true));
      this.workers.push(worker);
      this.idle.push(worker);
    }
  }

  /** Has threads read a capture that has just been opened; `undefined` for those that are read from front to back. */
  static async start(
    name: string,
    capture: Capture,
    jobs: number,
    task: ThreadTask,
  ): Promise<SegmentThreads | undefined> {
    const size = capture.bytesTotal ?? 0;
    const segmentSize = task.posts ? KEPT_SIZE : COUNTED_SIZE;
    if (size < 2 * segmentSize) return undefined;
    const first = await firstPacketOf(capture);
    if (first === undefined) return undefined;
    const threads = new SegmentThreads(name, Math.min(jobs, Math.ceil(size / segmentSize)), task);
    const walk = (segment: Segment) => threads.walk(segment);
    const ahead = AHEAD * threads.workers.length;
    capture.continueWith(joinedSource(name, { walk, first, size, segmentSize, ahead }));
    return threads;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private walk(segment: Segment): Promise<SegmentResult> {
    return new Promise((resolve, reject) => {
      const done = (result: SegmentResult | undefined): void =>
        result === undefined ? reject(new Error('no thread could walk it')) : resolve(result);
      const work = { segment, done };
      // What is exact is waited for.
      if (segment.isExact) this.waiting.unshift(work);
      else this.waiting.push(work);
      this.give();
    });
  }

  private give(): void {
    while (this.idle.length > 0 && this.waiting.length > 0) {
      const worker = this.idle.pop()!;
      const work = this.waiting.shift()!;
      this.running.set(worker, work);
      const { name } = this;
      worker.postMessage({ kind: 'segment', name, segment: work.segment } satisfies ToThread);
    }
    if (this.running.size === 0 && this.idle.length === 0)
      for (const { done } of this.waiting.splice(0)) done(undefined);
  }

  private end(worker: Worker, result: SegmentResult | undefined, isGone = false): void {
    this.running.get(worker)?.done(result);
    this.running.delete(worker);
    if (!isGone) this.idle.push(worker);
    this.give();
  }
}
