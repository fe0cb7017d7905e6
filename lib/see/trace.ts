/**
 * One run of a program over a packet, with what every test hung on: the definition ({@link file://../cbpf/machine.ts})
 * stepped, and beside each register the parts of the packet that its value was computed from.
 */

import {
  execute,
  type Instruction,
  initialState,
  type MachineState,
  opcodes,
  type Program,
  step,
} from '../cbpf/index.js';
import type { Span } from '../source.js';

const { ABS, ALU, AND, classOf, IMM, IND, isConditional, JSET, LD, LDX, LEN, MEM, MISC, MSH, modeOf } =
  opcodes;
const { NEG, operationOf, RET, A, sizeOf, ST, STX, TXA, usesX } = opcodes;

/** Bytes that a program loads together, or the packet's length on the wire. */
export interface Unit {
  readonly key: string;
  /** The first byte; -1 for the length. */
  readonly at: number;
  readonly size: number;
  /** The bits of it that the run looked at. */
  mask: number;
}

/** A conditional jump that a run took. */
export interface TakenTest {
  /** The instruction. */
  readonly index: number;
  readonly outcome: boolean;
  readonly span: Span | undefined;
  /** What the outcome was computed from. */
  readonly units: readonly Unit[];
  /** The number that was compared with the other one, a constant or X. */
  readonly left: number;
  readonly right: number;
  /** X and the scratch cells there. */
  readonly x: number;
  readonly memory: Uint32Array;
}

/** What a run did. */
export interface Trace {
  readonly result: number;
  readonly tests: readonly TakenTest[];
  /** All that the run hung on, in order: what tests, places of loads, divisors and the result were computed from. */
  readonly units: readonly Unit[];
  /** Where the packet was too short: the instruction, and how many bytes it would take. */
  readonly cut: { readonly index: number; readonly needs: number } | undefined;
  /** How often each instruction ran. */
  readonly path: readonly number[];
}

type Taint = readonly Unit[];
const CLEAN: Taint = [];

/** Instructions of a run that are followed; loops of hostile packets go on for longer. */
const MOST_STEPS = 200_000;

/** A packet as a run sees it. */
export interface Input {
  readonly bytes: Uint8Array;
  readonly wireLength: number;
}

/** Runs a valid program and notes what it hung on. */
export function trace(program: Program, input: Input): Trace {
  return new Tracer(input).run(program);
}

/** What a program returns when a test comes out the other way. */
export function resultTurned(program: Program, input: Input, test: TakenTest): number {
  const { index, outcome, left, x, memory } = test;
  const { jt, jf } = program[index]!;
  const state = {
    ...initialState(),
    a: left,
    x,
    memory: memory.slice(),
    next: index + 1 + (outcome ? jf : jt),
  };
  while (state.result === undefined) step(program[state.next]!, state, input);
  return state.result;
}

class Tracer {
  private readonly input: Input;
  private readonly units = new Map<string, Unit>();
  private readonly used = new Set<Unit>();
  private readonly tests: TakenTest[] = [];
  private readonly path: number[] = [];
  private a: Taint = CLEAN;
  private x: Taint = CLEAN;
  private readonly memory: Taint[] = [];
  /** The cells as they are, copied when one has changed. */
  private cells = new Uint32Array(opcodes.MEMORY_WORDS);
  private cut: Trace['cut'];
  /** X before the instruction that ran last. */
  private base = 0;
  private before = 0;

  constructor(input: Input) {
    this.input = input;
  }

  run(program: Program): Trace {
    const { result = 0 } = execute(program, this.input, (instruction, index, state) => {
      if (this.path.length < MOST_STEPS) this.note(instruction, index, state);
      this.base = state.x;
      this.before = state.a;
    });
    const { tests, path, cut } = this;
    return { result, tests, units: [...this.used], cut, path };
  }

  private note(instruction: Instruction, index: number, state: MachineState): void {
    this.path.push(index);
    const { code, jt, k } = instruction;
    const kind = classOf(code);
    if (kind === LD || kind === LDX) this.load(instruction, index, state.result !== undefined);
    else if (kind === ST || kind === STX) {
      this.memory[k] = kind === ST ? this.a : this.x;
      this.cells = state.memory.slice();
    } else if (kind === ALU) this.compute(instruction);
    else if (kind === MISC) {
      if (operationOf(code) === TXA) this.a = this.x;
      else this.x = this.a;
    } else if (kind === RET) {
      if (code === (RET | A)) this.use(this.a);
    } else if (isConditional(code)) {
      const units = usesX(code) ? both(this.a, this.x) : this.a;
      if (operationOf(code) === JSET && !usesX(code)) narrow(this.a, k);
      else widen(units);
      this.use(units);
      const outcome = state.next === index + 1 + jt;
      const right = usesX(code) ? this.base : k;
      const { x } = state;
      const { cells: memory } = this;
      this.tests.push({ index, outcome, span: instruction.span, units, left: this.before, right, x, memory });
    }
  }

  private load({ code, k }: Instruction, index: number, ended: boolean): void {
    const mode = modeOf(code);
    let taint = CLEAN;
    if (mode === LEN) taint = [this.unit('length', -1, 4)];
    else if (mode === MEM) taint = this.memory[k] ?? CLEAN;
    else if (mode !== IMM) {
      const size = mode === MSH ? 1 : sizeOf(code);
      const at = mode === IND ? this.base + k : k;
      // Whether it can be loaded hangs on where it lies.
      if (mode === IND) {
        widen(this.x);
        this.use(this.x);
      }
      if (ended) {
        if (mode !== ABS || at + size < 0x8000_0000) this.cut = { index, needs: at + size };
        return;
      }
      const unit = this.unit(`${at} ${size}`, at, size);
      if (mode === MSH) unit.mask |= 0xf;
      taint = [unit];
    }
    if (classOf(code) === LD) this.a = taint;
    else this.x = taint;
  }

  private compute({ code, k }: Instruction): void {
    const operation = operationOf(code);
    const isConstant = operation !== NEG && (!usesX(code) || this.x.length === 0);
    if (operation === AND && isConstant) narrow(this.a, usesX(code) ? this.base : k);
    else if (operation === NEG) widen(this.a);
    else if (!isConstant) {
      this.a = both(this.a, this.x);
      if (operation !== AND) widen(this.a);
      if (operation === opcodes.DIV || operation === opcodes.MOD) this.use(this.x);
    }
  }

  private unit(key: string, at: number, size: number): Unit {
    let unit = this.units.get(key);
    if (unit === undefined) this.units.set(key, (unit = { key, at, size, mask: 0 }));
    return unit;
  }

  private use(taint: Taint): void {
    for (const unit of taint) this.used.add(unit);
  }
}

const both = (one: Taint, other: Taint): Taint =>
  one.length === 0 ? other : other.length === 0 ? one : [...new Set([...one, ...other])];

/** Only these bits of a unit matter here. */
function narrow(taint: Taint, mask: number): void {
  if (taint.length === 1) taint[0]!.mask = (taint[0]!.mask | mask) >>> 0;
  else widen(taint);
}

/** All bits matter, unless some were chosen before. */
function widen(taint: Taint): void {
  for (const unit of taint)
    if (unit.mask === 0) unit.mask = unit.at < 0 ? 0xffff_ffff : 2 ** (8 * unit.size) - 1;
}
