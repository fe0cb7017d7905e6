/** Packets that may have moved. Linux `clear_all_pkt_pointers`. */

import { mapValues, type State } from '../state/state.js';
import { ANY_NUMBER, NONE, pointsIntoPacket } from '../state/value.js';
import type { Path } from './path.js';

/** Addresses in the packet are void once it may have moved. */
export function forgetPacket({ privileged }: Path, state: State): void {
  mapValues(state, (value) =>
    value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
      ? privileged
        ? ANY_NUMBER
        : NONE
      : value,
  );
}
