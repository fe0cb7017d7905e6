/** What is refused on a path is a requirement of the instruction there: none is missing from the list. */

import test from 'ava';
import { sampleOf, verdictOf } from '../../testing/judge/judge.js';
import { fullRun } from '../../testing/vectors.js';
import type { RejectionKind } from './kinds.js';
import { requirementsOfProgram } from './requirements.js';

/** Of the walk as a whole, not of an instruction. */
const OF_THE_WALK: ReadonlySet<RejectionKind> = new Set(['infinite-loop', 'too-complex']);

test('each rejection on a path is of a kind that the instruction requires', (t) => {
  const seen = new Map<string, number>();
  const missing = new Set<string>();
  let rejections = 0;
  for (let number = 0; number < (fullRun ? 100_000 : 3000); number++) {
    const privileged = number % 2 === 0;
    const { sample } = sampleOf(8, number, privileged);
    const { rejection } = verdictOf(sample, privileged);
    if (rejection === undefined || rejection.trail.length === 0 || OF_THE_WALK.has(rejection.kind)) continue;
    rejections++;
    const { kind } = rejection;
    const required = requirementsOfProgram(sample.program, sample.type);
    const { text, requirements } = required.find(({ index }) => index === rejection.index)!;
    // Fields that mean nothing are set: Linux reads on as if they were not, and nothing is listed for what has no text.
    if (text === '') continue;
    const key = `${sample.program[rejection.index]!.opcode}: ${kind}`;
    seen.set(key, (seen.get(key) ?? 0) + 1);
    if (!requirements.some(({ kinds }) => kinds.includes(kind)))
      missing.add(`${text}: ${kind}: ${rejection.message}`);
  }
  t.log(`${rejections} rejections, ${seen.size} kinds by opcode`);
  t.deepEqual([...missing], []);
  t.true(seen.size > 30);
});
