/**
 * Decision graph → flow graph: which values go into A, X and M[], and in which order.
 *
 * Steps are lowered in order, each knowing what the registers hold on all ways into it, so that a value
 * which is still there is not computed again. Variables stay in the register the program had them in as
 * long as nothing else needs it; one that is in the way moves to a scratch cell of its own, and lowering
 * starts over (as often as there are variables at most).
 *
 * Preserves everything: each step computes its touches, its assignments and its test, and nothing that
 * could trap besides. The order of computations within a step is free, as all traps are alike.
 */

import { opcodes, SKF_AD_OFF } from '../cbpf/index.js';
import type { Block, Exit, Graph, Statement } from '../cfg/index.js';
import type { Span } from '../source.js';
import { type Decisions, HOME_A, HOME_X, type Step, targets } from './decision.js';
import { DEVICE_ANCILLARY } from './read.js';
import { liveVariables } from './trim.js';
import type { Value, Values } from './value.js';

const { A, ABS, ADD, ALU, AND, B, H, IMM, IND, JEQ, JGE, JGT, JMP, JSET, K, LD, LDX, LEN, LSH, MEM } =
  opcodes;
const { MEMORY_WORDS, MISC, MSH, MUL, NEG, OR, RET, ST, STX, TAX, TXA, W, X, XOR } = opcodes;

const COMMUTATIVE = new Set([ADD, MUL, AND, OR, XOR]);
const NONE: readonly Value[] = [];

/** What registers hold: each perhaps known by several values. */
interface Registers {
  readonly a: readonly Value[];
  readonly x: readonly Value[];
  readonly cells: ReadonlyMap<number, readonly Value[]>;
}

/**
 * `undefined` when 16 scratch cells do not suffice.
 *
 * @param fromStart - Whether registers and cells are zero before the first step; else nothing is known.
 */
export function lower(decisions: Decisions, fromStart = true): Graph | undefined {
  const homes = new Map(decisions.homes);
  const live = liveVariables(decisions);
  const present = new Set(live.flatMap((set) => [...set]));
  const moved = new Set<Value>();
  for (;;) {
    const result = attempt(decisions, homes, live, present, fromStart);
    if (typeof result !== 'number') return result;
    const taken = new Set([...present].map((variable) => homes.get(variable)));
    const cell = Array.from({ length: MEMORY_WORDS }, (_, index) => index).find((index) => !taken.has(index));
    if (cell === undefined || moved.has(result)) return undefined;
    moved.add(result);
    homes.set(result, cell);
  }
}

/** Thrown when a variable cannot stay where it is. */
class Displaced {
  readonly variable: Value;
  constructor(variable: Value) {
    this.variable = variable;
  }
}
class OutOfCells {}

/** The graph, or the variable whose home is in the way. */
function attempt(
  decisions: Decisions,
  homes: ReadonlyMap<Value, number>,
  live: readonly ReadonlySet<Value>[],
  present: ReadonlySet<Value>,
  fromStart: boolean,
): Graph | Value | undefined {
  const { values, steps } = decisions;
  const zero = fromStart ? [values.constant(0)] : NONE;
  const entering = new Array<Registers | undefined>(steps.length);
  const reserved = new Set([...present].map((variable) => homes.get(variable)!));
  // All cells are zero at first; only where variables live that is worth knowing.
  const cells = new Map([...reserved].filter((home) => home >= 0).map((cell) => [cell, zero]));
  entering[0] = { a: zero, x: zero, cells };
  try {
    const blocks = steps.map((step, index): Block => {
      const emitter = new Emitter(values, homes, reserved, entering[index]!);
      const exit = emitter.step(step);
      for (const variable of live[index]!) emitter.requireHome(variable);
      const leaving = emitter.registers();
      for (const to of targets(step)) entering[to] = meet(entering[to], leaving);
      return { statements: emitter.statements, exit };
    });
    return { blocks, entry: decisions.entry };
  } catch (reason) {
    if (reason instanceof Displaced) return reason.variable;
    if (reason instanceof OutOfCells) return undefined;
    throw reason;
  }
}

function meet(a: Registers | undefined, b: Registers): Registers {
  if (a === undefined) return b;
  return { a: common(a.a, b.a), x: common(a.x, b.x), cells: commonCells(a.cells, b.cells) };
}

function commonCells(a: Registers['cells'], b: Registers['cells']): Registers['cells'] {
  if (a === b || a.size === 0) return a;
  const cells = new Map<number, readonly Value[]>();
  for (const [cell, held] of a) {
    const both = common(held, b.get(cell) ?? NONE);
    if (both.length > 0) cells.set(cell, both);
  }
  return cells;
}

