/** Compilers behind the engines. */

export { type Batch, classicBatch, ebpfBatch } from './batch.js';
export { filterModule, filterText, loadWebAssembly } from './classicModule.js';
export { canGenerateCode, type JavaScriptSource, loadJavaScript, toJavaScript } from './javascript.js';
export { createAccelerator, scanModule } from './scan.js';
export { type CompiledEbpf, compileEbpf, type WebAssemblyOptions } from './webassembly.js';
