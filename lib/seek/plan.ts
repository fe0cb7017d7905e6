/** What of a capture has to be read for a filter, as its index tells. */

import * as fs from 'node:fs';
import type { Filter } from '../filter/index.js';
import { type Condition, conditionKey, type Need, type Walkable, walkable } from '../rules/index.js';
import { FilterError } from '../source.js';
import { rowAt } from './builder.js';
import { classesOf, isFine, KIND, NETWORKS, type PacketClass, wantedBy } from './classes.js';
import {
  BLOCK_WORDS,
  CHUNK_BLOCKS,
  type ChunkEntry,
  type Directory,
  identityOf,
  indexPathOf,
  readDirectory,
  readPart,
  readParts,
} from './format.js';
import { CLASS_ROWS, ROWS, rowsOf, seedOf } from './signature.js';

/** Seconds; packets from `since` on and before `until`. */
export interface TimeWindow {
  readonly since: number;
  readonly until: number;
}

/** Rows that a block has all of where a value occurs. */
type Rows = Uint16Array;
/** Of a class: all of its packets, or those in blocks that have, of each of the lists, all of any rows. */
type Question = 'all' | 'none' | readonly (readonly Rows[])[];

/** A stretch of the capture, from one record to another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** An index that has been opened, or why it is not used. */
export type OpenedIndex = SeekIndex | { readonly reason: string } | undefined;

/** `undefined` where there is none. */
export function openIndex(capture: string): OpenedIndex {
  let descriptor: number;
  try {
    descriptor = fs.openSync(indexPathOf(capture), 'r');
  } catch {
    return undefined;
  }
  const refuse = (reason: string) => {
    fs.closeSync(descriptor);
    return { reason };
  };
  try {
    const directory = readDirectory(descriptor);
    if (directory === undefined) return refuse('damaged, or of another version');
    const file = fs.openSync(capture, 'r');
    const { size, modified, ends } = identityOf(file);
    fs.closeSync(file);
    const { identity } = directory;
    if (identity.size !== size || identity.modified !== modified || identity.ends !== ends)
      return refuse('of another capture, or of what this one was before');
    return new SeekIndex(descriptor, directory);
  } catch {
    return refuse('it cannot be read');
  }
}

export class SeekIndex {
  readonly directory: Directory;
  private readonly descriptor: number;

  constructor(descriptor: number, directory: Directory) {
    this.descriptor = descriptor;
    this.directory = directory;
  }

  close(): void {
    fs.closeSync(this.descriptor);
  }

  /**
   * The stretches that hold all packets which match and are of a window, in their order, and all that is no packet;
   * `undefined` where the index tells nothing of the filter.
   */
  stretches(filter: Filter | undefined, window: TimeWindow | undefined): Iterable<Stretch> | undefined {
    const questions = filter === undefined ? undefined : this.questions(filter);
    const isOpen = questions?.every((question) => question === 'all') ?? true;
    if (isOpen && window === undefined) return undefined;
    return this.go(isOpen ? undefined : questions, window);
  }

  private *go(
    questions: readonly Question[] | undefined,
    window: TimeWindow | undefined,
  ): Generator<Stretch> {
    const { chunks } = this.directory;
    let pending: Stretch | undefined;
    for (const chunk of chunks) {
      for (const stretch of this.ofChunk(chunk, questions, window)) {
        if (pending?.to === stretch.from) pending = { from: pending.from, to: stretch.to };
        else {
          if (pending !== undefined) yield pending;
          pending = stretch;
        }
      }
    }
    const rest = { from: chunks.at(-1)?.end ?? 0, to: Number.POSITIVE_INFINITY };
    if (pending?.to === rest.from) yield { ...rest, from: pending.from };
    else {
      if (pending !== undefined) yield pending;
      yield rest;
    }
  }

  private ofChunk(
    chunk: ChunkEntry,
    questions: readonly Question[] | undefined,
    window: TimeWindow | undefined,
  ): Stretch[] {
    const whole = [{ from: chunk.start, to: chunk.end }];
    if (window !== undefined && (chunk.until <= window.since || chunk.since >= window.until)) return [];
    const marks =
      questions === undefined ? new Uint8Array(CHUNK_BLOCKS / 8).fill(0xff) : this.marks(chunk, questions);
    if (marks === undefined) return whole;
    if (!marks.some((byte) => byte !== 0)) return [];
    const bytes = readPart(this.descriptor, chunk.at, chunk.blocks * BLOCK_WORDS * 8);
    if (bytes === undefined) return whole;
    const table = new Float64Array(bytes.buffer, bytes.byteOffset, chunk.blocks * BLOCK_WORDS);
    const stretches: Stretch[] = [];
    for (let block = 0; block < chunk.blocks; block++) {
      if ((marks[block >> 3]! & (1 << (block & 7))) === 0) continue;
      const [from, since, until] = table.subarray(block * BLOCK_WORDS, (block + 1) * BLOCK_WORDS);
      if (window !== undefined && (until! <= window.since || since! >= window.until)) continue;
      const to = block + 1 < chunk.blocks ? table[(block + 1) * BLOCK_WORDS]! : chunk.end;
      stretches.push({ from: from!, to });
    }
    return stretches;
  }

