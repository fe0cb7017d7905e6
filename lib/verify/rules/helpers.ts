/**
 * Calls of helpers: what each argument has to be, and what is known afterwards.
 * Linux `check_helper_call`, `check_func_arg`, `check_helper_mem_access`.
 */

import { type ArgumentKind, type HelperSignature, signatureFor } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { copyState, mapValues, SLOT, type State } from '../state/state.js';
import {
  ANY_NUMBER,
  describe,
  type MapInfo,
  NONE,
  number,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { returnToCaller } from './calls.js';
import { checkMapHelper, constantKey, isWritable, mayLookUpNull } from './maps.js';
import { checkAlignment, checkMapValue, checkPacket } from './memory.js';
import { MAX_OFFSET, type Path } from './path.js';
import { byteAt, frameOf, place, readsBytes, setByte, stackOffset, stackRange } from './stack.js';

const TAIL_CALL = 12;
const PROCESSOR_ID = 8;
/** Most processors that Linux can be built for; how many there are is for the machine to know. */
const MOST_PROCESSORS = 8192;
/** `probe_read_*_str`: an error, or no more bytes than were asked for. */
const STRING_READS = new Set([114, 115]);
const MOST_ERRORS = 4095n;

/** What the arguments so far have told. */
interface Call {
  readonly row: HelperSignature;
  map: MapInfo | undefined;
  /** The key, where it lies on the stack and is known. */
  key: number | undefined;
  memory: { readonly value: Value; readonly register: number; readonly kind: ArgumentKind } | undefined;
  /** The largest size that was given. */
  most: bigint;
}

export function stepHelper(path: Path, helper: number): void {
  const row = signatureFor(helper, path.rules.letter);
  if (row === undefined)
    path.reject('unknown-helper', `helper ${helper} cannot be called by this type of program`);
  if (!path.privileged && row.privileged === true)
    path.reject('privileged-only', `helper ${helper} (${row.name}) is for privileged users`);
  if (row.arguments === undefined)
    path.reject('unknown-helper', `helper ${helper} (${row.name}) is not available here`);
  if (row.sleeps === true)
    path.reject(
      'unknown-helper',
      `helper ${helper} (${row.name}) may sleep, which this type of program may not`,
    );
  const call: Call = { row, map: undefined, key: undefined, memory: undefined, most: 0n };
  for (const [position, kind] of row.arguments.entries()) checkArgument(path, call, position + 1, kind);
  if (call.map !== undefined) checkMapHelper(path, helper, call.map);
  if (helper === TAIL_CALL) {
    path.decide(3);
    if (!path.privileged) sameMap(path, call.map);
  }
  const { registers } = path.frame;
  for (let register = 1; register <= 5; register++) registers[register] = NONE;
  if (helper === TAIL_CALL) leaveByTailCall(path);
  else if (row.changesPacket === true) forgetPacket(path, path.state);
  registers[0] = resultOf(path, call);
}

function checkArgument(path: Path, call: Call, register: number, kind: ArgumentKind): void {
  const value = path.read(register);
  if (kind === 'anything') {
    if (value.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', `r${register} is an address, given to a helper`);
    return;
  }
  if (
    value.kind === 'pointer' &&
    pointsIntoPacket(value) &&
    (call.row.packet !== true || path.rules.packet === 'none')
  )
    path.reject(
      'bad-argument',
      `helper ${call.row.name} cannot be given packet bytes`,
      'copy them to the stack',
    );
  switch (kind) {
    case 'context':
    case 'contextOrNull':
      checkContext(path, value, register, kind === 'contextOrNull');
      return;
    case 'map':
      if (value.kind !== 'pointer' || value.type !== 'map')
        path.reject('bad-argument', `r${register} is ${describe(value)}, not a map`);
      call.map = value.map;
      return;
    case 'mapKey':
      checkBuffer(path, value, register, call.map?.keySize ?? 0, 'read');
      call.key = constantKey(path, value, call.map);
      return;
    case 'mapValue':
    case 'outMapValue':
      checkBuffer(path, value, register, call.map?.valueSize ?? 0, kind === 'mapValue' ? 'read' : 'fill');
      return;
    case 'fixed20':
    case 'fixed40':
    case 'outFixed4':
    case 'outFixed8': {
      const size = Number(/\d+$/.exec(kind)![0]);
      checkBuffer(path, value, register, size, kind.startsWith('out') ? 'fill' : 'read');
      if (kind.startsWith('out') && value.kind === 'pointer') checkAlignment(path, value, 0, size, true);
      return;
    }
    case 'size':
    case 'sizeOrZero':
      checkSize(path, call, value, register, kind === 'sizeOrZero');
      return;
    default:
      checkMemoryKind(path, value, register, kind);
      call.memory = { value, register, kind };
  }
}

function checkContext(path: Path, value: Value, register: number, orNull: boolean): void {
  if (orNull && value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n) return;
  if (value.kind !== 'pointer' || value.type !== 'context')
    path.reject('bad-argument', `r${register} is ${describe(value)}, not the context`);
  if (stackOffset(value, 0) !== 0)
    path.reject('bad-argument', `r${register} is the context moved by ${value.offset}`);
}

/**
 * Behind a tail call the path goes on where none was made, and there nothing has changed. Where one was made in a
 * function, its caller goes on, with any result, and with a packet that may be another.
 */
function leaveByTailCall(path: Path): void {
  if (path.state.frames.length === 1) return;
  const state = copyState(path.state);
  forgetPacket(path, state);
  path.fork(state, returnToCaller(state, ANY_NUMBER));
}

/** An unprivileged tail call uses one map, whatever path led to it. */
function sameMap(path: Path, map: MapInfo | undefined): void {
  const before = path.tailCallMaps.get(path.index);
  if (before !== undefined && before !== map)
    path.reject('bad-argument', 'this tail call uses different maps on different paths');
  path.tailCallMaps.set(path.index, map);
}

const hasBytes = (value: Value): boolean =>
  value.kind === 'pointer' &&
  (value.type === 'stack' || value.type === 'mapValue' || pointsIntoPacket(value));

function checkMemoryKind(path: Path, value: Value, register: number, kind: ArgumentKind): void {
  if (hasBytes(value)) return;
  if (kind === 'memoryOrNull' && value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n) return;
  path.reject('bad-argument', `r${register} is ${describe(value)}, which has no bytes a helper could use`);
}

/** `check_mem_size_reg`: the memory is the argument before. */
function checkSize(path: Path, call: Call, size: Value, register: number, zeroAllowed: boolean): void {
  const memory = call.memory!;
  path.decide(register);
  path.decide(memory.register);
  if (size.kind !== 'scalar') path.reject('bad-argument', `r${register} is an address, not a size`);
  const { smin, umin, umax } = size.scalar.wide;
  if (smin < 0n) path.reject('bad-size', `r${register} may be negative, ${smin}`, 'check that it is not');
  if (umin === 0n && !zeroAllowed)
    path.reject('bad-size', `r${register} may be zero`, 'check that it is not');
  if (umax >= MAX_OFFSET) path.reject('bad-size', `r${register} has no limit`, 'compare it with one first');
  call.most = umax;
  const { value, kind } = memory;
  if (!hasBytes(value)) {
    if (umax !== 0n) path.reject('bad-argument', `r${memory.register} is null and the size is not zero`);
    return;
  }
  const fills = kind === 'outMemory' ? 'fill' : kind === 'inOutMemory' ? 'write' : 'read';
  const isExact = scalars.constantOf(size.scalar) !== undefined;
  checkBuffer(path, value, memory.register, Number(umax), fills === 'fill' && !isExact ? 'write' : fills);
}

/** What a helper does with bytes: read them, read and write them, or fill them without a look. */
type Use = 'read' | 'write' | 'fill';

function checkBuffer(path: Path, value: Value, register: number, size: number, use: Use): void {
  if (value.kind !== 'pointer')
    path.reject('bad-argument', `r${register} is a number, ${describe(value)}, not an address`);
  switch (value.type) {
    case 'stack': {
      const { from, to } = stackRange(path, value, 0, size);
      const isFixed = stackOffset(value, 0) !== undefined;
      useStack(path, value, from, to, use === 'fill' && !isFixed ? 'write' : use);
      return;
    }
    case 'mapValue':
      if (use !== 'read' && !isWritable(value.map))
        path.reject('map-access', 'values of this map cannot be written');
      if (use === 'read' && value.map?.readable === false)
        path.reject('map-access', 'values of this map cannot be read');
      checkMapValue(path, value, 0, size);
      return;
    case 'packet':
    case 'packetMeta':
      checkPacket(path, value, 0, size);
      return;
    default:
      path.reject('bad-argument', `r${register} is ${value.type}, which has no bytes a helper could use`);
  }
}

/** `check_stack_range_initialized`. */
function useStack(
  path: Path,
  base: Extract<Value, { kind: 'pointer' }>,
  from: number,
  to: number,
  use: Use,
): void {
  const frame = frameOf(path, base);
  if (to === from && !path.privileged && from < -SLOT * frame.slots.length)
    path.reject('uninitialized-stack', `stack byte fp${from} holds nothing yet`);
  if (use !== 'fill' && to > from) readsBytes(path, base, from, to);
  for (let byte = from; byte < to; byte++) {
    const kind = byteAt(frame, byte);
    if (kind === 'none') path.notes.readUnwritten();
    if (use === 'fill') {
      const { spilled } = frame.slots[place(byte).slot] ?? { spilled: NONE };
      if (spilled.kind === 'pointer' && !path.privileged)
        path.reject('pointer-leak', 'part of an address on the stack is overwritten');
      setByte(frame, byte, 'any');
      continue;
    }
    if (kind === 'none' && !path.privileged)
      path.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
    const { slot } = place(byte);
    if (kind === 'spill' && frame.slots[slot]!.spilled.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', `stack byte fp${byte} is part of an address`);
    if (use === 'write') setByte(frame, byte, 'any');
  }
}

/** Addresses in the packet are void once it may have moved. */
function forgetPacket({ privileged }: Path, state: State): void {
  mapValues(state, (value) =>
    value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
      ? privileged
        ? ANY_NUMBER
        : NONE
      : value,
  );
}

function resultOf(path: Path, { row, map, key, most }: Call): Value {
  switch (row.result) {
    case 'void':
      return NONE;
    case 'mapValueOrNull':
      if (row.number === 1 && !mayLookUpNull(map, key)) return pointer('mapValue', { map, id: path.newId() });
      return pointer('mapValueOrNull', { map, id: path.newId() });
    default:
  }
  if (row.number === PROCESSOR_ID)
    return limited(path, 0n, BigInt(path.options.processors ?? MOST_PROCESSORS) - 1n);
  if (STRING_READS.has(row.number)) return limited(path, -MOST_ERRORS, most);
  return ANY_NUMBER;
}

function limited(path: Path, smin: bigint, smax: bigint): Value {
  const wide = { ...scalars.FULL_64, smin, smax };
  const low = { ...scalars.FULL_32, smin, smax };
  const scalar = scalars.settled({ ...scalars.UNKNOWN, wide, low });
  return number(path.numbers.alu('add', scalar, scalars.constant(0n), 64));
}
