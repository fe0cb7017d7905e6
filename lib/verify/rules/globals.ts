/**
 * Global functions: each is verified once, for all arguments that its types allow, and calls are held to these types.
 * Linux `btf_prepare_func_args`, `btf_check_func_arg_match`, `do_check_subprogs`.
 */

import { mayMovePacket, signatureFor } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { mapValues, newFrame, type State } from '../state/state.js';
import {
  ANY_NUMBER,
  describe,
  NONE,
  NOT_NULL,
  notNull,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { checkBuffer } from './buffers.js';
import type { FunctionInfo, Path } from './path.js';
import { stackOffset } from './stack.js';

/** The function's types, where it is global and Linux's rules are asked for. */
export function globalFunction(path: Path, entry: number): FunctionInfo | undefined {
  const info = path.isLinux ? path.options.functions?.get(entry) : undefined;
  return info?.linkage === 'global' ? info : undefined;
}

/** Calls a global function: what it does to memory that it is given is not known, what it gives is any number. */
export function callGlobal(path: Path, entry: number, { parameters = [], returns }: FunctionInfo): void {
  if (path.state.lock !== undefined)
    path.reject('locked', 'no global function can be called while a lock is held', 'make it static');
  if (returns !== 'number')
    path.reject(
      'bad-return',
      'a global function that gives no number',
      'make it static, or let it return an int',
    );
  if (callsSome(path, entry, (helper) => signatureFor(helper, path.rules.letter)?.sleeps === true))
    path.reject(
      'unknown-helper',
      'a global function with a helper that may sleep, which this type of program may not',
    );
  for (const [at, kind] of parameters.entries()) checkParameter(path, at + 1, kind);
  path.globals.add(entry);
  path.effects.special = 'global';
  const { registers } = path.frame;
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  registers[0] = ANY_NUMBER;
  if (callsSome(path, entry, mayMovePacket))
    mapValues(path.state, (value) =>
      value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
        ? ANY_NUMBER
        : value,
    );
}

type Parameter = NonNullable<FunctionInfo['parameters']>[number];

function checkParameter(path: Path, register: number, kind: Parameter): void {
  const value = path.read(register);
  if (kind === 'other')
    path.reject('bad-argument', `r${register} is of a type that global functions cannot take`);
  if (kind === 'number') {
    if (value.kind !== 'scalar')
      path.reject('bad-argument', `r${register} is ${describe(value)}, and the function takes a number`);
    return;
  }
  if (kind === 'context') {
    if (value.kind !== 'pointer' || value.type !== 'context' || stackOffset(value, 0) !== 0)
      path.reject('bad-argument', `r${register} is ${describe(value)}, and the function takes the context`);
    return;
  }
  if (value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n) return;
  const given = value.kind === 'pointer' && NOT_NULL[value.type] !== undefined ? notNull(value) : value;
  checkBuffer(path, given, register, kind.bytes, 'read');
  checkBuffer(path, given, register, kind.bytes, 'write');
}

/** Whether a function, or one that it calls, has a call of such a helper, be it reached or not (`merge_callee_effects`). */
function callsSome(
  path: Path,
  entry: number,
  isSuch: (helper: number) => boolean,
  seen = new Set<number>(),
): boolean {
  if (seen.has(entry)) return false;
  seen.add(entry);
  const { instructions, entries } = path;
  for (let index = entry; index < instructions.length && (index === entry || !entries.has(index)); index++) {
    const instruction = instructions[index];
    if (instruction?.kind === 'call' && isSuch(instruction.helper)) return true;
  }
  return (path.calls.get(entry) ?? []).some(({ target }) => callsSome(path, target, isSuch, seen));
}

/** What holds where a global function begins. */
export function stateOfGlobal(path: Path, entry: number, { parameters = [] }: FunctionInfo): State {
  const frame = newFrame(0, -1, entry);
  for (const [at, kind] of parameters.entries()) {
    frame.registers[at + 1] = parameterValue(path, kind);
  }
  return { frames: [frame], loops: 0, rounds: 0, references: [], lock: undefined };
}

function parameterValue(path: Path, kind: Parameter): Value {
  if (kind === 'context') return pointer('context');
  if (kind === 'number' || kind === 'other') return ANY_NUMBER;
  return pointer('recordOrNull', { size: kind.bytes, id: path.newId() });
}

/** What a global function gives. */
export function checkGlobalResult(path: Path): void {
  const result = path.read(0);
  if (result.kind !== 'scalar')
    path.reject('bad-return', `r0 is ${describe(result)}, and a global function gives a number`);
}
