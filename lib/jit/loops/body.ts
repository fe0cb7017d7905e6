/**
 * Filters as bodies, to stand in the middle of a loop over packets: no call and no object for a packet. Classic
 * programs here, verified extended ones in extendedBody.ts.
 */

import type { Program } from '../../cbpf/index.js';
import type { Local } from '../../wasm/index.js';
import { emitFilter, type FilterPlace, filterLocals, isCompilable } from '../classic/classic.js';

export interface FilterBody {
  /** The body's own locals; they lie together, from `firstLocal` on. */
  readonly locals: readonly Local[];
  /** Longest packet that the program may be given. */
  readonly maxLength: number;
  /** Whether what it accepts may still be rejected: a walk stops in front of that. */
  readonly isDoubtful?: boolean;
  /** Writes it. The first page of the memory is the program's: its stack may lie there. */
  readonly emit: (place: FilterPlace) => void;
}

/** A classic program; `undefined` where it is too long, or irreducible. */
export const classicBody = (program: Program): FilterBody | undefined =>
  isCompilable(program)
    ? {
        locals: filterLocals(program),
        maxLength: 0xffff_ffff,
        emit: (place) => emitFilter(program, 'libpcap', place),
      }
    : undefined;
