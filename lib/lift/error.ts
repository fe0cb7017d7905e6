/** Why a classic program has no eBPF form of the kind asked for. */

export type LiftProblemKind =
  /** A jump is longer than the 16 bits of the offset field. */
  | 'jump-too-long'
  /** The form's context has no such field or helper. */
  | 'no-equivalent';

/** The program is valid, but cannot be lifted to this form. */
export class LiftError extends Error {
  override readonly name = 'LiftError';
  readonly kind: LiftProblemKind;
  /** The classic instruction at fault. */
  readonly index: number;

  constructor(kind: LiftProblemKind, index: number, message: string) {
    super(`instruction ${index}: ${message}`);
    this.kind = kind;
    this.index = index;
  }
}
