/**
 * xxHash, 32 bits, seed 0: the checksum of LZ4 frames (xxHash specification 0.1.1, by Y. Collet).
 */

import { readU32 } from './byteQueue.js';

const P1 = 0x9e3779b1;
const P2 = 0x85ebca77;
const P3 = 0xc2b2ae3d;
const P4 = 0x27d4eb2f;
const P5 = 0x165667b1;

/** A hash over bytes that come in pieces. */
export class XxHash32 {
  private lanes: readonly [number, number, number, number] = [(P1 + P2) | 0, P2 | 0, 0, -P1 | 0];
  private readonly tail = new Uint8Array(16);
  private tailLength = 0;
  private total = 0;

  update(bytes: Uint8Array): this {
    this.total += bytes.length;
    let at = 0;
    if (this.tailLength > 0) {
      at = Math.min(16 - this.tailLength, bytes.length);
      this.tail.set(bytes.subarray(0, at), this.tailLength);
      this.tailLength += at;
      if (this.tailLength < 16) return this;
      this.rounds(this.tail, 0, 16);
      this.tailLength = 0;
    }
    const whole = at + ((bytes.length - at) & ~15);
    this.rounds(bytes, at, whole);
    this.tail.set(bytes.subarray(whole));
    this.tailLength = bytes.length - whole;
    return this;
  }

  /** The hash of everything so far, an unsigned number. */
  digest(): number {
    const [a, b, c, d] = this.lanes;
    let hash = this.total >= 16 ? (rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18)) | 0 : P5;
    hash = (hash + this.total) | 0;
    const { tail, tailLength } = this;
    let at = 0;
    for (; at + 4 <= tailLength; at += 4) {
      hash = Math.imul(rotate((hash + Math.imul(readU32(tail, at), P3)) | 0, 17), P4);
    }
    for (; at < tailLength; at++) hash = Math.imul(rotate((hash + Math.imul(tail[at]!, P5)) | 0, 11), P1);
    hash = Math.imul(hash ^ (hash >>> 15), P2);
    hash = Math.imul(hash ^ (hash >>> 13), P3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  private rounds(bytes: Uint8Array, start: number, end: number): void {
    let [a, b, c, d] = this.lanes;
    for (let at = start; at < end; at += 16) {
      a = Math.imul(rotate(a + Math.imul(readU32(bytes, at), P2), 13), P1);
      b = Math.imul(rotate(b + Math.imul(readU32(bytes, at + 4), P2), 13), P1);
      c = Math.imul(rotate(c + Math.imul(readU32(bytes, at + 8), P2), 13), P1);
      d = Math.imul(rotate(d + Math.imul(readU32(bytes, at + 12), P2), 13), P1);
    }
    this.lanes = [a, b, c, d];
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
