/**
 * What can be told of a program without following paths: that it is well formed, that all of it can be
 * reached, how deep its calls go and how much stack they need.
 */

import {
  callsBack,
  decode,
  functionNamed,
  KFUNCS,
  MAX_FRAMES,
  type Program,
  PSEUDO,
  SETS_CALLBACK,
  slotsOf,
  validate,
} from '../../ebpf/index.js';
import { ARITHMETIC } from '../numbers/arithmetic.js';
import { nextSlots } from '../state/liveness.js';
import type { MapInfo } from '../state/value.js';
import { CONTEXTS } from './context.js';
import { KINDS, withoutFaults } from './faults.js';
import type { RejectionKind } from './kinds.js';
import type { VerifyOptions } from './options.js';
import { Rejected } from './report.js';
import type { Subject } from './subject.js';
import { calleeOf } from './whole.js';

const TAIL_CALL = 12;
const UNPRIVILEGED_LENGTH = 4096;
const PRIVILEGED_LENGTH = 1_000_000;
/** Maps that a program may name, and functions it may have (Linux `MAX_USED_MAPS`, `BPF_MAX_SUBPROGS`). */
const MOST_MAPS = 64;
const MOST_FUNCTIONS = 256;

/**
 * Looks at a program without following paths.
 *
 * @throws Rejected for what is wrong whatever path is taken
 */
export function examine(program: Program, options: VerifyOptions): Subject {
  const subject: Subject = {
    program,
    options,
    rules: CONTEXTS[options.type],
    privileged: options.privileged ?? true,
    isLinux: options.rules !== 'sound',
    numbers: ARITHMETIC[options.rules ?? 'linux'],
    instructions: [],
    faults: new Map(),
    isJoin: [],
    isTarget: [],
    calls: new Map(),
    entries: new Set([0]),
  };
  checkForm(subject);
  return subject;
}

function checkForm(subject: Subject): void {
  const { program } = subject;
  if (subject.isLinux && !subject.privileged && subject.rules.unprivileged !== true)
    throw new Rejected('privileged-only', 0, 'programs of this type are for privileged users');
  const limit = subject.privileged ? PRIVILEGED_LENGTH : UNPRIVILEGED_LENGTH;
  if (program.length > limit)
    throw new Rejected('too-long', limit, `${program.length} instructions, of ${limit}`);
  const cleaned = withoutFaults(subject);
  const problem = validate(cleaned, { maxLength: limit, framePointerWrites: true, endlessJumps: true });
  if (problem !== undefined) throw new Rejected(KINDS[problem.kind], problem.index, problem.message);
  for (let index = 0; index < program.length; ) {
    const instruction = decode(cleaned, index);
    if (instruction.kind === 'callKfunc' && !isKnown(subject, instruction.id))
      throw new Rejected('unknown-helper', index, 'a function of the kernel that is not known here');
    if (instruction.kind === 'callRegister')
      throw new Rejected(
        'unknown-opcode',
        index,
        'a helper whose number is not known',
        'call it by its number',
      );
    subject.instructions[index] = instruction;
    if (slotsOf(instruction) === 2) subject.instructions[index + 1] = undefined;
    index += slotsOf(instruction);
  }
  checkImmediates(subject);
  checkGraph(subject);
  checkCallDepth(subject);
  checkFunctions(subject);
}

/** Numbers are ours where programs come from objects; others give those of some kernel. */
const isKnown = ({ options }: Subject, kfunc: number): boolean =>
  options.structs !== undefined && KFUNCS[kfunc - 1] !== undefined;

