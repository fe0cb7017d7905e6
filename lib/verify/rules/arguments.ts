/**
 * What each argument of a helper has to be. Linux `check_func_arg`, `check_reg_type`.
 */

import { formatProblem, type HelperSignature } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { bufferOf } from '../state/buffers.js';
import { stackOffset } from '../state/stack.js';
import { constantText } from '../state/texts.js';
import {
  describe,
  isZero,
  mapOf,
  type Pointer,
  type PointerType,
  pointsIntoPacket,
  scalarOf,
  type Value,
} from '../state/value.js';
import { checkBuffer, checkMemoryKind, checkSize } from './buffers.js';
import { checkAlignment, checkMapValue } from './memory.js';
import { type Point, reject } from './point.js';
import { checkLock, checkReleased } from './references.js';
import type { Argument } from './requirements.js';

export function checkArgument(point: Point, argument: Argument): void {
  const { register, kind, helper } = argument;
  const value = point.value(register);
  if (kind === 'anything') {
    if (value.kind === 'pointer' && !point.privileged)
      reject(point, 'pointer-leak', `r${register} is an address, given to a helper`);
    return;
  }
  if (
    value.kind === 'pointer' &&
    pointsIntoPacket(value) &&
    (helper.packet !== true || point.rules.packet === 'none')
  )
    reject(
      point,
      'bad-argument',
      `helper ${helper.name} cannot be given packet bytes`,
      'copy them to the stack',
    );
  switch (kind) {
    case 'context':
    case 'contextOrNull':
      checkContext(point, value, register, kind === 'contextOrNull');
      return;
    case 'map':
      if (value.kind !== 'pointer' || value.type !== 'map')
        reject(point, 'bad-argument', `r${register} is ${describe(value)}, not a map`);
      return;
    case 'mapValue':
      // Maps of sockets are given sockets (`resolve_map_arg_type`).
      if (mapOf(point.value(argument.of))?.kind === 'socketMap')
        checkUnmoved(point, socketOf(point, value, register), register);
      else checkBuffer(point, bufferOf(point, argument)!);
      return;
    case 'mapValueOrNull':
      if (!isZero(value)) checkBuffer(point, bufferOf(point, argument)!);
      return;
    case 'mapKey':
    case 'outMapValue':
    case 'fixed20':
    case 'fixed40':
      checkBuffer(point, bufferOf(point, argument)!);
      return;
    case 'outFixed4':
    case 'outFixed8': {
      const buffer = bufferOf(point, argument)!;
      checkBuffer(point, buffer);
      if (value.kind === 'pointer') checkAlignment(point, value, 0, buffer.size, true);
      return;
    }
    case 'size':
    case 'sizeOrZero':
      checkSize(point, argument);
      return;
    case 'memory':
    case 'memoryOrNull':
    case 'outMemory':
    case 'outMemoryOrNull':
    case 'inOutMemory':
      checkMemoryKind(point, value, register, kind);
      return;
    default:
      checkSpecial(point, argument, value);
  }
}

/** Kinds that few helpers take. */
function checkSpecial(point: Point, { register, kind, helper }: Argument, value: Value): void {
  switch (kind) {
    case 'function':
      checkUnmoved(point, pointerOf(point, value, register, FUNCTION), register);
      return;
    case 'stackOrNull':
      if (!isZero(value)) pointerOf(point, value, register, STACK);
      return;
    case 'reservedSize':
      if (scalars.constantOf(scalarOf(value)) === undefined)
        reject(
          point,
          'bad-size',
          `r${register} is ${describe(value)}, no size that is known`,
          'use a constant',
        );
      point.decide(register);
      return;
    case 'reservedRecord':
      checkReleased(point, pointerOf(point, value, register, RECORD), register);
      return;
    case 'timer':
      checkTimer(point, value, register);
      return;
    case 'lock':
      checkLock(point, helper.number, value, register);
      return;
    case 'releasedSocket':
      checkReleased(point, socketOf(point, value, register), register);
      return;
    case 'anySocket':
      checkUnmoved(point, socketOf(point, value, register), register);
      return;
    case 'releasedStruct': {
      const given = pointerOf(point, value, register, STRUCT);
      if (given.of?.name !== helper.struct)
        reject(point, 'bad-argument', `r${register} is a struct ${given.of?.name}, not ${helper.struct}`);
      checkReleased(point, given, register);
      return;
    }
    case 'socket':
      checkUnmoved(point, pointerOf(point, value, register, SOCKETS), register);
      return;
    case 'constantText':
      checkConstantText(point, value, register);
      return;
    default:
  }
}

