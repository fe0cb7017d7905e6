/** The optional package koffi, which calls C functions of the system without a compiler; Linux alone needs it. */

import { createRequire } from 'node:module';

/**
 * The package, for its caller to give it its type: users of this one's declarations should not need koffi's.
 *
 * @throws Error where the package is not installed or has no build for this machine.
 */
export const loadKoffi = (): unknown => createRequire(import.meta.url)('koffi');

/** The same; `undefined` where this is not Linux or koffi is not there. */
export function koffiOrNothing(): unknown {
  if (process.platform !== 'linux') return undefined;
  try {
    return loadKoffi();
  } catch {
    return undefined; // whoever cannot do without says so
  }
}
