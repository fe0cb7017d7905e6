/**
 * How addresses may be moved, and what is then known of them.
 * Linux `adjust_ptr_min_max_vals`, `check_reg_sane_offset`.
 */

import type { Instruction } from '../../ebpf/index.js';
import * as linux from '../numbers/linuxBounds.js';
import * as scalars from '../numbers/scalar.js';
import { FULL_64, normalize, type Scalar } from '../numbers/scalar.js';
import * as tnum from '../numbers/tnum.js';
import {
  ANY_NUMBER,
  describe,
  NOT_NULL,
  number,
  type Pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import { MAX_OFFSET, type Path } from './path.js';
import { checkHardening, checkMoved, checkWindow } from './unprivileged.js';

type Alu = Extract<Instruction, { kind: 'alu' }>;

/** The result of an operation of which at least one operand is an address. */
export function pointerArithmetic(path: Path, instruction: Alu, target: Value, source: Value): Value {
  const { op, width, dst, operand } = instruction;
  if (target.kind === 'pointer' && source.kind === 'pointer') {
    if (op === 'sub' && path.privileged) return ANY_NUMBER;
    path.reject('pointer-arithmetic', `${op} of two addresses`);
  }
  const isFirst = target.kind === 'pointer';
  const base = (isFirst ? target : source) as Pointer;
  const distance = path.scalarOf(isFirst ? source : target);
  if (!isFirst) path.decide(dst);
  else if ('register' in operand) path.decide(operand.register);
  const by = scalars.constantOf(distance);
  // Limits that contradict each other: this is never reached.
  if (by !== undefined && distance.wide.smin !== distance.wide.smax) return ANY_NUMBER;
  if (width === 32) {
    if (op === 'sub' && path.privileged) return ANY_NUMBER;
    path.reject('pointer-arithmetic', `32-bit arithmetic on r${dst}, an address`, 'use the 64-bit form');
  }
  checkKind(path, op, base, by);
  checkTie(path, base, isFirst ? source : target);
  checkDistance(path, base, distance);
  checkDistance(path, base, base.variable);
  checkHardening(path, instruction, base, isFirst, distance);
  if (op !== 'add' && op !== 'sub')
    path.reject(
      'pointer-arithmetic',
      `${op} on an address`,
      'addresses can only be added to and subtracted from',
    );
  // Linux takes the sum for an address in the stack of the main program.
  if (!isFirst && base.type === 'stack' && path.isLinux && path.state.frames.length > 1)
    path.reject(
      'pointer-arithmetic',
      'a stack address added to a number in a function',
      'add the number to it',
    );
  if (op === 'sub' && !isFirst) path.reject('pointer-arithmetic', 'an address subtracted from a number');
  if (op === 'sub' && base.type === 'stack')
    path.reject('pointer-arithmetic', 'subtraction from a stack address', 'add a negative number');
  const moved =
    by === undefined ? movedByNumber(path, base, op, distance) : movedByConstant(path, base, op, by);
  checkMoved(path, moved);
  if (!path.privileged && 'register' in operand) checkWindow(path, op, moved, distance);
  return moved;
}

function checkKind(path: Path, op: string, base: Pointer, by: bigint | undefined): void {
  if (NOT_NULL[base.type] !== undefined)
    path.reject('null-pointer', 'arithmetic on a pointer that may be null', 'compare it with 0 first');
  switch (base.type) {
    case 'context':
    case 'mapValue':
    case 'stack':
    case 'packet':
    case 'packetMeta':
    case 'mapKey':
    case 'record':
    case 'function':
      return;
    case 'map':
      if (by === 0n && op === 'add') return;
      break;
    default:
  }
  path.reject('pointer-arithmetic', `arithmetic on a ${base.type} address`);
}

/** Linux keeps the distance to a number's copies where addresses have their offset, and holds it to the same limit. */
function checkTie(path: Path, base: Pointer, value: Value): void {
  if (!path.isLinux || value.kind !== 'scalar') return;
  if (Math.abs(value.delta) >= Number(MAX_OFFSET))
    path.reject(
      'unbounded-offset',
      `a number that is a copy of another plus ${value.delta} added to a ${base.type} address`,
    );
}

/** `check_reg_sane_offset`. */
function checkDistance(path: Path, base: Pointer, distance: Scalar): void {
  const { smin } = distance.wide;
  const by = scalars.constantOf(distance);
  const signed = by === undefined ? 0n : BigInt.asIntN(64, by);
  if (signed >= MAX_OFFSET || signed <= -MAX_OFFSET)
    path.reject('unbounded-offset', `${signed} moves a ${base.type} address too far`);
  if (base.offset >= MAX_OFFSET || base.offset <= -MAX_OFFSET)
    path.reject('unbounded-offset', `${base.type} address moved by ${base.offset}`);
  if (smin === FULL_64.smin)
    path.reject(
      'unbounded-offset',
      `a number that may be anything added to a ${base.type} address`,
      'compare it with limits first',
    );
  if (smin >= MAX_OFFSET || smin <= -MAX_OFFSET)
    path.reject('unbounded-offset', `${describe(number(distance))} moves a ${base.type} address too far`);
}

function movedByConstant(path: Path, base: Pointer, op: 'add' | 'sub', by: bigint): Pointer {
  const signed = BigInt.asIntN(64, by);
  const moved = { ...base, offset: Number(BigInt(base.offset) + (op === 'add' ? signed : -signed)) };
  checkDistance(path, moved, moved.variable);
  return moved;
}

function movedByNumber(path: Path, base: Pointer, op: 'add' | 'sub', distance: Scalar): Pointer {
  const raw = combined(op, base.variable, distance);
  checkDistance(path, base, raw);
  const variable = synchronized(path, raw);
  if (!pointsIntoPacket(base)) return { ...base, variable };
  // Less than what is known of the old address holds for the new one where it is no further on.
  const keepsRange = op === 'sub' && distance.wide.smin >= 0n;
  return { ...base, variable, id: path.newId(), range: keepsRange ? base.range : 0 };
}

/** Ranges of the whole as the kernel adds them here: what may overflow is not known. */
function combined(op: 'add' | 'sub', a: Scalar, b: Scalar): Scalar {
  const [umin, umax] =
    op === 'add'
      ? [a.wide.umin + b.wide.umin, a.wide.umax + b.wide.umax]
      : [a.wide.umin - b.wide.umax, a.wide.umax - b.wide.umin];
  const [smin, smax] =
    op === 'add'
      ? [a.wide.smin + b.wide.smin, a.wide.smax + b.wide.smax]
      : [a.wide.smin - b.wide.smax, a.wide.smax - b.wide.smin];
  const fitsUnsigned = umin >= 0n && umax <= FULL_64.umax;
  const fitsSigned = smin >= FULL_64.smin && smax <= FULL_64.smax;
  return {
    bits: op === 'add' ? tnum.add(a.bits, b.bits) : tnum.subtract(a.bits, b.bits),
    wide: {
      ...(fitsUnsigned ? { umin, umax } : { umin: 0n, umax: FULL_64.umax }),
      ...(fitsSigned ? { smin, smax } : { smin: FULL_64.smin, smax: FULL_64.smax }),
    },
    low: scalars.FULL_32,
  };
}

function synchronized(path: Path, raw: Scalar): Scalar {
  if (!path.isLinux) return normalize(raw) ?? raw;
  const bounds = linux.open(raw);
  linux.sync(bounds);
  return linux.close(bounds);
}
