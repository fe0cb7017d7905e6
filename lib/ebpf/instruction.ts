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
import type { AluOperation, AtomicOperation, BranchOperation, Size, Width } from './opcodes.js';

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
  readonly span?: Span | undefined;
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
