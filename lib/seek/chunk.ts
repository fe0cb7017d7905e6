/** Of a chunk of an index, the blocks that hold what is asked for. */

import {
  CELL_BLOCKS,
  CHUNK_BLOCKS,
  type ChunkEntry,
  GROUP_BLOCKS,
  IS_LITTLE,
  offsetsAt,
  PART_BLOCKS,
  partLength,
  readPart,
  rowAt,
  rowLength,
  timesAt,
} from './format.js';

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

/** Reads rows of one chunk after another, each once, into memory that it keeps. */
export class ChunkMarks {
  private readonly descriptor: number;
  private readonly pool: Int32Array[] = [];
  private readonly rows = new Map<number, Int32Array>();
  private chunk!: ChunkEntry;
  private isDamaged = false;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** A bit for each block that must be read, 32 of them in a number; `undefined` where the index is damaged. */
  marks(chunk: ChunkEntry, asked: readonly AskedRows[]): Int32Array | undefined {
    this.chunk = chunk;
    this.rows.clear();
    this.isDamaged = false;
    const marks = new Int32Array(rowLength(chunk) / 4);
    if (this.has(0)) this.mark(marks, [this.row(0)], []);
    for (const { classes, lists } of asked) {
      const present = classes.filter((row) => this.has(row)).map((row) => this.row(row));
      if (present.length > 0) this.mark(marks, present, lists);
      if (this.isDamaged) return undefined;
    }
    return this.isDamaged ? undefined : marks;
  }

  /** Marks the blocks where any of the classes occurs that have what is asked for. */
  private mark(marks: Int32Array, present: readonly Int32Array[], lists: AskedRows['lists']): void {
    const wanted = lists.map((any) => any.map((all) => Array.from(all, (row) => this.row(row))));
    for (let at = 0; at < marks.length; at++) {
      let cell = -1;
      for (let list = 0; list < wanted.length && cell !== 0; list++) {
        const any = wanted[list]!;
        let found = 0;
        for (let one = 0; one < any.length; one++) {
          const all = any[one]!;
          let left = cell;
          for (let place = 0; place < all.length && left !== 0; place++) left &= all[place]![at]!;
          found |= left;
        }
        cell = found;
      }
      if (cell === 0) continue;
      let some = 0;
      for (const row of present) some |= row[at]!;
      marks[at]! |= cell & some;
    }
  }

  /** Whether one of the first rows has a bit. */
  private has(row: number): boolean {
    return (this.chunk.classes & (1 << row)) !== 0;
  }

  private row(number: number): Int32Array {
    const { chunk, rows, pool } = this;
    let row = rows.get(number);
    if (row !== undefined) return row;
    const length = rowLength(chunk);
    row = pool[rows.size] ??= new Int32Array(CHUNK_BLOCKS / CELL_BLOCKS + 1);
    rows.set(number, row);
    const part = readPart(this.descriptor, rowAt(chunk, number), length, new Uint8Array(row.buffer));
    if (part === undefined) this.isDamaged = true;
    return row;
  }
}

/** Where the blocks of one chunk after another begin. */
export class BlockOffsets {
  private readonly descriptor: number;
  /** Memory of all parts, which is kept; and which of them have been checked. */
  private whole = new Uint8Array(0);
  private view = new DataView(this.whole.buffer);
  private isRead = new Uint8Array(0);
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
    this.take(chunk);
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

  private take(chunk: ChunkEntry): void {
    this.chunk = chunk;
    const length = timesAt(chunk) - offsetsAt(chunk);
    if (this.whole.length < length) {
      this.whole = new Uint8Array(length);
      this.view = new DataView(this.whole.buffer);
    }
    this.isRead = new Uint8Array(Math.ceil(chunk.blocks / PART_BLOCKS));
  }

  private of(block: number): number {
    const { chunk, isRead } = this;
    if (block === chunk.blocks) return chunk.end;
    const part = Math.floor(block / PART_BLOCKS);
    if (isRead[part] === 0) this.read(part);
    return chunk.start + this.view.getUint32(4 * block + part * partLength(0), IS_LITTLE);
  }

  private read(part: number): void {
    const { chunk, descriptor } = this;
    const from = part * partLength(4 * PART_BLOCKS);
    const length = 4 * Math.min(PART_BLOCKS, chunk.blocks - part * PART_BLOCKS);
    const room = this.whole.subarray(from);
    if (readPart(descriptor, offsetsAt(chunk) + from, length, room) === undefined)
      throw new RangeError('damaged');
    this.isRead[part] = 1;
  }
}
