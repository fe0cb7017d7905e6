/** Whole packets for a path: plausible, with right lengths and checksums, and as short as they can be. */

import type { Facts, Values } from '../optimize/index.js';
import { constraintsOf, evaluate } from './constraints.js';
import type { Choice } from './draft.js';
import { Headers } from './layers.js';
import type { MadePacket, Random } from './witness.js';

/** A packet, and how many of its fields are not as usual. */
export interface Plausible {
  readonly made: MadePacket;
  readonly displaced: number;
}

/** Bytes of the longest packet, where no byte beyond is looked at. */
const ROOM = 4096;
const MOST_ROOM = 262_144;
/** Times that the headers are laid: each may move the place of those behind it. */
const ROUNDS = 4;

/**
 * A packet that has what is known of the path. Whether it really goes there has to be tried: sums and comparisons of two
 * fields are not solved.
 *
 * @param attempt - From 0: usual values first; later ones take others, of protocols too.
 * @returns `undefined` for link types whose headers are not known here.
 */
export function wholePacket(
  values: Values,
  facts: Facts,
  linkType: number,
  attempt: number,
  random: Random,
): Plausible | undefined {
  const turn = attempt === 0 ? 0 : random(8);
  const variant = attempt === 0 ? 0 : random(64);
  const choice: Choice = (usual) => [
    ...usual.slice(turn % usual.length),
    ...usual.slice(0, turn % usual.length),
  ];
  const room = Math.min(Math.max(ROOM, facts.present + 1024), MOST_ROOM);
  let bytes: Uint8Array | undefined;
  let draft: Headers | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    draft = new Headers(constraintsOf(values, facts, bytes), choice, room, variant);
    if (!draft.lay(linkType)) return undefined;
    draft.close(leastLength(values, facts, draft.bytes));
    if (bytes !== undefined && isSame(draft.bytes, bytes)) break;
    bytes = draft.bytes;
  }
  const packet = draft!.bytes.slice(0, draft!.end);
  return { made: { packet, wireLength: packet.length }, displaced: draft!.displaced };
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, at) => byte === b[at]);

/** Bytes that have to be there. */
function leastLength(values: Values, facts: Facts, bytes: Uint8Array): number {
  let least = facts.present;
  for (const [base, end] of facts.presentBehind) least = Math.max(least, evaluate(values, base, bytes) + end);
  for (const [value, { ranges }] of facts.known)
    if (values.kinds[value]!.kind === 'length') least = Math.max(least, ranges[0]!);
  return least;
}
