/** An expression, compiled for whatever turns up. */

export { blankComments, type ReadyMadeFilter, readyMadeExpression, readyMadeFilters } from './catalogue.js';
export { compile } from './facade.js';
export { Filter, type PacketSource } from './family.js';
export { expressionsBeside, helpedLint, helpedProgram, kernelProgram, withReadyMade } from './helped.js';
export { libpcapForm } from './libpcapForm.js';
export { type ExplainedStep, type Explanation, LinkFilter } from './linkFilter.js';
export type { CompileOptions } from './options.js';
export { compileProgram, describeLinkType, lint } from './program.js';
export { bodyOf, selectionOf, selectWith } from './selection.js';
