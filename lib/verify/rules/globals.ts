/**
 * Global functions: each is verified once, for all arguments that its types allow, and calls are held to these types.
 * Linux `btf_prepare_func_args`, `btf_check_func_arg_match`, `do_check_subprogs`.
 */

import { mayMovePacket, signatureFor } from '../../ebpf/index.js';
import { stackOffset } from '../state/stack.js';
import { describe, isZero, NOT_NULL, notNull, type Value } from '../state/value.js';
import { checkBuffer } from './buffers.js';
import type { FunctionInfo } from './options.js';
import { checkSet, type Point, reject } from './point.js';
import type { Subject } from './subject.js';

/** The function's types, where it is global and Linux's rules are asked for. */
export function globalFunction({ isLinux, options }: Subject, entry: number): FunctionInfo | undefined {
  const info = isLinux ? options.functions?.get(entry) : undefined;
  return info?.linkage === 'global' ? info : undefined;
}

export function checkGlobalCall(
  point: Point,
  entry: number,
  { parameters = [], returns }: FunctionInfo,
): void {
  if (point.state.lock !== undefined)
    reject(point, 'locked', 'no global function can be called while a lock is held', 'make it static');
  if (returns !== 'number')
    reject(
      point,
      'bad-return',
      'a global function that gives no number',
      'make it static, or let it return an int',
    );
  if (callsSome(point, entry, (helper) => signatureFor(helper, point.rules.letter)?.sleeps === true))
    reject(
      point,
      'unknown-helper',
      'a global function with a helper that may sleep, which this type of program may not',
    );
  for (const [at, kind] of parameters.entries()) checkParameter(point, at + 1, kind);
}

/** What a value that may be null is as memory for a global function, which has to ask for that itself. */
export const givenMemory = (value: Value): Value =>
  value.kind === 'pointer' && NOT_NULL[value.type] !== undefined ? notNull(value) : value;

/** Whether addresses in the packet are void behind a call. */
export const voidsPacket = (subject: Subject, entry: number): boolean =>
  callsSome(subject, entry, mayMovePacket);

export type Parameter = NonNullable<FunctionInfo['parameters']>[number];

function checkParameter(point: Point, register: number, kind: Parameter): void {
  checkSet(point, register);
  const value = point.value(register);
  if (kind === 'other')
    reject(point, 'bad-argument', `r${register} is of a type that global functions cannot take`);
  if (kind === 'number') {
    if (value.kind !== 'scalar')
      reject(point, 'bad-argument', `r${register} is ${describe(value)}, and the function takes a number`);
    return;
  }
  if (kind === 'context') {
    if (value.kind !== 'pointer' || value.type !== 'context' || stackOffset(value, 0) !== 0)
      reject(point, 'bad-argument', `r${register} is ${describe(value)}, and the function takes the context`);
    return;
  }
  if (isZero(value)) return;
  if (kind.isThere === true && value.kind === 'pointer' && NOT_NULL[value.type] !== undefined)
    reject(point, 'null-pointer', `r${register} may be null`, 'compare it with 0 first');
  const given = givenMemory(value);
  const buffer = { value: given, register, size: kind.bytes };
  checkBuffer(point, { ...buffer, use: 'read' });
  checkBuffer(point, { ...buffer, use: 'write' });
}

/** Whether a function, or one that it calls, has a call of such a helper, be it reached or not (`merge_callee_effects`). */
function callsSome(
  subject: Subject,
  entry: number,
  isSuch: (helper: number) => boolean,
  seen = new Set<number>(),
): boolean {
  if (seen.has(entry)) return false;
  seen.add(entry);
  const { instructions, entries } = subject;
  for (let index = entry; index < instructions.length && (index === entry || !entries.has(index)); index++) {
    const instruction = instructions[index];
    if (instruction?.kind === 'call' && isSuch(instruction.helper)) return true;
  }
  return (subject.calls.get(entry) ?? []).some(({ target }) => callsSome(subject, target, isSuch, seen));
}
