/**
 * Entering a capture in the middle: where the next record seems to begin. A guess, from a chain of headers that can follow
 * each other; whoever makes it has it proved by a walk that ends there.
 */

import type { RecordLayout } from './accelerator.js';
import {
  CUSTOM_COPY,
  CUSTOM_NO_COPY,
  DECRYPTION_SECRETS,
  ENHANCED_PACKET,
  INTERFACE_STATISTICS,
  NAME_RESOLUTION,
  PACKET_BLOCK,
  padded,
  SIMPLE_PACKET,
} from './blocks.js';

/** Records that have to follow each other; fewer where the bytes end. */
const CHAIN = { pcap: 12, pcapng: 4 } as const;
/** Seconds between neighbours that look like a capture. */
const NEAR = 86_400;
const MOST_NANOSECONDS = 999_999_999;

const BLOCK_TYPES: ReadonlySet<number> = new Set([
  PACKET_BLOCK,
  SIMPLE_PACKET,
  NAME_RESOLUTION,
  INTERFACE_STATISTICS,
  ENHANCED_PACKET,
  DECRYPTION_SECRETS,
  CUSTOM_COPY,
  CUSTOM_NO_COPY,
]);

/**
 * Where in the bytes a record seems to begin, -1 where nowhere.
 *
 * @param bytes - A part of the file.
 * @param offset - Where they lie in it.
 */
export function findRecord(layout: RecordLayout, bytes: Uint8Array, offset: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Blocks are padded, and a section begins at a multiple of four in any file that was not cut by hand.
  const [first, by] = layout.kind === 'pcapng' ? [-offset & 3, 4] : [0, 1];
  for (let at = first; at < bytes.length; at += by) if (isChain(layout, view, at)) return at;
  return -1;
}

function isChain(layout: RecordLayout, view: DataView, start: number): boolean {
  let at = start;
  for (let count = 0; count < CHAIN[layout.kind]; count++) {
    const next = layout.kind === 'pcap' ? afterRecord(layout, view, at, start) : afterBlock(layout, view, at);
    if (next === undefined) return false;
    if (next >= view.byteLength) return count > 0;
    at = next;
  }
  return true;
}

/** Where a record would end; `undefined` where it can be none. Past the end where its header is not whole. */
function afterRecord(
  { littleEndian, headerLength, maxCaptured }: RecordLayout & { kind: 'pcap' },
  view: DataView,
  at: number,
  first: number,
): number | undefined {
  if (at + headerLength > view.byteLength) return view.byteLength;
  const captured = view.getUint32(at + 8, littleEndian);
  const wire = view.getUint32(at + 12, littleEndian);
  if (captured === 0 || captured > maxCaptured || wire < captured || wire > 0x7fff_ffff) return undefined;
  if (view.getUint32(at + 4, littleEndian) > MOST_NANOSECONDS) return undefined;
  const apart = view.getUint32(at, littleEndian) - view.getUint32(first, littleEndian);
  return Math.abs(apart) > NEAR ? undefined : at + headerLength + captured;
}

function afterBlock(
  { littleEndian }: RecordLayout & { kind: 'pcapng' },
  view: DataView,
  at: number,
): number | undefined {
  if (at + 8 > view.byteLength) return view.byteLength;
  const total = view.getUint32(at + 4, littleEndian);
  if (!BLOCK_TYPES.has(view.getUint32(at, littleEndian)) || total < 12 || total > 0x0100_0000)
    return undefined;
  const next = at + padded(total);
  if (next > view.byteLength) return view.byteLength;
  return view.getUint32(next - 4, littleEndian) === total ? next : undefined;
}

/**
 * Bytes that the record needs which begins at `start` and is not there whole: to tell its length, then that.
 *
 * @param end - End of what is there of it, above `start`.
 */
export function missingOf(layout: RecordLayout, view: DataView, start: number, end: number): number {
  const got = end - start;
  const header = layout.kind === 'pcap' ? layout.headerLength : 12;
  if (got < header) return header - got;
  const length =
    layout.kind === 'pcap'
      ? header + view.getUint32(start + 8, layout.littleEndian)
      : padded(view.getUint32(start + 4, layout.littleEndian));
  return Math.max(1, length - got);
}
