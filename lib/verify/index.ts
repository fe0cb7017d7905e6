/** The verifier: nothing unsafe runs. */

export type { Complexity } from './complexity.js';
export type { VerifiedType } from './context.js';
export { type ExplainedRejection, explain, type SliceStep } from './explain.js';
export { REJECTION_KINDS, type RejectionKind } from './kinds.js';
export { type LogLevel, verifyLogged } from './log.js';
export type { VerifyOptions } from './path.js';
export type { MemoryKind, Proof, Proofs } from './proofs.js';
export { Rejected, type Rejection, type Verdict } from './report.js';
export type { MapInfo } from './value.js';
export { verify } from './verifier.js';
