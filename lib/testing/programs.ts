/** Test support: classic programs from vectors, and random ones for property tests. */

import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { Instruction, Program } from '../cbpf/instruction.js';
import * as opcodes from '../cbpf/opcodes.js';
import { isConditional, MEMORY_WORDS, OPCODES } from '../cbpf/opcodes.js';

export type Quadruple = readonly [code: number, jt: number, jf: number, k: number];

export const fromQuadruples = (rows: readonly Quadruple[]): Program =>
  rows.map(([code, jt, jf, k]) => ({ code, jt, jf, k }));

export const fromHex = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** Classic instructions packed as in kernel memory, gzipped, base64: how vectors hold long programs. */
export function fromPacked(base64: string): Program {
  const bytes = gunzipSync(Buffer.from(base64, 'base64'));
  return Array.from({ length: bytes.length / 8 }, (_, index) => ({
    code: bytes.readUInt16LE(index * 8),
    jt: bytes[index * 8 + 2]!,
    jf: bytes[index * 8 + 3]!,
    k: bytes.readUInt32LE(index * 8 + 4),
  }));
}

const offsets = fc.oneof(
  fc.nat({ max: 40 }),
  fc.constantFrom(0xffff_ffff, 0x8000_0000, 0x7fff_ffff, 0xffff_f000),
);
const constants = fc.oneof(
  fc.nat({ max: 300 }),
  fc.constantFrom(0x0800, 0x86dd, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);

/** An operand that makes the operation valid, mostly within reach of a short packet. */
function arbitraryOperand(name: string, operand: string): fc.Arbitrary<number> {
  switch (operand) {
    case 'absolute':
    case 'indirect':
    case 'headerLength':
      return offsets;
    case 'memory':
      return fc.nat({ max: MEMORY_WORDS - 1 });
    case 'immediate':
      if (name === 'lsh' || name === 'rsh') return fc.nat({ max: 31 });
      if (name === 'div' || name === 'mod') return constants.map((k) => k || 1);
      return constants;
    default:
      return fc.constant(0);
  }
}

const arbitraryInstruction: fc.Arbitrary<Instruction> = fc
  .constantFrom(...OPCODES)
  .chain(({ code, name, operand }) =>
    fc.record({
      code: fc.constant(code),
      jt: fc.nat({ max: 255 }),
      jf: fc.nat({ max: 255 }),
      k: arbitraryOperand(name, operand),
    }),
  );

/** A valid program: any operation, forward jumps, a return at the end. */
export function arbitraryProgram(maxLength = 24): fc.Arbitrary<Program> {
  return fc.array(arbitraryInstruction, { maxLength }).map((body) => {
    const length = body.length + 1;
    const bounded = body.map((instruction, index): Instruction => {
      const room = length - index - 1;
      if (isConditional(instruction.code))
        return { ...instruction, jt: instruction.jt % room, jf: instruction.jf % room };
      const jump = instruction.code === 0x05 ? { k: instruction.jt % room } : {};
      return { ...instruction, jt: 0, jf: 0, ...jump };
    });
    return [...bounded, { code: 0x16, jt: 0, jf: 0, k: 0 }];
  });
}

export const arbitraryPacket: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 64 });

const { ADD, ALU, AND, DIV, JMP, K, LSH, MOD, MUL, NEG, OR, RSH, SUB, X, XOR } = opcodes;
const { ABS, B, H, IMM, IND, LD, LDX, LEN, MEM, MISC, MSH, RET, ST, STX, TAX, TXA, W } = opcodes;
const { A, JEQ, JGE, JGT, JSET } = opcodes;

const CODES_OF_NEAR_PROGRAMS = [
  ...[B, H, W].flatMap((size) => [LD | ABS | size, LD | IND | size]),
  ...[LD | IMM, LD | LEN, LD | MEM, LDX | IMM, LDX | LEN, LDX | MEM, LDX | MSH | B, ST, STX],
  ...[MISC | TAX, MISC | TXA, ALU | NEG, RET | A, RET | K, JMP],
  ...[ADD, SUB, MUL, DIV, OR, AND, LSH, RSH, MOD, XOR].flatMap((op) => [ALU | op | K, ALU | op | X]),
  ...[JEQ, JGT, JGE, JSET, JEQ, JGT, JGE, JSET].flatMap((op) => [JMP | op | K, JMP | op | X]),
];
const TELLING_NUMBERS = [0, 1, 2, 3, 15, 31, 32, 33, 255, 256, 0x8000_0000, 0xffff_ffff];

