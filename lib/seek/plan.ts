/** What of a capture has to be read for a filter, as its index tells. */

import * as fs from 'node:fs';
import type { Filter } from '../filter/index.js';
import { type Condition, conditionKey, type Need, type Walkable, walkable } from '../rules/index.js';
import { FilterError } from '../source.js';
import { type AskedRows, BlockOffsets, ChunkMarks, type Rows, type Stretch } from './chunk.js';
import { classesOf, KIND, NETWORKS, type PacketClass, rowsOfKind, wantedBy } from './classes.js';
import {
  type ChunkEntry,
  type Directory,
  identityOf,
  indexPathOf,
  readDirectory,
  readPart,
  rowLength,
  timesAt,
  timesLength,
} from './format.js';
import { CLASS_ROWS, rowsOf, seedOf } from './signature.js';

/** Seconds; packets from `since` on and before `until`. */
export interface TimeWindow {
  readonly since: number;
  readonly until: number;
}

type Lists = AskedRows['lists'];

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
    const asked = filter && this.asked(filter);
    if (asked === undefined && window === undefined) return undefined;
    return this.go(asked, window);
  }

  private *go(asked: readonly AskedRows[] | undefined, window: TimeWindow | undefined): Generator<Stretch> {
    const { chunks } = this.directory;
    const marks = new ChunkMarks(this.descriptor);
    const offsets = new BlockOffsets(this.descriptor);
    let pending: Stretch | undefined;
    for (const [place, chunk] of chunks.entries()) {
      const stretches = this.ofChunk(chunk, asked, window, marks, offsets);
      for (const next of chunks.slice(place + 1, place + 1 + AHEAD)) marks.touch(next);
      for (const stretch of stretches) {
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
    asked: readonly AskedRows[] | undefined,
    window: TimeWindow | undefined,
    marks: ChunkMarks,
    offsets: BlockOffsets,
  ): Stretch[] {
    const { descriptor } = this;
    const whole = [{ from: chunk.start, to: chunk.end }];
    if (window !== undefined && (chunk.until <= window.since || chunk.since >= window.until)) return [];
    const cells =
      asked === undefined ? new Int32Array(rowLength(chunk) / 4).fill(-1) : marks.marks(chunk, asked);
    if (cells === undefined) return whole;
    const times = window && readPart(descriptor, timesAt(chunk), timesLength(chunk));
    if (window !== undefined && times === undefined) return whole;
    const groups = times && new Float64Array(times.buffer, 0, times.length / 8);
    const isOutside = (group: number) =>
      groups![2 * group + 1]! <= window!.since || groups![2 * group]! >= window!.until;
    try {
      return offsets.stretches(chunk, cells, groups && isOutside);
    } catch (error) {
      if (error instanceof RangeError) return whole;
      throw error;
    }
  }

  /** What the filter needs of the classes of all sources; `undefined` where that is nothing. */
  private asked(filter: Filter): AskedRows[] | undefined {
    const asked = new Map<string, { readonly classes: number[]; readonly lists: Lists }>();
    // Row 0 is for blocks that must be read.
    let row = 1;
    let isOpen = true;
    for (const [linkType, bigEndian] of this.directory.sources) {
      const program = programOf(filter, linkType, bigEndian);
      const walk = program && walkable(program);
      for (const one of classesOf({ linkType })) {
        const lists = needOf(walk, one);
        if (lists === undefined || lists.length > 0) isOpen = false;
        // What had no row left is marked as what must be read.
        if (lists !== undefined && row < CLASS_ROWS) {
          const key = JSON.stringify(lists.map((any) => any.map((all) => [...all])));
          const same = asked.get(key);
          if (same === undefined) asked.set(key, { classes: [row], lists });
          else same.classes.push(row);
        }
        row++;
      }
    }
    return isOpen ? undefined : [...asked.values()];
  }
}

/** Chunks whose parts are read ahead. */
const AHEAD = 2;

/** How often a program is asked for something else that it needs. */
const ROUNDS = 6;
/** Lists of conditions that are asked for at once, as for both ends of a flow and their ports. */
const MOST_LISTS = 3;

/** What a program needs of a class of packets: several things, where it needs several; `undefined` where it takes none. */
function needOf(walk: Walkable | undefined, one: PacketClass): Lists | undefined {
  const isUsable = (condition: Condition) => wantedBy(one, condition) !== undefined;
  const common = new Set<string>();
  const lists: (readonly Rows[])[] = [];
  for (let round = 0; round < ROUNDS && lists.length < MOST_LISTS; round++) {
    const need = walk?.need(one.known, common, isUsable) ?? UNKNOWN;
    if (need.kind === 'never') return undefined;
    if (need.kind !== 'any') return [];
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
    const rows = rowsOf(seedOf(kind, shift), value, rowsOfKind(kind, shift));
    // Where an address is, its networks are: rows more that must be set.
    if (kind === KIND.address)
      for (const by of NETWORKS)
        if (by > shift) rows.push(...rowsOf(seedOf(kind, by), value >>> (by - shift), rowsOfKind(kind, by)));
    lists.set(`${rows}`, Uint16Array.from(rows));
  }
  return [...lists.values()];
}
