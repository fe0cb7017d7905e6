/** LD_ABS and LD_IND. Linux `check_ld_abs`. */

import { stackOffset } from '../state/stack.js';
import { type Point, reject } from './point.js';

/**
 * Where LD_ABS or LD_IND ends a function, Linux 6.18 goes back from there in the caller's frame. Coming to the call with something
 * in hand it refuses the program, or writes where it must not: such programs are not for trying out.
 */
export const ENDS_EARLY =
  'LD_ABS and LD_IND may end the function here, and Linux loses its way back to numbers of the caller';

export function checkPacketLoad(point: Point): void {
  if (!point.rules.packetLoads)
    reject(point, 'packet-load', 'this type of program cannot use LD_ABS and LD_IND');
  const context = point.value(6);
  if (context.kind !== 'pointer' || context.type !== 'context')
    reject(point, 'packet-load', 'r6 must be the context');
  if (stackOffset(context, 0) !== 0) reject(point, 'packet-load', 'r6 must be the context, not moved');
  // A function ends with 0 where the packet is too short. Linux has to know that it returns a number.
  if (point.state.frames.length === 1) return;
  const { entry, isCallback } = point.frame;
  const isTyped = point.options.functions?.get(entry)?.returns === 'number';
  if (isCallback || (point.isLinux && !isTyped))
    reject(point, 'packet-load', 'LD_ABS and LD_IND cannot be used in functions here');
}
