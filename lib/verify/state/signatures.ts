/** What helpers take, as far as a verifier has to know it. */

import { helperOf } from '../../ebpf/helpers.js';

/** Signatures of helpers that programs of the corpus call and this engine does not run. */
const EXTRA_SIGNATURES = new Map<number, readonly string[]>([
  [6, ['memory', 'size']], // takes as many values as its format names
  [9, ['context', 'anything', 'memory', 'size', 'anything']],
  [17, ['context']],
  [18, ['context', 'anything', 'anything']],
  [28, ['memoryOrNull', 'sizeOrZero', 'memoryOrNull', 'sizeOrZero', 'anything']],
  [34, ['context']],
  [40, ['context']],
  [44, ['context', 'anything']],
  [46, ['context']],
  [47, ['context']],
]);

/** Kinds of the arguments in r1–r5; `undefined` for a helper that is not known. */
export const signatureOf = (helper: number): readonly string[] | undefined =>
  EXTRA_SIGNATURES.get(helper) ?? helperOf(helper)?.arguments;
