/**
 * Weir, the classic machine: programs of BPF as text, checked, run, and lifted to the extended machine. `weir-bpf/ebpf`
 * has the same names for that.
 *
 * @packageDocumentation
 */

export {
  type AssembleOptions,
  type AssemblyDialect,
  assemble,
  disassemble,
  execute,
  type FilterFunction,
  type Instruction,
  type LoadOptions,
  loadInterpreter as load,
  type MachineInput,
  type MachineState,
  opcodes,
  type PacketMetadata,
  type Personality,
  type Problem,
  type ProblemKind,
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
export { filterText as toWebAssemblyText, loadJavaScript, loadWebAssembly } from './jit/index.js';
