/**
 * What the operations do to what Linux knows of their operands.
 * Linux `kernel/bpf/verifier.c` (6.18): `adjust_scalar_min_max_vals`, `coerce_reg_to_size` and their like.
 */

import type { AluOperation, Width } from '../../ebpf/index.js';
import {
  type Bounds,
  close,
  forget32,
  forget64,
  LOW,
  limit,
  limit32,
  max,
  min,
  open,
  S32_MAX,
  S32_MIN,
  s32,
  s64,
  setBits,
  setKnown,
  setKnown32,
  sync,
  u32,
  u64,
  zeroExtend,
} from './linuxBounds.js';
import { constant, FULL_64, type Scalar, UNKNOWN } from './scalar.js';
import * as tnum from './tnum.js';

const isConstant = (r: Bounds): boolean => r.mask === 0n;
const isConstant32 = (r: Bounds): boolean => (r.mask & LOW) === 0n;

/** Every result that `a op b` can have, as far as Linux knows. */
export function alu(op: AluOperation, a: Scalar, b: Scalar, width: Width): Scalar {
  if (op === 'mov') return width === 64 ? b : moved32(b);
  const r = open(op === 'neg' ? constant(0n) : a);
  const by = open(op === 'neg' ? a : b);
  if (!isTracked(op, by, width)) return UNKNOWN;
  operate(op, r, by, width);
  if (width === 32) zeroExtend(r);
  sync(r);
  return close(r);
}

function moved32(a: Scalar): Scalar {
  const r = open(a);
  zeroExtend(r);
  sync(r);
  return close(r);
}

/** Whether anything is known of a result: division is not followed, shifts are by a constant. */
function isTracked(op: AluOperation, by: Bounds, width: Width): boolean {
  switch (op) {
    case 'lsh':
    case 'rsh':
    case 'arsh': {
      const isKnown =
        width === 32
          ? isConstant32(by) && by.smin32 === by.smax32 && by.umin32 === by.umax32
          : isConstant(by) && by.smin === by.smax && by.umin === by.umax;
      return isKnown && by.umax < BigInt(width);
    }
    case 'div':
    case 'mod':
    case 'sdiv':
    case 'smod':
      return false;
    default:
      return true;
  }
}

function operate(op: AluOperation, r: Bounds, by: Bounds, width: Width): void {
  switch (op) {
    case 'add':
      add(r, by);
      return;
    case 'sub':
    case 'neg':
      subtract(r, by);
      return;
    case 'mul':
      setBits(r, tnum.multiply({ value: r.value, mask: r.mask }, { value: by.value, mask: by.mask }));
      multiply(r, by);
      return;
    case 'and':
    case 'or':
    case 'xor':
      bitwise(op, r, by);
      return;
    case 'lsh':
      if (width === 32) shiftLeft32(r, by.umin32);
      else shiftLeft(r, by.umin);
      return;
    case 'rsh':
    case 'arsh':
      shiftRight(op === 'arsh', r, width === 32 ? by.umin32 : by.umin, width);
  }
}

/** Both operands to one; also how a register follows one that it differs from by a constant. */
export function add(r: Bounds, by: Bounds): void {
  const [smin32, smax32] = [r.smin32 + by.smin32, r.smax32 + by.smax32];
  const fits32 = smin32 >= S32_MIN && smax32 <= S32_MAX && smin32 <= S32_MAX && smax32 >= S32_MIN;
  [r.smin32, r.smax32] = fits32 ? [smin32, smax32] : [S32_MIN, S32_MAX];
  const [umin32, umax32] = [r.umin32 + by.umin32, r.umax32 + by.umax32];
  // Limits that both wrap, or both do not, are still limits.
  if (umin32 <= LOW && umax32 > LOW) [r.umin32, r.umax32] = [0n, LOW];
  else [r.umin32, r.umax32] = [u32(umin32), u32(umax32)];
  const [smin, smax] = [r.smin + by.smin, r.smax + by.smax];
  [r.smin, r.smax] = fits64(smin) && fits64(smax) ? [smin, smax] : [FULL_64.smin, FULL_64.smax];
  const [umin, umax] = [r.umin + by.umin, r.umax + by.umax];
  if (umin <= FULL_64.umax && umax > FULL_64.umax) [r.umin, r.umax] = [0n, FULL_64.umax];
  else [r.umin, r.umax] = [u64(umin), u64(umax)];
  setBits(r, tnum.add({ value: r.value, mask: r.mask }, { value: by.value, mask: by.mask }));
}

const fits64 = (value: bigint): boolean => value >= FULL_64.smin && value <= FULL_64.smax;
const fits32 = (value: bigint): boolean => value >= S32_MIN && value <= S32_MAX;

function subtract(r: Bounds, by: Bounds): void {
  const [smin32, smax32] = [r.smin32 - by.smax32, r.smax32 - by.smin32];
  [r.smin32, r.smax32] = fits32(smin32) && fits32(smax32) ? [smin32, smax32] : [S32_MIN, S32_MAX];
  const [umin32, umax32] = [r.umin32 - by.umax32, r.umax32 - by.umin32];
  if (umin32 < 0n && umax32 >= 0n) [r.umin32, r.umax32] = [0n, LOW];
  else [r.umin32, r.umax32] = [u32(umin32), u32(umax32)];
  const [smin, smax] = [r.smin - by.smax, r.smax - by.smin];
  [r.smin, r.smax] = fits64(smin) && fits64(smax) ? [smin, smax] : [FULL_64.smin, FULL_64.smax];
  const [umin, umax] = [r.umin - by.umax, r.umax - by.umin];
  if (umin < 0n && umax >= 0n) [r.umin, r.umax] = [0n, FULL_64.umax];
  else [r.umin, r.umax] = [u64(umin), u64(umax)];
  setBits(r, tnum.subtract({ value: r.value, mask: r.mask }, { value: by.value, mask: by.mask }));
}

