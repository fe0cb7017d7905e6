/**
 * Bounded reading of an object's bytes, in the object's byte order. Every access is checked: what lies past the end is
 * one {@link ObjectError} with its offset in the file.
 */

/** The bytes are no object that can be read, or ask for what is not there. */
export class ObjectError extends Error {
  override readonly name = 'ObjectError';
  /** Offset in the file, where the fault has a place. */
  readonly offset: number | undefined;

  constructor(message: string, offset?: number) {
    super(offset === undefined ? message : `offset ${offset}: ${message}`);
    this.offset = offset;
  }
}

/** Characters of one name; the kernel's own limit is 512. */
const LONGEST_NAME = 4096;

export class Reader {
  readonly bytes: Uint8Array;
  readonly littleEndian: boolean;
  /** Offset of the first byte in the file. */
  readonly start: number;
  /** What these bytes are, for messages. */
  readonly what: string;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, littleEndian: boolean, what: string, start = 0) {
    this.bytes = bytes;
    this.littleEndian = littleEndian;
    this.what = what;
    this.start = start;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  /** @throws ObjectError */
  fail(at: number, message: string): never {
    throw new ObjectError(`${this.what}: ${message}`, this.start + at);
  }

  private need(at: number, size: number): void {
    if (at < 0 || at + size > this.bytes.length)
      this.fail(Math.min(Math.max(at, 0), this.bytes.length), `${size} bytes at ${at} are not all there`);
  }

  u8(at: number): number {
    this.need(at, 1);
    return this.bytes[at]!;
  }

  u16(at: number): number {
    this.need(at, 2);
    return this.view.getUint16(at, this.littleEndian);
  }

  i16(at: number): number {
    this.need(at, 2);
    return this.view.getInt16(at, this.littleEndian);
  }

  u32(at: number): number {
    this.need(at, 4);
    return this.view.getUint32(at, this.littleEndian);
  }

  i32(at: number): number {
    this.need(at, 4);
    return this.view.getInt32(at, this.littleEndian);
  }

  /** A 64-bit offset or size; what a number cannot hold exactly is past any end. */
  u64(at: number): number {
    this.need(at, 8);
    return Number(this.view.getBigUint64(at, this.littleEndian));
  }

  big64(at: number): bigint {
    this.need(at, 8);
    return this.view.getBigUint64(at, this.littleEndian);
  }

  /** So many bytes, without copying. */
  part(at: number, size: number, what: string): Reader {
    this.need(at, size);
    return new Reader(this.bytes.subarray(at, at + size), this.littleEndian, what, this.start + at);
  }

  /** A text that ends with NUL. */
  text(at: number): string {
    this.need(at, 1);
    const end = this.bytes.indexOf(0, at);
    if (end < 0) this.fail(at, 'a text without an end');
    if (end - at > LONGEST_NAME) this.fail(at, `a text of ${end - at} bytes`);
    return decoder.decode(this.bytes.subarray(at, end));
  }
}

const decoder = new TextDecoder();
