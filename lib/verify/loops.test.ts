/** Programs with loops, as clang builds them: verdicts of the running kernel, and how far each verifier looks. */

import test from 'ava';
import { openOracle } from '../testing/judge/oracle.js';
import { buildLoops } from '../testing/loops/build.js';
import { fullRun } from '../testing/vectors.js';
import { verify } from './walk/verifier.js';

/** Builds that a plain run takes: every so many. */
const STEP = fullRun ? 1 : 17;
/** How many more instructions may be looked at, than the kernel does, in the middle and at most. */
const [MEDIAN, MOST] = [2, 5];

const oracle = await openOracle();
const builds = buildLoops();

test('loops are followed as far as the kernel follows them', (t) => {
  const missing = typeof oracle === 'string' ? oracle : typeof builds === 'string' ? builds : undefined;
  if (typeof oracle === 'string' || typeof builds === 'string') {
    t.log(`left out: ${missing}`);
    t.pass();
    return;
  }
  const ratios: number[] = [];
  for (const [at, { name, type, program }] of builds.entries()) {
    if (at % STEP !== 0) continue;
    const { accepted, processed } = verify(program, { type });
    const { admitted, text } = oracle.log({ program, type, egress: false, strict: false });
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
