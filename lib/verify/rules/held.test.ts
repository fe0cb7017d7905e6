/**
 * What has to be given back, functions that helpers call, maps in maps and values that never change: each case beside the
 * running kernel, where bpf(2) is allowed.
 */

import test from 'ava';
import { HELD_CASES } from '../../testing/judge/cases.js';
import { optionsOf } from '../../testing/judge/judge.js';
import { openOracle } from '../../testing/judge/oracle.js';
import { verify } from '../walk/verifier.js';

const oracle = await openOracle();

for (const { what, sample, refused } of HELD_CASES)
  test(what, (t) => {
    const { rejection } = verify(sample.program, optionsOf(sample));
    if (typeof oracle !== 'string') {
      const { admitted, text } = oracle.log(sample);
      t.is(rejection === undefined, admitted, `${rejection?.message}\n${text}`);
    }
    t.is(rejection?.kind, refused);
  });
