/**
 * One function of an eBPF program as a WebAssembly function.
 *
 * Registers are i64 locals, control flow is structured (structure.ts; irreducible parts go through a
 * dispatch node first), every access is checked against the bounds of the region it probably lies in,
 * unless knowledge.ts or a proof says that it cannot fail; what lies elsewhere asks `access`, which ends in
 * the host's own memory model, so that faults are the interpreter's, word for word. Fuel is taken at back
 * edges and calls only.
 */

import { type Instruction, type Operand, opcodes, type Width } from '../ebpf/index.js';
import type { MemoryKind, Proof } from '../verify/index.js';
import { CodeWriter, type DefinedFunction, type InstructionName, type Local } from '../wasm/index.js';
import { constant, emitAlu, emitSwap32, emitSwap64, emitTest, type Scratch, typeOfWidth } from './alu.js';
import type { Convention } from './convention.js';
import type { EbpfFunction, Placed } from './ebpfFlow.js';
import { makeReducible, type ReducibleGraph } from './irreducible.js';
import {
  initialKnowledge,
  isChecked,
  type Knowledge,
  knowledgeOf,
  learn,
  PACKET,
  STACK,
} from './knowledge.js';
import { type Jump, type Structured, structure } from './structure.js';

const { FRAME_POINTER, STACK_SIZE } = opcodes;

/** A region whose place and size the code may rely on. */
export interface FixedRegion {
  readonly base: number;
  readonly length: number;
  readonly writable: boolean;
}

/** Indexes of what functions call and share; module.ts lays them out. */
export interface Surroundings {
  readonly regions: readonly FixedRegion[];
  /** Whether there is a packet, whose place and length are in globals. */
  readonly hasPacket: boolean;
  readonly packetWritable: boolean;
  /** Whether negative offsets of packet loads mean something. */
  readonly hasHeaderOffsets: boolean;
  readonly functions: {
    readonly callHelper: number;
    readonly headerOffset: number;
    readonly fault: number;
    readonly endProgram: number;
    readonly access: number;
    /** Slot to index. */
    readonly local: ReadonlyMap<number, number>;
  };
  readonly globals: {
    readonly fuel: number;
    readonly packetStart: number;
    readonly packetLength: number;
  };
  readonly resolveWide: (pseudo: number, low: number, high: number, index: number) => bigint;
  readonly programLength: number;
  readonly convention: Convention;
  /** Whether the main function is called as others are. */
  readonly callsMain: boolean;
  /** What a verifier has proved, by slot. */
  readonly proofs: readonly (Proof | undefined)[];
  /** Whether runs may be too long, and back edges and calls have to count. */
  readonly hasFuel: boolean;
  /** Highest value of r10 at which a function may still call another. */
  readonly lastFrame: number;
  /** Distance between the frames' stacks. */
  readonly frameStep: number;
  /** What leaves a field of the context as i32 on the stack, where that takes no memory; by offset and size. */
  readonly field?: (offset: number, size: number) => ((code: CodeWriter) => void) | undefined;
  /** By register of the main function: the region it points into. */
  readonly guesses: ReadonlyMap<number, number>;
}

/** Numbers of faults as compiled code reports them. */
export const FAULTS = [
  'budget',
  'call-depth',
  'not-in-program',
  'bad-instruction',
  'unknown-helper',
] as const;

/** What conventions pass comes first, so that a register is the same local in either. */
export const LOCALS: readonly Local[] = [
  ...['r1', 'r2', 'r3', 'r4', 'r5', 'r10', 'r0', 'r6', 'r7', 'r8', 'r9'].map(i64Local),
  ...['d64', 't64'].map(i64Local),
  ...['d32', 't32', 'label', 'fuel', 'packet', 'length'].map((name): Local => ({ name, type: 'i32' })),
];
function i64Local(name: string): Local {
  return { name, type: 'i64' };
}
const localNamed = (name: string): number => LOCALS.findIndex((local) => local.name === name);
export const REGISTER_LOCALS: readonly number[] = Array.from({ length: opcodes.REGISTERS }, (_, register) =>
  localNamed(`r${register}`),
);
const ARGUMENTS = [1, 2, 3, 4, 5];
/** By convention: how many of the locals are parameters, and which registers come back. */
export const PASSED = {
  narrow: { parameters: 6, results: [0] },
  wide: { parameters: 11, results: [0, 1, 2, 3, 4, 5] },
} as const satisfies Record<Convention, { parameters: number; results: readonly number[] }>;
const DIVIDEND: Scratch = { i32: localNamed('d32'), i64: localNamed('d64') };
const SCRATCH: Scratch = { i32: localNamed('t32'), i64: localNamed('t64') };
const LABEL = localNamed('label');
const FUEL = localNamed('fuel');
export const PACKET_START = localNamed('packet');
export const PACKET_LENGTH = localNamed('length');

