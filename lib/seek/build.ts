/** Making an index: one pass over a capture. */

import * as fs from 'node:fs';
import { CaptureError, FollowingScan } from '../savefile/index.js';
import { type Follower, openSavefile } from '../savefile/node.js';
import { IndexBuilder } from './builder.js';
import { type Identity, identityOf, indexPathOf, WriteBehind, writeDirectory } from './format.js';

/** Bytes of the capture from which on a block ends that has few packets. */
const BLOCK_SIZE = 16_384;

/** What was made of a capture. */
export interface IndexResult {
  readonly path: string;
  readonly packets: number;
  readonly bytes: number;
  /** Where the capture is damaged; the index is of what lies before. */
  readonly damage: CaptureError | undefined;
}

/**
 * Makes the index of a capture, beside it; one that is there is replaced when the new one is whole.
 *
 * @param blockSize - Bytes from which on a block ends.
 * @param isPlain - In the slow way that the fast one is held to.
 * @throws CaptureError for what cannot be read or is compressed; what the system says where it cannot be written.
 */
export async function buildIndex(
  path: string,
  blockSize = BLOCK_SIZE,
  isPlain = false,
): Promise<IndexResult> {
  await using capture = await openSavefile(path, { name: path });
  if (capture.compression !== undefined || capture.bytesTotal === undefined)
    throw new CaptureError('unsupported', 'only plain files can be entered in the middle', { path });
  const behind = new WriteBehind();
  const index = new IndexFile(path, blockSize, isPlain, behind);
  try {
    let damage: CaptureError | undefined;
    // Of the capture that is read, and not of what it may become meanwhile.
    const identity = index.identity();
    try {
      await capture.scan(index.builder);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      damage = error;
    }
    const bytes = await index.finishBehind(identity, behind);
    return { path: index.path, packets: capture.packetsRead, bytes, damage };
  } catch (error) {
    // The descriptor stays this file's until nothing is written to it any more.
    await behind.end().catch(() => {});
    index.drop();
    throw error;
  }
}

/** Makes the index of a capture while it is written; without one where that fails. */
export class FollowingIndex implements Follower {
  private readonly index: IndexFile;
  private readonly scan: FollowingScan;
  private readonly onFailure: (error: unknown) => void;
  private state: 'goes on' | 'damaged' | 'failed' = 'goes on';

  /**
   * @param path - The capture's.
   * @param onFailure - Told why there will be no index.
   * @throws what the system says where an index cannot be written.
   */
  constructor(path: string, onFailure: (error: unknown) => void) {
    this.index = new IndexFile(path, BLOCK_SIZE, false);
    this.scan = new FollowingScan(this.index.builder);
    this.onFailure = onFailure;
  }

  take(bytes: Uint8Array, start: number, end: number): void {
    if (this.state !== 'goes on') return;
    try {
      if (!this.scan.take(bytes, start, end)) this.state = 'damaged';
    } catch (error) {
      this.fail(error);
    }
  }

  end(): void {
    if (this.state === 'failed') return;
    try {
      this.index.finish(this.index.identity());
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this.state = 'failed';
    this.index.drop();
    this.onFailure(error);
  }
}

/** An index that takes its name when it is whole. */
class IndexFile {
  readonly path: string;
  readonly builder: IndexBuilder;
  private readonly capture: string;
  private readonly made: string;
  private readonly descriptor: number;
  private isOpen = true;

  constructor(capture: string, blockSize: number, isPlain: boolean, behind?: WriteBehind) {
    this.capture = capture;
    this.path = indexPathOf(capture);
    this.made = `${this.path}.${process.pid}.tmp`;
    this.descriptor = fs.openSync(this.made, 'w');
    this.builder = new IndexBuilder(this.descriptor, blockSize, isPlain, behind);
  }

  identity(): Identity {
    const source = fs.openSync(this.capture, 'r');
    try {
      return identityOf(source);
    } finally {
      fs.closeSync(source);
    }
  }

  /** Gives the length of the index. */
  finish(identity: Identity): number {
    this.builder.end();
    return this.complete(identity);
  }

  /** The same where something else writes. */
  async finishBehind(identity: Identity, behind: WriteBehind): Promise<number> {
    this.builder.end();
    await behind.end();
    return this.complete(identity);
  }

  private complete(identity: Identity): number {
    const { builder, descriptor } = this;
    const { sources, first, chunks, at } = builder;
    writeDirectory(descriptor, { identity, sources, first, chunks }, at);
    const { size } = fs.fstatSync(descriptor);
    // Nothing waits for the disk: what a crash leaves of an index is told from a whole one.
    this.close();
    fs.renameSync(this.made, this.path);
    return size;
  }

  drop(): void {
    this.close();
    fs.rmSync(this.made, { force: true });
  }

  private close(): void {
    if (this.isOpen) fs.closeSync(this.descriptor);
    this.isOpen = false;
  }
}
