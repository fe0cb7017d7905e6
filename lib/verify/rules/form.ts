/**
 * What can be told of a program without following paths: that it is well formed, that all of it can be
 * reached, how deep its calls go and how much stack they need.
 */

import { decode, slotsOf } from '../../ebpf/instruction.js';
import { MAX_FRAMES, STACK_SIZE } from '../../ebpf/opcodes.js';
import { type ProblemKind, validate } from '../../ebpf/validator.js';
import { nextSlots } from '../state/liveness.js';
import type { RejectionKind } from './kinds.js';
import type { Path } from './path.js';
import { Rejected } from './report.js';

const UNPRIVILEGED_LENGTH = 4096;
const PRIVILEGED_LENGTH = 1_000_000;
/** Linux rounds the stack of a function up to this. */
const FRAME_ALIGNMENT = 32;

const KINDS: Readonly<Record<ProblemKind, RejectionKind>> = {
  empty: 'empty',
  'too-long': 'too-long',
  'unknown-opcode': 'unknown-opcode',
  'reserved-field': 'reserved-field',
  'bad-register': 'bad-register',
  'incomplete-wide': 'bad-immediate',
  'jump-out-of-range': 'bad-jump',
  'jump-into-wide': 'bad-jump',
  'endless-jump': 'infinite-loop',
  'falls-off-end': 'falls-off-end',
  'unknown-helper': 'unknown-helper',
  'write-to-frame-pointer': 'frame-pointer-write',
  'packet-load': 'packet-load',
};

export function checkForm(path: Path): void {
  const { program } = path;
  const limit = path.privileged ? PRIVILEGED_LENGTH : UNPRIVILEGED_LENGTH;
  if (program.length > limit)
    throw new Rejected('too-long', limit, `${program.length} instructions, of ${limit}`);
  const problem = validate(program, { maxLength: limit, framePointerWrites: true, endlessJumps: true });
  if (problem !== undefined) throw new Rejected(KINDS[problem.kind], problem.index, problem.message);
  for (let index = 0; index < program.length; ) {
    const instruction = decode(program, index);
    path.instructions[index] = instruction;
    if (slotsOf(instruction) === 2) path.instructions[index + 1] = undefined;
    index += slotsOf(instruction);
  }
  checkGraph(path);
  checkCallDepth(path);
}

/** Every instruction can be reached; the unprivileged may not jump back. */
function checkGraph(path: Path): void {
  const { instructions } = path;
  const colour = new Uint8Array(instructions.length);
  const joins = new Int32Array(instructions.length);
  const entries = [0];
  const starts = new Set(entries);
  while (entries.length > 0) {
    const stack = [{ index: entries.pop()!, edge: 0 }];
    if (colour[stack[0]!.index] !== 0) continue;
    colour[stack[0]!.index] = 1;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const instruction = instructions[top.index]!;
      const next = nextSlots(instruction, top.index)[top.edge++];
      if (next === undefined) {
        colour[top.index] = 2;
        stack.pop();
        continue;
      }
      if (instruction.kind === 'callLocal' && top.edge === 1) {
        if (!path.privileged)
          throw new Rejected(
            'privileged-only',
            top.index,
            'functions are for privileged users',
            'inline them',
          );
        entries.push(top.index + 1 + instruction.distance);
        starts.add(top.index + 1 + instruction.distance);
      }
      joins[next]!++;
      if (colour[next] === 1 && !path.privileged) {
        throw new Rejected(
          'back-edge',
          top.index,
          `a jump back, to ${next}`,
          'loops are for privileged users',
        );
      }
      if (colour[next] === 0) {
        colour[next] = 1;
        stack.push({ index: next, edge: 0 });
      }
    }
  }
  const dead = instructions.findIndex(
    (instruction, index) => instruction !== undefined && colour[index] === 0,
  );
  if (dead >= 0)
    throw new Rejected('unreachable-code', dead, 'this instruction can never be reached', 'remove it');
  // One edge more leads to where a function begins. Behind a branch no other path comes in: what is known
  // there was known before it.
  joins.forEach((count, index) => {
    if (count > (starts.has(index) ? 0 : 1)) path.isJoin[index] = true;
  });
}

/** Calls nest at most eight deep, whatever path is taken; so nothing calls itself. */
function checkCallDepth(path: Path): void {
  const { instructions } = path;
  const { calls } = path;
  const entries = new Set([0]);
  for (const [at, instruction] of instructions.entries()) {
    if (instruction?.kind === 'callLocal') entries.add(at + 1 + instruction.distance);
  }
  let entry = 0;
  for (const [at, instruction] of instructions.entries()) {
    if (entries.has(at)) entry = at;
    if (instruction?.kind !== 'callLocal') continue;
    const list = calls.get(entry) ?? [];
    list.push({ at, target: at + 1 + instruction.distance });
    calls.set(entry, list);
  }
  /** Frames that a function and all it calls need; a call still being followed is a recursion. */
  const frames = new Map<number, number>();
  const depthOf = (functionEntry: number, depth: number): number => {
    const known = frames.get(functionEntry);
    if (known !== undefined) return known;
    let deepest = 1;
    for (const { at, target } of calls.get(functionEntry) ?? []) {
      if (depth >= MAX_FRAMES)
        throw new Rejected('call-depth', at, `calls nest deeper than ${MAX_FRAMES} frames`);
      deepest = Math.max(deepest, 1 + depthOf(target, depth + 1));
    }
    frames.set(functionEntry, deepest);
    return deepest;
  };
  if (depthOf(0, 1) > MAX_FRAMES)
    throw new Rejected('call-depth', 0, `calls nest deeper than ${MAX_FRAMES} frames`);
}

/** All frames of a chain of calls together have the stack of one (Linux `check_max_stack_depth`). */
export function checkStackDepth(path: Path): void {
  const need = new Map<number, number>();
  const needOf = (entry: number): number => {
    const known = need.get(entry);
    if (known !== undefined) return known;
    const own = Math.max(1, Math.ceil((path.depths.get(entry) ?? 0) / FRAME_ALIGNMENT)) * FRAME_ALIGNMENT;
    let deepest = 0;
    for (const { target } of path.calls.get(entry) ?? []) deepest = Math.max(deepest, needOf(target));
    need.set(entry, own + deepest);
    return own + deepest;
  };
  const total = needOf(0);
  if (total > STACK_SIZE && path.calls.size > 0)
    throw new Rejected('stack-depth', 0, `${total} bytes of stack over a chain of calls, of ${STACK_SIZE}`);
}
