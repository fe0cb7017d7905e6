/**
 * What occurs in which blocks of a capture, in a fixed number of bits for each block: a value sets some bits that its hash
 * chooses, and occurs in no block that lacks one of them. Bits are stored row by row, one bit a block, so that a question
 * reads few short rows:
 *
 *              block 0 1 2 3 4 ...
 *     row 17         1 0 0 1 0       a value of rows 17 and 94
 *     row 94         1 1 0 1 0       may occur in blocks 0 and 3
 */

/** Bits of each block: as many as ten bits of a hash choose from. */
export const BITS = 1024;
/** Rows in front of those of values: blocks that must be read; and one for each class. */
export const CLASS_ROWS = 32;
export const ROWS = CLASS_ROWS + BITS;
const LOW = BITS - 1;

/** Where values of a kind begin to be hashed. */
export const seedOf = (kind: number, shift: number): number =>
  Math.imul(((kind << 8) | shift) ^ 0x5bd1e995, 0x9e3779b1);

/** What hashes are multiplied with. */
export const HASH = [0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f] as const;

/** From which of its bits on rows are chosen. */
export const HASH_BITS: readonly number[] = [22, 12, 2];

/** A number with its bytes in reverse: as one that lies in the packet is read by a processor. */
const swapped = (value: number): number =>
  (value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);

/** The rows of a value. @param count - How many it has, six at most. */
export function rowsOf(seed: number, value: number, count: number): number[] {
  let hash = Math.imul(seed ^ swapped(value), HASH[0]);
  hash = Math.imul(hash ^ (hash >>> 15), HASH[1]);
  const last = Math.imul(hash ^ (hash >>> 16), HASH[2]);
  const rows = [hash, last].flatMap((bits) => HASH_BITS.map((from) => bits >>> from));
  return rows.slice(0, count).map((row) => CLASS_ROWS + (row & LOW));
}
