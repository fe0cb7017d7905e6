/**
 * What the two container formats have in common: they are stepped through, record by record.
 */

import type { RecordRun } from './accelerator.js';
import type { Time } from './clock.js';
import type { CaptureError } from './error.js';
import type { CaptureInterface, Packet } from './packet.js';
import type { Window } from './window.js';

/** The bytes at hand end before the next record does; nothing was consumed. */
export const MORE = 0;
/** A packet; the window's record fields describe it. */
export const PACKET = 1;
/** A file header, a block without a packet, or part of one: what filtering must keep as it is. */
export const OTHER = 2;
/** The header of a pcapng section: kept as `OTHER` is, but it states a length that filtering changes. */
export const SECTION = 3;
/** The file is damaged here; `error` says how. Nothing was consumed and nothing more can be read. */
export const FAILED = 4;

export type Step = typeof MORE | typeof PACKET | typeof OTHER | typeof SECTION | typeof FAILED;

export interface Container {
  readonly format: 'pcap' | 'pcapng';
  /** Every interface met so far; grows only. */
  readonly interfaces: readonly CaptureInterface[];
  /** Why the last step failed. */
  readonly error: CaptureError | undefined;

  /** Changes whenever something is learnt that later records are read by: sections, interfaces. */
  readonly revision: number;

  /** What an accelerator needs to know of the records that come next; `undefined` where they vary. */
  readonly run: RecordRun | undefined;

  /** Consumes one record from the front of the window, if it is there whole. */
  step(window: Window): Step;
  /** What to complain about when the input ends here; `undefined` where it may end. */
  finish(window: Window): CaptureError | undefined;
  /** The packet that the last step found; its data is a view of the window. */
  packet(window: Window): Packet;
  /** When the packet came that the last step found. */
  readTime(window: Window, time: Time): void;
}

/** The time of the packet that is being tested, for tests that ask for it. */
export class PacketTime implements Time {
  /** As of {@link Packet}, once they are read. */
  seconds = 0;
  nanoseconds = 0;
  private readonly window: Window;
  private readonly container: Pick<Container, 'readTime'>;

  constructor(window: Window, container: Pick<Container, 'readTime'>) {
    this.window = window;
    this.container = container;
  }

  read(): void {
    this.container.readTime(this.window, this);
  }

  /** Where the packet's record begins in the file, and ends. */
  get offset(): number {
    return this.window.base + this.window.recordStart;
  }

  get end(): number {
    return this.window.offset;
  }
}
