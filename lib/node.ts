/**
 * Weir, the face that needs Node: files, pipes, compression, the system's names, live capture.
 *
 * @packageDocumentation
 */

export { blankComments, type ReadyMadeFilter, readyMadeExpression, readyMadeFilters } from './catalogue.js';
export { type OpenDeviceOptions, openDevice } from './devices.js';
export {
  type FilterFileOptions,
  type FilterFileResult,
  filterFile,
  type OpenOptions,
  openCapture,
  selectionOf,
  selectWith,
} from './files.js';
export { filterStream } from './filterStream.js';
export { type HostFact, hostFacts } from './host.js';
// All but `openDevice`, of which the one above takes filters.
export * from './live/index.js';
export { addressesOfHosts, type HostLookup, type LookUpOptions, lookUpHosts } from './lookup.js';
export * from './savefile/node.js';
export {
  readSystemDatabases,
  type SystemDatabases,
  type SystemNames,
  systemNames,
  systemResolver,
} from './system.js';
