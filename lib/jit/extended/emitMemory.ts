/**
 * Reads and writes of compiled eBPF: the packet's own loads, and accesses through addresses, each checked
 * against the bounds of the region it probably lies in unless knowledge.ts or a proof says that it cannot fail.
 */

import { opcodes } from '../../ebpf/index.js';
import type { MemoryKind } from '../../verify/index.js';
import type { CodeWriter, InstructionName } from '../../wasm/index.js';
import { emitSwap32 } from '../shared/alu.js';
import type { Placed } from './ebpfFlow.js';
import {
  type Emitter,
  emitRegister,
  type Of,
  PACKET_LENGTH,
  PACKET_START,
  REGISTER_LOCALS,
  SCRATCH,
  type Surroundings,
  setRegister,
} from './emitter.js';
import { isChecked, type Knowledge, PACKET, STACK } from './knowledge.js';

const { FRAME_POINTER, STACK_SIZE } = opcodes;

export const storeOf = (size: number): InstructionName =>
  `i64.store${size === 8 ? '' : size * 8}` as InstructionName;

/**
 * Puts the address on the stack; gives what is left for the instruction to add. No address below the
 * first region is valid, so that a non-negative offset never wraps around in what was checked.
 */
export function emitAddress(code: CodeWriter, base: number, offset: number): number {
  emitRegister(code, base, 32);
  if (offset >= 0) return offset;
  code.i32(offset).op('i32.add');
  return 0;
}

/** Whether a proof settles an access: a packet may be read only here where the verifier lets it be written. */
export function admits(memory: MemoryKind | undefined, write: boolean, around: Surroundings): boolean {
  if (memory === 'packet') return around.hasPacket && (around.packetWritable || !write);
  return memory !== undefined && memory !== 'packetMeta';
}

/** Compares the address with the bounds of the region that it probably lies in. */
export function emitCheck(
  { index }: Placed,
  base: number,
  offset: number,
  size: number,
  write: boolean,
  known: Knowledge,
  { code, around }: Emitter,
): void {
  if (isChecked(known, base, offset, size, write)) return;
  if (admits(around.proofs[index]?.inBounds, write, around)) return;
  if (base === FRAME_POINTER && offset >= -STACK_SIZE && offset + size <= 0) return;
  const { guess } = known.registers[base]!;
  const register = REGISTER_LOCALS[base]!;
  const ask = (): void => {
    code
      .get(register)
      .i64(BigInt(offset))
      .op('i64.add')
      .i32(size)
      .i32(write ? 1 : 0)
      .i32(index);
    code.op('call', around.functions.access);
  };
  /** The address less the region's start, which is `minus` (and what `emitMinus` puts on the stack). */
  const emitOffset = (minus: number, emitMinus?: () => void): void => {
    code.get(register);
    if (emitMinus !== undefined) {
      emitMinus();
      code.op('i64.sub');
    }
    code.i64(BigInt(offset - minus)).op('i64.add');
  };
  if (guess === STACK) {
    emitOffset(-STACK_SIZE, () => code.get(REGISTER_LOCALS[FRAME_POINTER]!));
    code
      .i64(BigInt(STACK_SIZE - size))
      .op('i64.gt_u')
      .op('if');
  } else if (
    around.hasPacket &&
    (guess === PACKET || guess === undefined) &&
    (around.packetWritable || !write)
  ) {
    // Below the length, and with all its bytes: no sum here can wrap around.
    emitOffset(0, () => code.get(PACKET_START).op('i64.extend_i32_u'));
    code.tee(SCRATCH.i64).get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.ge_u');
    code.get(SCRATCH.i64).i64(BigInt(size)).op('i64.add');
    code.get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.gt_u').op('i32.or').op('if');
  } else {
    const region = around.regions[guess === undefined || guess < 0 ? 0 : guess];
    if (region === undefined || region.length < size || (write && !region.writable)) {
      ask();
      return;
    }
    emitOffset(region.base);
    code
      .i64(BigInt(region.length - size))
      .op('i64.gt_u')
      .op('if');
  }
  ask();
  code.op('end');
}

export function emitAtomic(
  placed: Placed,
  instruction: Of<'atomic'>,
  known: Knowledge,
  emitter: Emitter,
): void {
  const { code } = emitter;
  const { op, fetch, size, base, offset, src } = instruction;
  emitCheck(placed, base, offset, size, true, known, emitter);
  const load: InstructionName = size === 8 ? 'i64.load' : 'i64.load32_u';
  // One thread runs a program, so reading, changing and writing is atomic enough.
  let at = emitAddress(code, base, offset);
  code.op(load, at).set(SCRATCH.i64);
  at = emitAddress(code, base, offset);
  const source = REGISTER_LOCALS[src]!;
  const result = REGISTER_LOCALS[0]!;
  if (op === 'xchg') code.get(source);
  else if (op === 'cmpxchg') {
    code.get(source).get(SCRATCH.i64).get(SCRATCH.i64).get(result);
    if (size === 4) code.i64(0xffff_ffffn).op('i64.and');
    code.op('i64.eq').op('select');
  } else code.get(SCRATCH.i64).get(source).op(`i64.${op}`);
  code.op(storeOf(size), at);
  if (fetch) code.get(SCRATCH.i64).set(op === 'cmpxchg' ? result : source);
}

/** `LD_ABS` and `LD_IND`: big-endian bytes of the packet; beyond its end the program ends with 0. */
export function emitPacketLoad(
  { size, index, offset }: Of<'packet'>,
  known: Knowledge,
  emitter: Emitter,
): void {
  const { code, around, hasLoops } = emitter;
  if (!around.hasPacket || (index === undefined && offset < 0 && !around.hasHeaderOffsets)) {
    emitter.reject(hasLoops);
    return;
  }
  let at = offset;
  if (index === undefined && offset >= 0) {
    if (offset + size > known.packetLength) {
      code
        .get(PACKET_LENGTH)
        .i32(offset + size)
        .op('i32.lt_u')
        .op('if');
      emitter.reject(hasLoops);
      code.op('end');
    }
    code.get(PACKET_START);
  } else {
    if (index === undefined) code.i32(offset);
    else {
      emitRegister(code, index, 32);
      code.i32(offset).op('i32.add');
    }
    code.set(SCRATCH.i32);
    if (around.hasHeaderOffsets) {
      code.get(SCRATCH.i32).i32(0).op('i32.lt_s').op('if');
      code.get(SCRATCH.i32).op('call', around.functions.headerOffset).set(SCRATCH.i32).op('end');
    }
    code.get(SCRATCH.i32).op('i64.extend_i32_u').i64(BigInt(size)).op('i64.add');
    code.get(PACKET_LENGTH).op('i64.extend_i32_u').op('i64.gt_u').op('if');
    emitter.reject(hasLoops);
    code.op('end').get(PACKET_START).get(SCRATCH.i32).op('i32.add');
    at = 0;
  }
  if (size === 1) code.op('i64.load8_u', at).set(REGISTER_LOCALS[0]!);
  else {
    code.op(size === 2 ? 'i32.load16_u' : 'i32.load', at).set(SCRATCH.i32);
    emitSwap32(code, size === 2 ? 16 : 32, SCRATCH.i32);
    setRegister(code, 0, 32);
  }
}
