/**
 * Reads and writes through addresses: what must hold before, and what is known after.
 * Linux `check_mem_access`, `check_atomic_rmw`, `check_ld_abs`.
 */

import { FRAME_POINTER, type Instruction, type Size } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { copyState } from '../state/state.js';
import {
  ANY_NUMBER,
  describe,
  known,
  NONE,
  NOT_NULL,
  number,
  type Pointer,
  type PointerType,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { returnToCaller } from './calls.js';
import { contextAccess, socketAccess } from './context.js';
import { isWritable } from './maps.js';
import { checkAlignment, checkKnownSize, checkMapValue, checkPacket } from './memory.js';
import type { Path } from './path.js';
import { checkNothingHeld } from './references.js';
import { loadStack, type Stored, stackOffset, storeStack } from './stack.js';

export function stepLoad(
  path: Path,
  { dst, base, offset, size, signExtend }: Extract<Instruction, { kind: 'load' }>,
): void {
  const from = path.read(base);
  if (dst === FRAME_POINTER) path.reject('frame-pointer-write', 'the frame pointer is read only');
  const value = load(path, dereferenced(path, from, base), offset, size, { signExtend });
  if (value.kind !== 'scalar') {
    if (signExtend) path.reject('invalid-context-access', 'an address loaded with sign extension');
    path.write(dst, value);
    return;
  }
  path.write(dst, cut(path, value, size, signExtend));
}

/** The bytes that were loaded, as a number of 64 bits. */
function cut(path: Path, value: Extract<Value, { kind: 'scalar' }>, size: Size, signExtend: boolean): Value {
  if (size === 8) return value;
  const { scalar, id, delta, added } = value;
  if (signExtend) return number(path.numbers.moveSigned(scalar, (size * 8) as 8, 64), id, delta, added);
  if (scalar === scalars.UNKNOWN) return number(scalars.loaded(size));
  return number(path.numbers.cut(scalar, size), id, delta, added);
}

interface LoadHow {
  /** Whether the bytes go to a register. */
  readonly isKept?: boolean;
  readonly signExtend?: boolean;
  /** Natural alignment is demanded of this access. */
  readonly aligned?: boolean;
}

/** What lies there, not yet cut to its size. */
function load(path: Path, from: Pointer, offset: number, size: Size, how: LoadHow = {}): Value {
  checkAlignment(path, from, offset, size, how.aligned);
  const value = loadFrom(path, from, offset, size, how);
  sameKindOfMemory(path, from);
  return value;
}

function loadFrom(path: Path, from: Pointer, offset: number, size: Size, how: LoadHow): Value {
  switch (from.type) {
    case 'context':
      return accessContext(path, from, offset, size, false, how.signExtend === true);
    case 'stack':
      return loadStack(path, from, offset, size, how.isKept);
    case 'mapValue':
      if (from.map?.readable === false) path.reject('map-access', 'values of this map cannot be read');
      checkMapValue(path, from, offset, size);
      return readConstant(from, offset, size) ?? number(scalars.UNKNOWN);
    case 'mapKey':
      checkKnownSize(path, from, offset, size, from.map?.keySize ?? 0);
      return number(scalars.UNKNOWN);
    case 'record':
      checkKnownSize(path, from, offset, size, from.size);
      return number(scalars.UNKNOWN);
    case 'socket':
    case 'fullSocket':
    case 'tcpSocket':
      accessSocket(path, from, offset, size, false);
      return number(scalars.UNKNOWN);
    default:
      checkPacketKind(path, false);
      checkPacket(path, from, offset, size);
      return number(scalars.UNKNOWN);
  }
}

/** What a value holds that nobody changes any more (`bpf_map_direct_read`). */
function readConstant(
  { map, variable, offset: moved }: Pointer,
  offset: number,
  size: Size,
): Value | undefined {
  const by = scalars.constantOf(variable);
  if (map?.contents === undefined || by === undefined) return undefined;
  const at = moved + offset + Number(by);
  let value = 0n;
  for (let byte = size - 1; byte >= 0; byte--) value = (value << 8n) | BigInt(map.contents[at + byte] ?? 0);
  return known(value);
}

export function stepStore(
  path: Path,
  { base, offset, size, operand }: Extract<Instruction, { kind: 'store' }>,
): void {
  const value = path.operand(operand);
  const to = dereferenced(path, path.read(base), base);
  const register = 'register' in operand ? operand.register : undefined;
  store(path, to, offset, size, { value, register });
}

function store(path: Path, to: Pointer, offset: number, size: Size, stored: Stored, aligned = false): void {
  checkAlignment(path, to, offset, size, aligned);
  const leaks = stored.value.kind === 'pointer' && !path.privileged;
  switch (to.type) {
    case 'context':
      if (leaks) path.reject('pointer-leak', 'an address written to the context');
      accessContext(path, to, offset, size, true, false);
      break;
    case 'stack':
      storeStack(path, to, offset, size, stored);
      break;
    case 'mapValue':
      if (leaks) path.reject('pointer-leak', 'an address written to a map');
      if (!isWritable(to.map)) path.reject('map-access', 'values of this map cannot be written');
      checkMapValue(path, to, offset, size);
      break;
    case 'mapKey':
      path.reject('map-access', 'the key of an element cannot be written');
      break;
    case 'record':
      if (leaks) path.reject('pointer-leak', 'an address written to a record');
      checkKnownSize(path, to, offset, size, to.size);
      break;
    case 'socket':
    case 'fullSocket':
    case 'tcpSocket':
      accessSocket(path, to, offset, size, true);
      break;
    default:
      checkPacketKind(path, true);
      if (leaks) path.reject('pointer-leak', 'an address written to the packet');
      checkPacket(path, to, offset, size);
  }
  sameKindOfMemory(path, to);
}

export function stepAtomic(
  path: Path,
  { op, fetch, size, base, offset, src }: Extract<Instruction, { kind: 'atomic' }>,
): void {
  const source = path.read(src);
  const address = path.read(base);
  if (op === 'cmpxchg') {
    const expected = path.read(0);
    if (expected.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'r0 is an address and is compared with memory');
  }
  if (source.kind === 'pointer' && !path.privileged)
    path.reject('pointer-leak', `r${src} is an address and is written to memory`);
  if (address.kind === 'pointer') checkAtomicKind(path, address);
  const result = op === 'cmpxchg' ? 0 : src;
  if (fetch && result === FRAME_POINTER) path.reject('frame-pointer-write', 'the frame pointer is read only');
  // The register that takes the old value is written before the address is looked at.
  if (fetch && result === base)
    path.reject('not-a-pointer', `r${base} is the address, and takes the value that was there`);
  const target = dereferenced(path, address, base);
  const before = load(path, target, offset, size, { isKept: false, aligned: true });
  store(path, target, offset, size, { value: ANY_NUMBER, register: undefined, isOpaque: true }, true);
  // A fetched address is still one.
  if (fetch) path.write(result, before.kind === 'scalar' ? cut(path, before, size, false) : before);
}

function checkAtomicKind(path: Path, target: Pointer): void {
  if (target.type === 'context' || isSocket(target) || pointsIntoPacket(target))
    path.reject('bad-atomic', `atomic operations on ${target.type} are not allowed`);
}

/** A load that is ordered, which has to be aligned (Linux `check_atomic_load`). */
export function stepLoadAcquire(
  path: Path,
  { size, dst, base, offset }: Extract<Instruction, { kind: 'loadAcquire' }>,
): void {
  const address = path.read(base);
  if (dst === FRAME_POINTER) path.reject('frame-pointer-write', 'the frame pointer is read only');
  const from = dereferenced(path, address, base);
  checkAtomicKind(path, from);
  const value = load(path, from, offset, size, { aligned: true });
  path.write(dst, value.kind === 'scalar' ? cut(path, value, size, false) : value);
}

export function stepStoreRelease(
  path: Path,
  { size, base, offset, src }: Extract<Instruction, { kind: 'storeRelease' }>,
): void {
  const value = path.read(src);
  const to = dereferenced(path, path.read(base), base);
  checkAtomicKind(path, to);
  store(path, to, offset, size, { value, register: src }, true);
}

export function stepPacketLoad(path: Path, { size, index }: Extract<Instruction, { kind: 'packet' }>): void {
  if (!path.rules.packetLoads)
    path.reject('packet-load', 'this type of program cannot use LD_ABS and LD_IND');
  const context = path.read(6);
  if (context.kind !== 'pointer' || context.type !== 'context')
    path.reject('packet-load', 'r6 must be the context');
  if (index !== undefined) path.read(index);
  checkNothingHeld(path);
  if (stackOffset(context, 0) !== 0) path.reject('packet-load', 'r6 must be the context, not moved');
  if (path.state.frames.length > 1) endFunction(path);
  for (let register = 1; register <= 5; register++) path.frame.registers[register] = NONE;
  path.frame.registers[0] = path.isLinux ? ANY_NUMBER : number(scalars.loaded(size));
}

/** A function ends with 0 where the packet is too short. Linux has to know that it returns a number (`check_ld_abs`). */
function endFunction(path: Path): void {
  const { entry, isCallback } = path.frame;
  const isTyped = path.options.functions?.get(entry)?.returns === 'number';
  if (isCallback || (path.isLinux && !isTyped))
    path.reject('packet-load', 'LD_ABS and LD_IND cannot be used in functions here');
  const state = copyState(path.state);
  path.fork(state, returnToCaller(state, known(0n)));
}

function dereferenced(path: Path, base: Value, register: number): Pointer {
  if (base.kind !== 'pointer')
    path.reject('not-a-pointer', `r${register} is a number, ${describe(base)}, and no address`);
  if (NOT_NULL[base.type] !== undefined) {
    path.reject(
      'null-pointer',
      `r${register} may be null`,
      `compare it with 0 first: if r${register} == 0 goto …`,
    );
  }
  if (base.type === 'packetEnd' || base.type === 'map' || base.type === 'function')
    path.reject('not-a-pointer', `r${register} is ${base.type}, which has no bytes`);
  return base;
}

const SOCKETS: ReadonlySet<PointerType> = new Set<PointerType>(['socket', 'fullSocket', 'tcpSocket']);
const isSocket = ({ type }: Pointer): boolean => SOCKETS.has(type);

function checkPacketKind(path: Path, write: boolean): void {
  const { packet } = path.rules;
  if (packet === 'none' || (write && packet === 'read'))
    path.reject('outside-packet', `packets cannot be ${write ? 'written' : 'read'} by this type of program`);
}

/** Accesses to the context and to sockets are rewritten by the kernel: an instruction makes only such or none. */
function sameKindOfMemory(path: Path, { type }: Pointer): void {
  const rewritten = type === 'context' || SOCKETS.has(type) ? type : 'none';
  const before = path.rewritten.get(path.index);
  if (before !== undefined && before !== rewritten) {
    const what = (kind: string): string => (kind === 'none' ? 'other memory' : `the ${kind}`);
    path.reject(
      'mixed-pointers',
      `this instruction reaches ${what(before)} on one path and ${what(rewritten)} on another`,
    );
  }
  path.rewritten.set(path.index, rewritten);
  path.notes.access(path.index, type);
}

function accessSocket(path: Path, base: Pointer, offset: number, size: Size, write: boolean): void {
  const { smin } = base.variable.wide;
  if (smin < 0n || !socketAccess(base.type, base.offset + offset, size, write))
    path.reject(
      'invalid-context-access',
      `${write ? 'write' : 'read'} of ${size} bytes at offset ${offset} of a socket`,
    );
}

function accessContext(
  path: Path,
  base: Pointer,
  offset: number,
  size: Size,
  write: boolean,
  signExtend: boolean,
): Value {
  if (stackOffset(base, 0) !== 0)
    path.reject('invalid-context-access', `the context is read through an address moved by ${base.offset}`);
  const access = contextAccess(
    path.rules,
    offset,
    size,
    write,
    path.privileged,
    path.options.attach === 'egress',
  );
  if (access === undefined || (access.kind === 'pointer' && signExtend)) {
    path.reject(
      'invalid-context-access',
      `${write ? 'write' : 'read'} of ${size} bytes at offset ${offset} of the context`,
    );
  }
  if (access.kind === 'scalar') return number(scalars.UNKNOWN);
  return pointer(access.type, access.type === 'socketOrNull' ? { id: path.newId() } : {});
}
