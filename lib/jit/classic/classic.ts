/**
 * The classic machine compiled to WebAssembly: the body of a filter, to stand in a function of its own or
 * inside a loop over records (scan.ts).
 *
 * The same plan as for JavaScript: structured control flow, registers as locals, and the body twice, where
 * one comparison with the packet's length settles all reads at constant offsets. Values that are only
 * compared stay in the byte order of memory (rawValues.ts).
 */

import {
  assertValid,
  type Instruction,
  LOOP_BUDGET,
  opcodes,
  type Personality,
  type Program,
  specialLoad,
} from '../../cbpf/index.js';
import type { CodeWriter, InstructionName, Local } from '../../wasm/index.js';
import { emitSwap32 } from '../shared/alu.js';
import { structure } from '../shared/structure.js';
import { type StructuredWriter, writeStructured } from '../shared/structuredCode.js';
import { type Flow, flowOf } from './flow.js';
import { constantRead, furthestConstantRead, knownLengths, usedCells } from './packetReads.js';
import { type RawSizes, rawValues, swappedConstant, swappedMask } from './rawValues.js';

const { ABS, ALU, IMM, IND, JEQ, JGE, JGT, JSET, LD, LDX, LEN, MEM, MISC, MSH, NEG, RET, ST, STX, TXA } =
  opcodes;

/** Where the body finds the packet, and who else is there. */
export interface FilterPlace {
  readonly code: CodeWriter;
  /** Locals, i32: address of the first byte, captured bytes, bytes on the wire. */
  readonly start: number;
  readonly length: number;
  readonly wire: number;
  /** Index of the first of the body's own locals, see {@link filterLocals}. */
  readonly firstLocal: number;
  /** Takes the verdict from the stack and leaves the body. */
  readonly finish: () => void;
  /** Index of the function for special loads: number of the load, A, X; gives the value. */
  readonly special: number;
  /** Index of the global that says how a special load went. */
  readonly outcome: number;
}

/** What a special load leaves in the outcome global. */
export const LOADED = 0;
export const REJECTED = 1;
export const NO_MORE = 2;

const OWN = ['a', 'x', 't', 'loops'] as const;

/** Locals that the body of a program needs. */
export const filterLocals = (program: Program): readonly Local[] =>
  [...OWN, ...usedCells(program).map((cell) => `m${cell}`)].map((name) => ({ name, type: 'i32' }));

interface Emitter extends FilterPlace {
  readonly program: Program;
  readonly flow: Flow;
  readonly personality: Personality;
  readonly raw: RawSizes;
  readonly a: number;
  readonly x: number;
  readonly t: number;
  readonly loops: number;
  readonly cells: ReadonlyMap<number, number>;
  known: readonly number[];
}

/** Above this the code is more than V8 would optimize, and the interpreter does better. */
const MAX_INSTRUCTIONS = 8192;

/** Whether a program can be compiled: not when irreducible, or very long. */
export function isCompilable(program: Program): boolean {
  return program.length <= MAX_INSTRUCTIONS && structure(flowOf(program)) !== undefined;
}

/**
 * Writes the body of a compilable program.
 *
 * @throws ProgramError when the program is not valid.
 */
