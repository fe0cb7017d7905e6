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
  WalkState,
} from '../savefile/index.js';
import { classesOf, type PacketClass } from './classes.js';
import {
  CELL_BLOCKS,
  CHUNK_BLOCKS,
  CHUNK_REACH,
  type ChunkEntry,
  MAGIC,
  type WriteBehind,
  writeAll,
} from './format.js';
import { STATE, STOPPED, WINDOW_AT } from './noteMemory.js';
import { type Note, Notes } from './notes.js';
import { ChunkRows } from './rows.js';
import { CLASS_ROWS } from './signature.js';

/** Packets after which a block ends, where the blocks before it are long enough for that. */
const BLOCK_PACKETS = 13;
/** Bytes of a block at least, of all blocks before it taken together: what the length of an index is limited by. */
const BLOCK_LEAST = 4600;

/** The largest number that a walk is given. */
const MOST = 0xffff_ffff;

/** How packets of one kind of source are noted. */
interface Noted {
  readonly classes: readonly PacketClass[];
  /** Row of the first of them. */
  readonly first: number;
  readonly note: Note;
}

/** Takes records in order, and writes a part of the index for each chunk of blocks. */
export class IndexBuilder {
  readonly sources: (readonly [number, boolean])[] = [];
  first: readonly [number, number] | null = null;
  readonly chunks: ChunkEntry[] = [];
  /** Where the next part is written. */
  at = MAGIC.length;
  private readonly descriptor: number;
  private readonly notes = new Notes();
  private readonly noted: Noted[] = [];
  /** Those of the chunk that is made; and others for the next one, while these are written. */
  private rows = new ChunkRows();
  private others: ChunkRows | undefined;
  /** Where the chunk begins, and whole seconds around its times. */
  private chunkStart = 0;
  private chunkSince = 0;
  private chunkUntil = 0;
  private packets = 0;
  /** Where the block that is being made begins; -1 for none. */
  private blockStart = -1;
  private blockPackets = 0;
  /** From where on it ends with {@link BLOCK_PACKETS}, all blocks taken together; and with fewer. */
  private soft = 0;
  private hard = 0;
  private since = 0;
  private until = 0;
  /** End of the last packet. */
  private last = -1;

  private readonly blockSize: number;
  private readonly isPlain: boolean;
  private readonly behind: WriteBehind | undefined;

  /**
   * @param blockSize - Bytes of the capture from which on a block ends that has few packets.
   * @param behind - Writes while more is made; without it, what is made is written at once.
   */
  constructor(descriptor: number, blockSize: number, isPlain: boolean, behind?: WriteBehind) {
    this.descriptor = descriptor;
    this.behind = behind;
    this.blockSize = blockSize;
    this.isPlain = isPlain;
    fs.writeSync(descriptor, MAGIC);
  }

  /** Selects nothing. */
  readonly select: Select = (source, time) => this.test(this.notedOf(source).note, time);

  /** Walks over records of pcap files at once. */
  get accelerator(): Accelerator | undefined {
    const { notes } = this;
    if (this.isPlain || !notes.isFast) return undefined;
    return {
      worthFrom: 0,
      grow: (bytes, size) => notes.grow(bytes, size),
      places: () => new Uint32Array(0),
      walkFor: (layout, source) => (layout.kind === 'pcap' ? this.walkFor(layout, source) : undefined),
    };
  }

  private walkFor(layout: RecordLayout & { kind: 'pcap' }, source: CaptureInterface): RecordWalk {
    const { notes } = this;
    let walk: (() => number) | undefined;
    return (state) => {
      // A source is one that a packet came from: the first one is not walked over.
      if (this.placeOf(source) < 0) return;
      const { classes, first } = this.notedOf(source);
      if (classes.length === 0) return;
      const perSecond = source.timestampUnit < 1e-6 ? 1e9 : 1e6;
      walk ??= notes.load(classes, first, { ...layout, perSecond }).walk!;
      while (this.walkOn(walk, state) === STOPPED.atBlock) this.begin(state.base + state.start);
      state.runStart = state.start;
    };
  }

