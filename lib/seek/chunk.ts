/** Of a chunk of an index, the blocks that hold what is asked for. */

import {
  CELL_BLOCKS,
  CHUNK_BLOCKS,
  type ChunkEntry,
  checkedPart,
  GROUP_BLOCKS,
  IS_LITTLE,
  offsetsAt,
  PART_BLOCKS,
  partLength,
  readInto,
  readPart,
  rowAt,
  rowLength,
  timesAt,
} from './format.js';
import { ReadAhead } from './readAhead.js';
import { RowMath } from './rowMath.js';

/** Rows that a block has all of where a value occurs. */
export type Rows = Uint16Array;
/** Of classes, by their rows: the packets in blocks that have, of each of the lists, all of any rows. */
export interface AskedRows {
  readonly classes: readonly number[];
  readonly lists: readonly (readonly Rows[])[];
}

/** A stretch of the capture, from one record to another. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Of the rows in memory, those for what is being found; the rows of the chunk follow. */
const [MARKS, SOME, FOUND, LEFT, ALL] = [0, 1, 2, 3, 4] as const;
const FIRST_ROW = 5;

/** Reads rows of one chunk after another, each once. */
export class ChunkMarks {
  private readonly descriptor: number;
  private readonly ahead: ReadAhead;
  /** A row, its check, and room for bytes in eights. */
  private readonly math = new RowMath(CHUNK_BLOCKS / 8 + 8);
  /** Where the rows are that have been read, by their numbers in the index. */
  private readonly places = new Map<number, number>();
  private chunk!: ChunkEntry;
  /** Bytes of a row, in eights. */
  private length = 0;
  private isDamaged = false;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
    this.ahead = new ReadAhead(descriptor);
  }

  /** Reads of the chunk that comes next what was read of this one. */
  touch(next: ChunkEntry): void {
    const { ahead } = this;
    if (!ahead.isOn) return;
    for (const row of this.places.keys()) ahead.touch(rowAt(next, row), partLength(rowLength(next)));
    ahead.touch(offsetsAt(next), timesAt(next) - offsetsAt(next));
  }

  /**
   * A bit for each block that must be read, 32 of them in a number, until it is asked again; `undefined` where the index is
   * damaged.
   */
  marks(chunk: ChunkEntry, asked: readonly AskedRows[]): Int32Array | undefined {
    const { math } = this;
    this.chunk = chunk;
    this.length = (rowLength(chunk) + 7) & -8;
    this.places.clear();
    this.isDamaged = false;
    math.bytes(MARKS).fill(0);
    if (this.has(0)) math.or(MARKS, this.place(0), this.length);
    for (const { classes, lists } of asked) {
      const present = classes.filter((row) => this.has(row));
      if (present.length > 0) this.mark(present, lists);
      if (this.isDamaged) return undefined;
    }
    const { buffer, byteOffset } = math.bytes(MARKS);
    return this.isDamaged ? undefined : new Int32Array(buffer, byteOffset, rowLength(chunk) / 4);
  }

  /** Marks the blocks where any of the classes occurs that have what is asked for. */
  private mark(present: readonly number[], lists: AskedRows['lists']): void {
    const { math, length } = this;
    math.bytes(SOME).fill(0);
    for (const row of present) math.or(SOME, this.place(row), length);
    math.bytes(LEFT).set(math.bytes(SOME));
    for (const any of lists) {
      math.bytes(FOUND).fill(0);
      for (const all of any) if (this.keepAll(all)) math.or(FOUND, ALL, length);
      if (!math.and(LEFT, FOUND, length)) return;
    }
    math.or(MARKS, LEFT, length);
  }

  /** Blocks of those that are left which have all of some rows; gives whether there are any. */
  private keepAll(rows: Rows): boolean {
    const { math, length } = this;
    const all = math.bytes(ALL);
    all.set(math.bytes(LEFT));
    for (const row of rows) if (!math.and(ALL, this.place(row), length)) return false;
    return true;
  }

  /** Whether one of the first rows has a bit. */
  private has(row: number): boolean {
    return (this.chunk.classes & (1 << row)) !== 0;
  }

  /** Where a row of the index is in memory. */
  private place(row: number): number {
    const { chunk, places, math } = this;
    let place = places.get(row);
    if (place !== undefined) return place;
    place = FIRST_ROW + places.size;
    places.set(row, place);
    const bytes = math.bytes(place);
    const read = this.ahead.timed(() =>
      readPart(this.descriptor, rowAt(chunk, row), rowLength(chunk), bytes),
    );
    if (read === undefined) this.isDamaged = true;
    bytes.fill(0, rowLength(chunk));
    return place;
  }
}

/** Where the blocks of one chunk after another begin. */
export class BlockOffsets {
  private readonly descriptor: number;
  /** Memory of all parts, which is kept; and which of them have been checked. */
  private whole = new Uint8Array(0);
  private view = new DataView(this.whole.buffer);
  private isChecked = new Uint8Array(0);
  /** Bytes of it that have been read already. */
  private atHand = 0;
  private chunk!: ChunkEntry;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /**
   * The stretches of blocks that are marked.
   *
   * @param isOutside - Whether no packet of a group of blocks is wanted.
   * @throws RangeError where the index is damaged.
   */
  stretches(
    chunk: ChunkEntry,
    marks: Int32Array,
    isOutside: ((group: number) => boolean) | undefined,
  ): Stretch[] {
    this.take(chunk, marks);
    const stretches: Stretch[] = [];
    for (let at = 0; at < marks.length; at++) {
      for (let left = marks[at]!; left !== 0; left &= left - 1) {
        const block = (at + 1) * CELL_BLOCKS - 1 - Math.clz32(left & -left);
        if (block >= chunk.blocks || isOutside?.(Math.floor(block / GROUP_BLOCKS)) === true) continue;
        stretches.push({ from: this.of(block), to: this.of(block + 1) });
      }
    }
    return stretches;
  }

  private take(chunk: ChunkEntry, marks: Int32Array): void {
    this.chunk = chunk;
    const length = timesAt(chunk) - offsetsAt(chunk);
    if (this.whole.length < length) {
      this.whole = new Uint8Array(length);
      this.view = new DataView(this.whole.buffer);
    }
    this.isChecked = new Uint8Array(Math.ceil(chunk.blocks / PART_BLOCKS));
    let marked = 0;
    for (let at = 0; at < marks.length && marked < MANY; at++) if (marks[at] !== 0) marked++;
    this.atHand = marked < MANY ? 0 : readInto(this.descriptor, this.whole, length, offsetsAt(chunk));
  }

  private of(block: number): number {
    const { chunk, isChecked } = this;
    if (block === chunk.blocks) return chunk.end;
    const part = Math.floor(block / PART_BLOCKS);
    if (isChecked[part] === 0) this.check(part);
    return chunk.start + this.view.getUint32(4 * block + part * partLength(0), IS_LITTLE);
  }

  private check(part: number): void {
    const { chunk, descriptor, whole, atHand } = this;
    const from = part * partLength(4 * PART_BLOCKS);
    const length = 4 * Math.min(PART_BLOCKS, chunk.blocks - part * PART_BLOCKS);
    const at = offsetsAt(chunk) + from;
    const room = whole.subarray(from);
    const found =
      from + partLength(length) <= atHand
        ? checkedPart(room, at, length)
        : readPart(descriptor, at, length, room);
    if (found === undefined) throw new RangeError('damaged');
    this.isChecked[part] = 1;
  }
}

/** Cells with marks from which on the offsets of a chunk are read at once. */
const MANY = 16;
