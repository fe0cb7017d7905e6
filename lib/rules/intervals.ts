/**
 * Which interval a number of 32 bits is in: three loads at most. A table by the upper half, and where intervals meet
 * within one of its entries, tables by the third byte and by the fourth (as DIR-24-8 does for routes).
 */

const HALVES = 0x1_0000;
const BYTES = 0x100;

export class Intervals {
  /** The interval; or where intervals meet, the complement of the number of a table by the next byte. */
  private readonly root = new Int32Array(HALVES);
  private nodes = new Int32Array(16 * BYTES);
  private made = 0;

  /** @param starts - First numbers of the intervals, ascending from 0. */
  constructor(starts: ArrayLike<number>) {
    for (let place = 1; place < starts.length; place++)
      this.begin(starts[place]!, place, (starts[place + 1] ?? 2 ** 32) - 1);
  }

  /** The place of the interval that a number is in. */
  placeOf(value: number): number {
    const { nodes } = this;
    let entry = this.root[value >>> 16]!;
    if (entry < 0) entry = nodes[(~entry << 8) | ((value >>> 8) & 0xff)]!;
    if (entry < 0) entry = nodes[(~entry << 8) | (value & 0xff)]!;
    return entry;
  }

  /** Numbers from one to another are in an interval. Behind it a later one begins, or all do with it. */
  private begin(from: number, place: number, to: number): void {
    if (from > to) return;
    const half = from >>> 16;
    const isWhole = from % HALVES === 0;
    this.root.fill(place, isWhole ? half : half + 1, (to >>> 16) + 1);
    if (isWhole) return;
    const block = this.node(this.root, half);
    const third = (from >>> 8) & 0xff;
    if (from % BYTES === 0) return void this.nodes.fill(place, block + third, block + BYTES);
    this.nodes.fill(place, block + third + 1, block + BYTES);
    const last = this.node(undefined, block + third);
    this.nodes.fill(place, last + (from & 0xff), last + BYTES);
  }

  /** Where the table behind an entry begins, which is made if there is none. */
  private node(root: Int32Array | undefined, at: number): number {
    const entry = (root ?? this.nodes)[at]!;
    if (entry < 0) return ~entry << 8;
    const begin = this.made++ << 8;
    if (begin === this.nodes.length) {
      const grown = new Int32Array(2 * begin);
      grown.set(this.nodes);
      this.nodes = grown;
    }
    this.nodes.fill(entry, begin, begin + BYTES);
    (root ?? this.nodes)[at] = ~(begin >> 8);
    return begin;
  }
}