function multiply(r: Bounds, by: Bounds): void {
  const [umin32, umax32] = [r.umin32 * by.umin32, r.umax32 * by.umax32];
  const fits = umin32 <= LOW && umax32 <= LOW;
  const corners32 = [r.smin32 * by.smin32, r.smin32 * by.smax32, r.smax32 * by.smin32, r.smax32 * by.smax32];
  [r.umin32, r.umax32] = fits ? [umin32, umax32] : [0n, LOW];
  [r.smin32, r.smax32] = corners32.every(fits32)
    ? [corners32.reduce(min), corners32.reduce(max)]
    : [S32_MIN, S32_MAX];
  const [umin, umax] = [r.umin * by.umin, r.umax * by.umax];
  const corners = [r.smin * by.smin, r.smin * by.smax, r.smax * by.smin, r.smax * by.smax];
  [r.umin, r.umax] = umin <= FULL_64.umax && umax <= FULL_64.umax ? [umin, umax] : [0n, FULL_64.umax];
  [r.smin, r.smax] = corners.every(fits64)
    ? [corners.reduce(min), corners.reduce(max)]
    : [FULL_64.smin, FULL_64.smax];
}

function bitwise(op: 'and' | 'or' | 'xor', r: Bounds, by: Bounds): void {
  const known = isConstant(by);
  const known32 = isConstant32(by);
  const before = { umin: r.umin, umax: r.umax, umin32: r.umin32, umax32: r.umax32 };
  const [a, b] = [
    { value: r.value, mask: r.mask },
    { value: by.value, mask: by.mask },
  ];
  setBits(r, op === 'and' ? tnum.and(a, b) : op === 'or' ? tnum.or(a, b) : tnum.xor(a, b));
  const possible = r.value | r.mask;
  if (known32 && isConstant32(r)) setKnown32(r, r.value);
  else {
    const low = r.value & LOW;
    r.umin32 = op === 'or' ? max(before.umin32, by.umin32) : low;
    r.umax32 = op === 'and' ? min(before.umax32, by.umax32) : possible & LOW;
    const [first, last] = [s32(r.umin32), s32(r.umax32)];
    [r.smin32, r.smax32] = first <= last ? [first, last] : [S32_MIN, S32_MAX];
  }
  if (known && isConstant(r)) {
    setKnown(r, r.value);
    return;
  }
  r.umin = op === 'or' ? max(before.umin, by.umin) : r.value;
  r.umax = op === 'and' ? min(before.umax, by.umax) : possible;
  const [first, last] = [s64(r.umin), s64(r.umax)];
  [r.smin, r.smax] = first <= last ? [first, last] : [FULL_64.smin, FULL_64.smax];
  limit(r);
}

function shiftLeftLow(r: Bounds, count: bigint): void {
  r.smin32 = S32_MIN;
  r.smax32 = S32_MAX;
  if (count > 31n || r.umax32 > 1n << (31n - count)) [r.umin32, r.umax32] = [0n, LOW];
  else [r.umin32, r.umax32] = [u32(r.umin32 << count), u32(r.umax32 << count)];
}

function shiftLeft32(r: Bounds, count: bigint): void {
  shiftLeftLow(r, count);
  setBits(r, tnum.cast(tnum.shiftLeft(tnum.cast({ value: r.value, mask: r.mask }, 32), Number(count)), 32));
  forget64(r);
  limit32(r);
}

function shiftLeft(r: Bounds, count: bigint): void {
  // With a shift to the right behind it this is how a half is sign-extended.
  const isHalf = count === 32n;
  r.smax = isHalf ? r.smax32 << 32n : FULL_64.smax;
  r.smin = isHalf ? r.smin32 << 32n : FULL_64.smin;
  if (r.umax > 1n << (63n - count)) [r.umin, r.umax] = [0n, FULL_64.umax];
  else [r.umin, r.umax] = [u64(r.umin << count), u64(r.umax << count)];
  shiftLeftLow(r, count);
  setBits(r, tnum.shiftLeft({ value: r.value, mask: r.mask }, Number(count)));
  limit(r);
}

function shiftRight(isSigned: boolean, r: Bounds, count: bigint, width: Width): void {
  const bits = { value: r.value, mask: r.mask };
  setBits(
    r,
    isSigned
      ? tnum.shiftRightSigned(bits, Number(count), width)
      : tnum.shiftRight(bits, Number(count), width),
  );
  if (width === 32) {
    if (isSigned) {
      [r.smin32, r.smax32] = [r.smin32 >> count, r.smax32 >> count];
      [r.umin32, r.umax32] = [0n, LOW];
    } else {
      [r.umin32, r.umax32] = [r.umin32 >> count, r.umax32 >> count];
      [r.smin32, r.smax32] = [S32_MIN, S32_MAX];
    }
    forget64(r);
    limit32(r);
    return;
  }
  if (isSigned) {
    [r.smin, r.smax] = [r.smin >> count, r.smax >> count];
    [r.umin, r.umax] = [0n, FULL_64.umax];
  } else {
    [r.umin, r.umax] = [r.umin >> count, r.umax >> count];
    [r.smin, r.smax] = [FULL_64.smin, FULL_64.smax];
  }
  forget32(r);
  limit(r);
}
