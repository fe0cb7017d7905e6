/**
 * The verifier: walks every path through a program with what is known of each register and stack slot,
 * and admits the program only when every instruction on every path is safe and every path ends.
 *
 * Follows Linux `kernel/bpf/verifier.c` (`do_check`, `check_mem_access`, `adjust_ptr_min_max_vals`,
 * `find_good_pkt_pointers`, `states_equal`). A path that comes to a place where an explored state knew no
 * more than this one is not followed further; one that comes back to a state of its own past never ends.
 */

import { helperOf } from '../ebpf/helpers.js';
import {
  DecodeError,
  decode,
  type Instruction,
  type Operand,
  type Program,
  slotsOf,
} from '../ebpf/instruction.js';
import {
  type BranchOperation,
  FRAME_POINTER,
  MAX_FRAMES,
  type Size,
  STACK_SIZE,
  type Width,
} from '../ebpf/opcodes.js';
import { validate } from '../ebpf/validator.js';
import { assume, type Refined } from './branch.js';
import { CONTEXTS, type ContextRules, contextAccess, type VerifiedType } from './context.js';
import { demandOf, keptOverCall, nextSlots } from './demand.js';
import { Rejected, type RejectionKind, type Verdict } from './report.js';
import * as scalars from './scalar.js';
import { type Scalar, zeroExtended } from './scalar.js';
import {
  copyState,
  currentFrame,
  type Demand,
  EMPTY_SLOT,
  type Frame,
  mapValues,
  newFrame,
  SLOT,
  SPILLED_BYTES,
  type StackByte,
  type State,
  stateCovers,
} from './state.js';
import { alu, moveSigned, swap } from './transfer.js';
import {
  ANY_NUMBER,
  isPacket,
  known,
  type MapInfo,
  NONE,
  number,
  type Pointer,
  pointer,
  type Value,
} from './value.js';

export interface VerifyOptions {
  readonly type: VerifiedType;
  /** Default true: the rules for users with CAP_BPF. */
  readonly privileged?: boolean;
  /** The maps that wide immediates name, by slot of the immediate. */
  readonly maps?: ReadonlyMap<number, MapInfo>;
  /** Demand natural alignment of packet and map accesses too. */
  readonly strictAlignment?: boolean;
  /** Instructions to look at before giving up; default a million, as in Linux. */
  readonly budget?: number;
}

const BUDGET = 1_000_000;
const UNPRIVILEGED_LENGTH = 4096;
const PRIVILEGED_LENGTH = 1_000_000;
/** Bytes a pointer may be moved away (Linux `BPF_MAX_VAR_OFF`). */
const MAX_OFFSET = 1n << 29n;
/** Bytes of variable offset for which packet bounds are believed (Linux `MAX_PACKET_OFF`). */
const MAX_PACKET_OFFSET = 0xffffn;
const MAX_PENDING = 8192;
const PSEUDO_MAP = new Set([1, 5]);
const PSEUDO_MAP_VALUE = new Set([2, 6]);
/** Helpers that change the packet: pointers into it are void afterwards. */
const CHANGES_PACKET = new Set([9, 10, 11, 18, 19, 31, 32, 38, 39, 43, 44, 50, 54, 65]);
/** Signatures of helpers that programs of the corpus call and this engine does not run. */
const EXTRA_SIGNATURES = new Map<number, readonly string[]>([
  [6, ['memory', 'size']], // takes as many values as its format names
  [9, ['context', 'anything', 'memory', 'size', 'anything']],
  [17, ['context']],
  [18, ['context', 'anything', 'anything']],
  [28, ['memoryOrNull', 'sizeOrZero', 'memoryOrNull', 'sizeOrZero', 'anything']],
  [34, ['context']],
  [40, ['context']],
  [44, ['context', 'anything']],
  [46, ['context']],
  [47, ['context']],
]);
const ANY_TYPE_HELPERS = [1, 2, 3, 5, 6, 7, 8, 12, 125];

/** Decides whether a program may run. */
export function verify(program: Program, options: VerifyOptions): Verdict {
  const verifier = new Verifier(program, options);
  try {
    verifier.run();
    return { accepted: true, rejection: undefined, processed: verifier.processed };
  } catch (error) {
    if (!(error instanceof Rejected)) throw error;
    return { accepted: false, rejection: error.rejection, processed: verifier.processed };
  }
}

interface Explored {
  readonly state: State;
  readonly parent: Explored | undefined;
  /** Paths from here that have not ended. */
  open: number;
}

interface Pending {
  readonly state: State;
  readonly index: number;
  readonly parent: Explored | undefined;
}

/** A value as a message names it. */
function describe(value: Value): string {
  if (value.kind === 'none') return 'nothing';
  if (value.kind === 'pointer')
    return `${value.type}${value.offset === 0 ? '' : `${value.offset > 0 ? '+' : ''}${value.offset}`}`;
  const { wide } = value.scalar;
  return wide.umin === wide.umax ? `${wide.smin}` : `${wide.umin}..${wide.umax}`;
}

class Verifier {
  processed = 0;
  private readonly instructions: (Instruction | undefined)[] = [];
  private readonly rules: ContextRules;
  private readonly privileged: boolean;
  private readonly budget: number;
  private readonly program: Program;
  private readonly options: VerifyOptions;
  private demand: readonly Demand[] = [];
  private readonly explored: Explored[][] = [];
  private readonly isJoin: boolean[] = [];
  private ids = 0;
  private index = 0;
  private state!: State;
  private readonly pending: Pending[] = [];
  private parent: Explored | undefined;

  constructor(program: Program, options: VerifyOptions) {
    this.program = program;
    this.options = options;
    this.rules = CONTEXTS[options.type];
    this.privileged = options.privileged ?? true;
    this.budget = options.budget ?? BUDGET;
  }

  run(): void {
    this.checkForm();
    this.demand = demandOf(this.instructions);
    const frame = newFrame(0, -1, 0);
    frame.registers[1] = pointer('context');
    this.pending.push({ state: { frames: [frame] }, index: 0, parent: undefined });
    for (let path = this.pending.pop(); path !== undefined; path = this.pending.pop()) {
      this.state = path.state;
      this.index = path.index;
      this.parent = path.parent;
      this.walk();
      for (let ancestor = this.parent; ancestor !== undefined && --ancestor.open === 0; )
        ancestor = ancestor.parent;
    }
    this.checkStackDepth();
  }

  /** Calls of each function, by its first instruction. */
  private readonly calls = new Map<number, { readonly at: number; readonly target: number }[]>();

  // ---- form: opcodes, jumps, reachability -------------------------------------------------------

  private checkForm(): void {
    const { program } = this;
    const limit = this.privileged ? PRIVILEGED_LENGTH : UNPRIVILEGED_LENGTH;
    if (program.length > limit)
      throw new Rejected('too-long', limit, `${program.length} instructions, of ${limit}`);
    const problem = validate(program, { maxLength: limit, framePointerWrites: true });
    if (problem !== undefined) {
      throw new Rejected('malformed', problem.index, problem.message);
    }
    for (let index = 0; index < program.length; ) {
      const instruction = decodeChecked(program, index);
      this.instructions[index] = instruction;
      if (slotsOf(instruction) === 2) this.instructions[index + 1] = undefined;
      index += slotsOf(instruction);
    }
    this.checkGraph();
    this.checkCallDepth();
  }

