/** One run on many machines: a plan, its shards, their receipts. */

export { byFile, checkParts, contentsOf, failureOf, type MergedFile } from './merge.js';
export {
  cutIntoShards,
  type LoadedPlan,
  type Plan,
  plannedFile,
  readPlan,
  ShardError,
  writePlan,
} from './plan.js';
export { collect, type Gap, type Receipt, readReceipt } from './receipt.js';
export { runShard, type ShardRun } from './run.js';
