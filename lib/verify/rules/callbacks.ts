/**
 * Helpers that call functions of the program.
 * Linux `push_callback_call`, `set_loop_callback_state`, `set_map_elem_callback_state`.
 */

import { FOR_EACH, LOOP, MAX_FRAMES } from '../../ebpf/index.js';
import { copyState, currentFrame, newFrame } from '../state/state.js';
import { ANY_NUMBER, type MapKind, pointer, type Value } from '../state/value.js';
import type { Path } from './path.js';

/** Kinds of maps whose elements can be gone through. */
export const WALKED: readonly MapKind[] = [
  'array',
  'perCpuArray',
  'hash',
  'perCpuHash',
  'lruHash',
  'lruPerCpuHash',
];

/** Leaves the path on which the helper calls the function whose first instruction is `target`. */
export function callBack(path: Path, helper: number, target: number): void {
  const { frame } = path;
  const [, first, , context] = frame.registers as [Value, Value, Value, Value];
  if (helper === LOOP) {
    if (first.kind !== 'scalar') path.reject('bad-argument', 'r1 is an address, not a number of rounds');
    path.decide(1);
    if (BigInt(frame.calledBack) >= path.scalarOf(first).wide.umax) {
      frame.calledBack = 0;
      return;
    }
  }
  if (path.state.frames.length >= MAX_FRAMES)
    path.reject('call-depth', `calls nest deeper than ${MAX_FRAMES} frames`);
  const state = copyState(path.state);
  state.rounds++;
  currentFrame(state).calledBack++;
  const callee = newFrame(state.frames.length, path.index, target, true);
  if (helper === FOR_EACH && first.kind === 'pointer') {
    const { map } = first;
    callee.registers[1] = first;
    callee.registers[2] = pointer('mapKey', { map });
    callee.registers[3] = pointer('mapValue', { map });
    callee.registers[4] = context;
  } else {
    callee.registers[1] = ANY_NUMBER;
    callee.registers[2] = context;
  }
  state.frames.push(callee);
  path.fork(state, target);
  frame.calledBack = 0;
}
