/** Test support: random eBPF instructions, and random programs that end. */

import fc from 'fast-check';
import { encode } from '../ebpf/encode.js';
import type { Instruction, Operand, Program, Slot } from '../ebpf/instruction.js';
import { ALU_ROWS, ATOMIC_ROWS, BRANCH_ROWS, type Size, STACK_SIZE, type Width } from '../ebpf/opcodes.js';

const immediates = fc.oneof(
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(-0x8000_0000, 0x7fff_ffff, 0x12345678),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const offsets = fc.integer({ min: -0x8000, max: 0x7fff });
const registers = fc.integer({ min: 0, max: 9 });
const widths = fc.constantFrom<Width>(32, 64);
const sizes = fc.constantFrom<Size>(1, 2, 4, 8);
const operands: fc.Arbitrary<Operand> = fc.oneof(
  registers.map((register) => ({ register })),
  immediates.map((constant) => ({ constant })),
);
const kind = <const Kind extends string>(name: Kind) => fc.constant(name);

const alu = fc
  .record({
    kind: kind('alu'),
    op: fc.constantFrom(...ALU_ROWS.map((row) => row.name)),
    width: widths,
    dst: registers,
    operand: operands,
  })
  .map(
    (instruction): Instruction =>
      instruction.op === 'neg' ? { ...instruction, operand: { constant: 0 } } : instruction,
  );
const movsx = fc
  .record({
    kind: kind('movsx'),
    from: fc.constantFrom<8 | 16 | 32>(8, 16, 32),
    width: widths,
    dst: registers,
    src: registers,
  })
  .map((instruction): Instruction => (instruction.from === 32 ? { ...instruction, width: 64 } : instruction));
const swap = fc.record({
  kind: kind('swap'),
  op: fc.constantFrom('le', 'be', 'bswap'),
  bits: fc.constantFrom<16 | 32 | 64>(16, 32, 64),
  dst: registers,
});
const wide = fc.record({
  kind: kind('wide'),
  pseudo: fc.constant(0),
  dst: registers,
  low: immediates,
  high: immediates,
});

/** Any instruction, wherever it would stand. */
export const arbitraryInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  alu,
  movsx,
  swap,
  wide,
  fc
    .record({
      kind: kind('wide'),
      pseudo: fc.constantFrom(1, 2, 3, 5, 6),
      dst: registers,
      low: immediates,
      high: fc.integer({ min: 0, max: 100 }),
    })
    .map(
      (instruction): Instruction =>
        instruction.pseudo === 1 || instruction.pseudo === 5 ? { ...instruction, high: 0 } : instruction,
    ),
  fc
    .record({
      kind: kind('load'),
      size: sizes,
      signExtend: fc.boolean(),
      dst: registers,
      base: registers,
      offset: offsets,
    })
    .map(
      (instruction): Instruction =>
        instruction.size === 8 ? { ...instruction, signExtend: false } : instruction,
    ),
  fc.record({ kind: kind('store'), size: sizes, base: registers, offset: offsets, operand: operands }),
  fc
    .record({
      kind: kind('atomic'),
      row: fc.constantFrom(...ATOMIC_ROWS),
      fetch: fc.boolean(),
      size: fc.constantFrom<4 | 8>(4, 8),
      base: registers,
      offset: offsets,
      src: registers,
    })
    .map(
      ({ row, fetch, ...rest }): Instruction => ({
        ...rest,
        op: row.name,
        fetch: fetch || row.alwaysFetches,
      }),
    ),
  fc.record({
    kind: kind('packet'),
    size: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
    index: fc.option(registers, { nil: undefined }),
    offset: immediates,
  }),
  fc.record({ kind: kind('jump'), distance: offsets, long: fc.boolean() }),
  fc.record({
    kind: kind('branch'),
    op: fc.constantFrom(...BRANCH_ROWS.map((row) => row.name)),
    width: widths,
    dst: registers,
    operand: operands,
    distance: offsets,
  }),
  fc.record({ kind: kind('call'), helper: fc.nat({ max: 300 }) }),
  fc.record({ kind: kind('callRegister'), register: registers }),
  fc.record({ kind: kind('callLocal'), distance: offsets }),
  fc.record({ kind: kind('callKfunc'), id: fc.nat(), offset: fc.constantFrom(0, 1) }),
  fc.constant<Instruction>({ kind: 'exit' }),
);

const STACK_WORDS = STACK_SIZE / 8;
const slotAt = (word: number, size: Size): number => -8 * (word + 1) + (size === 8 ? 0 : 8 - size);

/** Instructions that neither fault nor leave the program: arithmetic, and the stack at fixed places. */
const harmless: fc.Arbitrary<Instruction> = fc.oneof(
  { weight: 6, arbitrary: alu },
  movsx,
  swap,
  wide,
  fc
    .record({
      kind: kind('load'),
      size: sizes,
      signExtend: fc.boolean(),
      dst: registers,
      word: fc.nat({ max: STACK_WORDS - 1 }),
    })
    .map(
      ({ word, ...rest }): Instruction => ({
        ...rest,
        signExtend: rest.signExtend && rest.size < 8,
        base: 10,
        offset: slotAt(word, rest.size),
      }),
    ),
  fc
    .record({ kind: kind('store'), size: sizes, operand: operands, word: fc.nat({ max: STACK_WORDS - 1 }) })
    .map(({ word, ...rest }): Instruction => ({ ...rest, base: 10, offset: slotAt(word, rest.size) })),
  fc
    .record({
      kind: kind('atomic'),
      row: fc.constantFrom(...ATOMIC_ROWS),
      fetch: fc.boolean(),
      size: fc.constantFrom<4 | 8>(4, 8),
      src: registers,
      word: fc.nat({ max: STACK_WORDS - 1 }),
    })
    .map(
      ({ row, fetch, word, ...rest }): Instruction => ({
        ...rest,
        op: row.name,
        fetch: fetch || row.alwaysFetches,
        base: 10,
        offset: slotAt(word, rest.size),
      }),
    ),
);

const branches = fc.record({
  kind: kind('branch'),
  op: fc.constantFrom(...BRANCH_ROWS.map((row) => row.name)),
  width: widths,
  dst: registers,
  operand: operands,
  distance: fc.nat({ max: 6 }),
});

/** A valid program without loops: registers set, arithmetic, stack accesses, forward jumps, `exit`. */
export function arbitraryEbpf(maxLength = 40): fc.Arbitrary<Program> {
  const body = fc.array(fc.oneof({ weight: 5, arbitrary: harmless }, { weight: 1, arbitrary: branches }), {
    maxLength,
  });
  const values = fc.array(fc.tuple(immediates, immediates), { minLength: 10, maxLength: 10 });
  return fc.tuple(values, body).map(([starts, instructions]) => {
    const all: Instruction[] = [
      ...starts.map(([low, high], dst): Instruction => ({ kind: 'wide', pseudo: 0, dst, low, high })),
      ...instructions,
      { kind: 'exit' },
    ];
    const places: number[] = [];
    let length = 0;
    for (const instruction of all) {
      places.push(length);
      length += instruction.kind === 'wide' ? 2 : 1;
    }
    // A branch skips whole instructions: its distance so far counts those.
    return all.flatMap((instruction, index): readonly Slot[] => {
      if (instruction.kind !== 'branch') return encode(instruction);
      const target = Math.min(index + 1 + instruction.distance, all.length - 1);
      return encode({ ...instruction, distance: places[target]! - places[index]! - 1 });
    });
  });
}
