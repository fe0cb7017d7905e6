/** What the shards of a plan come to: their parts, checked, as the savefiles that they are parts of. */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { CaptureError, type CaptureErrorCode } from '../savefile/index.js';
import { type LoadedPlan, pathIn, ShardError } from './plan.js';
import type { Receipt } from './receipt.js';

/** The receipts of one file, in order. */
export interface MergedFile {
  readonly path: string;
  readonly receipts: readonly Receipt[];
}

export function byFile(plan: LoadedPlan, receipts: readonly Receipt[]): MergedFile[] {
  return plan.files.flatMap(({ path }, file) => {
    const own = receipts.filter(({ shard }) => plan.shards[shard]!.file === file);
    return own.length === 0 ? [] : [{ path, receipts: own }];
  });
}

/** Looks through all parts. @throws ShardError for one that is not as its receipt says. */
export function checkParts(plan: LoadedPlan, receipts: readonly Receipt[]): void {
  for (const { part, shard } of receipts) {
    if (part === undefined) continue;
    const hash = createHash('sha256');
    let length = 0;
    try {
      for (const bytes of piecesOf(pathIn(plan, part.name))) {
        hash.update(bytes);
        length += bytes.length;
      }
    } catch {
      throw new ShardError(`shard ${shard}: ${part.name} cannot be read`);
    }
    if (length !== part.length || hash.digest('hex') !== part.sha256)
      throw new ShardError(`shard ${shard}: ${part.name} is not what was written`);
  }
}

/** What matches of a file, as a savefile. Fails at its end as reading the file does. */
export async function* contentsOf(
  plan: LoadedPlan,
  { path, receipts }: MergedFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { part, failure } of receipts) {
    if (part !== undefined) yield* piecesOf(pathIn(plan, part.name));
    if (failure !== undefined) throw failureOf(path, failure);
  }
}

export function failureOf(
  path: string,
  { code, reason, offset }: NonNullable<Receipt['failure']>,
): CaptureError {
  return new CaptureError(code as CaptureErrorCode, reason, {
    path,
    offset,
  });
}

const PIECE = 1 << 18;

function* piecesOf(path: string): Generator<Uint8Array, void, undefined> {
  const descriptor = fs.openSync(path, 'r');
  try {
    for (;;) {
      const bytes = new Uint8Array(PIECE);
      const count = fs.readSync(descriptor, bytes);
      if (count === 0) return;
      yield bytes.subarray(0, count);
    }
  } finally {
    fs.closeSync(descriptor);
  }
}
