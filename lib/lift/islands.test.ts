import test from 'ava';
import fc from 'fast-check';
import { build, opcodes } from '../ebpf/index.js';
import { assertProperty } from '../testing/property.js';
import { bridge, type Segment } from './islands.js';
import type { Piece } from './piece.js';

const FILLER = build.set(3, 0);
const mark = (block: number): Piece => build.set(4, block);

/** Blocks of some length, each ending in jumps to others and in the end or the next block. */
const segments = fc
  .array(
    fc.record({
      length: fc.integer({ min: 1, max: 9000 }),
      targets: fc.array(fc.nat(), { maxLength: 3 }),
      ends: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((blocks): Segment[] =>
    blocks.map(({ length, targets, ends }, block) => ({
      block,
      pieces: [
        mark(block),
        ...Array.from({ length }, () => FILLER),
        ...targets.map((target) => ({
          ...build.branch(32, 'jeq', 5, build.constant(target % blocks.length)),
          target: target % blocks.length,
        })),
        ...(ends ? [build.exit] : []),
      ],
    })),
  );

test('every jump gets to its block, over islands or not, and the rest goes around them', (t) => {
  let far = 0;
  const holds = fc.property(segments, (given) => {
    const program = bridge(given);
    /** Where control gets to from a slot, through jumps that are always taken. */
    const follow = (index: number): number => {
      for (let steps = 0; program[index]?.opcode === (opcodes.JMP | opcodes.JA); steps++) {
        if (steps > 20) t.fail('jumps in a circle');
        index += program[index]!.offset + 1;
      }
      return index;
    };
    let at = 0;
    const next = (): void => {
      at = follow(at + 1);
    };
    for (const { block, pieces } of given) {
      if (given[block - 1]?.pieces.at(-1)?.opcode === build.exit.opcode)
        at = program.findIndex(
          (slot) => slot.opcode === mark(0).opcode && slot.dst === 4 && slot.imm === block,
        );
      for (const [place, piece] of pieces.entries()) {
        t.is(program[at]!.opcode, piece.opcode);
        t.is(program[at]!.imm, piece.imm);
        if (piece.target !== undefined) {
          const landed = follow(at + 1 + program[at]!.offset);
          t.deepEqual([program[landed]!.dst, program[landed]!.imm], [4, piece.target]);
        }
        if (place < pieces.length - 1 || piece.opcode !== build.exit.opcode) next();
      }
    }
    for (const { offset } of program) t.true(offset === (offset << 16) >> 16);
    const slots = given.reduce((sum, { pieces }) => sum + pieces.length, 0);
    if (program.length > slots) far++;
  });
  assertProperty(t, holds, { numRuns: 60, seed: 7 });
  t.true(far > 10, `${far} programs had islands`);
});
