/**
 * One function of an eBPF program as a WebAssembly function.
 *
 * Registers are i64 locals, control flow is structured (structure.ts; irreducible parts go through a
 * dispatch node first), every access is checked against the bounds of the region it probably lies in,
 * unless knowledge.ts or a proof says that it cannot fail; what lies elsewhere asks `access`, which ends in
 * the host's own memory model, so that faults are the interpreter's, word for word. Fuel is taken at back
 * edges and calls only.
 */

import { functionNamed, opcodes, type Width } from '../../ebpf/index.js';
import { CodeWriter, type DefinedFunction, type InstructionName } from '../../wasm/index.js';
import { constant, emitAlu, emitSwap32, emitSwap64, emitTest, typeOfWidth } from '../shared/alu.js';
import { type Structured, structure } from '../shared/structure.js';
import { type StructuredWriter, writeStructured } from '../shared/structuredCode.js';
import type { EbpfFunction, Placed } from './ebpfFlow.js';
import { emitAddress, emitAtomic, emitCheck, emitPacketLoad, storeOf } from './emitMemory.js';
import {
  ARGUMENTS,
  DIVIDEND,
  type Emitter,
  type Endings,
  emitFault,
  emitOperand,
  emitRegister,
  FUEL,
  LABEL,
  LOCALS,
  type Of,
  PACKET_LENGTH,
  PACKET_START,
  PASSED,
  REGISTER_LOCALS,
  ROUNDS,
  SCRATCH,
  type Surroundings,
  setRegister,
} from './emitter.js';
import { makeReducible } from './irreducible.js';
import { initialKnowledge, type Knowledge, knowledgeOf, learn } from './knowledge.js';

const { FRAME_POINTER } = opcodes;

const LOOKUP = 1;
/** A body is written twice, once without checks of packet loads, only while that stays small. */
const MOST_DOUBLED = 2000;
/** Reads beyond this are left to the checked body: no packet is as long. */
const PLAUSIBLE_LENGTH = 0xffff;

export function emitFunction(source: EbpfFunction, around: Surroundings): DefinedFunction {
  const code = new CodeWriter();
  const { parameters, results } = PASSED[around.convention];
  const isMain = source.entry === 0 && !around.callsMain;
  if (around.hasPacket) {
    code.op('global.get', around.globals.packetStart).set(PACKET_START);
    code.op('global.get', around.globals.packetLength).set(PACKET_LENGTH);
  }
  const savesFuel = around.hasFuel && !isMain;
  const leave = (hasLoops: boolean): void => {
    if (hasLoops && savesFuel) code.get(FUEL).op('global.set', around.globals.fuel);
    for (const register of results) code.get(REGISTER_LOCALS[register]!);
    code.op('return');
  };
  emitBody(source, around, code, {
    leave,
    reject: (hasLoops) => {
      code.i64(0n).set(REGISTER_LOCALS[0]!);
      leave(hasLoops);
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
    known: [],
  };
  const isMain = source.entry === 0 && !around.callsMain;
  const guesses = isMain ? around.guesses : new Map<number, number>();

  const writer: StructuredWriter = {
    code,
    node: (node) => emitNode(node, emitter),
    test: (node, when) => emitBranchTest(node, when, emitter),
    beforeJumpBack: (label) => emitFuel(label, emitter),
    choose: () => code.get(LABEL),
  };
  if (hasLoops) code.op('global.get', around.globals.fuel).set(FUEL);
  if (hasMayGoto(source)) code.i32(0).set(ROUNDS);
  const furthest = around.hasPacket ? furthestPacketRead(source) : 0;
  if (furthest > 0) {
    emitter.known = knowledgeOf(source, initialKnowledge(guesses, furthest));
    code.get(PACKET_LENGTH).i32(furthest).op('i32.ge_u').op('if');
    writeStructured(parts, writer);
    code.op('end');
  }
  emitter.known = knowledgeOf(source, initialKnowledge(guesses, 0));
  writeStructured(parts, writer);
  code.op('unreachable');
}

const hasMayGoto = ({ blocks }: EbpfFunction): boolean =>
  blocks.some(({ instructions }) => instructions.at(-1)?.instruction.kind === 'mayGoto');

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

function emitNode(node: number, emitter: Emitter): void {
  const { code, source, graph, around } = emitter;
  const added = graph.added[node - source.size];
  if (added !== undefined) {
    if (added.kind === 'note') code.i32(added.value).set(LABEL);
    return;
  }
  const { instructions, stuckAt } = source.blocks[node]!;
  let known = emitter.known[node]!;
  for (const [place, placed] of instructions.entries()) {
    if (around.proofs[placed.index]?.dead === true) {
      code.op('unreachable');
      return;
    }
    around.counters?.note(code, placed, instructions[place - 1]);
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
  if (node >= source.size) {
    code.get(LABEL).op('i32.eqz');
    if (!when) code.op('i32.eqz');
  } else {
    const { instruction, index } = source.blocks[node]!.instructions.at(-1)!;
    if (instruction.kind === 'mayGoto') {
      code.get(ROUNDS).i32(1).op('i32.add').tee(ROUNDS).i32(opcodes.MAX_ROUNDS);
      code.op(when ? 'i32.gt_u' : 'i32.le_u');
      return;
    }
    if (instruction.kind !== 'branch') throw new Error(`instruction ${index} is no branch`);
    const { op, dst, operand } = instruction;
    const isSigned = op.startsWith('js') && op !== 'jset';
    const fits =
      around.proofs[index]?.fits32 === true && !isSigned && !('constant' in operand && operand.constant < 0);
    const width: Width = instruction.width === 32 || fits ? 32 : 64;
    emitRegister(code, dst, width);
    emitOperand(code, operand, width);
    emitTest(code, op, when, typeOfWidth(width));
  }
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
          : BigInt(functionNamed(instruction, index) ?? around.resolveWide(pseudo, low, high, index)),
      );
      setRegister(code, dst, 64);
      break;
    }
    case 'packet':
      emitPacketLoad(instruction, known, emitter);
      break;
    case 'call': {
      const { map } = known.registers[1]!;
      const lookup =
        instruction.helper === LOOKUP && map !== undefined ? around.functions.lookup?.(map) : undefined;
      if (lookup !== undefined) {
        emitRegister(code, 2, 32);
        code.op('call', lookup);
        setRegister(code, 0, 32);
        break;
      }
      code.i32(instruction.helper);
      emitHelperCall(index, emitter);
      break;
    }
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
    case 'mayGoto':
    case 'branch':
      break; // structure() has placed their targets
  }
}

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

/** The number of the helper is on the stack. */
function emitHelperCall(index: number, emitter: Emitter): void {
  const { code, around, hasLoops } = emitter;
  // What the helper calls takes of the same fuel.
  const sharesFuel = hasLoops && around.callbacks.length > 0;
  if (sharesFuel) code.get(FUEL).op('global.set', around.globals.fuel);
  code.i32(index);
  for (const register of [0, ...ARGUMENTS, FRAME_POINTER]) code.get(REGISTER_LOCALS[register]!);
  // Gives r0, and whether a tail call has run the rest of the program: r0 is its result then.
  code.op('call', around.functions.callHelper).set(SCRATCH.i32).set(REGISTER_LOCALS[0]!);
  if (sharesFuel) code.op('global.get', around.globals.fuel).set(FUEL);
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