  /** A bit for each block that must be read; `undefined` where the index is damaged. */
  private marks(chunk: ChunkEntry, questions: readonly Question[]): Uint8Array | undefined {
    const length = Math.ceil(chunk.blocks / 8);
    const row = this.rowsOf(chunk, questions, length);
    if (row === undefined) return undefined;
    const marks = row(0)?.slice();
    if (marks === undefined) return undefined;
    for (const [number, question] of questions.entries()) {
      // What had no row left is marked as what must be read.
      if (1 + number >= CLASS_ROWS || question === 'none') continue;
      const present = row(1 + number);
      if (present === undefined) return undefined;
      if (!present.some((byte) => byte !== 0)) continue;
      if (question === 'all') {
        for (let at = 0; at < length; at++) marks[at]! |= present[at]!;
        continue;
      }
      const found = this.blocksOf(present, question, row);
      if (found === undefined) return undefined;
      for (let at = 0; at < length; at++) marks[at]! |= found[at]!;
    }
    return marks;
  }

  /** Reads rows of a chunk: one by one, or all of them where many are wanted. */
  private rowsOf(
    chunk: ChunkEntry,
    questions: readonly Question[],
    length: number,
  ): ((number: number) => Uint8Array | undefined) | undefined {
    const lists = questions.flatMap((question) => (typeof question === 'string' ? [] : question.flat()));
    const wanted = lists.reduce((sum, rows) => sum + rows.length, 0);
    if (wanted < MOST_READS) return (number) => readPart(this.descriptor, rowAt(chunk, number), length);
    const parts = readParts(this.descriptor, rowAt(chunk, 0), rowAt(chunk, ROWS) - rowAt(chunk, 0));
    return parts && ((number) => parts(rowAt(chunk, number), length));
  }

  /** Of the blocks where a class occurs, those that have what is asked for. */
  private blocksOf(
    present: Uint8Array,
    question: readonly (readonly Rows[])[],
    row: (number: number) => Uint8Array | undefined,
  ): Uint8Array | undefined {
    let left = present;
    for (const any of question) {
      const found = new Uint8Array(left.length);
      for (const chosen of any) {
        const all = left.slice();
        for (const place of chosen) {
          const bits = row(place);
          if (bits === undefined) return undefined;
          for (let at = 0; at < all.length; at++) all[at]! &= bits[at]!;
        }
        for (let at = 0; at < all.length; at++) found[at]! |= all[at]!;
      }
      left = found;
    }
    return left;
  }

  /** What the filter needs of each class of each source. */
  private questions(filter: Filter): Question[] {
    const questions: Question[] = [];
    for (const [linkType, bigEndian] of this.directory.sources) {
      const classes = classesOf({ linkType });
      const program = programOf(filter, linkType, bigEndian);
      const walk = program && walkable(program);
      for (const one of classes) {
        questions.push(questionOf(walk, one));
      }
    }
    return questions;
  }
}

/** Reads of single rows that take as long as one of all. */
const MOST_READS = 300;

/** How often a program is asked for something else that it needs. */
const ROUNDS = 6;
/** Lists of conditions that are asked for at once, as for both ends of a flow and their ports. */
const MOST_LISTS = 3;

/** What a program needs of a class of packets: several things, where it needs several. */
function questionOf(walk: Walkable | undefined, one: PacketClass): Question {
  const isUsable = (condition: Condition) => wantedBy(one, condition) !== undefined;
  const common = new Set<string>();
  const lists: (readonly Rows[])[] = [];
  for (let round = 0; round < ROUNDS && lists.length < MOST_LISTS; round++) {
    const need = walk?.need(one.known, common, isUsable) ?? UNKNOWN;
    if (need.kind === 'never') return 'none';
    if (need.kind !== 'any') return 'all';
    const { conditions } = need;
    const isVague = conditions.some(({ field }) => one.vague?.has(field) === true);
    const isNew = conditions.every((condition) => !common.has(conditionKey(condition)));
    if (isNew && !(isVague && round < ROUNDS - 1)) lists.push(rowsFor(one, conditions));
    const before = common.size;
    for (const condition of conditions)
      if (!isVague || one.vague!.has(condition.field)) common.add(conditionKey(condition));
    if (common.size === before) {
      // Nothing else tells more.
      if (lists.length === 0) lists.push(rowsFor(one, conditions));
      break;
    }
  }
  return lists;
}

const UNKNOWN: Need = { kind: 'unknown' };

/** Where the expression has no meaning, its error is for whoever reads the packets. */
function programOf(filter: Filter, linkType: number, bigEndian: boolean) {
  try {
    return filter.for(bigEndian ? { linkType, bigEndian } : { linkType }).cbpf;
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function rowsFor(one: PacketClass, conditions: readonly Condition[]): Uint16Array[] {
  const lists = new Map<string, Uint16Array>();
  for (const { kind, shift, value } of conditions.flatMap((condition) => wantedBy(one, condition)!)) {
    const rows = rowsOf(seedOf(kind, shift), value, shift === 0 && isFine(kind));
    // Where an address is, its networks are: rows more that must be set.
    if (kind === KIND.address)
      for (const by of NETWORKS)
        if (by > shift) rows.push(...rowsOf(seedOf(kind, by), value >>> (by - shift), false));
    lists.set(`${rows}`, Uint16Array.from(rows));
  }
  return [...lists.values()];
}
