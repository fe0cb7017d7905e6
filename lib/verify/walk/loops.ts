/**
 * Loops that the runtime ends, as Linux keeps account of them: instructions that can come back to each other are one loop,
 * and while a round of it has ended where an earlier one was, what is known to matter in it is not complete. States in it then
 * stand for others only if these have no more in anything.
 *
 * Linux `kernel/bpf/verifier.c`: `compute_scc`, `maybe_enter_scc`, `maybe_exit_scc`, `incomplete_read_marks`.
 */

import { callsBack, type Instruction } from '../../ebpf/index.js';
import { nextSlots } from '../state/liveness.js';
import type { KnownState } from '../state/state.js';

/** One visit of a loop, by one chain of calls. */
export interface Visit {
  /** What the path was on as it came in; the visit ends with all paths from there. */
  entry: object | undefined;
  /** Rounds that ended where an earlier one was. */
  comebacks: number;
}

export class Loops {
  private readonly components: Int32Array;
  private readonly visits = new Map<string, Visit>();

  constructor(instructions: readonly (Instruction | undefined)[]) {
    this.components = componentsOf(instructions);
  }

  /** A state is kept at `index`: the visit that it belongs to, begun by `entry` if that is the first. */
  enter(state: KnownState, index: number, entry: object): Visit | undefined {
    const key = this.keyOf(state, index);
    if (key === undefined) return undefined;
    let visit = this.visits.get(key);
    if (visit === undefined) {
      visit = { entry: undefined, comebacks: 0 };
      this.visits.set(key, visit);
    }
    visit.entry ??= entry;
    return visit;
  }

  /** All paths from `entry` have ended. */
  leave(visit: Visit | undefined, entry: object): void {
    if (visit === undefined || visit.entry !== entry) return;
    visit.entry = undefined;
    visit.comebacks = 0;
  }

  /** The calls up to the first that is made in a loop, and that loop. */
  private keyOf({ frames }: KnownState, index: number): string | undefined {
    let key = '';
    for (let depth = 0; depth < frames.length; depth++) {
      const inner = frames[depth + 1];
      const at = inner === undefined ? index : inner.isCallback ? inner.returnTo : inner.returnTo - 1;
      const component = this.components[at]!;
      if (component > 0) return `${key}#${component}`;
      key += `${at} `;
    }
    return undefined;
  }
}

/**
 * For each slot the number of the loop that it is in, from 1; 0 for none. Strongly connected components, by Tarjan: of two
 * instructions and more, or of one that comes back to itself or calls a function again and again.
 */
export function componentsOf(instructions: readonly (Instruction | undefined)[]): Int32Array {
  const components = new Int32Array(instructions.length);
  const order = new Int32Array(instructions.length);
  const low = new Int32Array(instructions.length);
  const open: number[] = [];
  const isOpen = new Uint8Array(instructions.length);
  let [time, count] = [0, 0];
  const next = (index: number): readonly number[] => nextSlots(instructions[index]!, index);
  for (let start = 0; start < instructions.length; start++) {
    if (instructions[start] === undefined || order[start] !== 0) continue;
    const work = [{ index: start, edge: 0 }];
    while (work.length > 0) {
      const top = work.at(-1)!;
      const { index } = top;
      if (top.edge === 0) {
        order[index] = low[index] = ++time;
        open.push(index);
        isOpen[index] = 1;
      }
      const target = next(index)[top.edge++];
      if (target !== undefined) {
        if (order[target] === 0) work.push({ index: target, edge: 0 });
        else if (isOpen[target] === 1) low[index] = Math.min(low[index]!, order[target]!);
        continue;
      }
      work.pop();
      const from = work.at(-1);
      if (from !== undefined) low[from.index] = Math.min(low[from.index]!, low[index]!);
      if (low[index] !== order[index]) continue;
      const members = open.splice(open.lastIndexOf(index));
      for (const member of members) isOpen[member] = 0;
      const isLoop = members.length > 1 || next(index).includes(index) || callsBack(instructions[index]);
      if (isLoop) count++;
      if (isLoop) for (const member of members) components[member] = count;
    }
  }
  return components;
}
