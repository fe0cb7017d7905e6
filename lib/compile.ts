/**
 * Weir, the compiler alone: expression to classic program and nothing else, for browsers and cold starts. Names are
 * the usual ones unless `builtinResolver` is asked for, with IANA's registries; `@name` takes `readyMadeExpression` as the
 * option `namedFilters`; hints for habits from other tools are those of `weir-bpf`.
 *
 * @packageDocumentation
 */

export { disassemble, type Instruction, type Program, toCArray, toDecimal } from './cbpf/index.js';
export type { Lint } from './codegen/index.js';
export { type CompileOptions, compileProgram, lint, readyMadeExpression } from './filter/index.js';
export { builtinResolver, firstOf, type Resolver } from './names/index.js';
export { FilterError, type Span } from './source.js';
