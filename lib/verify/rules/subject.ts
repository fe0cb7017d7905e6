/** What is known of a program before any path is followed; made by `examine` (`form.ts`), and not changed afterwards. */

import type { Instruction, Program } from '../../ebpf/index.js';
import type { Arithmetic } from '../numbers/arithmetic.js';
import type { ContextRules } from './context.js';
import type { VerifyOptions } from './options.js';
import { alwaysHolds, type Requirement, requirementsOf } from './requirements.js';

export interface Subject {
  readonly program: Program;
  readonly options: VerifyOptions;
  readonly rules: ContextRules;
  readonly privileged: boolean;
  readonly isLinux: boolean;
  readonly numbers: Arithmetic;
  /** By slot; none for the second half of a wide immediate. */
  readonly instructions: (Instruction | undefined)[];
  /** By slot: what is no instruction, should a path come there. */
  readonly faults: Map<number, Requirement>;
  /** Slots where states are compared. */
  readonly isJoin: boolean[];
  /** Slots that a jump leads to, or the way back from a function. */
  readonly isTarget: boolean[];
  /** Calls of each function, by its first instruction. */
  readonly calls: Map<number, { readonly at: number; readonly target: number }[]>;
  /** First slots of the program's functions. */
  readonly entries: Set<number>;
}

/** What has to be looked at when a path comes to a slot: all that does not hold of the instruction as it is written. */
export function requirementsAt(
  { instructions, faults, options, privileged }: Subject,
  index: number,
): readonly Requirement[] {
  const fault = faults.get(index);
  if (fault !== undefined) return [fault];
  return requirementsOf(instructions[index]!, options.type).filter((one) => !alwaysHolds(one, privileged));
}
