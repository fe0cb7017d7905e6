/**
 * A capture gone through in segments, each for itself, and joined by proof: a walk from where a record begins ends where
 * one begins, so that a segment counts whose walk began where that of the one before it ended.
 */

import * as fs from 'node:fs';
import type { RecordLayout } from './accelerator.js';
import { findRecord, missingOf } from './entry.js';
import { CaptureError } from './error.js';
import { openSavefile } from './file.js';
import { ioError } from './ioError.js';
import type { Capture, Selection } from './reader.js';
import type { Sink } from './sink.js';
import type { Source } from './source.js';
import type { Window } from './window.js';

/** Bytes in which a record has to be found: first in few. */
const SEARCHED = [1 << 18, 1 << 20] as const;

/** A part of a file; records that begin before `to` are of it. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  /** Whether a record begins at `from`; else the first one behind it is searched. */
  readonly isExact: boolean;
  /** Whether what comes before the first packet, where this begins, is of it as well. */
  readonly isHead?: boolean;
}

/** What came of a segment. */
export interface Walked {
  /** Where the first record began; -1 where none was found. */
  readonly start: number;
  /** Where the next segment's first record begins. */
  readonly end: number;
  readonly packets: number;
  readonly matched: number;
  /** Whether the walk went to its end, and learnt nothing that later records are read by. */
  readonly isPlain: boolean;
  /** Why it did not go to its end. */
  readonly failure?: CaptureError;
}

/** Goes through segments of one file. */
export class SegmentWalker implements AsyncDisposable {
  /** Offset of the first packet. */
  readonly first: number;
  private readonly capture: Capture;
  private readonly layout: RecordLayout;
  private readonly descriptor: number;
  private readonly name: string;
  private readonly seconds: number;
  private searched = new Uint8Array(0);

  private constructor(name: string, capture: Capture, first: number, layout: RecordLayout) {
    this.name = name;
    this.capture = capture;
    this.first = first;
    this.layout = layout;
    this.descriptor = fs.openSync(name, 'r');
    const header = this.read(first, 16);
    const littleEndian = layout.littleEndian;
    const isRecord = layout.kind === 'pcap' && header.length === 16;
    this.seconds = isRecord ? new DataView(header.buffer).getUint32(0, littleEndian) : 0;
  }

  /** `undefined` for files that can only be read from front to back. */
  static async open(name: string): Promise<SegmentWalker | undefined> {
    const capture = await openSavefile(name, { name });
    const first = await firstPacketOf(capture);
    const { layout } = capture.records;
    await capture.close();
    if (first === undefined || layout === undefined) return undefined;
    return new SegmentWalker(name, capture, first, layout);
  }

  /** What a walk has learnt stays: who goes on elsewhere than where it ended uses no walker whose walk was not plain. */
  async walk({ from, to, isExact, isHead }: Segment, selection: Selection, sink?: Sink): Promise<Walked> {
    const start = isExact ? from : this.find(from, to);
    const nothing = { start, end: start, packets: 0, matched: 0, isPlain: true };
    if (start < 0 || start >= to) return nothing;
    const { capture } = this;
    const before = capture.records.revision;
    capture.packetsRead = 0;
    capture.continueWith(this.source(start, to), isHead === true ? undefined : start);
    let failure: CaptureError | undefined;
    try {
      await capture.scan({ ...selection, sink });
    } catch (error) {
      if (!(error instanceof CaptureError) || error.path !== this.name) throw error;
      failure = error;
    }
    const { layout, revision } = capture.records;
    const { packetsRead: packets, packetsMatched: matched, bytesRead: end } = capture;
    const isPlain = failure === undefined && revision === before && layout !== undefined;
    return { start, end, packets, matched, isPlain, ...(failure && { failure }) };
  }

  /** Whether records of the file say how others are read. */
  get learns(): boolean {
    return this.layout.kind === 'pcapng';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    fs.closeSync(this.descriptor);
  }

  private find(from: number, to: number): number {
    const { layout } = this;
    for (const length of SEARCHED) {
      const bytes = this.read(from, length);
      const isEnd = bytes.length < length;
      const at = findRecord({ layout, bytes, offset: from, isEnd, seconds: this.seconds });
      if (at >= 0) return from + at < to ? from + at : -1;
      if (isEnd) break;
    }
    return -1;
  }

  private read(from: number, length: number): Uint8Array {
    if (this.searched.length < length) this.searched = new Uint8Array(length);
    return this.searched.subarray(0, fs.readSync(this.descriptor, this.searched, 0, length, from));
  }

