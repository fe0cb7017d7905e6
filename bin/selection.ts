/** What runs the filters of a command. */

import { AUTO, type Loader } from '../lib/command.js';
import type { KernelMachine } from '../lib/node.js';
import type { Options } from './options.js';
import { CommandError, warn } from './report.js';

/**
 * The engine asked for, and another one where that does not run a program: said once. All but the usual one are loaded
 * when they are needed: start-up time counts.
 */
export async function loaderFor({ engine = 'auto' }: Options): Promise<Loader> {
  if (engine === 'auto') return AUTO;
  if (kernelMachineOf(engine) !== undefined)
    throw new CommandError(`${engine} filters what is captured live: give a device with -i`);
  const { ENGINES, engineOf, loaderWithReserve } = await import('./engines.js');
  let told = false;
  try {
    return loaderWithReserve(engineOf(engine, ENGINES), (message) => {
      if (!told) warn(message);
      told = true;
    });
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

/** Of engines that are the kernel's, for live capture: which machine its filter is for. */
export const kernelMachineOf = (engine: string | undefined): KernelMachine | undefined =>
  engine === 'kernel-cbpf' ? 'cbpf' : engine === 'kernel-ebpf' ? 'ebpf' : undefined;
