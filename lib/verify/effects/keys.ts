/** Keys of arrays that are known, with which a look-up always finds something. Linux `get_constant_map_key`. */

import * as scalars from '../numbers/scalar.js';
import { place, stackOffset } from '../state/stack.js';
import { EMPTY_SLOT } from '../state/state.js';
import type { MapInfo, Value } from '../state/value.js';
import type { Path } from './path.js';

const KEY_SIZE = 4;

/** A key of an array that lies on the stack and is known. */
export function constantKey(path: Path, value: Value, map: MapInfo | undefined): number | undefined {
  if (map === undefined || (map.kind !== 'array' && map.kind !== 'perCpuArray')) return undefined;
  if (value.kind !== 'pointer' || value.type !== 'stack' || !path.privileged) return undefined;
  const at = stackOffset(value, 0);
  if (at === undefined) return undefined;
  const { slot, within } = place(at);
  const { bytes, spilled } = path.state.frames[value.frame]!.slots[slot] ?? EMPTY_SLOT;
  if (bytes.slice(within, within + KEY_SIZE).every((byte) => byte === 'zero') && within + KEY_SIZE <= 8)
    return 0;
  if (spilled.kind !== 'scalar' || within !== 0) return undefined;
  const length = bytes.lastIndexOf('spill') + 1;
  if (length !== KEY_SIZE) return undefined;
  const key = scalars.constantOf(spilled.scalar);
  if (key === undefined) return undefined;
  path.decideSlot(value.frame, slot);
  return Number(BigInt.asIntN(64, key));
}

/** Whether a look-up may find nothing: not in an array, with a key below its length. */
export const mayLookUpNull = (map: MapInfo | undefined, key: number | undefined): boolean =>
  map?.entries === undefined || key === undefined || key < 0 || key >= map.entries;
