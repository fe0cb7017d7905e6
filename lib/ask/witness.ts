/** Packets made from what is known of a path. */

import type { Facts, Values } from '../optimize/index.js';
import { evaluate, offsetOf, writeNumber } from './constraints.js';

/** Bytes of the longest packet there is: libpcap's largest snapshot length. */
const MOST_BYTES = 262_144;

/** Numbers from 0 to below. */
export type Random = (below: number) => number;

/** A packet as it would be captured. */
export interface MadePacket {
  readonly packet: Uint8Array;
  /** Bytes it had on the wire. */
  readonly wireLength: number;
}

/** A packet that shows something about two programs. */
export interface ShownPacket extends MadePacket {
  /** What the two return for it. */
  readonly results: readonly [number, number];
}

/**
 * Bytes that satisfy what is known, as far as it concerns single fields. Whether they really go the path has to be tried.
 *
 * @param limit - Fewer bytes than this are captured.
 * @param attempt - From 0: the first ones take the least of each range, later ones anything in it.
 */
export function packetFor(
  values: Values,
  facts: Facts,
  limit: number,
  attempt: number,
  random: Random,
): MadePacket {
  const longest = Math.min(limit - 1, Math.max(2048, facts.present));
  const room = new Uint8Array(Math.max(4096, Math.min(facts.present, MOST_BYTES)));
  if (attempt > 1) for (let at = 0; at < room.length; at++) room[at] = random(256);
  let wireLength = -1;
  let least = facts.present;
  for (const [value, fact] of facts.known) {
    const kind = values.kinds[value]!;
    const chosen = (random(fact.ranges.length / 2) | 0) * 2;
    const [low, high] = [fact.ranges[chosen]!, fact.ranges[chosen + 1]!];
    const picked = attempt % 2 === 0 ? low : low + random(high - low + 1);
    const wanted = ((picked | fact.ones) & ~fact.zeros) >>> 0;
    if (kind.kind === 'length') wireLength = wanted;
    if (kind.kind !== 'load') continue;
    writeNumber(room, offsetOf(values, value, room), kind.size, wanted);
  }
  for (const [base, end] of facts.presentBehind) least = Math.max(least, evaluate(values, base, room) + end);
  const length = Number.isFinite(limit) && attempt % 3 !== 2 ? longest : Math.min(least, longest);
  const packet = room.slice(0, Math.max(Math.min(length, room.length), 0));
  return { packet, wireLength: wireLength < 0 ? packet.length : wireLength };
}

/** The same packets every time. */
export function randomNumbers(): Random {
  let state = 0x2545_f491;
  return (below) => {
    state = (Math.imul(state, 0x41c6_4e6d) + 0x3039) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
