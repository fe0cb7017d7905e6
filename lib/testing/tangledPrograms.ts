/**
 * Test support: short eBPF programs in which much hangs on which number came from where.
 *
 * A few numbers are copied, limited, spilled, fetched, handed to a function and compared in any order, on
 * paths that part and meet; at the end one of them decides where the stack is written. What a verifier
 * forgets of such a number, or believes of it too long, shows here.
 */

import { branch, alu as compute, constant, exit, load, move, register, store } from '../ebpf/build.js';
import { encode } from '../ebpf/encode.js';
import type { Program, Slot } from '../ebpf/instruction.js';
import type { BranchOperation } from '../ebpf/opcodes.js';
import type { Random } from './random.js';

const NUMBERS = [6, 7, 8] as const;
const CONTEXT = 9;
const FRAME = 10;
const CONSTANTS = [0, 1, 4, 7, 8, 15, 60, 63, 64, -1];
const BRANCHES: readonly BranchOperation[] = [
  'jeq',
  'jne',
  'jgt',
  'jge',
  'jlt',
  'jle',
  'jsgt',
  'jslt',
  'jset',
];
const SLOTS = [-128, -136];

/** A socket filter; the same for the same random numbers. */
export function tangledProgram(random: Random): Program {
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
  const set = (dst: number, value: number): Slot => compute(64, 'mov', dst, constant(value));
  const calls: number[] = [];
  const program: Slot[] = [move(CONTEXT, 1)];
  const unknown = (dst: number): Slot => load(4, dst, CONTEXT, pick([0, 4, 8]));
  for (const dst of NUMBERS) program.push(random(3) === 0 ? set(dst, pick(CONSTANTS)) : unknown(dst));
  for (const slot of SLOTS) program.push(store(8, FRAME, slot, pick(NUMBERS)));
  /** Branches, and how many steps they skip. */
  const open: { readonly at: number; left: number }[] = [];
  const close = (): void => {
    for (const skip of open) {
      if (--skip.left > 0) continue;
      const slot = program[skip.at]!;
      program[skip.at] = { ...slot, offset: program.length - skip.at - 1 };
    }
    open.splice(0, open.length, ...open.filter(({ left }) => left > 0));
  };
  for (let steps = 3 + random(9); steps > 0; steps--) {
    const [a, b] = [pick(NUMBERS), pick(NUMBERS)];
    switch (random(14)) {
      case 0:
      case 1:
        program.push(move(a, b));
        break;
      case 2:
        program.push(set(a, pick(CONSTANTS)));
        break;
      case 3:
        program.push(compute(64, 'and', a, constant(pick([3, 7, 15, 63]))));
        break;
      case 4:
        program.push(unknown(a));
        break;
      case 5:
        program.push(
          compute(
            pick([32, 64]),
            pick(['add', 'sub', 'or', 'rsh']),
            a,
            random(2) === 0 ? register(b) : constant(1),
          ),
        );
        break;
      case 6:
        program.push(compute(32, 'mov', a, register(b)));
        break;
      case 7:
        program.push(store(pick([8, 8, 8, 4, 1]), FRAME, pick(SLOTS), a));
        break;
      case 8:
        program.push(load(pick([8, 8, 8, 4, 1]), a, FRAME, pick(SLOTS)));
        break;
      case 9: {
        const op = pick(['add', 'and', 'xchg'] as const);
        program.push(
          encode({ kind: 'atomic', op, fetch: true, size: 8, base: FRAME, offset: pick(SLOTS), src: a })[0]!,
        );
        break;
      }
      case 10:
        program.push(move(1, a), move(2, FRAME));
        calls.push(program.length);
        program.push(encode({ kind: 'callLocal', distance: 0 })[0]!, move(b, 0));
        break;
      default: {
        const operand = random(3) === 0 ? register(b) : constant(pick(CONSTANTS));
        open.push({ at: program.length, left: 2 + random(3) });
        program.push(branch(pick([64, 64, 32]), pick(BRANCHES), a, operand));
      }
    }
    close();
  }
  for (const skip of open) skip.left = 0;
  close();
  const index = pick(NUMBERS);
  if (random(3) === 0)
    program.push(branch(64, pick(['jle', 'jlt', 'jsgt']), pick(NUMBERS), constant(63), 1), set(index, 0));
  program.push(move(1, FRAME));
  if (random(4) === 0)
    program.push(
      branch(64, 'jeq', pick(NUMBERS), constant(pick(CONSTANTS)), 1),
      compute(64, 'add', 1, constant(pick([-8, -448, -449]))),
    );
  program.push(compute(64, 'add', 1, register(index)), store(1, 1, -64, index));
  program.push(set(0, 0), exit);
  if (calls.length > 0) addFunction(program, calls, random);
  return program;
}

/** r1 is a number, r2 the caller's frame pointer. */
function addFunction(program: Slot[], calls: readonly number[], random: Random): void {
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
  for (const at of calls) program[at] = { ...program[at]!, imm: program.length - at - 1 };
  const limited = compute(64, 'mov', 0, constant(pick(CONSTANTS)));
  program.push(move(0, 1));
  for (let steps = random(4); steps > 0; steps--) {
    switch (random(5)) {
      case 0:
        program.push(random(12) === 0 ? move(0, pick(NUMBERS)) : load(8, pick([0, 1]), 2, pick(SLOTS)));
        break;
      case 1:
        program.push(store(8, 2, pick(SLOTS), pick([0, 1])));
        break;
      case 2:
        program.push(store(8, FRAME, -8, 0), move(0, 1), load(8, 1, FRAME, -8));
        break;
      default:
        program.push(
          branch(64, pick(['jlt', 'jle', 'jgt', 'jeq']), pick([0, 1]), constant(pick(CONSTANTS)), 1),
          limited,
        );
    }
  }
  program.push(exit);
}
