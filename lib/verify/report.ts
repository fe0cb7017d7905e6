/** What the verifier answers. */

export type RejectionKind =
  /** The program is malformed: opcodes, fields, jumps. */
  | 'malformed'
  | 'unreachable-code'
  | 'back-edge'
  | 'uninitialized-register'
  | 'frame-pointer-write'
  | 'pointer-arithmetic'
  | 'unbounded-offset'
  | 'not-a-pointer'
  | 'outside-packet'
  | 'outside-stack'
  | 'uninitialized-stack'
  | 'outside-map-value'
  | 'map-access'
  | 'null-pointer'
  | 'invalid-context-access'
  | 'misaligned'
  | 'pointer-leak'
  | 'partial-address'
  | 'privileged-only'
  | 'unknown-helper'
  | 'bad-argument'
  | 'bad-return'
  | 'packet-load'
  | 'call-depth'
  | 'stack-depth'
  | 'infinite-loop'
  | 'too-complex'
  | 'too-long';

export interface Rejection {
  readonly kind: RejectionKind;
  /** The instruction's slot. */
  readonly index: number;
  /** What is wrong, with the values that could be there. */
  readonly message: string;
  /** What would make it pass, where that is known. */
  readonly remedy: string;
}

export interface Verdict {
  readonly accepted: boolean;
  readonly rejection: Rejection | undefined;
  /** Instructions looked at, over all paths. */
  readonly processed: number;
}

/** Thrown inside the verifier to end it. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
  readonly rejection: Rejection;

  constructor(kind: RejectionKind, index: number, message: string, remedy = '') {
    super(`instruction ${index}: ${message}`);
    this.rejection = { kind, index, message, remedy };
  }
}
