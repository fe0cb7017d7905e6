/** The rows of a chunk of an index while it is made: 32 blocks at a time, then written in one piece. */

import {
  CELL_BLOCKS,
  CHUNK_BLOCKS,
  checkOf,
  GROUP_BLOCKS,
  PART_BLOCKS,
  partLength,
  rowLength,
  timesLength,
  writeParts,
} from './format.js';
import { CLASS_ROWS, ROWS } from './signature.js';

/** Blocks that there is room for at first: most captures are short. */
const FIRST_BLOCKS = 1024;
/** Cells of a row of so many blocks, and one for its check. */
const strideOf = (blocks: number): number => blocks / CELL_BLOCKS + 1;

/** Cells that are gathered before they go into their row: the processor's caches have lines of so many. */
const LINE = 16;

export class ChunkRows {
  /** Blocks that have ended. */
  blocks = 0;
  /** Where each of them begins, behind the first one; and the times of groups of them. */
  private offsets = new Uint32Array(FIRST_BLOCKS);
  private times = new Float64Array((2 * FIRST_BLOCKS) / GROUP_BLOCKS);
  private stride = strideOf(FIRST_BLOCKS);
  private cells = new Int32Array(ROWS * this.stride);
  private readonly lines = new Int32Array(ROWS * LINE);

  /** Takes the rows of up to 32 blocks, the last ones that have ended, and empties them. */
  store(rows: Int32Array): void {
    const { lines } = this;
    const place = ((this.blocks - 1) >>> 5) & (LINE - 1);
    lines.set(rows, place * ROWS);
    rows.fill(0);
    if (place === LINE - 1) this.storeLines();
  }

  /** Rows lie far apart: what of them is in one line of the processor's cache is put there at once. */
  private storeLines(): void {
    const { cells, lines, stride } = this;
    const first = ((this.blocks - 1) >>> 5) & -LINE;
    for (let row = 0, to = first; row < ROWS; row++, to += stride)
      for (let place = 0, from = row; place < LINE; place++, from += ROWS) cells[to + place] = lines[from]!;
  }

  /** Notes the end of a block. */
  endBlock(offset: number, since: number, until: number): void {
    if (this.blocks === this.offsets.length) this.grow();
    const { offsets, times, blocks } = this;
    offsets[blocks] = offset;
    const group = 2 * Math.floor(blocks / GROUP_BLOCKS);
    const isFirst = blocks % GROUP_BLOCKS === 0;
    times[group] = isFirst ? since : Math.min(times[group]!, since);
    times[group + 1] = isFirst ? until : Math.max(times[group + 1]!, until);
    this.blocks++;
  }

  /** Makes room for a whole chunk. */
  private grow(): void {
    const { offsets, times, cells, stride } = this;
    this.offsets = new Uint32Array(CHUNK_BLOCKS);
    this.offsets.set(offsets);
    this.times = new Float64Array((2 * CHUNK_BLOCKS) / GROUP_BLOCKS);
    this.times.set(times);
    this.stride = strideOf(CHUNK_BLOCKS);
    this.cells = new Int32Array(ROWS * this.stride);
    for (let row = 0; row < ROWS; row++)
      this.cells.set(cells.subarray(row * stride, (row + 1) * stride - 1), row * this.stride);
  }

  /** Takes the rows of the last blocks; gives a bit for each of the first rows that is not empty. */
  finish(rows: Int32Array): number {
    if (this.blocks % CELL_BLOCKS !== 0) this.store(rows);
    if (this.blocks % (LINE * CELL_BLOCKS) !== 0) this.storeLines();
    const { cells, blocks, stride } = this;
    let classes = 0;
    for (let row = 0; row < CLASS_ROWS; row++) {
      const used = cells.subarray(row * stride, row * stride + Math.ceil(blocks / CELL_BLOCKS));
      if (used.some((cell) => cell !== 0)) classes |= 1 << row;
    }
    return classes;
  }

  /**
   * Writes them as they are in the file; gives the length.
   *
   * @param write - Writes the rows themselves, at once or while they are not touched.
   */
  write(descriptor: number, at: number, write: (bytes: Uint8Array) => void): number {
    const { cells, blocks, stride } = this;
    const bytes = new Uint8Array(cells.buffer);
    const view = new DataView(cells.buffer);
    const length = rowLength({ blocks });
    const part = partLength(length);
    for (let row = 0; row < ROWS; row++) {
      const to = row * part;
      if (part < 4 * stride) bytes.copyWithin(to, row * 4 * stride, row * 4 * stride + length);
      view.setUint32(to + length, checkOf(bytes.subarray(to, to + length), at + to), true);
    }
    write(bytes.subarray(0, ROWS * part));
    const { buffer } = this.offsets;
    const rest: Uint8Array[] = [];
    for (let first = 0; first < blocks; first += PART_BLOCKS)
      rest.push(new Uint8Array(buffer, 4 * first, 4 * Math.min(PART_BLOCKS, blocks - first)));
    rest.push(new Uint8Array(this.times.buffer, 0, timesLength({ blocks })));
    this.blocks = 0;
    return ROWS * part + writeParts(descriptor, rest, at + ROWS * part);
  }
}
