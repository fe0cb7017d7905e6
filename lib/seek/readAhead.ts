/** Reading ahead on other threads, where the disk is waited for. */

import * as fs from 'node:fs';

/** Reads that are timed, and milliseconds that one takes where the file is not at hand. */
const TIMED = 16;
const SLOW = 0.04;
/** Where bytes go that are only to be at hand: nobody looks at them. */
let scratch: Uint8Array | undefined;
const LONGEST = 1 << 18;

export class ReadAhead {
  /** Whether reads wait. */
  isOn = false;
  private readonly descriptor: number;
  private count = 0;
  private spent = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Reads, and learns from how long that takes. */
  timed<Result>(read: () => Result): Result {
    if (this.isOn) return read();
    const started = performance.now();
    const result = read();
    this.spent += performance.now() - started;
    if (++this.count === TIMED) {
      this.isOn = this.spent > TIMED * SLOW;
      this.count = 0;
      this.spent = 0;
    }
    return result;
  }

  /** Has bytes read that will be asked for soon, where that is worth it. */
  touch(at: number, length: number): void {
    if (!this.isOn) return;
    scratch ??= new Uint8Array(LONGEST);
    fs.read(this.descriptor, scratch, 0, Math.min(length, LONGEST), at, () => {});
  }
}
