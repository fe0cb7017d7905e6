/**
 * What emitted code counts: entries of basic blocks, tests that hold, and loads and divisions that end the program. The
 * array `counts` has a place for each instruction in each of three parts.
 */

import { type Instruction, opcodes } from '../../cbpf/index.js';

/** The block that begins at an instruction is entered. */
export const countEntry = (start: number): string => `counts[${start}]++;`;

/** @param lines - A branch as it is emitted: the `if`, what is in it, the closing brace. */
export function countHeld(lines: readonly string[], index: number, when: boolean, size: number): string[] {
  const count = `counts[${size + index}]++;`;
  if (!when) return [...lines, `else ${count}`];
  const [head, ...rest] = lines;
  return [head!, count, ...rest];
}

/** @param lines - An instruction as it is emitted; all but a return end the program only where they cannot go on. */
export function countTraps(
  lines: readonly string[],
  { code }: Instruction,
  index: number,
  size: number,
): string[] {
  if (opcodes.classOf(code) === opcodes.RET) return [...lines];
  return lines.map((line) =>
    line.replace(/return (?:0|a >>> 0);$/, (end) => `{ counts[${2 * size + index}]++; ${end} }`),
  );
}
