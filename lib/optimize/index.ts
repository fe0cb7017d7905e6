/** Optimizing flow graphs. */

export {
  evidentlyRejects,
  isRejection,
  type OptimizeOptions,
  optimize,
  type Pass,
} from './pipeline.js';
