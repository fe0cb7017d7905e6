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

/** Cells of a row, and one for its check. */
const STRIDE = CHUNK_BLOCKS / CELL_BLOCKS + 1;

/** Cells that are gathered before they go into their row: the processor's caches have lines of so many. */
const LINE = 16;

export class ChunkRows {
  /** Blocks that have ended. */
  blocks = 0;
  /** Where each of them begins, behind the first one; and the times of groups of them. */
  readonly offsets = new Uint32Array(CHUNK_BLOCKS);
  readonly times = new Float64Array((2 * CHUNK_BLOCKS) / GROUP_BLOCKS);
  private readonly cells = new Int32Array(ROWS * STRIDE);
  private readonly lines = new Int32Array(ROWS * LINE);
  private readonly bytes = new Uint8Array(this.cells.buffer);
  private readonly view = new DataView(this.cells.buffer);

  /** Takes the rows of up to 32 blocks, the last ones that have ended, and empties them. */
  store(rows: Int32Array): void {
    const { lines } = this;
    const place = ((this.blocks - 1) >>> 5) & (LINE - 1);
    for (let row = 0, at = place; row < ROWS; row++, at += LINE) lines[at] = rows[row]!;
    rows.fill(0);
    if (place === LINE - 1) this.storeLines();
  }

  /** Rows lie far apart: what of them is in one line of the processor's cache is put there at once. */
  private storeLines(): void {
    const { cells, lines } = this;
    const first = ((this.blocks - 1) >>> 5) & -LINE;
    for (let row = 0, from = 0, to = first; row < ROWS; row++, to += STRIDE)
      for (let place = 0; place < LINE; place++) cells[to + place] = lines[from++]!;
  }

  /** Notes the end of a block. */
  endBlock(offset: number, since: number, until: number): void {
    const { offsets, times, blocks } = this;
    offsets[blocks] = offset;
    const group = 2 * Math.floor(blocks / GROUP_BLOCKS);
    const isFirst = blocks % GROUP_BLOCKS === 0;
    times[group] = isFirst ? since : Math.min(times[group]!, since);
    times[group + 1] = isFirst ? until : Math.max(times[group + 1]!, until);
    this.blocks++;
  }

  /** Takes the rows of the last blocks; gives a bit for each of the first rows that is not empty. */
  finish(rows: Int32Array): number {
    if (this.blocks % CELL_BLOCKS !== 0) this.store(rows);
    if (this.blocks % (LINE * CELL_BLOCKS) !== 0) this.storeLines();
    const { cells, blocks } = this;
    let classes = 0;
    for (let row = 0; row < CLASS_ROWS; row++) {
      const used = cells.subarray(row * STRIDE, row * STRIDE + Math.ceil(blocks / CELL_BLOCKS));
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
    const { bytes, view, blocks } = this;
    const length = rowLength({ blocks });
    const part = partLength(length);
    for (let row = 0; row < ROWS; row++) {
      const to = row * part;
      if (part < 4 * STRIDE) bytes.copyWithin(to, row * 4 * STRIDE, row * 4 * STRIDE + length);
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
