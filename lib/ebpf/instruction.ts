/**
 * eBPF instructions in two forms.
 *
 * A {@link Slot} is what lies in memory, eight bytes, little-endian:
 *
 *      0        1        2                 4                             8
 *     +--------+---+----+-----------------+-----------------------------+
 *     | opcode |src|dst |     offset      |          immediate          |
 *     +--------+---+----+-----------------+-----------------------------+
 *               7..4 3..0      signed 16            signed 32
 *
 * (RFC 9669 §3; a 64-bit immediate takes a second slot.) An {@link Instruction} is what it means, with
 * everything resolved that other fields decide: `div` or `sdiv`, `mov` or `movsx`, which kind of call.
 * {@link decode} makes one from the other, once; nothing downstream looks at fields again.
 */

import type { Span } from '../source.js';
import {
  ABS,
  ALU,
  ALU_ROWS,
  ALU64,
  type AluOperation,
  ATOMIC,
  ATOMIC_ROWS,
  type AtomicOperation,
  B,
  BRANCH_ROWS,
  type BranchOperation,
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
  JMP32,
  K,
  LD,
  LDX,
  LOAD_ACQUIRE,
  MEM,
  MEMSX,
  modeOf,
  operationOf,
  type Size,
  ST,
  STORE_RELEASE,
  STX,
  sizeBits,
  sizeOf,
  W,
  type Width,
  X,
} from './opcodes.js';

export interface Slot {
  readonly opcode: number;
  /** 0..15 as encoded; only 0..10 are registers. */
  readonly dst: number;
  readonly src: number;
  /** Signed 16-bit. */
  readonly offset: number;
  /** Signed 32-bit. */
  readonly imm: number;
  /** The words of the expression this instruction came from. */
  readonly span?: Span;
}

/** A program as slots: jump distances count these. */
export type Program = readonly Slot[];

/** A register, or a constant (sign-extended to the width of the operation). */
export type Operand = { readonly register: number } | { readonly constant: number };

/** An instruction of eBPF, its fields resolved (RFC 9669). */
export type Instruction =
  | {
      readonly kind: 'alu';
      readonly op: AluOperation;
      readonly width: Width;
      readonly dst: number;
      readonly operand: Operand;
    }
  /** Move with sign extension from the low 8, 16 or 32 bits. */
  | {
      readonly kind: 'movsx';
      readonly from: 8 | 16 | 32;
      readonly width: Width;
      readonly dst: number;
      readonly src: number;
    }
  /** `le` and `be` cut to `bits` and convert from host order (little-endian here); `bswap` always swaps. */
  | {
      readonly kind: 'swap';
      readonly op: 'le' | 'be' | 'bswap';
      readonly bits: 16 | 32 | 64;
      readonly dst: number;
    }
  | {
      readonly kind: 'load';
      readonly size: Size;
      readonly signExtend: boolean;
      readonly dst: number;
      readonly base: number;
      readonly offset: number;
    }
  | {
      readonly kind: 'store';
      readonly size: Size;
      readonly base: number;
      readonly offset: number;
      readonly operand: Operand;
    }
  | {
      readonly kind: 'atomic';
      readonly op: AtomicOperation;
      readonly fetch: boolean;
      readonly size: 4 | 8;
      readonly base: number;
      readonly offset: number;
      readonly src: number;
    }
  /** A load that what follows is not moved before, and a store that what comes before is not moved behind. */
  | {
      readonly kind: 'loadAcquire';
      readonly size: Size;
      readonly dst: number;
      readonly base: number;
      readonly offset: number;
    }
  | {
      readonly kind: 'storeRelease';
      readonly size: Size;
      readonly base: number;
      readonly offset: number;
      readonly src: number;
    }
  /** Takes two slots. */
  | {
      readonly kind: 'wide';
      readonly pseudo: number;
      readonly dst: number;
      readonly low: number;
      readonly high: number;
    }
  /** `LD_ABS`, `LD_IND`: r0 <- big-endian bytes of the packet at imm (+ src). */
  | {
      readonly kind: 'packet';
      readonly size: 1 | 2 | 4;
      readonly index: number | undefined;
      readonly offset: number;
    }
  /** `long`: the form with a 32-bit distance (`gotol`). */
  | { readonly kind: 'jump'; readonly distance: number; readonly long: boolean }
  | {
      readonly kind: 'branch';
      readonly op: BranchOperation;
      readonly width: Width;
      readonly dst: number;
      readonly operand: Operand;
      readonly distance: number;
    }
  /** `may_goto`: jumps once the loop has run for as long as the runtime allows, else goes on. */
  | { readonly kind: 'mayGoto'; readonly distance: number }
  | { readonly kind: 'call'; readonly helper: number }
  /** Call of a helper whose number is in a register. */
  | { readonly kind: 'callRegister'; readonly register: number }
  | { readonly kind: 'callLocal'; readonly distance: number }
  | { readonly kind: 'callKfunc'; readonly id: number; readonly offset: number }
  | { readonly kind: 'exit' };

