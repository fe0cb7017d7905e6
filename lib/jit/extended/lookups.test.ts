/** Look-ups of compiled code find what the machine's maps find, whatever was set and taken out before. */

import test from 'ava';
import {
  type BpfMap,
  createMap,
  keysOf,
  lookupElement,
  Memory,
  removeElement,
  updateElement,
} from '../../ebpf/index.js';
import { generator } from '../../testing/random.js';
import { encodeModule, MEMORY_IMPORT } from '../../wasm/index.js';
import { LinearMemory } from './linear.js';
import { lookupFunction } from './lookups.js';

/** Kind, bytes of keys, most entries. */
const SHAPES = [
  ['array', 4, 7],
  ['perCpuArray', 4, 1],
  ['hash', 1, 40],
  ['hash', 6, 300],
  ['hash', 11, 300],
  ['perCpuHash', 40, 100],
  ['lruHash', 4, 90],
  ['lruPerCpuHash', 7, 20],
  ['lpmTrie', 8, 200],
  ['lpmTrie', 20, 200],
  ['lpmTrie', 7, 50],
] as const;

type Lookup = (key: number) => number;

/** The function of a map, over the memory that it lies in. */
function compiled(map: BpfMap, linear: LinearMemory): Lookup {
  const body = lookupFunction(map)!;
  const module = new WebAssembly.Module(
    encodeModule({
      imports: [],
      memoryPages: 1,
      globals: [],
      functions: [body],
      exports: [{ name: 'lookup', kind: 'func', index: 0 }],
    }),
  );
  const { exports } = new WebAssembly.Instance(module, { weir: { [MEMORY_IMPORT.name]: linear.memory } });
  return (key) => (exports.lookup as Lookup)(key) >>> 0;
}

for (const [kind, keySize, maxEntries] of SHAPES)
  test(`${kind}, keys of ${keySize} bytes`, (t) => {
    const random = generator(keySize + maxEntries);
    const shape = { name: 'm', keySize, valueSize: 12, maxEntries };
    // The same twice: a look-up of one says nothing of the other's order.
    const [memory, other] = [new Memory(), new Memory()];
    const map: BpfMap = createMap(kind as 'hash', memory, shape);
    const model: BpfMap = createMap(kind as 'hash', other, shape);
    const place = memory.add('key', new Uint8Array(keySize), { writable: true });
    const linear = LinearMemory.of(memory);
    const lookup = compiled(map, linear);
    const addressOf = (address: number, { values }: Extract<BpfMap, { values: object }>): number =>
      address === 0 ? -1 : address - values.base;
    for (let step = 0; step < 1500; step++) {
      const key = Uint8Array.from({ length: keySize }, (_, at) => (at % 4 === 0 ? random(16) : random(2)));
      const isPrefix = kind === 'lpmTrie';
      if (isPrefix || (kind as string).endsWith('rray'))
        new DataView(key.buffer).setUint32(0, random(isPrefix ? 8 * (keySize - 4) + 3 : 9), true);
      const action = random(4);
      if (action === 0) t.is(removeElement(map, key), removeElement(model, key));
      else if (action === 1) {
        const value = new Uint8Array(12).fill(step);
        t.is(updateElement(map, key, value, 0), updateElement(model, key, value, 0));
      } else {
        place.bytes.set(key, place.start);
        linear.settle();
        const [ours, theirs] = [lookup(place.base), lookupElement(model, key)];
        if (!('values' in map && 'values' in model)) return t.fail();
        t.is(addressOf(ours, map), addressOf(theirs, model), `${step}: ${key}`);
      }
      if (step === 700) {
        // Memory that grows lies elsewhere.
        memory.add('more', new Uint8Array(1 << 20));
        linear.settle();
      }
    }
    t.deepEqual([...keysOf(map)], [...keysOf(model)]);
  });

test('tables that would take many addresses are left to the host', (t) => {
  const memory = new Memory();
  const shape = { keySize: 16, valueSize: 64 };
  const large = createMap('hash', memory, { ...shape, name: 'large', maxEntries: 4_000_000 });
  t.is(lookupFunction(large), undefined);
  const small = createMap('hash', memory, { ...shape, name: 'small', maxEntries: 1000 });
  t.not(lookupFunction(small), undefined);
  while (memory.left > 3 * 2 ** 30) memory.add('more', new Uint8Array(0), { room: 2 ** 28 });
  t.is(lookupFunction(createMap('hash', memory, { ...shape, name: 'late', maxEntries: 1000 })), undefined);
});
