/**
 * What can be told of a program once all its paths have been followed: how much stack its chains of calls need, and that the
 * functions whose addresses it takes are there.
 */

import { functionNamed, type Instruction, MAX_FRAMES, STACK_SIZE, TAIL_CALL } from '../../ebpf/index.js';
import type { Notes } from './proofs.js';
import { Rejected } from './report.js';
import type { Subject } from './subject.js';

/** Linux rounds the stack of a function up to this, for its compilers to machine code. */
const FRAME_ALIGNMENT = 16;
/** Stack that the callers of a function may have which makes tail calls. */
const BEFORE_TAIL_CALL = 256;

/** The first slot of a function that an instruction calls, or takes the address of. */
export const calleeOf = (instruction: Instruction | undefined, index: number): number | undefined =>
  instruction?.kind === 'callLocal' ? index + 1 + instruction.distance : functionNamed(instruction, index);

/**
 * A function that is never entered goes with all dead code, and its address stays what it was. Where no other function has
 * come to stand there, Linux cannot make machine code of the program (`opt_remove_dead_code`, `jit_subprogs`).
 */
export function checkAddresses({ instructions, isLinux, privileged }: Subject, notes: Notes): void {
  if (!isLinux || !privileged) return;
  /** By slot: how many before it are gone, and where the dead code around it begins. */
  const gone: number[] = [0];
  const deadFrom: number[] = [];
  const isLive = (slot: number): boolean =>
    notes.hasReached(slot) || (instructions[slot] === undefined && notes.hasReached(slot - 1));
  for (let slot = 0; slot < instructions.length; slot++) {
    gone.push(gone[slot]! + (isLive(slot) ? 0 : 1));
    deadFrom.push(isLive(slot) ? slot : slot > 0 && !isLive(slot - 1) ? deadFrom[slot - 1]! : slot);
  }
  const starts = new Set([0]);
  for (const [index, instruction] of instructions.entries()) {
    const callee = calleeOf(instruction, index);
    if (callee !== undefined && notes.hasReached(callee)) starts.add(callee - gone[callee]!);
  }
  // Then there is nothing but the main program left.
  if (starts.size === 1) return;
  for (const [index, instruction] of instructions.entries()) {
    const callee = functionNamed(instruction, index);
    if (callee === undefined || !notes.hasReached(index)) continue;
    const from = deadFrom[callee]!;
    if (!starts.has(callee - gone[from]!))
      throw new Rejected(
        'unreachable-code',
        callee,
        'this function is never entered, and its address is taken',
      );
  }
}

/** All frames of a chain of calls together have the stack of one (Linux `check_max_stack_depth`). */
export function checkStackDepth(
  subject: Subject,
  depths: ReadonlyMap<number, number>,
  timed: ReadonlySet<number>,
): void {
  const { calls, instructions } = subject;
  if (calls.size === 0) return;
  const own = (entry: number): number =>
    Math.ceil((depths.get(entry) ?? 0) / FRAME_ALIGNMENT) * FRAME_ALIGNMENT;
  const tailCallers = subject.isLinux ? functionsWithTailCalls(subject) : new Set<number>();
  /** Most stack, and most frames, that there may be before a function. */
  const before = new Map<number, number>();
  const deepest = new Map<number, number>();
  const arrive = (entry: number, used: number, frames: number): void => {
    if (frames > MAX_FRAMES)
      throw new Rejected('call-depth', entry, `calls nest deeper than ${MAX_FRAMES} frames`);
    const known = before.get(entry) ?? -1;
    const depth = deepest.get(entry) ?? 0;
    if (known >= used && depth >= frames) return;
    before.set(entry, Math.max(known, used));
    deepest.set(entry, Math.max(depth, frames));
    if (entry > 0 && used >= BEFORE_TAIL_CALL && tailCallers.has(entry))
      throw new Rejected(
        'stack-depth',
        entry,
        `${used} bytes of stack before a function that makes a tail call`,
      );
    const total = used + own(entry);
    if (total > STACK_SIZE)
      throw new Rejected('stack-depth', 0, `${total} bytes of stack over a chain of calls, of ${STACK_SIZE}`);
    for (const { at, target } of calls.get(entry) ?? []) {
      const isCall = instructions[at]!.kind === 'callLocal';
      if (timed.has(target) && tailCallers.has(target))
        throw new Rejected('unknown-helper', target, 'a function that a timer calls cannot make tail calls');
      if (isCall || !timed.has(target)) arrive(target, total, frames + 1);
    }
  };
  for (const entry of [0, ...timed]) arrive(entry, 0, 1);
}

function functionsWithTailCalls({ instructions, entries }: Subject): ReadonlySet<number> {
  const found = new Set<number>();
  let entry = 0;
  for (const [at, instruction] of instructions.entries()) {
    if (entries.has(at)) entry = at;
    if (instruction?.kind === 'call' && instruction.helper === TAIL_CALL) found.add(entry);
  }
  return found;
}
