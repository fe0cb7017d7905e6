/**
 * Programs for sockets whose loads never fail: a load past the packet's end would end the program with 0, before it has counted
 * anything or said what others are answered.
 */

import { opcodes, type Program, type Slot, build as slots } from '../ebpf/index.js';

const { alu, branch, constant, load, register, set } = slots;
const { JA, JMP, JMP32, CALL, EXIT } = opcodes;
/** Where LD_ABS and LD_IND have the context, and where in that the packet's length is. */
const CONTEXT = 6;
const LENGTH_AT = 0;
const CLASS = 0x07;
const MODE = 0xe0;
const ABSOLUTE = 0x20;
const INDIRECT = 0x40;
const SIZES: Readonly<Record<number, number>> = { 0: 4, 8: 2, 16: 1 };
/** Registers that such loads overwrite. */
const [LENGTH, SCRATCH, OTHER] = [1, 2, 3] as const;
const FARTHEST = 0x7fff;

/** What goes before a load: a way to the end where it would read past the packet's. */
function guardOf({ opcode, src, imm }: Slot): readonly Slot[] {
  const mode = opcode & MODE;
  const size = SIZES[opcode & 0x18]!;
  const length = load(4, LENGTH, CONTEXT, LENGTH_AT);
  if (mode === ABSOLUTE)
    // Offsets below zero are of what the kernel keeps beside the packet.
    return imm < 0 ? [] : [length, branch(64, 'jlt', LENGTH, constant(imm + size))];
  const place = src === SCRATCH ? OTHER : SCRATCH;
  return [
    // The sum is of 32 bits and wraps, its end does not; the index may be in a register that is overwritten here.
    alu(32, 'mov', place, register(src)),
    alu(32, 'add', place, constant(imm)),
    alu(64, 'add', place, constant(size)),
    length,
    branch(64, 'jgt', place, register(LENGTH)),
  ];
}

const isPacketLoad = ({ opcode }: Slot): boolean =>
  (opcode & CLASS) === opcodes.LD && ((opcode & MODE) === ABSOLUTE || (opcode & MODE) === INDIRECT);

function isJump({ opcode }: Slot): boolean {
  const kind = opcode & CLASS;
  return (kind === JMP || kind === JMP32) && (opcode & 0xf0) !== CALL && (opcode & 0xf0) !== EXIT;
}

/** @throws RangeError for programs whose jumps do not reach so far. */
export function withGuards(program: Program): Program {
  const guards = program.map((slot) => (isPacketLoad(slot) ? guardOf(slot) : []));
  const places: number[] = [];
  let size = 0;
  for (const guard of guards) {
    places.push(size);
    size += guard.length + 1;
  }
  const end = size;
  const aimed = (slot: Slot, from: number, target: number): Slot => {
    const distance = target - from - 1;
    if (slot.opcode === (JMP32 | JA)) return { ...slot, imm: distance };
    if (Math.abs(distance) > FARTHEST)
      throw new RangeError('the filter is too long for sockets with --count or --else');
    return { ...slot, offset: distance };
  };
  const made = program.flatMap((slot, index) => {
    const first = places[index]!;
    const { span } = slot;
    const guard = guards[index]!.map((one, at) => {
      const there = isJump(one) ? aimed(one, first + at, end) : one;
      return span === undefined ? there : { ...there, span };
    });
    if (!isJump(slot)) return [...guard, slot];
    const reach = slot.opcode === (JMP32 | JA) ? slot.imm : slot.offset;
    return [aimed(slot, first, places[index + 1 + reach]!)];
  });
  return guards.some((guard) => guard.length > 0) ? [...made, set(0, 0), slots.exit] : program;
}
