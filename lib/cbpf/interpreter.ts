/**
 * The fast interpreter of the classic machine.
 *
 * A program is decoded once into a flat array of four numbers an instruction, `[op, k, jt, jf]`, with
 * dense operation numbers (one jump table) and absolute jump targets. What depends on personality or
 * on the operand's source is decided at decoding, so that the loop has no flags to look at.
 * machine.ts defines the meaning; interpreter.test.ts holds the two equal.
 */

import type { PacketMetadata } from './extensions.js';
import type { Program } from './instruction.js';
import { NO_DEVICE, OUT_OF_BOUNDS, type SpecialLoad, specialLoad } from './loads.js';
import { LOOP_BUDGET } from './machine.js';
import { isConditional, MEMORY_WORDS, OPCODES, type Personality } from './opcodes.js';
import { assertValid } from './validator.js';

/**
 * A loaded filter.
 *
 * @param bytes - A buffer that holds the packet, big-endian as it was on the wire.
 * @param start - Index of the packet's first byte.
 * @param capturedLength - Bytes of the packet in the buffer, all within `bytes`.
 * @param wireLength - Bytes the packet had on the wire.
 * @param metadata - What ancillary loads read; absent, such loads are out of bounds.
 * @returns Bytes to keep, as an unsigned 32-bit number; 0 rejects the packet.
 */
export type FilterFunction = (
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  wireLength: number,
  metadata?: PacketMetadata,
) => number;

export interface LoadOptions {
  /** Default `libpcap`. */
  readonly personality?: Personality;
}

// Dense numbers of the decoded operations: the 49 of the instruction set, in the order of this list,
// and a few that stand for one of them under
// the kernel's rules, with an ancillary offset, or backwards.
const LD_W_ABS = 0;
const LD_H_ABS = 1;
const LD_B_ABS = 2;
const LD_W_IND = 3;
const LD_H_IND = 4;
const LD_B_IND = 5;
const LD_LEN = 6;
const LD_IMM = 7;
const LD_MEM = 8;
const LDX_IMM = 9;
const LDX_MEM = 10;
const LDX_LEN = 11;
const LDX_MSH = 12;
const ST = 13;
const STX = 14;
const ADD_K = 15;
const ADD_X = 16;
const SUB_K = 17;
const SUB_X = 18;
const MUL_K = 19;
const MUL_X = 20;
const DIV_K = 21;
const DIV_X = 22;
const MOD_K = 23;
const MOD_X = 24;
const AND_K = 25;
const AND_X = 26;
const OR_K = 27;
const OR_X = 28;
const XOR_K = 29;
const XOR_X = 30;
const LSH_K = 31;
const LSH_X = 32;
const RSH_K = 33;
const RSH_X = 34;
const NEG = 35;
const JA_OP = 36;
const JEQ_K = 37;
const JEQ_X = 38;
const JGT_K = 39;
const JGT_X = 40;
const JGE_K = 41;
const JGE_X = 42;
const JSET_K = 43;
const JSET_X = 44;
const RET_K = 45;
const RET_A = 46;
const TAX = 47;
const TXA = 48;
const LSH_X_MASKED = 49;
const RSH_X_MASKED = 50;
/** k is the index of a {@link SpecialLoad}. */
const LD_SPECIAL = 51;
const ZERO = 52;
const JA_BACK = 53;
const LDX_SPECIAL = 54;

/** Operation code to dense number. The rows of OPCODES are in the order of the list above. */
const DENSE = new Map(OPCODES.map(({ code }, index) => [code, index]));

/**
 * Decodes a program. Jumps become multiples of 4 into the array.
 *
 * @param specials - Receives the loads that need more than a number.
 */
