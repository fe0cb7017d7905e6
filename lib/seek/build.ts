/** Making an index: one pass over a capture. */

import * as fs from 'node:fs';
import { ABSENT, readField } from '../rules/index.js';
import { CaptureError, type PacketTest, type PacketTime, type Select } from '../savefile/index.js';
import { openSavefile } from '../savefile/node.js';
import { classesOf, isOf, NETWORKS, type PacketClass } from './classes.js';
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
import { BITS, newRows, rowsOf } from './signature.js';

/** Bytes of the capture from which on a block ends. */
const BLOCK_SIZE = 16_384;
/** Rows in front of those of values: blocks that must be read; and one for each class. */
export const CLASS_ROWS = 32;
export const ROWS = CLASS_ROWS + BITS;

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
 * @throws CaptureError for what cannot be read or is compressed; what the system says where it cannot be written.
 */
export async function buildIndex(path: string, blockSize = BLOCK_SIZE): Promise<IndexResult> {
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
    const builder = new IndexBuilder(descriptor, blockSize);
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

/** A class of packets, ready to be noted. */
interface PreparedClass {
  readonly of: PacketClass;
  readonly number: number;
  readonly fields: PacketClass['fields'];
  readonly kinds: readonly number[];
  readonly addresses: readonly boolean[];
}

const prepared = (of: PacketClass, number: number): PreparedClass => ({
  of,
  number,
  fields: of.fields,
  kinds: of.fields.map((_, place) => kindOf(number, place, 0)),
  addresses: of.fields.map((field) => of.addresses.has(field)),
});

class IndexBuilder {
  readonly sources: (readonly [number, boolean])[] = [];
  first: readonly [number, number] | null = null;
  readonly chunks: ChunkEntry[] = [];
  /** Where the next part is written. */
  at = MAGIC.length;
  private readonly descriptor: number;
  /** Classes of all sources, one behind the other. */
  private classes = 0;
  private readonly rows = new Uint8Array((ROWS * CHUNK_BLOCKS) / 8);
  private readonly table = new Float64Array(CHUNK_BLOCKS * BLOCK_WORDS);
  private blocks = 0;
  private packets = 0;
  /** Where the block that is being made begins; -1 for none. */
  private blockStart = -1;
  private since = 0;
  private until = 0;
  /** End of the last packet. */
  private last = -1;
  private readonly chosen = newRows();
  /** Bits of the block that is being made. */
  private readonly signature = new Int32Array(BITS / 32);

  private readonly blockSize: number;

  constructor(descriptor: number, blockSize: number) {
    this.descriptor = descriptor;
    this.blockSize = blockSize;
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
    this.classes = Math.max(this.classes, base + classes.length);
    const isKnown = classes.length > 0 && base + classes.length < CLASS_ROWS;
    return this.test(isKnown ? classes.map((one, place) => prepared(one, base + place)) : [], time);
  };

  end(): void {
    this.endBlock();
    this.endChunk();
  }

  private test(classes: readonly PreparedClass[], time: PacketTime): PacketTest {
    return (bytes, start, capturedLength) => {
      time.read();
      const { offset, end, seconds, nanoseconds } = time;
      this.first ??= [seconds, nanoseconds];
      if (this.last >= 0 && offset !== this.last) this.passOver(offset);
      if (this.blockStart >= 0 && offset - this.blockStart >= this.blockSize) this.endBlock();
      if (this.blockStart < 0) {
        if (this.blocks === CHUNK_BLOCKS) this.endChunk();
        this.blockStart = offset;
        this.since = Number.POSITIVE_INFINITY;
        this.until = Number.NEGATIVE_INFINITY;
      }
      this.last = end;
      this.packets++;
      if (seconds < this.since) this.since = seconds;
      // Damaged files may have more than a second of nanoseconds.
      const until = seconds + Math.floor(nanoseconds / 1e9) + 1;
      if (until > this.until) this.until = until;
      let place = 0;
      while (place < classes.length && !isOf(classes[place]!.of, bytes, start, capturedLength)) place++;
      if (place === classes.length) this.set(0);
      else this.note(classes[place]!, bytes, start, capturedLength);
      return 0;
    };
  }

  /** What is no packet has to be read always: interfaces, names, comments of the file. */
  private passOver(offset: number): void {
    this.endBlock();
    if (this.blocks === CHUNK_BLOCKS) this.endChunk();
    this.blockStart = this.last;
    this.since = Number.NEGATIVE_INFINITY;
    this.until = Number.POSITIVE_INFINITY;
    this.set(0);
    this.last = offset;
    this.endBlock();
  }

  private note(
    { number, fields, kinds, addresses }: PreparedClass,
    bytes: Uint8Array,
    start: number,
    length: number,
  ): void {
    this.set(1 + number);
    for (let place = 0; place < fields.length; place++) {
      const value = readField(fields[place]!, bytes, start, length);
      if (value === ABSENT) continue;
      const kind = kinds[place]!;
      this.add(kind, value);
      if (!addresses[place]!) continue;
      for (let at = 0; at < NETWORKS.length; at++) this.add(kind | NETWORKS[at]!, value >>> NETWORKS[at]!);
    }
  }

  private add(kind: number, value: number): void {
    const { signature, chosen } = this;
    rowsOf(kind, value, chosen);
    for (let at = 0; at < chosen.length; at++) signature[chosen[at]! >> 5]! |= 1 << (chosen[at]! & 31);
  }

  /** Puts the block's bits, gathered side by side, into the rows. */
  private spread(): void {
    const { signature, rows, blocks } = this;
    const bit = 1 << (blocks & 7);
    for (let word = 0; word < signature.length; word++) {
      for (let left = signature[word]!; left !== 0; left &= left - 1) {
        const row = CLASS_ROWS + 32 * word + 31 - Math.clz32(left & -left);
        rows[row * (CHUNK_BLOCKS / 8) + (blocks >> 3)]! |= bit;
      }
    }
    signature.fill(0);
  }

  private set(row: number): void {
    this.rows[row * (CHUNK_BLOCKS / 8) + (this.blocks >> 3)]! |= 1 << (this.blocks & 7);
  }

  private endBlock(): void {
    if (this.blockStart < 0) return;
    this.spread();
    this.table.set([this.blockStart, this.since, this.until], this.blocks * BLOCK_WORDS);
    this.blocks++;
    this.blockStart = -1;
  }

  private endChunk(): void {
    const { blocks, descriptor, table, packets } = this;
    if (blocks === 0) return;
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
    const length = Math.ceil(blocks / 8);
    for (let row = 0; row < ROWS; row++) {
      const from = row * (CHUNK_BLOCKS / 8);
      parts.push(this.rows.subarray(from, from + length));
    }
    this.at += writeParts(descriptor, parts, this.at);
    this.chunks.push(entry);
    this.rows.fill(0);
    this.blocks = 0;
    this.packets = 0;
  }
}

/** JSON has no infinities. */
function timesOf(table: Float64Array, blocks: number): Pick<ChunkEntry, 'since' | 'until'> {
  let [since, until] = [Number.MAX_VALUE, -Number.MAX_VALUE];
  for (let block = 0; block < blocks; block++) {
    since = Math.max(-Number.MAX_VALUE, Math.min(since, table[block * BLOCK_WORDS + 1]!));
    until = Math.min(Number.MAX_VALUE, Math.max(until, table[block * BLOCK_WORDS + 2]!));
  }
  return { since, until };
}

/** A number for each kind of value that is kept apart. */
export const kindOf = (classNumber: number, field: number, shift: number): number =>
  (classNumber << 16) | (field << 8) | shift;

/** Where a row of a chunk is in the file. */
export const rowAt = ({ at, blocks }: ChunkEntry, row: number): number =>
  at + partLength(blocks * BLOCK_WORDS * 8) + row * partLength(Math.ceil(blocks / 8));
