/**
 * What a conditional jump teaches about its operands on either side.
 */

import { BRANCH_ROWS, type BranchOperation, type Width } from '../../ebpf/index.js';
import { constant, contains, max, min, normalize, type Range, type Scalar } from './scalar.js';
import * as tnum from './tnum.js';

const negations = new Map(BRANCH_ROWS.map(({ name, negation }) => [name, negation]));

export interface Refined {
  readonly a: Scalar;
  readonly b: Scalar;
}

const LOW = 0xffff_ffffn;
const rangeIn = (scalar: Scalar, width: Width): Range => (width === 64 ? scalar.wide : scalar.low);
/** The scalar within a range that is part of its own. */
function withRange(scalar: Scalar, width: Width, range: Range): Scalar | undefined {
  if (range.umin > range.umax || range.smin > range.smax) return undefined;
  const old = rangeIn(scalar, width);
  const same =
    range.umin === old.umin && range.umax === old.umax && range.smin === old.smin && range.smax === old.smax;
  if (same) return scalar;
  return normalize(width === 64 ? { ...scalar, wide: range } : { ...scalar, low: range });
}

const pair = (a: Scalar | undefined, b: Scalar | undefined): Refined | undefined =>
  a === undefined || b === undefined ? undefined : { a, b };

/** Operands for which the comparison has the given outcome; `undefined` when it never has. */
export function assume(
  op: BranchOperation,
  a: Scalar,
  b: Scalar,
  width: Width,
  holds: boolean,
): Refined | undefined {
  if (holds) return assumeHolds(op, a, b, width);
  const negation = negations.get(op);
  return negation === undefined ? assumeNoCommonBit(a, b, width) : assumeHolds(negation, a, b, width);
}

function assumeHolds(op: BranchOperation, a: Scalar, b: Scalar, width: Width): Refined | undefined {
  const [x, y] = [rangeIn(a, width), rangeIn(b, width)];
  switch (op) {
    case 'jeq':
      return assumeEqual(a, b, width);
    case 'jne':
      return pair(excludeEnd(a, y, width), excludeEnd(b, x, width));
    case 'jset':
      return assumeCommonBit(a, b, width);
    case 'jgt':
      return assumeOrder(b, a, width, 'unsigned', 1n, true);
    case 'jge':
      return assumeOrder(b, a, width, 'unsigned', 0n, true);
    case 'jlt':
      return assumeOrder(a, b, width, 'unsigned', 1n, false);
    case 'jle':
      return assumeOrder(a, b, width, 'unsigned', 0n, false);
    case 'jsgt':
      return assumeOrder(b, a, width, 'signed', 1n, true);
    case 'jsge':
      return assumeOrder(b, a, width, 'signed', 0n, true);
    case 'jslt':
      return assumeOrder(a, b, width, 'signed', 1n, false);
    case 'jsle':
      return assumeOrder(a, b, width, 'signed', 0n, false);
  }
}

/** `less + gap <= more`; `swapped`: the caller's first operand is `more`. */
function assumeOrder(
  less: Scalar,
  more: Scalar,
  width: Width,
  kind: 'unsigned' | 'signed',
  gap: bigint,
  swapped: boolean,
): Refined | undefined {
  const [x, y] = [rangeIn(less, width), rangeIn(more, width)];
  const [upper, lower] =
    kind === 'unsigned'
      ? [
          { ...x, umax: min(x.umax, y.umax - gap) },
          { ...y, umin: max(y.umin, x.umin + gap) },
        ]
      : [
          { ...x, smax: min(x.smax, y.smax - gap) },
          { ...y, smin: max(y.smin, x.smin + gap) },
        ];
  const [first, second] = [withRange(less, width, upper), withRange(more, width, lower)];
  return swapped ? pair(second, first) : pair(first, second);
}

