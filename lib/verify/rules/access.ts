/**
 * Reads and writes through addresses: whether there are such bytes, and whether they may be used so.
 * Linux `check_mem_access`, `check_atomic_rmw`.
 */

import { stackOffset } from '../state/stack.js';
import { describe, isSocket, NOT_NULL, type Pointer, pointsIntoPacket, type Value } from '../state/value.js';
import { contextAccess, socketAccess } from './context.js';
import { isWritable } from './maps.js';
import { checkAlignment, checkKnownSize, checkMapValue, checkPacket } from './memory.js';
import { type Point, reject } from './point.js';
import type { Access } from './requirements.js';
import { checkStackRead, checkStackWrite } from './stack.js';

export function checkAccess(point: Point, access: Access): void {
  const to = addressed(point, point.value(access.base), access.base);
  if (access.ordered === true) checkOrdered(point, to);
  checkAlignment(point, to, access.offset, access.size, access.ordered);
  checkReach(point, to, access);
  sameKindOfMemory(point, to);
}

/** The address of something that has bytes. */
function addressed(point: Point, base: Value, register: number): Pointer {
  if (base.kind !== 'pointer')
    reject(point, 'not-a-pointer', `r${register} is a number, ${describe(base)}, and no address`);
  if (NOT_NULL[base.type] !== undefined)
    reject(
      point,
      'null-pointer',
      `r${register} may be null`,
      `compare it with 0 first: if r${register} == 0 goto …`,
    );
  if (base.type === 'packetEnd' || base.type === 'map' || base.type === 'function')
    reject(point, 'not-a-pointer', `r${register} is ${base.type}, which has no bytes`);
  return base;
}

function checkOrdered(point: Point, to: Pointer): void {
  if (to.type === 'context' || to.type === 'struct' || isSocket(to) || pointsIntoPacket(to))
    reject(point, 'bad-atomic', `atomic operations on ${to.type} are not allowed`);
}

/** That the bytes are there, by the kind of memory. */
function checkReach(point: Point, to: Pointer, access: Access): void {
  const { offset, size, use } = access;
  switch (to.type) {
    case 'context':
      checkLeak(point, access, 'the context');
      checkContext(point, to, access);
      return;
    case 'stack':
      if (use !== 'write') checkStackRead(point, to, access);
      if (use !== 'read') checkStackWrite(point, to, access);
      return;
    case 'mapValue':
      if (use !== 'write' && to.map?.readable === false)
        reject(point, 'map-access', 'values of this map cannot be read');
      checkLeak(point, access, 'a map');
      if (use !== 'read' && !isWritable(to.map))
        reject(point, 'map-access', 'values of this map cannot be written');
      checkMapValue(point, to, offset, size);
      return;
    case 'mapKey':
      if (use !== 'read') reject(point, 'map-access', 'the key of an element cannot be written');
      checkKnownSize(point, to, offset, size, to.map?.keySize ?? 0);
      return;
    case 'record':
      checkLeak(point, access, 'a record');
      checkKnownSize(point, to, offset, size, to.size);
      return;
    case 'struct':
      checkStruct(point, to, access);
      return;
    case 'socket':
    case 'fullSocket':
    case 'tcpSocket':
    case 'xdpSocket':
      checkSocket(point, to, access);
      return;
    default:
      checkPacketUse(point, use !== 'read');
      checkLeak(point, access, 'the packet');
      checkPacket(point, to, offset, size);
  }
}

/** The unprivileged write no address where it could be read. */
function checkLeak(point: Point, { operand }: Access, where: string): void {
  if (point.privileged || operand === undefined) return;
  if (point.operand(operand).kind === 'pointer')
    reject(point, 'pointer-leak', `an address written to ${where}`);
}

function checkPacketUse(point: Point, write: boolean): void {
  const { packet } = point.rules;
  if (packet === 'none' || (write && packet === 'read'))
    reject(
      point,
      'outside-packet',
      `packets cannot be ${write ? 'written' : 'read'} by this type of program`,
    );
}

/** Accesses to the context and to sockets are rewritten by the kernel: an instruction makes only such or none. */
function sameKindOfMemory(point: Point, to: Pointer): void {
  const { rewritten } = point.elsewhere;
  const now = to.type === 'context' || to.type === 'struct' || isSocket(to) ? to.type : 'none';
  const before = rewritten.get(point.index);
  if (before !== undefined && before !== now) {
    const what = (kind: string): string => (kind === 'none' ? 'other memory' : `the ${kind}`);
    reject(
      point,
      'mixed-pointers',
      `this instruction reaches ${what(before)} on one path and ${what(now)} on another`,
    );
  }
  rewritten.set(point.index, now);
}

function checkSocket(point: Point, base: Pointer, { offset, size, use }: Access): void {
  const { smin } = base.variable.wide;
  if (smin < 0n || !socketAccess(base.type, base.offset + offset, size, use !== 'read'))
    reject(
      point,
      'invalid-context-access',
      `${use === 'read' ? 'read' : 'write'} of ${size} bytes at offset ${offset} of a socket`,
    );
}

/** Linux `check_ptr_to_btf_access`. */
function checkStruct(point: Point, to: Pointer, { offset, size, use, signExtend }: Access): void {
  const at = stackOffset(to, offset);
  const what = at === undefined || at < 0 || use !== 'read' ? undefined : to.of!.read(at, size);
  if (what === undefined || (signExtend === true && what !== 'number'))
    reject(
      point,
      'invalid-context-access',
      `${use === 'read' ? 'read' : 'write'} of ${size} bytes at offset ${at ?? 'that varies'} of struct ${to.of!.name}`,
    );
  if (point.isLinux && point.options.gpl === false)
    reject(point, 'privileged-only', 'structures of the kernel are for programs under the GPL');
}

function checkContext(point: Point, base: Pointer, { offset, size, use, signExtend }: Access): void {
  if (stackOffset(base, 0) !== 0)
    reject(point, 'invalid-context-access', `the context is read through an address moved by ${base.offset}`);
  const isEgress = point.options.attach === 'egress';
  const access = contextAccess(point.rules, offset, size, use !== 'read', point.privileged, isEgress);
  if (access === undefined || (access.kind === 'pointer' && signExtend === true))
    reject(
      point,
      'invalid-context-access',
      `${use === 'read' ? 'read' : 'write'} of ${size} bytes at offset ${offset} of the context`,
    );
}
