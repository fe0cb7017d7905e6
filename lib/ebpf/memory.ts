/**
 * What an eBPF program can reach: regions of bytes at 32-bit addresses, every access checked.
 *
 * An address is a page number and an offset, so that finding the region is one table look-up. Page 0
 * holds nothing, so that null and small numbers are never valid; between two regions lies the unused
 * rest of a page, so that running off one never reaches the next unnoticed. The bytes of a region may
 * be any part of any buffer: a packet is read where it lies.
 */

import { STACK_SIZE } from './opcodes.js';

const PAGE_BITS = 16;
const PAGE_SIZE = 1 << PAGE_BITS;

export class Region {
  /** For fault messages: `packet`, `stack`, `map 3 value`. */
  readonly name: string;
  /** Address of the first byte. */
  base: number;
  readonly writable: boolean;
  /** Where the region lies in `bytes`. */
  start = 0;
  length: number;
  /**
   * Fills the region when it is first accessed; until then its length is 0. A context that a program
   * never reads costs nothing that way.
   */
  refresh: (() => void) | undefined = undefined;
  /**
   * Whether the region is a window over its bytes that moves within them: byte `start` lies at `base`, and those before
   * and behind have addresses, too. That of a packet whose head and tail programs move.
   */
  isWindow = false;
  /** Whether it is the runtime's own: no program reaches it, its length is 0 and its bytes are what lies there. */
  isInternal = false;
  /** Where the region puts itself down once its bytes are others: of whoever keeps regions together. */
  moved: Region[] | undefined = undefined;
  /** Whether its bytes are others since whoever keeps them together, such as compiled code, has looked. */
  isElsewhere = true;
  private buffer: Uint8Array;
  private viewOfBuffer: DataView | undefined = undefined;

  constructor(name: string, base: number, writable: boolean, bytes: Uint8Array) {
    this.name = name;
    this.base = base;
    this.writable = writable;
    this.buffer = bytes;
    this.length = bytes.length;
  }

  /** The buffer that holds the region. */
  get bytes(): Uint8Array {
    return this.buffer;
  }

  set bytes(bytes: Uint8Array) {
    if (bytes === this.buffer) return;
    this.buffer = bytes;
    this.viewOfBuffer = undefined;
    if (!this.isElsewhere) this.moved?.push(this);
    this.isElsewhere = true;
  }

  /** Over the same memory as `bytes`. Made when it is asked for: most packets are read byte by byte. */
  get view(): DataView {
    return (this.viewOfBuffer ??= viewOf(this.buffer));
  }
}

export type FaultKind =
  | 'out-of-bounds'
  | 'read-only'
  | 'unknown-helper'
  | 'bad-argument'
  | 'budget'
  | 'call-depth'
  | 'no-program'
  | 'not-in-program'
  | 'bad-instruction';

/** A program did at run time what no verified program does. */
export class RuntimeFault extends Error {
  override readonly name = 'RuntimeFault';
  readonly kind: FaultKind;
  /** The instruction's slot. */
  readonly index: number;
  /** The 64-bit address of the access, where it is about one. */
  readonly address: bigint | undefined;
  /** Name of the region nearest below the address. */
  readonly region: string | undefined;

  constructor(kind: FaultKind, index: number, message: string, address?: bigint, region?: string) {
    super(`instruction ${index}: ${message}`);
    this.kind = kind;
    this.index = index;
    this.address = address;
    this.region = region;
  }
}

/** Memory of programs; every access to it is checked. */
export class Memory {
  /** By page; a region that spans several pages is in the table for each. */
  readonly pages: (Region | undefined)[] = [undefined];
  private readonly frames: Region[] = [];

  /** The stack of the frame of a nesting depth, made when it is first asked for. */
  frame(depth: number): Region {
    return (this.frames[depth] ??= this.add('stack', new Uint8Array(STACK_SIZE), { writable: true }));
  }

  /** Makes bytes reachable; gives the region, whose `base` is the address of its first byte. */
  add(
    name: string,
    bytes: Uint8Array,
    options: { readonly writable?: boolean; readonly room?: number } = {},
  ): Region {
    const room = Math.max(options.room ?? 0, bytes.length);
    const pages = Math.max(1, Math.ceil((room + 1) / PAGE_SIZE));
    const base = this.pages.length * PAGE_SIZE;
    if (base + pages * PAGE_SIZE > 2 ** 32) throw new RangeError('the 4 GiB address space is used up');
    const region = new Region(name, base, options.writable ?? false, bytes);
    for (let page = 0; page < pages; page++) this.pages.push(region);
    return region;
  }

  /** Bytes of addresses that are left. */
  get left(): number {
    return 2 ** 32 - this.pages.length * PAGE_SIZE;
  }

  /** Addresses for tables of the runtime's own, which compiled code reads; whoever asks gives the region its bytes. */
  addInternal(name: string, room: number): Region {
    const region = this.add(name, new Uint8Array(0), { room });
    region.isInternal = true;
    return region;
  }

  /** The index in `region.bytes` of an access, or a fault. Addresses come as two 32-bit halves. */
  locate(low: number, high: number, size: number, write: boolean, index: number): Region {
    const region = high === 0 ? this.pages[low >>> PAGE_BITS] : undefined;
    if (region !== undefined) {
      const offset = (low >>> 0) - region.base;
      if (offset >= 0 && offset + size <= region.length && (region.writable || !write)) return region;
      if (region.length === 0 && region.refresh !== undefined) {
        region.refresh();
        if (region.length > 0) return this.locate(low, high, size, write, index);
      }
    }
    throw this.fault(low, high, size, write, index);
  }

  private fault(low: number, high: number, size: number, write: boolean, index: number): RuntimeFault {
    const address = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    const access = `${write ? 'write' : 'read'} of ${size} byte${size === 1 ? '' : 's'} at 0x${address.toString(16)}`;
    const region = high === 0 ? this.pages[low >>> PAGE_BITS] : undefined;
    if (region === undefined)
      return new RuntimeFault('out-of-bounds', index, `${access}, which is no memory`, address);
    const offset = (low >>> 0) - region.base;
    if (offset + size <= region.length) {
      return new RuntimeFault(
        'read-only',
        index,
        `${access}: ${region.name} is read only`,
        address,
        region.name,
      );
    }
    const message = `${access}: byte ${offset} of ${region.name}, which has ${region.length}`;
    return new RuntimeFault('out-of-bounds', index, message, address, region.name);
  }
}

/** Points a region at other bytes: the next packet. */
export function aim(region: Region, bytes: Uint8Array, start: number, length: number): void {
  region.bytes = bytes;
  region.start = start;
  region.length = length;
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
