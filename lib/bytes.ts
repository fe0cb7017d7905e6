/**
 * Bounded reading of untrusted bytes: every access is checked against one end, and a read past it is one
 * exception, {@link TRUNCATED}. Parsers of packets read through this and nothing else, so that a cut
 * or lying packet can only ever become `[|tcp]` (the way of `GET_BE_U_2()` in tcpdump's extract.h).
 *
 * A leaf: imports nothing. Offsets are byte indexes into `data`, never negative; multi-byte values are in
 * network byte order unless the name ends in `le`.
 */

/** A read went past the end of what was captured. */
export class TruncatedError extends Error {
  override readonly name = 'TruncatedError';
}

/** The one instance that is thrown: no stack to collect, and `===` recognises it. */
export const TRUNCATED = new TruncatedError('read past the captured bytes');

const NOTHING = new Uint8Array(0);

/** Bytes with a movable end. `end` may be lowered to keep a parser inside an enclosing length. */
export class BoundedBytes {
  data: Uint8Array = NOTHING;
  /** Reads at or past this index throw {@link TRUNCATED}. Never more than `data.length`. */
  end = 0;

  /** Whether `length` bytes at `at` can be read. */
  has(at: number, length: number): boolean {
    return at + length <= this.end;
  }

  /** @throws {TruncatedError} unless `length` bytes at `at` can be read. */
  need(at: number, length: number): void {
    if (at + length > this.end) throw TRUNCATED;
  }

  u8(at: number): number {
    if (at >= this.end) throw TRUNCATED;
    return this.data[at]!;
  }

  u16(at: number): number {
    if (at + 2 > this.end) throw TRUNCATED;
    return (this.data[at]! << 8) | this.data[at + 1]!;
  }

  u16le(at: number): number {
    if (at + 2 > this.end) throw TRUNCATED;
    return this.data[at]! | (this.data[at + 1]! << 8);
  }

  u24(at: number): number {
    if (at + 3 > this.end) throw TRUNCATED;
    return (this.data[at]! << 16) | (this.data[at + 1]! << 8) | this.data[at + 2]!;
  }

  u32(at: number): number {
    return this.i32(at) >>> 0;
  }

  u32le(at: number): number {
    if (at + 4 > this.end) throw TRUNCATED;
    const { data } = this;
    return (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)) >>> 0;
  }

  /** Two's complement. */
  i32(at: number): number {
    if (at + 4 > this.end) throw TRUNCATED;
    const { data } = this;
    return (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!;
  }

  u64(at: number): bigint {
    return (BigInt(this.u32(at)) << 32n) | BigInt(this.u32(at + 4));
  }
}
