/**
 * What arithmetic does to numbers of which only some is known: for each operation of the machine a
 * pure function from scalars to a scalar that holds every possible result.
 *
 * 32-bit operations work on the low halves and zero-extend (RFC 9669 §4.1).
 */

import { ALU_ROWS, type AluOperation, type Width } from '../../ebpf/index.js';
import {
  constant,
  constantOf,
  FULL_32,
  FULL_64,
  loaded,
  lowConstantOf,
  max,
  min,
  type Range,
  type Scalar,
  settled,
  UNKNOWN,
  zeroExtended,
} from './scalar.js';
import * as tnum from './tnum.js';

const full = (width: Width): Range => (width === 64 ? FULL_64 : FULL_32);

/** A range from limits that may have left the width; what has is forgotten. */
function rangeOf(width: Width, umin: bigint, umax: bigint, smin: bigint, smax: bigint): Range {
  const all = full(width);
  const unsigned = umin < 0n || umax > all.umax ? all : { umin, umax };
  const signed = smin < all.smin || smax > all.smax ? all : { smin, smax };
  return { umin: unsigned.umin, umax: unsigned.umax, smin: signed.smin, smax: signed.smax };
}

/** The same range operation for both widths, and one on bits. */
function combine(
  a: Scalar,
  b: Scalar,
  bits: tnum.Tnum,
  range: (a: Range, b: Range, width: Width) => Range,
): Scalar {
  return settled({ bits, wide: range(a.wide, b.wide, 64), low: range(a.low, b.low, 32) });
}

/** Both limits beyond the width by the same amount wrap alike; see Linux `scalar_min_max_add`. */
function wrapBoth(width: Width, lowest: bigint, highest: bigint): readonly [bigint, bigint] | undefined {
  const modulus = 1n << BigInt(width);
  const floor = (value: bigint): bigint => (value - BigInt.asUintN(width, value)) / modulus;
  return floor(lowest) === floor(highest)
    ? [BigInt.asUintN(width, lowest), BigInt.asUintN(width, highest)]
    : undefined;
}

function sumRange(a: Range, b: Range, width: Width): Range {
  const all = full(width);
  const [umin, umax] = wrapBoth(width, a.umin + b.umin, a.umax + b.umax) ?? [all.umin, all.umax];
  const signed = rangeOf(width, 0n, 0n, a.smin + b.smin, a.smax + b.smax);
  return { umin, umax, smin: signed.smin, smax: signed.smax };
}

function differenceRange(a: Range, b: Range, width: Width): Range {
  const all = full(width);
  const [umin, umax] = wrapBoth(width, a.umin - b.umax, a.umax - b.umin) ?? [all.umin, all.umax];
  const signed = rangeOf(width, 0n, 0n, a.smin - b.smax, a.smax - b.smin);
  return { umin, umax, smin: signed.smin, smax: signed.smax };
}

function productRange(a: Range, b: Range, width: Width): Range {
  const corners = [a.smin * b.smin, a.smin * b.smax, a.smax * b.smin, a.smax * b.smax];
  return rangeOf(width, a.umin * b.umin, a.umax * b.umax, corners.reduce(min), corners.reduce(max));
}

const bothNonNegative = (a: Range, b: Range): boolean => a.smin >= 0n && b.smin >= 0n;

function andRange(a: Range, b: Range, width: Width): Range {
  const umax = min(a.umax, b.umax);
  const all = full(width);
  // The result of a number that is not negative with any other is neither negative nor larger.
  const smax =
    a.smin >= 0n ? (b.smin >= 0n ? min(a.smax, b.smax) : a.smax) : b.smin >= 0n ? b.smax : all.smax;
  return { umin: 0n, umax, smin: a.smin >= 0n || b.smin >= 0n ? 0n : all.smin, smax };
}

function orRange(a: Range, b: Range, width: Width): Range {
  const all = full(width);
  const smin = bothNonNegative(a, b) ? max(a.smin, b.smin) : all.smin;
  return { umin: max(a.umin, b.umin), umax: all.umax, smin, smax: all.smax };
}

