/** Lists of filters of which the first that matches counts: what in them can never come to pass. */

import type { Program } from '../cbpf/index.js';
import type { EquivalenceOptions } from './equivalent.js';
import { implies } from './implication.js';
import { make } from './make.js';

/** What is wrong with one rule of a list. */
export interface RuleFinding {
  /** Its place in the list, from 0. */
  readonly rule: number;
  /**
   * `never`: no packet can match it. `shadowed`: a rule before it takes every packet that it matches. `covered`: all rules before it
   * together do. `undecided`: one of these could neither be proved nor refuted.
   */
  readonly kind: 'never' | 'shadowed' | 'covered' | 'undecided';
  /** The rule that shadows it. */
  readonly by?: number;
}

/**
 * Looks through a list of rules, the first of which that matches a packet counts.
 *
 * @param rules - Their programs, in order.
 * @param anyOf - A program that matches what one of the first so many rules matches; without it rules are compared one by one.
 * @throws RangeError when a program jumps out of itself.
 */
export function lintRules(
  rules: readonly Program[],
  anyOf?: (count: number) => Program,
  options: EquivalenceOptions = {},
): readonly RuleFinding[] {
  return rules.flatMap((program, rule): RuleFinding[] => {
    const { packets, complete } = make(program, options);
    if (packets.length === 0) return [{ rule, kind: complete ? 'never' : 'undecided' }];
    let isOpen = false;
    for (let before = 0; before < rule; before++) {
      const { verdict } = implies(program, rules[before]!, options);
      if (verdict === 'yes') return [{ rule, kind: 'shadowed', by: before }];
      if (verdict === 'undecided') isOpen = true;
    }
    if (rule > 1 && anyOf !== undefined) {
      const { verdict } = implies(program, anyOf(rule), options);
      if (verdict === 'yes') return [{ rule, kind: 'covered' }];
      if (verdict === 'undecided') isOpen = true;
    }
    return isOpen ? [{ rule, kind: 'undecided' }] : [];
  });
}