function decode(program: Program, personality: Personality, specials: SpecialLoad[]): Int32Array {
  const code = new Int32Array(program.length * 4);
  for (const [index, instruction] of program.entries()) {
    const { jt, jf, k } = instruction;
    const dense = DENSE.get(instruction.code)!;
    const at = index * 4;
    code[at] = dense;
    code[at + 1] = k;
    if (isConditional(instruction.code)) {
      code[at + 2] = at + 4 + jt * 4;
      code[at + 3] = at + 4 + jf * 4;
    } else if (dense === JA_OP) {
      code[at] = (k | 0) < 0 ? JA_BACK : JA_OP;
      code[at + 1] = at + 4 + (k | 0) * 4;
    }
    // Shift counts are known here: a constant of 32 or more gives 0, in either personality's reading.
    else if ((dense === LSH_K || dense === RSH_K) && k > 31) code[at] = ZERO;
    else if (dense === LSH_X && personality === 'kernel') code[at] = LSH_X_MASKED;
    else if (dense === RSH_X && personality === 'kernel') code[at] = RSH_X_MASKED;
    else {
      const special = specialLoad(instruction, personality);
      if (special === undefined) continue;
      code[at] = dense === LDX_MSH ? LDX_SPECIAL : LD_SPECIAL;
      code[at + 1] = specials.length;
      specials.push(special);
    }
  }
  return code;
}

/**
 * Makes a program ready to run.
 *
 * @throws ProgramError when it is not valid. Backward jumps are admitted; such a program rejects a
 * packet that makes it jump back more than {@link LOOP_BUDGET} times.
 */
