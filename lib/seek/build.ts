/** Making an index: one pass over a capture. */

import * as fs from 'node:fs';
import { CaptureError, type PacketTest, type PacketTime, type Select } from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import { classesOf } from './classes.js';
import {
  BLOCK_WORDS,
  CHUNK_BLOCKS,
  type ChunkEntry,
  identityOf,
  indexPathOf,
  MAGIC,
  partLength,
  writeDirectory,
  writeParts,
} from './format.js';
import { type Note, Notes } from './notes.js';
import { CLASS_ROWS, ROWS } from './signature.js';

/** Bytes of the capture from which on a block ends. */
const BLOCK_SIZE = 18_944;

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
  const source = fs.openSync(path, 'r');
  const identity = identityOf(source);
  fs.closeSync(source);
  const target = indexPathOf(path);
  const made = `${target}.${process.pid}.tmp`;
  const descriptor = fs.openSync(made, 'w');
  try {
    const builder = new IndexBuilder(descriptor, blockSize, isPlain);
    let damage: CaptureError | undefined;
    try {
      await capture.scan({ select: builder.select });
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      damage = error;
    }
    builder.end();
    const { sources, first, chunks, at } = builder;
    writeDirectory(descriptor, { identity, sources, first, chunks }, at);
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
    fs.renameSync(made, target);
    return { path: target, packets: capture.packetsRead, bytes: fs.statSync(target).size, damage };
  } catch (error) {
    fs.rmSync(made, { force: true });
    throw error;
  }
}

class IndexBuilder {
  readonly sources: (readonly [number, boolean])[] = [];
  first: readonly [number, number] | null = null;
  readonly chunks: ChunkEntry[] = [];
  /** Where the next part is written. */
  at = MAGIC.length;
  private readonly descriptor: number;
  private readonly notes = new Notes();
  private readonly rows = new Int32Array(ROWS * CELLS);
  private readonly table = new Float64Array(CHUNK_BLOCKS * BLOCK_WORDS);
  private blocks = 0;
  private packets = 0;
  /** Where the block that is being made begins; -1 for none. */
  private blockStart = -1;
  private since = 0;
  private until = 0;
  /** End of the last packet. */
  private last = -1;

  private readonly blockSize: number;
  private readonly isPlain: boolean;

  constructor(descriptor: number, blockSize: number, isPlain: boolean) {
    this.descriptor = descriptor;
    this.blockSize = blockSize;
    this.isPlain = isPlain;
    fs.writeSync(descriptor, MAGIC);
  }

  /** Selects nothing. */
  readonly select: Select = (source, time) => {
    const bigEndian = source.bigEndian === true;
    let place = this.sources.findIndex(([type, order]) => type === source.linkType && order === bigEndian);
    if (place < 0) place = this.sources.push([source.linkType, bigEndian]) - 1;
    const base = this.sources
      .slice(0, place)
      .reduce((sum, [linkType]) => sum + classesOf({ linkType }).length, 0);
    const classes = classesOf(source);
    const isKnown = base + classes.length < CLASS_ROWS;
    return this.test(this.notes.noteFor(isKnown ? classes : [], base, this.isPlain), time);
  };

  end(): void {
    this.endBlock();
    this.endChunk();
  }

  private test(note: Note, time: PacketTime): PacketTest {
    return (bytes, start, capturedLength) => {
      time.read();
      const { offset, end, seconds, nanoseconds } = time;
      if (offset !== this.last || offset - this.blockStart >= this.blockSize) this.begin(offset, time);
      this.last = end;
      this.packets++;
      if (seconds < this.since) this.since = seconds;
      // Damaged files may have more than a second of nanoseconds.
      const until = seconds + (nanoseconds < 1e9 ? 1 : Math.floor(nanoseconds / 1e9) + 1);
      if (until > this.until) this.until = until;
      note(bytes, start, capturedLength);
      return 0;
    };
  }

  /** A block begins with the packet that is there. */
  private begin(offset: number, { seconds, nanoseconds }: PacketTime): void {
    this.first ??= [seconds, nanoseconds];
    if (this.last >= 0 && offset !== this.last) this.passOver(offset);
    else this.endBlock();
    this.beginBlock(offset, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  }

  private beginBlock(offset: number, since: number, until: number): void {
    if (this.blocks === CHUNK_BLOCKS) this.endChunk();
    this.notes.nextBlock(this.blocks);
    this.blockStart = offset;
    this.since = since;
    this.until = until;
  }

  /** What is no packet has to be read always: interfaces, names, comments of the file. */
  private passOver(offset: number): void {
    this.endBlock();
    this.beginBlock(this.last, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
    this.notes.set(0);
    this.last = offset;
    this.endBlock();
  }

  private endBlock(): void {
    if (this.blockStart < 0) return;
    const { table, blocks } = this;
    table[blocks * BLOCK_WORDS] = this.blockStart;
    table[blocks * BLOCK_WORDS + 1] = this.since;
    table[blocks * BLOCK_WORDS + 2] = this.until;
    if ((++this.blocks & (CELL_BLOCKS - 1)) === 0) this.store();
    this.blockStart = -1;
  }

  /** Puts the bits of up to 32 blocks into their rows. */
  private store(): void {
    const { rows } = this;
    const { cells } = this.notes;
    for (let row = 0, at = (this.blocks - 1) >>> 5; row < ROWS; row++, at += CELLS) rows[at] = cells[row]!;
    cells.fill(0);
  }

  private endChunk(): void {
    const { blocks, descriptor, table, packets } = this;
    if (blocks === 0) return;
    if ((blocks & (CELL_BLOCKS - 1)) !== 0) this.store();
    const entry = {
      at: this.at,
      blocks,
      packets,
      start: table[0]!,
      end: this.last,
      ...timesOf(table, blocks),
    };
    const used = table.subarray(0, blocks * BLOCK_WORDS);
    const parts = [new Uint8Array(used.buffer, 0, used.byteLength)];
    const bytes = new Uint8Array(this.rows.buffer);
    const length = Math.ceil(blocks / 8);
    for (let row = 0; row < ROWS; row++)
      parts.push(bytes.subarray(row * CELLS * 4, row * CELLS * 4 + length));
    this.at += writeParts(descriptor, parts, this.at);
    this.chunks.push(entry);
    this.rows.fill(0);
    this.blocks = 0;
    this.packets = 0;
  }
}

/** Blocks whose bits are in one cell, and cells of a row. */
const CELL_BLOCKS = 32;
const CELLS = CHUNK_BLOCKS / CELL_BLOCKS;

/** JSON has no infinities. */
function timesOf(table: Float64Array, blocks: number): Pick<ChunkEntry, 'since' | 'until'> {
  let [since, until] = [Number.MAX_VALUE, -Number.MAX_VALUE];
  for (let block = 0; block < blocks; block++) {
    since = Math.max(-Number.MAX_VALUE, Math.min(since, table[block * BLOCK_WORDS + 1]!));
    until = Math.min(Number.MAX_VALUE, Math.max(until, table[block * BLOCK_WORDS + 2]!));
  }
  return { since, until };
}

/** Where a row of a chunk is in the file. */
export const rowAt = ({ at, blocks }: ChunkEntry, row: number): number =>
  at + partLength(blocks * BLOCK_WORDS * 8) + row * partLength(Math.ceil(blocks / 8));
