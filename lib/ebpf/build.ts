/**
 * Short constructors of slots, for stages that write eBPF: the lift, tests. Each is {@link encode} of
 * one {@link Instruction}; constants are cut to the 32 bits of the immediate field.
 */

import { encode } from './encode.js';
import type { Instruction, Operand, Slot } from './instruction.js';
import type { AluOperation, BranchOperation, Size, Width } from './opcodes.js';

const one = (instruction: Instruction): Slot => encode(instruction)[0]!;

export const register = (number: number): Operand => ({ register: number });
export const constant = (value: number): Operand => ({ constant: value | 0 });

export const alu = (width: Width, op: AluOperation, dst: number, operand: Operand): Slot =>
  one({ kind: 'alu', op, width, dst, operand });
/** Copies a register, all 64 bits. */
export const move = (dst: number, src: number): Slot => alu(64, 'mov', dst, register(src));
/** The 32-bit constant, zero-extended. */
export const set = (dst: number, value: number): Slot => alu(32, 'mov', dst, constant(value));
/** `xor32 r,r`: zero, as the kernel's converter writes it. */
export const clear = (dst: number): Slot => alu(32, 'xor', dst, register(dst));
export const load = (size: Size, dst: number, base: number, offset: number): Slot =>
  one({ kind: 'load', size, signExtend: false, dst, base, offset });
export const store = (size: Size, base: number, offset: number, src: number): Slot =>
  one({ kind: 'store', size, base, offset, operand: register(src) });
export const storeConstant = (size: Size, base: number, offset: number, value: number): Slot =>
  one({ kind: 'store', size, base, offset, operand: constant(value) });
export const fromBigEndian = (dst: number, bits: 16 | 32): Slot => one({ kind: 'swap', op: 'be', bits, dst });
/** Reverses all eight bytes. */
export const swapBytes = (dst: number): Slot => one({ kind: 'swap', op: 'be', bits: 64, dst });
export const packetLoad = (size: 1 | 2 | 4, offset: number, index?: number): Slot =>
  one({ kind: 'packet', size, index, offset: offset | 0 });
export const branch = (
  width: Width,
  op: BranchOperation,
  dst: number,
  operand: Operand,
  distance = 0,
): Slot => one({ kind: 'branch', op, width, dst, operand, distance });
export const jump = (distance = 0): Slot => one({ kind: 'jump', distance, long: false });
export const call = (helper: number): Slot => one({ kind: 'call', helper });
export const exit: Slot = one({ kind: 'exit' });
