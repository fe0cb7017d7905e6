/**
 * Test support: whether a program that was verified is safe when it runs.
 *
 * It runs in the definition, which checks every access, on random packets. What no program may read is
 * filled with garbage, another kind each time: registers at the start, those that a call leaves
 * undefined, those of a function's new frame. A run that differs between the two has read some of it.
 */

import { attach } from '../ebpf/attach.js';
import type { Instruction, Program } from '../ebpf/instruction.js';
import { Memory, RuntimeFault } from '../ebpf/memory.js';
import { PSEUDO } from '../ebpf/opcodes.js';
import { programTypeOf } from '../ebpf/programTypes.js';
import type { VerifiedType } from '../verify/index.js';
import type { Random } from './random.js';

/** What helpers leave to chance is the same each time. */
const SERVICES = { clock: () => 12345n, random: () => 0.37, trace: () => {} };
const PACKETS = 3;
const MAY_GOTO = 0xe5;
const WIDE = 0x18;

const GARBAGE = [0x5a5a_5a5a_5a5a_5a5an, 0x8000_0000_0000_0007n] as const;

/** What went wrong, `undefined` when nothing did. */
export function unsafety(
  program: Program,
  type: VerifiedType,
  random: Random,
  budget: number,
): string | undefined {
  const hook = programTypeOf(type === 'sched_act' ? 'sched_cls' : type);
  const memory = new Memory();
  const called = functionsCalledByHelpers(program);
  let garbage = 0n;
  let before: Instruction['kind'] | 'start' = 'start';
  const run = attach(program, hook, {
    ...SERVICES,
    memory,
    budget,
    unverified: true,
    definition: true,
    observe: (index, { kind }, registers) => {
      const isCalled = (before === 'call' || before === 'exit') && called.has(index);
      spoil(registers as bigint[], isCalled ? 'callback' : before, garbage);
      before = kind;
    },
  });
  // Verified programs of these hooks may write the packet; each run gets a copy of its own.
  const packet = memory.pages.find((page) => page?.name === 'packet') as { writable: boolean };
  packet.writable = true;
  for (let round = 0; round < PACKETS; round++) {
    const bytes = Uint8Array.from({ length: random(3) === 0 ? random(20) : random(90) }, () => random(256));
    const metadata = { packetType: random(5), vlanTci: random(4096) };
    const results: number[] = [];
    for (garbage of GARBAGE) {
      before = 'start';
      try {
        results.push(run(bytes.slice(), 0, bytes.length, bytes.length, metadata));
      } catch (error) {
        if (!(error instanceof RuntimeFault)) throw error;
        // Not all helpers that may be called exist here.
        if (error.kind === 'unknown-helper') return undefined;
        // The runtime ends such a loop, and a helper calls a function as often as it is told, each in its own time.
        const loops = called.size > 0 || program.some(({ opcode }) => opcode === MAY_GOTO);
        if (error.kind === 'budget' && loops) return undefined;
        return error.message;
      }
    }
    if (results[0] !== results[1]) return `reads what nothing wrote: ${results.join(' or ')}`;
  }
  return undefined;
}

/** Where functions begin whose addresses a program takes. */
function functionsCalledByHelpers(program: Program): ReadonlySet<number> {
  const starts = new Set<number>();
  for (const [index, { opcode, src, imm }] of program.entries())
    if (opcode === WIDE && src === PSEUDO.func) starts.add(index + 1 + imm);
  return starts;
}

function spoil(
  registers: bigint[],
  before: Instruction['kind'] | 'start' | 'callback',
  garbage: bigint,
): void {
  const fill = (first: number, last: number): void => {
    for (let register = first; register <= last; register++) registers[register] = garbage;
  };
  switch (before) {
    case 'start':
      registers[0] = garbage;
      fill(2, 9);
      return;
    case 'call':
    case 'packet':
    case 'exit':
      fill(1, 5);
      return;
    // A helper gives up to four arguments.
    case 'callback':
      registers[0] = garbage;
      fill(5, 9);
      return;
    case 'callLocal':
      registers[0] = garbage;
      fill(6, 9);
      return;
    default:
  }
}
