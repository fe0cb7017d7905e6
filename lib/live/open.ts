/**
 * Opens a device with the first back end that can.
 */

import { type Backend, type Device, DeviceError, type DeviceOptions } from './device.js';
import { listDevices } from './interfaces.js';

/** Loaded when needed: most runs capture nothing, and start-up time counts. */
const BACKENDS: Readonly<Record<Backend, (name: string, options: DeviceOptions) => Promise<Device>>> = {
  linux: async (name, options) => (await import('./linux.js')).openLinuxDevice(name, options),
  cap: async (name, options) => (await import('./cap.js')).openCapDevice(name, options),
};

/**
 * Opens a device for capturing.
 *
 * @param name - Its name; its number in {@link listDevices}, from 1; or `any`, on Linux.
 * @throws DeviceError with the remedy where there is one.
 */
export async function openDevice(name: string, options: DeviceOptions = {}): Promise<Device> {
  const wanted = deviceName(name);
  if (options.backend !== undefined) return BACKENDS[options.backend](wanted, options);
  const missing: DeviceError[] = [];
  for (const backend of process.platform === 'linux' ? (['linux', 'cap'] as const) : (['cap'] as const)) {
    try {
      return await BACKENDS[backend](wanted, options);
    } catch (error) {
      if (!(error instanceof DeviceError) || error.code !== 'missing') throw error;
      missing.push(error);
    }
  }
  const reasons = missing.map(({ message }) => message).join('; ');
  const hint = missing.map((error) => error.hint).join(', or ');
  throw new DeviceError('missing', `nothing here can capture from ${wanted}: ${reasons}`, hint);
}

/** Numbers are taken as `tcpdump -i` takes them: a device of that name comes first. */
function deviceName(name: string): string {
  if (!/^\d+$/.test(name)) return name;
  const devices = listDevices();
  if (devices.some((device) => device.name === name)) return name;
  const device = devices[Number(name) - 1];
  if (device === undefined)
    throw new DeviceError('not-found', 'Invalid adapter index', 'see the list: weir -D');
  return device.name;
}