export function loadInterpreter(program: Program, options: LoadOptions = {}): FilterFunction {
  const personality = options.personality ?? 'libpcap';
  assertValid(program, { personality, loops: 'bounded' });
  const specials: SpecialLoad[] = [];
  const code = decode(program, personality, specials);
  const memory = new Int32Array(MEMORY_WORDS);
  const usesMemory = program.some(
    (instruction) => DENSE.get(instruction.code) === LD_MEM || DENSE.get(instruction.code) === LDX_MEM,
  );

  return (bytes, start, capturedLength, wireLength, metadata) => {
    if (usesMemory) memory.fill(0);
    let a = 0;
    let x = 0;
    let jumpsLeft = LOOP_BUDGET;
    for (let pc = 0; ; ) {
      const k = code[pc + 1]!; // `!`: validate() proved that pc stays inside code
      switch (code[pc]) {
        case LD_W_ABS: {
          // k is a signed view of an unsigned offset: below 0 is far beyond any packet.
          if (k < 0 || k + 4 > capturedLength) return 0;
          const at = start + k;
          a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
          pc += 4;
          break;
        }
        case LD_H_ABS: {
          if (k < 0 || k + 2 > capturedLength) return 0;
          const at = start + k;
          a = (bytes[at]! << 8) | bytes[at + 1]!;
          pc += 4;
          break;
        }
        case LD_B_ABS:
          if (k < 0 || k + 1 > capturedLength) return 0;
          a = bytes[start + k]!;
          pc += 4;
          break;
        case LD_W_IND: {
          const offset = (x >>> 0) + (k >>> 0);
          if (offset + 4 > capturedLength) return 0;
          const at = start + offset;
          a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
          pc += 4;
          break;
        }
        case LD_H_IND: {
          const offset = (x >>> 0) + (k >>> 0);
          if (offset + 2 > capturedLength) return 0;
          const at = start + offset;
          a = (bytes[at]! << 8) | bytes[at + 1]!;
          pc += 4;
          break;
        }
        case LD_B_IND: {
          const offset = (x >>> 0) + (k >>> 0);
          if (offset + 1 > capturedLength) return 0;
          a = bytes[start + offset]!;
          pc += 4;
          break;
        }
        case LD_SPECIAL: {
          const special = specials[k]!;
          const value = special(a >>> 0, x >>> 0, bytes, start, capturedLength, metadata);
          if (value === OUT_OF_BOUNDS) return 0;
          if (value === NO_DEVICE) return a >>> 0;
          a = value | 0;
          pc += 4;
          break;
        }
        case LDX_SPECIAL: {
          const value = specials[k]!(a >>> 0, x >>> 0, bytes, start, capturedLength, metadata);
          if (value === OUT_OF_BOUNDS) return 0;
          x = (value & 0xf) << 2;
          pc += 4;
          break;
        }
        case LD_LEN:
          a = wireLength | 0;
          pc += 4;
          break;
        case LD_IMM:
          a = k;
          pc += 4;
          break;
        case LD_MEM:
          a = memory[k]!;
          pc += 4;
          break;
        case LDX_IMM:
          x = k;
          pc += 4;
          break;
        case LDX_MEM:
          x = memory[k]!;
          pc += 4;
          break;
        case LDX_LEN:
          x = wireLength | 0;
          pc += 4;
          break;
        case LDX_MSH:
          if (k < 0 || k + 1 > capturedLength) return 0;
          x = (bytes[start + k]! & 0xf) << 2;
          pc += 4;
          break;
        case ST:
          memory[k] = a;
          pc += 4;
          break;
        case STX:
          memory[k] = x;
          pc += 4;
          break;
        case ADD_K:
          a = (a + k) | 0;
          pc += 4;
          break;
        case ADD_X:
          a = (a + x) | 0;
          pc += 4;
          break;
        case SUB_K:
          a = (a - k) | 0;
          pc += 4;
          break;
        case SUB_X:
          a = (a - x) | 0;
          pc += 4;
          break;
        case MUL_K:
          a = Math.imul(a, k);
          pc += 4;
          break;
        case MUL_X:
          a = Math.imul(a, x);
          pc += 4;
          break;
        case DIV_K:
          a = ((a >>> 0) / (k >>> 0)) | 0;
          pc += 4;
          break;
        case DIV_X:
          if (x === 0) return 0;
          a = ((a >>> 0) / (x >>> 0)) | 0;
          pc += 4;
          break;
        case MOD_K:
          a = ((a >>> 0) % (k >>> 0)) | 0;
          pc += 4;
          break;
        case MOD_X:
          if (x === 0) return 0;
          a = ((a >>> 0) % (x >>> 0)) | 0;
          pc += 4;
          break;
        case AND_K:
          a &= k;
          pc += 4;
          break;
        case AND_X:
          a &= x;
          pc += 4;
          break;
        case OR_K:
          a |= k;
          pc += 4;
          break;
        case OR_X:
          a |= x;
          pc += 4;
          break;
        case XOR_K:
          a ^= k;
          pc += 4;
          break;
        case XOR_X:
          a ^= x;
          pc += 4;
          break;
        case LSH_K:
          a <<= k;
          pc += 4;
          break;
        case LSH_X:
          a = x >>> 0 > 31 ? 0 : a << x;
          pc += 4;
          break;
        case LSH_X_MASKED:
          a <<= x;
          pc += 4;
          break;
        case RSH_K:
          a >>>= k;
          pc += 4;
          break;
        case RSH_X:
          a = x >>> 0 > 31 ? 0 : a >>> x;
          pc += 4;
          break;
        case RSH_X_MASKED:
          a >>>= x;
          pc += 4;
          break;
        case ZERO:
          a = 0;
          pc += 4;
          break;
        case NEG:
          a = -a | 0;
          pc += 4;
          break;
        case JA_OP:
          pc = k;
          break;
        case JA_BACK:
          if (--jumpsLeft < 0) return 0;
          pc = k;
          break;
        case JEQ_K:
          pc = (a | 0) === k ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JEQ_X:
          pc = (a | 0) === (x | 0) ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JGT_K:
          pc = a >>> 0 > k >>> 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JGT_X:
          pc = a >>> 0 > x >>> 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JGE_K:
          pc = a >>> 0 >= k >>> 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JGE_X:
          pc = a >>> 0 >= x >>> 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JSET_K:
          pc = (a & k) !== 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case JSET_X:
          pc = (a & x) !== 0 ? code[pc + 2]! : code[pc + 3]!;
          break;
        case RET_K:
          return k >>> 0;
        case RET_A:
          return a >>> 0;
        case TAX:
          x = a;
          pc += 4;
          break;
        case TXA:
          a = x;
          pc += 4;
          break;
      }
    }
  };
}