/** Every instruction can be reached; the unprivileged may not jump back. */
function checkGraph(subject: Subject): void {
  const { instructions } = subject;
  const colour = new Uint8Array(instructions.length);
  const entries = [0];
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
      const callee = calleeOf(instruction, top.index);
      if (callee !== undefined && top.edge === 1) {
        if (!subject.privileged)
          throw new Rejected(
            'privileged-only',
            top.index,
            'functions are for privileged users',
            'inline them',
          );
        entries.push(callee);
      }
      if (colour[next] === 1 && !subject.privileged) {
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
  markComparisons(subject);
}

/**
 * Where states are compared: at branches, where jumps and calls lead, and behind every call, of a helper too. Where a
 * jump leads, and the way back from a call, are points that going back has to know (Linux `mark_prune_point`,
 * `mark_jmp_point`).
 */
function markComparisons({ instructions, isJoin, isTarget }: Subject): void {
  const target = (index: number): void => {
    isJoin[index] = true;
    isTarget[index] = true;
  };
  for (const [index, instruction] of instructions.entries()) {
    switch (instruction?.kind) {
      case 'branch':
      case 'mayGoto':
        isJoin[index] = true;
        target(index + 1 + instruction.distance);
        break;
      case 'call':
        if (callsBack(instruction)) target(index);
        else if (instruction.helper === SETS_CALLBACK) isJoin[index] = true;
        target(index + 1);
        break;
      case 'wide': {
        const callee = functionNamed(instruction, index);
        if (callee === undefined) break;
        isJoin[index] = true;
        target(index + 2);
        target(callee);
        break;
      }
      case 'callKfunc':
        target(index + 1);
        break;
      case 'callLocal':
        isJoin[index] = true;
        target(index + 1);
        target(index + 1 + instruction.distance);
        break;
      case 'jump':
        target(index + 1 + instruction.distance);
        break;
      default:
    }
  }
}

/** Maps of which a program has one of a kind at most (`bpf_cgroup_storage_assign`). */
const STORAGES: ReadonlySet<string> = new Set(['cgroupStorage', 'perCpuCgroupStorage']);

/** Every 64-bit immediate is one, or names a map (`resolve_pseudo_ldimm64`). */
function checkImmediates(subject: Subject): void {
  const { instructions, options } = subject;
  const storages = new Map<string, MapInfo>();
  const named = new Set<MapInfo>();
  for (const [index, instruction] of instructions.entries()) {
    if (instruction?.kind !== 'wide' || instruction.pseudo === PSEUDO.none) continue;
    if (instruction.pseudo === PSEUDO.func) continue;
    const { pseudo, high } = instruction;
    const reject = (kind: RejectionKind, message: string, remedy = ''): never => {
      throw new Rejected(kind, index, message, remedy);
    };
    const isMap = pseudo === PSEUDO.mapFd || pseudo === PSEUDO.mapIndex;
    if (!isMap && pseudo !== PSEUDO.mapValue && pseudo !== PSEUDO.mapIndexValue)
      reject('bad-immediate', `a 64-bit immediate of kind ${pseudo} is not known here`);
    if (isMap && high !== 0) reject('bad-immediate', 'a map has no offset');
    const map = options.maps?.get(index);
    if (map === undefined)
      throw new Rejected(
        'bad-immediate',
        index,
        'the 64-bit immediate names no map',
        'give the map in the options',
      );
    if (named.add(map).size > MOST_MAPS && subject.isLinux)
      reject('bad-immediate', `more than ${MOST_MAPS} maps`, 'put what is alike into one map');
    if (STORAGES.has(map.kind)) {
      const known = storages.get(map.kind) ?? map;
      storages.set(map.kind, known);
      if (known !== map) reject('map-access', `a program has one map of kind ${map.kind}`);
    }
    if (map.spinLock !== undefined && subject.rules.letter === 'S')
      reject('map-access', 'maps with locks are not for this type of program');
    if (isMap) continue;
    if (map.kind !== 'array' || (map.entries ?? 1) !== 1)
      reject('bad-immediate', 'only values of arrays of one entry have fixed addresses');
    if (high >>> 0 >= map.valueSize)
      reject('outside-map-value', `offset ${high >>> 0} of a value of ${map.valueSize} bytes`);
  }
}

/** Functions may neither call tails nor load from the packet, unless their types say that this is right (`check_abnormal_return`). */
function checkFunctions({ instructions, isLinux, options, entries }: Subject): void {
  if (!isLinux) return;
  let isFunction = false;
  for (const [at, instruction] of instructions.entries()) {
    if (entries.has(at)) isFunction = at !== 0 && options.functions?.get(at)?.returns !== 'number';
    if (!isFunction) continue;
    if (instruction?.kind === 'packet')
      throw new Rejected('packet-load', at, 'LD_ABS and LD_IND cannot be used in functions without types');
    if (instruction?.kind === 'call' && instruction.helper === TAIL_CALL)
      throw new Rejected('unknown-helper', at, 'functions without types cannot make tail calls');
  }
}

/** Calls nest at most eight deep, whatever path is taken; so nothing calls itself. */
function checkCallDepth(subject: Subject): void {
  const { instructions } = subject;
  const { calls, entries } = subject;
  for (const [at, instruction] of instructions.entries()) {
    const callee = calleeOf(instruction, at);
    if (callee !== undefined) entries.add(callee);
  }
  if (entries.size > MOST_FUNCTIONS && subject.isLinux)
    throw new Rejected('too-long', Math.max(...entries), `${entries.size} functions, of ${MOST_FUNCTIONS}`);
  let entry = 0;
  for (const [at, instruction] of instructions.entries()) {
    if (entries.has(at)) entry = at;
    const target = calleeOf(instruction, at);
    if (target === undefined) continue;
    const list = calls.get(entry) ?? [];
    list.push({ at, target });
    calls.set(entry, list);
  }
  // What timers call may set itself up again: which functions these are, the walk finds out (`checkStackDepth`).
  const isTimed = instructions.some((one) => one?.kind === 'call' && one.helper === SETS_CALLBACK);
  /** Frames that a function and all it calls need; a call still being followed is a recursion. */
  const frames = new Map<number, number>();
  const depthOf = (functionEntry: number, depth: number): number => {
    const known = frames.get(functionEntry);
    if (known !== undefined) return known;
    let deepest = 1;
    for (const { at, target } of calls.get(functionEntry) ?? []) {
      if (isTimed && instructions[at]!.kind === 'wide') continue;
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
