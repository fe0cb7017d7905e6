/**
 * How addresses may be moved.
 * Linux `check_alu_op`, `adjust_ptr_min_max_vals`, `check_reg_sane_offset`.
 */

import type { Instruction } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { FULL_64, type Scalar } from '../numbers/scalar.js';
import { isContradiction, movedBy } from '../state/addresses.js';
import { describe, NOT_NULL, number, type Pointer, scalarOf, type Value } from '../state/value.js';
import { MAX_OFFSET, type Point, reject } from './point.js';
import { checkHardening, checkMoved, checkWindow, sameOnAllPaths } from './unprivileged.js';

type Alu = Extract<Instruction, { kind: 'alu' }>;

/** Of an operation of which an operand may be an address. */
export function checkArithmetic(point: Point, instruction: Alu): void {
  const { op, dst, operand } = instruction;
  const source = point.operand(operand);
  const target = point.value(dst);
  if (target.kind === 'pointer' || source.kind === 'pointer') checkMove(point, instruction, target, source);
  else if (!point.privileged && 'register' in operand && (op === 'add' || op === 'sub'))
    sameOnAllPaths(point, 'numbers');
}

function checkMove(point: Point, instruction: Alu, target: Value, source: Value): void {
  const { op, width, dst, operand } = instruction;
  if (target.kind === 'pointer' && source.kind === 'pointer') {
    if (op === 'sub' && point.privileged) return;
    reject(point, 'pointer-arithmetic', `${op} of two addresses`);
  }
  const isFirst = target.kind === 'pointer';
  const base = (isFirst ? target : source) as Pointer;
  const distance = scalarOf(isFirst ? source : target);
  if (!isFirst) point.decide(dst);
  else if ('register' in operand) point.decide(operand.register);
  if (isContradiction(distance)) return;
  if (width === 32) {
    if (op === 'sub' && point.privileged) return;
    reject(point, 'pointer-arithmetic', `32-bit arithmetic on r${dst}, an address`, 'use the 64-bit form');
  }
  checkKind(point, op, base, scalars.constantOf(distance));
  checkTie(point, base, isFirst ? source : target);
  checkDistance(point, base, distance);
  checkDistance(point, base, base.variable);
  checkHardening(point, instruction, base, isFirst, distance);
  if (op !== 'add' && op !== 'sub')
    reject(
      point,
      'pointer-arithmetic',
      `${op} on an address`,
      'addresses can only be added to and subtracted from',
    );
  checkOrder(point, op, base, isFirst);
  const { offset, variable } = movedBy(base, op, distance);
  checkDistance(point, { type: base.type, offset }, variable);
  if (point.privileged) return;
  const moved = { ...base, offset, variable };
  checkMoved(point, moved);
  if ('register' in operand) checkWindow(point, op, moved, distance);
}

function checkOrder(point: Point, op: 'add' | 'sub', base: Pointer, isFirst: boolean): void {
  // Linux takes the sum for an address in the stack of the main program.
  if (!isFirst && base.type === 'stack' && point.isLinux && point.state.frames.length > 1)
    reject(
      point,
      'pointer-arithmetic',
      'a stack address added to a number in a function',
      'add the number to it',
    );
  if (op === 'sub' && !isFirst) reject(point, 'pointer-arithmetic', 'an address subtracted from a number');
  if (op === 'sub' && base.type === 'stack')
    reject(point, 'pointer-arithmetic', 'subtraction from a stack address', 'add a negative number');
}

function checkKind(point: Point, op: string, base: Pointer, by: bigint | undefined): void {
  if (NOT_NULL[base.type] !== undefined)
    reject(point, 'null-pointer', 'arithmetic on a pointer that may be null', 'compare it with 0 first');
  switch (base.type) {
    case 'context':
    case 'mapValue':
    case 'stack':
    case 'packet':
    case 'packetMeta':
    case 'mapKey':
    case 'record':
    case 'function':
    case 'struct':
      return;
    case 'map':
      if (by === 0n && op === 'add') return;
      break;
    default:
  }
  reject(point, 'pointer-arithmetic', `arithmetic on a ${base.type} address`);
}

/** Linux keeps the distance to a number's copies where addresses have their offset, and holds it to the same limit. */
function checkTie(point: Point, base: Pointer, value: Value): void {
  if (!point.isLinux || value.kind !== 'scalar') return;
  if (Math.abs(value.delta) >= Number(MAX_OFFSET))
    reject(
      point,
      'unbounded-offset',
      `a number that is a copy of another plus ${value.delta} added to a ${base.type} address`,
    );
}

/** `check_reg_sane_offset`. */
function checkDistance(point: Point, base: Pick<Pointer, 'type' | 'offset'>, distance: Scalar): void {
  const { smin } = distance.wide;
  const by = scalars.constantOf(distance);
  const signed = by === undefined ? 0n : BigInt.asIntN(64, by);
  if (signed >= MAX_OFFSET || signed <= -MAX_OFFSET)
    reject(point, 'unbounded-offset', `${signed} moves a ${base.type} address too far`);
  if (base.offset >= MAX_OFFSET || base.offset <= -MAX_OFFSET)
    reject(point, 'unbounded-offset', `${base.type} address moved by ${base.offset}`);
  if (smin === FULL_64.smin)
    reject(
      point,
      'unbounded-offset',
      `a number that may be anything added to a ${base.type} address`,
      'compare it with limits first',
    );
  if (smin >= MAX_OFFSET || smin <= -MAX_OFFSET)
    reject(point, 'unbounded-offset', `${describe(number(distance))} moves a ${base.type} address too far`);
}
