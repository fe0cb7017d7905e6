/** Compilers behind the engines. */

export { compileWebAssembly, filterModule, filterText, loadWebAssembly } from './classic/classicModule.js';
export { type CountedFilter, type InstructionCounts, loadCounted } from './classic/counted.js';
export {
  compileJavaScript,
  type JavaScriptSource,
  loadJavaScript,
  toJavaScript,
} from './classic/javascript.js';
export { type CompiledEbpf, compileEbpf, type WebAssemblyOptions } from './extended/webassembly.js';
export { type Batch, bodyBatch, classicBatch, ebpfBatch } from './loops/batch.js';
export { classicBody, type FilterBody } from './loops/body.js';
export { extendedBody } from './loops/extendedBody.js';
export { type RowProgram, rowAccelerator, runsInRows } from './loops/rows.js';
export {
  BETWEEN,
  compileWalk,
  createAccelerator,
  scanModule,
  WalkMemory,
  WORTH_COMPILING,
} from './loops/scan.js';
export { canCompileWebAssembly, canGenerateCode } from './shared/permission.js';
