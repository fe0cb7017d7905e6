/**
 * Values: what a register holds, as a function of the packet. The optimizer's value numbering.
 *
 * Every distinct value has one number, so that equal numbers are equal values, wherever in a program
 * they are computed. Constructors fold constants and bring sums, masks and shifts into one form; the
 * arithmetic is that of the opcode table ({@link file://../cbpf/opcodes.ts}). Each value knows bounds and
 * which of its bits can be set. A value does not say whether it can be computed at all: loads beyond the
 * packet and zero divisors are accounted for as traps, see {@link file://./decision.ts}.
 */

import { isExtension, opcodes } from '../cbpf/index.js';

const { ADD, AND, aluRowOf, DIV, evalAlu, LSH, MOD, MUL, OR, RSH, SUB, XOR } = opcodes;

/** Index into {@link Values}. */
export type Value = number;

export type ValueKind =
  | { readonly kind: 'constant'; readonly k: number }
  /** The packet's length on the wire. */
  | { readonly kind: 'length' }
  /** Big-endian bytes at `base` + `k`, without wrapping. */
  | {
      readonly kind: 'load';
      readonly size: 1 | 2 | 4;
      readonly base: Value | undefined;
      readonly k: number;
    }
  /** What the kernel tells besides the packet; `code` is the load's. */
  | { readonly kind: 'ancillary'; readonly code: number; readonly k: number }
  | { readonly kind: 'alu'; readonly op: number; readonly left: Value; readonly right: Value }
  | { readonly kind: 'negate'; readonly operand: Value }
  /** Assigned on the way: a value that differs from path to path. */
  | { readonly kind: 'variable'; readonly id: number };

/** Beyond any packet: captured lengths are below 2^31. */
export const BEYOND = 0x8000_0000;
/** Weight of expressions that are not worth looking into. */
export const HUGE = 4096;
const MAX = 0xffff_ffff;
const NONE: readonly Value[] = [];
const COMMUTATIVE = new Set([ADD, MUL, AND, OR, XOR]);

/** All ones from the highest set bit down. */
const smear = (value: number): number => (value === 0 ? 0 : MAX >>> Math.clz32(value));
const isPowerOf2 = (value: number): boolean => value !== 0 && (value & (value - 1)) === 0;
const log2 = (value: number): number => 31 - Math.clz32(value);

export class Values {
  readonly kinds: ValueKind[] = [];
  readonly min: number[] = [];
  readonly max: number[] = [];
  /** Bits that may be set. */
  readonly bits: number[] = [];
  /** Whether computing it may end the program: it holds a load or a division. */
  readonly traps: boolean[] = [];
  /** Operations in the value's expression, repeated parts counted each time; at most {@link HUGE}. */
  readonly weight: number[] = [];
  readonly #numbers = new Map<string, Value>();
  readonly #trapsOf = new Map<Value, readonly Value[]>();
  readonly #variablesOf = new Map<Value, readonly Value[]>();
  /** Whether values are as the program spells them: nothing is folded, and no bounds are kept. */
  readonly literal: boolean;
  /** Intervals that the known range of a value may consist of. */
  readonly mostRanges: number;
  #variables = 0;

  constructor(options: { readonly literal?: boolean; readonly mostRanges?: number } = {}) {
    this.literal = options.literal ?? false;
    this.mostRanges = options.mostRanges ?? 12;
  }

