/**
 * Programs of the extended machine as the interpreter takes them: two numbers a slot, with dense operation
 * numbers, absolute targets, and constants as registers behind the machine's own.
 */

import { decode as decodeSlot } from './decode.js';
import type { HelperFunction } from './helpers.js';
import { type Instruction, type Operand, type Program, unordered } from './instruction.js';
import type { Environment } from './machine.js';
import {
  ALU_ROWS,
  type AtomicOperation,
  BRANCH_ROWS,
  FRAME_POINTER,
  PSEUDO,
  REGISTERS,
  type Size,
} from './opcodes.js';

// Dense numbers: the 15 rows of ALU_ROWS in 64 bits, the same in 32 bits, the 11 rows of BRANCH_ROWS in
// 64 bits and in 32, then loads and the rest. Those that decoding asks for have names here; the interpreter's
// `case`s are literal, with the name beside them: V8 makes a jump table of a switch over literals only,
// which is 2.8 times as fast (measured).
const MOV64 = 13;
const ADD32 = 15;
const JEQ64 = 30;
export const JEQ32 = 41;
export const JNE32 = 45;
const LOAD1 = 52;
const LOADS1 = 56;
const STORE1 = 59;
const SEXT8_64 = 63;
const SEXT8_32 = 66;
const CUT16 = 68;
const SWAP16 = 71;
const PACKET1 = 74;
const JUMP = 77;
export const CALL = 78;
const CALL_REGISTER = 79;
const CALL_LOCAL = 80;
const EXIT = 81;
const ATOMIC4 = 82;
const ATOMIC8 = 83;
const OUTSIDE = 84;
const JUMP_BACK = 85;
const FAULT = 86;
const AND32 = ADD32 + 6;
const LSH32 = ADD32 + 7;
/** `dst = src; w(dst) &= a; w(dst) <<= b` at once: an IPv4 header's length, in every lifted filter. */
const MASK_SHIFT = 87;
/** Goes where it says once it has been passed {@link MAX_ROUNDS} times in this frame. */
const MAY_GOTO = 88;

// A slot is two numbers: operation, destination and source in the bits of the first, offset or target in
// the second.
export const OP_MASK = 0x7f;
export const DST_SHIFT = 7;
export const DST_MASK = 15;
/** Operation and destination. */
const OP_BITS = OP_MASK | (DST_MASK << DST_SHIFT);
export const SRC_SHIFT = 11;

const ALU_INDEX = new Map(ALU_ROWS.map((row, index) => [row.name, index]));
const BRANCH_INDEX = new Map(BRANCH_ROWS.map((row, index) => [row.name, index]));
const SIZE_INDEX: ReadonlyMap<Size, number> = new Map<Size, number>([
  [1, 0],
  [2, 1],
  [4, 2],
  [8, 3],
]);

export interface AtomicAccess {
  readonly op: AtomicOperation;
  readonly fetch: boolean;
  readonly offset: number;
}

/** Slots between which a loop goes back. */
export interface BackwardJump {
  readonly from: number;
  readonly to: number;
}

export interface DenseProgram {
  readonly program: Program;
  readonly code: Int32Array;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly helpers: readonly (HelperFunction | undefined)[];
  readonly atomics: readonly AtomicAccess[];
  readonly backward: readonly BackwardJump[];
  /** Whether the frame pointer is used, so that the stack has to be cleared. */
  readonly usesStack: boolean;
}

