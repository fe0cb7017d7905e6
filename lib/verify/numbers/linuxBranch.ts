/**
 * Which way Linux takes a comparison to go, and what it learns of the operands where it goes both ways.
 * Linux `kernel/bpf/verifier.c` (6.18): `is_scalar_branch_taken`, `regs_refine_cond_op`, `reg_set_min_max`.
 */

import { BRANCH_ROWS, type BranchOperation, type Width } from '../../ebpf/index.js';
import {
  type Bounds,
  close,
  forgetRanges,
  intersectBits,
  LOW,
  max,
  min,
  open,
  s32,
  s64,
  sync,
  u32,
  u64,
} from './linuxBounds.js';
import { type Comparison, constantOf, type Scalar } from './scalar.js';
import * as tnum from './tnum.js';

type Refinement = BranchOperation | 'noCommonBit';

const negations = new Map(BRANCH_ROWS.map(({ name, negation }) => [name, negation]));

/** `isSame`: a register is compared with itself, and what is learnt of one operand is learnt of the other at once. */
export function compare(op: BranchOperation, a: Scalar, b: Scalar, width: Width, isSame = false): Comparison {
  const outcome = decide(op, a, b, width);
  if (outcome !== undefined) return { outcome };
  return {
    outcome: undefined,
    holds: refine(op, a, b, width, isSame),
    fails: refine(negations.get(op) ?? 'noCommonBit', a, b, width, isSame),
  };
}

const constantIn = (scalar: Scalar, width: Width): bigint | undefined =>
  width === 64 ? constantOf(scalar) : (scalar.bits.mask & LOW) === 0n ? scalar.bits.value & LOW : undefined;

/** The outcome where it is certain. */
export function decide(op: BranchOperation, a: Scalar, b: Scalar, width: Width): boolean | undefined {
  const [x, y] = width === 64 ? [a.wide, b.wide] : [a.low, b.low];
  switch (op) {
    case 'jeq':
      return neverEqual(a, b, width) ? false : bothConstant(a, b, width) ? true : undefined;
    case 'jne':
      return neverEqual(a, b, width) ? true : bothConstant(a, b, width) ? false : undefined;
    case 'jset':
      return decideCommonBit(a, b, width);
    case 'jgt':
      return x.umin > y.umax ? true : x.umax <= y.umin ? false : undefined;
    case 'jsgt':
      return x.smin > y.smax ? true : x.smax <= y.smin ? false : undefined;
    case 'jlt':
      return x.umax < y.umin ? true : x.umin >= y.umax ? false : undefined;
    case 'jslt':
      return x.smax < y.smin ? true : x.smin >= y.smax ? false : undefined;
    case 'jge':
      return x.umin >= y.umax ? true : x.umax < y.umin ? false : undefined;
    case 'jsge':
      return x.smin >= y.smax ? true : x.smax < y.smin ? false : undefined;
    case 'jle':
      return x.umax <= y.umin ? true : x.umin > y.umax ? false : undefined;
    case 'jsle':
      return x.smax <= y.smin ? true : x.smin > y.smax ? false : undefined;
  }
}

const bothConstant = (a: Scalar, b: Scalar, width: Width): boolean =>
  constantIn(a, width) !== undefined && constantIn(b, width) !== undefined;

function neverEqual(a: Scalar, b: Scalar, width: Width): boolean {
  const [first, second] = [constantIn(a, width), constantIn(b, width)];
  if (first !== undefined && second !== undefined) return first !== second;
  if (tnum.intersect(tnum.cast(a.bits, width), tnum.cast(b.bits, width)) === undefined) return true;
  const apart = (x: Scalar['wide'], y: Scalar['wide']): boolean =>
    x.umin > y.umax || x.umax < y.umin || x.smin > y.smax || x.smax < y.smin;
  if (width === 32) return apart(a.low, b.low);
  return apart(a.wide, b.wide) || apart(a.low, b.low);
}

function decideCommonBit(a: Scalar, b: Scalar, width: Width): boolean | undefined {
  let constant = constantIn(b, width);
  let other = a;
  if (constant === undefined) {
    constant = constantIn(a, width);
    other = b;
  }
  if (constant === undefined) return undefined;
  const { value, mask } = tnum.cast(other.bits, width);
  if ((value & constant) !== 0n) return true;
  return ((value | mask) & constant) === 0n ? false : undefined;
}

