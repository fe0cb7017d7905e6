/**
 * A packet that a program may change: a copy, with room before and behind it.
 *
 * XDP programs move the packet's ends within one frame, and find there what they left. Programs that are given socket
 * buffers ask helpers for another length, which lay the packet anew. Either way addresses of before mean nothing.
 */

import type { Memory, Region } from './memory.js';

/** Bytes before a packet of XDP (Linux `XDP_PACKET_HEADROOM`). */
export const HEADROOM = 256;
/** Of these the kernel keeps its `struct xdp_frame`, which packets do not grow into. */
export const FRAME_HEADER = 40;
/** A frame of XDP, and what the kernel keeps at its end (`struct skb_shared_info`, x86-64). */
const FRAME = 4096;
const FRAME_TAIL = 320;
/** The most that a packet can have: what a capture file may hold. */
const ROOM = 1 << 20;

export class PacketBuffer {
  /** What the program reaches: metadata and the packet. */
  readonly region: Region;
  /** Bytes of metadata directly before the packet (`xdp_adjust_meta`). */
  metaLength = 0;
  /** Called when the packet's place or length has changed. */
  onMove: () => void = () => {};
  /** The place in the region's bytes that a packet of XDP does not reach beyond. */
  frameEnd = 0;
  private isMoved = false;

  constructor(memory: Memory) {
    this.region = memory.add('packet', new Uint8Array(FRAME), { writable: true, room: ROOM });
    this.region.isWindow = true;
    this.place(HEADROOM, 0);
  }

  /** Address of the packet's first byte. */
  get address(): number {
    return this.region.base + this.metaLength;
  }

  /** Place of the packet's first byte in the region's bytes. */
  get start(): number {
    return this.region.start + this.metaLength;
  }

  get length(): number {
    return this.region.length - this.metaLength;
  }

  /** The bytes that hold the packet, see {@link start}. */
  get bytes(): Uint8Array {
    return this.region.bytes;
  }

  /** The packet's bytes; writes to them are the packet's. */
  get content(): Uint8Array {
    return this.region.bytes.subarray(this.start, this.start + this.length);
  }

  /** The metadata's bytes. */
  get meta(): Uint8Array {
    return this.region.bytes.subarray(this.region.start, this.start);
  }

  /** Takes the bytes of the next packet. */
  fill(bytes: Uint8Array, start: number, length: number): void {
    const { region } = this;
    const needed = HEADROOM + length + FRAME_TAIL;
    this.place(HEADROOM, 0);
    if (needed > region.bytes.length) region.bytes = new Uint8Array(needed);
    // The last packet may have left something in the room.
    else if (this.isMoved) region.bytes.fill(0);
    this.frameEnd = Math.max(FRAME, needed) - FRAME_TAIL;
    this.isMoved = false;
    region.bytes.set(bytes.subarray(start, start + length), HEADROOM);
    region.length = length;
  }

  /** Lays other bytes in the packet's place. */
  replace(bytes: Uint8Array): void {
    const copy = bytes.slice();
    this.fill(copy, 0, copy.length);
    this.onMove();
  }

  /** Moves the packet's ends, and where its metadata begin, by numbers of bytes. */
  move(head: number, tail: number, meta: number): void {
    const { region } = this;
    this.isMoved = true;
    this.metaLength += head - meta;
    region.base += meta;
    region.start += meta;
    region.length += tail - meta;
    this.onMove();
  }

  private place(start: number, length: number): void {
    const { region } = this;
    region.base += start - region.start;
    region.start = start;
    region.length = length;
    this.metaLength = 0;
  }
}
