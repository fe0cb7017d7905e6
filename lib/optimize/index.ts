/** Optimizing flow graphs. */

export {
  evidentlyRejects,
  isRejection,
  type OptimizeOptions,
  optimize,
  PASSES,
  type Pass,
} from './pipeline.js';
