/**
 * The file of an index: chunks of rows, then a directory that tells what capture it is of and where the chunks are.
 *
 *     "weirindex 3\n" | chunk | chunk | ... | directory, as JSON | its length, its CRC | "end\n"
 *
 *     chunk: row 0, CRC | row 1, CRC | ... | where 1,024 blocks begin, CRC | ... | times of groups of blocks, CRC
 *
 * A chunk has so many blocks that few reads are needed of a large capture: a row of it fills two pages. Whatever is read
 * is checked on its own, the number of what is read included: nothing that is damaged is believed.
 */

import * as fs from 'node:fs';
import { crc32 } from 'node:zlib';
import { ROWS } from './signature.js';

/** Numbers are in the order of the machine that wrote them; another one takes the index for one of another version. */
export const IS_LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
export const MAGIC = `weirindex 3${IS_LITTLE ? '' : ' of big ends'}\n`;
const END = 'end\n';
const FOOTER = 8 + END.length;
const CRC = 4;
/** An index is beside its capture. */
export const indexPathOf = (capture: string): string => `${capture}.weirindex`;

/** Blocks of a chunk, one bit of a row each; and of a cell of a row. */
export const CHUNK_BLOCKS = 65_536;
export const CELL_BLOCKS = 32;
/** Blocks whose beginnings are one part. */
export const PART_BLOCKS = 1024;
/** Most bytes that the blocks of a chunk begin behind the first one. */
export const CHUNK_REACH = 0xffff_ffff;
/** Blocks whose times are kept together: a window of time is seldom cut to the packet. */
export const GROUP_BLOCKS = 16;

export interface ChunkEntry {
  /** Where it is in the index. */
  readonly at: number;
  readonly blocks: number;
  /** A bit for each of the first rows that is not empty. */
  readonly classes: number;
  /** Bytes of the capture that it is about. */
  readonly start: number;
  readonly end: number;
  /** Whole seconds around the times of its packets. */
  readonly since: number;
  readonly until: number;
  readonly packets: number;
}

/** What makes a capture that capture. */
export interface Identity {
  readonly size: number;
  /** Nanoseconds, as text: JSON has no such numbers. */
  readonly modified: string;
  /** The checks of its first and last bytes: against mistakes, not against malice. */
  readonly ends: string;
}

export interface Directory {
  readonly identity: Identity;
  /** Sources of packets: link type, and whether the file says that its bytes are swapped. */
  readonly sources: readonly (readonly [linkType: number, bigEndian: boolean])[];
  /** When the first packet came, in seconds and nanoseconds; `null` without a packet. */
  readonly first: readonly [number, number] | null;
  readonly chunks: readonly ChunkEntry[];
}

const HASHED = 65_536;

/** @throws what the system says. */
export function identityOf(descriptor: number): Identity {
  const { size, mtimeNs } = fs.fstatSync(descriptor, { bigint: true });
  const bytes = new Uint8Array(HASHED);
  const ends = [0, Math.max(0, Number(size) - HASHED)].map((from) =>
    crc32(bytes.subarray(0, fs.readSync(descriptor, bytes, 0, HASHED, from))),
  );
  return { size: Number(size), modified: `${mtimeNs}`, ends: `${ends}` };
}

type Blocks = Pick<ChunkEntry, 'blocks'>;
export const rowLength = ({ blocks }: Blocks): number => 4 * Math.ceil(blocks / CELL_BLOCKS);
export const timesLength = ({ blocks }: Blocks): number => 16 * Math.ceil(blocks / GROUP_BLOCKS);

/** Where parts of a chunk are in the file. */
export const rowAt = (chunk: ChunkEntry, row: number): number =>
  chunk.at + row * partLength(rowLength(chunk));
export const offsetsAt = (chunk: ChunkEntry): number => rowAt(chunk, ROWS);
export const timesAt = (chunk: ChunkEntry): number =>
  offsetsAt(chunk) + 4 * chunk.blocks + CRC * Math.ceil(chunk.blocks / PART_BLOCKS);

/** The check of a part at a place of the file. */
export const checkOf = (part: Uint8Array, at: number): number => crc32(part, at >>> 0);

