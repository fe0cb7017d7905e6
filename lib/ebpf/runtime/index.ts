/** What helpers do, by number: in the definition, the interpreter and compiled code alike. */

import type { HelperFunction, HelperServices } from '../helpers.js';
import type { Hook } from '../hook.js';
import type { MakeHelper } from './arguments.js';
import { CALLBACKS } from './callbacks.js';
import { CHECKSUMS } from './checksums.js';
import { COOKIES } from './cookies.js';
import { MAP_CALLS } from './mapCalls.js';
import { PACKET_BYTES } from './packetBytes.js';
import { PACKET_SHAPE } from './packetShape.js';
import { REDIRECTS } from './redirects.js';
import { SURROUNDINGS } from './surroundings.js';
import { TEXT } from './text.js';
import { TUNNELS } from './tunnels.js';

const RUNTIMES: ReadonlyMap<number, MakeHelper> = new Map([
  ...MAP_CALLS,
  ...PACKET_BYTES,
  ...PACKET_SHAPE,
  ...CHECKSUMS,
  ...REDIRECTS,
  ...SURROUNDINGS,
  ...TEXT,
  ...CALLBACKS,
  ...TUNNELS,
  ...COOKIES,
]);

/** Helpers that change the packet, or may run a program that does. */
export const CHANGES_PACKET: ReadonlySet<number> = new Set([
  9, 10, 11, 12, 18, 19, 31, 38, 43, 44, 50, 54, 65, 97, 190,
]);

/** Whether a helper does something here. */
export const hasRuntime = (number: number): boolean => RUNTIMES.has(number);

/** The functions of all helpers, ready to be called. */
export function makeHelpers(services: HelperServices = {}, hook?: Hook): ReadonlyMap<number, HelperFunction> {
  return new Map(
    [...RUNTIMES].map(([number, make]): [number, HelperFunction] => [number, make(services, hook)]),
  );
}