const nearInstruction: fc.Arbitrary<Instruction> = fc.record({
  code: fc.constantFrom(...CODES_OF_NEAR_PROGRAMS),
  jt: fc.nat(3),
  jf: fc.nat(3),
  k: fc.oneof(fc.constantFrom(...TELLING_NUMBERS), fc.nat(12)),
});

/** Made valid: near loads, jumps of a few instructions, two scratch cells, numbers that fold. */
function nearBody(body: readonly Instruction[]): Program {
  const bounded = body.map(({ code, jt, jf, k }, index): Instruction => {
    const room = body.length - index;
    if (isConditional(code)) return { code, jt: jt % room, jf: jf % room, k };
    const operand = (): number => {
      if (code === JMP) return jt % room;
      if (code === (LD | MEM) || code === (LDX | MEM) || code === ST || code === STX) return k % 2;
      if (code === (ALU | LSH | K) || code === (ALU | RSH | K)) return k % 32;
      if (code === (ALU | DIV | K) || code === (ALU | MOD | K)) return k || 1;
      return code === (RET | K) ? k % 3 : code === (LD | IMM) || code === (LDX | IMM) ? k : k % 13;
    };
    return { code, jt: 0, jf: 0, k: operand() };
  });
  return [...bounded, { code: RET | A, jt: 0, jf: 0, k: 0 }];
}

/**
 * Two programs that differ in an instruction or two, of parts that fold, meet and read the same bytes: most are equal,
 * and what tells the others apart is narrow.
 */
export const nearPrograms: fc.Arbitrary<readonly [Program, Program]> = fc
  .tuple(
    fc.array(nearInstruction, { minLength: 4, maxLength: 13 }),
    fc.array(fc.tuple(fc.nat(12), fc.oneof(nearInstruction, fc.constant(undefined))), {
      minLength: 1,
      maxLength: 2,
    }),
  )
  .map(([body, changes]) => {
    const other = [...body];
    for (const [at, instruction] of changes)
      other[at % body.length] = instruction ?? { code: JMP, jt: 0, jf: 0, k: 0 };
    return [nearBody(body), nearBody(other)];
  });

const at = (code: number, k = 0, jt = 0, jf = 0): Instruction => ({ code, jt, jf, k });

/** Something computed, and a test of it: of few bytes and numbers, so that tests ask for the same again. */
const meetingBlock = fc
  .tuple(fc.nat(9), fc.nat(3), fc.nat(3), fc.constantFrom(JEQ, JEQ, JGT, JSET), fc.nat(2), fc.nat(2))
  .map(([kind, place, number, test, jt, jf]): readonly Instruction[] => {
    const byte = at(LD | ABS | B, place);
    const branch = at(JMP | test | K, number, jt, jf);
    const computed: readonly (readonly Instruction[])[] = [
      [byte],
      [byte],
      [byte, at(ALU | AND | K, number | 1)],
      [at(LD | IND | B, place)],
      [byte, at(MISC | TAX), at(LD | IND | B, number)],
      [byte, at(ST, 0)],
      [at(LD | MEM, 0)],
      [byte, at(MISC | TAX), at(LD | MEM, 0)],
      [at(LDX | MSH | B, place), byte, at(ALU | AND | X)],
      [byte, at(ALU | NEG)],
    ];
    const ends = kind === 7 ? at(JMP | test | X, 0, jt, jf) : branch;
    return [...computed[kind]!, ends];
  });

/** Jumps over blocks become jumps over instructions; behind the blocks there are three ways out. */
function meetingBody(blocks: readonly (readonly Instruction[])[]): Program {
  const starts = [0];
  for (const block of blocks) starts.push(starts.at(-1)! + block.length);
  const end = starts.at(-1)!;
  const body = blocks.flatMap((block, index) => {
    const next = starts[index + 1]!;
    const over = (count: number): number => (starts[index + 1 + count] ?? end + (count % 3)) - next;
    return block.map((each) =>
      isConditional(each.code) ? { ...each, jt: over(each.jt), jf: over(each.jf) } : each,
    );
  });
  return [...body, at(RET | A), at(RET | K, 1), at(RET | K)];
}

/** As {@link nearPrograms}, of blocks whose ways meet again and ask later what they asked before. */
export const meetingPrograms: fc.Arbitrary<readonly [Program, Program]> = fc
  .tuple(fc.array(meetingBlock, { minLength: 3, maxLength: 7 }), fc.nat(6), meetingBlock)
  .map(([blocks, place, block]) => [
    meetingBody(blocks),
    meetingBody(blocks.with(place % blocks.length, block)),
  ]);