export function writeAll(descriptor: number, bytes: Uint8Array, at: number): void {
  for (let written = 0; written < bytes.length; )
    written += fs.writeSync(descriptor, bytes, written, bytes.length - written, at + written);
}

/** Writes on another thread, one piece at a time. */
export class WriteBehind {
  private pending: Promise<void> | undefined;
  private isBusy = false;

  /** Whether it will write them: not while it writes others. */
  write(descriptor: number, bytes: Uint8Array, at: number): boolean {
    if (this.isBusy) return false;
    this.isBusy = true;
    const before = this.pending;
    this.pending = (async () => {
      await before;
      for (let written = 0; written < bytes.length; )
        written += await writeLater(descriptor, bytes, written, bytes.length - written, at + written);
      this.isBusy = false;
    })();
    // Told by whoever waits for the end.
    this.pending.catch(() => {});
    return true;
  }

  /** Settles when all is written. @throws what the system says. */
  async end(): Promise<void> {
    await this.pending;
  }
}

const writeLater = (descriptor: number, bytes: Uint8Array, from: number, length: number, at: number) =>
  new Promise<number>((resolve, reject) => {
    fs.write(descriptor, bytes, from, length, at, (error, written) =>
      error === null ? resolve(written) : reject(error),
    );
  });

/** Writes parts one behind the other, each with its check; gives their length. */
export function writeParts(descriptor: number, parts: readonly Uint8Array[], at: number): number {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + partLength(length), 0));
  const view = new DataView(whole.buffer);
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    view.setUint32(end + part.length, checkOf(part, at + end), true);
    end += partLength(part.length);
  }
  writeAll(descriptor, whole, at);
  return end;
}

/** Gives how many bytes there were to read. */
export const readInto = (descriptor: number, bytes: Uint8Array, length: number, at: number): number =>
  fs.readSync(descriptor, bytes, 0, length, at);

/**
 * A part; `undefined` where it is not what was written.
 *
 * @param whole - Where to put it, and its check.
 */
export function readPart(
  descriptor: number,
  at: number,
  length: number,
  whole: Uint8Array = new Uint8Array(partLength(length)),
): Uint8Array | undefined {
  const read = readInto(descriptor, whole, partLength(length), at);
  return read < partLength(length) ? undefined : checkedPart(whole, at, length);
}

/** A part that has been read with its check; `undefined` where it is not what was written. */
export function checkedPart(whole: Uint8Array, at: number, length: number): Uint8Array | undefined {
  const part = whole.subarray(0, length);
  const view = new DataView(whole.buffer, whole.byteOffset);
  return checkOf(part, at) === view.getUint32(length, true) ? part : undefined;
}

export const partLength = (bytes: number): number => bytes + CRC;

export function writeDirectory(descriptor: number, directory: Directory, at: number): void {
  const text = Buffer.from(JSON.stringify(directory));
  const length = writeParts(descriptor, [text], at);
  const footer = Buffer.alloc(FOOTER);
  footer.writeDoubleLE(at, 0);
  footer.write(END, 8);
  fs.writeSync(descriptor, footer, 0, FOOTER, at + length);
}

/** The directory; `undefined` where the file is no whole index of this version. */
export function readDirectory(descriptor: number): Directory | undefined {
  const { size } = fs.fstatSync(descriptor);
  if (size < MAGIC.length + FOOTER) return undefined;
  const magic = Buffer.alloc(MAGIC.length);
  const footer = Buffer.alloc(FOOTER);
  fs.readSync(descriptor, magic, 0, MAGIC.length, 0);
  fs.readSync(descriptor, footer, 0, FOOTER, size - FOOTER);
  if (magic.toString('latin1') !== MAGIC || footer.toString('latin1', 8) !== END) return undefined;
  const at = footer.readDoubleLE(0);
  const length = size - FOOTER - CRC - at;
  if (!(Number.isInteger(at) && at >= MAGIC.length && length > 0)) return undefined;
  const text = readPart(descriptor, at, length);
  return text === undefined ? undefined : (JSON.parse(Buffer.from(text).toString('utf8')) as Directory);
}
