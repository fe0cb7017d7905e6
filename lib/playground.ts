/**
 * What the playground in the browser needs besides the published faces: the tree and its words, programs as graphs, the
 * machine step by step. Runs anywhere. Not published; may change at any time.
 */

export { initialState, type MachineState, opcodes, step } from './cbpf/index.js';
export { type Block, type Graph, split, successors } from './cfg/index.js';
export { attach, listInstructions, Memory, programTypeOf } from './ebpf/index.js';
export { NO_LOADER } from './engine/index.js';
export { helpedLint, helpedProgram, LinkFilter, readyMadeFilters, withReadyMade } from './filter/index.js';
export { filterText } from './jit/index.js';
export { LIFT_FORMS, type LiftForm, liftTraced } from './lift/index.js';
export { LINK_TYPES, serviceNames } from './names/index.js';
export { decompressLz4, LocatedCapture } from './savefile/index.js';
export { CONSTANTS, type Expr, KEYWORDS, parse, postorder, type Token, tokenize } from './syntax/index.js';
