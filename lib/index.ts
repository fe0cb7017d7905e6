/**
 * Weir, the face that runs anywhere: expressions, programs, engines, capture formats, packet text.
 * Uses no Node API; what needs Node is in node.ts.
 *
 * @packageDocumentation
 */

export {
  assemble,
  disassemble,
  execute,
  type FilterFunction,
  type Instruction,
  type PacketMetadata,
  type Personality,
  type Problem,
  type Program,
  ProgramError,
  parseListing,
  toAssembly,
  toCArray,
  toCommaList,
  toDecimal,
  type ValidateOptions,
  validate,
} from './cbpf/index.js';
export type { Lint } from './codegen/index.js';
export {
  createPrinter,
  PACKET_TYPES,
  type PacketType,
  type Printer,
  type PrinterOptions,
} from './dissect/index.js';
/** The extended machine: assembler, disassembler, checker, interpreter, hooks, maps. */
export * as ebpf from './ebpf/index.js';
export {
  AUTO,
  admit,
  defaultEngine,
  ENGINES,
  type Engine,
  type EngineName,
  type ExtendedOptions,
  engineOf,
  lift,
  liftProved,
  loadAuto,
  loadEbpf,
  type Scanning,
  scansInBatches,
  VerificationError,
  type VerifiedLiftOptions,
} from './engine/index.js';
export {
  type CompileOptions,
  compile,
  compileWith,
  describeLinkType,
  type ExplainedStep,
  type Explanation,
  Filter,
  kernelProgram,
  type Load,
  lintExpression,
  loadOnce,
} from './filter/index.js';
export {
  type Batch,
  bodyBatch,
  type CompiledEbpf,
  classicBatch,
  classicBody,
  compileEbpf,
  createAccelerator,
  ebpfBatch,
  extendedBody,
  type FilterBody,
  filterText,
} from './jit/index.js';
export {
  LIFT_FORMS,
  LiftError,
  type LiftForm,
  type LiftOptions,
  liftTraced,
  type TracedLift,
} from './lift/index.js';
export { builtinResolver, firstOf, LINK_TYPES, type LinkType, type Resolver } from './names/index.js';
export {
  type Equivalence,
  type EquivalenceOptions,
  equivalent,
  PASS_NAMES as OPTIMIZER_PASSES,
} from './optimize/index.js';
export * from './savefile/index.js';
export { FilterError, renderSpan, type Span } from './source.js';
export {
  type Complexity,
  type ExplainedRejection,
  explain,
  type LogLevel,
  type MapInfo,
  type MemoryKind,
  type Proof,
  type Proofs,
  REJECTION_KINDS,
  type Rejection,
  type RejectionKind,
  type SliceStep,
  type Verdict,
  type VerifiedType,
  type VerifyOptions,
  verify,
  verifyLogged,
} from './verify/index.js';
