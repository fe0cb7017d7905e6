/**
 * What a path through the program carries along, and what effects change: the state, where it is, and what the walk is to
 * know of it.
 */

import type { Operand, Program } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { type Check, checkOf } from '../rules/check.js';
import type { FunctionInfo, VerifyOptions } from '../rules/options.js';
import { Elsewhere, type Point } from '../rules/point.js';
import { Notes } from '../rules/proofs.js';
import type { Requirement } from '../rules/requirements.js';
import { requirementsAt, type Subject } from '../rules/subject.js';
import { type Marks, slotPlace } from '../state/history.js';
import { copyState, currentFrame, type Frame, type State } from '../state/state.js';
import { known, number, type Pointer, type Value } from '../state/value.js';

/** What a path asks of those who walk. */
export interface Walker {
  /** Leaves another path, from `state` at slot `index`, for later; `isApart`: one that is none of this path's. */
  readonly fork: (state: State, index: number, isApart?: boolean) => void;
  /** Leaves the path on which a loop goes on, at slot `index`, for later. */
  readonly forkLoop: (index: number) => void;
  /** A function that a helper has called has come back to that call, the slot `returnsTo`. */
  readonly comeBack: () => void;
}

export class Path implements Point {
  readonly program: Program;
  readonly options: VerifyOptions;
  readonly rules: Subject['rules'];
  readonly privileged: boolean;
  readonly isLinux: boolean;
  readonly numbers: Subject['numbers'];
  readonly instructions: Subject['instructions'];
  readonly faults: Subject['faults'];
  readonly isJoin: Subject['isJoin'];
  readonly isTarget: Subject['isTarget'];
  readonly calls: Subject['calls'];
  readonly entries: Subject['entries'];
  readonly elsewhere = new Elsewhere();
  /** Global functions that are called. */
  readonly globals = new Set<number>();
  /** Functions that timers call. */
  readonly timed = new Set<number>();
  verified: FunctionInfo | undefined;
  /** Deepest stack byte that each function uses on any path, by its first instruction. */
  readonly depths = new Map<number, number>();
  /** What the walk has seen, for those who compile the program. */
  readonly notes = new Notes();
  readonly walker: Walker;
  returnsTo = 0;
  /** What the present instruction does, for going back over it. */
  readonly marks: Marks = {
    decided: 0,
    slot: -1,
    reads: undefined,
    decidedSlots: undefined,
    copies: undefined,
    special: undefined,
  };
  state!: State;
  index = 0;
  private ids = 0;
  private readonly requirements: (readonly Requirement[] | undefined)[] = [];
  private readonly checks: (readonly Check[] | undefined)[] = [];
  private readonly constants = new Map<number, Value>();

  constructor(subject: Subject, walker: Partial<Walker> & Pick<Walker, 'fork'>) {
    this.program = subject.program;
    this.options = subject.options;
    this.rules = subject.rules;
    this.privileged = subject.privileged;
    this.isLinux = subject.isLinux;
    this.numbers = subject.numbers;
    this.instructions = subject.instructions;
    this.faults = subject.faults;
    this.isJoin = subject.isJoin;
    this.isTarget = subject.isTarget;
    this.calls = subject.calls;
    this.entries = subject.entries;
    this.walker = {
      forkLoop: (index) => walker.fork(copyState(this.state), index),
      comeBack: () => {},
      ...walker,
    };
  }

  /** The requirements at a slot; made when a path first comes there. */
  requirementsAt(index: number): readonly Requirement[] {
    return (this.requirements[index] ??= requirementsAt(this, index));
  }

  /** What looks whether they hold. */
  checksAt(index: number): readonly Check[] {
    return (this.checks[index] ??= this.requirementsAt(index).map(checkOf));
  }

  /** A number that nothing else has been marked with. */
  newId(): number {
    return ++this.ids;
  }

  get frame(): Frame {
    return currentFrame(this.state);
  }

  value(register: number): Value {
    return this.frame.registers[register]!;
  }

  /** The address in a register that is required to hold one. */
  address(register: number): Pointer {
    return this.frame.registers[register] as Pointer;
  }

  write(register: number, value: Value): void {
    this.frame.registers[register] = value;
  }

  /** Marks a number as having copies: what is learnt of one holds for all (`assign_scalar_id_before_mov`). */
  share(register: number, value: Value): Value {
    if (value.kind !== 'scalar' || scalars.constantOf(value.scalar) !== undefined) return value;
    if (value.id !== 0 && value.added === 0) return value;
    const shared = number(value.scalar, this.newId());
    this.frame.registers[register] = shared;
    return shared;
  }

  decide(register: number): void {
    this.marks.decided |= 1 << register;
  }

  /** The number in a slot decides something here. */
  decideSlot(frame: number, slot: number): void {
    const { marks } = this;
    marks.decidedSlots = [...(marks.decidedSlots ?? []), slotPlace(frame, slot)];
  }

  /** A slot that the present instruction reads, besides one at a place that is certain. */
  readsSlot(frame: number, slot: number): void {
    const { marks } = this;
    marks.reads = [...(marks.reads ?? []), slotPlace(frame, slot)];
  }

  operand(operand: Operand): Value {
    if ('register' in operand) return this.value(operand.register);
    const { constant } = operand;
    let value = this.constants.get(constant);
    if (value === undefined) {
      value = known(BigInt.asUintN(64, BigInt(constant)));
      this.constants.set(constant, value);
    }
    return value;
  }
}