const common = (a: readonly Value[], b: readonly Value[]): readonly Value[] =>
  a === b ? a : a.filter((value) => b.includes(value));

class Emitter {
  readonly statements: Statement[] = [];
  readonly #values: Values;
  readonly #homes: ReadonlyMap<Value, number>;
  readonly #reserved: ReadonlySet<number>;
  readonly #pending = new Set<number>();
  #span: Span | undefined;
  #a: readonly Value[];
  #x: readonly Value[];
  readonly #cells: Map<number, readonly Value[]>;

  constructor(
    values: Values,
    homes: ReadonlyMap<Value, number>,
    reserved: ReadonlySet<number>,
    { a, x, cells }: Registers,
  ) {
    this.#values = values;
    this.#homes = homes;
    this.#reserved = reserved;
    this.#a = a;
    this.#x = x;
    this.#cells = new Map(cells);
  }

  registers(): Registers {
    return { a: this.#a, x: this.#x, cells: this.#cells };
  }

  requireHome(variable: Value): void {
    if (!this.#held(this.#homes.get(variable)!).includes(variable)) throw new Displaced(variable);
  }

  #held(home: number): readonly Value[] {
    return home === HOME_A ? this.#a : home === HOME_X ? this.#x : (this.#cells.get(home) ?? NONE);
  }

  step({ touches, sets, exit }: Step): Exit {
    this.#span = exit.kind === 'goto' ? undefined : exit.span;
    for (const value of touches) this.toA(value);
    for (const { variable, value } of sets) {
      const home = this.#homes.get(variable)!;
      if (home >= 0 && !this.#held(home).includes(value)) this.#store(home, value);
    }
    for (const { variable, value } of sets) if (this.#homes.get(variable) === HOME_X) this.toX(value);
    for (const { variable, value } of sets) {
      if (this.#homes.get(variable) === HOME_A && exit.kind === 'goto') this.toA(value);
    }
    const result = this.#exit(exit);
    // From here on variables are known by their new values.
    const named = (held: readonly Value[]): readonly Value[] => [
      ...held.filter((value) => !sets.some(({ variable }) => variable === value)),
      ...sets.filter(({ value }) => held.includes(value)).map(({ variable }) => variable),
    ];
    if (sets.length > 0) {
      this.#a = named(this.#a);
      this.#x = named(this.#x);
      for (const [cell, held] of this.#cells) this.#cells.set(cell, named(held));
    }
    return result;
  }

  #exit(exit: Step['exit']): Exit {
    switch (exit.kind) {
      case 'goto':
        return { kind: 'goto', target: exit.target };
      case 'return': {
        const k = this.#values.constantOf(exit.value);
        if (k !== undefined) return { kind: 'return', code: RET | K, k, ...this.#spanned() };
        this.toA(exit.value);
        return { kind: 'return', code: RET | A, k: 0, ...this.#spanned() };
      }
      case 'test':
        return this.#test(exit.op, exit.left, exit.right, exit.onTrue, exit.onFalse);
    }
  }

  #test(op: number, left: Value, right: Value, onTrue: number, onFalse: number): Exit {
    const k = this.#values.constantOf(right);
    if (k !== undefined) {
      this.toA(left);
      return { kind: 'branch', code: JMP | op | K, k, onTrue, onFalse, ...this.#spanned() };
    }
    const exchanged = this.#rank(right, left) < this.#rank(left, right);
    if (!exchanged) {
      this.#pair(left, right);
      return { kind: 'branch', code: JMP | op | X, k: 0, onTrue, onFalse, ...this.#spanned() };
    }
    this.#pair(right, left);
    if (op === JEQ || op === JSET)
      return { kind: 'branch', code: JMP | op | X, k: 0, onTrue, onFalse, ...this.#spanned() };
    // a > b is not b >= a.
    const inverse = op === JGT ? JGE : JGT;
    return {
      kind: 'branch',
      code: JMP | inverse | X,
      k: 0,
      onTrue: onFalse,
      onFalse: onTrue,
      ...this.#spanned(),
    };
  }

  #spanned(): { span?: Span } {
    return this.#span === undefined ? {} : { span: this.#span };
  }

  #emit(code: number, k = 0): void {
    this.statements.push({ code, k: k >>> 0, ...this.#spanned() });
  }

  #cellWith(value: Value): number | undefined {
    for (const [cell, held] of this.#cells) if (held.includes(value)) return cell;
    return undefined;
  }

  #store(cell: number, value: Value): void {
    // A constant by way of X: a base is what such a variable mostly is.
    if (this.#values.constantOf(value) !== undefined && !this.#a.includes(value)) this.toX(value);
    if (this.#x.includes(value) && !this.#a.includes(value)) this.#emit(STX, cell);
    else {
      this.toA(value);
      this.#emit(ST, cell);
    }
    this.#cells.set(cell, [value]);
  }

  /** A = value. */
  toA(value: Value): void {
    if (this.#a.includes(value)) return;
    this.#compute(value);
    this.#a = [value];
  }

  #compute(value: Value): void {
    if (this.#x.includes(value)) {
      this.#emit(MISC | TXA);
      return;
    }
    const kind = this.#values.kinds[value]!;
    if (kind.kind === 'constant') {
      this.#emit(LD | IMM, kind.k);
      return;
    }
    const cell = this.#cellWith(value);
    if (cell !== undefined) {
      this.#emit(LD | MEM, cell);
      return;
    }
    switch (kind.kind) {
      case 'length':
        this.#emit(LD | W | LEN);
        return;
      case 'load': {
        const size = kind.size === 4 ? W : kind.size === 2 ? H : B;
        if (kind.base === undefined) {
          this.#emit(LD | ABS | size, kind.k);
          return;
        }
        this.toX(kind.base);
        this.#emit(LD | IND | size, kind.k);
        return;
      }
      case 'ancillary':
        // Some return A where there is no device.
        if (!this.#a.includes(this.#values.constant(0)) && DEVICE_ANCILLARY.has(kind.k - SKF_AD_OFF))
          this.#emit(LD | IMM, 0);
        this.#emit(kind.code, kind.k);
        return;
      case 'negate':
        this.toA(kind.operand);
        this.#emit(ALU | NEG);
        return;
      case 'variable':
        throw new Displaced(value);
      case 'alu':
        this.#alu(value, kind.op, kind.left, kind.right);
        return;
    }
  }

  #alu(value: Value, op: number, left: Value, right: Value): void {
    const k = this.#values.constantOf(right);
    if (k !== undefined) {
      const header = this.#headerLengthAt(value);
      if (header !== undefined && this.#x.every((held) => this.#values.constantOf(held) !== undefined)) {
        this.toX(value);
        this.#emit(MISC | TXA);
        return;
      }
      const distance = op === ADD ? this.#distance(left) : undefined;
      if (distance === undefined) this.toA(left);
      this.#emit(ALU | op | K, k - (distance ?? 0));
      return;
    }
    if (COMMUTATIVE.has(op) && this.#rank(right, left) < this.#rank(left, right)) this.#pair(right, left);
    else this.#pair(left, right);
    this.#emit(ALU | op | X);
  }

  /** How far A is beyond `base`, when it holds such a sum and not `base` itself. */
  #distance(base: Value): number | undefined {
    for (const held of this.#a.includes(base) ? NONE : this.#a) {
      const kind = this.#values.kinds[held]!;
      if (kind.kind === 'alu' && kind.op === ADD && kind.left === base)
        return this.#values.constantOf(kind.right);
    }
    return undefined;
  }

  /** The offset k of `4*([k]&0xf)`, when the value is one. */
  #headerLengthAt(value: Value): number | undefined {
    const { kinds } = this.#values;
    const shift = kinds[value]!;
    if (shift.kind !== 'alu' || shift.op !== LSH || this.#values.constantOf(shift.right) !== 2)
      return undefined;
    const mask = kinds[shift.left]!;
    if (mask.kind !== 'alu' || mask.op !== AND || this.#values.constantOf(mask.right) !== 0xf)
      return undefined;
    const byte = kinds[mask.left]!;
    return byte.kind === 'load' && byte.size === 1 && byte.base === undefined ? byte.k : undefined;
  }

  /** Whether one instruction computes the value into A. */
  #isShort(value: Value): boolean {
    const kind = this.#values.kinds[value]!;
    return (
      kind.kind === 'constant' || kind.kind === 'length' || (kind.kind === 'load' && kind.base === undefined)
    );
  }

  /** Whether X can be loaded with the value while A stays. */
  #isDirect(value: Value): boolean {
    const { kind } = this.#values.kinds[value]!;
    return (
      kind === 'constant' ||
      kind === 'length' ||
      this.#x.includes(value) ||
      this.#cellWith(value) !== undefined ||
      this.#headerLengthAt(value) !== undefined
    );
  }

  /** X = value. A stays where {@link #isDirect}. */
  toX(value: Value): void {
    if (this.#x.includes(value)) return;
    const kind = this.#values.kinds[value]!;
    const header = this.#headerLengthAt(value);
    const cell = this.#cellWith(value);
    if (this.#a.includes(value)) this.#emit(MISC | TAX);
    else if (kind.kind === 'constant') this.#emit(LDX | IMM, kind.k);
    else if (kind.kind === 'length') this.#emit(LDX | W | LEN);
    else if (cell !== undefined) this.#emit(LDX | MEM, cell);
    else if (header !== undefined) this.#emit(LDX | B | MSH, header);
    else {
      this.toA(value);
      this.#emit(MISC | TAX);
    }
    this.#x = this.#a.includes(value) ? this.#a : [value];
  }

  /** Whether computing the value into A changes X. */
  #changesX(value: Value): boolean {
    if (this.#a.includes(value) || this.#x.includes(value) || this.#cellWith(value) !== undefined)
      return false;
    const kind = this.#values.kinds[value]!;
    switch (kind.kind) {
      case 'load':
        return kind.base !== undefined && !this.#x.includes(kind.base);
      case 'negate':
        return this.#changesX(kind.operand);
      case 'alu':
        if (this.#values.constantOf(kind.right) === undefined)
          return !this.#x.includes(kind.right) || this.#changesX(kind.left);
        return this.#changesX(kind.left);
      default:
        return false;
    }
  }

  /** How dear A = left, X = right is, beyond computing both. */
  #rank(left: Value, right: Value): number {
    if (this.#x.includes(right) && !this.#changesX(left)) return 0;
    if (this.#isDirect(right)) return this.#a.includes(left) ? 0 : 1;
    if (!this.#changesXBehind(right, left)) return this.#a.includes(right) ? 1 : 2;
    return 3;
  }

  /** As {@link #changesX}, once X holds another value, which is computed in A unless that holds it. */
  #changesXBehind(loaded: Value, value: Value): boolean {
    const [a, x] = [this.#a, this.#x];
    this.#x = NONE;
    if (!a.includes(loaded)) this.#a = NONE;
    const changes = this.#changesX(value);
    [this.#a, this.#x] = [a, x];
    return changes;
  }

  /** A = left, X = right. */
  #pair(left: Value, right: Value): void {
    if (this.#x.includes(right) && !this.#changesX(left)) {
      this.toA(left);
      return;
    }
    if (this.#isDirect(right) && !this.#x.includes(right)) {
      this.#keeping(right, () => this.toA(left));
      this.toX(right);
      return;
    }
    if (!this.#changesXBehind(right, left) && (!this.#a.includes(left) || this.#isShort(left))) {
      this.#keeping(left, () => this.toX(right));
      this.toA(left);
      return;
    }
    const cell = this.#temporary();
    if (this.#a.includes(left) && !this.#a.includes(right)) {
      // The left one is there already: keep it aside while the right one is computed.
      this.#emit(ST, cell);
      this.#cells.set(cell, this.#a);
      this.#pending.add(cell);
      this.toX(right);
      this.toA(left);
    } else {
      this.toA(right);
      this.#emit(ST, cell);
      this.#cells.set(cell, this.#a);
      this.#pending.add(cell);
      this.toA(left);
      this.toX(right);
    }
    this.#pending.delete(cell);
  }

  /** Leaves the cells alone that a value is in or is computed from, while something else is computed. */
  #keeping(value: Value, compute: () => void): void {
    const kept = [...this.#cellsOf(value)].filter((cell) => !this.#pending.has(cell));
    for (const cell of kept) this.#pending.add(cell);
    compute();
    for (const cell of kept) this.#pending.delete(cell);
  }

  #cellsOf(value: Value, seen = new Set<Value>(), found = new Set<number>()): ReadonlySet<number> {
    if (seen.has(value)) return found;
    seen.add(value);
    const cell = this.#cellWith(value);
    if (cell !== undefined) return found.add(cell);
    for (const operand of this.#values.operands(value)) this.#cellsOf(operand, seen, found);
    return found;
  }

  /** A scratch cell that neither a variable nor this step needs. */
  #temporary(): number {
    for (let cell = 0; cell < MEMORY_WORDS; cell++) {
      if (!this.#reserved.has(cell) && !this.#pending.has(cell)) return cell;
    }
    throw new OutOfCells();
  }
}