export function emitFilter(program: Program, personality: Personality, place: FilterPlace): void {
  assertValid(program, { personality, loops: 'bounded' });
  const flow = flowOf(program);
  const isCopied = (node: number): boolean => flow.blocks[node]!.end - flow.blocks[node]!.start === 1;
  const parts = structure(flow, { isCopied });
  if (parts === undefined) throw new Error('a reducible program was expected');
  const { code, firstLocal, length } = place;
  const [a, x, t, loops] = OWN.map((_, index) => firstLocal + index) as [number, number, number, number];
  const cells = new Map(usedCells(program).map((cell, index) => [cell, firstLocal + OWN.length + index]));
  const raw = rawValues(program, flow, personality);
  const emitter: Emitter = {
    ...place,
    program,
    flow,
    personality,
    raw,
    a,
    x,
    t,
    loops,
    cells,
    known: [],
  };

  const writer: StructuredWriter = {
    code,
    node: (node) => emitBlock(node, emitter),
    test: (node, when) => emitTest(node, when, emitter),
    beforeJumpBack: () => {
      code.get(loops).i32(1).op('i32.sub').tee(loops).i32(0).op('i32.lt_s').op('if');
      reject(emitter);
      code.op('end');
    },
    choose: () => {
      throw new RangeError('no classic instruction chooses between more than two');
    },
  };
  for (const local of [a, x, ...cells.values()]) code.i32(0).set(local);
  if (program.some(({ code: op, k }) => op === opcodes.JMP && (k | 0) < 0)) code.i32(LOOP_BUDGET).set(loops);
  const furthest = furthestConstantRead(program, personality);
  if (furthest > 0) {
    emitter.known = flow.blocks.map(() => furthest);
    code.get(length).i32(furthest).op('i32.ge_u').op('if');
    writeStructured(parts, writer);
    code.op('end');
  }
  emitter.known = knownLengths(program, flow, personality);
  writeStructured(parts, writer);
}

function reject({ code, finish }: Emitter): void {
  code.i32(0);
  finish();
}

function emitBlock(node: number, emitter: Emitter): void {
  const { start, end } = emitter.flow.blocks[node]!;
  let known = emitter.known[node]!;
  for (let index = start; index < end; index++) {
    const instruction = emitter.program[index]!;
    emitInstruction(instruction, index, known, emitter);
    if (specialLoad(instruction, emitter.personality) === undefined)
      known = Math.max(known, constantRead(instruction));
  }
}

/** The test of the conditional jump that ends a block. */
function emitTest(node: number, when: boolean, { code, program, flow, raw, a, x }: Emitter): void {
  const index = flow.blocks[node]!.end - 1;
  const { code: op, k } = program[index]!;
  const size = raw.get(index);
  const operation = opcodes.operationOf(op);
  const swapped = operation === JSET ? swappedMask : swappedConstant;
  code.get(a);
  if (opcodes.usesX(op)) code.get(x);
  else code.i32(size === undefined ? k : swapped(k, size));
  switch (operation) {
    case JEQ:
      code.op(when ? 'i32.eq' : 'i32.ne');
      break;
    case JGT:
      code.op(when ? 'i32.gt_u' : 'i32.le_u');
      break;
    case JGE:
      code.op(when ? 'i32.ge_u' : 'i32.lt_u');
      break;
    case JSET:
      code.op('i32.and');
      if (!when) code.op('i32.eqz');
      break;
    default:
      throw new RangeError(`operation code 0x${op.toString(16)} is not a test`);
  }
}

function emitInstruction(instruction: Instruction, index: number, known: number, emitter: Emitter): void {
  const { code, a, x, cells } = emitter;
  const { code: op, k } = instruction;
  switch (opcodes.classOf(op)) {
    case LD:
    case LDX:
      if (specialLoad(instruction, emitter.personality) !== undefined) emitSpecial(op, index, emitter);
      else emitLoad(instruction, index, known, emitter);
      break;
    case ST:
      code.get(a).set(cells.get(k)!);
      break;
    case STX:
      code.get(x).set(cells.get(k)!);
      break;
    case ALU:
      emitAlu(instruction, index, emitter);
      break;
    case RET:
      if (op === (RET | opcodes.A)) code.get(a);
      else code.i32(k);
      emitter.finish();
      break;
    case MISC:
      if (opcodes.operationOf(op) === TXA) code.get(x).set(a);
      else code.get(a).set(x);
      break;
    default:
      break; // jumps: structure() has placed their targets
  }
}

/** Special loads are numbered by their instruction. */
function emitSpecial(op: number, index: number, emitter: Emitter): void {
  const { code, a, x, t, special, outcome } = emitter;
  code.i32(index).get(a).get(x).op('call', special).set(t);
  code.op('global.get', outcome).i32(REJECTED).op('i32.eq').op('if');
  reject(emitter);
  code.op('end');
  code.op('global.get', outcome).op('if').get(a);
  emitter.finish();
  code.op('end').get(t);
  if (opcodes.classOf(op) === LDX) code.i32(15).op('i32.and').i32(2).op('i32.shl').set(x);
  else code.set(a);
}

