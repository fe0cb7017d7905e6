/**
 * Calls of the program's own functions, by itself and by helpers, and returns.
 * Linux `check_func_call`, `push_callback_call`, `prepare_func_exit`, `check_return_code`.
 */

import { LOOP, MAX_FRAMES } from '../../ebpf/index.js';
import { describe, mapOf, scalarOf, type Value } from '../state/value.js';
import { checkGlobalCall, globalFunction } from './globals.js';
import { checkSet, type Point, reject } from './point.js';
import { checkNothingHeld } from './references.js';

export function checkCall(point: Point, distance: number): void {
  const target = point.index + 1 + distance;
  const global = globalFunction(point, target);
  if (global === undefined) checkDepth(point);
  else checkGlobalCall(point, target, global);
}

function checkDepth(point: Point): void {
  if (point.state.frames.length >= MAX_FRAMES)
    reject(point, 'call-depth', `calls nest deeper than ${MAX_FRAMES} frames`);
}

/** A helper that calls a function, unless it has called it as often as it was told. */
export function checkCallback(point: Point, helper: number): void {
  if (helper === LOOP) {
    const rounds = point.value(1);
    if (rounds.kind !== 'scalar') reject(point, 'bad-argument', 'r1 is an address, not a number of rounds');
    point.decide(1);
    if (BigInt(point.frame.calledBack) >= rounds.scalar.wide.umax) return;
  }
  checkDepth(point);
}

export function checkTailCall(point: Point): void {
  point.decide(3);
  // What a program returns is no answer for the helper that has called the function.
  if (point.state.frames.length > 1 && point.frame.isCallback)
    reject(
      point,
      'bad-return',
      'a tail call in a function that a helper calls',
      'call it in another function',
    );
  if (point.privileged) return;
  // An unprivileged tail call uses one map, whatever path led to it.
  const { tailCallMaps } = point.elsewhere;
  const map = mapOf(point.value(2));
  const before = tailCallMaps.get(point.index);
  if (before !== undefined && before !== map)
    reject(point, 'bad-argument', 'this tail call uses different maps on different paths');
  tailCallMaps.set(point.index, map);
}

/** What a program, or one of its functions, gives. */
export function checkResult(point: Point): void {
  const result = point.value(0);
  if (point.state.frames.length === 1) {
    checkNothingHeld(point);
    checkSet(point, 0);
    if (point.frame.timers > 0) checkAnswer(point, result, 0n);
    else if (point.verified === undefined) checkVerdict(point, result);
    else if (result.kind !== 'scalar')
      reject(point, 'bad-return', `r0 is ${describe(result)}, and a global function gives a number`);
    return;
  }
  // A function need not return anything; its caller then has nothing in r0.
  if (point.frame.isCallback) checkAnswer(point, result);
  else if (result.kind === 'pointer' && result.type === 'stack')
    reject(point, 'bad-return', 'a stack address is returned to the caller');
}

/** A function that a helper has called says whether it is to be called again. */
function checkAnswer(point: Point, result: Value, most = 1n): void {
  const remedy = most === 0n ? 'return 0' : 'return 0 to go on, or 1 to end';
  if (result.kind !== 'scalar') reject(point, 'bad-return', `r0 is ${describe(result)}, no number`, remedy);
  point.decide(0);
  const { smin, smax } = result.scalar.wide;
  if (smin < 0n || smax > most)
    reject(point, 'bad-return', `r0 is ${describe(result)}, not 0${most === 0n ? '' : ' or 1'}`, remedy);
}

function checkVerdict(point: Point, result: Value): void {
  if (result.kind === 'pointer' && !point.privileged)
    reject(point, 'pointer-leak', 'r0 is an address and is returned');
  // An engine runs programs for either way.
  const { attach = point.isLinux ? 'ingress' : 'egress' } = point.options;
  const returns =
    attach === 'egress' ? (point.rules.egressReturns ?? point.rules.returns) : point.rules.returns;
  if (returns === undefined) return;
  if (result.kind === 'pointer') reject(point, 'bad-return', `r0 is ${describe(result)}, an address`);
  point.decide(0);
  const { smin, smax } = scalarOf(result).wide;
  if (smin < returns.min || smax > returns.max)
    reject(point, 'bad-return', `r0 is ${describe(result)}, not ${returns.min} to ${returns.max}`);
}
