/**
 * The regions of an eBPF memory in one WebAssembly memory, each at its own address, so that an address
 * means the same to compiled code, interpreter and helpers.
 *
 * Regions are moved in when they first matter, and point there from then on. One that somebody aims
 * elsewhere (the next packet) is copied in again.
 */

import { type Memory, opcodes, type Region } from '../../ebpf/index.js';

const { MAX_FRAMES, STACK_SIZE } = opcodes;

const PAGE_SIZE = 65536;

export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  /** Address of the first frame's stack; the others follow a page apart. */
  readonly stack: number;

  /** Lower and upper halves of the registers that helpers see; they lie below every region. */
  low: Int32Array;
  high: Int32Array;

  private readonly source: Memory;
  private regions: readonly Region[] = [];
  private pagesSeen = 0;
  /** Regions that lie elsewhere again. */
  private readonly moved: Region[] = [];
  /** All of the memory. */
  private whole: Uint8Array;
  /** What regions that are aimed elsewhere again and again come back to. */
  private readonly views = new Map<Region, Uint8Array>();
  private buffer: ArrayBuffer;

  private constructor(source: Memory) {
    this.source = source;
    const frames = Array.from({ length: MAX_FRAMES }, () =>
      source.add('stack', new Uint8Array(STACK_SIZE), { writable: true }),
    );
    this.stack = frames[0]!.base;
    this.memory = new WebAssembly.Memory({ initial: source.pages.length });
    this.buffer = this.memory.buffer;
    this.whole = new Uint8Array(this.buffer);
    [this.low, this.high] = registersIn(this.buffer);
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
      const missing = pages.length - this.buffer.byteLength / PAGE_SIZE;
      if (missing > 0) this.grow(missing);
      for (const region of this.regions) {
        region.moved = this.moved;
        if (region.isElsewhere) this.moveIn(region);
      }
    }
    while (this.moved.length > 0) {
      const region = this.moved.pop()!;
      if (region.isElsewhere) this.moveIn(region);
    }
  }

  /** The stack that the main function starts on, as it was at first. */
  clearStack(): void {
    new Uint8Array(this.buffer, this.stack, STACK_SIZE).fill(0);
  }

  private grow(pages: number): void {
    const old = this.buffer;
    const moved = this.regions.filter((region) => region.bytes.buffer === old);
    const capacities = moved.map((region) => region.bytes.length);
    this.memory.grow(pages);
    this.buffer = this.memory.buffer;
    this.whole = new Uint8Array(this.buffer);
    this.views.clear();
    [this.low, this.high] = registersIn(this.buffer);
    moved.forEach((region, index) => {
      this.point(region, capacities[index]!);
    });
  }

  private moveIn(region: Region): void {
    const { bytes, start, length, base } = region;
    if (region.isWindow) {
      this.whole.set(bytes, base - start);
      this.point(region, bytes.length);
      return;
    }
    // What is filled on demand has its length then.
    const isWhole = region.refresh !== undefined || region.isInternal;
    const content = isWhole ? bytes : bytes.subarray(start, start + length);
    if (this.source.pages[(base + content.length) >>> 16] !== region)
      throw new RangeError(`${region.name} has no room for ${content.length} bytes`);
    this.whole.set(content, base);
    this.point(region, content.length);
  }

  private point(region: Region, capacity: number): void {
    if (region.isWindow) region.bytes = new Uint8Array(this.buffer, region.base - region.start, capacity);
    else {
      let view = this.views.get(region);
      if (view === undefined || view.length < capacity) {
        view = new Uint8Array(this.buffer, region.base, capacity);
        this.views.set(region, view);
      }
      region.bytes = view;
      region.start = 0;
    }
    region.isElsewhere = false;
  }
}

/** Where the registers lie, in the first page, which belongs to no region. */
export const REGISTERS_LOW = 1024;
export const REGISTERS_HIGH = 1088;

const registersIn = (buffer: ArrayBuffer): [Int32Array, Int32Array] => [
  new Int32Array(buffer, REGISTERS_LOW, opcodes.REGISTERS),
  new Int32Array(buffer, REGISTERS_HIGH, opcodes.REGISTERS),
];