function emitLoad(instruction: Instruction, index: number, known: number, emitter: Emitter): void {
  const { code, a, x, t, start, length, wire, cells } = emitter;
  const { code: op, k } = instruction;
  const register = opcodes.classOf(op) === LD ? a : x;
  const needed = constantRead(instruction);
  if (needed > 0xffff_ffff) {
    reject(emitter);
    return;
  }
  if (needed > known) {
    code.get(length).i32(needed).op('i32.lt_u').op('if');
    reject(emitter);
    code.op('end');
  }
  switch (opcodes.modeOf(op)) {
    case IMM:
      code.i32(k).set(register);
      break;
    case MEM:
      code.get(cells.get(k)!).set(register);
      break;
    case LEN:
      code.get(wire).set(register);
      break;
    case MSH:
      code.get(start).op('i32.load8_u', k).i32(15).op('i32.and').i32(2).op('i32.shl').set(x);
      break;
    case ABS:
      code.get(start);
      emitValue(op, index, k, emitter);
      break;
    case IND: {
      // 64 bits, so that neither sum wraps around.
      const size = opcodes.sizeOf(op);
      code
        .get(x)
        .op('i64.extend_i32_u')
        .i64(BigInt(k + size))
        .op('i64.add');
      code.get(length).op('i64.extend_i32_u').op('i64.gt_u').op('if');
      reject(emitter);
      code.op('end').get(start).get(x).op('i32.add').i32(k).op('i32.add').set(t).get(t);
      emitValue(op, index, 0, emitter);
      break;
    }
  }
}

/** The address is on the stack; loads into A. */
function emitValue(op: number, index: number, offset: number, { code, a, t, raw }: Emitter): void {
  const size = opcodes.sizeOf(op);
  const load: InstructionName = size === 1 ? 'i32.load8_u' : size === 2 ? 'i32.load16_u' : 'i32.load';
  code.op(load, offset);
  if (size !== 1 && !raw.has(index)) {
    code.set(t);
    emitSwap32(code, size === 2 ? 16 : 32, t);
  }
  code.set(a);
}

function emitAlu({ code: op, k }: Instruction, index: number, emitter: Emitter): void {
  const { code, a, x, raw, personality } = emitter;
  const operation = opcodes.operationOf(op);
  const usesX = opcodes.usesX(op);
  if (operation === NEG) {
    code.i32(0).get(a).op('i32.sub').set(a);
    return;
  }
  const isDivision = operation === opcodes.DIV || operation === opcodes.MOD;
  const isShift = operation === opcodes.LSH || operation === opcodes.RSH;
  if (isDivision && usesX) {
    code.get(x).op('i32.eqz').op('if');
    reject(emitter);
    code.op('end');
  }
  if (isShift && !usesX && k > 31) {
    code.i32(0).set(a);
    return;
  }
  const size = raw.get(index);
  code.get(a);
  if (usesX) code.get(x);
  else
    code.i32(
      size === undefined ? k : operation === opcodes.AND ? swappedMask(k, size) : swappedConstant(k, size),
    );
  code.op(ALU_NAMES.get(operation)!);
  if (isShift && usesX && personality === 'libpcap') code.i32(0).get(x).i32(31).op('i32.le_u').op('select');
  code.set(a);
}

const ALU_NAMES: ReadonlyMap<number, InstructionName> = new Map([
  [opcodes.ADD, 'i32.add'],
  [opcodes.SUB, 'i32.sub'],
  [opcodes.MUL, 'i32.mul'],
  [opcodes.DIV, 'i32.div_u'],
  [opcodes.MOD, 'i32.rem_u'],
  [opcodes.AND, 'i32.and'],
  [opcodes.OR, 'i32.or'],
  [opcodes.XOR, 'i32.xor'],
  [opcodes.LSH, 'i32.shl'],
  [opcodes.RSH, 'i32.shr_u'],
]);
