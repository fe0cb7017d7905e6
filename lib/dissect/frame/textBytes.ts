/**
 * Text that is written as bytes where it will be sent from: numbers and addresses of millions of packets without a
 * string for each.
 */

const FIRST_SIZE = 1 << 17;
/** Shorter text is copied here; the encoder takes its time to begin. */
const SHORT = 64;
const DIGITS = new TextEncoder().encode('0123456789abcdef');
const ENCODER = new TextEncoder();

export class TextBytes {
  private bytes = new Uint8Array(FIRST_SIZE);
  length = 0;

  /** What has been written, as a view that the next text overwrites. */
  take(): Uint8Array {
    const taken = this.bytes.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  /** What has been written from `start` on. */
  since(start: number): Uint8Array {
    return this.bytes.subarray(start, this.length);
  }

  /** One character of ASCII. */
  char(code: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = code;
  }

  text(text: string): void {
    const size = text.length;
    if (this.length + 3 * size > this.bytes.length) this.grow(3 * size);
    const { bytes } = this;
    if (size < SHORT) {
      let i = 0;
      let at = this.length;
      for (; i < size; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        bytes[at++] = code;
      }
      if (i === size) {
        this.length = at;
        return;
      }
    }
    this.length += ENCODER.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  /** Bytes that are text already, from `start` on. */
  raw(bytes: Uint8Array, start = 0): void {
    const size = bytes.length;
    if (this.length + size > this.bytes.length) this.grow(size);
    const to = this.bytes;
    let at = this.length;
    for (let i = start; i < size; i++) to[at++] = bytes[i]!;
    this.length = at;
  }

  /** Octets in hex with nothing between. */
  hex(octets: Uint8Array): void {
    const size = octets.length;
    if (this.length + 2 * size > this.bytes.length) this.grow(2 * size);
    const to = this.bytes;
    let at = this.length;
    for (let i = 0; i < size; i++) {
      const octet = octets[i]!;
      to[at++] = DIGITS[octet >> 4]!;
      to[at++] = DIGITS[octet & 15]!;
    }
    this.length = at;
  }

  /** A whole number from 0 to 2^32 - 1. */
  decimal(value: number): void {
    if (this.length + 10 > this.bytes.length) this.grow(10);
    const { bytes } = this;
    let at = this.length;
    if (value < 10) {
      bytes[at] = 48 + value;
      this.length = at + 1;
      return;
    }
    for (let rest = value; rest >= 1; rest = Math.floor(rest / 10)) at++;
    this.length = at;
    for (let rest = value; rest >= 1; ) {
      const next = Math.floor(rest / 10);
      bytes[--at] = 48 + rest - 10 * next;
      rest = next;
    }
  }

  /** Octets in decimal with dots between. */
  dotted(data: Uint8Array, at: number): void {
    if (this.length + 16 > this.bytes.length) this.grow(16);
    const { bytes } = this;
    let to = this.length;
    for (let i = 0; i < 4; i++) {
      let octet = data[at + i]!;
      if (octet >= 100) {
        const hundreds = octet >= 200 ? 2 : 1;
        bytes[to++] = 48 + hundreds;
        octet -= 100 * hundreds;
        const tens = (octet * 205) >> 11; // octet / 10 below 100
        bytes[to++] = 48 + tens;
        octet -= 10 * tens;
      } else if (octet >= 10) {
        const tens = (octet * 205) >> 11;
        bytes[to++] = 48 + tens;
        octet -= 10 * tens;
      }
      bytes[to++] = 48 + octet;
      bytes[to++] = 46;
    }
    this.length = to - 1;
  }

  /** Octets in hex with colons between. */
  colons(data: Uint8Array, at: number, count: number): void {
    if (this.length + 3 * count > this.bytes.length) this.grow(3 * count);
    const { bytes } = this;
    let to = this.length;
    for (let i = 0; i < count; i++) {
      const octet = data[at + i]!;
      bytes[to++] = DIGITS[octet >> 4]!;
      bytes[to++] = DIGITS[octet & 15]!;
      bytes[to++] = 58;
    }
    this.length = to - 1;
  }

  private grow(by: number): void {
    const bigger = new Uint8Array(Math.max(2 * this.bytes.length, this.length + by));
    bigger.set(this.bytes);
    this.bytes = bigger;
  }
}
