/**
 * What has to be given back, functions that helpers call, maps in maps and values that never change: each case beside the
 * running kernel, where bpf(2) is allowed.
 */

import test from 'ava';
import { HELD_CASES } from '../../testing/judge/cases.js';
import { judged } from '../../testing/judge/judged.js';
import { openOracle } from '../../testing/judge/oracle.js';

const oracle = await openOracle();

for (const row of HELD_CASES) test(row.what, judged, row, oracle);
