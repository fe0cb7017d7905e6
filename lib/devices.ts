/** Devices opened for a filter. */

import { loadAuto } from './auto.js';
import { compileWith, type Filter, kernelProgram } from './compile.js';
import {
  openDevice as captureFrom,
  type Device,
  type DeviceOptions,
  type DeviceStats,
  type KernelFilter,
} from './live/index.js';
import type { CaptureInterface, Packet } from './savefile/index.js';

export interface OpenDeviceOptions extends DeviceOptions {
  /**
   * Packets that do not match are left out: by the kernel where it can, which then need not hand them over, else
   * here. The expression is compiled for the link type of the device, so that of the filter does not matter. One that
   * names an engine is run by that.
   */
  readonly filter?: Filter;
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
export async function openDevice(name: string, options: OpenDeviceOptions = {}): Promise<Device> {
  const { filter, ...others } = options;
  if (filter === undefined) return captureFrom(name, others);
  const { expression } = filter;
  const { engine = 'auto' } = filter.options;
  const like = (linkType: number) => ({ ...filter.options, linkType });
  const kernelFilter: KernelFilter = ({ linkType }, cooked) =>
    kernelProgram(expression, like(linkType), cooked);
  const device = await captureFrom(name, engine === 'auto' ? { ...others, kernelFilter } : others);
  if (device.filtersInKernel) return device;
  try {
    const { linkType } = device.interface;
    if (engine === 'auto')
      return new FilteredDevice(device, compileWith(loadAuto, expression, like(linkType)));
    // The engines are many, and rarely asked for.
    const { compile } = await import('./filter.js');
    return new FilteredDevice(device, compile(expression, like(linkType)));
  } catch (error) {
    await device.close();
    throw error;
  }
}

/** A device whose packets are tested here. */
class FilteredDevice implements Device {
  readonly name: string;
  readonly backend: Device['backend'];
  readonly interface: CaptureInterface;
  readonly filtersInKernel = false;
  private readonly device: Device;
  private readonly filter: Filter;

  constructor(device: Device, filter: Filter) {
    this.name = device.name;
    this.backend = device.backend;
    this.interface = device.interface;
    this.device = device;
    this.filter = filter;
  }

  async *batches(): AsyncGenerator<Packet[], void, undefined> {
    for await (const batch of this.device.batches()) {
      const matching = batch.filter(({ data, wireLength }) => this.filter.run(data, wireLength) !== 0);
      if (matching.length > 0) yield matching;
    }
  }

  stats(): DeviceStats | undefined {
    return this.device.stats();
  }

  close(): Promise<void> {
    return this.device.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
