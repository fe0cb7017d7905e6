/** Optimizing flow graphs; and the values, facts and steps that questions about programs are answered with. */

export { type Decisions, type Step, targets, uses } from './decision.js';
export {
  compute,
  decide,
  type Fact,
  type Facts,
  factOf,
  learn,
  mayTrap,
  NOTHING_KNOWN,
} from './facts.js';
export { normalize } from './normalize.js';
export {
  isRejection,
  type OptimizeOptions,
  optimize,
  PASS_NAMES,
  type Pass,
} from './pipeline.js';
export { read } from './read.js';
export { type ConstantError, constantError, evidentlyRejects } from './refusal.js';
export { type Value, Values } from './value.js';
