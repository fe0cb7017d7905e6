/**
 * What was done of a plan. A shard may be run any number of times, at once and after crashes: each attempt writes a part of
 * its own, and the receipt that is there first counts. It is linked into place whole, never over another.
 */

import * as fs from 'node:fs';
import { type LoadedPlan, pathIn, ShardError } from './plan.js';

export interface Receipt {
  readonly plan: string;
  readonly shard: number;
  /** Where its first record began, and where that of the next shard has to. */
  readonly start: number;
  readonly end: number;
  readonly packets: number;
  readonly matched: number;
  /** Where the file is damaged: what is told once the part is delivered. */
  readonly failure?: { readonly code: string; readonly reason: string; readonly offset?: number | undefined };
  /** Whether something came up by which later records are read: interfaces, sections. */
  readonly changes: boolean;
  /** Name of the file of what matches, its length and SHA-256; without one where it is only counted. */
  readonly part?: { readonly name: string; readonly length: number; readonly sha256: string };
}

const named = (shard: number, from: number | undefined): string =>
  `${`${shard}`.padStart(6, '0')}${from === undefined ? '' : `-from-${from}`}.json`;

/**
 * The receipt of a shard that began at a byte; `undefined` where there is none.
 *
 * @param from - Where it was told to begin, in place of where it found a record.
 * @throws ShardError for one that is not of the plan.
 */
export function readReceipt(plan: LoadedPlan, shard: number, from?: number): Receipt | undefined {
  const path = pathIn(plan, named(shard, from));
  let text: string;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  const receipt = JSON.parse(text) as Receipt;
  if (receipt.plan !== plan.hash || receipt.shard !== shard)
    throw new ShardError(`${path}: a receipt of another plan`);
  return receipt;
}

/** Puts a receipt into place; `false` where there is one. */
export function writeReceipt(
  plan: LoadedPlan,
  receipt: Receipt,
  from: number | undefined,
  attempt: string,
): boolean {
  const path = pathIn(plan, named(receipt.shard, from));
  const made = `${path}.${attempt}.tmp`;
  const descriptor = fs.openSync(made, 'wx');
  fs.writeSync(descriptor, `${JSON.stringify(receipt)}\n`);
  fs.fsyncSync(descriptor);
  fs.closeSync(descriptor);
  try {
    fs.linkSync(made, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    fs.rmSync(made);
  }
}

/** Of a shard that the one before it went past. */
function withNothing({ plan, shard }: Receipt, end: number): Receipt {
  return { plan, shard, start: end, end, packets: 0, matched: 0, changes: false };
}

/** What stands in the way of merging. */
export interface Gap {
  readonly shard: number;
  readonly reason: 'missing' | 'join';
  /** Where it has to begin. */
  readonly from?: number;
}

/** Receipts in the plan's order, up to the first damage of a file, and what is missing of them. */
export function collect(plan: LoadedPlan): {
  readonly receipts: readonly Receipt[];
  readonly gaps: readonly Gap[];
} {
  const receipts: Receipt[] = [];
  const gaps: Gap[] = [];
  let before: Receipt | undefined;
  /** Whether the file has said since its beginning how packets are read. */
  let isChanged = false;
  for (const [shard, { file, isWhole, to }] of plan.shards.entries()) {
    const isFirst = isWhole || shard === 0 || plan.shards[shard - 1]!.file !== file;
    if (isFirst) {
      before = undefined;
      isChanged = false;
    }
    const needed = before?.end;
    let receipt = readReceipt(plan, shard);
    if (receipt === undefined) gaps.push({ shard, reason: 'missing' });
    else if (needed !== undefined && needed >= to) receipt = withNothing(receipt, needed);
    else if (needed !== undefined && (receipt.start !== needed || isChanged)) {
      receipt = readReceipt(plan, shard, needed);
      if (receipt === undefined) gaps.push({ shard, reason: 'join', from: needed });
    }
    if (receipt !== undefined) receipts.push(receipt);
    if (receipt?.changes === true) isChanged = true;
    before = receipt;
    if (receipt?.failure !== undefined) break;
  }
  return { receipts, gaps };
}
