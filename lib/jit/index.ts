/** Compilers behind the engines. */

export { type Batch, classicBatch, ebpfBatch, verifiedBatch } from './batch.js';
export type { FilterBody, VerifiedProgram } from './body.js';
export { filterModule, filterText, loadWebAssembly } from './classicModule.js';
export { type JavaScriptSource, loadJavaScript, toJavaScript } from './javascript.js';
export { canCompileWebAssembly, canGenerateCode } from './permission.js';
export { createAccelerator, type ScannedProgram, scanModule } from './scan.js';
export { type CompiledEbpf, compileEbpf, type WebAssemblyOptions } from './webassembly.js';
