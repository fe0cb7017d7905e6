/** Proofs that two programs are equal: none may be contradicted by a packet. */

import { strictEqual } from 'node:assert';
import test from 'ava';
import fc from 'fast-check';
import { loadInterpreter, parseListing } from '../cbpf/index.js';
import { nearPrograms } from '../testing/programs.js';
import { assertProperty } from '../testing/property.js';
import { fullRun } from '../testing/vectors.js';
import { equivalent } from './index.js';

/** Operations that give a constant for one left operand, whatever the right one is. */
const FOLDING: readonly (readonly [operation: string, left: number])[] = [
  ['and', 0],
  ['mul', 0],
  ['lsh', 0],
  ['rsh', 0],
  ['or', 0xffff_ffff],
];

for (const [operation, left] of FOLDING)
  test(`a load that ${operation} folds away ends a program still where it is beyond the packet`, (t) => {
    const folds = parseListing(`
(000) ldb      [0]
(001) jeq      #0x1             jt 2	jf 4
(002) ld       #${left}
(003) ja       5
(004) ld       #pktlen
(005) ldxb     4*([20]&0xf)
(006) ${operation}      x
(007) jeq      #${left}         jt 8	jf 9
(008) ret      #9
(009) ret      #9`);
    const leavesOut = parseListing(`
(000) ldb      [0]
(001) jeq      #0x1             jt 2	jf 3
(002) ret      #9
(003) ldxb     4*([20]&0xf)
(004) ret      #9`);
    const answer = equivalent(folds, leavesOut);
    t.is(answer.verdict, 'different');
    if (answer.verdict === 'different') t.deepEqual(answer.results, [0, 9]);
  });

test('what is known of the parts of a result tells ways apart', (t) => {
  const returnsIt = parseListing(`
(000) ldb      [4]
(001) neg
(002) ret      a`);
  const refuses = parseListing(`
(000) ldb      [4]
(001) neg
(002) jgt      #0x0             jt 3	jf 4
(003) st       M[0]
(004) ldb      [1]
(005) jge      #0x1             jt 6	jf 6
(006) ret      #0`);
  t.is(equivalent(returnsIt, refuses).verdict, 'different');
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
  const property = fc.property(nearPrograms, packets, fc.nat(50), ([a, b], some, more) => {
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
  });
  assertProperty(t, property, { numRuns: fullRun ? 40_000 : 500 });
});
