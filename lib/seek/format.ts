/**
 * The file of an index: chunks of rows, then a directory that tells what capture it is of and where the chunks are.
 *
 *     "weirindex 2\n" | chunk | chunk | ... | directory, as JSON | its length, its CRC | "end\n"
 *
 *     chunk: table of the blocks' offsets and times, CRC | row 0, CRC | row 1, CRC | ...
 *
 * Whatever is read is checked on its own, the number of what is read included: nothing that is damaged is believed.
 */

import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { crc32 } from 'node:zlib';

export const MAGIC = 'weirindex 2\n';
const END = 'end\n';
const FOOTER = 8 + END.length;
const CRC = 4;
/** An index is beside its capture. */
export const indexPathOf = (capture: string): string => `${capture}.weirindex`;

/** Blocks of a chunk, one bit of a row each. */
export const CHUNK_BLOCKS = 2048;
/** Offset, first and last second of a block. */
export const BLOCK_WORDS = 3;

export interface ChunkEntry {
  /** Where it is in the index. */
  readonly at: number;
  readonly blocks: number;
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
  /** SHA-256 of its first and last bytes. */
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
  const hash = createHash('sha256');
  const bytes = new Uint8Array(HASHED);
  for (const from of [0, Math.max(0, Number(size) - HASHED)])
    hash.update(bytes.subarray(0, fs.readSync(descriptor, bytes, 0, HASHED, from)));
  return { size: Number(size), modified: `${mtimeNs}`, ends: hash.digest('hex') };
}

/** Writes parts one behind the other, each with its check; gives their length. */
export function writeParts(descriptor: number, parts: readonly Uint8Array[], at: number): number {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + partLength(length), 0));
  const view = new DataView(whole.buffer);
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    view.setUint32(end + part.length, crc32(part, (at + end) >>> 0), true);
    end += partLength(part.length);
  }
  for (let written = 0; written < end; )
    written += fs.writeSync(descriptor, whole, written, end - written, at + written);
  return end;
}

/** A part; `undefined` where it is not what was written. */
export function readPart(descriptor: number, at: number, length: number): Uint8Array | undefined {
  return readParts(descriptor, at, partLength(length))?.(at, length);
}

/** Parts of a stretch that is read at once. */
export function readParts(
  descriptor: number,
  from: number,
  bytes: number,
): ((at: number, length: number) => Uint8Array | undefined) | undefined {
  const whole = new Uint8Array(bytes);
  if (fs.readSync(descriptor, whole, 0, bytes, from) < bytes) return undefined;
  const view = new DataView(whole.buffer);
  return (at, length) => {
    const part = whole.subarray(at - from, at - from + length);
    return crc32(part, at >>> 0) === view.getUint32(at - from + length, true) ? part : undefined;
  };
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
