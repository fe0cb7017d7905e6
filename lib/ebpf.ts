/**
 * Weir, the extended machine (eBPF, RFC 9669): programs as text, verified, run; classic programs lifted to it. Named
 * like `weir-bpf/cbpf`.
 *
 * @packageDocumentation
 */

export {
  assemble,
  type BpfMap,
  createMap,
  createProgramArray,
  DecodeError,
  decode,
  disassemble,
  EbpfProgramError as ProgramError,
  type Environment,
  encode,
  execute,
  fromBytes,
  type Instruction,
  type MapShape,
  Memory,
  opcodes,
  PROGRAM_TYPES,
  type Problem,
  type ProblemKind,
  type Program,
  type ProgramType,
  parseProgram,
  programTypeOf,
  type RunOutcome,
  RuntimeFault,
  toAssembly,
  toBytes,
  toCArray,
  toHex,
  type ValidateOptions,
  validate,
} from './ebpf/index.js';
export {
  admit,
  type ExtendedOptions,
  LIFTED_ENGINES as ENGINES,
  lift,
  loadEbpf as load,
  VerificationError,
  type VerifiedLiftOptions as LiftOptions,
} from './engine/index.js';
export { LIFT_FORMS, LiftError, type LiftForm, RESULTS, type ResultValue } from './lift/index.js';
export {
  type ExplainedRejection,
  explain as explainRejection,
  type LogLevel,
  type MapInfo,
  type Proofs,
  type Rejection,
  type RejectionKind,
  type Verdict,
  type VerifiedType,
  type VerifyOptions,
  verify,
  verifyLogged,
} from './verify/index.js';
