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

/** Records that have to follow each other, and bytes: more than a packet has, which may hold such a chain; or up to the file's end. */
const CHAIN = 8;
const SPAN = 1 << 16;
/** Seconds between neighbours, and from a capture's first packet on, that look like one capture. */
const A_YEAR = 400 * 86_400;
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

/** Where a record is looked for. */
export interface Searched {
  readonly layout: RecordLayout;
  /** A part of the file, and where it lies in it. */
  readonly bytes: Uint8Array;
  readonly offset: number;
  /** Whether the file ends with it. */
  readonly isEnd: boolean;
  /** When the capture's first packet came, in pcap. */
  readonly seconds: number;
}

/** Where in the bytes a record seems to begin, -1 where nowhere. */
export function findRecord(searched: Searched): number {
  const { layout, bytes, offset } = searched;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // Blocks are padded, and a section begins at a multiple of four in any file that was not cut by hand.
  const [first, by] = layout.kind === 'pcapng' ? [-offset & 3, 4] : [0, 1];
  for (let at = first; at < bytes.length; at += by) if (isChain(searched, view, at)) return at;
  return -1;
}

function isChain({ layout, isEnd, seconds }: Searched, view: DataView, start: number): boolean {
  let at = start;
  let near = seconds;
  for (let count = 0; count < CHAIN || at - start < SPAN; count++) {
    if (at === view.byteLength) return isEnd && count > 0;
    const next = layout.kind === 'pcap' ? afterRecord(layout, view, at, near) : afterBlock(layout, view, at);
    if (next === undefined || next > view.byteLength) return false;
    if (layout.kind === 'pcap') near = view.getUint32(at, layout.littleEndian);
    at = next;
  }
  return true;
}

/** Where a record would end; `undefined` where it can be none, or its header is not whole. */
function afterRecord(
  { littleEndian, headerLength, maxCaptured }: RecordLayout & { kind: 'pcap' },
  view: DataView,
  at: number,
  near: number,
): number | undefined {
  if (at + headerLength > view.byteLength) return undefined;
  const captured = view.getUint32(at + 8, littleEndian);
  const wire = view.getUint32(at + 12, littleEndian);
  if (captured === 0 || captured > maxCaptured || wire < captured || wire > 0x7fff_ffff) return undefined;
  if (view.getUint32(at + 4, littleEndian) > MOST_NANOSECONDS) return undefined;
  return Math.abs(view.getUint32(at, littleEndian) - near) > A_YEAR
    ? undefined
    : at + headerLength + captured;
}

function afterBlock(
  { littleEndian }: RecordLayout & { kind: 'pcapng' },
  view: DataView,
  at: number,
): number | undefined {
  if (at + 12 > view.byteLength) return undefined;
  const total = view.getUint32(at + 4, littleEndian);
  if (!BLOCK_TYPES.has(view.getUint32(at, littleEndian)) || total < 12 || total > 0x0100_0000)
    return undefined;
  const next = at + padded(total);
  if (next > view.byteLength) return undefined;
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
