/** RESP, what Redis speaks (https://redis.io/docs/reference/protocol-spec/): values that tell their kinds, or plain lines. */

import { TRUNCATED } from '../../bytes.js';
import type { Dissection } from '../frame/dissection.js';
import { visible } from '../frame/text.js';

const CR = 13;
const LF = 10;
/** Arrays in arrays that are followed. */
const MOST_NESTING = 100;
const MOST_NUMBER = 2 ** 31 - 1;

/** Prints `length` bytes of values. */
export function printResp(d: Dissection, at: number, length: number): void {
  d.cutAs = 'resp';
  d.out += ': RESP';
  const reader = new Reader(d, at, at + length);
  try {
    while (reader.next < reader.end) reader.value(0);
  } catch (error) {
    if (error !== TRUNCATED) throw error;
    d.markTruncated();
  }
}

class Reader {
  private readonly d: Dissection;
  next: number;
  readonly end: number;

  constructor(d: Dissection, at: number, end: number) {
    this.d = d;
    this.next = at;
    this.end = end;
  }

  /** @throws TRUNCATED where the value ends early. */
  value(depth: number): void {
    if (depth > MOST_NESTING || this.next >= this.end) throw TRUNCATED;
    const kind = String.fromCharCode(this.d.u8(this.next));
    if (kind === '+' || kind === '-' || kind === ':') {
      this.next++;
      const stop = this.findLineEnd();
      this.quoted(stop);
      this.next = stop + 2;
    } else if (kind === '$') this.bulk();
    else if (kind === '*') {
      const count = this.count();
      for (let i = 0; i < count; i++) this.value(depth + 1);
    } else this.line();
  }

  private bulk(): void {
    const size = this.count();
    if (size === 0) {
      if (this.wasEmpty) this.next = this.findLineEnd() + 2;
      return;
    }
    if (this.next + size > this.end) throw TRUNCATED;
    this.quoted(this.next + size);
    this.next = this.findLineEnd() + 2;
  }

  private wasEmpty = false;

  /** A number of things to come, and 0 after what is said where there are none. */
  private count(): number {
    const { d } = this;
    this.next++;
    this.wasEmpty = false;
    let value = 0;
    const negative = this.peek() === 0x2d;
    if (negative) this.next++;
    for (let digits = 0; ; digits++) {
      const c = this.peek();
      this.next++;
      if (c >= 0x30 && c <= 0x39) {
        value = value * 10 + c - 0x30;
        continue;
      }
      if (c !== CR || digits === 0) return this.said(' invalid');
      break;
    }
    const c = this.peek();
    this.next++;
    if (c !== LF) return this.said(' invalid');
    if (negative) return this.said(value === 1 ? ' null' : ' length negative and not -1');
    if (value > MOST_NUMBER) return this.said(' length too large');
    if (value === 0) {
      this.wasEmpty = true;
      d.out += ' empty';
    }
    return value;
  }

  private said(what: string): 0 {
    this.d.out += what;
    return 0;
  }

  private peek(): number {
    if (this.next >= this.end) throw TRUNCATED;
    return this.d.u8(this.next);
  }

  /** A command as a person types it. */
  private line(): void {
    this.skipLineEnds();
    if (this.next >= this.end) throw TRUNCATED;
    let stop = this.next;
    for (; ; stop++) {
      if (stop >= this.end) throw TRUNCATED;
      const c = this.d.u8(stop);
      if (c === CR || c === LF) break;
    }
    this.quoted(stop);
    this.next = stop;
    this.skipLineEnds();
  }

  private skipLineEnds(): void {
    for (; this.next < this.end; this.next++) {
      const c = this.d.u8(this.next);
      if (c !== CR && c !== LF) return;
    }
  }

  private findLineEnd(): number {
    for (let i = this.next; i + 1 < this.end; i++)
      if (this.d.u8(i) === CR && this.d.u8(i + 1) === LF) return i;
    throw TRUNCATED;
  }

  private quoted(stop: number): void {
    this.d.need(this.next, stop - this.next);
    let text = '';
    for (let i = this.next; i < stop; i++) text += visible(this.d.u8(i));
    this.d.out += ` "${text}"`;
    this.next = stop;
  }
}
