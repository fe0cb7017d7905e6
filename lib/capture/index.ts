/** Files, devices and streams, opened for a filter. */

export { formsOf, type OpenDeviceOptions, type OpenedDevice, openDevice } from './devices.js';
export {
  type FilterFileOptions,
  type FilterFileResult,
  filterFile,
  type OpenOptions,
  openCapture,
  type Progress,
  type SplitByFlowsOptions,
  type SplitByFlowsResult,
  type SplitByRulesOptions,
  type SplitFileOptions,
  type SplitFileResult,
  splitFile,
  splitFileByFlows,
  splitFileByRules,
} from './files.js';
export { mergeCaptures } from './merge.js';
export { RecentPackets } from './recent.js';
export { FilterStream, type FilterStreamOptions, filterStream } from './stream.js';
export { type CaptureSummary, type InterfaceSummary, summarize, withStatistics } from './summary.js';
