/** The classic machine: opcode table, text forms, checker, definition, interpreter. */

export { type AssembleOptions, type AssemblyDialect, assemble, parseListing } from './assembler.js';
export {
  disassemble,
  listInstruction,
  toAssembly,
  toCArray,
  toCommaList,
  toDecimal,
} from './disassembler.js';
export * from './extensions.js';
export type { Instruction, Program } from './instruction.js';
export { type FilterFunction, type LoadOptions, loadInterpreter } from './interpreter.js';
export { NO_DEVICE, OUT_OF_BOUNDS, type SpecialLoad, specialLoad } from './loads.js';
export { execute, initialState, LOOP_BUDGET, type MachineInput, type MachineState, step } from './machine.js';
export type { Personality } from './opcodes.js';
export * as opcodes from './opcodes.js';
export {
  assertValid,
  KERNEL_MAX_LENGTH,
  type Problem,
  type ProblemKind,
  ProgramError,
  type ValidateOptions,
  validate,
} from './validator.js';
