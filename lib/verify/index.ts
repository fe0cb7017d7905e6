/** The verifier: nothing unsafe runs. */

export type { Rules } from './numbers/arithmetic.js';
export { type ExplainedRejection, explain, type SliceStep } from './report/explain.js';
export { type LogLevel, verifyLogged } from './report/log.js';
export type { Complexity } from './rules/complexity.js';
export type { VerifiedType } from './rules/context.js';
export { REJECTION_KINDS, type RejectionKind } from './rules/kinds.js';
export type { FunctionInfo, VerifyOptions } from './rules/options.js';
export type { MemoryKind, Proof, Proofs } from './rules/proofs.js';
export { Rejected, type Rejection, type Verdict } from './rules/report.js';
export { type InstructionRequirements, type RequirementText, requirementsOfProgram } from './rules/words.js';
export type { MapInfo, StructInfo } from './state/value.js';
export { verify } from './walk/verifier.js';
