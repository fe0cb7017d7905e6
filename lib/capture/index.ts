/** Files, devices and streams, opened for a filter. */

export { formsOf, type OpenDeviceOptions, type OpenedDevice, openDevice } from './devices.js';
export {
  type FilterFileOptions,
  type FilterFileResult,
  filterFile,
  type OpenOptions,
  openCapture,
  type Progress,
  type SplitFileOptions,
  type SplitFileResult,
  splitFile,
} from './files.js';
export { FilterStream, type FilterStreamOptions, filterStream } from './stream.js';