/** What holds of the operands where the comparison holds. */
function refine(
  op: Refinement,
  a: Scalar,
  b: Scalar,
  width: Width,
  isSame: boolean,
): { readonly a: Scalar; readonly b: Scalar } {
  const x = open(a);
  const y = isSame ? x : open(b);
  switch (op) {
    case 'jeq':
      equal(x, y, width);
      break;
    case 'jne':
    case 'jset':
    case 'noCommonBit': {
      const second = constantIn(b, width);
      const constant = second ?? constantIn(a, width);
      if (constant !== undefined) refineByConstant(op, second === undefined ? y : x, constant, width);
      break;
    }
    case 'jgt':
    case 'jsgt':
      order(y, x, width, op === 'jsgt', 1n);
      break;
    case 'jge':
    case 'jsge':
      order(y, x, width, op === 'jsge', 0n);
      break;
    case 'jlt':
    case 'jslt':
      order(x, y, width, op === 'jslt', 1n);
      break;
    default:
      order(x, y, width, op === 'jsle', 0n);
  }
  sync(x);
  sync(y);
  return { a: close(x), b: close(y) };
}

function equal(x: Bounds, y: Bounds, width: Width): void {
  if (width === 32) {
    x.umin32 = y.umin32 = max(x.umin32, y.umin32);
    x.umax32 = y.umax32 = min(x.umax32, y.umax32);
    x.smin32 = y.smin32 = max(x.smin32, y.smin32);
    x.smax32 = y.smax32 = min(x.smax32, y.smax32);
    const mask = x.mask & y.mask & LOW;
    const value = (x.value | y.value) & LOW & ~mask;
    for (const r of [x, y]) {
      r.value = (r.value & ~LOW) | value;
      r.mask = (r.mask & ~LOW) | mask;
    }
    return;
  }
  x.umin = y.umin = max(x.umin, y.umin);
  x.umax = y.umax = min(x.umax, y.umax);
  x.smin = y.smin = max(x.smin, y.smin);
  x.smax = y.smax = min(x.smax, y.smax);
  intersectBits(x, y);
  y.value = x.value;
  y.mask = x.mask;
}

function refineByConstant(op: 'jne' | 'jset' | 'noCommonBit', r: Bounds, value: bigint, width: Width): void {
  if (op === 'jne') {
    excludeEnd(r, value, width);
    return;
  }
  if (op === 'jset') {
    // Of several bits one is set, and which is not known.
    if ((value & (value - 1n)) !== 0n || value === 0n) return;
    r.value |= value;
    r.mask &= ~value;
    return;
  }
  forgetRanges(r);
  r.value &= ~value;
  r.mask &= ~value;
}

function excludeEnd(r: Bounds, value: bigint, width: Width): void {
  if (width === 32) {
    if (r.umin32 === value) r.umin32 = u32(r.umin32 + 1n);
    if (r.umax32 === value) r.umax32 = u32(r.umax32 - 1n);
    const signed = s32(value);
    if (r.smin32 === signed) r.smin32 = s32(r.smin32 + 1n);
    if (r.smax32 === signed) r.smax32 = s32(r.smax32 - 1n);
    return;
  }
  if (r.umin === value) r.umin = u64(r.umin + 1n);
  if (r.umax === value) r.umax = u64(r.umax - 1n);
  const signed = s64(value);
  if (r.smin === signed) r.smin = s64(r.smin + 1n);
  if (r.smax === signed) r.smax = s64(r.smax - 1n);
}

/** `less + gap <= more`. */
function order(less: Bounds, more: Bounds, width: Width, isSigned: boolean, gap: bigint): void {
  if (width === 32) {
    if (isSigned) {
      less.smax32 = min(less.smax32, s32(more.smax32 - gap));
      more.smin32 = max(s32(less.smin32 + gap), more.smin32);
    } else {
      less.umax32 = min(less.umax32, u32(more.umax32 - gap));
      more.umin32 = max(u32(less.umin32 + gap), more.umin32);
    }
    return;
  }
  if (isSigned) {
    less.smax = min(less.smax, s64(more.smax - gap));
    more.smin = max(s64(less.smin + gap), more.smin);
  } else {
    less.umax = min(less.umax, u64(more.umax - gap));
    more.umin = max(u64(less.umin + gap), more.umin);
  }
}
