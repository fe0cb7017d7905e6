/**
 * One form for each test, and the answer where the values themselves give it.
 *
 * Preserves the outcome for every packet; what a test computes afterwards is part of what it computed
 * before, so traps have to be touched by the caller. Each rule leaves fewer operations, or the same
 * number with one of the preferred tests (constant on the right, `jeq`, then `jset`, then `jge`).
 */

import { opcodes } from '../cbpf/index.js';
import type { Value, Values } from './value.js';

const { ADD, AND, JEQ, JGE, JGT, JSET, jumpRowOf, LSH, RSH, SUB, XOR } = opcodes;

export interface Comparison {
  readonly op: number;
  readonly left: Value;
  readonly right: Value;
  /** The branches have to be exchanged. */
  readonly negated: boolean;
}

const MAX = 0xffff_ffff;
const isSingleBit = (mask: number): boolean => mask !== 0 && (mask & (mask - 1)) === 0;

/** The comparison in its one form, or its answer. */
export function normalize(values: Values, op: number, left: Value, right: Value): Comparison | boolean {
  let it: Comparison | boolean = { op, left, right, negated: false };
  for (;;) {
    const next: Comparison | boolean = rewrite(values, it);
    if (typeof next === 'boolean') return next !== it.negated;
    if (next === it) return it;
    it = { ...next, negated: next.negated !== it.negated };
  }
}

/** One step; a boolean is the answer of `op`, before `negated`. The same object: nothing to do. */
function rewrite(values: Values, it: Comparison): Comparison | boolean {
  const { op, left, right } = it;
  const a = values.constantOf(left);
  const k = values.constantOf(right);
  if (a !== undefined && k !== undefined) return jumpRowOf(op)!.eval(a, k);
  if (values.literal) return it;
  if (left === right) return op === JSET ? test(JEQ, left, values.constant(0), true) : op !== JGT;
  if (a !== undefined) {
    if (op === JEQ || op === JSET) return test(op, right, left);
    return test(op === JGT ? JGE : JGT, right, left, true);
  }
  if (k === undefined) {
    if (left <= right) return it;
    if (op === JEQ || op === JSET) return test(op, right, left);
    return test(op === JGT ? JGE : JGT, right, left, true);
  }
  const min = values.min[left]!;
  const max = values.max[left]!;
  const bits = values.bits[left]!;
  const againstConstant = (operation: number, x: Value, c: number, negated = false) =>
    test(operation, x, values.constant(c), negated);
  switch (op) {
    case JGT:
      return k === MAX ? false : againstConstant(JGE, left, k + 1);
    case JGE:
      if (k <= min) return true;
      if (k > max) return false;
      if (k === 1) return againstConstant(JEQ, left, 0, true);
      if (k === max) return againstConstant(JEQ, left, k);
      break;
    case JEQ:
      if (k < min || k > max || (k & ~bits) !== 0) return false;
      break;
    case JSET:
      if ((k & bits) === 0) return false;
      if ((k & bits) >>> 0 === bits) return againstConstant(JEQ, left, 0, true);
      if ((k & bits) >>> 0 !== k) return againstConstant(JSET, left, k & bits);
      break;
  }
  const kind = values.kinds[left]!;
  if (kind.kind === 'negate' && op === JEQ) return againstConstant(JEQ, kind.operand, -k);
  if (kind.kind !== 'alu') return it;
  if (kind.op === SUB && op === JEQ && k === 0) return test(JEQ, kind.left, kind.right);
  const minuend = kind.op === SUB ? values.constantOf(kind.left) : undefined;
  if (minuend !== undefined && op === JEQ) return againstConstant(JEQ, kind.right, minuend - k);
  if (kind.op === XOR && op === JEQ && k === 0) return test(JEQ, kind.left, kind.right);
  const c = values.constantOf(kind.right);
  if (c === undefined) return it;
  const x = kind.left;
  switch (op) {
    case JEQ:
      if (kind.op === ADD) return againstConstant(JEQ, x, k - c);
      if (kind.op === XOR) return againstConstant(JEQ, x, k ^ c);
      if (kind.op === AND && k === 0) return againstConstant(JSET, x, c, true);
      if (kind.op === AND && k === c && isSingleBit(c)) return againstConstant(JSET, x, c);
      if (kind.op === LSH && values.max[x]! * 2 ** c <= MAX) return againstConstant(JEQ, x, k >>> c);
      if (kind.op === RSH && k === 0) return againstConstant(JGE, x, 2 ** c, true);
      return it;
    case JGE:
      if (kind.op === ADD && values.max[x]! + c <= MAX) return againstConstant(JGE, x, Math.max(k - c, 0));
      if (kind.op === RSH) return k * 2 ** c > MAX ? false : againstConstant(JGE, x, k * 2 ** c);
      if (kind.op === LSH && values.max[x]! * 2 ** c <= MAX)
        return againstConstant(JGE, x, Math.ceil(k / 2 ** c));
      return it;
    default:
      if (kind.op === AND) return againstConstant(JSET, x, c & k);
      if (kind.op === RSH) return againstConstant(JSET, x, k * 2 ** c > MAX ? k << c : k * 2 ** c);
      if (kind.op === LSH) return againstConstant(JSET, x, k >>> c);
      return it;
  }
}

const test = (op: number, left: Value, right: Value, negated = false): Comparison => ({
  op,
  left,
  right,
  negated,
});
