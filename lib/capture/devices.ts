/** Devices opened for a filter. */

import { loadAuto } from '../engine/index.js';
import { compileWith, Filter, kernelProgram } from '../filter/index.js';
import {
  openDevice as captureFrom,
  type Device,
  type DeviceFilter,
  type DeviceOptions,
} from '../live/index.js';

export interface OpenDeviceOptions extends Omit<DeviceOptions, 'filter'> {
  /**
   * Packets that do not match are left out: by the kernel where it can, which then need not hand them over, else
   * here. The expression is compiled for the link type of the device, so that of the filter does not matter. One that
   * names an engine is run by that.
   */
  readonly filter?: Filter | DeviceFilter;
}

/**
 * Opens a device for capturing.
 *
 * @example
 * await using device = await openDevice('eth0', { filter: compile('udp port 53') });
 * for await (const batch of device.batches()) for (const packet of batch) use(packet);
 *
 * @param name - Its name; its number in `listDevices()`, from 1; or `any`, on Linux.
 * @throws DeviceError with the remedy where there is one.
 * @throws FilterError where the expression cannot be compiled for the link type.
 */
export function openDevice(name: string, options: OpenDeviceOptions = {}): Promise<Device> {
  const { filter, ...others } = options;
  if (filter === undefined) return captureFrom(name, others);
  return captureFrom(name, { ...others, filter: filter instanceof Filter ? formsOf(filter) : filter });
}

function formsOf({ expression, options }: Filter): DeviceFilter {
  const { engine = 'auto' } = options;
  return {
    program({ linkType }, cooked) {
      return engine === 'auto' ? kernelProgram(expression, { ...options, linkType }, cooked) : undefined;
    },
    async test({ linkType }, mode) {
      const target = { ...options, linkType, mode };
      if (engine === 'auto') return compileWith(loadAuto, expression, target).test;
      // The engines are many, and rarely asked for.
      const { compile } = await import('../filter/index.js');
      return compile(expression, target).test;
    },
  };
}