  /** Every instruction can be reached; the unprivileged may not jump back. */
  private checkGraph(): void {
    const { instructions } = this;
    const colour = new Uint8Array(instructions.length);
    const joins = new Int32Array(instructions.length);
    const entries = [0];
    while (entries.length > 0) {
      const stack = [{ index: entries.pop()!, edge: 0 }];
      if (colour[stack[0]!.index] !== 0) continue;
      colour[stack[0]!.index] = 1;
      while (stack.length > 0) {
        const top = stack.at(-1)!;
        const instruction = instructions[top.index]!;
        const next = nextSlots(instruction, top.index)[top.edge++];
        if (next === undefined) {
          colour[top.index] = 2;
          stack.pop();
          continue;
        }
        if (instruction.kind === 'callLocal' && top.edge === 1) {
          if (!this.privileged)
            throw new Rejected(
              'privileged-only',
              top.index,
              'functions are for privileged users',
              'inline them',
            );
          entries.push(top.index + 1 + instruction.distance);
        }
        joins[next]!++;
        if (colour[next] === 1 && !this.privileged) {
          throw new Rejected(
            'back-edge',
            top.index,
            `a jump back, to ${next}`,
            'loops are for privileged users',
          );
        }
        if (instruction.kind === 'branch' || instruction.kind === 'jump') this.isJoin[next] = true;
        if (colour[next] === 0) {
          colour[next] = 1;
          stack.push({ index: next, edge: 0 });
        }
      }
    }
    const dead = instructions.findIndex(
      (instruction, index) => instruction !== undefined && colour[index] === 0,
    );
    if (dead >= 0)
      throw new Rejected('unreachable-code', dead, 'this instruction can never be reached', 'remove it');
    joins.forEach((count, index) => {
      if (count > 1) this.isJoin[index] = true;
    });
  }

  /** Calls nest at most eight deep, whatever path is taken; so nothing calls itself. */
  private checkCallDepth(): void {
    const { instructions } = this;
    const { calls } = this;
    const entries = new Set([0]);
    for (const [at, instruction] of instructions.entries()) {
      if (instruction?.kind === 'callLocal') entries.add(at + 1 + instruction.distance);
    }
    let entry = 0;
    for (const [at, instruction] of instructions.entries()) {
      if (entries.has(at)) entry = at;
      if (instruction?.kind !== 'callLocal') continue;
      const list = calls.get(entry) ?? [];
      list.push({ at, target: at + 1 + instruction.distance });
      calls.set(entry, list);
    }
    /** Frames that a function and all it calls need; a call still being followed is a recursion. */
    const frames = new Map<number, number>();
    const depthOf = (functionEntry: number, depth: number): number => {
      const known = frames.get(functionEntry);
      if (known !== undefined) return known;
      let deepest = 1;
      for (const { at, target } of calls.get(functionEntry) ?? []) {
        if (depth >= MAX_FRAMES)
          throw new Rejected('call-depth', at, `calls nest deeper than ${MAX_FRAMES} frames`);
        deepest = Math.max(deepest, 1 + depthOf(target, depth + 1));
      }
      frames.set(functionEntry, deepest);
      return deepest;
    };
    if (depthOf(0, 1) > MAX_FRAMES)
      throw new Rejected('call-depth', 0, `calls nest deeper than ${MAX_FRAMES} frames`);
  }

  // ---- paths ------------------------------------------------------------------------------------

  /** Follows one path until it ends, or until what it would find is known. */
  private walk(): void {
    for (;;) {
      if (this.isJoin[this.index] === true && this.isExplored()) return;
      if (++this.processed > this.budget) {
        throw new Rejected(
          'too-complex',
          this.index,
          `more than ${this.budget} instructions on all paths together`,
        );
      }
      const instruction = this.instructions[this.index];
      if (instruction === undefined) this.reject('malformed', 'the middle of a 64-bit immediate');
      const next = this.step(instruction);
      if (next === undefined) return;
      this.index = next;
    }
  }

  private demands(state: State): Demand[] {
    const { frames } = state;
    return frames.map((_, depth) => {
      const inner = frames[depth + 1];
      return inner === undefined
        ? this.demand[this.index]!
        : keptOverCall(this.demand[inner.returnTo] ?? { live: -1, value: -1 });
    });
  }

  /** Looks for a state known at this place; remembers the present one. */
  private isExplored(): boolean {
    const known = (this.explored[this.index] ??= []);
    const demands = this.demands(this.state);
    for (const entry of known) {
      if (entry.open > 0) {
        if (
          this.isAncestor(entry) &&
          stateCovers(
            entry.state,
            this.state,
            demands.map(({ live }) => ({ live, value: live })),
            true,
          )
        ) {
          this.reject(
            'infinite-loop',
            'this loop comes back with nothing changed',
            'change a register that the exit condition reads',
          );
        }
        continue;
      }
      if (stateCovers(entry.state, this.state, demands, false)) return true;
    }
    const entry: Explored = { state: copyState(this.state), parent: this.parent, open: 1 };
    // The path goes on below the new entry.
    this.parent = entry;
    known.push(entry);
    if (known.length > MAX_STATES) known.splice(0, known.length - MAX_STATES);
    return false;
  }

  private isAncestor(entry: Explored): boolean {
    for (let ancestor = this.parent; ancestor !== undefined; ancestor = ancestor.parent)
      if (ancestor === entry) return true;
    return false;
  }

  private fork(state: State, index: number): void {
    if (this.pending.length >= MAX_PENDING)
      this.reject('too-complex', `more than ${MAX_PENDING} branches wait to be followed`);
    if (this.parent !== undefined) this.parent.open++;
    this.pending.push({ state, index, parent: this.parent });
  }

  private reject(kind: RejectionKind, message: string, remedy = ''): never {
    throw new Rejected(kind, this.index, message, remedy);
  }

  // ---- registers --------------------------------------------------------------------------------

  private get frame(): Frame {
    return currentFrame(this.state);
  }

  private read(register: number): Value {
    const value = this.frame.registers[register]!;
    if (value.kind === 'none')
      this.reject(
        'uninitialized-register',
        `r${register} holds nothing yet`,
        `set r${register} on every path to here`,
      );
    return value;
  }

  private write(register: number, value: Value): void {
    if (register === FRAME_POINTER) this.reject('frame-pointer-write', 'the frame pointer is read only');
    this.frame.registers[register] = value;
  }

  /** Marks a number as having copies: what is learnt of one holds for all. */
  private share(register: number, value: Value): Value {
    if (value.kind !== 'scalar' || value.id !== 0) return value;
    const shared = number(value.scalar, ++this.ids);
    this.frame.registers[register] = shared;
    return shared;
  }

