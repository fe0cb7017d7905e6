/**
 * The regions of an eBPF memory in one WebAssembly memory, each at its own address, so that an address
 * means the same to compiled code, interpreter and helpers.
 *
 * Regions are moved in when they first matter, and point there from then on. One that somebody aims
 * elsewhere (the next packet) is copied in again.
 */

import type { Memory, Region } from '../ebpf/memory.js';
import { MAX_FRAMES, STACK_SIZE } from '../ebpf/opcodes.js';

const PAGE_SIZE = 65536;

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Address of the first frame's stack; the others follow a page apart. */
  readonly stack: number;

  private readonly source: Memory;
  private regions: readonly Region[] = [];
  private pagesSeen = 0;
  private bytes: Uint8Array;
  private view: DataView;

  private constructor(source: Memory) {
    this.source = source;
    const frames = Array.from({ length: MAX_FRAMES }, () =>
      source.add('stack', new Uint8Array(STACK_SIZE), { writable: true }),
    );
    this.stack = frames[0]!.base;
    this.memory = new WebAssembly.Memory({ initial: source.pages.length });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.settle();
  }

  private static readonly made = new WeakMap<Memory, LinearMemory>();

  /** The one that belongs to a memory. */
  static of(source: Memory): LinearMemory {
    let linear = LinearMemory.made.get(source);
    if (linear === undefined) {
      linear = new LinearMemory(source);
      LinearMemory.made.set(source, linear);
    }
    return linear;
  }

  /** The regions that exist now. */
  get all(): readonly Region[] {
    return this.regions;
  }

  /** Moves in what lies elsewhere. */
  settle(): void {
    const { pages } = this.source;
    if (pages.length !== this.pagesSeen) {
      this.pagesSeen = pages.length;
      this.regions = [...new Set(pages)].filter((region) => region !== undefined);
      const missing = pages.length - this.memory.buffer.byteLength / PAGE_SIZE;
      if (missing > 0) this.grow(missing);
    }
    for (const region of this.regions) {
      if (region.bytes !== this.bytes || region.start !== region.base) this.moveIn(region);
    }
  }

  private grow(pages: number): void {
    const old = this.bytes;
    this.memory.grow(pages);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    for (const region of this.regions) {
      if (region.bytes !== old) continue;
      region.bytes = this.bytes;
      region.view = this.view;
    }
  }

  private moveIn(region: Region): void {
    const { bytes, start, length, base } = region;
    if (this.source.pages[(base + length) >>> 16] !== region)
      throw new RangeError(`${region.name} has no room for ${length} bytes`);
    this.bytes.set(bytes.subarray(start, start + length), base);
    region.bytes = this.bytes;
    region.view = this.view;
    region.start = base;
  }
}
