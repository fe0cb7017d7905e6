/** Profiles: how often each instruction and each word of a filter ran, and how often it decided. */

import { disassemble, opcodes, type Program } from '../cbpf/index.js';
import type { LinkFilter } from '../filter/index.js';
import { type InstructionCounts, loadCounted } from '../jit/index.js';
import type { PacketTest } from '../savefile/index.js';
import type { Words } from './flow.js';

/** What an instruction did. */
export interface InstructionProfile {
  readonly ran: number;
  /** Of a conditional jump, how often its test held. */
  readonly held: number;
  /**
   * Packets whose verdict it decided: it was the last test, after which the program only returned; or a load that went
   * past the packet. A return decides where other instructions stand between the last test and it, or there was none.
   */
  readonly decided: number;
}

/** What words of the expression did. */
export interface WordsProfile extends Words {
  /** As often as the instruction of them that ran most. */
  readonly ran: number;
  readonly decided: number;
}

/** What a filter has done. */
export interface Profile {
  readonly packets: number;
  readonly matched: number;
  readonly program: Program;
  /** One for each instruction. */
  readonly instructions: readonly InstructionProfile[];
  /** In the order of the expression, outer words before those in them. */
  readonly words: readonly WordsProfile[];
}

/** A filter that counts what it does. */
export interface Profiler {
  /** The filter, for loops over packets. */
  readonly test: PacketTest;
  /** What it has done so far. */
  profile(): Profile;
}

/** How a profile is made. */
export interface ProfileOptions {
  /** Steps the definition of the machine instead of compiled code, which is slow, and gives the same counts. */
  readonly interpreted?: boolean;
}

/** Makes a filter, or another program for its expression, count; the program of a filter is optimized if that is. */
export function createProfiler(
  filter: Pick<LinkFilter, 'cbpf' | 'expression'>,
  { interpreted = false }: ProfileOptions = {},
): Profiler {
  const { cbpf: program, expression } = filter;
  const counted = loadCounted(program, interpreted);
  const returns = returnsOf(program);
  return {
    test: counted.test,
    profile() {
      const counts = counted.counts();
      const instructions = instructionsOf(program, counts, returns);
      const packets = counts.ran[0]!;
      return {
        packets,
        matched: matchesOf(program, counts),
        program,
        instructions,
        words: wordsOf(program, expression, instructions),
      };
    },
  };
}

const { classOf, isConditional, JA, JMP, RET } = opcodes;

/** Instructions from which on a program makes no more test: whether one returns. */
function returnsOf(program: Program): Uint8Array {
  const returns = new Uint8Array(program.length);
  for (let index = program.length - 1; index >= 0; index--) {
    const { code, k } = program[index]!;
    if (classOf(code) === RET) returns[index] = 1;
    else if (code === (JMP | JA)) returns[index] = returns[index + 1 + (k | 0)] ?? 0;
  }
  return returns;
}

function instructionsOf(
  program: Program,
  { ran, held, ended }: InstructionCounts,
  returns: Uint8Array,
): InstructionProfile[] {
  return program.map(({ code, jt, jf }, index) => {
    let decided = ended[index]!;
    if (isConditional(code)) {
      if (returns[index + 1 + jt] === 1) decided += held[index]!;
      if (returns[index + 1 + jf] === 1) decided += ran[index]! - held[index]!;
    } else if (returns[index] === 1) {
      const before = program[index - 1]?.code ?? -1;
      if (before < 0) decided += ran[index]!;
      else if (classOf(before) !== JMP && classOf(before) !== RET)
        decided += ran[index - 1]! - ended[index - 1]!;
    }
    return { ran: ran[index]!, held: held[index]!, decided };
  });
}

function matchesOf(program: Program, { ran }: InstructionCounts): number {
  return program.reduce((sum, { code, k }, index) => sum + (code === RET && k !== 0 ? ran[index]! : 0), 0);
}

function wordsOf(
  program: Program,
  expression: string,
  instructions: readonly InstructionProfile[],
): WordsProfile[] {
  const found = new Map<string, { start: number; end: number; text: string; ran: number; decided: number }>();
  for (const [index, { span }] of program.entries()) {
    if (span === undefined) continue;
    const { start, end } = span;
    const key = `${start} ${end}`;
    const known = found.get(key) ?? { start, end, text: expression.slice(start, end), ran: 0, decided: 0 };
    const { ran, decided } = instructions[index]!;
    found.set(key, { ...known, ran: Math.max(known.ran, ran), decided: known.decided + decided });
  }
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** A profile as lines: the words, then the program. */
export function profileText({ packets, matched, program, instructions, words }: Profile): string {
  const number = (value: number): string => `${value}`.padStart(12);
  const share = (value: number): string => `${((100 * value) / Math.max(1, packets)).toFixed(1)}`.padStart(6);
  const rows = words.map(({ text, ran, decided }) => {
    const shown = text.replace(/\s+/g, ' ');
    return `${number(ran)}${share(ran)} %${number(decided)}${share(decided)} %  ${shown}`;
  });
  const texts = disassemble(program).replaceAll('\t', ' ').split('\n');
  const listing = instructions.map(({ ran, held, decided }, index) => {
    const isTest = isConditional(program[index]!.code);
    const sides = isTest ? `yes ${held}, no ${ran - held}` : '';
    return `${number(ran)}${decided > 0 ? number(decided) : ' '.repeat(12)}  ${texts[index]!.padEnd(46)} ${sides}`.trimEnd();
  });
  return [
    `${packets} packets, ${matched} match`,
    '',
    '         ran               decided          words',
    ...rows,
    '',
    '         ran     decided  program',
    ...listing,
    '',
  ].join('\n');
}