  private operand(operand: Operand): Value {
    return 'register' in operand
      ? this.read(operand.register)
      : known(BigInt.asUintN(64, BigInt(operand.constant)));
  }

  private scalarOf(value: Value): Scalar {
    return value.kind === 'scalar' ? value.scalar : scalars.UNKNOWN;
  }

  // ---- instructions -----------------------------------------------------------------------------

  /** Checks one instruction and applies it; the slot to go on with, `undefined` at the end of the path. */
  private step(instruction: Instruction): number | undefined {
    const next = this.index + slotsOf(instruction);
    switch (instruction.kind) {
      case 'alu':
        this.stepAlu(instruction);
        return next;
      case 'movsx': {
        const source = this.read(instruction.src);
        if (source.kind === 'pointer') this.pointerAsNumber(instruction.src);
        this.write(
          instruction.dst,
          number(moveSigned(this.scalarOf(source), instruction.from, instruction.width)),
        );
        return next;
      }
      case 'swap': {
        const source = this.read(instruction.dst);
        if (source.kind === 'pointer') this.pointerAsNumber(instruction.dst);
        this.write(instruction.dst, number(swap(instruction.op, this.scalarOf(source), instruction.bits)));
        return next;
      }
      case 'load':
        this.stepLoad(instruction);
        return next;
      case 'store': {
        const value = this.operand(instruction.operand);
        const source = 'register' in instruction.operand ? instruction.operand.register : undefined;
        this.store(
          this.read(instruction.base),
          instruction.base,
          instruction.offset,
          instruction.size,
          value,
          source,
        );
        return next;
      }
      case 'atomic':
        this.stepAtomic(instruction);
        return next;
      case 'wide':
        this.write(instruction.dst, this.wideValue(instruction));
        return next;
      case 'packet':
        this.stepPacketLoad(instruction);
        return next;
      case 'jump':
        return this.index + 1 + instruction.distance;
      case 'branch':
        return this.stepBranch(instruction);
      case 'call':
        this.stepHelper(instruction.helper);
        return next;
      case 'callLocal':
        return this.enter(this.index + 1 + instruction.distance, next);
      case 'callRegister':
        return this.reject('unknown-helper', 'a helper whose number is not known', 'call it by its number');
      case 'callKfunc':
        return this.reject('unknown-helper', `kernel function ${instruction.id} does not exist here`);
      case 'exit':
        return this.leave();
    }
  }

  /** The unprivileged may not turn an address into a number they could print. */
  private pointerAsNumber(register: number): void {
    if (!this.privileged)
      this.reject(
        'pointer-leak',
        `r${register} is an address, which unprivileged programs may not compute with`,
      );
  }

