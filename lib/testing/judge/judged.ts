/** Test support: a case of the verifier beside the running kernel, where bpf(2) is allowed. */

import type { ExecutionContext } from 'ava';
import { verify } from '../../verify/index.js';
import type { Case } from './cases.js';
import { optionsOf } from './judge.js';
import type { openOracle } from './oracle.js';

/** @param oracle - The kernel, or why it cannot be asked. */
export function judged(
  t: ExecutionContext,
  { sample, refused }: Case,
  oracle: Awaited<ReturnType<typeof openOracle>>,
): void {
  const { rejection } = verify(sample.program, optionsOf(sample));
  if (typeof oracle !== 'string') {
    const { admitted, text } = oracle.log(sample);
    t.is(rejection === undefined, admitted, `${rejection?.message}\n${text}`);
  }
  t.is(rejection?.kind, refused);
}
