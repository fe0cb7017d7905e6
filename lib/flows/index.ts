/** Whole flows. */

export { FlowKey } from './key.js';
export {
  type FlowBeginning,
  type FlowSelect,
  type FlowSelectOptions,
  FlowTracker,
  MatchedFlows,
} from './selection.js';
export { type FlowOptions, FlowTable, MAX_FLOWS, NO_FLOW } from './table.js';
