/**
 * Weir, the face that needs Node: files, pipes, compression, the system's names, live capture.
 *
 * @packageDocumentation
 */

export {
  type CaptureSummary,
  type FilterFileOptions,
  type FilterFileResult,
  FilterStream,
  type FilterStreamOptions,
  filterFile,
  filterStream,
  type InterfaceSummary,
  mergeCaptures,
  type OpenDeviceOptions,
  type OpenedDevice,
  type OpenOptions,
  openCapture,
  openDevice,
  type Progress,
  type SplitByFlowsOptions,
  type SplitByFlowsResult,
  type SplitByRulesOptions,
  type SplitFileOptions,
  type SplitFileResult,
  splitFile,
  splitFileByFlows,
  splitFileByRules,
  summarize,
  withStatistics,
} from './capture/index.js';
export {
  type HostFact,
  type HostLookup,
  hostFacts,
  type LookUpOptions,
  lookUpHosts,
  type SystemNames,
  systemNames,
  systemResolver,
} from './host/index.js';
export {
  type Backend,
  type Device,
  type DeviceAddress,
  DeviceError,
  type DeviceErrorCode,
  type DeviceInfo,
  type DeviceStats,
  type Direction,
  type KernelMachine,
  listDevices,
  type TimeStampType,
  timeStampTypes,
} from './live/index.js';
export { FileSink, fromPcapParser, GatheringSink, PacketWriter } from './savefile/node.js';
