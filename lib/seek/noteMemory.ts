/** How the memory lies that packets are noted in by WebAssembly: what it shares with JavaScript. */

import { ROWS } from './signature.js';

/** What the walk takes and gives back, numbers of 32 bits from address 0 on; positions are addresses. */
export const STATE = {
  start: 0,
  end: 1,
  /** From where on a block ends that has `most` packets, and one that has fewer. */
  soft: 2,
  hard: 3,
  most: 4,
  /** Packets of the block; and the least and most seconds of its times, the latter not reached. */
  count: 5,
  since: 6,
  until: 7,
  /** The bit of the block in a cell, and a number that no other block has. */
  bit: 8,
  block: 9,
} as const;
/** Why the walk has stopped: at something that is not ordinary, or whole, or where a block ends. */
export const STOPPED = { here: 0, atBlock: 1 } as const;

/** The cells of rows; in which block small values were seen last; the addresses of their cells, up to a zero. */
export const CELLS_AT = 64;
export const SEEN_AT = CELLS_AT + 4 * ROWS;
export const SMALL_AT = SEEN_AT + 4 * 512;
export const SMALL_SIZE = 128;
/** Where the window of the capture begins. */
export const WINDOW_AT = 1 << 17;
