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

/** By whose rules a program runs. */
export interface LoadOptions {
  /** Default `libpcap`. */
  readonly personality?: Personality;
}

// Dense numbers of the decoded operations: the 49 of the instruction set in the order of OPCODES, and a
// few that stand for one of them under the kernel's rules, with an ancillary offset, or backwards. Those
// that decoding asks for have names here; the loop's `case`s are literal, with the name beside them: V8
// makes a jump table of a switch over literals only, which is 2.8 times as fast (measured).
const LD_MEM = 8;
const LDX_MEM = 10;
const LDX_MSH = 12;
const LSH_K = 31;
const LSH_X = 32;
const RSH_K = 33;
const RSH_X = 34;
const JA_OP = 36;
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
    return interpret(code, memory, specials, bytes, start, capturedLength, wireLength, metadata);
  };
}

/** A function of its own, not a closure for each program: V8 then optimizes it once for all programs. */
function interpret(
  code: Int32Array,
  memory: Int32Array,
  specials: readonly SpecialLoad[],
  bytes: Uint8Array,
  start: number,
  capturedLength: number,
  wireLength: number,
  metadata: PacketMetadata | undefined,
): number {
  let a = 0;
  let x = 0;
  let jumpsLeft = LOOP_BUDGET;
  for (let pc = 0; ; ) {
    const k = code[pc + 1]!; // `!`: validate() proved that pc stays inside code
    switch (code[pc]) {
      case 0: {
        // LD_W_ABS
        // k is a signed view of an unsigned offset: below 0 is far beyond any packet.
        if (k < 0 || k + 4 > capturedLength) return 0;
        const at = start + k;
        a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        pc += 4;
        break;
      }
      case 1: {
        // LD_H_ABS
        if (k < 0 || k + 2 > capturedLength) return 0;
        const at = start + k;
        a = (bytes[at]! << 8) | bytes[at + 1]!;
        pc += 4;
        break;
      }
      case 2: // LD_B_ABS
        if (k < 0 || k + 1 > capturedLength) return 0;
        a = bytes[start + k]!;
        pc += 4;
        break;
      case 3: {
        // LD_W_IND
        const offset = (x >>> 0) + (k >>> 0);
        if (offset + 4 > capturedLength) return 0;
        const at = start + offset;
        a = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
        pc += 4;
        break;
      }
      case 4: {
        // LD_H_IND
        const offset = (x >>> 0) + (k >>> 0);
        if (offset + 2 > capturedLength) return 0;
        const at = start + offset;
        a = (bytes[at]! << 8) | bytes[at + 1]!;
        pc += 4;
        break;
      }
      case 5: {
        // LD_B_IND
        const offset = (x >>> 0) + (k >>> 0);
        if (offset + 1 > capturedLength) return 0;
        a = bytes[start + offset]!;
        pc += 4;
        break;
      }
      case 51: {
        // LD_SPECIAL
        const special = specials[k]!;
        const value = special(a >>> 0, x >>> 0, bytes, start, capturedLength, metadata);
        if (value === OUT_OF_BOUNDS) return 0;
        if (value === NO_DEVICE) return a >>> 0;
        a = value | 0;
        pc += 4;
        break;
      }
      case 54: {
        // LDX_SPECIAL
        const value = specials[k]!(a >>> 0, x >>> 0, bytes, start, capturedLength, metadata);
        if (value === OUT_OF_BOUNDS) return 0;
        x = (value & 0xf) << 2;
        pc += 4;
        break;
      }
      case 6: // LD_LEN
        a = wireLength | 0;
        pc += 4;
        break;
      case 7: // LD_IMM
        a = k;
        pc += 4;
        break;
      case 8: // LD_MEM
        a = memory[k]!;
        pc += 4;
        break;
      case 9: // LDX_IMM
        x = k;
        pc += 4;
        break;
      case 10: // LDX_MEM
        x = memory[k]!;
        pc += 4;
        break;
      case 11: // LDX_LEN
        x = wireLength | 0;
        pc += 4;
        break;
      case 12: // LDX_MSH
        if (k < 0 || k + 1 > capturedLength) return 0;
        x = (bytes[start + k]! & 0xf) << 2;
        pc += 4;
        break;
      case 13: // ST
        memory[k] = a;
        pc += 4;
        break;
      case 14: // STX
        memory[k] = x;
        pc += 4;
        break;
      case 15: // ADD_K
        a = (a + k) | 0;
        pc += 4;
        break;
      case 16: // ADD_X
        a = (a + x) | 0;
        pc += 4;
        break;
      case 17: // SUB_K
        a = (a - k) | 0;
        pc += 4;
        break;
      case 18: // SUB_X
        a = (a - x) | 0;
        pc += 4;
        break;
      case 19: // MUL_K
        a = Math.imul(a, k);
        pc += 4;
        break;
      case 20: // MUL_X
        a = Math.imul(a, x);
        pc += 4;
        break;
      case 21: // DIV_K
        a = ((a >>> 0) / (k >>> 0)) | 0;
        pc += 4;
        break;
      case 22: // DIV_X
        if (x === 0) return 0;
        a = ((a >>> 0) / (x >>> 0)) | 0;
        pc += 4;
        break;
      case 23: // MOD_K
        a = ((a >>> 0) % (k >>> 0)) | 0;
        pc += 4;
        break;
      case 24: // MOD_X
        if (x === 0) return 0;
        a = ((a >>> 0) % (x >>> 0)) | 0;
        pc += 4;
        break;
      case 25: // AND_K
        a &= k;
        pc += 4;
        break;
      case 26: // AND_X
        a &= x;
        pc += 4;
        break;
      case 27: // OR_K
        a |= k;
        pc += 4;
        break;
      case 28: // OR_X
        a |= x;
        pc += 4;
        break;
      case 29: // XOR_K
        a ^= k;
        pc += 4;
        break;
      case 30: // XOR_X
        a ^= x;
        pc += 4;
        break;
      case 31: // LSH_K
        a <<= k;
        pc += 4;
        break;
      case 32: // LSH_X
        a = x >>> 0 > 31 ? 0 : a << x;
        pc += 4;
        break;
      case 49: // LSH_X_MASKED
        a <<= x;
        pc += 4;
        break;
      case 33: // RSH_K
        a >>>= k;
        pc += 4;
        break;
      case 34: // RSH_X
        a = x >>> 0 > 31 ? 0 : a >>> x;
        pc += 4;
        break;
      case 50: // RSH_X_MASKED
        a >>>= x;
        pc += 4;
        break;
      case 52: // ZERO
        a = 0;
        pc += 4;
        break;
      case 35: // NEG
        a = -a | 0;
        pc += 4;
        break;
      case 36: // JA_OP
        pc = k;
        break;
      case 53: // JA_BACK
        if (--jumpsLeft < 0) return 0;
        pc = k;
        break;
      case 37: // JEQ_K
        pc = (a | 0) === k ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 38: // JEQ_X
        pc = (a | 0) === (x | 0) ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 39: // JGT_K
        pc = a >>> 0 > k >>> 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 40: // JGT_X
        pc = a >>> 0 > x >>> 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 41: // JGE_K
        pc = a >>> 0 >= k >>> 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 42: // JGE_X
        pc = a >>> 0 >= x >>> 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 43: // JSET_K
        pc = (a & k) !== 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 44: // JSET_X
        pc = (a & x) !== 0 ? code[pc + 2]! : code[pc + 3]!;
        break;
      case 45: // RET_K
        return k >>> 0;
      case 46: // RET_A
        return a >>> 0;
      case 47: // TAX
        x = a;
        pc += 4;
        break;
      case 48: // TXA
        a = x;
        pc += 4;
        break;
    }
  }
}
