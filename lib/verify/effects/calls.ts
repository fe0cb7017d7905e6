/**
 * Calls of the program's own functions, by itself and by helpers, and returns.
 * Linux `check_func_call`, `set_loop_callback_state`, `set_map_elem_callback_state`, `set_timer_callback_state`,
 * `prepare_func_exit`.
 */

import { FOR_EACH, LOOP } from '../../ebpf/index.js';
import { globalFunction } from '../rules/globals.js';
import {
  copyState,
  currentFrame,
  type Frame,
  mapValues,
  newFrame,
  type State,
  stateOf,
} from '../state/state.js';
import {
  ANY_NUMBER,
  type MapInfo,
  NONE,
  type Pointer,
  pointer,
  scalarOf,
  type Value,
} from '../state/value.js';
import { callGlobal } from './globals.js';
import type { Path } from './path.js';

/** Enters a function; gives where the path goes on. */
export function enter(path: Path, target: number, returnTo: number): number {
  const global = globalFunction(path, target);
  if (global !== undefined) {
    callGlobal(path, target, global);
    return returnTo;
  }
  const { frames } = path.state;
  const callee = newFrame(frames.length, returnTo, target);
  const caller = path.frame;
  for (let register = 1; register <= 5; register++) {
    callee.registers[register] = caller.registers[register]!;
    caller.registers[register] = NONE;
  }
  caller.registers[0] = NONE;
  frames.push(callee);
  return target;
}

/** Ends a function; gives where its caller goes on, `undefined` where the program ends. */
export function leave(path: Path): number | undefined {
  if (path.state.frames.length === 1) return undefined;
  const result = path.value(0);
  return path.frame.isCallback ? comeBack(path) : returnToCaller(path.state, result);
}

/** A function that a helper has called has ended: it may be called again. */
function comeBack(path: Path): number {
  const { registers } = path.state.frames.at(-2)!;
  path.returnsTo = returnToCaller(path.state, registers[0]!);
  path.marks.special = 'callback';
  path.walker.comeBack();
  return path.returnsTo;
}

/** The function of the innermost frame ends with `result`; gives where its caller goes on. */
export function returnToCaller(state: State, result: Value): number {
  const { frames } = state;
  const { returnTo } = frames.pop()!;
  const depth = frames.length;
  currentFrame(state).registers[0] = result;
  mapValues(state, (value) =>
    value.kind === 'pointer' && value.type === 'stack' && value.frame >= depth ? NONE : value,
  );
  return returnTo;
}

/** Leaves the path on which the helper calls the function whose first instruction is `target`. */
export function callBack(path: Path, helper: number, target: number): void {
  const { frame } = path;
  const [, first, , context] = frame.registers as [Value, Value, Value, Value];
  const { calledBack } = frame;
  frame.calledBack = 0;
  if (helper === LOOP && BigInt(calledBack) >= scalarOf(first).wide.umax) return;
  const state = copyState(path.state);
  state.rounds++;
  currentFrame(state).calledBack = calledBack + 1;
  const callee = newFrame(state.frames.length, path.index, target, true);
  if (helper === FOR_EACH && first.kind === 'pointer') {
    giveElement(callee, first.map);
    callee.registers[1] = first;
    callee.registers[4] = context;
  } else {
    callee.registers[1] = ANY_NUMBER;
    callee.registers[2] = context;
  }
  state.frames.push(callee);
  path.walker.fork(state, target);
}

/** A function is given a map, a key and a value. */
function giveElement({ registers }: Frame, map: MapInfo | undefined): void {
  registers[1] = pointer('map', { map });
  registers[2] = pointer('mapKey', { map });
  registers[3] = pointer('mapValue', { map });
}

/** Leaves the path of a function that a timer of the map will call, when nothing else of the program runs. */
export function setCallback(path: Path, { map }: Pointer, target: number): void {
  const callee = newFrame(0, -1, target, false, path.frame.timers + 1);
  giveElement(callee, map);
  path.timed.add(target);
  path.walker.fork(stateOf(callee), target, true);
}
