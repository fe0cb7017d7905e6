/** Packets made from what is known of a path. */

import { opcodes } from '../cbpf/index.js';
import type { Facts, Value, Values } from '../optimize/index.js';

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
  const evaluate = (value: Value): number => {
    const kind = values.kinds[value]!;
    switch (kind.kind) {
      case 'constant':
        return kind.k;
      case 'load': {
        const at = (kind.base === undefined ? 0 : evaluate(kind.base)) + kind.k;
        let result = 0;
        for (let i = 0; i < kind.size; i++) result = result * 256 + (room[at + i] ?? 0);
        return result;
      }
      case 'alu':
        return opcodes.evalAlu(opcodes.aluRowOf(kind.op)!, evaluate(kind.left), evaluate(kind.right)) ?? 0;
      case 'negate':
        return -evaluate(kind.operand) >>> 0;
      default:
        return 0;
    }
  };
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
    const at = (kind.base === undefined ? 0 : evaluate(kind.base)) + kind.k;
    for (let i = 0; i < kind.size; i++) {
      if (at + i < room.length) room[at + i] = Math.floor(wanted / 256 ** (kind.size - 1 - i)) & 0xff;
    }
  }
  for (const [base, end] of facts.presentBehind) least = Math.max(least, evaluate(base) + end);
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