/** A body is written twice, once without checks of packet loads, only while that stays small. */
const MOST_DOUBLED = 2000;
/** Reads beyond this are left to the checked body: no packet is as long. */
const PLAUSIBLE_LENGTH = 0xffff;

interface Emitter extends Endings {
  readonly code: CodeWriter;
  readonly source: EbpfFunction;
  readonly graph: ReducibleGraph;
  readonly around: Surroundings;
  readonly hasLoops: boolean;
  /** Label to the depth of its block or loop. */
  readonly depths: Map<number, number>;
  known: readonly (Knowledge | undefined)[];
}

export function emitFunction(source: EbpfFunction, around: Surroundings): DefinedFunction {
  const code = new CodeWriter();
  const { parameters, results } = PASSED[around.convention];
  const isMain = source.entry === 0 && !around.callsMain;
  if (around.hasPacket) {
    code.op('global.get', around.globals.packetStart).set(PACKET_START);
    code.op('global.get', around.globals.packetLength).set(PACKET_LENGTH);
  }
  const savesFuel = around.hasFuel && !isMain;
  emitBody(source, around, code, {
    leave: (hasLoops) => {
      if (hasLoops && savesFuel) code.get(FUEL).op('global.set', around.globals.fuel);
      for (const register of results) code.get(REGISTER_LOCALS[register]!);
      code.op('return');
    },
    reject: () => {
      if (isMain && around.convention === 'narrow') code.i64(0n).op('return');
      else code.op('call', around.functions.endProgram).op('unreachable');
    },
  });
  return {
    name: source.entry === 0 ? 'main' : `at${source.entry}`,
    params: LOCALS.slice(0, parameters),
    results: results.map(() => 'i64'),
    locals: LOCALS.slice(parameters),
    body: code.bytes,
  };
}

/** How a body ends: with what the result registers hold, or with 0 because a packet is too short. */
export interface Endings {
  readonly leave: (hasLoops: boolean) => void;
  readonly reject: () => void;
}

/** Writes the instructions of a function, whose packet is in place; control does not run off the end. */
export function emitBody(
  source: EbpfFunction,
  around: Surroundings,
  code: CodeWriter,
  endings: Endings,
): void {
  const graph = makeReducible(source);
  const parts = structure(graph, { isCopied: (node) => source.blocks[node]?.instructions.length === 1 });
  if (parts === undefined) throw new Error('a reducible graph was expected');
  const hasLoops = around.hasFuel && hasLoop(parts);
  const emitter: Emitter = {
    ...endings,
    code,
    source,
    graph,
    around,
    hasLoops,
    depths: new Map(),
    known: [],
  };
  const isMain = source.entry === 0 && !around.callsMain;
  const guesses = isMain ? around.guesses : new Map<number, number>();

  if (hasLoops) code.op('global.get', around.globals.fuel).set(FUEL);
  const furthest = around.hasPacket ? furthestPacketRead(source) : 0;
  if (furthest > 0) {
    emitter.known = knowledgeOf(source, initialKnowledge(guesses, furthest));
    code.get(PACKET_LENGTH).i32(furthest).op('i32.ge_u').op('if');
    emitParts(parts, emitter);
    code.op('end');
  }
  emitter.known = knowledgeOf(source, initialKnowledge(guesses, 0));
  emitParts(parts, emitter);
  code.op('unreachable');
}

const hasLoop = (parts: readonly Structured[]): boolean =>
  parts.some((part) => {
    if (part.kind === 'loop') return true;
    if (part.kind === 'block') return hasLoop(part.body);
    return part.kind === 'branch' && hasLoop(part.then);
  });

/** Largest constant offset that packet loads read up to; 0 where a second body is not worth it. */
function furthestPacketRead(source: EbpfFunction): number {
  const instructions = source.blocks.flatMap((block) => block.instructions);
  if (instructions.length > MOST_DOUBLED) return 0;
  const ends = instructions.map(({ instruction }) =>
    instruction.kind === 'packet' && instruction.index === undefined && instruction.offset >= 0
      ? instruction.offset + instruction.size
      : 0,
  );
  return Math.max(0, ...ends.filter((end) => end <= PLAUSIBLE_LENGTH));
}

