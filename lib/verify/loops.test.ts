/** Programs with loops, as clang builds them: verdicts of the running kernel, and how far each verifier looks. */

import test from 'ava';
import { assemble, fromBytes } from '../ebpf/index.js';
import { nestedLoops } from '../testing/judge/cases.js';
import { verdictOf } from '../testing/judge/judge.js';
import { openOracle } from '../testing/judge/oracle.js';
import { buildLoops } from '../testing/loops/build.js';
import { fromHex } from '../testing/programs.js';
import { fullRun } from '../testing/vectors.js';
import { verify } from './walk/verifier.js';

/** How many more instructions may be looked at, than the kernel does, in the middle and at most. */
const [MEDIAN, MOST] = [2, 5];

const oracle = await openOracle();
const builds = buildLoops(fullRun ? 1 : 17);

test('loops are followed as far as the kernel follows them', (t) => {
  const missing = typeof oracle === 'string' ? oracle : typeof builds === 'string' ? builds : undefined;
  if (typeof oracle === 'string' || typeof builds === 'string') {
    t.log(`left out: ${missing}`);
    t.pass();
    return;
  }
  const ratios: number[] = [];
  for (const { name, type, program } of builds) {
    const { accepted, processed } = verify(program, { type });
    const { admitted, text } = oracle.log({ program, type, egress: false, strict: false }, 'counts');
    t.is(accepted, admitted, name);
    if (accepted) ratios.push(processed / Number(/processed (\d+)/.exec(text)?.[1]));
  }
  ratios.sort((a, b) => a - b);
  const [middle, worst] = [ratios[ratios.length >> 1]!, ratios.at(-1)!];
  t.log(
    `${ratios.length} admitted; looked at: ${middle.toFixed(2)} of the kernel's, at most ${worst.toFixed(2)}`,
  );
  t.true(middle <= MEDIAN && worst <= MOST);
});

/** How many instructions Linux 6.18 looks at, with 1 round, 2 and so on. */
const LOOKED_AT: Readonly<Record<string, readonly number[]>> = {
  'ldabsb 14': [37, 64, 119, 203, 371, 707],
  'call 7': [31, 45, 59, 73, 87, 101],
  'mov %r1, 5': [18, 25, 32, 39, 46, 53],
};

test('loops that the runtime ends are followed as the kernel follows them, instruction for instruction', (t) => {
  const how = { type: 'socket_filter', egress: false, strict: false } as const;
  for (const [body, counts] of Object.entries(LOOKED_AT))
    for (const [at, count] of counts.entries()) {
      const program = assemble(nestedLoops(at + 1, body));
      t.is(verify(program, { type: how.type }).processed, count, `${body}, ${at + 1} rounds`);
      if (typeof oracle === 'string') continue;
      t.is(Number(/processed (\d+)/.exec(oracle.log({ program, ...how }, 'counts').text)?.[1]), count, body);
    }
  if (!fullRun) return;
  // Twice as many with each round: that is too much for both.
  const program = assemble(nestedLoops(8, 'ldabsb 14'));
  t.is(verify(program, { type: how.type }).rejection?.kind, 'too-complex');
  if (typeof oracle !== 'string') t.false(oracle.admits({ program, ...how }));
});

/** A program of the judge's: `bpf_loop` of a function with `may_goto`, that also changes a map. */
const GROWING = [
  'bf16000000000000b7000000000000006165080000000000630ae8ff00000000bc530000000000007a0af8ff10000000',
  '7a0af0ff00000000bf51000000000000184200000a0000000000000000000000bfa300000000000007030000f0ffffff',
  'b70400000000000085000000b500000018050000ca270560000000000f0000007a0a60fe00000100b700000002000000',
  '9500000000000000181100000800000000000000000000007a0af0ff00000000bfa200000000000007020000f0ffffff',
  '7a0af8ff00000000bfa300000000000007030000f8ffffffb70400000400000085000000020000008400000000000000',
  '7a0ad0ff8326cb50db0ad0ff51000000e500020000000000070000007f0000000500fdff000000005700000001000000',
  '9500000000000000',
].join('');

if (fullRun)
  test('a path that grows with each round, and is gone back over in each, is given up', (t) => {
    // A callback with a loop of its own: the kernel needs 14 s for a million instructions, and refuses it.
    const how = {
      type: 'socket_filter',
      egress: false,
      strict: false,
      typed: true,
      globals: new Map(),
    } as const;
    const { accepted, rejection } = verdictOf({ ...how, program: fromBytes(fromHex(GROWING)) });
    t.false(accepted);
    t.is(rejection?.kind, 'too-complex');
  });
