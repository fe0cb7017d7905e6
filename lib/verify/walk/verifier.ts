/**
 * The verifier: admits a program only when every instruction on every path is safe and every path ends.
 */

import type { Program } from '../../ebpf/index.js';
import { examine } from '../rules/form.js';
import type { VerifyOptions } from '../rules/options.js';
import { Rejected, type Verdict } from '../rules/report.js';
import { Exploration, type ExploreOptions } from './explore.js';

/** Decides whether a program may run. */
export const verify = (program: Program, options: VerifyOptions): Verdict =>
  verifyObserved(program, options, {});

/** The same, seen while it is done. */
export function verifyObserved(program: Program, options: VerifyOptions, how: ExploreOptions): Verdict {
  const { rules = 'linux' } = options;
  let exploration: Exploration | undefined;
  try {
    exploration = new Exploration(examine(program, options), how);
    exploration.run();
    const { processed } = exploration;
    return {
      accepted: true,
      rules,
      rejection: undefined,
      processed,
      ...(options.proofs === true ? { proofs: exploration.proofs() } : {}),
    };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    const { kind, index } = error.rejection;
    return {
      accepted: false,
      rules,
      rejection: { ...error.rejection, trail: exploration?.trail(index) ?? [] },
      processed: exploration?.processed ?? 0,
      ...(kind === 'too-complex' && exploration !== undefined
        ? { complexity: exploration.counts.report() }
        : {}),
    };
  }
}