export function decodeProgram(program: Program, environment: Environment): DenseProgram {
  const code: number[] = new Array((program.length + 1) * 2).fill(0);
  const lows = new Array<number>(REGISTERS).fill(0);
  const highs = new Array<number>(REGISTERS).fill(0);
  const pool = new Map<string, number>();
  const atomics: AtomicAccess[] = [];
  const helpers: (HelperFunction | undefined)[] = [];
  const backward: BackwardJump[] = [];
  const wide = (low: number, high: number): number => {
    const key = `${low},${high}`;
    const known = pool.get(key);
    if (known !== undefined) return known;
    pool.set(key, lows.length);
    lows.push(low);
    return highs.push(high) - 1;
  };
  const operand = (value: Operand): number =>
    'register' in value ? value.register : wide(value.constant, value.constant >> 31);
  const put = (index: number, op: number, dst = 0, src = 0, extra = 0): void => {
    code[index * 2] = op | (dst << DST_SHIFT) | (src << SRC_SHIFT);
    code[index * 2 + 1] = extra;
  };
  /** The place of a slot in `code`; those outside the program are its end, which faults. */
  const place = (slot: number): number => (slot < 0 || slot > program.length ? program.length : slot) * 2;
  /**
   * Where a jump goes. Backwards it goes over a slot behind the program that charges the budget, so that
   * no other jump has to ask.
   */
  const target = (from: number, distance: number): number => {
    const to = from + 1 + distance;
    if (distance >= 0 || to < 0) return place(to);
    const at = program.length + 1 + backward.length;
    put(at, JUMP_BACK, 0, 0, backward.length);
    backward.push({ from, to });
    return at * 2;
  };

  for (let index = 0; index < program.length; index++) {
    let instruction: Instruction;
    try {
      instruction = unordered(decodeSlot(program, index, { lenient: environment.lenient ?? false }));
    } catch {
      // Faults if it is ever reached, as in the definition: not every slot of a program has to run.
      put(index, FAULT);
      continue;
    }
    switch (instruction.kind) {
      case 'alu': {
        const { op, width, dst } = instruction;
        put(index, ALU_INDEX.get(op)! + (width === 64 ? 0 : ADD32), dst, operand(instruction.operand));
        break;
      }
      case 'branch': {
        const { op, width, dst, distance } = instruction;
        const at = BRANCH_INDEX.get(op)! + (width === 64 ? JEQ64 : JEQ32);
        put(index, at, dst, operand(instruction.operand), target(index, distance));
        break;
      }
      case 'movsx': {
        const { from, width, dst, src } = instruction;
        const step = from === 8 ? 0 : from === 16 ? 1 : 2;
        put(index, (width === 64 ? SEXT8_64 : SEXT8_32) + step, dst, src);
        break;
      }
      case 'swap': {
        const step = instruction.bits === 16 ? 0 : instruction.bits === 32 ? 1 : 2;
        put(index, (instruction.op === 'le' ? CUT16 : SWAP16) + step, instruction.dst);
        break;
      }
      case 'load': {
        const { size, signExtend, dst, base, offset } = instruction;
        put(index, (signExtend ? LOADS1 : LOAD1) + SIZE_INDEX.get(size)!, dst, base, offset);
        break;
      }
      case 'store': {
        const { size, base, offset } = instruction;
        put(index, STORE1 + SIZE_INDEX.get(size)!, base, operand(instruction.operand), offset);
        break;
      }
      case 'atomic': {
        const { op, fetch, size, base, offset, src } = instruction;
        put(index, size === 4 ? ATOMIC4 : ATOMIC8, base, src, atomics.length);
        atomics.push({ op, fetch, offset });
        break;
      }
      case 'wide': {
        const { pseudo, dst, low, high } = instruction;
        let value = wide(low, high);
        if (pseudo === PSEUDO.func) value = wide(index + 1 + low, 0);
        else if (pseudo !== 0) {
          const resolved = environment.resolveWide?.(pseudo, low, high);
          if (resolved === undefined) {
            put(index, FAULT);
            break;
          }
          value = wide(Number(BigInt.asIntN(32, resolved)), Number(BigInt.asIntN(32, resolved >> 32n)));
        }
        put(index, MOV64, dst, value);
        // The second half is never run from the first; a jump into it faults.
        put(index + 1, JUMP, 0, 0, target(index + 1, 0));
        index++;
        break;
      }
      case 'packet': {
        const { size, index: register, offset } = instruction;
        put(index, PACKET1 + SIZE_INDEX.get(size)!, 0, register ?? wide(0, 0), offset);
        break;
      }
      case 'jump':
        put(index, JUMP, 0, 0, target(index, instruction.distance));
        break;
      case 'call':
        put(index, CALL, 0, helpers.length, instruction.helper);
        helpers.push(environment.helpers.get(instruction.helper));
        break;
      case 'callRegister':
        put(index, CALL_REGISTER, instruction.register);
        break;
      case 'callLocal':
        put(index, CALL_LOCAL, 0, 0, place(index + 1 + instruction.distance));
        break;
      case 'mayGoto':
        put(index, MAY_GOTO, 0, 0, target(index, instruction.distance));
        break;
      case 'callKfunc':
      case 'loadAcquire':
      case 'storeRelease':
        put(index, FAULT);
        break;
      case 'exit':
        put(index, EXIT);
        break;
    }
  }
  put(program.length, OUTSIDE);
  for (let at = 0; at + 4 < program.length * 2; at += 2) {
    const [first, second, third] = [code[at]!, code[at + 2]!, code[at + 4]!];
    const dst = first & (DST_MASK << DST_SHIFT);
    // Slots stay where they are, for those who jump to the second or third.
    if (
      (first & OP_MASK) === MOV64 &&
      (second & OP_BITS) === (AND32 | dst) &&
      (third & OP_BITS) === (LSH32 | dst) &&
      // Constants: what a register holds may have changed in between.
      Math.min(second >>> SRC_SHIFT, third >>> SRC_SHIFT) >= REGISTERS
    )
      code[at] = (first & ~OP_MASK) | MASK_SHIFT;
  }
  const usesStack = program.some(({ dst, src }) => dst === FRAME_POINTER || src === FRAME_POINTER);
  return {
    program,
    code: Int32Array.from(code),
    low: Int32Array.from(lows),
    high: Int32Array.from(highs),
    helpers,
    atomics,
    backward,
    usesStack,
  };
}
