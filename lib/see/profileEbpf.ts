/** How often the instructions of a filter ran in the form that it has as eBPF. */

import type { Program } from '../ebpf/index.js';
import { loadEbpf } from '../engine/index.js';
import type { LinkFilter } from '../filter/index.js';
import { type LiftForm, liftTraced } from '../lift/index.js';
import type { PacketTest } from '../savefile/index.js';
import type { Counts } from './flow.js';

/** A filter as eBPF that counts what it does. */
export interface EbpfProfiler {
  readonly program: Program;
  /** The program, for loops over packets; what it returns is the verdict of its hook. */
  readonly test: PacketTest;
  counts(): Counts;
}

const TYPES = { portable: 'socket_filter', xdp: 'xdp', tc: 'sched_cls', cgroup: 'cgroup_skb' } as const;

/**
 * Lifts a filter, and counts in compiled code.
 *
 * @throws LiftError where the filter has no such form.
 */
export function createEbpfProfiler(filter: LinkFilter, form: Exclude<LiftForm, 'kernel'>): EbpfProfiler {
  const { program } = liftTraced(filter.cbpf, { form });
  let read = (): Float64Array => new Float64Array(program.length);
  const test = loadEbpf(program, {
    type: TYPES[form],
    counted: (_, reader) => {
      read = reader;
    },
  });
  return { program, test, counts: () => ({ ran: read() }) };
}