/** An ordered load or store as the plain one that it is where one thread runs a program. */
export function unordered(instruction: Instruction): Instruction {
  switch (instruction.kind) {
    case 'loadAcquire':
      return { ...instruction, kind: 'load', signExtend: false };
    case 'storeRelease': {
      const { size, base, offset, src } = instruction;
      return { kind: 'store', size, base, offset, operand: { register: src } };
    }
    default:
      return instruction;
  }
}

/** Slots an instruction takes. */
export const slotsOf = (instruction: Instruction): 1 | 2 => (instruction.kind === 'wide' ? 2 : 1);

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

const SLOT_BYTES = 8;

/** Program bytes, little-endian, to slots. @throws RangeError when the length is no multiple of 8. */
export function fromBytes(bytes: Uint8Array): Program {
  if (bytes.length % SLOT_BYTES !== 0)
    throw new RangeError(`a program is a multiple of 8 bytes long, not ${bytes.length}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / SLOT_BYTES }, (_, index): Slot => {
    const at = index * SLOT_BYTES;
    const registers = view.getUint8(at + 1);
    return {
      opcode: view.getUint8(at),
      dst: registers & 0xf,
      src: registers >> 4,
      offset: view.getInt16(at + 2, true),
      imm: view.getInt32(at + 4, true),
    };
  });
}

/** Slots to program bytes, little-endian. */
export function toBytes(program: Program): Uint8Array {
  const bytes = new Uint8Array(program.length * SLOT_BYTES);
  const view = new DataView(bytes.buffer);
  program.forEach(({ opcode, dst, src, offset, imm }, index) => {
    const at = index * SLOT_BYTES;
    view.setUint8(at, opcode);
    view.setUint8(at + 1, dst | (src << 4));
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, imm, true);
  });
  return bytes;
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
export function decode(
  program: Program,
  index: number,
  options: { readonly lenient?: boolean } = {},
): Instruction {
  const slot = program[index]!;
  const { opcode, src, offset, imm } = slot;
  const unknown = (): never => {
    throw new DecodeError(
      'unknown-opcode',
      index,
      `operation 0x${opcode.toString(16).padStart(2, '0')} is not defined`,
    );
  };
  const unused = (...fields: readonly ('dst' | 'src' | 'offset' | 'imm')[]): void => {
    if (options.lenient === true) return;
    const set = fields.find((field) => slot[field] !== 0);
    if (set !== undefined) throw new DecodeError('reserved-field', index, `field '${set}' must be zero`);
  };
  const register = (field: 'dst' | 'src'): number => {
    if (slot[field] > LAST_REGISTER)
      throw new DecodeError('bad-register', index, `there is no register r${slot[field]}`);
    return slot[field];
  };
  const operand = (): Operand => {
    if ((opcode & X) === 0) {
      unused('src');
      return { constant: imm };
    }
    unused('imm');
    return { register: register('src') };
  };

  switch (classOf(opcode)) {
    case ALU:
    case ALU64: {
      const width: Width = classOf(opcode) === ALU64 ? 64 : 32;
      const operation = operationOf(opcode);
      if (operation === END) {
        if (imm !== 16 && imm !== 32 && imm !== 64)
          throw new DecodeError('reserved-field', index, `a byte swap is of 16, 32 or 64 bits, not ${imm}`);
        if (width === 64 && (opcode & X) !== 0) return unknown();
        unused('src', 'offset');
        const op = width === 64 ? 'bswap' : (opcode & X) === 0 ? 'le' : 'be';
        return { kind: 'swap', op, bits: imm, dst: register('dst') };
      }
      const isMove = operation === 0xb0 && (opcode & X) !== 0;
      if (isMove && (offset === 8 || offset === 16 || (offset === 32 && width === 64))) {
        unused('imm');
        return { kind: 'movsx', from: offset, width, dst: register('dst'), src: register('src') };
      }
      const row = aluByBits.get(operation | (offset << 8));
      if (row === undefined) {
        if (aluByBits.has(operation))
          throw new DecodeError('reserved-field', index, `offset ${offset} means nothing here`);
        return unknown();
      }
      if (row.name === 'neg') {
        if ((opcode & X) !== 0) return unknown();
        unused('src', 'imm');
        return { kind: 'alu', op: 'neg', width, dst: register('dst'), operand: { constant: 0 } };
      }
      return { kind: 'alu', op: row.name, width, dst: register('dst'), operand: operand() };
    }
    case LDX: {
      const mode = modeOf(opcode);
      const size = sizeOf(opcode);
      if (mode !== MEM && (mode !== MEMSX || size === 8)) return unknown();
      unused('imm');
      return {
        kind: 'load',
        size,
        signExtend: mode === MEMSX,
        dst: register('dst'),
        base: register('src'),
        offset,
      };
    }
    case ST:
      if (modeOf(opcode) !== MEM) return unknown();
      unused('src');
      return {
        kind: 'store',
        size: sizeOf(opcode),
        base: register('dst'),
        offset,
        operand: { constant: imm },
      };
    case STX: {
      const size = sizeOf(opcode);
      if (modeOf(opcode) === MEM) {
        unused('imm');
        return { kind: 'store', size, base: register('dst'), offset, operand: { register: register('src') } };
      }
      if (modeOf(opcode) !== ATOMIC) return unknown();
      // Linux 6.15 (`BPF_LOAD_ACQ`, `BPF_STORE_REL`); of all sizes.
      if (imm === LOAD_ACQUIRE)
        return { kind: 'loadAcquire', size, dst: register('dst'), base: register('src'), offset };
      if (imm === STORE_RELEASE)
        return { kind: 'storeRelease', size, base: register('dst'), offset, src: register('src') };
      if (size !== 4 && size !== 8) return unknown();
      const row = atomicByBits.get(imm & ~FETCH);
      const fetch = (imm & FETCH) !== 0;
      if (row === undefined || (row.alwaysFetches && !fetch)) {
        throw new DecodeError(
          'unknown-opcode',
          index,
          `atomic operation 0x${(imm >>> 0).toString(16)} is not defined`,
        );
      }
      return {
        kind: 'atomic',
        op: row.name,
        fetch,
        size,
        base: register('dst'),
        offset,
        src: register('src'),
      };
    }
    case LD: {
      if (opcode === (LD | IMM | DW)) {
        const second = program[index + 1];
        if (second === undefined || second.opcode !== 0)
          throw new DecodeError(
            'incomplete-wide',
            index,
            'the second half of the 64-bit immediate is missing',
          );
        if (second.dst !== 0 || second.src !== 0 || second.offset !== 0) {
          throw new DecodeError(
            'incomplete-wide',
            index + 1,
            'the second half of a 64-bit immediate has nothing but an immediate',
          );
        }
        unused('offset');
        return { kind: 'wide', pseudo: src, dst: register('dst'), low: imm, high: second.imm };
      }
      const size = sizeOf(opcode);
      if (size === 8) return unknown();
      if (modeOf(opcode) === ABS) {
        unused('dst', 'src', 'offset');
        return { kind: 'packet', size, index: undefined, offset: imm };
      }
      if (modeOf(opcode) !== IND) return unknown();
      unused('dst', 'offset');
      return { kind: 'packet', size, index: register('src'), offset: imm };
    }
    default:
      return decodeJump();
  }

  function decodeJump(): Instruction {
    const width: Width = classOf(opcode) === JMP ? 64 : 32;
    const operation = operationOf(opcode);
    if (operation === JA) {
      if ((opcode & X) !== 0) return unknown();
      unused('dst', 'src', width === 64 ? 'imm' : 'offset');
      return { kind: 'jump', distance: width === 64 ? offset : imm, long: width === 32 };
    }
    if (operation === CALL || operation === EXIT) {
      if (width === 32) return unknown();
      if (operation === EXIT) {
        if ((opcode & X) !== 0) return unknown();
        unused('dst', 'src', 'offset', 'imm');
        return { kind: 'exit' };
      }
      if ((opcode & X) !== 0) {
        unused('src', 'offset', 'imm');
        return { kind: 'callRegister', register: register('dst') };
      }
      if (src === CALL_SOURCE.kfunc) {
        unused('dst');
        return { kind: 'callKfunc', id: imm, offset };
      }
      unused('dst', 'offset');
      if (src === CALL_SOURCE.local) return { kind: 'callLocal', distance: imm };
      if (src !== CALL_SOURCE.helper)
        throw new DecodeError('reserved-field', index, `there is no call of kind ${src}`);
      return { kind: 'call', helper: imm };
    }
    // Linux 6.9 (`BPF_JCOND`, `BPF_MAY_GOTO`).
    if (operation === COND) {
      if (width === 32 || (opcode & X) !== 0) return unknown();
      unused('dst', 'src', 'imm');
      return { kind: 'mayGoto', distance: offset };
    }
    const row = branchByBits.get(operation);
    if (row === undefined) return unknown();
    return {
      kind: 'branch',
      op: row.name,
      width,
      dst: register('dst'),
      operand: operand(),
      distance: offset,
    };
  }
}

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
