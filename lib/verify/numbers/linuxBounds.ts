/**
 * What Linux knows of a number: its bits and four ranges, and how each learns from the others.
 *
 * Linux `kernel/bpf/verifier.c` (6.18): `reg_bounds_sync` and what it calls. The kernel does not look for the
 * most that can be known, and what it does not know it refuses; so this says the same, neither more nor less,
 * also for contradictory limits, which are forgotten. {@link normalize} in `scalar.ts` says more.
 */

import { FULL_32, FULL_64, type Scalar, UNKNOWN } from './scalar.js';
import * as tnum from './tnum.js';

const { ALL_BITS } = tnum;

/** A number while it is worked on. Limits of 32 bits are those of the low half. */
export interface Bounds {
  value: bigint;
  mask: bigint;
  umin: bigint;
  umax: bigint;
  smin: bigint;
  smax: bigint;
  umin32: bigint;
  umax32: bigint;
  smin32: bigint;
  smax32: bigint;
}

export const LOW = 0xffff_ffffn;
const HIGH = 0xffff_ffff_0000_0000n;
const SIGN_64 = 1n << 63n;
const SIGN_32 = 1n << 31n;
export const S32_MIN = FULL_32.smin;
export const S32_MAX = FULL_32.smax;

export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
export const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
export const s64 = (value: bigint): bigint => BigInt.asIntN(64, value);
export const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
export const s32 = (value: bigint): bigint => BigInt.asIntN(32, value);

export const open = ({ bits, wide, low }: Scalar): Bounds => ({
  value: bits.value,
  mask: bits.mask,
  umin: wide.umin,
  umax: wide.umax,
  smin: wide.smin,
  smax: wide.smax,
  umin32: low.umin,
  umax32: low.umax,
  smin32: low.smin,
  smax32: low.smax,
});

/** Done: contradictions are forgotten (`reg_bounds_sanity_check`). */
export function close(r: Bounds): Scalar {
  if (isContradictory(r)) forgetRanges(r);
  if (isUnknown(r)) return UNKNOWN;
  return {
    bits: { value: r.value, mask: r.mask },
    wide: { umin: r.umin, umax: r.umax, smin: r.smin, smax: r.smax },
    low: { umin: r.umin32, umax: r.umax32, smin: r.smin32, smax: r.smax32 },
  };
}

const isUnknown = (r: Bounds): boolean =>
  r.mask === tnum.ALL_BITS &&
  r.umin === 0n &&
  r.umax === FULL_64.umax &&
  r.smin === FULL_64.smin &&
  r.smax === FULL_64.smax &&
  r.umin32 === 0n &&
  r.umax32 === LOW &&
  r.smin32 === S32_MIN &&
  r.smax32 === S32_MAX;

/** Limits that no number is within, or that a number known by its bits is not. */
export function isContradictory(r: Bounds): boolean {
  if (r.umin > r.umax || r.smin > r.smax || r.umin32 > r.umax32 || r.smin32 > r.smax32) return true;
  if (r.mask === 0n) {
    const signed = s64(r.value);
    if (r.umin !== r.value || r.umax !== r.value || r.smin !== signed || r.smax !== signed) return true;
  }
  if ((r.mask & LOW) === 0n) {
    const low = r.value & LOW;
    const signed = s32(low);
    return r.umin32 !== low || r.umax32 !== low || r.smin32 !== signed || r.smax32 !== signed;
  }
  return false;
}

export function forgetRanges(r: Bounds): void {
  forget64(r);
  forget32(r);
}

export function forget64(r: Bounds): void {
  r.umin = 0n;
  r.umax = FULL_64.umax;
  r.smin = FULL_64.smin;
  r.smax = FULL_64.smax;
}

export function forget32(r: Bounds): void {
  r.umin32 = 0n;
  r.umax32 = LOW;
  r.smin32 = S32_MIN;
  r.smax32 = S32_MAX;
}

export function setKnown(r: Bounds, value: bigint): void {
  r.value = u64(value);
  r.mask = 0n;
  r.umin = r.umax = r.value;
  r.smin = r.smax = s64(value);
  setKnown32(r, value);
}

/** The limits of the low half alone. */
export function setKnown32(r: Bounds, value: bigint): void {
  r.umin32 = r.umax32 = u32(value);
  r.smin32 = r.smax32 = s32(value);
}