  #intern(key: string, kind: ValueKind, min: number, max: number, bits: number, traps: boolean): Value {
    const present = this.#numbers.get(key);
    if (present !== undefined) return present;
    const value = this.kinds.length;
    this.#numbers.set(key, value);
    this.kinds.push(kind);
    const top = Math.min(max, bits >>> 0);
    const known = !this.literal || kind.kind === 'constant';
    this.min.push(known ? Math.min(min, top) : 0);
    this.max.push(known ? top : MAX);
    this.bits.push(known ? (bits & smear(top)) >>> 0 : MAX);
    this.traps.push(traps);
    const weight = this.operands(value).reduce((sum, operand) => sum + this.weight[operand]!, 1);
    this.weight.push(Math.min(weight, HUGE));
    return value;
  }

  /** The number, when the value is one. */
  constantOf(value: Value): number | undefined {
    const kind = this.kinds[value]!;
    return kind.kind === 'constant' ? kind.k : undefined;
  }

  constant(k: number): Value {
    const u = k >>> 0;
    return this.#intern(`#${u}`, { kind: 'constant', k: u }, u, u, u, false);
  }

  length(): Value {
    return this.#intern('length', { kind: 'length' }, 0, MAX, MAX, false);
  }

  /** A new variable, whose values lie within the given bounds. */
  variable(min = 0, max = MAX, bits = MAX): Value {
    const id = this.#variables++;
    return this.#intern(`v${id}`, { kind: 'variable', id }, min, max, bits, false);
  }

  load(size: 1 | 2 | 4, base: Value | undefined, k: number): Value {
    let from = base;
    let at = k;
    if (from !== undefined && !this.literal) {
      const kind = this.kinds[from]!;
      if (kind.kind === 'constant') {
        at = Math.min(kind.k + k, BEYOND);
        from = undefined;
      } else if (kind.kind === 'alu' && kind.op === ADD) {
        // (y + c) + k = y + (c + k) only where y + c does not wrap.
        const c = this.constantOf(kind.right);
        if (c !== undefined && this.max[kind.left]! + c <= MAX && c + k <= MAX) {
          from = kind.left;
          at = c + k;
        }
      }
    } else if (from === undefined && at >= BEYOND) at = BEYOND;
    const bits = size === 4 ? MAX : size === 2 ? 0xffff : 0xff;
    return this.#intern(
      `l${size},${from},${at}`,
      { kind: 'load', size, base: from, k: at },
      0,
      bits,
      bits,
      true,
    );
  }

  /** A load that reads no packet bytes; `undefined` where `k` names none that is a plain value. */
  ancillary(code: number, k: number): Value | undefined {
    if (!isExtension(k)) return undefined;
    return this.#intern(`a${k}`, { kind: 'ancillary', code, k }, 0, MAX, MAX, true);
  }

  negate(operand: Value): Value {
    const k = this.constantOf(operand);
    if (k !== undefined && !this.literal) return this.constant(-k);
    const traps = this.traps[operand]!;
    return this.#intern(`-${operand}`, { kind: 'negate', operand }, 0, MAX, MAX, traps);
  }

  /** `left op right`; a zero divisor that is known gives a value that always traps. */
  alu(op: number, left: Value, right: Value): Value {
    if (this.literal) return this.#operation(op, left, right);
    const a = this.constantOf(left);
    const b = this.constantOf(right);
    if (a !== undefined && b !== undefined) {
      const folded = evalAlu(aluRowOf(op)!, a, b);
      if (folded !== undefined) return this.constant(folded);
    }
    if (a === 0 && (op === LSH || op === RSH)) return left;
    if (COMMUTATIVE.has(op) && (a !== undefined || (b === undefined && left > right)))
      return this.#alu(op, right, left);
    return this.#alu(op, left, right);
  }

  #alu(op: number, left: Value, right: Value): Value {
    const c = this.constantOf(right);
    const simpler = c === undefined ? this.#same(op, left, right) : this.#withConstant(op, left, c);
    return simpler ?? this.#operation(op, left, right);
  }

  #operation(op: number, left: Value, right: Value): Value {
    const { min, max, bits } = this.#bounds(op, left, right);
    const divides = op === DIV || op === MOD;
    const traps = this.traps[left]! || this.traps[right]! || (divides && this.min[right] === 0);
    return this.#intern(`${op},${left},${right}`, { kind: 'alu', op, left, right }, min, max, bits, traps);
  }

  /** Both operands vary. */
  #same(op: number, left: Value, right: Value): Value | undefined {
    if (op === ADD) {
      // Constants go to the outside: (y + c) + z is (y + z) + c.
      for (const [sum, other] of [
        [left, right],
        [right, left],
      ] as const) {
        const kind = this.kinds[sum]!;
        if (kind.kind === 'alu' && kind.op === ADD && this.constantOf(kind.right) !== undefined)
          return this.alu(ADD, this.alu(ADD, kind.left, other), kind.right);
      }
    }
    if (left !== right) return undefined;
    if (op === SUB || op === XOR) return this.constant(0);
    return op === AND || op === OR ? left : undefined;
  }

  /** Identities, and one form for what can be written in several. */
  #withConstant(op: number, left: Value, c: number): Value | undefined {
    const kind = this.kinds[left]!;
    const inner = kind.kind === 'alu' ? this.constantOf(kind.right) : undefined;
    const [innerOp, x] = kind.kind === 'alu' && inner !== undefined ? [kind.op, kind.left] : [-1, left];
    const again = (k: number) => this.alu(op, x, this.constant(k));
    switch (op) {
      case ADD:
        if (c === 0) return left;
        return innerOp === ADD ? again(inner! + c) : undefined;
      case SUB:
        return this.alu(ADD, left, this.constant(-c));
      case MUL:
        if (c === 0) return this.constant(0);
        if (isPowerOf2(c)) return this.alu(LSH, left, this.constant(log2(c)));
        return innerOp === MUL ? again(Math.imul(inner!, c)) : undefined;
      case DIV:
        if (isPowerOf2(c)) return this.alu(RSH, left, this.constant(log2(c)));
        return undefined;
      case MOD:
        if (isPowerOf2(c)) return this.alu(AND, left, this.constant(c - 1));
        return c > this.max[left]! ? left : undefined;
      case AND: {
        const mask = (c & this.bits[left]!) >>> 0;
        if (mask === this.bits[left]) return left;
        if (mask === 0) return this.constant(0);
        return innerOp === AND ? again(inner! & c) : undefined;
      }
      case OR:
        if (c === 0) return left;
        if (c === MAX) return this.constant(MAX);
        return innerOp === OR ? again(inner! | c) : undefined;
      case XOR:
        if (c === 0) return left;
        return innerOp === XOR ? again(inner! ^ c) : undefined;
      default: {
        if (c === 0) return left;
        if (c > 31) return this.constant(0);
        const rest = op === LSH ? (this.bits[left]! << c) >>> 0 : this.bits[left]! >>> c;
        if (rest === 0) return this.constant(0);
        return innerOp === op && inner! <= 31 ? again(inner! + c) : undefined;
      }
    }
  }

  #bounds(op: number, left: Value, right: Value): { min: number; max: number; bits: number } {
    const aMin = this.min[left]!;
    const aMax = this.max[left]!;
    const aBits = this.bits[left]!;
    const bMin = this.min[right]!;
    const bMax = this.max[right]!;
    const bBits = this.bits[right]!;
    const c = this.constantOf(right);
    const upTo = (max: number, min = 0) => ({ min, max, bits: smear(max) });
    switch (op) {
      case ADD:
        return aMax + bMax <= MAX ? upTo(aMax + bMax, aMin + bMin) : upTo(MAX);
      case SUB:
        return aMin >= bMax ? upTo(aMax - bMin, aMin - bMax) : upTo(MAX);
      case MUL:
        return aMax * bMax <= MAX ? upTo(aMax * bMax, aMin * bMin) : upTo(MAX);
      case DIV:
        return upTo(bMin > 0 ? Math.floor(aMax / bMin) : aMax);
      case MOD:
        return upTo(Math.min(aMax, Math.max(bMax - 1, 0)));
      case AND:
        return { min: 0, max: Math.min(aMax, bMax), bits: (aBits & bBits) >>> 0 };
      case OR:
        return { min: Math.max(aMin, bMin), max: MAX, bits: (aBits | bBits) >>> 0 };
      case XOR:
        return { min: 0, max: MAX, bits: (aBits | bBits) >>> 0 };
      case LSH:
        if (c === undefined) return upTo(MAX);
        return { min: 0, max: aMax * 2 ** c <= MAX ? aMax * 2 ** c : MAX, bits: (aBits << c) >>> 0 };
      case RSH:
        if (c === undefined) return upTo(aMax);
        return { min: aMin >>> c, max: aMax >>> c, bits: aBits >>> c };
      default:
        return upTo(MAX);
    }
  }

  /** The value made anew of what its operands become. */
  rebuilt(value: Value, become: (operand: Value) => Value): Value {
    const kind = this.kinds[value]!;
    switch (kind.kind) {
      case 'load':
        return kind.base === undefined ? value : this.load(kind.size, become(kind.base), kind.k);
      case 'alu':
        return this.alu(kind.op, become(kind.left), become(kind.right));
      case 'negate':
        return this.negate(become(kind.operand));
      default:
        return value;
    }
  }

  /** Values that this one is computed from directly. */
  operands(value: Value): readonly Value[] {
    const kind = this.kinds[value]!;
    switch (kind.kind) {
      case 'load':
        return kind.base === undefined ? [] : [kind.base];
      case 'alu':
        return [kind.left, kind.right];
      case 'negate':
        return [kind.operand];
      default:
        return [];
    }
  }

  /** The values within this one whose computation may itself trap. */
  trapsOf(value: Value): readonly Value[] {
    if (!this.traps[value]) return NONE;
    const known = this.#trapsOf.get(value);
    if (known !== undefined) return known;
    const kind = this.kinds[value]!;
    const own =
      kind.kind === 'load' ||
      kind.kind === 'ancillary' ||
      (kind.kind === 'alu' && (kind.op === DIV || kind.op === MOD) && this.min[kind.right] === 0);
    const inner = this.operands(value).flatMap((operand) => this.trapsOf(operand));
    const all = [...new Set(own ? [...inner, value] : inner)];
    this.#trapsOf.set(value, all);
    return all;
  }

  variablesOf(value: Value): readonly Value[] {
    const known = this.#variablesOf.get(value);
    if (known !== undefined) return known;
    const operands = this.operands(value);
    const all =
      this.kinds[value]!.kind === 'variable'
        ? [value]
        : operands.length === 0
          ? NONE
          : [...new Set(operands.flatMap((operand) => this.variablesOf(operand)))];
    this.#variablesOf.set(value, all);
    return all;
  }
}
