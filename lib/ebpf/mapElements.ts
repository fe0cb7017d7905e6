/** What is in a map, for hosts: elements in the order that the kernel's iteration would not promise either. */

import { valueAt } from './maps.js';
import type { BpfMap } from './mapTypes.js';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

/** The keys there are: all indexes of an array, else what has been set. Tries give prefixes without the bits behind. */
export function* keysOf(map: BpfMap): Generator<Uint8Array, void> {
  if (map.kind === 'array' || map.kind === 'perCpuArray') {
    for (let index = 0; index < map.maxEntries; index++) yield word(index);
    return;
  }
  if (map.kind === 'mapInMap') {
    for (const text of map.handles.keys()) yield bytesOf(text);
    return;
  }
  if (map.kind === 'programArray') {
    for (const [index, program] of map.programs.entries()) if (program !== undefined) yield word(index);
    return;
  }
  if ('keys' in map) for (const place of map.keys.places()) yield map.keys.keyAt(place);
}

/** Keys with their values, as views: what is written to them the program sees. */
export function* elementsOf(map: BpfMap): Generator<readonly [key: Uint8Array, value: Uint8Array], void> {
  // A look-up may move what was used last.
  const keys = 'keys' in map ? [...keysOf(map)] : keysOf(map);
  for (const key of keys) {
    const value = valueAt(map, key);
    if (value !== undefined) yield [key, value];
  }
}

/** Elements of an array that are not all zeros: a long one is mostly empty. */
export function* setElementsOf(
  map: Extract<BpfMap, { readonly kind: 'array' | 'perCpuArray' }>,
): Generator<readonly [key: Uint8Array, value: Uint8Array], void> {
  const { values, stride } = map;
  const words = new Uint32Array(
    values.bytes.buffer,
    values.bytes.byteOffset + values.start,
    (stride * map.maxEntries) / 4,
  );
  const each = stride / 4;
  for (let at = 0; at < words.length; at++) {
    if (words[at] === 0) continue;
    const index = Math.floor(at / each);
    const key = word(index);
    yield [key, valueAt(map, key)!];
    at = (index + 1) * each - 1;
  }
}
