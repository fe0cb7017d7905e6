/**
 * What each argument of a helper has to be. Linux `check_func_arg`, `check_reg_type`.
 */

import type { ArgumentKind, HelperSignature } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import {
  describe,
  type MapInfo,
  type Pointer,
  type PointerType,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { checkBuffer, checkMemoryKind, checkSize, type GivenMemory } from './buffers.js';
import { constantKey } from './maps.js';
import { checkAlignment, checkMapValue } from './memory.js';
import type { Path } from './path.js';
import { checkReleased, lockOrUnlock } from './references.js';
import { stackOffset } from './stack.js';

/** What the arguments so far have told. */
export interface Call {
  readonly row: HelperSignature;
  map: MapInfo | undefined;
  /** The key, where it lies on the stack and is known. */
  key: number | undefined;
  memory: GivenMemory | undefined;
  /** The largest size that was given. */
  most: bigint;
  /** The size of what is to be reserved. */
  reserved: number;
  /** First instruction of the function that is to be called. */
  callee: number | undefined;
  /** What is given back. */
  released: number | undefined;
  /** What was acquired, of which something is given: once in all arguments. */
  reference: number;
  /** The socket, or what else of sockets was given. */
  socket: Pointer | undefined;
  /** The text that never changes. */
  text: string | undefined;
}

export function checkArgument(path: Path, call: Call, register: number, kind: ArgumentKind): void {
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
  if (value.kind === 'pointer' && value.reference !== 0) {
    if (call.reference !== 0)
      path.reject(
        'bad-argument',
        `r${register} is in something acquired, as an argument before`,
        'copy one of them to the stack',
      );
    call.reference = value.reference;
  }
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
      call.most = checkSize(path, call.memory!, value, register, kind === 'sizeOrZero');
      return;
    case 'memory':
    case 'memoryOrNull':
    case 'outMemory':
    case 'outMemoryOrNull':
    case 'inOutMemory':
      checkMemoryKind(path, value, register, kind);
      call.memory = { value, register, kind };
      return;
    default:
      checkSpecial(path, call, register, kind, value);
  }
}

/** Kinds that few helpers take. */
function checkSpecial(path: Path, call: Call, register: number, kind: ArgumentKind, value: Value): void {
  switch (kind) {
    case 'function':
      call.callee = checkUnmoved(path, pointerOf(path, value, register, FUNCTION), register).size;
      return;
    case 'stackOrNull':
      if (!isNull(value)) pointerOf(path, value, register, STACK);
      return;
    case 'reservedSize': {
      const size = value.kind === 'scalar' ? scalars.constantOf(value.scalar) : undefined;
      if (size === undefined)
        path.reject(
          'bad-size',
          `r${register} is ${describe(value)}, no size that is known`,
          'use a constant',
        );
      path.decide(register);
      call.reserved = Number(BigInt.asUintN(32, size));
      return;
    }
    case 'reservedRecord':
      pointerOf(path, value, register, RECORD);
      call.released = checkReleased(path, value, register);
      return;
    case 'lock':
      lockOrUnlock(path, call.row.number, value, register);
      return;
    case 'releasedSocket':
      pointerOf(path, value, register, SOCKETS);
      call.released = checkReleased(path, value, register);
      return;
    case 'socket':
      call.socket = checkUnmoved(path, pointerOf(path, value, register, SOCKETS), register);
      return;
    case 'constantText':
      call.text = constantText(path, value, register);
      return;
    default:
  }
}

const FUNCTION: ReadonlySet<PointerType> = new Set<PointerType>(['function']);
const STACK: ReadonlySet<PointerType> = new Set<PointerType>(['stack']);
const RECORD: ReadonlySet<PointerType> = new Set<PointerType>(['record']);
const SOCKETS: ReadonlySet<PointerType> = new Set<PointerType>(['socket', 'fullSocket', 'tcpSocket']);

const isNull = (value: Value): boolean => value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n;

function pointerOf(path: Path, value: Value, register: number, types: ReadonlySet<PointerType>): Pointer {
  if (value.kind === 'pointer' && types.has(value.type)) return value;
  return path.reject('bad-argument', `r${register} is ${describe(value)}, not ${[...types].join(' or ')}`);
}

function checkUnmoved(path: Path, value: Pointer, register: number): Pointer {
  if (stackOffset(value, 0) !== 0) path.reject('bad-argument', `r${register} has been moved`);
  return value;
}

function checkContext(path: Path, value: Value, register: number, orNull: boolean): void {
  if (orNull && isNull(value)) return;
  if (value.kind !== 'pointer' || value.type !== 'context')
    path.reject('bad-argument', `r${register} is ${describe(value)}, not the context`);
  if (stackOffset(value, 0) !== 0)
    path.reject('bad-argument', `r${register} is the context moved by ${value.offset}`);
}

/** Text that ends with a zero, in a map that nobody changes any more (`check_reg_const_str`). */
function constantText(path: Path, value: Value, register: number): string {
  if (value.kind !== 'pointer' || value.type !== 'mapValue')
    path.reject('bad-argument', `r${register} is ${describe(value)}, no text in a map`);
  const contents = value.map?.contents;
  if (contents === undefined)
    path.reject('bad-argument', `r${register} is in a map that may change`, 'put the text into .rodata');
  const at = stackOffset(value, 0);
  if (at === undefined) path.reject('bad-argument', `r${register} is text at an offset that varies`);
  checkMapValue(path, value, 0, (value.map?.valueSize ?? 0) - at);
  const end = contents.indexOf(0, at);
  if (end < 0) path.reject('bad-argument', `r${register} is text without an end`);
  return String.fromCharCode(...contents.subarray(at, end));
}
