/**
 * What occurs in which blocks of a capture, in a fixed number of bits for each block: a value sets some bits that its hash
 * chooses, and occurs in no block that lacks one of them. Bits are stored row by row, one bit a block, so that a question
 * reads few short rows:
 *
 *              block 0 1 2 3 4 ...
 *     row 17         1 0 0 1 0       a value of rows 17 and 94
 *     row 94         1 1 0 1 0       may occur in blocks 0 and 3
 */

/** Bits of each block. */
export const BITS = 3392;
/** Rows that a value sets. */
const CHOSEN = 4;

/** The rows of a value. @param kind - What it is a value of. */
export function rowsOf(kind: number, value: number, rows: Uint16Array): Uint16Array {
  let hash = Math.imul(kind ^ 0x5bd1e995, 0x9e3779b1) ^ value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  hash ^= hash >>> 16;
  const step = (hash >>> 20) | 1;
  let row = ((hash & 0xf_ffff) * BITS) >>> 20;
  for (let at = 0; at < CHOSEN; at++) {
    rows[at] = row;
    row += step;
    while (row >= BITS) row -= BITS;
  }
  return rows;
}

export const newRows = (): Uint16Array => new Uint16Array(CHOSEN);
