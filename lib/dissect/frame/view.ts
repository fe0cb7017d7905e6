/**
 * One header of a packet, seen through a layout. Offsets are from the header's first byte; reads past the
 * header's end throw {@link TRUNCATED}.
 */

import { TRUNCATED } from '../../bytes.js';
import type { Layout } from './layout.js';

/** Seconds, and nanoseconds from 0 to 999,999,999 on top of them. */
export type Duration = readonly [seconds: number, nanoseconds: number];

/** What is known of a packet besides its bytes: the fields of `frame`. */
export interface FrameFacts {
  /** From 1; `undefined` where nobody counts. */
  readonly number: number | undefined;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly capturedLength: number;
  readonly wireLength: number;
  /** Time since the first packet, and since the one before. */
  readonly sinceFirst: Duration | undefined;
  readonly sincePrevious: Duration | undefined;
  readonly interfaceName: string | undefined;
  readonly comments: readonly string[];
  /** Names of the layers, with colons between. */
  readonly protocols: string | undefined;
}

const NOTHING = new Uint8Array(0);

export class View {
  data: Uint8Array = NOTHING;
  /** The header's first byte in `data`. */
  at = 0;
  /** Where what was captured of it ends in `data`. */
  end = 0;
  /** Where it and what it carries end by the lengths outside it; past `data` in cut packets. */
  limit = 0;
  /** Where the message that it is part of begins: its own start, or the outer header's where it is an item. */
  base = 0;
  layout: Layout;
  frame: FrameFacts | undefined = undefined;

  constructor(layout: Layout) {
    this.layout = layout;
  }

  /** Moves the view. */
  place(data: Uint8Array, at: number, end: number, limit: number): this {
    this.data = data;
    this.at = at;
    this.base = at;
    this.end = end;
    this.limit = limit;
    return this;
  }

  /** Bytes that the lengths around it leave. */
  get wireLength(): number {
    return this.limit - this.at;
  }

  /** Bytes that are there. */
  get size(): number {
    return this.end - this.at;
  }

  has(offset: number, length: number): boolean {
    return this.at + offset + length <= this.end;
  }

  u8(offset: number): number {
    const i = this.at + offset;
    if (i >= this.end) throw TRUNCATED;
    return this.data[i]!;
  }

  u16(offset: number): number {
    const i = this.at + offset;
    if (i + 2 > this.end) throw TRUNCATED;
    return (this.data[i]! << 8) | this.data[i + 1]!;
  }

  u24(offset: number): number {
    return (this.u8(offset) << 16) | this.u16(offset + 1);
  }

  u32(offset: number): number {
    return this.u16(offset) * 0x1_0000 + this.u16(offset + 2);
  }

  u16le(offset: number): number {
    const i = this.at + offset;
    if (i + 2 > this.end) throw TRUNCATED;
    return this.data[i]! | (this.data[i + 1]! << 8);
  }

  u32le(offset: number): number {
    return this.u16le(offset) + this.u16le(offset + 2) * 0x1_0000;
  }
}
