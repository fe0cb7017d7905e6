/**
 * Slots to instructions: the one place that looks at fields (RFC 9669 §3 to §5).
 */

import type { Instruction, Operand, Program, Slot } from './instruction.js';
import {
  ABS,
  ALU,
  ALU_ROWS,
  ALU64,
  ATOMIC,
  ATOMIC_ROWS,
  BRANCH_ROWS,
  CALL,
  CALL_SOURCE,
  COND,
  classOf,
  DW,
  END,
  EXIT,
  FETCH,
  IMM,
  IND,
  JA,
  JMP,
  LD,
  LDX,
  LOAD_ACQUIRE,
  MEM,
  MEMSX,
  modeOf,
  operationOf,
  ST,
  STORE_RELEASE,
  STX,
  sizeOf,
  type Width,
  X,
} from './opcodes.js';

export type DecodeProblemKind = 'unknown-opcode' | 'reserved-field' | 'bad-register' | 'incomplete-wide';

/** A slot that means nothing. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  readonly kind: DecodeProblemKind;
  /** The slot at fault. */
  readonly index: number;

  constructor(kind: DecodeProblemKind, index: number, message: string) {
    super(`instruction ${index}: ${message}`);
    this.kind = kind;
    this.index = index;
  }
}

const aluByBits = new Map(ALU_ROWS.map((row) => [row.bits | (row.offset << 8), row]));
const branchByBits = new Map(BRANCH_ROWS.map((row) => [row.bits, row]));
const atomicByBits = new Map(ATOMIC_ROWS.map((row) => [row.bits, row]));

/** The most a register field may hold: r10. */
const LAST_REGISTER = 10;

/**
 * Decodes the instruction that starts at slot `index`.
 *
 * Fields that an instruction does not use must be zero unless `lenient`: the kernel's own converter
 * leaves a register number in some.
 *
 * @throws DecodeError
 */
export const decode = (
  program: Program,
  index: number,
  options: { readonly lenient?: boolean } = {},
): Instruction => new Decoder(program, index, options.lenient === true).instruction();

class Decoder {
  private readonly program: Program;
  private readonly index: number;
  private readonly slot: Slot;
  private readonly lenient: boolean;

  constructor(program: Program, index: number, lenient: boolean) {
    this.program = program;
    this.index = index;
    this.slot = program[index]!;
    this.lenient = lenient;
  }

  instruction(): Instruction {
    switch (classOf(this.slot.opcode)) {
      case ALU:
      case ALU64:
        return this.alu();
      case LDX:
        return this.load();
      case ST:
        return this.storeConstant();
      case STX:
        return modeOf(this.slot.opcode) === ATOMIC ? this.atomic() : this.storeRegister();
      case LD:
        return this.slot.opcode === (LD | IMM | DW) ? this.wide() : this.packet();
      default:
        return this.jump();
    }
  }

  private alu(): Instruction {
    const { opcode, offset } = this.slot;
    const width: Width = classOf(opcode) === ALU64 ? 64 : 32;
    const operation = operationOf(opcode);
    if (operation === END) return this.swap(width);
    const isMove = operation === 0xb0 && (opcode & X) !== 0;
    if (isMove && (offset === 8 || offset === 16 || (offset === 32 && width === 64))) {
      this.unused('imm');
      return { kind: 'movsx', from: offset, width, dst: this.register('dst'), src: this.register('src') };
    }
    const row = aluByBits.get(operation | (offset << 8));
    if (row === undefined) {
      if (aluByBits.has(operation)) throw this.error('reserved-field', `offset ${offset} means nothing here`);
      throw this.unknown();
    }
    if (row.name === 'neg') {
      if ((opcode & X) !== 0) throw this.unknown();
      this.unused('src', 'imm');
      return { kind: 'alu', op: 'neg', width, dst: this.register('dst'), operand: { constant: 0 } };
    }
    return { kind: 'alu', op: row.name, width, dst: this.register('dst'), operand: this.operand() };
  }

  private swap(width: Width): Instruction {
    const { opcode, imm } = this.slot;
    if (imm !== 16 && imm !== 32 && imm !== 64)
      throw this.error('reserved-field', `a byte swap is of 16, 32 or 64 bits, not ${imm}`);
    if (width === 64 && (opcode & X) !== 0) throw this.unknown();
    this.unused('src', 'offset');
    const op = width === 64 ? 'bswap' : (opcode & X) === 0 ? 'le' : 'be';
    return { kind: 'swap', op, bits: imm, dst: this.register('dst') };
  }

  private load(): Instruction {
    const { opcode, offset } = this.slot;
    const mode = modeOf(opcode);
    const size = sizeOf(opcode);
    if (mode !== MEM && (mode !== MEMSX || size === 8)) throw this.unknown();
    this.unused('imm');
    const [dst, base] = [this.register('dst'), this.register('src')];
    return { kind: 'load', size, signExtend: mode === MEMSX, dst, base, offset };
  }

  private storeConstant(): Instruction {
    const { opcode, offset, imm } = this.slot;
    if (modeOf(opcode) !== MEM) throw this.unknown();
    this.unused('src');
    const base = this.register('dst');
    return { kind: 'store', size: sizeOf(opcode), base, offset, operand: { constant: imm } };
  }

