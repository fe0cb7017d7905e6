/**
 * Instructions to the slots that lie in memory.
 */

import type { Instruction, Operand, Slot } from './instruction.js';
import {
  ABS,
  ALU,
  ALU_ROWS,
  ALU64,
  ATOMIC,
  ATOMIC_ROWS,
  B,
  BRANCH_ROWS,
  CALL,
  CALL_SOURCE,
  COND,
  DW,
  END,
  EXIT,
  FETCH,
  IMM,
  IND,
  JA,
  JMP,
  JMP32,
  K,
  LD,
  LDX,
  LOAD_ACQUIRE,
  MEM,
  MEMSX,
  ST,
  STORE_RELEASE,
  STX,
  sizeBits,
  W,
  X,
} from './opcodes.js';

const aluByName = new Map(ALU_ROWS.map((row) => [row.name, row]));
const branchByName = new Map(BRANCH_ROWS.map((row) => [row.name, row]));
const atomicByName = new Map(ATOMIC_ROWS.map((row) => [row.name, row]));

const NOTHING = { dst: 0, src: 0, offset: 0, imm: 0 } as const;

const operandFields = (
  operand: Operand,
): { readonly source: number; readonly src: number; readonly imm: number } =>
  'register' in operand
    ? { source: X, src: operand.register, imm: 0 }
    : { source: K, src: 0, imm: operand.constant };

/** The slots of an instruction: the inverse of {@link decode}. */
export function encode(instruction: Instruction): readonly Slot[] {
  switch (instruction.kind) {
    case 'alu': {
      const { op, width, dst } = instruction;
      const row = aluByName.get(op)!;
      const { source, src, imm } = operandFields(instruction.operand);
      return [
        { opcode: row.bits | source | (width === 64 ? ALU64 : ALU), dst, src, offset: row.offset, imm },
      ];
    }
    case 'movsx': {
      const { width, dst, src, from } = instruction;
      return [{ opcode: 0xb0 | X | (width === 64 ? ALU64 : ALU), dst, src, offset: from, imm: 0 }];
    }
    case 'swap': {
      const opcode = END | (instruction.op === 'bswap' ? ALU64 : ALU) | (instruction.op === 'be' ? X : K);
      return [{ ...NOTHING, opcode, dst: instruction.dst, imm: instruction.bits }];
    }
    case 'load': {
      const { size, signExtend, dst, base, offset } = instruction;
      return [{ opcode: LDX | sizeBits(size) | (signExtend ? MEMSX : MEM), dst, src: base, offset, imm: 0 }];
    }
    case 'store': {
      const { size, base, offset } = instruction;
      const { source, src, imm } = operandFields(instruction.operand);
      return [{ opcode: (source === X ? STX : ST) | sizeBits(size) | MEM, dst: base, src, offset, imm }];
    }
    case 'atomic': {
      const { op, fetch, size, base, offset, src } = instruction;
      const imm = atomicByName.get(op)!.bits | (fetch ? FETCH : 0);
      return [{ opcode: STX | sizeBits(size) | ATOMIC, dst: base, src, offset, imm }];
    }
    case 'wide': {
      const { pseudo, dst, low, high } = instruction;
      return [
        { opcode: LD | IMM | DW, dst, src: pseudo, offset: 0, imm: low },
        { ...NOTHING, opcode: 0, imm: high },
      ];
    }
    case 'packet': {
      const { size, index, offset } = instruction;
      const bits = size === 4 ? W : sizeBits(size) & (B | 0x08);
      return [
        { ...NOTHING, opcode: LD | bits | (index === undefined ? ABS : IND), src: index ?? 0, imm: offset },
      ];
    }
    case 'jump': {
      const { distance, long } = instruction;
      return [
        long
          ? { ...NOTHING, opcode: JMP32 | JA, imm: distance }
          : { ...NOTHING, opcode: JMP | JA, offset: distance },
      ];
    }
    case 'branch': {
      const { op, width, dst, distance } = instruction;
      const { source, src, imm } = operandFields(instruction.operand);
      return [
        {
          opcode: branchByName.get(op)!.bits | source | (width === 64 ? JMP : JMP32),
          dst,
          src,
          offset: distance,
          imm,
        },
      ];
    }
    case 'loadAcquire': {
      const { size, dst, base, offset } = instruction;
      return [{ opcode: STX | sizeBits(size) | ATOMIC, dst, src: base, offset, imm: LOAD_ACQUIRE }];
    }
    case 'storeRelease': {
      const { size, base, offset, src } = instruction;
      return [{ opcode: STX | sizeBits(size) | ATOMIC, dst: base, src, offset, imm: STORE_RELEASE }];
    }
    case 'mayGoto':
      return [{ ...NOTHING, opcode: JMP | COND, offset: instruction.distance }];
    case 'call':
      return [{ ...NOTHING, opcode: JMP | CALL, imm: instruction.helper }];
    case 'callRegister':
      return [{ ...NOTHING, opcode: JMP | CALL | X, dst: instruction.register }];
    case 'callLocal':
      return [{ ...NOTHING, opcode: JMP | CALL, src: CALL_SOURCE.local, imm: instruction.distance }];
    case 'callKfunc':
      return [
        {
          ...NOTHING,
          opcode: JMP | CALL,
          src: CALL_SOURCE.kfunc,
          imm: instruction.id,
          offset: instruction.offset,
        },
      ];
    case 'exit':
      return [{ ...NOTHING, opcode: JMP | EXIT }];
  }
}
