/**
 * What occurs in which blocks of a capture, in a fixed number of bits for each block: a value sets some bits that its hash
 * chooses, and occurs in no block that lacks one of them. Bits are stored row by row, one bit a block, so that a question
 * reads few short rows:
 *
 *              block 0 1 2 3 4 ...
 *     row 17         1 0 0 1 0       a value of rows 17 and 94
 *     row 94         1 1 0 1 0       may occur in blocks 0 and 3
 */

/** Bits of each block: as many as 12 bits of a hash choose from. */
export const BITS = 4096;
/** Rows in front of those of values: blocks that must be read; and one for each class. */
export const CLASS_ROWS = 32;
export const ROWS = CLASS_ROWS + BITS;
const LOW = BITS - 1;

/** Where values of a kind begin to be hashed. */
export const seedOf = (kind: number, shift: number): number =>
  Math.imul(((kind << 8) | shift) ^ 0x5bd1e995, 0x9e3779b1);

/** Sets `bit` in the three rows of a value. {@link rowsOf} names the same ones. */
export function setRows(cells: Int32Array, bit: number, seed: number, value: number): number {
  let hash = Math.imul(seed ^ value, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  const last = Math.imul(hash ^ (hash >>> 16), 0x27d4eb2f);
  cells[CLASS_ROWS + (hash >>> 20)]! |= bit;
  cells[CLASS_ROWS + ((hash >>> 8) & LOW)]! |= bit;
  cells[CLASS_ROWS + (last >>> 20)]! |= bit;
  return last;
}

/** The same with a fourth row: for values that are many, and asked for one by one. */
export function setFineRows(cells: Int32Array, bit: number, seed: number, value: number): void {
  const last = setRows(cells, bit, seed, value);
  cells[CLASS_ROWS + ((last >>> 8) & LOW)]! |= bit;
}

/** The rows of a value. @param isFine - See {@link setFineRows}. */
export function rowsOf(seed: number, value: number, isFine: boolean): number[] {
  let hash = Math.imul(seed ^ value, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
  const last = Math.imul(hash ^ (hash >>> 16), 0x27d4eb2f);
  const rows = [hash >>> 20, (hash >>> 8) & LOW, last >>> 20, (last >>> 8) & LOW];
  return rows.slice(0, isFine ? 4 : 3).map((row) => CLASS_ROWS + row);
}