  /** Walks on to the end of a block, or to what is not ordinary. */
  private walkOn(walk: () => number, state: WalkState): number {
    const { base } = state;
    const { state: cells } = this.notes;
    const inWindow = (offset: number) => Math.min(Math.max(offset - base + WINDOW_AT, 0), MOST);
    const isNext = this.blockStart >= 0 && base + state.start === this.last;
    cells[STATE.start] = state.start + WINDOW_AT;
    cells[STATE.end] = state.end + WINDOW_AT;
    cells[STATE.soft] = inWindow(this.soft);
    cells[STATE.hard] = isNext ? inWindow(this.hard) : 0;
    cells[STATE.most] = BLOCK_PACKETS;
    cells[STATE.count] = this.blockPackets;
    cells[STATE.since] = MOST;
    cells[STATE.until] = 0;
    const why = walk();
    const added = cells[STATE.count]! - this.blockPackets;
    state.start = cells[STATE.start]! - WINDOW_AT;
    state.packets += added;
    if (added > 0) this.take(base + state.start, added, cells[STATE.since]!, cells[STATE.until]!);
    return why;
  }

  private placeOf({ linkType, bigEndian = false }: CaptureInterface): number {
    return this.sources.findIndex(([type, order]) => type === linkType && order === bigEndian);
  }

  private notedOf(source: CaptureInterface): Noted {
    const { sources, noted, notes } = this;
    const place = this.placeOf(source);
    if (place >= 0) return noted[place]!;
    const first = sources.reduce((sum, [linkType]) => sum + classesOf({ linkType }).length, 1);
    sources.push([source.linkType, source.bigEndian === true]);
    const all = classesOf(source);
    const classes = first + all.length <= CLASS_ROWS ? all : [];
    const note = this.isPlain ? notes.plain(classes, first) : notes.fast(classes, first);
    const one = { classes, first, note };
    noted.push(one);
    return one;
  }

  end(): void {
    this.endBlock();
    this.endChunk();
  }

  private test(note: Note, time: PacketTime): PacketTest {
    return (bytes, start, capturedLength) => {
      time.read();
      const { offset, end, seconds, nanoseconds } = time;
      this.first ??= [seconds, nanoseconds];
      const isFull = offset >= this.hard || (this.blockPackets >= BLOCK_PACKETS && offset >= this.soft);
      if (offset !== this.last || this.blockStart < 0 || isFull) this.begin(offset);
      // Damaged files may have more than a second of nanoseconds.
      this.take(end, 1, seconds, seconds + (nanoseconds < 1e9 ? 1 : Math.floor(nanoseconds / 1e9) + 1));
      note(bytes, start, capturedLength);
      return 0;
    };
  }

  /** Takes packets into the block. */
  private take(end: number, packets: number, since: number, until: number): void {
    this.last = end;
    this.packets += packets;
    this.blockPackets += packets;
    if (since < this.since) this.since = since;
    if (until > this.until) this.until = until;
  }

  /** A block begins with the packet that is there. */
  private begin(offset: number): void {
    if (this.last >= 0 && offset !== this.last) this.passOver(offset);
    else this.endBlock();
    this.beginBlock(offset, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  }

  private beginBlock(offset: number, since: number, until: number): void {
    const { rows } = this;
    if (rows.blocks === CHUNK_BLOCKS || offset - this.chunkStart > CHUNK_REACH) this.endChunk();
    if (rows.blocks === 0) {
      this.chunkStart = offset;
      this.chunkSince = Number.MAX_VALUE;
      this.chunkUntil = -Number.MAX_VALUE;
    }
    this.notes.nextBlock(rows.blocks);
    this.soft = (this.soft === 0 ? offset : this.soft) + BLOCK_LEAST;
    this.hard = offset + this.blockSize;
    this.blockPackets = 0;
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
    const { rows, since, until } = this;
    if (this.blockStart < 0) return;
    rows.endBlock(this.blockStart - this.chunkStart, since, until);
    // JSON has no infinities.
    this.chunkSince = Math.max(-Number.MAX_VALUE, Math.min(this.chunkSince, since));
    this.chunkUntil = Math.min(Number.MAX_VALUE, Math.max(this.chunkUntil, until));
    if (rows.blocks % CELL_BLOCKS === 0) rows.store(this.notes.cells);
    this.blockStart = -1;
  }

  private endChunk(): void {
    const { rows, descriptor, at } = this;
    const { blocks } = rows;
    if (blocks === 0) return;
    const classes = rows.finish(this.notes.cells);
    this.at += rows.write(descriptor, at, (bytes) => {
      if (this.behind?.write(descriptor, bytes, at) !== true) return writeAll(descriptor, bytes, at);
      [this.rows, this.others] = [this.others ?? new ChunkRows(), rows];
    });
    this.chunks.push({
      at,
      blocks,
      classes,
      packets: this.packets,
      start: this.chunkStart,
      end: this.last,
      since: this.chunkSince,
      until: this.chunkUntil,
    });
    this.packets = 0;
  }
}
