/** Global functions, each case beside the running kernel, where bpf(2) is allowed. */

import test from 'ava';
import { GLOBAL_CASES, overCall, sampleWithGlobal, taking } from '../../testing/judge/cases.js';
import { optionsOf } from '../../testing/judge/judge.js';
import { judged } from '../../testing/judge/judged.js';
import { openOracle } from '../../testing/judge/oracle.js';
import { fullRun } from '../../testing/vectors.js';
import { verify } from '../walk/verifier.js';

const oracle = await openOracle();

for (const row of GLOBAL_CASES) test(row.what, judged, row, oracle);

test('which helpers move the packet, reached or not', (t) => {
  if (typeof oracle === 'string') {
    t.log(`left out: ${oracle}`);
    t.pass();
    return;
  }
  const differing: string[] = [];
  const all = { sched_cls: 76, xdp: 0, sched_act: 76, cgroup_skb: 76 } as const;
  const types = Object.entries(all) as [keyof typeof all, number][];
  for (const [type, data] of fullRun ? types : types.slice(0, 2))
    for (let helper = 1; helper < 220; helper++) {
      const sample = sampleWithGlobal(overCall(data, helper), taking(), type);
      const { accepted } = verify(sample.program, optionsOf(sample));
      if (accepted !== oracle.admits(sample)) differing.push(`${type}, helper ${helper}: ${accepted}`);
    }
  t.deepEqual(differing, []);
});