/** `__update_reg32_bounds`: what the bits say about the ranges of the low half. */
export function limit32(r: Bounds): void {
  const value = r.value & LOW;
  const mask = r.mask & LOW;
  r.smin32 = max(r.smin32, s32(value | (mask & SIGN_32)));
  r.smax32 = min(r.smax32, s32(value | (mask & (SIGN_32 - 1n))));
  r.umin32 = max(r.umin32, value);
  r.umax32 = min(r.umax32, value | mask);
}

function limit64(r: Bounds): void {
  r.smin = max(r.smin, s64(r.value | (r.mask & SIGN_64)));
  r.smax = min(r.smax, s64(r.value | (r.mask & (SIGN_64 - 1n))));
  r.umin = max(r.umin, r.value);
  r.umax = min(r.umax, r.value | r.mask);
  const only = onlyMember(r);
  if (only !== undefined) setKnown(r, only);
}

/** The one number that has such bits and lies within the unsigned range, where there is only one. */
function onlyMember({ value, mask, umin, umax }: Bounds): bigint | undefined {
  // The usual case: the range begins with a member, and holds the next one. Limits that contradict bits which are all
  // known give way to them.
  if (umin === value && (mask === 0n ? umax === value : (value | (mask & -mask)) <= umax)) return undefined;
  const last = value | mask;
  const next = memberAfter(value, mask, umin);
  if ((umin & ~mask) === value) return next > umax ? umin : undefined;
  if (next === last) return last;
  return next <= umax && memberAfter(value, mask, next) > umax ? next : undefined;
}

/** The least member of a tristate number above `from`; the last one where there is none (`tnum_step`). */
function memberAfter(value: bigint, mask: bigint, from: bigint): bigint {
  const last = value | mask;
  if (from >= last) return last;
  if (from < value) return value;
  const target = from + 1n;
  const known = ~mask & ALL_BITS;
  const wrong = (target ^ value) & known;
  if (wrong === 0n) return target;
  let at = highest(wrong);
  if ((value & at) === 0n) {
    // A bit that is known to be 0 would have to be 1: the next free bit above it that is 0 goes up.
    const free = mask & ~target & ~(at | (at - 1n));
    at = free & -free;
  }
  return (target & ~(at | (at - 1n))) | at | (value & (at - 1n));
}

const highest = (bits: bigint): bigint => 1n << BigInt(tnum.bitLength(bits) - 1);

/** `__update_reg_bounds`. */
export function limit(r: Bounds): void {
  limit32(r);
  limit64(r);
}

/** What a range of the whole says of the low half: `from` and `to` are its ends. */
function learn32(r: Bounds, from: bigint, to: bigint, isSigned: boolean): void {
  const [upperFirst, upperLast] = [from >> 32n, to >> 32n];
  if (upperFirst === upperLast) {
    const [low, high] = [from & LOW, to & LOW];
    if (!isSigned || low <= high) {
      r.umin32 = max(r.umin32, low);
      r.umax32 = min(r.umax32, high);
    }
    const [first, last] = [s32(low), s32(high)];
    if (first <= last) {
      r.smin32 = max(r.smin32, first);
      r.smax32 = min(r.smax32, last);
    }
  } else if (u32(upperFirst + 1n) === u32(upperLast)) {
    const [first, last] = [s32(from), s32(to)];
    if (first >= 0n || last < 0n) return;
    // Neighbouring upper halves: the low half goes from negative to positive.
    r.smin32 = max(r.smin32, first);
    r.smax32 = min(r.smax32, last);
  }
}

/** `__reg32_deduce_bounds`. */
function deduce32(r: Bounds): void {
  learn32(r, r.umin, r.umax, false);
  learn32(r, r.smin, r.smax, true);
  const [first, last] = [s32(r.umin32), s32(r.umax32)];
  if (first <= last) {
    r.smin32 = max(r.smin32, first);
    r.smax32 = min(r.smax32, last);
  }
  const [low, high] = [u32(r.smin32), u32(r.smax32)];
  if (low <= high) {
    r.umin32 = max(low, r.umin32);
    r.umax32 = min(high, r.umax32);
  } else if (r.umax32 < low) {
    r.smin32 = s32(r.umin32);
    r.umax32 = min(r.umax32, high);
  } else if (high < r.umin32) {
    r.smax32 = s32(r.umax32);
    r.umin32 = max(r.umin32, low);
  }
}