function xorRange(a: Range, b: Range, width: Width): Range {
  return bothNonNegative(a, b) ? { ...full(width), smin: 0n } : full(width);
}

/** Unsigned division by anything, 0 included: the quotient is no larger than the dividend. */
function quotientRange(a: Range, b: Range, width: Width): Range {
  const all = full(width);
  const umin = b.umax === 0n ? 0n : b.umin > 0n ? a.umin / b.umax : 0n;
  const umax = b.umin > 0n ? a.umax / b.umin : a.umax;
  return { ...all, umin, umax };
}

function remainderRange(a: Range, b: Range, width: Width): Range {
  const all = full(width);
  // Modulo zero leaves the dividend.
  const umax = b.umin > 0n ? min(a.umax, b.umax - 1n) : a.umax;
  return { ...all, umin: 0n, umax };
}

/** Signed division by a constant other than 0: monotone, but for the most negative number by -1. */
function signedQuotient(a: Range, divisor: bigint, width: Width): Range {
  const all = full(width);
  if (a.smin === all.smin && divisor === -1n) return all;
  const ends = [a.smin / divisor, a.smax / divisor];
  return { ...all, smin: ends.reduce(min), smax: ends.reduce(max) };
}

/** The remainder has the sign of the dividend and is smaller than the divisor. */
function signedRemainder(a: Range, divisor: bigint, width: Width): Range {
  const limit = (divisor < 0n ? -divisor : divisor) - 1n;
  const smin = a.smin >= 0n ? 0n : max(a.smin, -limit);
  const smax = a.smax <= 0n ? 0n : min(a.smax, limit);
  return { ...full(width), smin, smax };
}

const halfOnly = (width: Width, range: Range): Pick<Scalar, 'wide' | 'low'> =>
  width === 64 ? { wide: range, low: FULL_32 } : { wide: FULL_64, low: range };

const rangeIn = (scalar: Scalar, width: Width): Range => (width === 64 ? scalar.wide : scalar.low);

const constantIn = (scalar: Scalar, width: Width): bigint | undefined =>
  width === 64 ? constantOf(scalar) : lowConstantOf(scalar);

function shiftLeft(a: Scalar, count: number, width: Width): Scalar {
  const bits = tnum.shiftLeft(a.bits, count);
  const shifted = (range: Range, of: Width): Range => {
    if (count >= of) return full(of);
    const by = BigInt(count);
    return rangeOf(of, range.umin << by, range.umax << by, range.smin << by, range.smax << by);
  };
  const low = shifted(a.low, 32);
  return settled({ bits, wide: width === 64 ? shifted(a.wide, 64) : FULL_64, low });
}

function shiftRight(a: Scalar, count: number, width: Width): Scalar {
  const { umin, umax } = rangeIn(a, width);
  const range: Range = { ...full(width), umin: umin >> BigInt(count), umax: umax >> BigInt(count) };
  return settled({ bits: tnum.shiftRight(a.bits, count, width), ...halfOnly(width, range) });
}

function shiftRightSigned(a: Scalar, count: number, width: Width): Scalar {
  const { smin, smax } = rangeIn(a, width);
  const range: Range = { ...full(width), smin: smin >> BigInt(count), smax: smax >> BigInt(count) };
  return settled({ bits: tnum.shiftRightSigned(a.bits, count, width), ...halfOnly(width, range) });
}

/** A shift by a count that is not known: only that logical shifts to the right do not grow. */
function shiftByUnknown(op: AluOperation, a: Scalar, width: Width): Scalar {
  if (op === 'rsh')
    return settled({ ...UNKNOWN, ...halfOnly(width, { ...full(width), umax: rangeIn(a, width).umax }) });
  if (op === 'arsh') {
    const { smin, smax } = rangeIn(a, width);
    return settled({
      ...UNKNOWN,
      ...halfOnly(width, { ...full(width), smin: min(smin, 0n), smax: max(smax, smin < 0n ? -1n : 0n) }),
    });
  }
  return UNKNOWN;
}

