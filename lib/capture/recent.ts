/** Which packets came lately: for leaving out those that came twice. */

import { createHash } from 'node:crypto';

/** The last packets by their bytes, each as an MD5 digest, as editcap has it. */
export class RecentPackets {
  readonly #window: number;
  /** The digests in order of time, a ring. */
  readonly #ring: string[] = [];
  readonly #counts = new Map<string, number>();
  #next = 0;

  /** @param window - Packets that a packet is compared with. */
  constructor(window: number) {
    this.#window = window;
  }

  /** Whether none of the last packets had these bytes; the packet is one of the last ones from now on, new or not. */
  isNew(bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#window <= 0) return true;
    const digest = createHash('md5').update(bytes.subarray(start, end)).digest('base64');
    const seen = this.#counts.get(digest) ?? 0;
    const leaving = this.#ring[this.#next];
    this.#ring[this.#next] = digest;
    this.#next = (this.#next + 1) % this.#window;
    this.#counts.set(digest, seen + 1);
    if (leaving !== undefined) {
      const left = this.#counts.get(leaving)! - 1;
      if (left === 0) this.#counts.delete(leaving);
      else this.#counts.set(leaving, left);
    }
    return seen === 0;
  }
}
