/**
 * Test support: short XDP programs that move addresses into the packet about, compare some of them with its
 * end and read through others.
 */

import { alu, branch, constant, exit, load, move, register } from '../ebpf/build.js';
import { encode } from '../ebpf/encode.js';
import type { Program, Slot } from '../ebpf/instruction.js';
import type { Random } from './random.js';

const START = 6;
const END = 7;
const NUMBER = 8;
const POINTERS = [2, 3, 4] as const;

/** A number that no verifier knows: an atomic operation has been over it. */
export const hidden = (dst: number, value: number): readonly Slot[] => [
  ...encode({ kind: 'store', size: 8, base: 10, offset: -8, operand: { constant: value } }),
  alu(64, 'mov', dst, constant(0)),
  ...encode({ kind: 'atomic', op: 'add', fetch: false, size: 8, base: 10, offset: -8, src: dst }),
  load(8, dst, 10, -8),
];

/** An XDP program; the same for the same random numbers. */
export function packetProgram(random: Random): Program {
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
  const program: Slot[] = [load(4, START, 1, 0), load(4, END, 1, 4)];
  const ends: number[] = [];
  for (const pointer of POINTERS) program.push(move(pointer, START));
  const number = (): void => {
    program.push(...hidden(NUMBER, random(16)), alu(64, 'and', NUMBER, constant(pick([3, 7, 15]))));
  };
  program.push(alu(64, 'mov', 0, constant(0)));
  number();
  for (let steps = 5 + random(9); steps > 0; steps--) {
    const [a, b] = [pick(POINTERS), pick(POINTERS)];
    switch (random(11)) {
      case 0:
        program.push(move(a, b));
        break;
      case 1:
      case 2:
        program.push(alu(64, 'add', a, constant(1 + random(8))));
        break;
      case 3:
        program.push(alu(64, 'sub', a, constant(1 + random(6))));
        break;
      case 4:
      case 5:
        program.push(alu(64, 'add', a, register(NUMBER)));
        break;
      case 6:
        if (random(2) === 0) program.push(alu(64, 'mov', NUMBER, constant(random(8))));
        else number();
        break;
      case 7:
      case 8:
        ends.push(program.length);
        program.push(branch(64, pick(['jgt', 'jgt', 'jge']), a, register(END)));
        break;
      case 9:
        program.push(load(1, 0, a, random(4)));
        break;
      case 10:
        // As programs should: a distance, the check, an access within it.
        program.push(move(5, a), alu(64, 'add', 5, constant(8)));
        ends.push(program.length);
        program.push(
          branch(64, 'jgt', 5, register(END)),
          load(1, 0, pick([a, b, 5]), random(7) - (random(4) === 0 ? 4 : 0)),
        );
        break;
    }
  }
  program.push(load(1, 0, pick(POINTERS), random(3)), alu(64, 'mov', 0, constant(0)));
  for (const at of ends) program[at] = { ...program[at]!, offset: program.length - at - 1 };
  return [...program, exit];
}
