/** What runs the filters of a command. */

import { AUTO, type Loader } from '../lib/command.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';

/** The engine asked for. All but the usual one are loaded when they are needed: start-up time counts. */
export async function loaderFor({ engine = 'auto' }: Options): Promise<Loader> {
  if (engine === 'auto') return AUTO;
  const { loaderOf } = await import('./engines.js');
  try {
    return loaderOf(engine);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}
