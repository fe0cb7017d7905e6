/** What the verifier answers. */

import type { Rules } from '../numbers/arithmetic.js';
import type { Complexity } from './complexity.js';
import type { RejectionKind } from './kinds.js';
import type { Proofs } from './proofs.js';

/** Where and why a program is refused. */
export interface Rejection {
  readonly kind: RejectionKind;
  /** The instruction's slot. */
  readonly index: number;
  /** What is wrong, with the values that could be there. */
  readonly message: string;
  /** What would make it pass, where that is known. */
  readonly remedy: string;
  /** Slots of the instructions on the path that ended here, this one last; empty where none was followed. */
  readonly trail: readonly number[];
}

/** What verify() finds. */
export interface Verdict {
  readonly accepted: boolean;
  /** By whose rules. */
  readonly rules: Rules;
  readonly rejection: Rejection | undefined;
  /** Instructions looked at, over all paths. */
  readonly processed: number;
  /** What is known of an accepted program's instructions, where it was asked for. */
  readonly proofs?: Proofs | undefined;
  /** Where the budget went, when it was used up. */
  readonly complexity?: Complexity;
}

/** Thrown inside the verifier to end it. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly rejection: Rejection;

  constructor(kind: RejectionKind, index: number, message: string, remedy = '') {
    super(`instruction ${index}: ${message}`);
    this.rejection = { kind, index, message, remedy, trail: [] };
  }
}