function emitParts(parts: readonly Structured[], emitter: Emitter): void {
  const { code, depths } = emitter;
  for (const part of parts) {
    switch (part.kind) {
      case 'code':
        emitNode(part.node, emitter);
        break;
      case 'branch': {
        emitBranchTest(part.node, part.when, emitter);
        const [only] = part.then;
        if (part.then.length === 1 && only?.kind === 'break') {
          code.op('br_if', code.depth - depths.get(only.label)!);
          break;
        }
        code.op('if');
        emitParts(part.then, emitter);
        code.op('end');
        break;
      }
      case 'block':
      case 'loop':
        code.op(part.kind);
        depths.set(part.label, code.depth);
        emitParts(part.body, emitter);
        code.op('end');
        break;
      case 'switch':
        emitSwitch(part.node, part.jumps, emitter);
        break;
      case 'break':
      case 'continue':
        emitJump(part, emitter);
        break;
    }
  }
}

function emitJump(jump: Jump, emitter: Emitter): void {
  const { code, depths } = emitter;
  if (jump.kind === 'continue') emitFuel(jump.label, emitter);
  code.op('br', code.depth - depths.get(jump.label)!);
}

/**
 * Takes what a turn of the loop costs at least, its first block: so that no run faults here that the
 * interpreter would let end, and every run ends.
 */
function emitFuel(header: number, { code, source, around }: Emitter): void {
  if (!around.hasFuel) return;
  const first = source.blocks[header]?.instructions;
  const cost = Math.max(1, first?.length ?? 1);
  const index = first?.[0]?.index ?? source.entry;
  code.get(FUEL).i32(cost).op('i32.sub').tee(FUEL).i32(0).op('i32.lt_s').op('if');
  emitFault(code, 'budget', index, around);
  code.op('end');
}

function emitFault(
  code: CodeWriter,
  kind: (typeof FAULTS)[number],
  index: number,
  around: Surroundings,
): void {
  code.i32(FAULTS.indexOf(kind)).i32(index).op('call', around.functions.fault).op('unreachable');
}

function emitSwitch(node: number, jumps: readonly Jump[], emitter: Emitter): void {
  const { code, depths } = emitter;
  // A jump back needs fuel, so each gets a landing place of its own in front of the table.
  jumps.forEach(() => {
    code.op('block');
  });
  code.get(LABEL).table(
    jumps.map((_, index) => index),
    jumps.length - 1,
  );
  for (const jump of jumps) {
    code.op('end');
    if (depths.has(jump.label)) emitJump(jump, emitter);
    else throw new Error(`dispatch node ${node} jumps to a place that is not open`);
  }
}

function emitNode(node: number, emitter: Emitter): void {
  const { code, source, graph, around } = emitter;
  const added = graph.added[node - source.size];
  if (added !== undefined) {
    if (added.kind === 'note') code.i32(added.value).set(LABEL);
    return;
  }
  const { instructions, stuckAt } = source.blocks[node]!;
  let known = emitter.known[node]!;
  for (const placed of instructions) {
    if (around.proofs[placed.index]?.dead === true) {
      code.op('unreachable');
      return;
    }
    emitInstruction(placed, known, emitter);
    known = learn(known, placed.instruction);
  }
  if (stuckAt === undefined) return;
  const isInside = stuckAt >= 0 && stuckAt < around.programLength;
  emitFault(code, isInside ? 'bad-instruction' : 'not-in-program', stuckAt, around);
}

/** Leaves the test of a node's branch on the stack. */
function emitBranchTest(node: number, when: boolean, emitter: Emitter): void {
  const { code, source, around } = emitter;
  if (node >= source.size) code.get(LABEL).op('i32.eqz');
  else {
    const { instruction, index } = source.blocks[node]!.instructions.at(-1)!;
    if (instruction.kind !== 'branch') throw new Error(`instruction ${index} is no branch`);
    const { op, dst, operand } = instruction;
    const isSigned = op.startsWith('js') && op !== 'jset';
    const fits =
      around.proofs[index]?.fits32 === true && !isSigned && !('constant' in operand && operand.constant < 0);
    const width: Width = instruction.width === 32 || fits ? 32 : 64;
    emitRegister(code, dst, width);
    emitOperand(code, operand, width);
    emitTest(code, op, typeOfWidth(width));
  }
  if (!when) code.op('i32.eqz');
}

