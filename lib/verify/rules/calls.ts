/**
 * Calls of helpers and of the program's own functions, and returns.
 * Linux `check_helper_call`, `check_func_arg`, `check_func_call`, `prepare_func_exit`.
 */

import { helperOf } from '../../ebpf/helpers.js';
import { MAX_FRAMES } from '../../ebpf/opcodes.js';
import * as scalars from '../numbers/scalar.js';
import { signatureOf } from '../state/signatures.js';
import { mapValues, newFrame } from '../state/state.js';
import {
  ANY_NUMBER,
  describe,
  type MapInfo,
  NONE,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { checkMapValue, checkPacket } from './access.js';
import { MAX_OFFSET, type Path } from './path.js';
import { byteAt, frameOf, place, readsBytes, setByte, stackRange } from './stack.js';

/** Helpers that change the packet: pointers into it are void afterwards. */
const CHANGES_PACKET = new Set([9, 10, 11, 18, 19, 31, 32, 38, 39, 43, 44, 50, 54, 65]);
const ANY_TYPE_HELPERS = [1, 2, 3, 5, 6, 7, 8, 12, 125];

export function stepHelper(path: Path, helper: number): void {
  const row = helperOf(helper);
  const types = signatureOf(helper);
  const allowed = ANY_TYPE_HELPERS.includes(helper) || path.rules.helpers.includes(helper);
  if (types === undefined || !allowed)
    path.reject('unknown-helper', `helper ${helper} cannot be called by this type of program`);
  const { registers } = path.frame;
  let map: MapInfo | undefined;
  let memory:
    | { readonly value: Value; readonly register: number; readonly fill: boolean; readonly orNull: boolean }
    | undefined;
  for (const [position, type] of types.entries()) {
    const register = position + 1;
    const value = path.read(register);
    switch (type) {
      case 'anything':
        if (value.kind === 'pointer' && !path.privileged)
          path.reject('pointer-leak', `r${register} is an address, given to a helper`);
        break;
      case 'context':
        if (value.kind !== 'pointer' || value.type !== 'context')
          path.reject('bad-argument', `r${register} is ${describe(value)}, not the context`);
        if (value.offset !== 0)
          path.reject('bad-argument', `r${register} is the context moved by ${value.offset}`);
        break;
      case 'map':
        if (value.kind !== 'pointer' || value.type !== 'map')
          path.reject('bad-argument', `r${register} is ${describe(value)}, not a map`);
        map = value.map;
        checkMapHelper(path, helper, map);
        if (helper === 12 && !path.privileged) sameMap(path, map);
        break;
      case 'mapKey':
        checkBuffer(path, value, register, map?.keySize ?? 0, false);
        break;
      case 'mapValue':
        checkBuffer(path, value, register, map?.valueSize ?? 0, false);
        break;
      case 'memory':
      case 'outMemory':
      case 'memoryOrNull':
        memory = { value, register, fill: type === 'outMemory', orNull: type === 'memoryOrNull' };
        break;
      case 'size':
      case 'sizeOrZero':
        checkSizedBuffer(path, memory!, value, register, type === 'sizeOrZero');
        break;
    }
  }
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  if (CHANGES_PACKET.has(helper)) {
    mapValues(path.state, (value) =>
      value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
        ? ANY_NUMBER
        : value,
    );
  }
  registers[0] =
    row?.result === 'mapValueOrNull' ? pointer('mapValueOrNull', { map, id: path.newId() }) : ANY_NUMBER;
}

/** An unprivileged tail call uses one map, whatever path led to it. */
function sameMap(path: Path, map: MapInfo | undefined): void {
  const before = path.tailCallMaps.get(path.index);
  if (before !== undefined && before !== map)
    path.reject('bad-argument', 'this tail call uses different maps on different paths');
  path.tailCallMaps.set(path.index, map);
}

function checkMapHelper(path: Path, helper: number, map: MapInfo | undefined): void {
  const isProgramArray = map?.kind === 'programArray';
  if ((helper === 12) !== isProgramArray)
    path.reject('bad-argument', `helper ${helper} cannot be used with this kind of map`);
  if ((helper === 2 || helper === 3) && map?.writable === false)
    path.reject('map-access', 'this map cannot be written');
}

function checkSizedBuffer(
  path: Path,
  memory: {
    readonly value: Value;
    readonly register: number;
    readonly fill: boolean;
    readonly orNull: boolean;
  },
  size: Value,
  register: number,
  zeroAllowed: boolean,
): void {
  path.decide(register);
  path.decide(memory.register);
  if (size.kind !== 'scalar') path.reject('bad-argument', `r${register} is an address, not a size`);
  const { wide } = size.scalar;
  if (wide.smin < 0n)
    path.reject('bad-size', `r${register} may be negative, ${wide.smin}`, 'check that it is not');
  if (wide.umin === 0n && !zeroAllowed) {
    path.reject('bad-size', `r${register} may be zero`, 'check that it is not');
  }
  if (wide.umax >= MAX_OFFSET)
    path.reject('bad-size', `r${register} has no limit`, 'compare it with one first');
  const { value } = memory;
  if (memory.orNull && value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n) {
    if (wide.umax !== 0n) path.reject('bad-argument', `r${memory.register} is null and the size is not zero`);
    return;
  }
  checkBuffer(path, value, memory.register, Number(wide.umax), memory.fill);
}

/** Bytes that a helper reads or, with `fill`, writes. */
function checkBuffer(path: Path, value: Value, register: number, size: number, fill: boolean): void {
  if (value.kind !== 'pointer')
    path.reject('bad-argument', `r${register} is a number, ${describe(value)}, not an address`);
  switch (value.type) {
    case 'stack': {
      if (size === 0) return;
      const { from, to } = stackRange(path, value, 0, size);
      const frame = frameOf(path, value);
      if (!fill) readsBytes(path, value, from, to);
      for (let byte = from; byte < to; byte++) {
        const kind = byteAt(frame, byte);
        // A helper may fill less than all it was given room for.
        if (kind === 'none') path.notes.readUnwritten();
        if (fill) setByte(frame, byte, 'any');
        else {
          if (kind === 'none' && !path.privileged)
            path.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
          const { slot } = place(byte);
          if (kind === 'spill' && frame.slots[slot]!.spilled.kind === 'pointer' && !path.privileged) {
            path.reject('pointer-leak', `stack byte fp${byte} is part of an address`);
          }
        }
      }
      return;
    }
    case 'mapValue':
      checkMapValue(path, value, 0, size);
      if (fill && value.map?.writable === false)
        path.reject('map-access', 'values of this map cannot be written');
      if (!fill && value.map?.readable === false)
        path.reject('map-access', 'values of this map cannot be read');
      return;
    case 'packet':
    case 'packetMeta':
      if (path.rules.packet === 'none')
        path.reject('bad-argument', 'helpers cannot be given the packet here');
      checkPacket(path, value, 0, size, fill);
      return;
    default:
      path.reject('bad-argument', `r${register} is ${value.type}, which has no bytes a helper could use`);
  }
}

export function enter(path: Path, target: number, returnTo: number): number {
  const { frames } = path.state;
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
  // A function need not return anything; its caller then has nothing in r0.
  const result = frames.length === 1 ? path.read(0) : path.frame.registers[0]!;
  if (frames.length === 1) {
    if (result.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'r0 is an address and is returned');
    const { returns } = path.rules;
    if (returns !== undefined) {
      path.decide(0);
      const { umin, umax } = path.scalarOf(result).wide;
      if (umin < returns.min || umax > returns.max)
        path.reject('bad-return', `r0 is ${describe(result)}, not ${returns.min} to ${returns.max}`);
    }
    return undefined;
  }
  if (result.kind === 'pointer' && result.type === 'stack' && result.frame === frames.length - 1) {
    path.reject('bad-return', 'the address of the own stack is returned to the caller');
  }
  const { returnTo } = frames.pop()!;
  const depth = frames.length;
  path.frame.registers[0] = result;
  mapValues(path.state, (value) =>
    value.kind === 'pointer' && value.type === 'stack' && value.frame >= depth ? NONE : value,
  );
  return returnTo;
}
