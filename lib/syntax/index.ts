/** The language's surface: text to tree and back. */

export * from './ast.js';
export { displayFilterHint } from './displayHabits.js';
export { FilterSyntaxError, SYNTAX_ERROR } from './errors.js';
export { format } from './format.js';
export { habitHint } from './habits.js';
export { hostNames } from './hostNames.js';
export { type ParseOptions, parametersOf } from './insertions.js';
export { tokenize } from './lexer.js';
export { parse } from './parser.js';
export * from './token.js';
export { unscoped } from './unscoped.js';