  private wideValue({ pseudo, low, high }: Extract<Instruction, { kind: 'wide' }>): Value {
    if (pseudo === 0) return known((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
    if (PSEUDO_MAP.has(pseudo) && high !== 0) this.reject('malformed', 'a map has no offset');
    const map = this.options.maps?.get(this.index);
    if (map === undefined)
      this.reject('bad-argument', 'the 64-bit immediate names no map', 'give the map in the options');
    if (PSEUDO_MAP.has(pseudo)) return pointer('map', { map });
    if (PSEUDO_MAP_VALUE.has(pseudo)) {
      if (map.kind !== 'array') this.reject('bad-argument', 'only values of arrays have fixed addresses');
      if (high >>> 0 >= map.valueSize)
        this.reject('outside-map-value', `offset ${high >>> 0} of a value of ${map.valueSize} bytes`);
      return pointer('mapValue', { map, offset: high });
    }
    return this.reject('bad-argument', `a 64-bit immediate of kind ${pseudo} is not known here`);
  }

  private stepAlu({ op, width, dst, operand }: Extract<Instruction, { kind: 'alu' }>): void {
    if (op === 'mov') {
      const value = this.operand(operand);
      if (width === 64) {
        if (
          'register' in operand &&
          value.kind === 'scalar' &&
          scalars.constantOf(value.scalar) === undefined
        ) {
          this.write(dst, this.share(operand.register, value));
          return;
        }
        this.write(dst, value);
        return;
      }
      if (value.kind === 'pointer') {
        if (!this.privileged)
          this.reject('pointer-leak', 'half of an address is still an address', 'copy all 64 bits');
        this.write(dst, number(zeroExtended(scalars.UNKNOWN)));
        return;
      }
      const scalar = this.scalarOf(value);
      if (
        'register' in operand &&
        scalar.wide.umax <= 0xffff_ffffn &&
        scalars.constantOf(scalar) === undefined
      ) {
        const shared = this.share(operand.register, value);
        this.write(dst, shared);
        return;
      }
      this.write(dst, number(zeroExtended(scalar)));
      return;
    }
    const source = op === 'neg' ? known(0n) : this.operand(operand);
    const target = this.read(dst);
    if (dst === FRAME_POINTER) this.reject('frame-pointer-write', 'the frame pointer is read only');
    if (op === 'neg') {
      if (target.kind === 'pointer') {
        this.pointerAsNumber(dst);
        this.write(dst, number(width === 64 ? scalars.UNKNOWN : zeroExtended(scalars.UNKNOWN)));
        return;
      }
    } else if (target.kind === 'pointer' || source.kind === 'pointer') {
      this.write(dst, this.pointerArithmetic(op, width, target, source, dst, 'register' in operand));
      return;
    }
    if (op === 'lsh' || op === 'rsh' || op === 'arsh') {
      if ('constant' in operand && (operand.constant < 0 || operand.constant >= width)) {
        this.reject('malformed', `a shift by ${operand.constant} of ${width} bits`);
      }
    }
    if (
      (op === 'div' || op === 'mod' || op === 'sdiv' || op === 'smod') &&
      'constant' in operand &&
      operand.constant === 0
    ) {
      this.reject('malformed', 'division by the constant 0');
    }
    if (!this.privileged && 'register' in operand && (op === 'add' || op === 'sub'))
      this.sameOnAllPaths('numbers');
    this.write(dst, number(alu(op, this.scalarOf(target), this.scalarOf(source), width)));
  }

  private pointerArithmetic(
    op: string,
    width: Width,
    target: Value,
    source: Value,
    dst: number,
    fromRegister: boolean,
  ): Value {
    if (width === 32) {
      if (op === 'sub' && this.privileged) return number(zeroExtended(scalars.UNKNOWN));
      this.reject('pointer-arithmetic', `32-bit arithmetic on r${dst}, an address`, 'use the 64-bit form');
    }
    if (target.kind === 'pointer' && source.kind === 'pointer') {
      if (op === 'sub' && this.privileged) return ANY_NUMBER;
      this.reject('pointer-arithmetic', `${op} of two addresses`);
    }
    if (op !== 'add' && op !== 'sub')
      this.reject(
        'pointer-arithmetic',
        `${op} on an address`,
        'addresses can only be added to and subtracted from',
      );
    const base = (target.kind === 'pointer' ? target : source) as Pointer;
    const distance = this.scalarOf(target.kind === 'pointer' ? source : target);
    if (op === 'sub' && target.kind !== 'pointer')
      this.reject('pointer-arithmetic', 'an address subtracted from a number');
    const by = scalars.constantOf(distance);
    switch (base.type) {
      case 'mapValueOrNull':
        this.reject('null-pointer', 'arithmetic on a pointer that may be null', 'compare it with 0 first');
        break;
      case 'map':
        if (by !== 0n || op !== 'add') this.reject('pointer-arithmetic', 'arithmetic on a map');
        break;
      case 'packetEnd':
        this.reject('pointer-arithmetic', 'arithmetic on the end of the packet');
        break;
      case 'stack':
        if (op === 'sub')
          this.reject('pointer-arithmetic', 'subtraction from a stack address', 'add a negative number');
        break;
    }
    if (!this.privileged && fromRegister) {
      if (base.type !== 'stack' && base.type !== 'mapValue')
        this.reject(
          'pointer-arithmetic',
          `a register added to a ${base.type} address`,
          'unprivileged programs may add constants only',
        );
      const form = `${target === base ? 'address + register' : 'register + address'}, ${distance.wide.smin < 0n ? 'down' : 'up'}, ${by === undefined ? 'varying' : 'constant'}`;
      this.sameOnAllPaths(
        form,
        by === undefined ? distance.wide.umax : BigInt.asIntN(64, by),
        by === undefined,
      );
    }
    const { smin, smax } = distance.wide;
    if (by === undefined && smin === scalars.FULL_64.smin) {
      this.reject(
        'unbounded-offset',
        `a number that may be anything added to a ${base.type} address`,
        'compare it with limits first',
      );
    }
    if (
      smin <= -MAX_OFFSET ||
      smin >= MAX_OFFSET ||
      (by !== undefined && (smax >= MAX_OFFSET || smax <= -MAX_OFFSET))
    ) {
      this.reject('unbounded-offset', `${describe(number(distance))} moves a ${base.type} address too far`);
    }
    return this.moved(base, op, distance, by);
  }

  private readonly operations = new Map<number, { readonly form: string; readonly distance: bigint }>();

  /**
   * For the unprivileged an instruction does the same kind of arithmetic on every path: the kernel hardens
   * it against speculation, and can do so in one way only (Linux `sanitize_ptr_alu`).
   */
  private sameOnAllPaths(form: string, distance = 0n, mayShrink = false): void {
    const before = this.operations.get(this.index);
    const fits =
      before === undefined ||
      (before.form === form && (mayShrink ? distance <= before.distance : distance === before.distance));
    if (!fits)
      this.reject(
        'pointer-arithmetic',
        'this instruction adds different things on different paths',
        'give each path an instruction of its own',
      );
    if (before === undefined) this.operations.set(this.index, { form, distance });
  }

  private moved(base: Pointer, op: string, distance: Scalar, by: bigint | undefined): Value {
    if (by !== undefined) {
      const signed = BigInt.asIntN(64, by);
      const offset = BigInt(base.offset) + (op === 'add' ? signed : -signed);
      if (offset >= MAX_OFFSET || offset <= -MAX_OFFSET)
        this.reject('unbounded-offset', `${base.type} address moved by ${offset}`);
      if (base.type === 'context' || base.type === 'map') return { ...base, offset: Number(offset) };
      const moved = { ...base, offset: Number(offset) };
      this.checkUnprivilegedMove(moved);
      return moved;
    }
    const variable = alu(op === 'add' ? 'add' : 'sub', base.variable, distance, 64);
    const { smin, smax } = variable.wide;
    if (
      smin <= -MAX_OFFSET ||
      smin >= MAX_OFFSET ||
      (smax === scalars.FULL_64.smax && base.type === 'stack')
    ) {
      this.reject(
        'unbounded-offset',
        `${base.type} address with an offset of ${smin} to ${smax}`,
        'compare the offset with limits first',
      );
    }
    const grows = op === 'add' || distance.wide.smin < 0n;
    const moved: Pointer = pointsIntoPacket(base)
      ? { ...base, variable, id: ++this.ids, range: grows ? 0 : base.range }
      : { ...base, variable };
    if (base.type === 'context')
      this.reject('pointer-arithmetic', 'a number that is not known added to the context');
    this.checkUnprivilegedMove(moved);
    return moved;
  }

  /** Unprivileged programs may not even compute addresses out of bounds (Linux `sanitize_check_bounds`). */
  private checkUnprivilegedMove(moved: Pointer): void {
    if (this.privileged) return;
    if (moved.type === 'stack') {
      const at = scalars.constantOf(moved.variable);
      if (at === undefined)
        this.reject(
          'pointer-arithmetic',
          'a stack address with a variable offset',
          'that is for privileged users',
        );
      const offset = moved.offset + Number(BigInt.asIntN(64, at));
      if (offset >= 0 || offset < -STACK_SIZE)
        this.reject(
          'outside-stack',
          `stack address fp${offset}`,
          'stay within 512 bytes below the frame pointer',
        );
    }
    if (moved.type === 'mapValue') this.checkMapValue(moved, 0, 1);
  }

  // ---- memory -----------------------------------------------------------------------------------

  private checkAlignment(base: Pointer, offset: number, size: Size): void {
    if (size === 1) return;
    const always = base.type === 'stack' || base.type === 'context';
    if (!always && this.options.strictAlignment !== true) return;
    // The packet itself starts two bytes off a multiple of four, so that IP headers are aligned.
    const start = pointsIntoPacket(base) ? 2 : 0;
    const total = start + base.offset + offset;
    const { bits } = alu('add', base.variable, scalars.constant(BigInt(total)), 64);
    const low = BigInt(size - 1);
    if ((bits.value & low) !== 0n || (bits.mask & low) !== 0n) {
      this.reject(
        'misaligned',
        `${size} bytes of ${base.type} at offset ${base.offset + offset}, which is no multiple of ${size}`,
      );
    }
  }

  private stepLoad({ dst, base, offset, size, signExtend }: Extract<Instruction, { kind: 'load' }>): void {
    if (dst === FRAME_POINTER) this.reject('frame-pointer-write', 'the frame pointer is read only');
    const value = this.load(this.read(base), base, offset, size);
    if (!signExtend) {
      this.write(dst, value);
      return;
    }
    if (value.kind === 'pointer')
      this.reject('invalid-context-access', 'an address loaded with sign extension');
    const loaded = this.scalarOf(value);
    const limited = scalars.includes(scalars.loaded(size), loaded) ? loaded : scalars.loaded(size);
    this.write(dst, number(moveSigned(limited, (size * 8) as 8 | 16 | 32, 64)));
  }

  private load(base: Value, register: number, offset: number, size: Size): Value {
    const from = this.dereferenced(base, register);
    this.sameKindOfMemory(from);
    this.checkAlignment(from, offset, size);
    switch (from.type) {
      case 'context':
        return this.accessContext(from, offset, size, false);
      case 'stack':
        return this.loadStack(from, offset, size);
      case 'mapValue': {
        this.checkMapValue(from, offset, size);
        if (from.map?.readable === false) this.reject('map-access', 'values of this map cannot be read');
        return number(scalars.loaded(size));
      }
      default:
        this.checkPacket(from, offset, size, false);
        return number(scalars.loaded(size));
    }
  }

  private store(
    base: Value,
    register: number,
    offset: number,
    size: Size,
    value: Value,
    source: number | undefined,
  ): void {
    const to = this.dereferenced(base, register);
    this.sameKindOfMemory(to);
    this.checkAlignment(to, offset, size);
    const leaks = value.kind === 'pointer' && !this.privileged;
    switch (to.type) {
      case 'context':
        if (leaks) this.reject('pointer-leak', 'an address written to the context');
        this.accessContext(to, offset, size, true);
        return;
      case 'stack':
        this.storeStack(to, offset, size, value, source);
        return;
      case 'mapValue':
        if (leaks) this.reject('pointer-leak', 'an address written to a map');
        this.checkMapValue(to, offset, size);
        if (to.map?.writable === false) this.reject('map-access', 'values of this map cannot be written');
        return;
      default:
        if (leaks) this.reject('pointer-leak', 'an address written to the packet');
        this.checkPacket(to, offset, size, true);
    }
  }

  private readonly reachesContext = new Map<number, boolean>();

  /** Accesses to the context are rewritten by the kernel, and so an instruction makes only such or none. */
  private sameKindOfMemory({ type }: Pointer): void {
    const context = type === 'context';
    const before = this.reachesContext.get(this.index);
    if (before !== undefined && before !== context)
      this.reject(
        'bad-argument',
        'this instruction reaches the context on one path and other memory on another',
      );
    this.reachesContext.set(this.index, context);
  }

  private dereferenced(base: Value, register: number): Pointer {
    if (base.kind !== 'pointer')
      this.reject('not-a-pointer', `r${register} is a number, ${describe(base)}, and no address`);
    if (base.type === 'mapValueOrNull') {
      this.reject(
        'null-pointer',
        `r${register} may be null`,
        `compare it with 0 first: if r${register} == 0 goto …`,
      );
    }
    if (base.type === 'packetEnd' || base.type === 'map')
      this.reject('not-a-pointer', `r${register} is ${base.type}, which has no bytes`);
    return base;
  }

  private accessContext(base: Pointer, offset: number, size: Size, write: boolean): Value {
    if (base.offset !== 0)
      this.reject('invalid-context-access', `the context is read through an address moved by ${base.offset}`);
    const access = contextAccess(this.rules, offset, size, write);
    if (access === undefined) {
      this.reject(
        'invalid-context-access',
        `${write ? 'write' : 'read'} of ${size} bytes at offset ${offset} of the context`,
      );
    }
    if (access.kind === 'scalar') return number(scalars.loaded(size));
    return pointer(access.type, access.type === 'packetEnd' ? {} : { id: 0 });
  }

  private checkPacket(base: Pointer, offset: number, size: number, write: boolean): void {
    const { packet } = this.rules;
    if (packet === 'none' || (write && packet === 'read'))
      this.reject(
        'outside-packet',
        `packets cannot be ${write ? 'written' : 'read'} by this type of program`,
      );
    const { smin } = base.variable.wide;
    if (smin < 0n)
      this.reject('unbounded-offset', `the offset in r may be negative, ${smin}`, 'check that it is not');
    const start = base.offset + offset;
    if (start < 0 || start + size > base.range) {
      const remedy = `compare the address + ${start + size} with the end of the packet first`;
      this.reject(
        'outside-packet',
        `bytes ${start} to ${start + size - 1} of the packet, of which ${base.range} are known to be there`,
        remedy,
      );
    }
  }

  private checkMapValue(base: Pointer, offset: number, size: number): void {
    const { smin, umax } = base.variable.wide;
    const limit = base.map?.valueSize ?? 0;
    const start = BigInt(base.offset + offset);
    if (start + smin < 0n)
      this.reject(
        'outside-map-value',
        `offset ${start + smin} of a map value`,
        'check that the offset is not negative',
      );
    if (umax >= MAX_OFFSET)
      this.reject(
        'unbounded-offset',
        'an offset in a map value that may be anything',
        'compare it with a limit first',
      );
    if (start + umax + BigInt(size) > BigInt(limit)) {
      this.reject(
        'outside-map-value',
        `bytes up to ${start + umax + BigInt(size) - 1n} of a map value of ${limit}`,
      );
    }
  }

  // ---- stack ------------------------------------------------------------------------------------

  /** First byte of an access, counted from the frame pointer; `undefined` when it varies. */
  private stackOffset(base: Pointer, offset: number): number | undefined {
    const variable = scalars.constantOf(base.variable);
    return variable === undefined ? undefined : base.offset + offset + Number(BigInt.asIntN(64, variable));
  }

  private stackRange(
    base: Pointer,
    offset: number,
    size: number,
  ): { readonly from: number; readonly to: number } {
    const { smin, smax } = base.variable.wide;
    if (smin <= -MAX_OFFSET || smax >= MAX_OFFSET)
      this.reject('unbounded-offset', 'a stack offset that may be anything', 'compare it with limits first');
    const from = base.offset + offset + Number(smin);
    const to = base.offset + offset + Number(smax) + size;
    if (from < -STACK_SIZE || to > 0)
      this.reject(
        'outside-stack',
        `stack bytes fp${from} to fp${to - 1}`,
        'the stack is 512 bytes below the frame pointer',
      );
    if (smin !== smax && !this.privileged)
      this.reject('pointer-arithmetic', 'a variable stack offset', 'that is for privileged users');
    this.noteDepth(base, -from);
    return { from, to };
  }

  private frameOf(base: Pointer): Frame {
    const frame = this.state.frames[base.frame];
    if (frame === undefined) this.reject('outside-stack', 'the stack of a function that has returned');
    return frame;
  }

  private loadStack(base: Pointer, offset: number, size: Size): Value {
    const { from, to } = this.stackRange(base, offset, size);
    const frame = this.frameOf(base);
    const at = this.stackOffset(base, offset);
    let allZero = true;
    for (let byte = from; byte < to; byte++) {
      const kind = this.byteAt(frame, byte);
      if (kind === 'none' && !this.privileged)
        this.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
      if (kind !== 'zero') allZero = false;
    }
    if (at === undefined) return number(scalars.loaded(size));
    const { slot, within } = place(at);
    const spilled = frame.slots[slot]?.spilled ?? NONE;
    if (spilled.kind !== 'none' && within + size <= SLOT) {
      const kept = frame.slots[slot]!.bytes;
      const length = kept.lastIndexOf('spill') + 1;
      if (spilled.kind === 'pointer') {
        if (within === 0 && size === 8) return spilled;
        if (kept.slice(within, within + size).includes('spill')) {
          this.reject('partial-address', `${size} bytes of an address on the stack`, 'read all eight');
        }
      } else if (within === 0 && size <= length) {
        if (size === length) return spilled;
        return number(moveUnsigned(spilled.scalar, size));
      }
    }
    if (allZero) return known(0n);
    return number(scalars.loaded(size));
  }

  private byteAt(frame: Frame, byte: number): StackByte {
    const { slot, within } = place(byte);
    return frame.slots[slot]?.bytes[within] ?? 'none';
  }

  private storeStack(
    base: Pointer,
    offset: number,
    size: Size,
    value: Value,
    source: number | undefined,
  ): void {
    const { from, to } = this.stackRange(base, offset, size);
    const frame = this.frameOf(base);
    const at = this.stackOffset(base, offset);
    if (at === undefined) {
      if (value.kind === 'pointer' && !this.privileged)
        this.reject('pointer-leak', 'an address written to the stack at a variable offset');
      for (let byte = from; byte < to; byte++) this.setByte(frame, byte, 'any');
      return;
    }
    const { slot, within } = place(at);
    const old = frame.slots[slot] ?? EMPTY_SLOT;
    if (old.spilled.kind === 'pointer' && size !== 8 && !this.privileged) {
      this.reject('pointer-leak', 'part of an address on the stack is overwritten');
    }
    if (value.kind === 'pointer') {
      if (size !== 8) {
        if (!this.privileged) this.reject('pointer-leak', 'part of an address written to the stack');
        for (let byte = from; byte < to; byte++) this.setByte(frame, byte, 'any');
        return;
      }
      frame.slots[slot] = { bytes: SPILLED_BYTES, spilled: value };
      return;
    }
    const scalar = this.scalarOf(value);
    const isZero = scalars.constantOf(scalar) === 0n;
    if (within === 0 && !isZero) {
      const whole = size === 8 || scalar.wide.umax < 1n << BigInt(size * 8);
      let kept: Value = whole ? value : number(moveUnsigned(scalar, size));
      if (whole && source !== undefined && scalars.constantOf(scalar) === undefined)
        kept = this.share(source, value);
      const bytes = old.bytes.map(
        (byte, i): StackByte => (i < size ? 'spill' : byte === 'spill' ? 'any' : byte),
      );
      frame.slots[slot] = { bytes, spilled: kept };
      return;
    }
    for (let byte = from; byte < to; byte++) this.setByte(frame, byte, isZero ? 'zero' : 'any');
  }

  private setByte(frame: Frame, byte: number, kind: StackByte): void {
    const { slot, within } = place(byte);
    const old = frame.slots[slot] ?? EMPTY_SLOT;
    const bytes = old.bytes.map((was, i): StackByte => (i === within ? kind : was === 'spill' ? 'any' : was));
    frame.slots[slot] = { bytes, spilled: NONE };
  }

  private stepAtomic({ op, fetch, size, base, offset, src }: Extract<Instruction, { kind: 'atomic' }>): void {
    const source = this.read(src);
    const target = this.dereferenced(this.read(base), base);
    if (op === 'cmpxchg') {
      const expected = this.read(0);
      if (expected.kind === 'pointer' && !this.privileged)
        this.reject('pointer-leak', 'r0 is an address and is compared with memory');
    }
    if (source.kind === 'pointer') {
      if (!this.privileged) this.reject('pointer-leak', `r${src} is an address and is written to memory`);
    }
    if (target.type === 'context' || pointsIntoPacket(target))
      this.reject('bad-argument', `atomic operations on ${target.type} are not allowed`);
    const low = BigInt(size - 1);
    const { bits } = alu('add', target.variable, scalars.constant(BigInt(target.offset + offset)), 64);
    if ((bits.value & low) !== 0n || (bits.mask & low) !== 0n)
      this.reject('misaligned', `an atomic operation on ${size} bytes that are not aligned`);
    const before = this.load(target, base, offset, size);
    this.store(target, base, offset, size, ANY_NUMBER, undefined);
    // A fetched address is still one.
    if (fetch) this.write(op === 'cmpxchg' ? 0 : src, before);
  }

  private stepPacketLoad({ size, index }: Extract<Instruction, { kind: 'packet' }>): void {
    if (!this.rules.packetLoads)
      this.reject('packet-load', 'this type of program cannot use LD_ABS and LD_IND');
    const context = this.read(6);
    if (context.kind !== 'pointer' || context.type !== 'context')
      this.reject('packet-load', 'r6 must be the context');
    if (context.offset !== 0) this.reject('packet-load', 'r6 must be the context, not moved');
    if (index !== undefined) {
      const value = this.read(index);
      if (value.kind === 'pointer' && !this.privileged)
        this.reject('pointer-leak', 'an address used as an offset');
    }
    if (this.state.frames.length > 1) {
      // In a function an early end would not come back to the caller.
      this.reject('packet-load', 'LD_ABS and LD_IND cannot be used in functions here');
    }
    for (let register = 1; register <= 5; register++) this.frame.registers[register] = NONE;
    this.frame.registers[0] = number(scalars.loaded(size));
  }

  // ---- branches ---------------------------------------------------------------------------------

  private stepBranch({
    op,
    width,
    dst,
    operand,
    distance,
  }: Extract<Instruction, { kind: 'branch' }>): number {
    const left = this.read(dst);
    const right = this.operand(operand);
    const taken = this.index + 1 + distance;
    const straight = this.index + 1;
    const sourceRegister = 'register' in operand ? operand.register : undefined;
    if (left.kind === 'scalar' && right.kind === 'scalar') {
      const yes = assume(op, left.scalar, right.scalar, width, true);
      if (yes === undefined) return straight;
      const no = assume(op, left.scalar, right.scalar, width, false);
      if (no === undefined) return taken;
      const other = copyState(this.state);
      if (sourceRegister !== dst) {
        this.learnBoth(other, dst, sourceRegister, left, right, yes);
        this.learnBoth(this.state, dst, sourceRegister, left, right, no);
      }
      this.fork(other, taken);
      return straight;
    }
    const decided = this.decide(op, width, left, right);
    if (decided !== undefined) {
      if (decided && distance === 0) return straight;
      return decided ? taken : straight;
    }
    const other = copyState(this.state);
    if (width === 64) {
      this.learnPointer(other, op, left, right, true);
      this.learnPointer(this.state, op, left, right, false);
    }
    if (left.kind === 'pointer' && !this.privileged && !this.mayCompare(left, right, width)) {
      this.reject(
        'pointer-leak',
        `r${dst} is an address and is compared`,
        'unprivileged programs may only compare with null and the end of the packet',
      );
    }
    this.fork(other, taken);
    return straight;
  }

  private mayCompare(left: Pointer, right: Value, width: Width): boolean {
    if (
      width === 64 &&
      right.kind === 'scalar' &&
      scalars.constantOf(right.scalar) === 0n &&
      left.type === 'mapValueOrNull'
    )
      return true;
    const isEnd = (value: Value): boolean => value.kind === 'pointer' && value.type === 'packetEnd';
    return (
      width === 64 &&
      ((pointsIntoPacket(left) && (isEnd(right) || isPacket(right))) || (isEnd(left) && isPacket(right)))
    );
  }

  /** The outcome of a comparison with an address where it is certain. */
  private decide(op: BranchOperation, width: Width, left: Value, right: Value): boolean | undefined {
    const notNull = (value: Value): boolean =>
      value.kind === 'pointer' && (value.type === 'mapValue' || value.type === 'map');
    const isNull = (value: Value): boolean =>
      value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n;
    if (
      width === 64 &&
      (op === 'jeq' || op === 'jne') &&
      ((notNull(left) && isNull(right)) || (notNull(right) && isNull(left)))
    ) {
      return op === 'jne';
    }
    return undefined;
  }

  private learnBoth(
    state: State,
    dst: number,
    src: number | undefined,
    left: Value,
    right: Value,
    { a, b }: Refined,
  ): void {
    this.learn(state, dst, left, a);
    if (src !== undefined) this.learn(state, src, right, b);
  }

  /** Applies to `state` what the outcome of a comparison with an address teaches. */
  private learnPointer(state: State, op: BranchOperation, left: Value, right: Value, holds: boolean): void {
    if (
      left.kind === 'pointer' &&
      left.type === 'mapValueOrNull' &&
      right.kind === 'scalar' &&
      scalars.constantOf(right.scalar) === 0n
    ) {
      if (op !== 'jeq' && op !== 'jne') return;
      const isNull = (op === 'jeq') === holds;
      mapValues(state, (value) => {
        if (value.kind !== 'pointer' || value.type !== 'mapValueOrNull' || value.id !== left.id) return value;
        return isNull ? known(0n) : { ...value, type: 'mapValue', id: 0 };
      });
      return;
    }
    if (left.kind === 'pointer' && right.kind === 'pointer') this.learnPacket(state, op, left, right, holds);
  }

  /** A register's value, and that of its copies, is known better. */
  private learn(state: State, register: number, old: Value, scalar: Scalar): void {
    const frame = currentFrame(state);
    const id = old.kind === 'scalar' ? old.id : 0;
    if (old.kind === 'scalar' && old.scalar === scalar) return;
    frame.registers[register] = number(scalar, id);
    if (id === 0) return;
    mapValues(state, (value) => (value.kind === 'scalar' && value.id === id ? number(scalar, id) : value));
  }

  /** A comparison with the end of the packet tells how many bytes are there. */
  private learnPacket(
    state: State,
    op: BranchOperation,
    left: Pointer,
    right: Pointer,
    holds: boolean,
  ): void {
    const isLimit = (end: Pointer, of: Pointer): boolean =>
      (of.type === 'packet' && end.type === 'packetEnd') ||
      (of.type === 'packetMeta' &&
        end.type === 'packet' &&
        end.offset === 0 &&
        scalars.constantOf(end.variable) === 0n &&
        end.id === 0);
    let start: Pointer;
    let order: BranchOperation;
    if (isLimit(right, left)) {
      start = left;
      order = op;
    } else if (isLimit(left, right)) {
      start = right;
      order = MIRRORED[op] ?? 'jset';
    } else return;
    // start <= end: bytes before start are there. start < end: the byte at start as well.
    const atMost = (order === 'jle' && holds) || (order === 'jgt' && !holds);
    const below = (order === 'jlt' && holds) || (order === 'jge' && !holds);
    if (!atMost && !below) return;
    const { umax } = start.variable.wide;
    if (start.offset < 0 || (start.offset === 0 && atMost)) return;
    if (umax > MAX_PACKET_OFFSET || umax + BigInt(start.offset) > MAX_PACKET_OFFSET) return;
    const range = start.offset + (below ? 1 : 0);
    mapValues(state, (value) =>
      isPacket(value) && value.type === start.type && value.id === start.id && range > value.range
        ? { ...value, range }
        : value,
    );
  }

  // ---- calls ------------------------------------------------------------------------------------

  private stepHelper(helper: number): void {
    const row = helperOf(helper);
    const types = EXTRA_SIGNATURES.get(helper) ?? row?.arguments;
    const allowed = ANY_TYPE_HELPERS.includes(helper) || this.rules.helpers.includes(helper);
    if (types === undefined || !allowed)
      this.reject('unknown-helper', `helper ${helper} cannot be called by this type of program`);
    const { registers } = this.frame;
    let map: MapInfo | undefined;
    let memory:
      | { readonly value: Value; readonly register: number; readonly fill: boolean; readonly orNull: boolean }
      | undefined;
    for (const [position, type] of types.entries()) {
      const register = position + 1;
      const value = this.read(register);
      switch (type) {
        case 'anything':
          if (value.kind === 'pointer' && !this.privileged)
            this.reject('pointer-leak', `r${register} is an address, given to a helper`);
          break;
        case 'context':
          if (value.kind !== 'pointer' || value.type !== 'context')
            this.reject('bad-argument', `r${register} is ${describe(value)}, not the context`);
          if (value.offset !== 0)
            this.reject('bad-argument', `r${register} is the context moved by ${value.offset}`);
          break;
        case 'map':
          if (value.kind !== 'pointer' || value.type !== 'map')
            this.reject('bad-argument', `r${register} is ${describe(value)}, not a map`);
          map = value.map;
          this.checkMapHelper(helper, map);
          if (helper === 12 && !this.privileged) this.sameMap(map);
          break;
        case 'mapKey':
          this.checkBuffer(value, register, map?.keySize ?? 0, false);
          break;
        case 'mapValue':
          this.checkBuffer(value, register, map?.valueSize ?? 0, false);
          break;
        case 'memory':
        case 'outMemory':
        case 'memoryOrNull':
          memory = { value, register, fill: type === 'outMemory', orNull: type === 'memoryOrNull' };
          break;
        case 'size':
        case 'sizeOrZero':
          this.checkSizedBuffer(memory!, value, register, type === 'sizeOrZero');
          break;
      }
    }
    for (let register = 1; register <= 5; register++) registers[register] = NONE;
    if (CHANGES_PACKET.has(helper)) {
      mapValues(this.state, (value) =>
        value.kind === 'pointer' && (pointsIntoPacket(value) || value.type === 'packetEnd')
          ? ANY_NUMBER
          : value,
      );
    }
    registers[0] =
      row?.result === 'mapValueOrNull' ? pointer('mapValueOrNull', { map, id: ++this.ids }) : ANY_NUMBER;
  }

  private readonly tailCallMaps = new Map<number, MapInfo | undefined>();

  /** An unprivileged tail call uses one map, whatever path led to it. */
  private sameMap(map: MapInfo | undefined): void {
    const before = this.tailCallMaps.get(this.index);
    if (before !== undefined && before !== map)
      this.reject('bad-argument', 'this tail call uses different maps on different paths');
    this.tailCallMaps.set(this.index, map);
  }

  private checkMapHelper(helper: number, map: MapInfo | undefined): void {
    const isProgramArray = map?.kind === 'programArray';
    if ((helper === 12) !== isProgramArray)
      this.reject('bad-argument', `helper ${helper} cannot be used with this kind of map`);
    if ((helper === 2 || helper === 3) && map?.writable === false)
      this.reject('map-access', 'this map cannot be written');
  }

  private checkSizedBuffer(
    memory: {
      readonly value: Value;
      readonly register: number;
      readonly fill: boolean;
      readonly orNull: boolean;
    },
    size: Value,
    register: number,
    zeroAllowed: boolean,
  ): void {
    if (size.kind !== 'scalar') this.reject('bad-argument', `r${register} is an address, not a size`);
    const { wide } = size.scalar;
    if (wide.smin < 0n)
      this.reject('bad-argument', `r${register} may be negative, ${wide.smin}`, 'check that it is not');
    if (wide.umin === 0n && !zeroAllowed) {
      this.reject('bad-argument', `r${register} may be zero`, 'check that it is not');
    }
    if (wide.umax >= MAX_OFFSET)
      this.reject('unbounded-offset', `r${register} has no limit`, 'compare it with one first');
    const { value } = memory;
    if (memory.orNull && value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n) {
      if (wide.umax !== 0n)
        this.reject('bad-argument', `r${memory.register} is null and the size is not zero`);
      return;
    }
    this.checkBuffer(value, memory.register, Number(wide.umax), memory.fill);
  }

  /** Bytes that a helper reads or, with `fill`, writes. */
  private checkBuffer(value: Value, register: number, size: number, fill: boolean): void {
    if (value.kind !== 'pointer')
      this.reject('bad-argument', `r${register} is a number, ${describe(value)}, not an address`);
    switch (value.type) {
      case 'stack': {
        if (size === 0) return;
        const { from, to } = this.stackRange(value, 0, size);
        const frame = this.frameOf(value);
        for (let byte = from; byte < to; byte++) {
          if (fill) this.setByte(frame, byte, 'any');
          else {
            const kind = this.byteAt(frame, byte);
            if (kind === 'none' && !this.privileged)
              this.reject('uninitialized-stack', `stack byte fp${byte} holds nothing yet`);
            const { slot } = place(byte);
            if (kind === 'spill' && frame.slots[slot]!.spilled.kind === 'pointer' && !this.privileged) {
              this.reject('pointer-leak', `stack byte fp${byte} is part of an address`);
            }
          }
        }
        return;
      }
      case 'mapValue':
        this.checkMapValue(value, 0, size);
        if (fill && value.map?.writable === false)
          this.reject('map-access', 'values of this map cannot be written');
        if (!fill && value.map?.readable === false)
          this.reject('map-access', 'values of this map cannot be read');
        return;
      case 'packet':
      case 'packetMeta':
        if (this.rules.packet === 'none')
          this.reject('bad-argument', 'helpers cannot be given the packet here');
        this.checkPacket(value, 0, size, fill);
        return;
      default:
        this.reject('bad-argument', `r${register} is ${value.type}, which has no bytes a helper could use`);
    }
  }

  private enter(target: number, returnTo: number): number {
    const { frames } = this.state;
    if (frames.length >= MAX_FRAMES) this.reject('call-depth', `calls nest deeper than ${MAX_FRAMES} frames`);
    const callee = newFrame(frames.length, returnTo, target);
    const caller = this.frame;
    for (let register = 1; register <= 5; register++) {
      callee.registers[register] = caller.registers[register]!;
      caller.registers[register] = NONE;
    }
    caller.registers[0] = NONE;
    frames.push(callee);
    return target;
  }

  /** Deepest stack byte that each function uses on any path, by its first instruction. */
  private readonly depths = new Map<number, number>();

  private noteDepth(base: Pointer, depth: number): void {
    const { entry } = this.frameOf(base);
    if (depth > (this.depths.get(entry) ?? 0)) this.depths.set(entry, depth);
  }

  /** All frames of a chain of calls together have the stack of one (Linux `check_max_stack_depth`). */
  private checkStackDepth(): void {
    const need = new Map<number, number>();
    const needOf = (entry: number): number => {
      const known = need.get(entry);
      if (known !== undefined) return known;
      const own = Math.max(1, Math.ceil((this.depths.get(entry) ?? 0) / FRAME_ALIGNMENT)) * FRAME_ALIGNMENT;
      let deepest = 0;
      for (const { target } of this.calls.get(entry) ?? []) deepest = Math.max(deepest, needOf(target));
      need.set(entry, own + deepest);
      return own + deepest;
    };
    const total = needOf(0);
    if (total > STACK_SIZE && this.calls.size > 0)
      throw new Rejected('stack-depth', 0, `${total} bytes of stack over a chain of calls, of ${STACK_SIZE}`);
  }

  private leave(): number | undefined {
    const { frames } = this.state;
    // A function need not return anything; its caller then has nothing in r0.
    const result = frames.length === 1 ? this.read(0) : this.frame.registers[0]!;
    if (frames.length === 1) {
      if (result.kind === 'pointer' && !this.privileged)
        this.reject('pointer-leak', 'r0 is an address and is returned');
      const { returns } = this.rules;
      if (returns !== undefined) {
        const { umin, umax } = this.scalarOf(result).wide;
        if (umin < returns.min || umax > returns.max)
          this.reject('bad-return', `r0 is ${describe(result)}, not ${returns.min} to ${returns.max}`);
      }
      return undefined;
    }
    if (result.kind === 'pointer' && result.type === 'stack' && result.frame === frames.length - 1) {
      this.reject('bad-return', 'the address of the own stack is returned to the caller');
    }
    const { returnTo } = frames.pop()!;
    const depth = frames.length;
    this.frame.registers[0] = result;
    mapValues(this.state, (value) =>
      value.kind === 'pointer' && value.type === 'stack' && value.frame >= depth ? NONE : value,
    );
    return returnTo;
  }
}

/** Linux rounds the stack of a function up to this. */
const FRAME_ALIGNMENT = 32;

/** States kept at one place; older ones are forgotten. */
const MAX_STATES = 256;

const pointsIntoPacket = ({ type }: Pointer): boolean => type === 'packet' || type === 'packetMeta';

/** The comparison with its operands exchanged. */
const MIRRORED: Partial<Record<BranchOperation, BranchOperation>> = {
  jgt: 'jlt',
  jlt: 'jgt',
  jge: 'jle',
  jle: 'jge',
  jeq: 'jeq',
  jne: 'jne',
};

/** Where a byte, counted from the frame pointer, lies: slot 0 is fp-8 to fp-1. */
function place(byte: number): { readonly slot: number; readonly within: number } {
  const slot = Math.ceil(-byte / SLOT) - 1;
  return { slot, within: byte + (slot + 1) * SLOT };
}

/** The low bytes of a number. */
function moveUnsigned(scalar: Scalar, size: Size): Scalar {
  if (size === 8) return scalar;
  if (size === 4) return zeroExtended(scalar);
  return alu('and', scalar, scalars.constant((1n << BigInt(size * 8)) - 1n), 64);
}

function decodeChecked(program: Program, index: number): Instruction {
  try {
    return decode(program, index);
  } catch (error) {
    if (error instanceof DecodeError) throw new Rejected('malformed', error.index, error.message);
    throw error;
  }
}
