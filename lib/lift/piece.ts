/** What the forms emit and layout puts in order. */

import type { Slot } from '../ebpf/index.js';

/** A slot, or a jump to a block. */
export interface Piece extends Slot {
  readonly target?: number;
}
