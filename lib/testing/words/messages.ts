/**
 * Test support: messages made up, so that every number of a space is met: ports, types, options, attributes. What stands
 * behind a number is of a plausible length, and bytes are small more often than not, as counts and types are.
 */

import { Packet } from '../../savefile/index.js';
import type { Random } from '../random.js';
import type { Space } from './space.js';
import { SPACES } from './spaces.js';

export interface Message {
  readonly kind: string;
  readonly packet: Packet;
}

/** Messages of each space in turns; one in eight is cut. */
export function madeMessages(
  count: number,
  random: Random,
  wanted = /./,
  of: readonly Space[] = SPACES,
): Message[] {
  const spaces = of.filter(({ kind }) => wanted.test(kind));
  return Array.from({ length: count }, (_, i) => {
    const { kind, link, make } = spaces[i % spaces.length]!;
    const data = make(random, Math.floor(i / spaces.length));
    const kept = random(8) === 0 ? 1 + random(data.length) : data.length;
    const source = {
      linkType: typeof link === 'number' ? link : link(Math.floor(i / spaces.length)),
      snapLength: 0,
      timestampUnit: 1e-6,
    };
    return { kind, packet: new Packet(data.subarray(0, kept), data.length, 0, 0, source) };
  });
}
