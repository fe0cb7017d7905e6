/**
 * Calls of the program's own functions, and returns.
 * Linux `check_func_call`, `prepare_func_exit`, `check_return_code`.
 */

import { MAX_FRAMES } from '../../ebpf/index.js';
import { currentFrame, mapValues, newFrame, type State } from '../state/state.js';
import { describe, NONE, type Value } from '../state/value.js';
import { callGlobal, checkGlobalResult, globalFunction } from './globals.js';
import type { Path } from './path.js';
import { checkNothingHeld } from './references.js';

export function enter(path: Path, target: number, returnTo: number): number {
  const { frames } = path.state;
  const global = globalFunction(path, target);
  if (global !== undefined) {
    callGlobal(path, target, global);
    return returnTo;
  }
  if (frames.length >= MAX_FRAMES) path.reject('call-depth', `calls nest deeper than ${MAX_FRAMES} frames`);
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

export function leave(path: Path): number | undefined {
  const { frames } = path.state;
  if (frames.length === 1) {
    checkNothingHeld(path);
    if (path.verified === undefined) checkResult(path, path.read(0));
    else checkGlobalResult(path);
    return undefined;
  }
  // A function need not return anything; its caller then has nothing in r0.
  const result = path.frame.registers[0]!;
  if (path.frame.isCallback) return comeBack(path, result);
  if (result.kind === 'pointer' && result.type === 'stack')
    path.reject('bad-return', 'a stack address is returned to the caller');
  return returnToCaller(path.state, result);
}

/** A function that a helper has called: it says whether it is to be called again. */
function comeBack(path: Path, result: Value): number {
  if (result.kind !== 'scalar')
    path.reject('bad-return', `r0 is ${describe(result)}, no number`, 'return 0 to go on, or 1 to end');
  path.decide(0);
  const { smin, smax } = result.scalar.wide;
  if (smin < 0n || smax > 1n)
    path.reject('bad-return', `r0 is ${describe(result)}, not 0 or 1`, 'return 0 to go on, or 1 to end');
  const { registers } = path.state.frames.at(-2)!;
  const before = registers[0]!;
  path.returnsTo = returnToCaller(path.state, before);
  path.effects.special = 'callback';
  path.comeBack();
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

function checkResult(path: Path, result: Value): void {
  if (result.kind === 'pointer' && !path.privileged)
    path.reject('pointer-leak', 'r0 is an address and is returned');
  // An engine runs programs for either way.
  const { attach = path.isLinux ? 'ingress' : 'egress' } = path.options;
  const returns = attach === 'egress' ? (path.rules.egressReturns ?? path.rules.returns) : path.rules.returns;
  if (returns === undefined) return;
  if (result.kind === 'pointer') path.reject('bad-return', `r0 is ${describe(result)}, an address`);
  path.decide(0);
  const { smin, smax } = path.scalarOf(result).wide;
  if (smin < returns.min || smax > returns.max)
    path.reject('bad-return', `r0 is ${describe(result)}, not ${returns.min} to ${returns.max}`);
}
