/** From the classic machine to the extended one. */

export { type CHook, type COptions, toC } from './c.js';
export { LiftError, type LiftProblemKind } from './error.js';
export { type KernelLift, type KernelLiftOptions, liftKernel } from './kernel.js';
export { LIFT_FORMS, type LiftForm, type LiftOptions, lift, liftTraced, type TracedLift } from './lift.js';
export { RESULTS, type ResultOptions, type Results, type ResultValue, resultsOf } from './results.js';
