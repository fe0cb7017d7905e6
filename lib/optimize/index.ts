/** Optimizing flow graphs, and comparing programs. */

export { type Equivalence, type EquivalenceOptions, equivalent } from './equivalent.js';
export { type Answer, disjoint, implies } from './implication.js';
export {
  isRejection,
  type OptimizeOptions,
  optimize,
  PASS_NAMES,
  type Pass,
} from './pipeline.js';
export { type ConstantError, constantError, evidentlyRejects } from './refusal.js';
