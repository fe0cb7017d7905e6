/** Running one shard of a plan. */

import { createHash, randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { CaptureError, type Selection, type Sink } from '../savefile/index.js';
import { ioError, openSavefile, SegmentWalker, type Walked } from '../savefile/node.js';
import { type LoadedPlan, pathIn, plannedFile, ShardError } from './plan.js';
import { type Receipt, writeReceipt } from './receipt.js';

/** What became of an attempt. */
export interface ShardRun {
  readonly receipt: Receipt;
  /** Whether it was the first to end; else another one's receipt counts. */
  readonly isFirst: boolean;
}

/**
 * Filters a shard, and leaves part and receipt in the plan's folder.
 *
 * @param from - Where its first record begins, where that is known better than by a guess.
 * @throws ShardError where the file is not that of the plan any more, or no record is found; CaptureError where something
 *   cannot be written.
 */
export async function runShard(
  plan: LoadedPlan,
  shard: number,
  selection: Selection,
  from?: number,
): Promise<ShardRun> {
  const planned = plan.files[plan.shards[shard]!.file]!;
  const { size, ends } = plannedFile(planned.path);
  if (size !== planned.size || ends !== planned.ends)
    throw new ShardError(`${planned.path}: not what it was when the plan was made`);
  fs.mkdirSync(plan.folder, { recursive: true });
  const attempt = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const name = `${`${shard}`.padStart(6, '0')}.${attempt}.part`;
  const part = plan.counts ? undefined : new PartFile(pathIn(plan, name));
  try {
    const walked = await walk(plan, shard, selection, part, from);
    const { failure, start, end, packets, matched } = walked;
    const receipt: Receipt = {
      plan: plan.hash,
      shard,
      start,
      end,
      packets,
      matched,
      ...(failure && { failure: { code: failure.code, reason: failure.reason, offset: failure.offset } }),
      changes: !walked.isPlain && failure === undefined,
      ...(part && { part: { name, ...part.end() } }),
    };
    const isFirst = writeReceipt(plan, receipt, from, attempt);
    if (!isFirst) part?.remove();
    return { receipt, isFirst };
  } catch (error) {
    part?.remove();
    throw error;
  }
}

async function walk(
  plan: LoadedPlan,
  shard: number,
  selection: Selection,
  part: PartFile | undefined,
  given: number | undefined,
): Promise<Walked> {
  const { file, from, to, isWhole } = plan.shards[shard]!;
  const { path } = plan.files[file]!;
  if (isWhole) return walkWhole(path, selection, part);
  await using walker = await SegmentWalker.open(path);
  if (walker === undefined) throw new ShardError(`${path}: cannot be entered in the middle`);
  const isHead = from === walker.first;
  const segment = { from: given ?? from, to, isExact: isHead || given !== undefined, isHead };
  // What comes before may say how packets are read.
  if (given !== undefined && walker.learns)
    await walker.walk({ from: walker.first, to: given, isExact: true }, {});
  const walked = await walker.walk(segment, selection, part);
  if (walked.start >= 0) return walked;
  // What is found nowhere in it may be of the shard before: whoever joins them knows.
  return { ...walked, start: to, end: to };
}

async function walkWhole(path: string, selection: Selection, part: PartFile | undefined): Promise<Walked> {
  await using capture = await openSavefile(path, { name: path });
  let failure: CaptureError | undefined;
  try {
    await capture.scan({ ...selection, sink: part });
  } catch (error) {
    if (!(error instanceof CaptureError) || error.path !== path) throw error;
    failure = error;
  }
  const { packetsRead: packets, packetsMatched: matched, bytesRead: end } = capture;
  return { start: 0, end, packets, matched, isPlain: failure === undefined, ...(failure && { failure }) };
}

/** The file of what matches; whole on the disk once it has ended. */
class PartFile implements Sink {
  private readonly path: string;
  private readonly descriptor: number;
  private readonly hash = createHash('sha256');
  private length = 0;

  constructor(path: string) {
    this.path = path;
    this.descriptor = fs.openSync(path, 'wx');
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    this.hash.update(bytes.subarray(start, end));
    this.length += end - start;
    try {
      for (let at = start; at < end; ) at += fs.writeSync(this.descriptor, bytes, at, end - at);
    } catch (error) {
      throw ioError(error, this.path);
    }
  }

  end(): { readonly length: number; readonly sha256: string } {
    fs.fsyncSync(this.descriptor);
    fs.closeSync(this.descriptor);
    return { length: this.length, sha256: this.hash.digest('hex') };
  }

  remove(): void {
    fs.rmSync(this.path, { force: true });
  }
}
