/**
 * Tells by its first bytes what a capture file is: which container, or which compression around one.
 */

import { SECTION_HEADER } from './blocks.js';
import type { Container } from './container.js';
import { CaptureError } from './error.js';
import { PCAP_MAGICS, PcapContainer } from './pcap.js';
import { PcapngContainer } from './pcapng.js';
import type { Window } from './window.js';

/** Bytes that decide; a shorter file is none of what is recognised here. */
export const MAGIC_LENGTH = 4;

export type Compression = 'gzip' | 'zstd' | 'lz4';

interface CompressionRow {
  /** The leading bytes, in order. */
  readonly magic: readonly number[];
  readonly name: string;
  /** What to decompress with; absent where Weir cannot. */
  readonly reads?: Compression;
  /** The command that decompresses to standard output. */
  readonly command: string;
}

// prettier-ignore
const COMPRESSIONS: readonly CompressionRow[] = [
  { magic: [0x1f, 0x8b], name: 'gzip', reads: 'gzip', command: 'gzip -dc' }, // RFC 1952
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', reads: 'zstd', command: 'zstd -dc' }, // RFC 8878
  // Frames to be skipped, as pzstd puts one before each of its own: RFC 8878 §3.1.2.
  ...Array.from({ length: 16 }, (_, place): CompressionRow => {
    return { magic: [0x50 + place, 0x2a, 0x4d, 0x18], name: 'zstd', reads: 'zstd', command: 'zstd -dc' };
  }),
  { magic: [0x04, 0x22, 0x4d, 0x18], name: 'lz4', reads: 'lz4', command: 'lz4 -dc' }, // LZ4 frame format 1.6
  { magic: [0x02, 0x21, 0x4c, 0x18], name: 'lz4 (legacy frame)', command: 'lz4 -dc' },
  { magic: [0xfd, 0x37, 0x7a, 0x58], name: 'xz', command: 'xz -dc' },
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', command: 'bzip2 -dc' },
  { magic: [0x1f, 0x9d], name: 'compress', command: 'uncompress -c' },
];

/**
 * The compression that the window's first bytes belong to, `undefined` where there is none.
 *
 * @throws CaptureError `unsupported`, with the way around, where it is one that cannot be read.
 */
export function recogniseCompression(window: Window): Compression | undefined {
  const row = compressionOf(window);
  if (row === undefined || row.reads !== undefined) return row?.reads;
  const remedy = `decompress it first: ${row.command} FILE | weir -r -`;
  throw new CaptureError('unsupported', `compressed with ${row.name}, which is not read here; ${remedy}`);
}

const compressionOf = ({ bytes, start, end }: Window): CompressionRow | undefined =>
  COMPRESSIONS.find(
    ({ magic }) => start + magic.length <= end && magic.every((byte, i) => bytes[start + i] === byte),
  );

/**
 * The container that the window's first bytes belong to.
 *
 * @throws CaptureError `truncated` for fewer than four bytes, `unknown-format` for a foreign number, `unsupported` where what is
 *   to be a container is compressed.
 */
export function openContainer(window: Window): Container {
  const got = window.end - window.start;
  if (got < MAGIC_LENGTH) {
    const reason = `truncated dump file; tried to read ${MAGIC_LENGTH} file header bytes, only got ${got}`;
    throw new CaptureError('truncated', reason, { offset: window.base });
  }
  const magic = window.view.getUint32(window.start);
  if (magic === SECTION_HEADER) return new PcapngContainer();
  const row = PCAP_MAGICS.find((candidate) => candidate.magic === magic);
  if (row !== undefined) return new PcapContainer(row);
  const compression = compressionOf(window);
  if (compression !== undefined) {
    const remedy =
      compression.reads === 'gzip'
        ? "decompress it first: stream.pipeThrough(new DecompressionStream('gzip'))"
        : 'decompress it first';
    throw new CaptureError('unsupported', `compressed with ${compression.name}; ${remedy}`);
  }
  throw new CaptureError('unknown-format', 'unknown file format', { offset: window.base });
}
