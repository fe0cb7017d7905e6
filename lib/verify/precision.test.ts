/**
 * What is known at each instruction, against two witnesses: the log of the kernel's verifier on the
 * same paths (no less may be known here), and runs of the program (no value may be missing).
 */

import test from 'ava';
import {
  CALL,
  classOf,
  EXIT,
  JA,
  JMP,
  JMP32,
  Memory,
  operationOf,
  RuntimeFault,
  STACK_SIZE,
} from '../ebpf/index.js';
import { Follower } from '../testing/follow.js';
import { type LoggedState, type LoggedValue, readLog } from '../testing/kernelLog.js';
import { generator } from '../testing/random.js';
import { Tally, vectors } from '../testing/vectors.js';
import {
  isStrict,
  mapsOf,
  programOf,
  runnable,
  typeOf,
  type VerifierRow,
  verifierRows,
} from '../testing/verifierVectors.js';
import * as scalars from './numbers/scalar.js';
import type { VerifyOptions } from './rules/options.js';
import { Rejected } from './rules/report.js';
import { currentFrame, type State } from './state/state.js';
import type { Pointer, PointerType, Value } from './state/value.js';
import { verify } from './walk/verifier.js';

interface LogRow {
  readonly id: string;
  readonly log: string;
}

const TYPES: Readonly<Record<string, PointerType>> = {
  ctx: 'context',
  pkt: 'packet',
  pkt_meta: 'packetMeta',
  pkt_end: 'packetEnd',
  fp: 'stack',
  map_ptr: 'map',
  map_value: 'mapValue',
  map_value_or_null: 'mapValueOrNull',
  sock_common: 'socket',
  sock_common_or_null: 'socketOrNull',
};

/** Whether as much is known of a register as the kernel knows. */
function isAsTight(value: Value, logged: LoggedValue, depth: number): boolean {
  if (logged.type === 'scalar')
    return value.kind === 'scalar' && scalars.includes(logged.scalar, value.scalar);
  if (value.kind !== 'pointer' || value.type !== TYPES[logged.type]) return false;
  if (value.type === 'stack' && value.frame !== (logged.frame ?? depth)) return false;
  if ((value.type === 'packet' || value.type === 'packetMeta') && value.range < logged.range) return false;
  return value.offset === logged.offset && scalars.includes(logged.scalar, value.variable);
}

const optionsOf = (row: VerifierRow): VerifyOptions | undefined => {
  const type = typeOf(row);
  return type === undefined ? undefined : { type, maps: mapsOf(row), strictAlignment: isStrict(row) };
};

const show = (value: unknown): string =>
  JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? part.toString() : part));

test('as much is known of each register as in the log of the kernel', (t) => {
  const tally = new Tally('verifier: precision, registers as tight as in the log');
  const numbers = new Tally('verifier: precision, those that hold numbers');
  const rows = new Map(verifierRows(t, Number.POSITIVE_INFINITY).map((row) => [row.id, row]));
  for (const { id, log } of vectors<LogRow>(t, 'vectors/kernel/verifier_log.jsonl', 250)) {
    const row = rows.get(id);
    const options = row === undefined ? undefined : optionsOf(row);
    const program = row === undefined ? undefined : programOf(row);
    if (row === undefined || options === undefined || program === undefined) {
      tally.leaveOut('of other types');
      continue;
    }
    const compare = (index: number, state: State, logged: LoggedState): void => {
      for (const [register, value] of logged.registers) {
        const own = currentFrame(state).registers[register]!;
        if (state.frames.length - 1 !== logged.frame) continue;
        const tight = isAsTight(own, value, logged.frame);
        const told = (): string =>
          `${id} ${row.descr}, after ${index}: r${register} ${show(own)} | ${show(value)}`;
        tally.check(tight, told);
        if (value.type === 'scalar') numbers.check(tight, told);
      }
    };
    let follower: Follower;
    try {
      follower = new Follower(program, options);
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      tally.leaveOut('of the wrong form');
      continue;
    }
    const events = readLog(log);
    for (const [at, event] of events.entries()) {
      switch (event.kind) {
        case 'instruction': {
          follower.arrive(event.index);
          if (follower.isOn) follower.step();
          else tally.leaveOut('instructions on paths that are dead or refused here');
          const next = events
            .slice(at + 1)
            .find((later) => later.kind !== 'state' || later.index !== event.index);
          if (next !== undefined && 'index' in next && next.kind !== 'from') follower.arrive(next.index);
          if (event.after !== undefined && follower.isOn)
            compare(event.index, follower.path.state, event.after);
          break;
        }
        case 'state':
          if (event.index !== follower.last) follower.arrive(event.index);
          if (follower.isOn) compare(follower.last, follower.path.state, event.state);
          break;
        case 'from':
          follower.resume(event.from, event.index);
          if (event.state !== undefined && follower.isOn)
            compare(event.from, follower.path.state, event.state);
          break;
        case 'safe':
          follower.isOn = false;
          break;
      }
    }
  }
  tally.finish(t, 0.95);
  numbers.finish(t, 0.95);
});

