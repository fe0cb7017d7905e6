/**
 * What is known of a number: its bits, and its range as unsigned and signed value of 64 and of 32 bits.
 *
 * A {@link Scalar} stands for the values that satisfy all five at once. {@link normalize} lets each
 * learn from the others, as Linux's `reg_bounds_sync` does; every operation here returns a normal form.
 */

import type { Width } from '../../ebpf/index.js';
import type { Tnum } from './tnum.js';
import * as tnum from './tnum.js';

/** Inclusive limits of one width. */
export interface Range {
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
}

export interface Scalar {
  readonly bits: Tnum;
  /** Of the whole value. */
  readonly wide: Range;
  /** Of its low 32 bits. */
  readonly low: Range;
}

const unsignedMax = (width: Width): bigint => (1n << BigInt(width)) - 1n;
const signedMax = (width: Width): bigint => (1n << BigInt(width - 1)) - 1n;
const signedMin = (width: Width): bigint => -(1n << BigInt(width - 1));

export const FULL_64: Range = { umin: 0n, umax: unsignedMax(64), smin: signedMin(64), smax: signedMax(64) };
export const FULL_32: Range = { umin: 0n, umax: unsignedMax(32), smin: signedMin(32), smax: signedMax(32) };
export const UNKNOWN: Scalar = { bits: tnum.UNKNOWN, wide: FULL_64, low: FULL_32 };

const pointRange = (value: bigint, width: Width): Range => {
  const unsigned = BigInt.asUintN(width, value);
  const signed = BigInt.asIntN(width, value);
  return { umin: unsigned, umax: unsigned, smin: signed, smax: signed };
};

export const constant = (value: bigint): Scalar => ({
  bits: tnum.constant(value),
  wide: pointRange(value, 64),
  low: pointRange(value, 32),
});

/** The one value a scalar can have, unsigned; `undefined` when there are several. */
export const constantOf = ({ bits }: Scalar): bigint | undefined =>
  tnum.isConstant(bits) ? bits.value : undefined;
export const lowConstantOf = ({ bits }: Scalar): bigint | undefined => {
  const low = tnum.cast(bits, 32);
  return tnum.isConstant(low) ? low.value : undefined;
};

export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const isEmpty = ({ umin, umax, smin, smax }: Range): boolean => umin > umax || smin > smax;

/** What bits say about a range of a width. */
function fromBits({ umin, umax, smin, smax }: Range, bits: Tnum, width: Width): Range {
  const { value, mask } = tnum.cast(bits, width);
  const sign = 1n << BigInt(width - 1);
  return {
    umin: max(umin, value),
    umax: min(umax, value | mask),
    smin: max(smin, BigInt.asIntN(width, value | (mask & sign))),
    smax: min(smax, BigInt.asIntN(width, value | (mask & ~sign))),
  };
}

/** What signed and unsigned limits say about each other. */
function acrossSigns(range: Range, width: Width): Range {
  let { umin, umax, smin, smax } = range;
  const first = BigInt.asIntN(width, umin);
  const last = BigInt.asIntN(width, umax);
  if (first <= last) {
    smin = max(smin, first);
    smax = min(smax, last);
  }
  const low = BigInt.asUintN(width, smin);
  const high = BigInt.asUintN(width, smax);
  if (low <= high) {
    umin = max(umin, low);
    umax = min(umax, high);
  } else {
    // The signed range spans 0, so that the unsigned one may have a hole: [0, high] and [low, 2^w).
    if (umax < low) umax = min(umax, high);
    if (umin > high) umin = max(umin, low);
  }
  return { umin, umax, smin, smax };
}

const LOW = 0xffff_ffffn;
const high = (value: bigint): bigint => value >> 32n;

/** What limits of the whole value say about its low half, where they share the upper one. */
function lowWithin(low: Range, from: bigint, to: bigint): Range {
  if (high(from) !== high(to) || from > to) return low;
  const first = BigInt.asIntN(32, from);
  const last = BigInt.asIntN(32, to);
  const isOrdered = first <= last;
  return {
    umin: max(low.umin, from & LOW),
    umax: min(low.umax, to & LOW),
    smin: isOrdered ? max(low.smin, first) : low.smin,
    smax: isOrdered ? min(low.smax, last) : low.smax,
  };
}

/** What the whole value says about its low half. */
function lowFromWide(low: Range, { umin, umax, smin, smax }: Range): Range {
  const once = lowWithin(low, umin, umax);
  const twice = lowWithin(once, BigInt.asUintN(64, smin), BigInt.asUintN(64, smax));
  // Neighbouring upper halves: the value crosses 2^32 once, from negative to positive as signed 32 bits.
  if (smin < FULL_32.smin || smax > FULL_32.smax) return twice;
  return { ...twice, smin: max(twice.smin, smin), smax: min(twice.smax, smax) };
}

