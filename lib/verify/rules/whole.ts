/**
 * What can be told of a program once all its paths have been followed: how much stack its chains of calls need, and that the
 * functions whose addresses it takes are there.
 */

import { functionNamed, type Instruction, STACK_SIZE, TAIL_CALL } from '../../ebpf/index.js';
import type { Path } from './path.js';
import { Rejected } from './report.js';

/** Linux rounds the stack of a function up to this, for its compilers to machine code. */
const FRAME_ALIGNMENT = 16;
/** Stack that the callers of a function may have which makes tail calls. */
const BEFORE_TAIL_CALL = 256;

/** The first slot of a function that an instruction calls, or takes the address of. */
export const calleeOf = (instruction: Instruction | undefined, index: number): number | undefined =>
  instruction?.kind === 'callLocal' ? index + 1 + instruction.distance : functionNamed(instruction, index);

/**
 * A function that is never entered goes with all dead code; where nothing stands behind it, its address is then none, and
 * Linux cannot make machine code of the program (`jit_subprogs`).
 */
export function checkAddresses({ instructions, notes, isLinux, privileged }: Path): void {
  if (!isLinux || !privileged) return;
  const last = instructions.findLastIndex((_, index) => notes.hasReached(index));
  const isAlone = !instructions.some((instruction, index) => {
    const callee = calleeOf(instruction, index);
    return callee !== undefined && callee > 0 && notes.hasReached(callee);
  });
  // Then there is nothing but the main program left.
  if (isAlone) return;
  for (const [index, instruction] of instructions.entries()) {
    const callee = functionNamed(instruction, index);
    if (callee === undefined || callee <= last || !notes.hasReached(index)) continue;
    throw new Rejected(
      'unreachable-code',
      callee,
      'this function is never entered, and its address is taken',
    );
  }
}

/** All frames of a chain of calls together have the stack of one (Linux `check_max_stack_depth`). */
export function checkStackDepth(path: Path): void {
  const { calls, depths } = path;
  if (calls.size === 0) return;
  const own = (entry: number): number =>
    Math.ceil((depths.get(entry) ?? 0) / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
  const tailCallers = path.isLinux ? functionsWithTailCalls(path) : new Set<number>();
  /** Most stack that there may be before a function. */
  const before = new Map<number, number>();
  const arrive = (entry: number, used: number): void => {
    const known = before.get(entry);
    if (known !== undefined && known >= used) return;
    before.set(entry, used);
    if (entry > 0 && used >= BEFORE_TAIL_CALL && tailCallers.has(entry))
      throw new Rejected(
        'stack-depth',
        entry,
        `${used} bytes of stack before a function that makes a tail call`,
      );
    const total = used + own(entry);
    if (total > STACK_SIZE)
      throw new Rejected('stack-depth', 0, `${total} bytes of stack over a chain of calls, of ${STACK_SIZE}`);
    for (const { target } of calls.get(entry) ?? []) arrive(target, total);
  };
  arrive(0, 0);
}

function functionsWithTailCalls({ instructions }: Path): ReadonlySet<number> {
  const entries = new Set([0]);
  for (const [at, instruction] of instructions.entries()) {
    const callee = calleeOf(instruction, at);
    if (callee !== undefined) entries.add(callee);
  }
  const found = new Set<number>();
  let entry = 0;
  for (const [at, instruction] of instructions.entries()) {
    if (entries.has(at)) entry = at;
    if (instruction?.kind === 'call' && instruction.helper === TAIL_CALL) found.add(entry);
  }
  return found;
}
