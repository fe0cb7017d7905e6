/**
 * Test support: what random programs are written with.
 *
 * The writer keeps loose track of what registers hold, so that most instructions make sense; where it is
 * wrong, or careless on purpose, the program is one that only a verifier can tell from a good one.
 */

import { encode } from '../../ebpf/encode.js';
import { type Instruction, type Program, slotsOf } from '../../ebpf/instruction.js';
import type { AluOperation, BranchOperation, Size, Width } from '../../ebpf/opcodes.js';
import type { VerifiedType } from '../../verify/index.js';
import type { Random } from '../random.js';

/** What a register holds, as far as the writer knows. */
export type Held =
  | 'nothing'
  /** Any number; one that was limited to a few bits. */
  | 'number'
  | 'small'
  /** The number that a loop counts by. */
  | 'counter'
  | 'context'
  | 'stack'
  | 'packet'
  | 'meta'
  | 'end'
  | 'map'
  | 'value'
  | 'valueOrNull'
  | 'socket'
  | 'socketOrNull'
  | 'record'
  | 'mapKey';

/** An instruction, and the step that its jump goes to. */
export interface Step {
  readonly instruction: Instruction;
  to?: number;
}

/** What BTF says of a global function. */
export interface GlobalFunction {
  readonly parameters: readonly ('context' | 'number' | { readonly bytes: number })[];
  /** It gives no number, which makes it one that cannot be called. */
  readonly returnsNothing: boolean;
}

/** A function that is still to be written: what calls it, and what its arguments hold. */
export interface ToWrite {
  readonly steps: Step[];
  readonly held: readonly Held[];
  /** A helper calls it. */
  readonly isCallback?: boolean;
  /** A timer does. */
  readonly isTimed?: boolean;
  readonly global?: GlobalFunction;
}

/** Something that a program does. */
export type Move = (w: Writer) => void;

export const CONTEXT = 6;
export const SIZES: readonly Size[] = [1, 2, 4, 8];
export const ALU: readonly AluOperation[] = [
  ...(['add', 'add', 'sub', 'and', 'and', 'or', 'xor', 'mul', 'lsh', 'rsh', 'arsh', 'neg'] as const),
  ...(['div', 'mod', 'sdiv', 'smod'] as const),
];
export const BRANCHES: readonly BranchOperation[] = [
  ...(['jeq', 'jne', 'jgt', 'jge', 'jlt', 'jle', 'jsgt', 'jsge', 'jslt', 'jsle', 'jset'] as const),
];
const SMALL = [0, 1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 24, 31, 32, 33, 63, 64, 100, 127, 128, 255, 256];
const EDGES = [-1, -2, -3, -4, -8, -16, -128, 0x7fff, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -0x7fffffff];

export class Writer {
  readonly random: Random;
  readonly type: VerifiedType;
  readonly steps: Step[] = [];
  held: Held[] = Array.from({ length: 11 }, () => 'nothing');
  /** Stack slots (fp-8 is 0) that hold something, and what. */
  slots = new Map<number, Held>();
  /** Jumps to the end of the function. */
  exits: Step[] = [];
  readonly calls: ToWrite[] = [];
  /** Functions have types, so that they may be global. */
  readonly typed: boolean;
  readonly globals = new Map<number, GlobalFunction>();
  depth = 0;
  frame = 0;
  /** Makes so many moves; set by the generator. */
  something: (count: number) => void = () => {};
  /** How seldom the writer is careless. */
  readonly caution: number;

  constructor(random: Random, type: VerifiedType, typed: boolean) {
    this.random = random;
    this.type = type;
    this.typed = typed;
    this.caution = [6, 25, 60, 200, 1000][random(5)]!;
  }

  chance(oneIn: number): boolean {
    return this.random(oneIn) === 0;
  }

  get careless(): boolean {
    return this.random(this.caution) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.random(items.length)]!;
  }

  constant(): number {
    const kind = this.random(10);
    if (kind < 6) return this.pick(SMALL);
    if (kind < 9) return this.pick(EDGES);
    return (this.random(0x10000) << 16) | this.random(0x10000);
  }

  small(): number {
    return this.pick(SMALL);
  }

  width(): Width {
    return this.chance(3) ? 32 : 64;
  }

  /** A register that holds one of these, `undefined` where none does. */
  holding(...wanted: readonly Held[]): number | undefined {
    const found = this.held.flatMap((held, register) => (wanted.includes(held) ? [register] : []));
    return found.length === 0 ? undefined : this.pick(found);
  }

  number(): number {
    return this.holding('number', 'small') ?? this.fresh(this.constant());
  }

  /** A register that may be overwritten: not the saved context, seldom another pointer. */
  free(): number {
    for (let tries = 0; tries < 8; tries++) {
      const register = this.random(10);
      if (register === CONTEXT && this.held[CONTEXT] === 'context' && !this.chance(40)) continue;
      const held = this.held[register]!;
      if (held === 'counter') continue;
      if (held === 'nothing' || held === 'number' || held === 'small' || this.chance(4)) return register;
    }
    return this.random(6);
  }

  add(instruction: Instruction, to?: number): Step {
    const step: Step = to === undefined ? { instruction } : { instruction, to };
    this.steps.push(step);
    return step;
  }

  fresh(value: number): number {
    const register = this.free();
    this.set(register, value);
    return register;
  }

  set(register: number, value: number, width: Width = 64): void {
    this.alu('mov', register, { constant: value }, width);
    this.held[register] = value >= 0 && value < 64 ? 'small' : 'number';
  }

  move(dst: number, src: number, width: Width = 64): void {
    this.alu('mov', dst, { register: src }, width);
    this.held[dst] = width === 64 ? this.held[src]! : 'number';
  }

  alu(
    op: AluOperation,
    dst: number,
    operand: { register: number } | { constant: number },
    width: Width,
  ): void {
    this.add({ kind: 'alu', op, dst, operand: op === 'neg' ? { constant: 0 } : operand, width });
  }

  load(
    size: Size,
    dst: number,
    base: number,
    offset: number,
    held: Held = 'number',
    signExtend = false,
  ): void {
    this.add({ kind: 'load', size, dst, base, offset, signExtend: signExtend && size !== 8 });
    this.held[dst] = held;
  }

  store(
    size: Size,
    base: number,
    offset: number,
    operand: { register: number } | { constant: number },
  ): void {
    this.add({ kind: 'store', size, base, offset, operand });
  }

  branch(
    op: BranchOperation,
    dst: number,
    operand: { register: number } | { constant: number },
    width: Width,
  ): Step {
    return this.add({ kind: 'branch', op, dst, operand, width, distance: 0 });
  }

  /** The step leads to what is written next. */
  here(step: Step): void {
    step.to = this.steps.length;
  }

  /** The step leads to the end of the function. */
  toExit(step: Step): void {
    this.exits.push(step);
  }

  /** After a call. */
  clobber(result: Held): void {
    for (let register = 1; register <= 5; register++) this.held[register] = 'nothing';
    this.held[0] = result;
  }

  finish(): Program {
    const places: number[] = [];
    let place = 0;
    for (const { instruction } of this.steps) {
      places.push(place);
      place += slotsOf(instruction);
    }
    return this.steps.flatMap(({ instruction, to }, index) => {
      if (to !== undefined && instruction.kind === 'wide')
        return encode({ ...instruction, low: (places[to] ?? place) - places[index]! - 1 });
      if (to === undefined || !('distance' in instruction)) return encode(instruction);
      return encode({ ...instruction, distance: (places[to] ?? place) - places[index]! - 1 });
    });
  }
}
