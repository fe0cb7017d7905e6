/**
 * What a scan may be sped up with: something that walks over many records and filters them in one call,
 * in memory of its own that the window then lives in. lib/jit/scan.ts makes one; nothing here knows how.
 */

import type { CaptureInterface } from './packet.js';

/** How records lie in a file, as far as it is the same for all of them. */
export type RecordLayout =
  | {
      readonly kind: 'pcap';
      readonly littleEndian: boolean;
      readonly headerLength: number;
      /** Captured lengths above this are damage. */
      readonly maxCaptured: number;
      /** What is captured beyond this is not part of the packet. */
      readonly snapLength: number;
    }
  /** Enhanced and Simple Packet Blocks. */
  | { readonly kind: 'pcapng'; readonly littleEndian: boolean };

/** The records that come next, and the interfaces they may be from. */
export interface RecordRun {
  readonly layout: RecordLayout;
  readonly source: CaptureInterface;
  /** Packets of interfaces with lower numbers can be tested as those of `source` are. */
  readonly interfaces: number;
}

/** Where a walk is; all positions are indexes into the window. */
export interface WalkState {
  /** First byte not yet stepped over; end of the bytes at hand. */
  start: number;
  end: number;
  /** Offset in the file of the window's first byte. */
  base: number;
  /** Interfaces as in {@link RecordRun}. */
  interfaces: number;
  /** Most bytes of a packet that the first interface captured, for blocks that do not say how many it did. */
  snapLength: number;
  packets: number;
  matched: number;
  /** Stop at so many matches. */
  limit: number;
  /** First byte of the records that match and have not been moved yet. */
  runStart: number;
  keptStart: number;
  keptEnd: number;
}

/**
 * Steps over records as long as they are whole and ordinary; stops in front of any other, at the end of
 * the bytes, and at the limit.
 */
export interface RecordWalk {
  (state: WalkState): void;
  /** A walk over fewer records was not worth its call; without it, as usual. */
  readonly few?: number;
}

/**
 * What a walk leaves behind of the records that match: nothing; the records, closed up as in scan.ts; or where
 * each of them begins.
 */
export type Taking = 'counts' | 'records' | 'places';

export interface Accelerator {
  /** Bytes of a capture from which on it pays. */
  readonly worthFrom: number;
  /** Gives memory of `size` bytes that begins with `bytes`; what it gave before is not used again. */
  readonly grow: (bytes: Uint8Array, size: number) => Uint8Array;
  /** `undefined` where records have to be tested one by one. */
  readonly walkFor: (layout: RecordLayout, source: CaptureInterface, takes: Taking) => RecordWalk | undefined;
  /** Where the records begin that the last walk found to match, as indexes into the window; no more fit. */
  readonly places: () => Uint32Array;
}
