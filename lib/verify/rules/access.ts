/**
 * Reads and writes through addresses: what must hold before, and what is known after.
 * Linux `check_mem_access`, `check_ctx_access`, `check_packet_access`, `check_map_access`, `check_atomic`.
 */

import type { Instruction } from '../../ebpf/instruction.js';
import { FRAME_POINTER, type Size } from '../../ebpf/opcodes.js';
import * as scalars from '../numbers/scalar.js';
import { alu, moveSigned } from '../numbers/transfer.js';
import {
  ANY_NUMBER,
  describe,
  NONE,
  NOT_NULL,
  number,
  type Pointer,
  pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { contextAccess, socketAccess } from './context.js';
import { MAX_OFFSET, type Path } from './path.js';
import { loadStack, storeStack } from './stack.js';

export function stepLoad(
  path: Path,
  { dst, base, offset, size, signExtend }: Extract<Instruction, { kind: 'load' }>,
): void {
  if (dst === FRAME_POINTER) path.reject('frame-pointer-write', 'the frame pointer is read only');
  const value = load(path, path.read(base), base, offset, size);
  if (!signExtend) {
    path.write(dst, value);
    return;
  }
  if (value.kind === 'pointer')
    path.reject('invalid-context-access', 'an address loaded with sign extension');
  const loaded = path.scalarOf(value);
  const limited = scalars.includes(scalars.loaded(size), loaded) ? loaded : scalars.loaded(size);
  path.write(dst, number(moveSigned(limited, (size * 8) as 8 | 16 | 32, 64)));
}

function load(path: Path, base: Value, register: number, offset: number, size: Size): Value {
  const from = dereferenced(path, base, register);
  sameKindOfMemory(path, from);
  checkAlignment(path, from, offset, size);
  switch (from.type) {
    case 'context':
      return accessContext(path, from, offset, size, false);
    case 'stack':
      return loadStack(path, from, offset, size);
    case 'mapValue': {
      checkMapValue(path, from, offset, size);
      if (from.map?.readable === false) path.reject('map-access', 'values of this map cannot be read');
      return number(scalars.loaded(size));
    }
    case 'socket':
      accessSocket(path, offset, size, false);
      return number(scalars.loaded(size));
    default:
      checkPacket(path, from, offset, size, false);
      return number(scalars.loaded(size));
  }
}

export function store(
  path: Path,
  base: Value,
  register: number,
  offset: number,
  size: Size,
  value: Value,
  source: number | undefined,
): void {
  const to = dereferenced(path, base, register);
  sameKindOfMemory(path, to);
  checkAlignment(path, to, offset, size);
  const leaks = value.kind === 'pointer' && !path.privileged;
  switch (to.type) {
    case 'context':
      if (leaks) path.reject('pointer-leak', 'an address written to the context');
      accessContext(path, to, offset, size, true);
      return;
    case 'stack':
      storeStack(path, to, offset, size, value, source);
      return;
    case 'mapValue':
      if (leaks) path.reject('pointer-leak', 'an address written to a map');
      checkMapValue(path, to, offset, size);
      if (to.map?.writable === false) path.reject('map-access', 'values of this map cannot be written');
      return;
    case 'socket':
      accessSocket(path, offset, size, true);
      return;
    default:
      if (leaks) path.reject('pointer-leak', 'an address written to the packet');
      checkPacket(path, to, offset, size, true);
  }
}

export function stepAtomic(
  path: Path,
  { op, fetch, size, base, offset, src }: Extract<Instruction, { kind: 'atomic' }>,
): void {
  const source = path.read(src);
  const target = dereferenced(path, path.read(base), base);
  if (op === 'cmpxchg') {
    const expected = path.read(0);
    if (expected.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'r0 is an address and is compared with memory');
  }
  if (source.kind === 'pointer') {
    if (!path.privileged) path.reject('pointer-leak', `r${src} is an address and is written to memory`);
  }
  if (target.type === 'context' || pointsIntoPacket(target))
    path.reject('bad-atomic', `atomic operations on ${target.type} are not allowed`);
  const low = BigInt(size - 1);
  const { bits } = alu('add', target.variable, scalars.constant(BigInt(target.offset + offset)), 64);
  if ((bits.value & low) !== 0n || (bits.mask & low) !== 0n)
    path.reject('misaligned', `an atomic operation on ${size} bytes that are not aligned`);
  const before = load(path, target, base, offset, size);
  store(path, target, base, offset, size, ANY_NUMBER, undefined);
  // A fetched address is still one.
  if (fetch) path.write(op === 'cmpxchg' ? 0 : src, before);
}

export function stepPacketLoad(path: Path, { size, index }: Extract<Instruction, { kind: 'packet' }>): void {
  if (!path.rules.packetLoads)
    path.reject('packet-load', 'this type of program cannot use LD_ABS and LD_IND');
  const context = path.read(6);
  if (context.kind !== 'pointer' || context.type !== 'context')
    path.reject('packet-load', 'r6 must be the context');
  if (context.offset !== 0) path.reject('packet-load', 'r6 must be the context, not moved');
  if (index !== undefined) {
    const value = path.read(index);
    if (value.kind === 'pointer' && !path.privileged)
      path.reject('pointer-leak', 'an address used as an offset');
  }
  if (path.state.frames.length > 1) {
    // In a function an early end would not come back to the caller.
    path.reject('packet-load', 'LD_ABS and LD_IND cannot be used in functions here');
  }
  for (let register = 1; register <= 5; register++) path.frame.registers[register] = NONE;
  path.frame.registers[0] = number(scalars.loaded(size));
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
  if (base.type === 'packetEnd' || base.type === 'map')
    path.reject('not-a-pointer', `r${register} is ${base.type}, which has no bytes`);
  return base;
}

function checkAlignment(path: Path, base: Pointer, offset: number, size: Size): void {
  if (size === 1) return;
  if (base.type !== 'stack' && path.options.strictAlignment !== true) return;
  // The packet itself starts two bytes off a multiple of four, so that IP headers are aligned.
  const start = pointsIntoPacket(base) ? 2 : 0;
  const total = start + base.offset + offset;
  const { bits } = alu('add', base.variable, scalars.constant(BigInt(total)), 64);
  const low = BigInt(size - 1);
  if ((bits.value & low) !== 0n || (bits.mask & low) !== 0n) {
    path.reject(
      'misaligned',
      `${size} bytes of ${base.type} at offset ${base.offset + offset}, which is no multiple of ${size}`,
    );
  }
}

/** Accesses to the context and to sockets are rewritten by the kernel: an instruction makes only such or none. */
function sameKindOfMemory(path: Path, { type }: Pointer): void {
  const rewritten = type === 'context' || type === 'socket' ? type : 'none';
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

function accessSocket(path: Path, offset: number, size: Size, write: boolean): void {
  if (!socketAccess(offset, size, write))
    path.reject(
      'invalid-context-access',
      `${write ? 'write' : 'read'} of ${size} bytes at offset ${offset} of a socket`,
    );
}

function accessContext(path: Path, base: Pointer, offset: number, size: Size, write: boolean): Value {
  if (base.offset !== 0)
    path.reject('invalid-context-access', `the context is read through an address moved by ${base.offset}`);
  const access = contextAccess(path.rules, offset, size, write);
  if (access === undefined) {
    path.reject(
      'invalid-context-access',
      `${write ? 'write' : 'read'} of ${size} bytes at offset ${offset} of the context`,
    );
  }
  if (access.kind === 'scalar') return number(scalars.loaded(size));
  return pointer(access.type, access.type === 'socketOrNull' ? { id: path.newId() } : {});
}

export function checkPacket(path: Path, base: Pointer, offset: number, size: number, write: boolean): void {
  const { packet } = path.rules;
  if (packet === 'none' || (write && packet === 'read'))
    path.reject('outside-packet', `packets cannot be ${write ? 'written' : 'read'} by this type of program`);
  const { smin } = base.variable.wide;
  if (smin < 0n)
    path.reject('unbounded-offset', `the offset in r may be negative, ${smin}`, 'check that it is not');
  const start = base.offset + offset;
  if (start < 0 || start + size > base.range) {
    const remedy = `compare the address + ${start + size} with the end of the packet first`;
    path.reject(
      'outside-packet',
      `bytes ${start} to ${start + size - 1} of the packet, of which ${base.range} are known to be there`,
      remedy,
    );
  }
}

export function checkMapValue(path: Path, base: Pointer, offset: number, size: number): void {
  const { smin, umax } = base.variable.wide;
  const limit = base.map?.valueSize ?? 0;
  const start = BigInt(base.offset + offset);
  if (start + smin < 0n)
    path.reject(
      'outside-map-value',
      `offset ${start + smin} of a map value`,
      'check that the offset is not negative',
    );
  if (umax >= MAX_OFFSET)
    path.reject(
      'unbounded-offset',
      'an offset in a map value that may be anything',
      'compare it with a limit first',
    );
  if (start + umax + BigInt(size) > BigInt(limit)) {
    path.reject(
      'outside-map-value',
      `bytes up to ${start + umax + BigInt(size) - 1n} of a map value of ${limit}`,
    );
  }
}
