/**
 * Classic → eBPF exactly as Linux converts a filter that is attached to a socket: the same instructions
 * in the same order as `bpf_convert_filter` (net/core/filter.c, since 4.18).
 *
 * | register | holds |
 * | --- | --- |
 * | r0, r7 | A, X |
 * | r6 | the context, the kernel's own `sk_buff` (layout in `ebpf/programTypes.ts`) |
 * | r8, r9 | address and length of the packet's linear part |
 * | r2 | scratch |
 * | r10 - 4 - 4n | M[n] |
 *
 * Such programs are trusted: they read registers nobody wrote (`xor32 r0, r0`), which no verifier lets
 * pass, and call internal helpers. What may be loaded as eBPF is {@link file://./portable.ts}.
 */

import { type Program as Classic, extensionAt, type Instruction, opcodes } from '../cbpf/index.js';
import {
  type BranchOperation,
  build,
  INTERNAL_HELPER,
  type Program,
  SK_BUFF,
  type Slot,
} from '../ebpf/index.js';
import { LiftError } from './error.js';

const A = 0;
const X = 7;
const CONTEXT = 6;
const DATA = 8;
const LINEAR = 9;
const SCRATCH = 2;
const FRAME = 10;

const { register, constant } = build;

/** A slot, or one whose jump goes to a classic instruction. */
interface Piece extends Slot {
  readonly target?: number;
}

export interface KernelLift {
  readonly program: Program;
  /** Index of the first slot of each classic instruction. */
  readonly starts: readonly number[];
}

export interface KernelLiftOptions {
  /** A seccomp filter reads 32-bit words of `struct seccomp_data`, in host order, instead of a packet. */
  readonly seccomp?: boolean;
}

/** Bytes of `struct seccomp_data`: what `len` loads give a seccomp filter. */
const SECCOMP_DATA_SIZE = 64;

/**
 * @param program - Valid for the kernel.
 * @throws LiftError `jump-too-long`: the kernel refuses such a program, too.
 */
export function liftKernel(program: Classic, options: KernelLiftOptions = {}): KernelLift {
  const seccomp = options.seccomp === true;
  const groups = program.map((instruction, index) => ({
    index,
    pieces: seccomp ? seccompPieces(instruction, index) : pieces(instruction, index),
  }));
  const prologue = [build.clear(A), build.clear(X), build.move(CONTEXT, 1)];
  if (!seccomp && program.some(readsPacket)) {
    prologue.push(
      build.load(8, DATA, CONTEXT, SK_BUFF.data),
      build.load(4, LINEAR, CONTEXT, SK_BUFF.len),
      build.load(4, SCRATCH, CONTEXT, SK_BUFF.dataLength),
      build.alu(32, 'sub', LINEAR, register(SCRATCH)),
    );
  }
  const starts: number[] = [];
  let length = prologue.length;
  for (const { pieces } of groups) {
    starts.push(length);
    length += pieces.length;
  }
  const slots: Slot[] = [...prologue];
  for (const { index, pieces } of groups) {
    const { span } = program[index]!;
    for (const { target, ...slot } of pieces) {
      const placed = target === undefined ? slot : { ...slot, offset: starts[target]! - slots.length - 1 };
      if (placed.offset !== (placed.offset << 16) >> 16)
        throw new LiftError(
          'jump-too-long',
          index,
          `its jump goes ${placed.offset} instructions in eBPF, more than 16 bits hold`,
        );
      slots.push(span === undefined ? placed : { ...placed, span });
    }
  }
  return { program: slots, starts };
}

/** Loads that need the packet's address; ancillary loads do not. */
function readsPacket({ code, k }: Instruction): boolean {
  const kind = opcodes.classOf(code);
  const mode = opcodes.modeOf(code);
  if (kind === opcodes.LDX) return mode === opcodes.MSH;
  if (kind !== opcodes.LD) return false;
  return mode === opcodes.IND || (mode === opcodes.ABS && extensionAt(k) === undefined);
}

/** The filter ends and returns 0. */
const REJECT: readonly Slot[] = [build.clear(A), build.exit];

