/** Helpers that call functions of the program. Linux `bpf_iter.c` (`bpf_loop`, `bpf_for_each_map_elem`). */

import { FOR_EACH, LOOP } from '../callbacks.js';
import { answer, answerUnsigned, type HelperOutcome, type MachineHost } from '../helpers.js';
import type { ArrayMap, BpfMap, HashMap } from '../mapTypes.js';
import { RuntimeFault } from '../memory.js';
import { MAX_ROUNDS } from '../opcodes.js';
import { ERROR, type MakeHelper, onHook, unsigned } from './arguments.js';

const { E2BIG, EINVAL } = ERROR;
const ENDED: HelperOutcome = { kind: 'exit' };
/** Bytes that the key of a map may have. */
export const KEY_ROOM = 512;

interface Halves {
  readonly low: number;
  readonly high: number;
}
const argument = ({ low, high }: MachineHost, register: number): Halves => ({
  low: low[register]!,
  high: high[register]!,
});
const number = (low: number): Halves => ({ low, high: 0 });

/** Calls a function; its r0, or `undefined` where the whole program has ended. */
function called(machine: MachineHost, slot: number, values: readonly Halves[]): boolean | undefined {
  const { low, high } = machine;
  for (let register = 1; register <= 5; register++) {
    low[register] = values[register - 1]?.low ?? 0;
    high[register] = values[register - 1]?.high ?? 0;
  }
  if (!machine.callFunction(slot)) return undefined;
  return (machine.low[0]! | machine.high[0]!) !== 0;
}

const loop: MakeHelper = () => (machine) => {
  const rounds = unsigned(machine, 1);
  const slot = unsigned(machine, 2);
  const context = argument(machine, 3);
  if ((machine.low[4]! | machine.high[4]!) !== 0) return answer(machine, -EINVAL);
  // As the code that Linux puts in place of the call, of 64 bits, with an answer of 32 (`inline_bpf_loop`).
  if (machine.high[1] !== 0 || rounds > MAX_ROUNDS) return answerUnsigned(machine, -E2BIG >>> 0);
  for (let round = 0; round < rounds; round++) {
    const ends = called(machine, slot, [number(round), context]);
    if (ends === undefined) return ENDED;
    if (ends) return answerUnsigned(machine, round + 1);
  }
  return answerUnsigned(machine, rounds);
};

/** The keys of a map as they are now, with the addresses of their values. */
function* elementsOf(map: ArrayMap | HashMap): Iterable<readonly [key: Uint8Array, place: number]> {
  if (!('keys' in map)) {
    for (let index = 0; index < map.maxEntries; index++)
      yield [Uint8Array.of(index, index >>> 8, index >>> 16, index >>> 24), index];
    return;
  }
  // What a call has taken out is not there any more.
  const all = [...map.keys.places()].map((place) => [map.keys.keyAt(place), place] as const);
  for (const [key, place] of all) if (map.keys.load(key).find() === place) yield [key, place];
}

const isWalked = (map: BpfMap | undefined): map is ArrayMap | HashMap => map !== undefined && 'values' in map;

const forEach: MakeHelper = (services, hook) => {
  let nested = 0;
  return onHook((machine, { keys }, { maps }) => {
    const handle = argument(machine, 1);
    const slot = unsigned(machine, 2);
    const context = argument(machine, 3);
    const map = handle.high === 0 ? maps?.get(handle.low) : undefined;
    if (!isWalked(map)) throw new RuntimeFault('bad-argument', machine.index, 'r1 is no map with elements');
    if ((machine.low[4]! | machine.high[4]!) !== 0) return answer(machine, -EINVAL);
    const room = KEY_ROOM * nested++;
    let count = 0;
    try {
      for (const [key, place] of elementsOf(map)) {
        keys!.bytes.set(key, keys!.start + room);
        count++;
        const value = number(map.values.base + place * map.stride);
        const ends = called(machine, slot, [handle, number(keys!.base + room), value, context]);
        if (ends === undefined) return ENDED;
        if (ends) break;
      }
    } finally {
      nested--;
    }
    return answerUnsigned(machine, count);
  })(services, hook);
};

export const CALLBACKS: readonly (readonly [number: number, make: MakeHelper])[] = [
  [LOOP, loop],
  [FOR_EACH, forEach],
];
