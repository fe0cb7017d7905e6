/**
 * The plan of a run on many machines: which parts of which files are filtered, by what. It is written once and never
 * changed; what was done is told by receipts in a folder beside it.
 */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { firstPacketOf, openSavefile } from '../savefile/node.js';

/** What makes a file that file. */
export interface PlannedFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of its first and last bytes. */
  readonly ends: string;
}

export interface Shard {
  /** Place of the file in the plan. */
  readonly file: number;
  /** Bytes of it, the first and one behind the last; records that begin there are of the shard. */
  readonly from: number;
  readonly to: number;
  /** Whether it is all of the file, which then need not be entered in the middle. */
  readonly isWhole: boolean;
}

/** What is to be done. */
export interface Plan {
  readonly format: 'weir shard plan 1';
  readonly version: string;
  readonly expression: string;
  /** Count only. */
  readonly counts: boolean;
  readonly optimize: boolean;
  readonly files: readonly PlannedFile[];
  readonly shards: readonly Shard[];
}

/** A plan that has been read. */
export interface LoadedPlan extends Plan {
  /** SHA-256 of its file. */
  readonly hash: string;
  /** Where receipts and parts are. */
  readonly folder: string;
}

/** The plan, or a receipt, is not what it should be. */
export class ShardError extends Error {
  override readonly name = 'ShardError';
}

const FORMAT = 'weir shard plan 1';
const HASHED = 65_536;

export function plannedFile(path: string): PlannedFile {
  const descriptor = fs.openSync(path, 'r');
  try {
    const { size } = fs.fstatSync(descriptor);
    const hash = createHash('sha256');
    const bytes = new Uint8Array(HASHED);
    for (const from of [0, Math.max(0, size - HASHED)])
      hash.update(bytes.subarray(0, fs.readSync(descriptor, bytes, 0, HASHED, from)));
    return { path, size, ends: hash.digest('hex') };
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * Cuts files into shards of about `size` bytes. Compressed files, and those that are read from front to back only, are one.
 *
 * @throws CaptureError for what is no capture.
 */
export async function cutIntoShards(files: readonly PlannedFile[], size: number): Promise<Shard[]> {
  const shards: Shard[] = [];
  for (const [file, planned] of files.entries()) {
    let first: number | undefined;
    {
      await using capture = await openSavefile(planned.path, { name: planned.path });
      first = await firstPacketOf(capture);
    }
    const count = first === undefined ? 1 : Math.max(1, Math.round((planned.size - first) / size));
    if (count === 1) shards.push({ file, from: 0, to: planned.size, isWhole: true });
    for (let part = 0; count > 1 && part < count; part++) {
      const place = (number: number) => first! + Math.floor(((planned.size - first!) * number) / count);
      shards.push({ file, from: place(part), to: place(part + 1), isWhole: false });
    }
  }
  return shards;
}

/** @throws ShardError where there is a file of that name already: a plan is never changed. */
export function writePlan(path: string, plan: Omit<Plan, 'format'>): void {
  const text = `${JSON.stringify({ format: FORMAT, ...plan }, undefined, 1)}\n`;
  try {
    fs.writeFileSync(path, text, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new ShardError(`${path}: there is a file of that name, and plans are not changed`);
  }
  fs.mkdirSync(folderOf(path), { recursive: true });
}

/** @throws ShardError for what is no plan; what the system says. */
export function readPlan(path: string): LoadedPlan {
  const text = fs.readFileSync(path);
  try {
    const plan = JSON.parse(text.toString('utf8')) as Plan;
    if (plan.format !== FORMAT) throw new SyntaxError();
    return { ...plan, hash: createHash('sha256').update(text).digest('hex'), folder: folderOf(path) };
  } catch (error) {
    if (error instanceof SyntaxError) throw new ShardError(`${path}: no plan of this version`);
    throw error;
  }
}

const folderOf = (path: string): string => `${path}.shards`;

export const pathIn = ({ folder }: LoadedPlan, name: string): string => join(folder, name);