function pieces(instruction: Instruction, index: number): readonly Piece[] {
  const { code, k } = instruction;
  switch (opcodes.classOf(code)) {
    case opcodes.LD:
      return loadPieces(instruction, A);
    case opcodes.LDX:
      return loadPieces(instruction, X);
    case opcodes.ST:
      return [build.store(4, FRAME, cell(k), A)];
    case opcodes.STX:
      return [build.store(4, FRAME, cell(k), X)];
    case opcodes.ALU: {
      // The kernel copies code and k, and names X as source whether the code uses it or not.
      const operation: Slot = { opcode: code, dst: A, src: X, offset: 0, imm: k | 0 };
      const divides = [opcodes.DIV, opcodes.MOD].includes(opcodes.operationOf(code));
      if (!divides || !opcodes.usesX(code)) return [operation];
      return [
        build.alu(32, 'mov', X, register(X)),
        build.branch(64, 'jne', X, constant(0), 2),
        ...REJECT,
        operation,
      ];
    }
    case opcodes.JMP:
      return jumpPieces(instruction, index);
    case opcodes.RET:
      return code === (opcodes.RET | opcodes.A) ? [build.exit] : [build.set(A, k), build.exit];
    default:
      return [opcodes.operationOf(code) === opcodes.TXA ? build.move(A, X) : build.move(X, A)];
  }
}

const cell = (k: number): number => -4 - 4 * k;

const BRANCHES: ReadonlyMap<number, readonly [BranchOperation, BranchOperation | undefined]> = new Map([
  [opcodes.JEQ, ['jeq', 'jne']],
  [opcodes.JGT, ['jgt', 'jle']],
  [opcodes.JGE, ['jge', 'jlt']],
  [opcodes.JSET, ['jset', undefined]],
]);

function jumpPieces({ code, jt, jf, k }: Instruction, index: number): readonly Piece[] {
  const next = index + 1;
  if (!opcodes.isConditional(code)) return [{ ...build.jump(), target: next + (k | 0) }];
  const [holds, fails] = BRANCHES.get(opcodes.operationOf(code))!;
  // A 64-bit comparison would sign-extend a constant that is negative as 32 bits.
  const wide = !opcodes.usesX(code) && (k | 0) < 0;
  const before = wide ? [build.set(SCRATCH, k)] : [];
  const operand = opcodes.usesX(code) ? register(X) : wide ? register(SCRATCH) : constant(k);
  const test = (op: BranchOperation, target: number): Piece => ({
    ...build.branch(64, op, A, operand),
    target,
  });
  if (jf === 0) return [...before, test(holds, next + jt)];
  if (jt === 0 && fails !== undefined) return [...before, test(fails, next + jf)];
  return [...before, test(holds, next + jt), { ...build.jump(), target: next + jf }];
}

function loadPieces({ code, k }: Instruction, into: number): readonly Piece[] {
  switch (opcodes.modeOf(code)) {
    case opcodes.IMM:
      return [build.set(into, k)];
    case opcodes.MEM:
      return [build.load(4, into, FRAME, cell(k))];
    case opcodes.LEN:
      return [build.load(4, into, CONTEXT, SK_BUFF.len)];
    case opcodes.MSH:
      return [
        build.move(X, A),
        ...packetPieces(1, k | 0),
        build.alu(32, 'and', A, constant(0xf)),
        build.alu(32, 'lsh', A, constant(2)),
        build.move(SCRATCH, X),
        build.move(X, A),
        build.move(A, SCRATCH),
      ];
    case opcodes.IND:
      return helperPieces(opcodes.sizeOf(code), [
        build.move(4, X),
        ...(k === 0 ? [] : [build.alu(64, 'add', 4, constant(k))]),
      ]);
    default: {
      const extension = extensionAt(k);
      return extension === undefined
        ? packetPieces(opcodes.sizeOf(code), k | 0)
        : extensionPieces(extension.name);
    }
  }
}

/** Displacements beyond this do not fit the offset field of a load. */
const REACH = 0x7fff;
/** Slots of the part that asks the helper, which the part that does not need to jumps over. */
const HELPER_PIECES = 8;