/** The result of an operation of a width, before a 32-bit one is zero-extended. */
function operate(op: AluOperation, a: Scalar, b: Scalar, width: Width): Scalar {
  switch (op) {
    case 'mov':
      return b;
    case 'add':
      return combine(a, b, tnum.add(a.bits, b.bits), sumRange);
    case 'sub':
      return combine(a, b, tnum.subtract(a.bits, b.bits), differenceRange);
    case 'neg':
      return operate('sub', constant(0n), a, width);
    case 'mul':
      return combine(a, b, tnum.multiply(a.bits, b.bits), productRange);
    case 'and':
      return combine(a, b, tnum.and(a.bits, b.bits), andRange);
    case 'or':
      return combine(a, b, tnum.or(a.bits, b.bits), orRange);
    case 'xor':
      return combine(a, b, tnum.xor(a.bits, b.bits), xorRange);
    case 'div':
      return settled({
        ...UNKNOWN,
        ...halfOnly(width, quotientRange(rangeIn(a, width), rangeIn(b, width), width)),
      });
    case 'mod':
      return settled({
        ...UNKNOWN,
        ...halfOnly(width, remainderRange(rangeIn(a, width), rangeIn(b, width), width)),
      });
    case 'sdiv':
    case 'smod': {
      const divisor = constantIn(b, width);
      if (divisor === undefined) return UNKNOWN;
      const signed = BigInt.asIntN(width, divisor);
      if (signed === 0n) return op === 'sdiv' ? constant(0n) : a;
      const range = op === 'sdiv' ? signedQuotient : signedRemainder;
      return settled({ ...UNKNOWN, ...halfOnly(width, range(rangeIn(a, width), signed, width)) });
    }
    case 'lsh':
    case 'rsh':
    case 'arsh': {
      const amount = constantIn(b, width);
      if (amount === undefined) return shiftByUnknown(op, a, width);
      const count = Number(amount & BigInt(width - 1));
      if (op === 'lsh') return shiftLeft(a, count, width);
      return op === 'rsh' ? shiftRight(a, count, width) : shiftRightSigned(a, count, width);
    }
  }
}

const rows = new Map(ALU_ROWS.map((row) => [row.name, row]));

/** Every result that `a op b` can have. */
export function alu(op: AluOperation, a: Scalar, b: Scalar, width: Width): Scalar {
  const [x, y] = [constantOf(a), constantOf(b)];
  if (x !== undefined && y !== undefined) {
    const cut = (value: bigint): bigint => BigInt.asUintN(width, value);
    return constant(cut(rows.get(op)!.eval(cut(x), cut(y), width)));
  }
  const result = operate(op, a, b, width);
  return width === 64 ? result : zeroExtended(result);
}

/** `movsx`: the low bits, sign-extended to the width. */
export function moveSigned(a: Scalar, from: 8 | 16 | 32, width: Width): Scalar {
  const limit = 1n << BigInt(from - 1);
  const whole = rangeIn(a, 64);
  const fits = whole.smin >= -limit && whole.smax < limit;
  const range = from === 32 ? a.low : undefined;
  const smin = fits ? whole.smin : (range?.smin ?? -limit);
  const smax = fits ? whole.smax : (range?.smax ?? limit - 1n);
  const extended = settled({
    ...UNKNOWN,
    bits: tnum.signExtend(a.bits, from),
    wide: { ...FULL_64, smin, smax },
  });
  return width === 64 ? extended : zeroExtended(extended);
}

/** Byte swaps and cuts: only how many bits are left is kept, unless the value is known. */
export function swap(op: 'le' | 'be' | 'bswap', a: Scalar, bits: 16 | 32 | 64): Scalar {
  const value = constantOf(a);
  if (op === 'le') return bits === 64 ? a : settled({ ...UNKNOWN, bits: tnum.cast(a.bits, bits) });
  if (value === undefined) return loaded((bits / 8) as 2 | 4 | 8);
  let swapped = 0n;
  for (let i = 0; i < bits; i += 8) swapped = (swapped << 8n) | ((value >> BigInt(i)) & 0xffn);
  return constant(swapped);
}
