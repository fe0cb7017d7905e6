/**
 * Live capture: devices, and packets off the wire. Needs Node; native packages are loaded on first use.
 */

export {
  type Backend,
  type Device,
  DeviceError,
  type DeviceErrorCode,
  type DeviceFilter,
  type DeviceOptions,
  type DeviceStats,
  type Direction,
  type KernelMachine,
  recordsOf,
  TIME_STAMP_TYPES,
  type TimeStampType,
} from './device.js';
export { type DeviceAddress, type DeviceInfo, describeDevice, listDevices } from './interfaces.js';
export { loadKoffi } from './koffi.js';
export { links } from './links.js';
export { openDevice } from './open.js';
export { PacedSink } from './pacedSink.js';
export { timeStampTypes } from './timeStamps.js';
