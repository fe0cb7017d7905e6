/** An expression, compiled for whatever turns up. */

export {
  type CompileOptions,
  compileWith,
  describeLinkType,
  type ExplainedStep,
  type Explanation,
  Filter,
  kernelProgram,
  type Load,
  lintExpression,
  loadOnce,
} from './compile.js';
export { compile } from './facade.js';
