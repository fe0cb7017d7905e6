/**
 * What is refused on a path is a requirement of the instruction there: none is missing from the list, and nothing else refuses.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { sampleOf, verdictOf } from '../../testing/judge/judge.js';
import { fullRun, projectRoot } from '../../testing/vectors.js';
import type { RejectionKind } from './kinds.js';
import { requirementsOfProgram } from './words.js';

/** Of the walk as a whole, not of an instruction. */
const OF_THE_WALK: ReadonlySet<RejectionKind> = new Set(['infinite-loop', 'too-complex']);

test('each rejection on a path is of a kind that the instruction requires', (t) => {
  const seen = new Map<string, number>();
  const missing = new Set<string>();
  let rejections = 0;
  for (let number = 0; number < (fullRun ? 100_000 : 1000); number++) {
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

/** Each imports from those before it. */
const ROOMS = ['numbers', 'state', 'rules', 'effects', 'walk', 'report'] as const;

const sourcesOf = (room: string): (readonly [name: string, text: string])[] =>
  readdirSync(join(projectRoot, 'lib/verify', room))
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => [name, readFileSync(join(projectRoot, 'lib/verify', room, name), 'utf8')]);

test('effects refuse nothing, and rules change nothing', (t) => {
  for (const [name, text] of sourcesOf('effects')) t.notRegex(text, /\breject\(|Rejected|throw /, name);
  for (const [name, text] of sourcesOf('rules'))
    t.notRegex(text, /\bmapValues\(|\bsetByte\(|copyState\(/, name);
});

test('rooms import in one direction', (t) => {
  for (const [at, room] of ROOMS.entries())
    for (const [name, text] of sourcesOf(room)) {
      const from = [...text.matchAll(/from '\.\.\/(\w+)\//g)].map(([, other]) => other!);
      const above = from.filter((other) => ROOMS.slice(at + 1).some((one) => one === other));
      t.deepEqual(above, [], `${room}/${name}`);
    }
});
