/** Devices opened for a filter. */

import { checkArgument, SIGNAL, STRING } from '../arguments.js';
import { validate } from '../cbpf/index.js';
import { AUTO } from '../engine/index.js';
import { Filter, kernelProgram } from '../filter/index.js';
import {
  openDevice as captureFrom,
  type Device,
  DeviceError,
  type DeviceFilter,
  type DeviceOptions,
  type KernelMachine,
} from '../live/index.js';
import { LINUX_SLL2 } from '../names/index.js';
import type { Packet } from '../savefile/index.js';

/** How a device is opened. */
export interface OpenDeviceOptions extends Omit<DeviceOptions, 'filter'> {
  /**
   * Packets that do not match are left out: by the kernel where it can, which then need not hand them over, else
   * here. One that names an engine is run by that.
   */
  readonly filter?: Filter | DeviceFilter | undefined;
  /**
   * Which machine the kernel's filter is for: classic BPF (default), or eBPF, for which the filter is lifted, verified and
   * loaded with bpf(2). Needs the rights to do that.
   */
  readonly kernel?: KernelMachine | undefined;
  /**
   * Told once, in words, where the kernel does not take the filter as eBPF, so that it gets classic BPF, or the filter is
   * run here. Without it that is an error.
   */
  readonly onFallback?: ((message: string) => void) | undefined;
  /** Closes the device; whoever waits for packets gets its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** An open device whose packets can be taken one by one, too, as those of a capture. */
export interface OpenedDevice extends Device, AsyncIterable<Packet> {}

/**
 * Opens a device for capturing.
 *
 * @example
 * const device = await openDevice('eth0', { filter: compile('udp port 53') });
 * for await (const packet of device) use(packet);
 *
 * @param name - Its name; its number in `listDevices()`, from 1; or `any`, on Linux.
 * @throws DeviceError with the remedy where there is one.
 * @throws FilterError where the expression cannot be compiled for the link type.
 */
export async function openDevice(name: string, options: OpenDeviceOptions = {}): Promise<OpenedDevice> {
  // Bun dies of what koffi and cap do, without an error that could be caught.
  if (process.versions.bun !== undefined) {
    throw new DeviceError('missing', 'live capture does not work on Bun', 'run this part on Node');
  }
  checkArgument('openDevice()', 'the name', name, STRING);
  checkArgument('openDevice()', 'option signal', options.signal ?? new AbortController().signal, SIGNAL);
  const { filter, signal, kernel = 'cbpf', onFallback, ...others } = options;
  signal?.throwIfAborted();
  const classic = filter instanceof Filter ? formsOf(filter) : filter;
  const forms = kernel === 'ebpf' && classic !== undefined ? asExtended(classic, onFallback) : classic;
  return opened(await captureFrom(name, forms === undefined ? others : { ...others, filter: forms }), signal);
}

/** The same filter, which the kernel is given as eBPF where it takes that. */
function asExtended(forms: DeviceFilter, onFallback: ((message: string) => void) | undefined): DeviceFilter {
  return {
    ...forms,
    async extended(source, cooked) {
      try {
        const program = forms.program(source, cooked);
        if (program === undefined) throw new DeviceError('io', 'the kernel has no form of this filter');
        return (await import('../kernel/index.js')).loadSocketFilter(program);
      } catch (error) {
        if (onFallback === undefined || !(error instanceof Error)) throw error;
        onFallback(`the kernel does not run this filter as eBPF: ${error.message}`);
        return undefined;
      }
    },
  };
}

/** Adds to a back end's device what is the same for all. */
function opened(device: Device, signal: AbortSignal | undefined): OpenedDevice {
  const batchesOf = device.batches.bind(device);
  const abort = () => void device.close();
  signal?.addEventListener('abort', abort, { once: true });
  async function* batches(): AsyncGenerator<Packet[], void, undefined> {
    try {
      yield* batchesOf();
    } finally {
      signal?.removeEventListener('abort', abort);
    }
    signal?.throwIfAborted();
  }
  return Object.assign(device, {
    batches,
    async *[Symbol.asyncIterator](): AsyncGenerator<Packet, void, undefined> {
      for await (const batch of batches()) yield* batch;
    },
  });
}

/** A filter in the forms that back ends have use for. */
export function formsOf(filter: Filter): DeviceFilter {
  const { expression, options, loader } = filter;
  return {
    program({ linkType }, cooked) {
      if (loader.load !== AUTO.load) return undefined;
      // What offsets in a header that the kernel has not got yet stand for is known for the newer one.
      if (cooked && linkType !== LINUX_SLL2) return undefined;
      if (cooked) return kernelProgram(expression, { ...options, linkType, onPass: undefined }, cooked);
      const { cbpf } = filter.for(linkType, 'linux-live');
      return validate(cbpf, { personality: 'kernel' }) === undefined ? cbpf : undefined;
    },
    test: (source, mode) => filter.for(source, mode).test,
  };
}
