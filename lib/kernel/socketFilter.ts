/** A filter as the eBPF that a socket takes. */

import type { Program as Classic } from '../cbpf/index.js';
import type { Program } from '../ebpf/index.js';
import { lift } from '../engine/index.js';
import { verify } from '../verify/index.js';
import { Bpf, KernelError } from './bpf.js';

/** A program that the kernel has loaded. Whoever attaches it holds it too: then it can be closed here. */
export interface LoadedFilter {
  readonly file: number;
  close(): void;
}

/** How the program is called in lists of the kernel's. */
const NAME = 'weir_filter';

/**
 * Lifts a filter for sockets, verifies it, and loads it.
 *
 * @param program - As the kernel has it: with its offsets for metadata.
 * @throws LiftError, VerificationError where it has no such form; KernelError where the kernel does not take it.
 */
export function loadSocketFilter(program: Classic): LoadedFilter {
  const lifted = lift(program, { form: 'portable', personality: 'kernel' });
  const bpf = new Bpf();
  try {
    const file = bpf.load(lifted, 'socket_filter', NAME);
    return { file, close: () => bpf.close(file) };
  } catch (error) {
    throw error instanceof KernelError && error.code === 'refused' ? explained(error, lifted) : error;
  }
}

/** With what the verifier here says of the same, by the kernel's rules. */
function explained(error: KernelError, program: Program): KernelError {
  const { rejection } = verify(program, { type: 'socket_filter' });
  if (rejection === undefined) return error;
  const ours = `instruction ${rejection.index}: ${rejection.message}`;
  return new KernelError(error.code, `${error.message} (${ours})`, error);
}
