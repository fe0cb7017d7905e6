/**
 * What is forgotten of a loop's numbers, so that its rounds come to an end.
 * Linux `kernel/bpf/verifier.c`: `widen_imprecise_scalars`, `maybe_widen_reg`.
 */

import { IdPairs } from './cover.js';
import { mattersRegister, mattersSlot, type Needs } from './history.js';
import type { State } from './state.js';
import { ANY_NUMBER, type Value } from './value.js';

/**
 * Numbers that are not as an earlier round had them, and that did not matter, may be anything. A number that has
 * become a copy is not as it was, were its limits the same.
 */
export function widen(state: State, before: State, needs: Needs): void {
  const ids = new IdPairs();
  const wider = (now: Value, old: Value | undefined, matters: boolean): Value =>
    now.kind === 'scalar' && old?.kind === 'scalar' && !matters && !ids.equal(old, now) ? ANY_NUMBER : now;
  for (let depth = state.frames.length - 1; depth >= 0; depth--) {
    const { registers, slots } = state.frames[depth]!;
    const old = before.frames[depth]!;
    for (const [register, value] of registers.entries())
      registers[register] = wider(value, old.registers[register], mattersRegister(needs, depth, register));
    for (const [slot, content] of slots.entries()) {
      if (content === undefined || content.spilled.kind !== 'scalar') continue;
      const spilled = wider(content.spilled, old.slots[slot]?.spilled, mattersSlot(needs, depth, slot));
      if (spilled !== content.spilled) slots[slot] = { ...content, spilled };
    }
  }
}
