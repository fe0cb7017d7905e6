/**
 * Two ways of being cut. tcpdump's printers ask whether bytes are there, and say `[|name]` and return where they are not; or
 * they just read, and the packet's printing ends with `[|name]`, so that a dump shows the link header too. Reads throw
 * TRUNCATED, which ends the packet; {@link ask} throws ENDS_EARLY, which ends the printer that is run by {@link untilCut}.
 */

import { TruncatedError } from '../../bytes.js';
import type { Dissection } from './dissection.js';

export const ENDS_EARLY = new TruncatedError('less than was asked for');

/** @throws ENDS_EARLY unless `length` bytes at `at` can be read. */
export function ask(d: Dissection, at: number, length: number): void {
  if (at + length > d.end) throw ENDS_EARLY;
}

/** Runs a printer, and says where it ended early. */
export function untilCut(d: Dissection, print: () => void, mark = (): void => d.markTruncated()): void {
  try {
    print();
  } catch (error) {
    if (error !== ENDS_EARLY) throw error;
    mark();
  }
}

/** What a printer within a printer gives; where that ended early, -1, and its own name is said to be cut. */
export function orCut(d: Dissection, name: string, print: () => number): number {
  let result = -1;
  untilCut(
    d,
    () => {
      result = print();
    },
    () => {
      d.out += ` [|${name}]`;
    },
  );
  return result;
}