function emitRegister(code: CodeWriter, register: number, width: Width): void {
  code.get(REGISTER_LOCALS[register]!);
  if (width === 32) code.op('i32.wrap_i64');
}

function emitOperand(code: CodeWriter, operand: Operand, width: Width): void {
  if ('register' in operand) emitRegister(code, operand.register, width);
  else constant(code, typeOfWidth(width), operand.constant);
}

/** Stores what is on the stack; 32-bit results clear the upper half. */
function setRegister(code: CodeWriter, register: number, width: Width): void {
  if (width === 32) code.op('i64.extend_i32_u');
  code.set(REGISTER_LOCALS[register]!);
}

function emitInstruction(placed: Placed, known: Knowledge, emitter: Emitter): void {
  const { code, around } = emitter;
  const { instruction, index } = placed;
  switch (instruction.kind) {
    case 'alu':
      emitAluInstruction(code, instruction, index, around);
      break;
    case 'movsx': {
      const { from, width, dst, src } = instruction;
      const type = typeOfWidth(width);
      emitRegister(code, src, width);
      code.op(`${type}.extend${from}_s` as InstructionName);
      setRegister(code, dst, width);
      break;
    }
    case 'swap':
      emitByteSwap(code, instruction);
      break;
    case 'load': {
      const { size, signExtend, dst, base, offset } = instruction;
      const field = around.proofs[index]?.inBounds === 'context' ? around.field?.(offset, size) : undefined;
      if (field !== undefined && !signExtend) {
        field(code);
        setRegister(code, dst, 32);
        break;
      }
      emitCheck(placed, base, offset, size, false, known, emitter);
      const at = emitAddress(code, base, offset);
      const sign = size === 8 ? '' : signExtend ? '_s' : '_u';
      code.op(`i64.load${size === 8 ? '' : size * 8}${sign}` as InstructionName, at);
      setRegister(code, dst, 64);
      break;
    }
    case 'store': {
      const { size, base, offset, operand } = instruction;
      emitCheck(placed, base, offset, size, true, known, emitter);
      const at = emitAddress(code, base, offset);
      emitOperand(code, operand, 64);
      code.op(storeOf(size), at);
      break;
    }
    case 'atomic':
      emitAtomic(placed, instruction, known, emitter);
      break;
    case 'wide': {
      const { pseudo, dst, low, high } = instruction;
      code.i64(
        pseudo === 0
          ? (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
          : around.resolveWide(pseudo, low, high, index),
      );
      setRegister(code, dst, 64);
      break;
    }
    case 'packet':
      emitPacketLoad(instruction, known, emitter);
      break;
    case 'call':
      code.i32(instruction.helper);
      emitHelperCall(index, emitter);
      break;
    case 'callRegister':
      emitRegister(code, instruction.register, 32);
      emitHelperCall(index, emitter);
      break;
    case 'callKfunc':
      emitFault(code, 'unknown-helper', index, around);
      break;
    case 'callLocal':
      emitLocalCall(index, index + 1 + instruction.distance, emitter);
      break;
    case 'exit':
      emitter.leave(emitter.hasLoops);
      break;
    case 'jump':
    case 'branch':
      break; // structure() has placed their targets
  }
}

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { readonly kind: Kind }>;

function emitAluInstruction(
  code: CodeWriter,
  { op, width, dst, operand }: Of<'alu'>,
  index: number,
  { proofs }: Surroundings,
): void {
  if (op === 'mov') {
    emitOperand(code, operand, width);
    setRegister(code, dst, width);
    return;
  }
  if (op === 'neg') {
    constant(code, typeOfWidth(width), 0);
    emitRegister(code, dst, width);
    code.op(`${typeOfWidth(width)}.sub`);
    setRegister(code, dst, width);
    return;
  }
  const proof = proofs[index];
  const narrows =
    proof?.fits32 === true &&
    (op === 'div' || op === 'mod') &&
    !('constant' in operand && operand.constant < 0);
  const effective: Width = width === 32 || narrows ? 32 : 64;
  const divisor =
    'constant' in operand ? operand.constant : proof?.nonZeroDivisor === true ? 'nonzero' : undefined;
  emitRegister(code, dst, effective);
  emitOperand(code, operand, effective);
  emitAlu(code, op, typeOfWidth(effective), divisor, DIVIDEND, SCRATCH);
  setRegister(code, dst, effective);
}

function emitByteSwap(code: CodeWriter, { op, bits, dst }: Of<'swap'>): void {
  if (op === 'le') {
    if (bits === 64) return;
    code
      .get(REGISTER_LOCALS[dst]!)
      .i64(bits === 16 ? 0xffffn : 0xffff_ffffn)
      .op('i64.and');
    setRegister(code, dst, 64);
    return;
  }
  emitRegister(code, dst, bits === 64 ? 64 : 32);
  if (bits === 64) {
    code.set(SCRATCH.i64);
    emitSwap64(code, SCRATCH.i64);
    setRegister(code, dst, 64);
  } else {
    code.set(SCRATCH.i32);
    emitSwap32(code, bits, SCRATCH.i32);
    setRegister(code, dst, 32);
  }
}

const storeOf = (size: number): InstructionName =>
  `i64.store${size === 8 ? '' : size * 8}` as InstructionName;

/**
 * Puts the address on the stack; gives what is left for the instruction to add. No address below the
 * first region is valid, so that a non-negative offset never wraps around in what was checked.
 */
function emitAddress(code: CodeWriter, base: number, offset: number): number {
  emitRegister(code, base, 32);
  if (offset >= 0) return offset;
  code.i32(offset).op('i32.add');
  return 0;
}

/** Whether a proof settles an access: a packet may be read only here where the verifier lets it be written. */
function admits(memory: MemoryKind | undefined, write: boolean, around: Surroundings): boolean {
  if (memory === 'packet') return around.hasPacket && (around.packetWritable || !write);
  return memory !== undefined && memory !== 'packetMeta';
}

/** Compares the address with the bounds of the region that it probably lies in. */
function emitCheck(
  { index }: Placed,
  base: number,
  offset: number,
  size: number,
  write: boolean,
  known: Knowledge,
  { code, around }: Emitter,
): void {
  if (isChecked(known, base, offset, size, write)) return;
  if (admits(around.proofs[index]?.inBounds, write, around)) return;
  if (base === FRAME_POINTER && offset >= -STACK_SIZE && offset + size <= 0) return;
  const { guess } = known.registers[base]!;
  const register = REGISTER_LOCALS[base]!;
  const ask = (): void => {
    code
      .get(register)
      .i64(BigInt(offset))
      .op('i64.add')
      .i32(size)
      .i32(write ? 1 : 0)
      .i32(index);
    code.op('call', around.functions.access);
  };
  /** The address less the region's start, which is `minus` (and what `emitMinus` puts on the stack). */
  const emitOffset = (minus: number, emitMinus?: () => void): void => {
    code.get(register);
    if (emitMinus !== undefined) {
      emitMinus();
      code.op('i64.sub');
    }
    code.i64(BigInt(offset - minus)).op('i64.add');
  };
  if (guess === STACK) {
    emitOffset(-STACK_SIZE, () => code.get(REGISTER_LOCALS[FRAME_POINTER]!));
    code
      .i64(BigInt(STACK_SIZE - size))
      .op('i64.gt_u')
      .op('if');
  } else if (
    around.hasPacket &&
    (guess === PACKET || guess === undefined) &&
    (around.packetWritable || !write)
  ) {
    // Below the length, and with all its bytes: no sum here can wrap around.
    emitOffset(0, () => code.get(PACKET_START).op('i64.extend_i32_u'));
    code.tee(SCRATCH.i64).get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.ge_u');
    code.get(SCRATCH.i64).i64(BigInt(size)).op('i64.add');
    code.get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.gt_u').op('i32.or').op('if');
  } else {
    const region = around.regions[guess === undefined || guess < 0 ? 0 : guess];
    if (region === undefined || region.length < size || (write && !region.writable)) {
      ask();
      return;
    }
    emitOffset(region.base);
    code
      .i64(BigInt(region.length - size))
      .op('i64.gt_u')
      .op('if');
  }
  ask();
  code.op('end');
}

function emitAtomic(placed: Placed, instruction: Of<'atomic'>, known: Knowledge, emitter: Emitter): void {
  const { code } = emitter;
  const { op, fetch, size, base, offset, src } = instruction;
  emitCheck(placed, base, offset, size, true, known, emitter);
  const load: InstructionName = size === 8 ? 'i64.load' : 'i64.load32_u';
  // One thread runs a program, so reading, changing and writing is atomic enough.
  let at = emitAddress(code, base, offset);
  code.op(load, at).set(SCRATCH.i64);
  at = emitAddress(code, base, offset);
  const source = REGISTER_LOCALS[src]!;
  const result = REGISTER_LOCALS[0]!;
  if (op === 'xchg') code.get(source);
  else if (op === 'cmpxchg') {
    code.get(source).get(SCRATCH.i64).get(SCRATCH.i64).get(result);
    if (size === 4) code.i64(0xffff_ffffn).op('i64.and');
    code.op('i64.eq').op('select');
  } else code.get(SCRATCH.i64).get(source).op(`i64.${op}`);
  code.op(storeOf(size), at);
  if (fetch) code.get(SCRATCH.i64).set(op === 'cmpxchg' ? result : source);
}

/** `LD_ABS` and `LD_IND`: big-endian bytes of the packet; beyond its end the program ends with 0. */
function emitPacketLoad({ size, index, offset }: Of<'packet'>, known: Knowledge, emitter: Emitter): void {
  const { code, around, reject } = emitter;
  if (!around.hasPacket || (index === undefined && offset < 0 && !around.hasHeaderOffsets)) {
    reject();
    return;
  }
  let at = offset;
  if (index === undefined && offset >= 0) {
    if (offset + size > known.packetLength) {
      code
        .get(PACKET_LENGTH)
        .i32(offset + size)
        .op('i32.lt_u')
        .op('if');
      reject();
      code.op('end');
    }
    code.get(PACKET_START);
  } else {
    if (index === undefined) code.i32(offset);
    else {
      emitRegister(code, index, 32);
      code.i32(offset).op('i32.add');
    }
    code.set(SCRATCH.i32);
    if (around.hasHeaderOffsets) {
      code.get(SCRATCH.i32).i32(0).op('i32.lt_s').op('if');
      code.get(SCRATCH.i32).op('call', around.functions.headerOffset).set(SCRATCH.i32).op('end');
    }
    code.get(SCRATCH.i32).op('i64.extend_i32_u').i64(BigInt(size)).op('i64.add');
    code.get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.gt_u').op('if');
    reject();
    code.op('end').get(PACKET_START).get(SCRATCH.i32).op('i32.add');
    at = 0;
  }
  if (size === 1) code.op('i64.load8_u', at).set(REGISTER_LOCALS[0]!);
  else {
    code.op(size === 2 ? 'i32.load16_u' : 'i32.load', at).set(SCRATCH.i32);
    emitSwap32(code, size === 2 ? 16 : 32, SCRATCH.i32);
    setRegister(code, 0, 32);
  }
}

/** The number of the helper is on the stack. */
function emitHelperCall(index: number, emitter: Emitter): void {
  const { code, around } = emitter;
  code.i32(index);
  for (const register of [0, ...ARGUMENTS, FRAME_POINTER]) code.get(REGISTER_LOCALS[register]!);
  // Gives r0, and whether a tail call has run the rest of the program: r0 is its result then.
  code.op('call', around.functions.callHelper).set(SCRATCH.i32).set(REGISTER_LOCALS[0]!);
  code.get(SCRATCH.i32).op('if');
  emitter.leave(emitter.hasLoops);
  code.op('end');
  emitPacketReload(emitter);
}

/** Helpers may move the packet's bounds. */
function emitPacketReload({ code, around }: Emitter): void {
  if (!around.hasPacket) return;
  code.op('global.get', around.globals.packetStart).set(PACKET_START);
  code.op('global.get', around.globals.packetLength).set(PACKET_LENGTH);
}

function emitLocalCall(index: number, callee: number, emitter: Emitter): void {
  const { code, around, hasLoops } = emitter;
  const { fuel } = around.globals;
  const frame = REGISTER_LOCALS[FRAME_POINTER]!;
  code.get(frame).i64(BigInt(around.lastFrame)).op('i64.gt_u').op('if');
  emitFault(code, 'call-depth', index, around);
  code.op('end');
  if (around.hasFuel) {
    if (hasLoops) code.get(FUEL);
    else code.op('global.get', fuel);
    code.i32(1).op('i32.sub').tee(SCRATCH.i32).op('global.set', fuel);
    code.get(SCRATCH.i32).i32(0).op('i32.lt_s').op('if');
    emitFault(code, 'budget', index, around);
    code.op('end');
  }
  const { parameters, results } = PASSED[around.convention];
  for (let local = 0; local < parameters; local++) {
    code.get(local);
    if (local === frame) code.i64(BigInt(around.frameStep)).op('i64.add');
  }
  code.op('call', around.functions.local.get(callee)!);
  for (const register of [...results].reverse()) code.set(REGISTER_LOCALS[register]!);
  if (hasLoops) code.op('global.get', fuel).set(FUEL);
  emitPacketReload(emitter);
}
