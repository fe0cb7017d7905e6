/** Random programs before this verifier and the running kernel's: nothing is admitted that the kernel refuses. */

import test from 'ava';
import type { Sample } from '../testing/judge/generator.js';
import { countOf, explained, judge, summary } from '../testing/judge/judge.js';
import { openOracle } from '../testing/judge/oracle.js';
import { compareRuns, type RunCounts } from '../testing/judge/runs.js';
import { generator } from '../testing/random.js';
import { fullRun } from '../testing/vectors.js';

const PROGRAMS = fullRun ? 100_000 : 2000;
const SEED = 12;
/** Of the programs that the kernel admits, those that may be refused. */
const REFUSED = 0.001;

const oracle = await openOracle();

test('what the running kernel refuses is refused', (t) => {
  if (typeof oracle === 'string') {
    t.log(`left out: ${oracle}`);
    t.pass();
    return;
  }
  const runs: RunCounts = { programs: 0, runs: 0, differences: [] };
  const packets = generator(SEED);
  const onAdmitted = (sample: Sample): void => compareRuns(sample, oracle, packets, runs);
  const report = judge(oracle, { programs: PROGRAMS, seed: SEED, onAdmitted });
  t.log(summary(report));
  for (const row of report.classes.values())
    t.log(`${row.count} ${row.side}: ${row.reason}\n${explained(row, oracle, true)}`);
  t.log(`${runs.programs} programs run, ${runs.runs} runs compared with the kernel's`);
  t.deepEqual(runs.differences, []);
  t.is(countOf(report, 'only weir admits'), 0);
  t.true(countOf(report, 'only the kernel admits') <= Math.ceil(REFUSED * report.kernelAdmits));
  t.true(report.kernelAdmits >= PROGRAMS / 4, 'the generator is too wild to prove anything');
});
