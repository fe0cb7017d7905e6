/**
 * What Linux knows of numbers that are cut, extended or have their bytes swapped.
 * Linux `kernel/bpf/verifier.c` (6.18): `coerce_reg_to_size` and its like, `scalar_byte_swap`.
 */

import type { Size, Width } from '../../ebpf/index.js';
import {
  type Bounds,
  close,
  forget32,
  forgetRanges,
  LOW,
  max,
  min,
  open,
  s32,
  setBits,
  sync,
  u32,
  u64,
  zeroExtend,
} from './linuxBounds.js';
import { constant, constantOf, type Scalar } from './scalar.js';
import * as tnum from './tnum.js';

/** The low bytes, zero-extended (`coerce_reg_to_size`). */
export function cut(a: Scalar, size: Size): Scalar {
  if (size === 8) return a;
  const r = open(a);
  const mask = (1n << BigInt(size * 8)) - 1n;
  setBits(r, tnum.cast({ value: r.value, mask: r.mask }, size * 8));
  if ((r.umin & ~mask) === (r.umax & ~mask)) {
    r.umin &= mask;
    r.umax &= mask;
  } else [r.umin, r.umax] = [0n, mask];
  r.smin = r.umin;
  r.smax = r.umax;
  if (size < 4) forget32(r);
  sync(r);
  return close(r);
}

/** The low bits, sign-extended (`coerce_reg_to_size_sx`, `coerce_subreg_to_size_sx`). */
export function moveSigned(a: Scalar, from: 8 | 16 | 32, width: Width): Scalar {
  const known = constantOf(a);
  if (known !== undefined) {
    const extended = BigInt.asIntN(from, known);
    return constant(width === 64 ? u64(extended) : u32(extended));
  }
  const r = open(a);
  if (width === 64) {
    extend64(r, from);
    return close(r);
  }
  extend32(r, from);
  zeroExtend(r);
  sync(r);
  return close(r);
}

function extend64(r: Bounds, from: number): void {
  const shift = BigInt(from);
  if (r.smax >> shift === r.smin >> shift) {
    const ends = [BigInt.asIntN(from, r.smin), BigInt.asIntN(from, r.smax)];
    const [least, most] = [ends.reduce(min), ends.reduce(max)];
    if (least >= 0n === most >= 0n) {
      [r.smin, r.smax, r.umin, r.umax] = [least, most, u64(least), u64(most)];
      [r.smin32, r.smax32, r.umin32, r.umax32] = [s32(least), s32(most), u32(least), u32(most)];
      setBits(r, tnum.fromRange(u64(least), u64(most)));
      return;
    }
  }
  forgetRanges(r);
  setBits(r, tnum.UNKNOWN);
  const limitOf = 1n << BigInt(from - 1);
  [r.smin, r.smax] = [-limitOf, limitOf - 1n];
  [r.smin32, r.smax32] = [-limitOf, limitOf - 1n];
}

function extend32(r: Bounds, from: number): void {
  const shift = BigInt(from);
  if (u32(r.smax32) >> shift === u32(r.smin32) >> shift) {
    const ends = [BigInt.asIntN(from, r.smin32), BigInt.asIntN(from, r.smax32)];
    const [least, most] = [ends.reduce(min), ends.reduce(max)];
    if (least >= 0n === most >= 0n) {
      [r.smin32, r.smax32, r.umin32, r.umax32] = [least, most, u32(least), u32(most)];
      setBits(r, tnum.cast(tnum.fromRange(u64(least), u64(most)), 32));
      return;
    }
  }
  const limitOf = 1n << BigInt(from - 1);
  [r.smin32, r.smax32, r.umin32, r.umax32] = [-limitOf, limitOf - 1n, 0n, LOW];
  setBits(r, tnum.cast(tnum.UNKNOWN, 32));
}

/** Byte swaps and cuts: bits are followed, ranges come from them. */
export function swap(op: 'le' | 'be' | 'bswap', a: Scalar, bits: 16 | 32 | 64): Scalar {
  let result = a;
  if (op !== 'le') {
    const r = open(a);
    setBits(r, tnum.swapBytes({ value: r.value, mask: r.mask }, bits));
    forgetRanges(r);
    if (bits === 64) sync(r);
    result = { ...close(r) };
  }
  if (bits === 64) return result;
  return cut(result, (bits / 8) as 2 | 4);
}