  /** The bytes up to `to`, and those of the record that goes on there. */
  private source(start: number, to: number): Source {
    const { descriptor, layout, name } = this;
    let at = start;
    return {
      // What is walked is much, whatever a segment is.
      size: Number.MAX_SAFE_INTEGER,
      read(window) {
        let wanted = to - at;
        if (wanted <= 0) {
          if (window.start === window.end) return 0;
          wanted = missingOf(layout, window.view, window.start, window.end);
        }
        const count = readAt(descriptor, window, Math.min(wanted, window.room), at, name);
        at += count;
        return count;
      },
      close() {},
    };
  }
}

/** Where packets begin, in a file that can be entered in the middle. */
export async function firstPacketOf(capture: Capture): Promise<number | undefined> {
  if (capture.compression !== undefined || capture.bytesTotal === undefined) return undefined;
  const first = await capture.readUntilPacket();
  return capture.records.layout === undefined ? undefined : first;
}

/** What a segment's walk left behind: counts, and the records that match, where they are wanted. */
export interface SegmentResult extends Walked {
  readonly kept: Uint8Array | undefined;
}

/** Has a segment walked by somebody else. */
export type WalkSegment = (segment: Segment) => Promise<SegmentResult>;

/** How a file is gone through in segments. */
export interface JoinOptions {
  readonly walk: WalkSegment;
  /** Where packets begin. */
  readonly first: number;
  readonly size: number;
  readonly segmentSize: number;
  /** Segments that are walked ahead of their turn. */
  readonly ahead: number;
}

/**
 * What is to be read in place of a file: of each segment, in order, the records that match, as long as the joins are
 * proved; from the first segment on that is damaged, or changes how records are read, the file itself.
 */
export function joinedSource(name: string, options: JoinOptions): Source {
  const { first, size } = options;
  const descriptor = fs.openSync(name, 'r');
  const elsewhere = { packets: 0, matched: 0 };
  const segments = new Segments(options);
  let kept = NO_BYTES;
  let taken = 0;
  /** Where the file itself is read on. */
  let at: number | undefined;
  return {
    size: size - first,
    elsewhere,
    async read(window) {
      while (at === undefined && taken === kept.length) {
        const result = await segments.next();
        if (result === 'end') return 0;
        if (result === 'unproved') at = segments.proved;
        window.moveOn(segments.proved);
        if (result === 'unproved') break;
        taken = 0;
        kept = result.kept ?? NO_BYTES;
        elsewhere.packets += result.packets;
        // Packets that are kept are counted when they are read.
        if (result.kept === undefined) elsewhere.matched += result.matched;
        else elsewhere.packets -= result.matched;
      }
      if (at === undefined) {
        const count = window.append(kept, taken);
        taken += count;
        return count;
      }
      const count = readAt(descriptor, window, window.room, at, name);
      at += count;
      return count;
    },
    breathe: () => new Promise((resolve) => void setImmediate(resolve)),
    close() {
      fs.closeSync(descriptor);
    },
  };
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Segments in their order, walked ahead of it. */
class Segments {
  /** The file is gone through as far as that. */
  proved: number;
  private readonly options: JoinOptions;
  private readonly waiting: { readonly to: number; readonly result: Promise<SegmentResult | undefined> }[] =
    [];
  private begun: number;

  constructor(options: JoinOptions) {
    this.options = options;
    this.proved = options.first;
    this.begun = options.first;
  }

  async next(): Promise<SegmentResult | 'unproved' | 'end'> {
    for (;;) {
      this.begin();
      const oldest = this.waiting.shift();
      if (oldest === undefined) return 'end';
      const { to } = oldest;
      let result = await oldest.result;
      // A record may be longer than a segment.
      if (this.proved >= to) continue;
      if (result !== undefined && result.start !== this.proved)
        result = await this.walk({ from: this.proved, to, isExact: true });
      if (result?.isPlain !== true) return 'unproved';
      this.proved = result.end;
      return result;
    }
  }

  private begin(): void {
    const { ahead, size, segmentSize, first } = this.options;
    while (this.waiting.length < ahead && this.begun < size) {
      const [from, to] = [this.begun, Math.min(size, this.begun + segmentSize)];
      this.waiting.push({ to, result: this.walk({ from, to, isExact: from === first }) });
      this.begun = to;
    }
  }

  /** Whoever could not walk a segment leaves it to others. */
  private walk(segment: Segment): Promise<SegmentResult | undefined> {
    return this.options.walk(segment).catch(() => undefined);
  }
}

function readAt(descriptor: number, window: Window, length: number, at: number, name: string): number {
  try {
    const count = fs.readSync(descriptor, window.bytes, window.end, length, at);
    window.end += count;
    return count;
  } catch (error) {
    throw ioError(error, name, 'error reading dump file');
  }
}