/** `__reg64_deduce_bounds`. */
function deduce64(r: Bounds): void {
  const [first, last] = [s64(r.umin), s64(r.umax)];
  if (first <= last) {
    r.smin = max(r.smin, first);
    r.smax = min(r.smax, last);
  }
  const [low, high] = [u64(r.smin), u64(r.smax)];
  if (low <= high) {
    r.umin = max(low, r.umin);
    r.umax = min(high, r.umax);
  } else if (r.umax < low) {
    // The unsigned range overlaps the signed one in its positive part alone; or in its negative one.
    r.smin = s64(r.umin);
    r.umax = min(r.umax, high);
  } else if (high < r.umin) {
    r.smax = s64(r.umax);
    r.umin = max(r.umin, low);
  }
}

/** `__reg_deduce_mixed_bounds`: what the low half says about the whole. */
function deduceMixed(r: Bounds): void {
  r.umin = max(r.umin, (r.umin & HIGH) | r.umin32);
  r.umax = min(r.umax, (r.umax & HIGH) | r.umax32);
  r.smin = max(r.smin, s64((u64(r.smin) & HIGH) | r.umin32));
  r.smax = min(r.smax, s64((u64(r.smax) & HIGH) | r.umax32));
  if (r.smin32 >= 0n && r.smin >= S32_MIN && r.smax <= S32_MAX) {
    r.smin = r.umin = r.smin32;
    r.smax = r.umax = r.smax32;
    intersectBits(r, tnum.fromRange(u64(r.smin), u64(r.smax)));
  }
}

/** As the kernel has it: bits that the two say different things of count as 1. */
export function intersectBits(r: Bounds, { value, mask }: tnum.Tnum): void {
  r.mask &= mask;
  r.value = (r.value | value) & ~r.mask;
}

/** `__reg_bound_offset`: what the ranges say about the bits. */
function learnBits(r: Bounds): void {
  intersectBits(r, tnum.fromRange(r.umin, r.umax));
  const low: tnum.Tnum = tnum.fromRange(r.umin32, r.umax32);
  const mask = r.mask & LOW & low.mask;
  const value = ((r.value & LOW) | low.value) & ~mask;
  r.mask = (r.mask & HIGH) | mask;
  r.value = (r.value & HIGH) | value;
}

/** Whether the bits are all known, and no limit says otherwise. */
function isKnown({ value, mask, umin, umax, smin, smax, umin32, umax32, smin32, smax32 }: Bounds): boolean {
  if (mask !== 0n || umin > value || umax < value) return false;
  const signed = s64(value);
  if (smin > signed || smax < signed) return false;
  const low = value & LOW;
  if (umin32 > low || umax32 < low) return false;
  const signed32 = s32(low);
  return smin32 <= signed32 && smax32 >= signed32;
}

/** `reg_bounds_sync`. */
export function sync(r: Bounds): void {
  // What the steps below would come to.
  if (isKnown(r)) {
    setKnown(r, r.value);
    return;
  }
  limit(r);
  // Three rounds; one that changes no range is followed by none that does.
  if (deduce(r) && deduce(r)) deduce(r);
  learnBits(r);
  limit(r);
}

/** One round; whether it has changed a range. */
function deduce(r: Bounds): boolean {
  const { umin, umax, smin, smax, umin32, umax32, smin32, smax32 } = r;
  deduce32(r);
  deduce64(r);
  deduceMixed(r);
  return (
    r.umin !== umin ||
    r.umax !== umax ||
    r.smin !== smin ||
    r.smax !== smax ||
    r.umin32 !== umin32 ||
    r.umax32 !== umax32 ||
    r.smin32 !== smin32 ||
    r.smax32 !== smax32
  );
}

/** The low half, zero-extended (`zext_32_to_64`). */
export function zeroExtend(r: Bounds): void {
  r.value &= LOW;
  r.mask &= LOW;
  r.umin = r.umin32;
  r.umax = r.umax32;
  const isPositive = r.smin32 >= 0n && r.smax32 >= 0n;
  r.smin = isPositive ? r.smin32 : 0n;
  r.smax = isPositive ? r.smax32 : LOW;
}

export function setBits(r: Bounds, { value, mask }: tnum.Tnum): void {
  r.value = value;
  r.mask = mask;
}
