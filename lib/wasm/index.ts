/** Just enough of WebAssembly: instructions, modules, their binary and text forms. */

export { CodeWriter } from './code.js';
export {
  type DefinedFunction,
  encodeModule,
  type FunctionType,
  type Global,
  type ImportedFunction,
  type Local,
  MEMORY_IMPORT,
  type WasmModule,
} from './module.js';
export type { InstructionName, ValueType } from './opcodes.js';
export { printModule } from './text.js';
