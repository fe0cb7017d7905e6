/** Proofs that two programs are equal: none may be contradicted by a packet. */

import { strictEqual } from 'node:assert';
import test from 'ava';
import fc from 'fast-check';
import { loadInterpreter } from '../cbpf/index.js';
import { NARROW_PAIRS } from '../testing/narrowPairs.js';
import { meetingPrograms, nearPrograms } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun } from '../testing/vectors.js';
import { equivalent } from './index.js';

for (const [what, a, b] of NARROW_PAIRS)
  test(`programs are told apart where ${what}`, (t) => {
    const answer = equivalent(a, b);
    t.is(answer.verdict, 'different');
    if (answer.verdict !== 'different') return;
    const { packet, wireLength, results } = answer;
    t.deepEqual(
      [a, b].map((program) => loadInterpreter(program)(packet, 0, packet.length, wireLength)),
      [...results],
    );
  });

/** Short packets of few values, which take most ways through a program that looks at its first bytes. */
const packets = fc.array(
  fc.oneof(
    fc.uint8Array({ maxLength: 16 }),
    fc.uint8Array({ maxLength: 16, max: 2 }),
    fc.array(fc.constantFrom(0, 255), { maxLength: 16 }).map((bytes) => Uint8Array.from(bytes)),
  ),
  { minLength: 40, maxLength: 40 },
);

test('no packet tells programs apart that are proved equal', (t) => {
  const property = fc.property(
    fc.oneof(nearPrograms, meetingPrograms),
    packets,
    fc.nat(50),
    ([a, b], some, more) => {
      const answer = equivalent(a, b, { budget: 2000 });
      if (answer.verdict === 'undecided') return;
      const [one, other] = [loadInterpreter(a), loadInterpreter(b)];
      if (answer.verdict === 'equal')
        for (const packet of some)
          for (const wireLength of [packet.length, packet.length + more])
            strictEqual(
              one(packet, 0, packet.length, wireLength),
              other(packet, 0, packet.length, wireLength),
              `${packet} of ${wireLength} bytes`,
            );
      else {
        const { packet, wireLength, results } = answer;
        strictEqual(results[0] === results[1], false);
        strictEqual(one(packet, 0, packet.length, wireLength), results[0]);
        strictEqual(other(packet, 0, packet.length, wireLength), results[1]);
      }
    },
  );
  assertProperty(t, property, { numRuns: fullRun ? 15_000 : 500 });
});
