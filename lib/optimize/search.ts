/**
 * Pass: a chain of tests that ask one value for many constants and lead to different places becomes a search.
 *
 * Once edges have gone past what is known, `src host` over many IPv6 addresses is such a chain of the first
 * word, with a shorter one of the second word behind each success, and so on. The first test that holds
 * decides, so tests of one value may be asked in any order as long as each number leads where it led.
 *
 * Preserves touches and targets: only the first test computes anything that was not computed before.
 * Measure: tests in such chains.
 */

import { compact, type Decisions, entrances, type Step } from './decision.js';
import { constraintOf, type Member, SHORTEST_SEARCH, searchMembers } from './interval.js';
import type { Value, Values } from './value.js';

export function search(decisions: Decisions): Decisions {
  const { values, homes, entry } = decisions;
  if (decisions.steps.length < SHORTEST_SEARCH) return decisions;
  const steps = [...decisions.steps];
  const count = entrances(decisions);
  const taken = new Uint8Array(steps.length);
  for (let index = 0; index < decisions.steps.length; index++) {
    if (taken[index] === 1 || decisions.steps[index]!.sets.length > 0) continue;
    const { cases, places, otherwise } = casesFrom(values, decisions.steps, count, index);
    // What begins further on in a chain is a shorter one.
    for (const place of places) taken[place] = 1;
    if (cases.length < SHORTEST_SEARCH) continue;
    const start = searchMembers(values, steps, cases, ([first]) => cases[first!]!.target, otherwise);
    steps[index] = { ...steps[start]!, touches: steps[index]!.touches };
  }
  return steps.length > decisions.steps.length ? compact({ values, homes, entry, steps }) : decisions;
}

interface Case extends Member {
  readonly target: number;
}

/** Tests of one value, each entered only from the one before. */
function casesFrom(values: Values, steps: readonly Step[], count: Int32Array, head: number) {
  const cases: Case[] = [];
  const places: number[] = [];
  let at = head;
  for (;;) {
    const found = caseAt(values, steps[at]!, cases[0]?.value);
    if (found === undefined) break;
    const isEnteredBesides = count[at] !== 1 || steps[at]!.sets.length + steps[at]!.touches.length > 0;
    if (at !== head && isEnteredBesides) break;
    cases.push(found.it);
    places.push(at);
    at = found.otherwise;
  }
  return { cases, places, otherwise: at };
}

function caseAt(
  values: Values,
  { exit }: Step,
  value: Value | undefined,
): { it: Case; otherwise: number } | undefined {
  if (exit.kind !== 'test') return undefined;
  for (const outcome of [true, false]) {
    const constraint = constraintOf(values, exit, outcome);
    if (constraint === undefined || (value !== undefined && constraint.value !== value)) continue;
    const [target, otherwise] = outcome ? [exit.onTrue, exit.onFalse] : [exit.onFalse, exit.onTrue];
    return { it: { ...constraint, target, span: exit.span }, otherwise };
  }
  return undefined;
}