const isBranch = (opcode: number): boolean => {
  const kind = classOf(opcode);
  return (kind === JMP || kind === JMP32) && ![JA, CALL, EXIT].includes(operationOf(opcode));
};

/** Where the bytes that a pointer counts from lie, where that is one place. */
function originOf(pointer: Pointer, memory: Memory, length: number): number | undefined {
  const region = (name: string): number | undefined => memory.pages.find((page) => page?.name === name)?.base;
  switch (pointer.type) {
    case 'stack':
      return memory.frame(pointer.frame).base + STACK_SIZE;
    case 'context':
      return region('context');
    case 'packet':
    case 'packetMeta':
      return region('packet');
    case 'packetEnd':
      return region('packet')! + length;
    default:
      return undefined;
  }
}

function holds(value: Value, concrete: bigint, memory: Memory, length: number): boolean {
  if (value.kind === 'none') return true;
  if (value.kind === 'scalar') return scalars.contains(value.scalar, concrete);
  const origin = originOf(value, memory, length);
  if (origin === undefined) return true;
  return scalars.contains(value.variable, BigInt.asUintN(64, concrete - BigInt(origin + value.offset)));
}

test('no value that a run has is missing', (t) => {
  const tally = new Tally('verifier: precision, values of runs that are in the sets');
  const random = generator(20_261_124);
  for (const row of verifierRows(t, 250)) {
    const [options, program] = [optionsOf(row), programOf(row)];
    if (row.scope === 'other' || options === undefined || program === undefined) continue;
    if (!verify(program, { ...options, budget: 20_000 }).accepted) continue;
    if (program.some(({ opcode, offset }) => isBranch(opcode) && offset === 0)) {
      tally.leaveOut('programs with a jump whose sides meet at once: a run does not tell which it took');
      continue;
    }
    const memory = new Memory();
    let follower: Follower;
    let length = 0;
    const run = runnable(row, program, options.type, memory, {
      budget: 3000,
      observe: (index, _, registers) => {
        if (follower.path.instructions[index] === undefined) return;
        follower.arrive(index);
        tally.check(
          follower.isOn,
          () => `${row.id} ${row.descr}: ${index} is reached; ${follower.rejection?.message ?? ''}`,
        );
        if (!follower.isOn) return;
        for (const [register, value] of currentFrame(follower.path.state).registers.entries()) {
          const isIn = holds(value, registers[register]!, memory, length);
          tally.check(
            isIn,
            () =>
              `${row.id} ${row.descr}, before ${index}: r${register} = ${registers[register]} | ${show(value)}`,
          );
        }
        follower.step();
      },
    });
    for (let round = 0; round < 3; round++) {
      const bytes = Uint8Array.from({ length: random(120) }, () => random(256));
      length = bytes.length;
      follower = new Follower(program, options);
      try {
        run(bytes, 0, length, length, { packetType: random(5), vlanTci: random(4096) });
      } catch (error) {
        if (!(error instanceof RuntimeFault)) throw error;
        const allowed =
          (error.kind === 'read-only' && error.region === 'packet') ||
          error.kind === 'budget' ||
          error.kind === 'unknown-helper';
        tally.check(allowed, () => `${row.id} ${row.descr}: ${error.message}`);
      }
    }
  }
  tally.finish(t);
});
