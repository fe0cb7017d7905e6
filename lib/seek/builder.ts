/** What an index tells of a capture, gathered in one pass over its records. */

import * as fs from 'node:fs';
import type {
  Accelerator,
  CaptureInterface,
  PacketTest,
  PacketTime,
  RecordLayout,
  RecordWalk,
  Select,
} from '../savefile/index.js';
import { classesOf } from './classes.js';
import { BLOCK_WORDS, CHUNK_BLOCKS, type ChunkEntry, MAGIC, partLength, writeParts } from './format.js';
import { type Note, Notes } from './notes.js';
import { CLASS_ROWS, ROWS } from './signature.js';

/** Takes records in order, and writes a part of the index for each chunk of blocks. */
export class IndexBuilder {
  readonly sources: (readonly [number, boolean])[] = [];
  first: readonly [number, number] | null = null;
  readonly chunks: ChunkEntry[] = [];
  /** Where the next part is written. */
  at = MAGIC.length;
  private readonly descriptor: number;
  private readonly notes = new Notes();
  /** What records are walked over in. */
  private bytes: Uint8Array = new Uint8Array(0);
  private window: DataView = new DataView(this.bytes.buffer);
  private readonly rows = new Int32Array(ROWS * CELLS);
  /** Of rows, what of them is written. */
  private views: readonly Uint8Array[] = [];
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
  readonly select: Select = (source, time) => this.test(this.noteFor(source), time);

  /** Walks over records of pcap files at once. */
  readonly accelerator: Accelerator = {
    worthFrom: 0,
    grow: (bytes, size) => {
      const grown = new Uint8Array(size);
      grown.set(bytes);
      this.window = new DataView(grown.buffer);
      this.bytes = grown;
      return grown;
    },
    places: () => new Uint32Array(0),
    walkFor: (layout, source) =>
      this.isPlain || layout.kind !== 'pcap' ? undefined : this.walk(layout, source),
  };

  private walk(layout: RecordLayout & { kind: 'pcap' }, source: CaptureInterface): RecordWalk {
    const { littleEndian, headerLength, maxCaptured, snapLength } = layout;
    const most = source.timestampUnit < 1e-6 ? 1e9 : 1e6;
    // A source is one that a packet came from.
    let note: Note | undefined;
    return (state) => {
      const { window, bytes, blockSize } = this;
      const { end, base } = state;
      let { start, packets } = state;
      while (start + headerLength <= end) {
        const captured = window.getUint32(start + 8, littleEndian);
        const data = start + headerLength;
        if (captured > maxCaptured || data + captured > end) break;
        const seconds = window.getUint32(start, littleEndian);
        const parts = window.getUint32(start + 4, littleEndian);
        const offset = base + start;
        if (offset !== this.last || offset - this.blockStart >= blockSize)
          this.begin(offset, seconds, parts * (1e9 / most));
        start = data + captured;
        this.last = base + start;
        if (seconds < this.since) this.since = seconds;
        const until = seconds + (parts < most ? 1 : Math.floor(parts / most) + 1);
        if (until > this.until) this.until = until;
        note ??= this.noteFor(source);
        note(bytes, data, captured > snapLength ? snapLength : captured);
        packets++;
      }
      this.packets += packets - state.packets;
      state.start = start;
      state.packets = packets;
      state.runStart = start;
    };
  }

  private noteFor(source: CaptureInterface): Note {
    const bigEndian = source.bigEndian === true;
    let place = this.sources.findIndex(([type, order]) => type === source.linkType && order === bigEndian);
    if (place < 0) place = this.sources.push([source.linkType, bigEndian]) - 1;
    const base = this.sources
      .slice(0, place)
      .reduce((sum, [linkType]) => sum + classesOf({ linkType }).length, 0);
    const classes = classesOf(source);
    const isKnown = base + classes.length < CLASS_ROWS;
    return this.notes.noteFor(isKnown ? classes : [], base, this.isPlain);
  }

  end(): void {
    this.endBlock();
    this.endChunk();
  }

  private test(note: Note, time: PacketTime): PacketTest {
    return (bytes, start, capturedLength) => {
      time.read();
      const { offset, end, seconds, nanoseconds } = time;
      if (offset !== this.last || offset - this.blockStart >= this.blockSize)
        this.begin(offset, seconds, nanoseconds);
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
  private begin(offset: number, seconds: number, nanoseconds: number): void {
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
    const length = Math.ceil(blocks / 8);
    if (this.views[0]?.length !== length) {
      const bytes = new Uint8Array(this.rows.buffer);
      this.views = Array.from({ length: ROWS }, (_, row) =>
        bytes.subarray(row * CELLS * 4, row * CELLS * 4 + length),
      );
    }
    const parts = [new Uint8Array(used.buffer, 0, used.byteLength), ...this.views];
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
