/** The eBPF machine: opcode tables, instructions, memory, definition, interpreter, hooks. */

export { assemble, parseProgram } from './assembler.js';
export {
  type AttachedProgram,
  type AttachOptions,
  attach,
  type PacketOutcome,
  type RunOptions,
  UnavailableError,
  UnverifiedError,
} from './attach.js';
export * as build from './build.js';
export {
  CALLS_BACK,
  callsBack,
  FOR_EACH,
  functionNamed,
  isFunction,
  LOOP,
  SETS_CALLBACK,
} from './callbacks.js';
export { CONFORMANCE_HELPERS } from './conformance.js';
export { DecodeError, type DecodeProblemKind, decode } from './decode.js';
export {
  describe,
  disassemble,
  type ListOptions,
  listInstructions,
  toAssembly,
  toCArray,
  toHex,
} from './disassembler.js';
export { effectsOf, targetsOf } from './effects.js';
export { encode } from './encode.js';
export { formatProblem } from './format.js';
export {
  answer,
  answerUnsigned,
  bytesAt,
  type HelperFunction,
  type HelperOutcome,
  type HelperServices,
  type MachineHost,
  TAIL_CALL,
} from './helpers.js';
export type { Redirect } from './hook.js';
export {
  fromBytes,
  type Instruction,
  type Operand,
  type Program,
  type Slot,
  slotsOf,
  toBytes,
  unordered,
} from './instruction.js';
export { type Executable, loadProgram } from './interpreter.js';
export { HEAD, NODE, SPREAD } from './keyTable.js';
export { KFUNCS, kfuncNumber } from './kfuncs.js';
export { DEFAULT_BUDGET, type Environment, execute, type RunOutcome } from './machine.js';
export { elementsOf, keysOf, setElementsOf } from './mapElements.js';
export {
  createMap,
  createProgramArray,
  lookupElement,
  removeElement,
  updateElement,
  valueAt,
} from './maps.js';
export type { BpfMap, MapKind, MapShape, OutputMap } from './mapTypes.js';
export { aim, type FaultKind, Memory, type Region, RuntimeFault } from './memory.js';
export * as opcodes from './opcodes.js';
export {
  ALU_ROWS,
  type AluOperation,
  type AtomicOperation,
  BRANCH_ROWS,
  type BranchOperation,
  CALL,
  CALL_SOURCE,
  classOf,
  EXIT,
  FRAME_POINTER,
  JA,
  JMP,
  JMP32,
  LD,
  LDX,
  MAX_FRAMES,
  operationOf,
  PSEUDO,
  REGISTERS,
  type Size,
  STACK_SIZE,
  type Width,
  X,
} from './opcodes.js';
export {
  type ContextField,
  INTERNAL_HELPER,
  type PacketEvent,
  PROGRAM_TYPES,
  type ProgramType,
  programTypeOf,
  SK_BUFF,
  SKB,
  SKB_SIZE,
  XDP_MD,
} from './programTypes.js';
export { takeRecord } from './rings.js';
export { hasRuntime, makeHelpers } from './runtime/index.js';
export {
  type ArgumentKind,
  GPL_ONLY,
  type HelperSignature,
  isGpl,
  mayMovePacket,
  signatureFor,
  signatureOf,
} from './signatures.js';
export {
  assertValid,
  EbpfProgramError,
  type Problem,
  type ProblemKind,
  type ValidateOptions,
  validate,
} from './validator.js';
