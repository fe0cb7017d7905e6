/** Keys and their places, beside JavaScript's own Map, which keeps the order too. */

import test from 'ava';
import { generator } from '../testing/random.js';
import { KeyTable } from './keyTable.js';

const asText = (key: Uint8Array): string => Buffer.from(key).toString('hex');

for (const keySize of [1, 4, 7, 20])
  test(`keys of ${keySize} bytes: found, added, removed and used as in a Map`, (t) => {
    const random = generator(5 + keySize);
    const keys = new KeyTable(keySize);
    const model = new Map<string, number>();
    for (let step = 0; step < 4000; step++) {
      const key = Uint8Array.from({ length: keySize }, (_, at) => (at === 0 ? random(200) : random(2)));
      const place = model.get(asText(key)) ?? -1;
      t.is(keys.load(key).find(), place);
      if (place < 0) {
        const added = keys.add();
        t.false([...model.values()].includes(added));
        model.set(asText(key), added);
      } else if (random(3) === 0) {
        t.is(keys.remove(), place);
        model.delete(asText(key));
      } else {
        keys.use(place);
        model.delete(asText(key));
        model.set(asText(key), place);
      }
      t.is(keys.size, model.size);
    }
    t.deepEqual(
      [...keys.places()].map((place) => [asText(keys.keyAt(place)), place]),
      [...model],
    );
    keys.removeOldest();
    model.delete(model.keys().next().value!);
    t.is(keys.keyAt([...keys.places()][0]!).length, keySize);
    t.is(keys.size, model.size);
  });
