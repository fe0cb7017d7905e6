/** Compilers behind the engines. */

export { type Batch, bodyBatch, classicBatch, ebpfBatch } from './batch.js';
export { classicBody, type FilterBody } from './body.js';
export { filterModule, filterText, loadWebAssembly } from './classicModule.js';
export { extendedBody } from './extendedBody.js';
export { type JavaScriptSource, loadJavaScript, toJavaScript } from './javascript.js';
export { canCompileWebAssembly, canGenerateCode } from './permission.js';
export { createAccelerator, scanModule } from './scan.js';
export { type CompiledEbpf, compileEbpf, type WebAssemblyOptions } from './webassembly.js';