function assumeEqual(a: Scalar, b: Scalar, width: Width): Refined | undefined {
  const [first, second] = [isPoint(a, width), isPoint(b, width)];
  if (second) return pair(equalTo(a, b, width), b);
  if (first) return pair(a, equalTo(b, a, width));
  const [x, y] = [rangeIn(a, width), rangeIn(b, width)];
  const both: Range = {
    umin: max(x.umin, y.umin),
    umax: min(x.umax, y.umax),
    smin: max(x.smin, y.smin),
    smax: min(x.smax, y.smax),
  };
  const bits = tnum.intersect(tnum.cast(a.bits, width), tnum.cast(b.bits, width));
  if (bits === undefined) return undefined;
  const apply = (scalar: Scalar): Scalar | undefined => {
    const known = width === 64 ? bits : tnum.withLow(scalar.bits, bits);
    return withRange({ ...scalar, bits: known }, width, both);
  };
  return pair(apply(a), apply(b));
}

const isPoint = (scalar: Scalar, width: Width): boolean => {
  const { umin, umax } = rangeIn(scalar, width);
  return umin === umax;
};

/** The number where it equals one that is known in this width. */
function equalTo(a: Scalar, point: Scalar, width: Width): Scalar | undefined {
  const value = rangeIn(point, width).umin;
  if (!containsIn(a, value, width)) return undefined;
  if (width === 64 || a.wide.umax <= LOW) return constant(value);
  const bits = tnum.withLow(a.bits, tnum.constant(value));
  const signed = BigInt.asIntN(32, value);
  return normalize({ ...a, bits, low: { umin: value, umax: value, smin: signed, smax: signed } });
}

function containsIn(a: Scalar, value: bigint, width: Width): boolean {
  if (width === 64) return contains(a, value);
  const signed = BigInt.asIntN(32, value);
  const { umin, umax, smin, smax } = a.low;
  const low = tnum.cast(a.bits, 32);
  return umin <= value && value <= umax && smin <= signed && signed <= smax && tnum.contains(low, value);
}

/** A number that differs from a constant at an end of its range. */
function excludeEnd(a: Scalar, other: Range, width: Width): Scalar | undefined {
  if (other.umin !== other.umax) return a;
  const signed = BigInt.asIntN(width, other.umin);
  let { umin, umax, smin, smax } = rangeIn(a, width);
  if (umin === other.umin) umin += 1n;
  if (umax === other.umin) umax -= 1n;
  if (smin === signed) smin += 1n;
  if (smax === signed) smax -= 1n;
  if (umin > umax || smin > smax) return undefined;
  return withRange(a, width, { umin, umax, smin, smax });
}

const isPowerOfTwo = (value: bigint): boolean => value !== 0n && (value & (value - 1n)) === 0n;

/** `a & b` is not zero: with a constant of one bit, that bit is set. */
function assumeCommonBit(a: Scalar, b: Scalar, width: Width): Refined | undefined {
  const [x, y] = [tnum.cast(a.bits, width), tnum.cast(b.bits, width)];
  const possible = (x.value | x.mask) & (y.value | y.mask);
  if (possible === 0n) return undefined;
  const set = (scalar: Scalar, known: tnum.Tnum, other: tnum.Tnum): Scalar | undefined => {
    if (!tnum.isConstant(other) || !isPowerOfTwo(other.value)) return scalar;
    const bits = tnum.or(known, other);
    return normalize({ ...scalar, bits: width === 64 ? bits : tnum.withLow(scalar.bits, bits) });
  };
  return pair(set(a, x, y), set(b, y, x));
}

/** `a & b` is zero: with a constant, its bits are clear in the other. */
function assumeNoCommonBit(a: Scalar, b: Scalar, width: Width): Refined | undefined {
  const [x, y] = [tnum.cast(a.bits, width), tnum.cast(b.bits, width)];
  if ((x.value & y.value) !== 0n) return undefined;
  const clear = (scalar: Scalar, known: tnum.Tnum, other: tnum.Tnum): Scalar | undefined => {
    if (!tnum.isConstant(other)) return scalar;
    const bits = { value: known.value & ~other.value, mask: known.mask & ~other.value };
    return normalize({ ...scalar, bits: width === 64 ? bits : tnum.withLow(scalar.bits, bits) });
  };
  return pair(clear(a, x, y), clear(b, y, x));
}
