/** Addresses that are moved: where they are then. Linux `adjust_ptr_min_max_vals`. */

import * as scalars from '../numbers/scalar.js';
import { FULL_64, type Scalar } from '../numbers/scalar.js';
import * as tnum from '../numbers/tnum.js';
import type { Pointer } from './value.js';

/** Whether limits contradict each other: such a number is never there. */
export const isContradiction = (distance: Scalar): boolean =>
  scalars.constantOf(distance) !== undefined && distance.wide.smin !== distance.wide.smax;

/**
 * Where an address is when it has been moved by a number. What varies is as the sum of limits has it; what its limits say
 * of its bits is not yet known.
 */
export function movedBy(
  base: Pointer,
  op: 'add' | 'sub',
  distance: Scalar,
): Pick<Pointer, 'offset' | 'variable'> {
  const by = scalars.constantOf(distance);
  if (by === undefined) return { offset: base.offset, variable: combined(op, base.variable, distance) };
  const signed = BigInt.asIntN(64, by);
  const offset = Number(BigInt(base.offset) + (op === 'add' ? signed : -signed));
  return { offset, variable: base.variable };
}

/** Ranges of the whole as the kernel adds them here: what may overflow is not known. */
function combined(op: 'add' | 'sub', a: Scalar, b: Scalar): Scalar {
  const [umin, umax] =
    op === 'add'
      ? [a.wide.umin + b.wide.umin, a.wide.umax + b.wide.umax]
      : [a.wide.umin - b.wide.umax, a.wide.umax - b.wide.umin];
  const [smin, smax] =
    op === 'add'
      ? [a.wide.smin + b.wide.smin, a.wide.smax + b.wide.smax]
      : [a.wide.smin - b.wide.smax, a.wide.smax - b.wide.smin];
  const fitsUnsigned = umin >= 0n && umax <= FULL_64.umax;
  const fitsSigned = smin >= FULL_64.smin && smax <= FULL_64.smax;
  return {
    bits: op === 'add' ? tnum.add(a.bits, b.bits) : tnum.subtract(a.bits, b.bits),
    wide: {
      ...(fitsUnsigned ? { umin, umax } : { umin: 0n, umax: FULL_64.umax }),
      ...(fitsSigned ? { smin, smax } : { smin: FULL_64.smin, smax: FULL_64.smax }),
    },
    low: scalars.FULL_32,
  };
}
