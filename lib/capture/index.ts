/** Files, devices and streams, opened for a filter. */

export { formsOf, type OpenDeviceOptions, openDevice } from './devices.js';
export {
  type FilterFileOptions,
  type FilterFileResult,
  filterFile,
  type OpenOptions,
  openCapture,
} from './files.js';
export { filterStream } from './stream.js';