/** The timer of a value (`process_timer_func`). */
function checkTimer(point: Point, value: Value, register: number): void {
  const { map, offset, variable } = pointerOf(point, value, register, MAP_VALUE);
  const by = scalars.constantOf(variable);
  const at = map?.special?.find(({ name }) => name === 'timer')?.offset;
  if (by === undefined || at === undefined || at !== offset + Number(by))
    reject(point, 'bad-argument', `r${register} is no timer, which the values have at ${at ?? 'no place'}`);
}

/** Of what was acquired one argument at most is part. */
export function checkOneReference(point: Point, { arguments: kinds = [] }: HelperSignature): void {
  let held = 0;
  for (const [at, kind] of kinds.entries()) {
    const value = point.value(at + 1);
    if (kind === 'anything' || value.kind !== 'pointer' || value.reference === 0) continue;
    if (held !== 0)
      reject(
        point,
        'bad-argument',
        `r${at + 1} is in something acquired, as an argument before`,
        'copy one of them to the stack',
      );
    held = value.reference;
  }
}

/** What a helper makes text of has to have as many values as its format asks for (`check_bpf_snprintf_call`). */
export function checkFormat(point: Point, text: number, values: number, size: number): void {
  const most = scalarOf(point.value(size)).wide.umax;
  if (most % 8n !== 0n) reject(point, 'bad-size', 'the values are no array of numbers of 8 bytes');
  const isGiven = point.value(values).kind === 'pointer';
  const problem = formatProblem(constantText(point.value(text))!, isGiven ? Number(most / 8n) : 0);
  if (problem !== undefined) reject(point, 'bad-argument', problem);
}

const FUNCTION: ReadonlySet<PointerType> = new Set<PointerType>(['function']);
const MAP_VALUE: ReadonlySet<PointerType> = new Set<PointerType>(['mapValue']);
const STRUCT: ReadonlySet<PointerType> = new Set<PointerType>(['struct']);
const STACK: ReadonlySet<PointerType> = new Set<PointerType>(['stack']);
const RECORD: ReadonlySet<PointerType> = new Set<PointerType>(['record']);
const SOCKETS: ReadonlySet<PointerType> = new Set<PointerType>([
  'socket',
  'fullSocket',
  'tcpSocket',
  'xdpSocket',
]);

function pointerOf(point: Point, value: Value, register: number, types: ReadonlySet<PointerType>): Pointer {
  if (value.kind === 'pointer' && types.has(value.type)) return value;
  reject(point, 'bad-argument', `r${register} is ${describe(value)}, not ${[...types].join(' or ')}`);
}

/** Any socket, or what one was told to be; a structure that only a field has told of is none for certain. */
const socketOf = (point: Point, value: Value, register: number): Pointer =>
  value.kind === 'pointer' && value.type === 'struct' && value.size === 1
    ? value
    : pointerOf(point, value, register, SOCKETS);

function checkUnmoved(point: Point, value: Pointer, register: number): Pointer {
  if (stackOffset(value, 0) !== 0) reject(point, 'bad-argument', `r${register} has been moved`);
  return value;
}

function checkContext(point: Point, value: Value, register: number, orNull: boolean): void {
  if (orNull && isZero(value)) return;
  if (value.kind !== 'pointer' || value.type !== 'context')
    reject(point, 'bad-argument', `r${register} is ${describe(value)}, not the context`);
  if (stackOffset(value, 0) !== 0)
    reject(point, 'bad-argument', `r${register} is the context moved by ${value.offset}`);
}

/** Text that ends with a zero, in a map that nobody changes any more (`check_reg_const_str`). */
function checkConstantText(point: Point, value: Value, register: number): void {
  if (value.kind !== 'pointer' || value.type !== 'mapValue')
    reject(point, 'bad-argument', `r${register} is ${describe(value)}, no text in a map`);
  const contents = value.map?.contents;
  if (contents === undefined)
    reject(point, 'bad-argument', `r${register} is in a map that may change`, 'put the text into .rodata');
  const at = stackOffset(value, 0);
  if (at === undefined) reject(point, 'bad-argument', `r${register} is text at an offset that varies`);
  checkMapValue(point, value, 0, (value.map?.valueSize ?? 0) - at);
  const end = contents.indexOf(0, at);
  if (end < 0) reject(point, 'bad-argument', `r${register} is text without an end`);
}
