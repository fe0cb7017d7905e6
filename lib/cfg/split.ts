/**
 * Program → graph: the way back from {@link file://./linearize.ts}.
 *
 * A block starts at the first instruction, at every jump's target and behind every jump. A block that
 * runs into the next one ends in `goto`. Blocks are numbered in the order of the program.
 */

import { opcodes, type Program } from '../cbpf/index.js';
import type { Block, Exit, Graph } from './block.js';

const { classOf, isConditional, JMP, RET } = opcodes;

/**
 * The program must be valid: every jump inside it, a `ret` at its end. Backward `ja` is allowed.
 *
 * @throws RangeError when a jump leaves the program.
 */
export function split(program: Program): Graph {
  const starts = blockStarts(program);
  const blockAt = new Map(starts.map((start, index) => [start, index]));
  const target = (at: number): number => {
    const block = blockAt.get(at);
    if (block === undefined) throw new RangeError(`a jump goes to instruction ${at}, outside the program`);
    return block;
  };
  const blocks = starts.map((start, index): Block => {
    const end = starts[index + 1] ?? program.length;
    const last = program[end - 1]!;
    const jumps = classOf(last.code) === JMP || classOf(last.code) === RET;
    const body = program.slice(start, jumps ? end - 1 : end);
    const statements = body.map(({ code, k, span }) =>
      span === undefined ? { code, k } : { code, k, span },
    );
    return {
      statements,
      exit: jumps ? exitOf(last, end - 1, target) : { kind: 'goto', target: target(end) },
    };
  });
  return { blocks, entry: 0 };
}

function blockStarts(program: Program): number[] {
  const starts = new Set([0]);
  for (const [index, { code, jt, jf, k }] of program.entries()) {
    if (classOf(code) === RET && index + 1 < program.length) starts.add(index + 1);
    if (classOf(code) !== JMP) continue;
    const next = index + 1;
    for (const to of isConditional(code) ? [next + jt, next + jf] : [next + (k | 0)]) starts.add(to);
    if (next < program.length) starts.add(next);
  }
  return [...starts].filter((start) => start >= 0 && start < program.length).sort((a, b) => a - b);
}

function exitOf(
  { code, jt, jf, k, span }: Program[number],
  index: number,
  target: (at: number) => number,
): Exit {
  const where = span === undefined ? {} : { span };
  if (classOf(code) === RET) return { kind: 'return', code, k, ...where };
  const next = index + 1;
  if (!isConditional(code)) return { kind: 'goto', target: target(next + (k | 0)) };
  return { kind: 'branch', code, k, onTrue: target(next + jt), onFalse: target(next + jf), ...where };
}
