/**
 * What a path demands of a packet's bytes: of some fields a range, of some bits a value.
 */

import { opcodes } from '../cbpf/index.js';
import type { Fact, Facts, Value, Values } from '../optimize/index.js';

/** A field of the packet, big-endian, and what is known of it. */
export interface Constraint {
  readonly at: number;
  readonly size: number;
  readonly fact: Fact;
  /** One of these bits is set; 0 where nothing of the kind is known. */
  readonly someOf: number;
}

/** Where a value of a packet comes from while only some of its bytes are known. */
export function evaluate(values: Values, value: Value, bytes: Uint8Array): number {
  const kind = values.kinds[value]!;
  switch (kind.kind) {
    case 'constant':
      return kind.k;
    case 'load':
      return readNumber(bytes, offsetOf(values, value, bytes), kind.size);
    case 'alu': {
      const [left, right] = [evaluate(values, kind.left, bytes), evaluate(values, kind.right, bytes)];
      return opcodes.evalAlu(opcodes.aluRowOf(kind.op)!, left, right) ?? 0;
    }
    case 'negate':
      return -evaluate(values, kind.operand, bytes) >>> 0;
    default:
      return 0;
  }
}

/** Where a load begins. */
export function offsetOf(values: Values, load: Value, bytes: Uint8Array): number {
  const kind = values.kinds[load]!;
  if (kind.kind !== 'load') throw new TypeError('only loads have a place');
  return (kind.base === undefined ? 0 : evaluate(values, kind.base, bytes)) + kind.k;
}

/** Big-endian; bytes that are not there are 0. */
export function readNumber(bytes: Uint8Array, at: number, size: number): number {
  let result = 0;
  for (let i = 0; i < size; i++) result = result * 256 + (bytes[at + i] ?? 0);
  return result;
}

/** Big-endian; what lies beyond is dropped. */
export function writeNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  for (let i = 0; i < size; i++) {
    if (at + i < bytes.length) bytes[at + i] = Math.floor(value / 256 ** (size - 1 - i)) & 0xff;
  }
}

const ANYTHING: Fact = { ranges: [0, 0xffff_ffff], zeros: 0, ones: 0 };

/**
 * The constraints of a path, in order of their places.
 *
 * @param bytes - Where fields behind others of varying length begin, these tell; without them such fields are left out.
 */
export function constraintsOf(values: Values, facts: Facts, bytes: Uint8Array | undefined): Constraint[] {
  const found: Constraint[] = [];
  const add = (value: Value, fact: Fact, someOf: number): void => {
    const kind = values.kinds[value]!;
    if (kind.kind !== 'load' || (bytes === undefined && kind.base !== undefined)) return;
    const at = bytes === undefined ? kind.k : offsetOf(values, value, bytes);
    found.push({ at, size: kind.size, fact, someOf });
  };
  for (const [value, fact] of facts.known) add(value, fact, 0);
  for (const [relation, outcome] of facts.relations) {
    const [op, left, right] = relation.split(' ').map(Number) as [number, Value, Value];
    const mask = values.constantOf(right);
    if (op === opcodes.JSET && outcome && mask !== undefined) add(left, ANYTHING, mask);
  }
  return found.sort((a, b) => a.at - b.at || a.size - b.size);
}

/** Whether the number is one that the constraint allows. */
export function allows({ fact: { ranges, zeros, ones }, someOf }: Constraint, number: number): boolean {
  if ((number & zeros) !== 0 || (~number & ones) !== 0) return false;
  if (someOf !== 0 && (number & someOf) === 0) return false;
  for (let i = 0; i < ranges.length; i += 2)
    if (number >= ranges[i]! && number <= ranges[i + 1]!) return true;
  return false;
}

/** A number that the constraint allows: this one, else the least. */
export function nearest(constraint: Constraint, number: number): number {
  const { fact, someOf } = constraint;
  const { ranges, zeros, ones } = fact;
  const lowest = someOf & -someOf;
  const fitted = (it: number): number => {
    const bits = ((it | ones) & ~zeros) >>> 0;
    return someOf !== 0 && (bits & someOf) === 0 ? (bits | lowest) >>> 0 : bits;
  };
  const tried = [number, fitted(number)];
  for (let i = 0; i < ranges.length; i += 2) tried.push(ranges[i]!, fitted(ranges[i]!), ranges[i + 1]!);
  return tried.find((it) => allows(constraint, it)) ?? fitted(number);
}
