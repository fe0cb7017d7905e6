/**
 * Arithmetic: on numbers by the transfer functions, on addresses by the rules for moving them.
 * Linux `adjust_reg_min_max_vals`, `adjust_ptr_min_max_vals`, `sanitize_ptr_alu`.
 */

import type { Instruction, Operand } from '../../ebpf/instruction.js';
import { FRAME_POINTER, STACK_SIZE, type Width } from '../../ebpf/opcodes.js';
import * as scalars from '../numbers/scalar.js';
import { type Scalar, zeroExtended } from '../numbers/scalar.js';
import { alu } from '../numbers/transfer.js';
import {
  ANY_NUMBER,
  describe,
  known,
  number,
  type Pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { checkMapValue } from './access.js';
import { MAX_OFFSET, type Path } from './path.js';

export function stepAlu(
  path: Path,
  { op, width, dst, operand }: Extract<Instruction, { kind: 'alu' }>,
): void {
  if (op === 'mov') {
    const value = path.operand(operand);
    if (width === 64) {
      if (
        'register' in operand &&
        value.kind === 'scalar' &&
        scalars.constantOf(value.scalar) === undefined
      ) {
        path.write(dst, path.share(operand.register, value));
        return;
      }
      path.write(dst, value);
      return;
    }
    if (value.kind === 'pointer') {
      if (!path.privileged)
        path.reject('pointer-leak', 'half of an address is still an address', 'copy all 64 bits');
      path.write(dst, number(zeroExtended(scalars.UNKNOWN)));
      return;
    }
    const scalar = path.scalarOf(value);
    if (
      'register' in operand &&
      scalar.wide.umax <= 0xffff_ffffn &&
      scalars.constantOf(scalar) === undefined
    ) {
      const shared = path.share(operand.register, value);
      path.write(dst, shared);
      return;
    }
    path.write(dst, number(zeroExtended(scalar)));
    return;
  }
  const source = op === 'neg' ? known(0n) : path.operand(operand);
  const target = path.read(dst);
  if (dst === FRAME_POINTER) path.reject('frame-pointer-write', 'the frame pointer is read only');
  if (op === 'neg') {
    if (target.kind === 'pointer') {
      pointerAsNumber(path, dst);
      path.write(dst, number(width === 64 ? scalars.UNKNOWN : zeroExtended(scalars.UNKNOWN)));
      return;
    }
  } else if (target.kind === 'pointer' || source.kind === 'pointer') {
    path.write(dst, pointerArithmetic(path, op, width, target, source, dst, registerOf(operand)));
    return;
  }
  if (op === 'lsh' || op === 'rsh' || op === 'arsh') {
    if ('constant' in operand && (operand.constant < 0 || operand.constant >= width)) {
      path.reject('bad-shift', `a shift by ${operand.constant} of ${width} bits`);
    }
  }
  if (
    (op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod') &&
    'constant' in operand &&
    operand.constant === 0
  ) {
    path.reject('division-by-zero', 'division by the constant 0');
  }
  if (!path.privileged && 'register' in operand && (op === 'add' || op === 'sub'))
    sameOnAllPaths(path, 'numbers');
  path.write(dst, number(alu(op, path.scalarOf(target), path.scalarOf(source), width)));
}

const registerOf = (operand: Operand): number | undefined =>
  'register' in operand ? operand.register : undefined;

/** The unprivileged may not turn an address into a number they could print. */
export function pointerAsNumber(path: Path, register: number): void {
  if (!path.privileged)
    path.reject(
      'pointer-leak',
      `r${register} is an address, which unprivileged programs may not compute with`,
    );
}

function pointerArithmetic(
  path: Path,
  op: string,
  width: Width,
  target: Value,
  source: Value,
  dst: number,
  register: number | undefined,
): Value {
  if (width === 32) {
    if (op === 'sub' && path.privileged) return number(zeroExtended(scalars.UNKNOWN));
    path.reject('pointer-arithmetic', `32-bit arithmetic on r${dst}, an address`, 'use the 64-bit form');
  }
  if (target.kind === 'pointer' && source.kind === 'pointer') {
    if (op === 'sub' && path.privileged) return ANY_NUMBER;
    path.reject('pointer-arithmetic', `${op} of two addresses`);
  }
  if (op !== 'add' && op !== 'sub')
    path.reject(
      'pointer-arithmetic',
      `${op} on an address`,
      'addresses can only be added to and subtracted from',
    );
  const base = (target.kind === 'pointer' ? target : source) as Pointer;
  const distance = path.scalarOf(target.kind === 'pointer' ? source : target);
  if (op === 'sub' && target.kind !== 'pointer')
    path.reject('pointer-arithmetic', 'an address subtracted from a number');
  const by = scalars.constantOf(distance);
  if (target.kind !== 'pointer') path.decide(dst);
  else if (register !== undefined) path.decide(register);
  switch (base.type) {
    case 'mapValueOrNull':
    case 'socketOrNull':
      path.reject('null-pointer', 'arithmetic on a pointer that may be null', 'compare it with 0 first');
      break;
    case 'map':
      if (by !== 0n || op !== 'add') path.reject('pointer-arithmetic', 'arithmetic on a map');
      break;
    case 'socket':
      path.reject('pointer-arithmetic', 'arithmetic on a socket');
      break;
    case 'packetEnd':
      path.reject('pointer-arithmetic', 'arithmetic on the end of the packet');
      break;
    case 'stack':
      if (op === 'sub')
        path.reject('pointer-arithmetic', 'subtraction from a stack address', 'add a negative number');
      break;
  }
  if (!path.privileged && register !== undefined) {
    if (base.type !== 'stack' && base.type !== 'mapValue')
      path.reject(
        'pointer-arithmetic',
        `a register added to a ${base.type} address`,
        'unprivileged programs may add constants only',
      );
    const form = `${target === base ? 'address + register' : 'register + address'}, ${distance.wide.smin < 0n ? 'down' : 'up'}, ${by === undefined ? 'varying' : 'constant'}`;
    sameOnAllPaths(
      path,
      form,
      by === undefined ? distance.wide.umax : BigInt.asIntN(64, by),
      by === undefined,
    );
  }
  const { smin, smax } = distance.wide;
  if (by === undefined && smin === scalars.FULL_64.smin) {
    path.reject(
      'unbounded-offset',
      `a number that may be anything added to a ${base.type} address`,
      'compare it with limits first',
    );
  }
  if (
    smin <= -MAX_OFFSET ||
    smin >= MAX_OFFSET ||
    (by !== undefined && (smax >= MAX_OFFSET || smax <= -MAX_OFFSET))
  ) {
    path.reject('unbounded-offset', `${describe(number(distance))} moves a ${base.type} address too far`);
  }
  return moved(path, base, op, distance, by);
}

/**
 * For the unprivileged an instruction does the same kind of arithmetic on every path: the kernel hardens
 * it against speculation, and can do so in one way only (Linux `sanitize_ptr_alu`).
 */
function sameOnAllPaths(path: Path, form: string, distance = 0n, mayShrink = false): void {
  const before = path.operations.get(path.index);
  const fits =
    before === undefined ||
    (before.form === form && (mayShrink ? distance <= before.distance : distance === before.distance));
  if (!fits)
    path.reject(
      'pointer-arithmetic',
      'this instruction adds different things on different paths',
      'give each path an instruction of its own',
    );
  if (before === undefined) path.operations.set(path.index, { form, distance });
}

function moved(path: Path, base: Pointer, op: string, distance: Scalar, by: bigint | undefined): Value {
  if (by !== undefined) {
    const signed = BigInt.asIntN(64, by);
    const offset = BigInt(base.offset) + (op === 'add' ? signed : -signed);
    if (offset >= MAX_OFFSET || offset <= -MAX_OFFSET)
      path.reject('unbounded-offset', `${base.type} address moved by ${offset}`);
    if (base.type === 'context' || base.type === 'map') return { ...base, offset: Number(offset) };
    const moved = { ...base, offset: Number(offset) };
    checkUnprivilegedMove(path, moved);
    return moved;
  }
  const variable = alu(op === 'add' ? 'add' : 'sub', base.variable, distance, 64);
  const { smin, smax } = variable.wide;
  if (smin <= -MAX_OFFSET || smin >= MAX_OFFSET || (smax === scalars.FULL_64.smax && base.type === 'stack')) {
    path.reject(
      'unbounded-offset',
      `${base.type} address with an offset of ${smin} to ${smax}`,
      'compare the offset with limits first',
    );
  }
  const grows = op === 'add' || distance.wide.smin < 0n;
  const moved: Pointer = pointsIntoPacket(base)
    ? { ...base, variable, id: path.newId(), range: grows ? 0 : base.range }
    : { ...base, variable };
  if (base.type === 'context')
    path.reject('pointer-arithmetic', 'a number that is not known added to the context');
  checkUnprivilegedMove(path, moved);
  return moved;
}

/** Unprivileged programs may not even compute addresses out of bounds (Linux `sanitize_check_bounds`). */
function checkUnprivilegedMove(path: Path, moved: Pointer): void {
  if (path.privileged) return;
  if (moved.type === 'stack') {
    const at = scalars.constantOf(moved.variable);
    if (at === undefined)
      path.reject(
        'pointer-arithmetic',
        'a stack address with a variable offset',
        'that is for privileged users',
      );
    const offset = moved.offset + Number(BigInt.asIntN(64, at));
    if (offset >= 0 || offset < -STACK_SIZE)
      path.reject(
        'outside-stack',
        `stack address fp${offset}`,
        'stay within 512 bytes below the frame pointer',
      );
  }
  if (moved.type === 'mapValue') checkMapValue(path, moved, 0, 1);
}