/** A load at a constant offset: in place if it lies in the linear part, else through the helper. */
function packetPieces(size: 1 | 2 | 4, offset: number): readonly Slot[] {
  const helper = helperPieces(size, [build.alu(64, 'mov', 4, constant(offset))]);
  if (offset < 0) return helper;
  const read =
    offset <= REACH
      ? [build.load(size, A, DATA, offset)]
      : [
          build.move(SCRATCH, DATA),
          build.alu(64, 'add', SCRATCH, constant(offset)),
          build.load(size, A, SCRATCH, 0),
        ];
  if (size !== 1) read.push(build.fromBigEndian(A, size === 2 ? 16 : 32));
  return [
    build.move(SCRATCH, LINEAR),
    ...(offset === 0 ? [] : [build.alu(64, 'sub', SCRATCH, constant(offset))]),
    build.branch(64, 'jslt', SCRATCH, constant(size), read.length + 1),
    ...read,
    build.jump(HELPER_PIECES),
    ...helper,
  ];
}

/** Loads through a helper, with the offset in r4; a negative answer ends the filter. */
function helperPieces(size: 1 | 2 | 4, offset: readonly Slot[]): readonly Slot[] {
  return [
    build.move(1, CONTEXT),
    build.move(2, DATA),
    build.move(3, LINEAR),
    ...offset,
    build.call(INTERNAL_HELPER[`load${size}`]),
    build.branch(64, 'jsge', A, constant(0), 2),
    ...REJECT,
  ];
}

/** A call with the context, A and X. */
const ask = (helper: number): readonly Slot[] => [
  build.move(1, CONTEXT),
  build.move(2, A),
  build.move(3, X),
  build.call(helper),
];
const field = (size: 1 | 2 | 4, offset: number): Slot => build.load(size, A, CONTEXT, offset);
/** A field of the device; without a device the filter ends and returns A as it stands. */
const deviceField = (size: 2 | 4, offset: number): readonly Slot[] => [
  build.load(8, SCRATCH, CONTEXT, SK_BUFF.device),
  build.branch(64, 'jne', SCRATCH, constant(0), 1),
  build.exit,
  build.load(size, A, SCRATCH, offset),
];

/** By the names of the classic machine's extensions. */
const EXTENSION_PIECES: ReadonlyMap<string, readonly Slot[]> = new Map([
  ['proto', [field(2, SK_BUFF.protocol), build.fromBigEndian(A, 16)]],
  ['type', [field(1, SK_BUFF.packetType), build.alu(32, 'and', A, constant(7))]],
  ['ifidx', deviceField(4, SK_BUFF.deviceIndex)],
  ['nla', ask(INTERNAL_HELPER.attribute)],
  ['nlan', ask(INTERNAL_HELPER.nestedAttribute)],
  ['mark', [field(4, SK_BUFF.mark)]],
  ['queue', [field(2, SK_BUFF.queue)]],
  ['hatype', deviceField(2, SK_BUFF.deviceType)],
  ['rxhash', [field(4, SK_BUFF.hash)]],
  ['cpu', ask(INTERNAL_HELPER.processor)],
  ['xor_x', [build.alu(32, 'xor', A, register(X))]],
  ['vlan_tci', [field(2, SK_BUFF.vlanTci)]],
  ['vlan_avail', [field(4, SK_BUFF.vlanAll), build.branch(64, 'jeq', A, constant(0), 1), build.set(A, 1)]],
  ['poff', ask(INTERNAL_HELPER.payloadOffset)],
  ['rand', ask(INTERNAL_HELPER.random)],
  ['vlan_tpid', [field(2, SK_BUFF.vlanProtocol), build.fromBigEndian(A, 16)]],
]);

const extensionPieces = (name: string): readonly Slot[] => EXTENSION_PIECES.get(name)!;

function seccompPieces(instruction: Instruction, index: number): readonly Piece[] {
  const { code, k } = instruction;
  if (code === (opcodes.LD | opcodes.W | opcodes.ABS)) return [build.load(4, A, CONTEXT, k)];
  if (code === (opcodes.LD | opcodes.W | opcodes.LEN)) return [build.set(A, SECCOMP_DATA_SIZE)];
  if (code === (opcodes.LDX | opcodes.W | opcodes.LEN)) return [build.set(X, SECCOMP_DATA_SIZE)];
  return pieces(instruction, index);
}
