/**
 * Questions about two filters that equality does not answer: whether one takes only what the other takes, and whether
 * they have a packet in common. The walk over both programs is that of `equivalent()`.
 */

import { opcodes, type Program } from '../cbpf/index.js';
import type { Fact } from '../optimize/index.js';
import { type Equivalence, type EquivalenceOptions, type Relation, relate } from './equivalent.js';
import type { ShownPacket } from './witness.js';

/** An answer: `yes` is proved, `no` comes with a packet that shows it. */
export type Answer =
  | { readonly verdict: 'yes' }
  | ({ readonly verdict: 'no' } & ShownPacket)
  | { readonly verdict: 'undecided'; readonly reason: string };

const rejects = (fact: Fact | undefined): boolean => fact?.ranges.at(-1) === 0;
const accepts = (fact: Fact | undefined): boolean => fact !== undefined && fact.ranges[0]! > 0;

const IMPLIES: Relation = {
  isBroken: (a, b) => a !== 0 && b === 0,
  isKept: (a, b) => rejects(a) || accepts(b),
};

const DISJOINT: Relation = {
  isBroken: (a, b) => a !== 0 && b !== 0,
  isKept: (a, b) => rejects(a) || rejects(b),
};

/**
 * Whether every packet that `a` matches is matched by `b`. With `whole`, packets cut short of a byte that is looked at do
 * not count: `tcp` then implies `ip or ip6`, which on cut packets it need not.
 *
 * @throws RangeError when a program jumps out of itself.
 */
export const implies = (a: Program, b: Program, options: EquivalenceOptions = {}): Answer =>
  answerOf(relate(a, b, IMPLIES, options));

/**
 * Whether no packet is matched by both.
 *
 * @throws RangeError when a program jumps out of itself.
 */
export const disjoint = (a: Program, b: Program, options: EquivalenceOptions = {}): Answer =>
  answerOf(relate(a, b, DISJOINT, options));

/** A program that matches every packet. */
const EVERYTHING: Program = [{ code: opcodes.RET | opcodes.K, jt: 0, jf: 0, k: 1 }];

/** Whether every packet is matched. @throws RangeError when the program jumps out of itself. */
export const alwaysTrue = (program: Program, options: EquivalenceOptions = {}): Answer =>
  implies(EVERYTHING, program, options);

/** Whether no packet is matched. @throws RangeError when the program jumps out of itself. */
export const neverTrue = (program: Program, options: EquivalenceOptions = {}): Answer =>
  disjoint(program, program, options);

function answerOf(found: Equivalence): Answer {
  switch (found.verdict) {
    case 'equal':
      return { verdict: 'yes' };
    case 'different':
      return { ...found, verdict: 'no' };
    case 'undecided':
      return found;
  }
}