/** What the low half says about the whole value. */
function wideFromLow(wide: Range, low: Range): Range {
  let { umin, umax, smin, smax } = wide;
  const withLow = (value: bigint, part: bigint): bigint => (value & ~LOW) | part;
  umin = max(umin, withLow(umin, low.umin));
  umax = min(umax, withLow(umax, low.umax));
  smin = max(smin, withLow(smin, low.umin));
  smax = min(smax, withLow(smax, low.umax));
  if (smin >= FULL_32.smin && smax <= FULL_32.smax) {
    smin = max(smin, low.smin);
    smax = min(smax, low.smax);
  }
  return { umin, umax, smin, smax };
}

/** Lets bits and ranges learn from each other; `undefined` when no value satisfies them all. */
export function normalize(scalar: Scalar): Scalar | undefined {
  let { bits, wide, low } = scalar;
  for (let round = 0; round < 2; round++) {
    wide = acrossSigns(fromBits(wide, bits, 64), 64);
    low = acrossSigns(fromBits(low, bits, 32), 32);
    low = acrossSigns(lowFromWide(low, wide), 32);
    wide = acrossSigns(wideFromLow(wide, low), 64);
    if (isEmpty(wide) || isEmpty(low)) return undefined;
    const fromWide = tnum.intersect(bits, tnum.fromRange(wide.umin, wide.umax));
    if (fromWide === undefined) return undefined;
    const lowBits = tnum.intersect(tnum.cast(fromWide, 32), tnum.fromRange(low.umin, low.umax));
    if (lowBits === undefined) return undefined;
    const next = tnum.withLow(fromWide, lowBits);
    const settled = next.value === bits.value && next.mask === bits.mask;
    bits = next;
    if (!settled) continue;
    // Where nothing was learnt, nothing more is.
    if (round === 0 && sameRange(wide, scalar.wide) && sameRange(low, scalar.low)) return scalar;
    if (round > 0) break;
  }
  wide = fromBits(wide, bits, 64);
  low = fromBits(low, bits, 32);
  return isEmpty(wide) || isEmpty(low) ? undefined : { bits, wide, low };
}

/** A normal form that is known not to be empty. */
export const settled = (scalar: Scalar): Scalar => normalize(scalar) ?? UNKNOWN;

/** Whether a value, unsigned 64 bits, is one that the scalar stands for. */
export function contains({ bits, wide, low }: Scalar, value: bigint): boolean {
  const signed = BigInt.asIntN(64, value);
  const half = value & LOW;
  const signedHalf = BigInt.asIntN(32, value);
  return (
    tnum.contains(bits, value) &&
    value >= wide.umin &&
    value <= wide.umax &&
    signed >= wide.smin &&
    signed <= wide.smax &&
    half >= low.umin &&
    half <= low.umax &&
    signedHalf >= low.smin &&
    signedHalf <= low.smax
  );
}

const within = (outer: Range, inner: Range): boolean =>
  inner.umin >= outer.umin &&
  inner.umax <= outer.umax &&
  inner.smin >= outer.smin &&
  inner.smax <= outer.smax;

/** Whether every value of `inner` is one of `outer`. Sound: may say no where it is so. */
export const includes = (outer: Scalar, inner: Scalar): boolean =>
  outer === inner ||
  (within(outer.wide, inner.wide) && within(outer.low, inner.low) && tnum.includes(outer.bits, inner.bits));

const hull = (a: Range, b: Range): Range => ({
  umin: min(a.umin, b.umin),
  umax: max(a.umax, b.umax),
  smin: min(a.smin, b.smin),
  smax: max(a.smax, b.smax),
});

/** What holds of both. */
export const union = (a: Scalar, b: Scalar): Scalar => ({
  bits: tnum.union(a.bits, b.bits),
  wide: hull(a.wide, b.wide),
  low: hull(a.low, b.low),
});

const sameRange = (a: Range, b: Range): boolean =>
  a.umin === b.umin && a.umax === b.umax && a.smin === b.smin && a.smax === b.smax;

export const equals = (a: Scalar, b: Scalar): boolean =>
  a === b ||
  (a.bits.value === b.bits.value &&
    a.bits.mask === b.bits.mask &&
    sameRange(a.wide, b.wide) &&
    sameRange(a.low, b.low));

/** The low half, zero-extended: what a 32-bit operation leaves. */
export function zeroExtended({ bits, low }: Scalar): Scalar {
  const wide = { ...FULL_64, umin: low.umin, umax: low.umax, smin: low.umin, smax: low.umax };
  return settled({ bits: tnum.cast(bits, 32), wide, low });
}

/** A number of `size` bytes of which nothing more is known. */
export const loaded = (size: 1 | 2 | 4 | 8): Scalar => LOADED[size];

const ofBytes = (size: number): Scalar => settled({ ...UNKNOWN, bits: tnum.cast(tnum.UNKNOWN, size * 8) });
const LOADED = { 1: ofBytes(1), 2: ofBytes(2), 4: ofBytes(4), 8: UNKNOWN } as const;

/** What a comparison does: it has one outcome, or both, and then its operands are known better. */
export type Comparison =
  | { readonly outcome: boolean }
  | {
      readonly outcome: undefined;
      readonly holds: { readonly a: Scalar; readonly b: Scalar };
      readonly fails: { readonly a: Scalar; readonly b: Scalar };
    };
