/** Questions about programs: one symbolic walk, and what can be asked of it. */

export { type Difference, type DiffOptions, diff, type Region } from './diff.js';
export { type Equivalence, type EquivalenceOptions, equivalent } from './equivalent.js';
export { type Answer, alwaysTrue, disjoint, implies, neverTrue } from './implication.js';
export { type Covered, cover, type Made, type MakeOptions, make } from './make.js';
export { lintRules, type RuleFinding } from './rules.js';
export { type Bindings, substitute } from './state.js';
export type { MadePacket } from './witness.js';
