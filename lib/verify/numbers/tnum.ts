/**
 * Tristate numbers: what is known of each bit of a 64-bit value.
 *
 * A tnum stands for all values that agree with `value` outside `mask`; bits set in `mask` are not
 * known. Invariant: `value & mask` is 0. The operations give the best, or a sound, tnum for all results
 * (Vishwanathan et al., "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers", CGO
 * 2022; Linux `kernel/bpf/tnum.c`).
 */
import type { Width } from '../../ebpf/index.js';

export interface Tnum {
  readonly value: bigint;
  readonly mask: bigint;
}

export const ALL_BITS = 0xffff_ffff_ffff_ffffn;
const LOW = 0xffff_ffffn;

const cut = (value: bigint): bigint => value & ALL_BITS;
const tnum = (value: bigint, mask: bigint): Tnum => ({ value: cut(value & ~mask), mask: cut(mask) });

export const UNKNOWN: Tnum = { value: 0n, mask: ALL_BITS };
export const constant = (value: bigint): Tnum => ({ value: cut(value), mask: 0n });
export const isConstant = ({ mask }: Tnum): boolean => mask === 0n;
export const contains = ({ value, mask }: Tnum, member: bigint): boolean =>
  (member & ~mask & ALL_BITS) === value;
/** Whether every member of `inner` is one of `outer`. */
export const includes = (outer: Tnum, inner: Tnum): boolean =>
  (inner.mask & ~outer.mask) === 0n && (inner.value & ~outer.mask) === outer.value;

/** Bits needed for a non-negative number below 2^64. */
export function bitLength(value: bigint): number {
  const upper = Number(value >> 32n);
  return upper === 0 ? 32 - Math.clz32(Number(value)) : 64 - Math.clz32(upper);
}

/** The smallest tnum that holds every value from `min` to `max`, unsigned. */
export function fromRange(min: bigint, max: bigint): Tnum {
  const differing = bitLength(min ^ max);
  if (differing > 63) return UNKNOWN;
  const mask = (1n << BigInt(differing)) - 1n;
  return tnum(min & ~mask, mask);
}

export function add(a: Tnum, b: Tnum): Tnum {
  const sumOfMasks = a.mask + b.mask;
  const sumOfValues = a.value + b.value;
  const carries = (sumOfMasks + sumOfValues) ^ sumOfValues;
  return tnum(cut(sumOfValues), cut(carries | a.mask | b.mask));
}

export function subtract(a: Tnum, b: Tnum): Tnum {
  const difference = a.value - b.value;
  const borrows = (difference + a.mask) ^ (difference - b.mask);
  return tnum(cut(difference), cut(borrows | a.mask | b.mask));
}

export const negate = (a: Tnum): Tnum => subtract(constant(0n), a);

export function and(a: Tnum, b: Tnum): Tnum {
  const possible = (a.value | a.mask) & (b.value | b.mask);
  const certain = a.value & b.value;
  return tnum(certain, possible & ~certain);
}

export function or(a: Tnum, b: Tnum): Tnum {
  const certain = a.value | b.value;
  return tnum(certain, (a.mask | b.mask) & ~certain);
}

export function xor(a: Tnum, b: Tnum): Tnum {
  const mask = a.mask | b.mask;
  return tnum(a.value ^ b.value, mask);
}

/** The product, summed from partial products: certain parts exactly, uncertain ones as masks. */
export function multiply(a: Tnum, b: Tnum): Tnum {
  const certain = cut(a.value * b.value);
  let uncertain: Tnum = constant(0n);
  let [multiplier, shifted] = [a, b];
  while (multiplier.value !== 0n || multiplier.mask !== 0n) {
    if ((multiplier.value & 1n) !== 0n) uncertain = add(uncertain, { value: 0n, mask: shifted.mask });
    else if ((multiplier.mask & 1n) !== 0n)
      uncertain = add(uncertain, { value: 0n, mask: cut(shifted.value | shifted.mask) });
    multiplier = { value: multiplier.value >> 1n, mask: multiplier.mask >> 1n };
    shifted = shiftLeft(shifted, 1);
  }
  return add(constant(certain), uncertain);
}

export const shiftLeft = (a: Tnum, count: number): Tnum =>
  tnum(cut(a.value << BigInt(count)), cut(a.mask << BigInt(count)));

/** Logical shift of the low `width` bits. */
export function shiftRight(a: Tnum, count: number, width: Width): Tnum {
  const { value, mask } = cast(a, width);
  return { value: value >> BigInt(count), mask: mask >> BigInt(count) };
}

/** Arithmetic shift of the low `width` bits; the result is cut to them. */
export function shiftRightSigned(a: Tnum, count: number, width: Width): Tnum {
  const value = BigInt.asIntN(width, a.value) >> BigInt(count);
  const mask = BigInt.asIntN(width, a.mask) >> BigInt(count);
  return cast(tnum(cut(value), cut(mask)), width);
}

/** The low bits, zero-extended. */
export function cast({ value, mask }: Tnum, bits: number): Tnum {
  return { value: BigInt.asUintN(bits, value), mask: BigInt.asUintN(bits, mask) };
}

/** The low bits, sign-extended to 64. */
export function signExtend({ value, mask }: Tnum, bits: number): Tnum {
  return tnum(cut(BigInt.asIntN(bits, value)), cut(BigInt.asIntN(bits, mask)));
}

/** Values in both, `undefined` when there are none. */
export function intersect(a: Tnum, b: Tnum): Tnum | undefined {
  const both = ~a.mask & ~b.mask & ALL_BITS;
  if (((a.value ^ b.value) & both) !== 0n) return undefined;
  const mask = a.mask & b.mask;
  return tnum(a.value | b.value, mask);
}

/** What holds of both. */
export const union = (a: Tnum, b: Tnum): Tnum => {
  const mask = a.mask | b.mask | (a.value ^ b.value);
  return tnum(a.value & b.value, mask);
};

/** Replaces the low 32 bits. */
export const withLow = (a: Tnum, low: Tnum): Tnum => ({
  value: (a.value & ~LOW & ALL_BITS) | (low.value & LOW),
  mask: (a.mask & ~LOW & ALL_BITS) | (low.mask & LOW),
});

/** The low bytes in the other order; what lies above is gone. */
export function swapBytes({ value, mask }: Tnum, bits: 16 | 32 | 64): Tnum {
  return { value: reversed(value, bits), mask: reversed(mask, bits) };
}

function reversed(value: bigint, bits: number): bigint {
  let result = 0n;
  for (let i = 0; i < bits; i += 8) result = (result << 8n) | ((value >> BigInt(i)) & 0xffn);
  return result;
}
