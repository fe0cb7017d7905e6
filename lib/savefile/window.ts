/**
 * The bytes of a capture that are at hand, and the record that was found in them last.
 *
 * A source appends to the window, a container steps through it record by record, and what a record
 * left unfinished is carried over to the front before more is read:
 *
 *      0        start            end          length
 *     +--------+----------------+------------+
 *     |  done  |  not yet read  |    room    |
 *     +--------+----------------+------------+
 *
 * The record fields are plain numbers that each step overwrites, so that walking over a gigabyte of
 * packets creates no objects.
 */

/** Bytes held at first: enough for many captures, and new memory takes time to be touched. */
const FIRST_SIZE = 1 << 14;
/** A read that puts its bytes at a multiple of this is copied by the system in a fifteenth less time. */
const LINE = 64;

export class Window {
  bytes: Uint8Array;
  /** Over the same memory as `bytes`. */
  view: DataView;
  /** First byte not yet stepped over. */
  start = 0;
  /** End of the bytes at hand. */
  end = 0;
  /** Offset in the file of `bytes[0]`. */
  base = 0;

  /** Index in `bytes` of the last record, with its header; the record ends at `start`. */
  recordStart = 0;
  /** Captured bytes of the last packet, as indexes into `bytes`. */
  dataStart = 0;
  dataEnd = 0;
  /** Bytes the last packet had on the wire. */
  wireLength = 0;
  /** Index of the last packet's interface in the container's `interfaces`. */
  interfaceIndex = 0;

  private readonly size: number;
  private grow: (bytes: Uint8Array, size: number) => Uint8Array = copyToLarger;

  /** @param size - Bytes to hold once there are more than a few; the window doubles when one record fills it. */
  constructor(size = 1 << 19) {
    this.size = size;
    this.bytes = new Uint8Array(Math.min(size, FIRST_SIZE));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Offset in the file of the first byte not yet stepped over. */
  get offset(): number {
    return this.base + this.start;
  }

  /** Bytes that can be appended before {@link makeRoom} has to be called. */
  get room(): number {
    return this.bytes.length - this.end;
  }

  /**
   * Moves what is unread to the front, so that what is read next begins at a cache line; doubles the memory where
   * that alone fills it. Growth follows bytes that have really been read, never a length that a header claims.
   */
  makeRoom(): void {
    const { bytes, start, end } = this;
    const front = (start - end) & (LINE - 1);
    if (start > front) {
      bytes.copyWithin(front, start, end);
      this.base += start - front;
      this.start = front;
      this.end = front + end - start;
    } else if (end === bytes.length && bytes.length >= this.size) {
      this.resize(2 * bytes.length);
    }
    this.expand();
  }

  /** Lets go of all bytes; what is appended next lies at this offset of the file. */
  moveOn(offset: number): void {
    this.start = 0;
    this.end = 0;
    this.base = offset;
  }

  /** Takes the size that it is to have, if it has not yet. */
  expand(): void {
    if (this.bytes.length < this.size) this.resize(this.size);
  }

  /** Moves to memory that `grow` gives, now and whenever more is needed: see {@link Accelerator}. */
  moveTo(grow: (bytes: Uint8Array, size: number) => Uint8Array): void {
    this.grow = grow;
    this.resize(Math.max(this.bytes.length, this.size));
  }

  private resize(size: number): void {
    this.bytes = this.grow(this.bytes, size);
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, size);
  }

  /** Appends `chunk` from index `from` on, as much as there is room for. Returns how much that was. */
  append(chunk: Uint8Array, from = 0): number {
    const count = Math.min(this.room, chunk.length - from);
    const whole = from === 0 && count === chunk.length;
    this.bytes.set(whole ? chunk : chunk.subarray(from, from + count), this.end);
    this.end += count;
    return count;
  }
}

function copyToLarger(bytes: Uint8Array, size: number): Uint8Array {
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}