  private storeRegister(): Instruction {
    const { opcode, offset } = this.slot;
    if (modeOf(opcode) !== MEM) throw this.unknown();
    this.unused('imm');
    const [base, register] = [this.register('dst'), this.register('src')];
    return { kind: 'store', size: sizeOf(opcode), base, offset, operand: { register } };
  }

  private atomic(): Instruction {
    const { opcode, offset, imm } = this.slot;
    const size = sizeOf(opcode);
    // Linux 6.15 (`BPF_LOAD_ACQ`, `BPF_STORE_REL`); of all sizes.
    if (imm === LOAD_ACQUIRE)
      return { kind: 'loadAcquire', size, dst: this.register('dst'), base: this.register('src'), offset };
    const [base, src] = [this.register('dst'), this.register('src')];
    if (imm === STORE_RELEASE) return { kind: 'storeRelease', size, base, offset, src };
    if (size !== 4 && size !== 8) throw this.unknown();
    const row = atomicByBits.get(imm & ~FETCH);
    const fetch = (imm & FETCH) !== 0;
    if (row === undefined || (row.alwaysFetches && !fetch))
      throw this.error('unknown-opcode', `atomic operation 0x${(imm >>> 0).toString(16)} is not defined`);
    return { kind: 'atomic', op: row.name, fetch, size, base, offset, src };
  }

  private wide(): Instruction {
    const second = this.program[this.index + 1];
    if (second === undefined || second.opcode !== 0)
      throw this.error('incomplete-wide', 'the second half of the 64-bit immediate is missing');
    if (second.dst !== 0 || second.src !== 0 || second.offset !== 0)
      throw new DecodeError(
        'incomplete-wide',
        this.index + 1,
        'the second half of a 64-bit immediate has nothing but an immediate',
      );
    this.unused('offset');
    const { src, imm } = this.slot;
    return { kind: 'wide', pseudo: src, dst: this.register('dst'), low: imm, high: second.imm };
  }

  private packet(): Instruction {
    const { opcode, imm } = this.slot;
    const size = sizeOf(opcode);
    if (size === 8) throw this.unknown();
    if (modeOf(opcode) === ABS) {
      this.unused('dst', 'src', 'offset');
      return { kind: 'packet', size, index: undefined, offset: imm };
    }
    if (modeOf(opcode) !== IND) throw this.unknown();
    this.unused('dst', 'offset');
    return { kind: 'packet', size, index: this.register('src'), offset: imm };
  }

  private jump(): Instruction {
    const { opcode, offset, imm } = this.slot;
    const width: Width = classOf(opcode) === JMP ? 64 : 32;
    const operation = operationOf(opcode);
    const usesX = (opcode & X) !== 0;
    if (operation === JA) {
      if (usesX) throw this.unknown();
      this.unused('dst', 'src', width === 64 ? 'imm' : 'offset');
      return { kind: 'jump', distance: width === 64 ? offset : imm, long: width === 32 };
    }
    if (operation === CALL && width === 64) return this.call();
    if (operation === EXIT && width === 64 && !usesX) {
      this.unused('dst', 'src', 'offset', 'imm');
      return { kind: 'exit' };
    }
    // Linux 6.9 (`BPF_JCOND`, `BPF_MAY_GOTO`).
    if (operation === COND && width === 64 && !usesX) {
      this.unused('dst', 'src', 'imm');
      return { kind: 'mayGoto', distance: offset };
    }
    // Calls, ends and such jumps of other forms have no row.
    const row = branchByBits.get(operation);
    if (row === undefined) throw this.unknown();
    const dst = this.register('dst');
    return { kind: 'branch', op: row.name, width, dst, operand: this.operand(), distance: offset };
  }

  private call(): Instruction {
    const { opcode, src, offset, imm } = this.slot;
    if ((opcode & X) !== 0) {
      this.unused('src', 'offset', 'imm');
      return { kind: 'callRegister', register: this.register('dst') };
    }
    if (src === CALL_SOURCE.kfunc) {
      this.unused('dst');
      return { kind: 'callKfunc', id: imm, offset };
    }
    this.unused('dst', 'offset');
    if (src === CALL_SOURCE.local) return { kind: 'callLocal', distance: imm };
    if (src !== CALL_SOURCE.helper) throw this.error('reserved-field', `there is no call of kind ${src}`);
    return { kind: 'call', helper: imm };
  }

  private operand(): Operand {
    if ((this.slot.opcode & X) === 0) {
      this.unused('src');
      return { constant: this.slot.imm };
    }
    this.unused('imm');
    return { register: this.register('src') };
  }

  private register(field: 'dst' | 'src'): number {
    const number = this.slot[field];
    if (number > LAST_REGISTER) throw this.error('bad-register', `there is no register r${number}`);
    return number;
  }

  private unused(...fields: readonly ('dst' | 'src' | 'offset' | 'imm')[]): void {
    if (this.lenient) return;
    const set = fields.find((field) => this.slot[field] !== 0);
    if (set !== undefined) throw this.error('reserved-field', `field '${set}' must be zero`);
  }

  private unknown(): DecodeError {
    const opcode = this.slot.opcode.toString(16).padStart(2, '0');
    return this.error('unknown-opcode', `operation 0x${opcode} is not defined`);
  }

  private error(kind: DecodeProblemKind, message: string): DecodeError {
    return new DecodeError(kind, this.index, message);
  }
}
