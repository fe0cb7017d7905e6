/**
 * What a path through the program carries along: the state, where it is, and the rules it is held to.
 * The parts of the verifier (arithmetic, access, stack, compare, calls) are functions of it.
 */

import { FRAME_POINTER, type Instruction, type Operand, type Program } from '../../ebpf/index.js';
import { ARITHMETIC, type Arithmetic, type Rules } from '../numbers/arithmetic.js';
import type { Scalar } from '../numbers/scalar.js';
import * as scalars from '../numbers/scalar.js';
import { type Effects, slotPlace } from '../state/history.js';
import { copyState, currentFrame, type Frame, type State } from '../state/state.js';
import { known, type MapInfo, number, type PointerType, type Value } from '../state/value.js';
import { CONTEXTS, type ContextRules, type VerifiedType } from './context.js';
import type { RejectionKind } from './kinds.js';
import { Notes } from './proofs.js';
import { Rejected } from './report.js';

/** By which rules a program is verified. */
export interface VerifyOptions {
  readonly type: VerifiedType;
  /**
   * `linux` (default): admit what Linux 6.18 admits, and no more. `sound`: admit whatever is known to be safe,
   * for engines that are not the kernel.
   */
  readonly rules?: Rules;
  /** Default true: the rules for users with CAP_BPF. */
  readonly privileged?: boolean;
  /** The maps that wide immediates name, by slot of the immediate. */
  readonly maps?: ReadonlyMap<number, MapInfo>;
  /** cgroup_skb: packets that arrive (default), or that leave. xdp: `egress` for programs in a map of devices. */
  readonly attach?: 'ingress' | 'egress';
  /** Demand natural alignment of packet and map accesses too. */
  readonly strictAlignment?: boolean;
  /** Instructions to look at before giving up; default a million, as in Linux. */
  readonly budget?: number;
  /**
   * What the functions of the program are, by their first slots: what BTF says of them (`func_info`). Linux lets helpers
   * call only functions of which it knows that.
   */
  readonly functions?: ReadonlyMap<number, FunctionInfo>;
  /** Processors that the machine has, which `bpf_get_smp_processor_id` is below; default as many as Linux can have. */
  readonly processors?: number;
  /** Give proofs for the compiler with the verdict. */
  readonly proofs?: boolean;
}

/** What is known of a function besides its instructions. */
export interface FunctionInfo {
  readonly linkage: 'static' | 'global';
  /** An `int` or an enumeration; or nothing, or something else. */
  readonly returns: 'number' | 'other';
  /**
   * What a global function takes: the context, a number, the address of so many bytes or null; or something else, which
   * none can.
   */
  readonly parameters?: readonly ('context' | 'number' | { readonly bytes: number } | 'other')[];
}

/** Bytes a pointer may be moved away (Linux `BPF_MAX_VAR_OFF`). */
export const MAX_OFFSET = 1n << 29n;

export class Path {
  readonly program: Program;
  readonly options: VerifyOptions;
  readonly rules: ContextRules;
  readonly privileged: boolean;
  readonly isLinux: boolean;
  readonly numbers: Arithmetic;
  /** By slot; none for the second half of a wide immediate. */
  readonly instructions: (Instruction | undefined)[] = [];
  /** By slot: what is wrong with an instruction, should it be reached. */
  readonly faults = new Map<number, { readonly kind: RejectionKind; readonly message: string }>();
  /** Slots where states are compared. */
  readonly isJoin: boolean[] = [];
  /** Slots that a jump leads to, or the way back from a function. */
  readonly isTarget: boolean[] = [];
  /** Calls of each function, by its first instruction. */
  readonly calls = new Map<number, { readonly at: number; readonly target: number }[]>();
  /** First slots of the program's functions. */
  readonly entries = new Set<number>([0]);
  /** Global functions that are called. */
  readonly globals = new Set<number>();
  /** The global function that is being verified; `undefined` for the program itself. */
  verified: FunctionInfo | undefined;
  /** Deepest stack byte that each function uses on any path, by its first instruction. */
  readonly depths = new Map<number, number>();
  /** What instructions did on earlier paths, where they have to do the same on all. */
  readonly operations = new Map<number, { readonly form: string; readonly distance: bigint }>();
  /** What the walk has seen, for those who compile the program. */
  readonly notes = new Notes();
  readonly rewritten = new Map<number, PointerType | 'none'>();
  readonly tailCallMaps = new Map<number, MapInfo | undefined>();
  /** Leaves another path, from `state` at slot `index`, for later. */
  readonly fork: (state: State, index: number) => void;
  /** Leaves the path on which a loop goes on, at slot `index`, for later. */
  readonly forkLoop: (index: number) => void;
  /** A function that a helper has called has come back to that call, the slot `returnsTo`. */
  readonly comeBack: () => void;
  returnsTo = 0;
  /** What the present instruction does, for going back over it. */
  readonly effects: Effects = {
    decided: 0,
    slot: -1,
    reads: undefined,
    decidedSlots: undefined,
    copies: undefined,
    special: undefined,
  };
  state!: State;
  /** The instruction being looked at. */
  index = 0;
  private ids = 0;
  private readonly constants = new Map<number, Value>();

  constructor(
    program: Program,
    options: VerifyOptions,
    fork: (state: State, index: number) => void,
    forkLoop: (index: number) => void = (index) => fork(copyState(this.state), index),
    comeBack: () => void = () => {},
  ) {
    this.program = program;
    this.options = options;
    this.rules = CONTEXTS[options.type];
    this.privileged = options.privileged ?? true;
    this.isLinux = options.rules !== 'sound';
    this.numbers = ARITHMETIC[options.rules ?? 'linux'];
    this.fork = fork;
    this.forkLoop = forkLoop;
    this.comeBack = comeBack;
  }

  /** A number that nothing else has been marked with. */
  newId(): number {
    return ++this.ids;
  }

  reject(kind: RejectionKind, message: string, remedy = ''): never {
    throw new Rejected(kind, this.index, message, remedy);
  }

  get frame(): Frame {
    return currentFrame(this.state);
  }

  read(register: number): Value {
    const value = this.frame.registers[register]!;
    if (value.kind === 'none')
      this.reject(
        'uninitialized-register',
        `r${register} holds nothing yet`,
        `set r${register} on every path to here`,
      );
    return value;
  }

  write(register: number, value: Value): void {
    if (register === FRAME_POINTER) this.reject('frame-pointer-write', 'the frame pointer is read only');
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

  /** The number in a register decides something here. */
  decide(register: number): void {
    this.effects.decided |= 1 << register;
  }

  /** The number in a slot decides something here. */
  decideSlot(frame: number, slot: number): void {
    const { effects } = this;
    effects.decidedSlots = [...(effects.decidedSlots ?? []), slotPlace(frame, slot)];
  }

  /** A slot that the present instruction reads, besides one at a place that is certain. */
  readsSlot(frame: number, slot: number): void {
    const { effects } = this;
    effects.reads = [...(effects.reads ?? []), slotPlace(frame, slot)];
  }

  operand(operand: Operand): Value {
    if ('register' in operand) return this.read(operand.register);
    const { constant } = operand;
    let value = this.constants.get(constant);
    if (value === undefined) {
      value = known(BigInt.asUintN(64, BigInt(constant)));
      this.constants.set(constant, value);
    }
    return value;
  }

  scalarOf(value: Value): Scalar {
    return value.kind === 'scalar' ? value.scalar : scalars.UNKNOWN;
  }
}
