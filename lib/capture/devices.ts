/** Devices opened for a filter. */

import { checkArgument, STRING } from '../arguments.js';
import { validate } from '../cbpf/index.js';
import { AUTO } from '../engine/index.js';
import { Filter, kernelProgram } from '../filter/index.js';
import {
  openDevice as captureFrom,
  type Device,
  DeviceError,
  type DeviceFilter,
  type DeviceOptions,
} from '../live/index.js';

/** How a device is opened. */
export interface OpenDeviceOptions extends Omit<DeviceOptions, 'filter'> {
  /**
   * Packets that do not match are left out: by the kernel where it can, which then need not hand them over, else
   * here. One that names an engine is run by that.
   */
  readonly filter?: Filter | DeviceFilter | undefined;
}

/**
 * Opens a device for capturing.
 *
 * @example
 * const device = await openDevice('eth0', { filter: compile('udp port 53') });
 * for await (const batch of device.batches()) for (const packet of batch) use(packet);
 *
 * @param name - Its name; its number in `listDevices()`, from 1; or `any`, on Linux.
 * @throws DeviceError with the remedy where there is one.
 * @throws FilterError where the expression cannot be compiled for the link type.
 */
export function openDevice(name: string, options: OpenDeviceOptions = {}): Promise<Device> {
  // Bun dies of what koffi and cap do, without an error that could be caught.
  if (process.versions.bun !== undefined) {
    const error = new DeviceError('missing', 'live capture does not work on Bun', 'run this part on Node');
    return Promise.reject(error);
  }
  checkArgument('openDevice()', 'the name', name, STRING);
  const { filter, ...others } = options;
  if (filter === undefined) return captureFrom(name, others);
  return captureFrom(name, { ...others, filter: filter instanceof Filter ? formsOf(filter) : filter });
}

/** A filter in the forms that back ends have use for. */
export function formsOf(filter: Filter): DeviceFilter {
  const { expression, options, loader } = filter;
  return {
    program({ linkType }, cooked) {
      if (loader.load !== AUTO.load) return undefined;
      if (cooked) return kernelProgram(expression, { ...options, linkType, onPass: undefined }, cooked);
      const { cbpf } = filter.for(linkType, 'linux-live');
      return validate(cbpf, { personality: 'kernel' }) === undefined ? cbpf : undefined;
    },
    test: (source, mode) => filter.for(source, mode).test,
  };
}
