/** Programs of objects that are interpreted at first, and compiled for who has more packets. */

import type { FilterFunction } from '../cbpf/index.js';
import type { AttachedProgram } from '../ebpf/index.js';

/** Packets that a program is interpreted for: a few take less time so than it takes to compile. */
const INTERPRETED_PACKETS = 100;

/** @param compile - Gives the same program on the same memory and maps, compiled. */
export function compiledLater(interpreted: AttachedProgram, compile: () => AttachedProgram): AttachedProgram {
  let program = interpreted;
  let seen = 0;
  const count = (): void => {
    if (++seen === INTERPRETED_PACKETS) program = compile();
  };
  const filter: FilterFunction = (bytes, start, length, wireLength, metadata) => {
    if (seen < INTERPRETED_PACKETS) count();
    return program(bytes, start, length, wireLength, metadata);
  };
  const run: AttachedProgram['run'] = (packet, options) => {
    if (seen < INTERPRETED_PACKETS) count();
    return program.run(packet, options);
  };
  return Object.assign(filter, { run });
}
