/**
 * What stands around the functions of a compiled program: what the host gives, the checks and calls that all
 * functions share, and the entries.
 */

import { opcodes } from '../../ebpf/index.js';
import {
  CodeWriter,
  type DefinedFunction,
  type Global,
  type ImportedFunction,
  type Local,
} from '../../wasm/index.js';
import { BATCH_ROW } from '../shared/rows.js';
import type { Convention } from './convention.js';
import type { EbpfFunction } from './ebpfFlow.js';
import { emitBody } from './emit.js';
import {
  type FixedRegion,
  LOCALS,
  PACKET_LENGTH,
  PACKET_START,
  PASSED,
  REGISTER_LOCALS,
  type Surroundings,
} from './emitter.js';
import { REGISTERS_HIGH, REGISTERS_LOW } from './linear.js';

const { FRAME_POINTER } = opcodes;

/** Wide enough for any program whose budget the interpreter would take. */
export const MOST_FUEL = 0x7fff_ffff;

export const IMPORTS: readonly ImportedFunction[] = [
  { module: 'weir', name: 'helper', type: { params: ['i32', 'i32'], results: ['i32'] } },
  { module: 'weir', name: 'fault', type: { params: ['i32', 'i32'], results: [] } },
  { module: 'weir', name: 'locate', type: { params: ['i32', 'i32', 'i32', 'i32', 'i32'], results: [] } },
  { module: 'weir', name: 'headerOffset', type: { params: ['i32'], results: ['i32'] } },
];
export const importOf = (name: string): number => IMPORTS.findIndex((row) => row.name === name);
/** Indexes of functions: imports come first, then what every module has, then the program's own. */
export const ACCESS = IMPORTS.length;
export const CALL_HELPER = ACCESS + 1;
export const ENTRY = ACCESS + 2;
export const MAIN = ACCESS + 3;

/** Where {@link callbackFunction} is, behind the program's functions. */
export const CALLBACK = 'callFunction';

/** Lets helpers call a function by its first slot, on the frame behind that of their caller: registers lie in the memory. */
export function callbackFunction({
  callbacks,
  functions,
  convention,
  frameStep,
}: Surroundings): DefinedFunction {
  const [slot, frame] = [0, 1] as const;
  const code = new CodeWriter();
  const { parameters, results } = PASSED[convention];
  for (const entry of callbacks) {
    code.get(slot).i32(entry).op('i32.eq').op('if');
    for (let register = 1; register <= 5; register++) emitStoredRegister(code, register);
    code.get(frame).i32(frameStep).op('i32.add').op('i64.extend_i32_u');
    for (let parameter = 6; parameter < parameters; parameter++) code.i64(0n);
    code.op('call', functions.local.get(entry)!);
    for (let result = 1; result < results.length; result++) code.op('drop');
    code.set(2);
    emitStoreResult(code, 2);
    code.op('return').op('end');
  }
  code.op('unreachable');
  return {
    name: CALLBACK,
    params: locals('i32', 'slot', 'frame'),
    results: [],
    locals: locals('i64', 'result'),
    body: code.bytes,
  };
}

/** How a module is entered: for one run, in the tail of another program's, for each row of a table. */
export type Entry = 'start' | 'resume' | 'batch';

/** Indexes of globals. */
export const GLOBAL = { fuel: 0, packetStart: 1, packetLength: 2, resultHigh: 3, wireLength: 4 } as const;
export const GLOBALS: readonly Global[] = Object.keys(GLOBAL).map((name) => ({
  name,
  type: 'i32',
  value: 0n,
}));

const locals = (type: Local['type'], ...names: readonly string[]): readonly Local[] =>
  names.map((name) => ({ name, type }));

/** Looks through all fixed regions, then asks the host, who knows the others and has words for faults. */
export function accessFunction(regions: readonly FixedRegion[]): DefinedFunction {
  const params = [...locals('i64', 'address'), ...locals('i32', 'size', 'write', 'index')];
  const [address, size, write, index, offset] = [0, 1, 2, 3, 4] as const;
  const code = new CodeWriter();
  for (const { base, length, writable } of regions) {
    if (length === 0) continue;
    code.get(address).i64(BigInt(base)).op('i64.sub').tee(offset).i64(BigInt(length)).op('i64.lt_u');
    code.get(offset).get(size).op('i64.extend_i32_u').op('i64.add').i64(BigInt(length)).op('i64.le_u');
    code.op('i32.and');
    if (!writable) code.get(write).op('i32.eqz').op('i32.and');
    code.op('if').op('return').op('end');
  }
  code.get(address).op('i32.wrap_i64').get(address).i64(32n).op('i64.shr_u').op('i32.wrap_i64');
  code.get(size).get(write).get(index).op('call', importOf('locate'));
  return { name: 'access', params, results: [], locals: locals('i64', 'offset'), body: code.bytes };
}

/** Puts r0–r5 and r10 where helpers look, calls one, and gives r0 and whether the program has ended. */
export const HELPER_FUNCTION: DefinedFunction = (() => {
  const registers = [0, 1, 2, 3, 4, 5, FRAME_POINTER];
  const params = [...locals('i32', 'number', 'index'), ...locals('i64', ...registers.map((r) => `r${r}`))];
  const code = new CodeWriter();
  registers.forEach((register, place) => {
    code
      .i32(0)
      .get(2 + place)
      .op('i64.store32', REGISTERS_LOW + 4 * register);
    code
      .i32(0)
      .get(2 + place)
      .i64(32n)
      .op('i64.shr_u')
      .op('i64.store32', REGISTERS_HIGH + 4 * register);
  });
  const ended = params.length;
  code.get(0).get(1).op('call', importOf('helper')).set(ended);
  code.i32(0).op('i64.load32_u', REGISTERS_HIGH).i64(32n).op('i64.shl');
  code.i32(0).op('i64.load32_u', REGISTERS_LOW).op('i64.or').get(ended);
  return {
    name: 'callHelper',
    params,
    results: ['i64', 'i32'],
    locals: locals('i32', 'ended'),
    body: code.bytes,
  };
})();

/** The entry without 64-bit numbers, which would be BigInts to the host. */
export function startFunction(frame: number, convention: Convention): DefinedFunction {
  const code = new CodeWriter();
  const { parameters, results } = PASSED[convention];
  code.get(0).op('i64.extend_i32_u').get(1).op('i64.extend_i32_u').i64(0n).i64(0n).i64(0n).i64(BigInt(frame));
  for (let parameter = 6; parameter < parameters; parameter++) code.i64(0n);
  code.op('call', MAIN);
  for (let result = 1; result < results.length; result++) code.op('drop');
  code.tee(2).i64(32n).op('i64.shr_u').op('i32.wrap_i64');
  code.op('global.set', GLOBAL.resultHigh).get(2).op('i32.wrap_i64');
  return {
    name: 'start',
    params: locals('i32', 'r1', 'r2'),
    results: ['i32'],
    locals: locals('i64', 'result'),
    body: code.bytes,
  };
}

/** The entry for tail calls: on the caller's frame, with the registers and r0 in the memory. */
export function resumeFunction(convention: Convention): DefinedFunction {
  const code = new CodeWriter();
  const { parameters, results } = PASSED[convention];
  const passed = [1, 2, 3, 4, 5, FRAME_POINTER];
  for (const register of passed) emitStoredRegister(code, register);
  for (let parameter = passed.length; parameter < parameters; parameter++) code.i64(0n);
  code.op('call', MAIN);
  for (let result = 1; result < results.length; result++) code.op('drop');
  code.set(0);
  emitStoreResult(code, 0);
  return { name: 'resume', params: [], results: [], locals: locals('i64', 'result'), body: code.bytes };
}

/** A register as helpers have left it. */
function emitStoredRegister(code: CodeWriter, register: number): void {
  code
    .i32(0)
    .op('i64.load32_u', REGISTERS_HIGH + 4 * register)
    .i64(32n)
    .op('i64.shl');
  code
    .i32(0)
    .op('i64.load32_u', REGISTERS_LOW + 4 * register)
    .op('i64.or');
}

/** What is in a local, as r0. */
function emitStoreResult(code: CodeWriter, local: number): void {
  code.i32(0).get(local).op('i64.store32', REGISTERS_LOW);
  code.i32(0).get(local).i64(32n).op('i64.shr_u').op('i64.store32', REGISTERS_HIGH);
}

/**
 * Runs the program for each row of a table of packets that lie in the memory. The wire length is put where
 * `context` points, which is where `__sk_buff` has it, or in a global for programs whose context is no memory. Gives how many verdicts were not 0. A program of one
 * function stands in the loop itself.
 */
export function batchFunction(
  functions: readonly EbpfFunction[],
  around: Surroundings,
  frame: number,
  budget: number,
): DefinedFunction {
  const code = new CodeWriter();
  const own = locals('i32', 'row', 'count', 'context', 'matched');
  const [row, count, context, matched] = [0, 1, 2, 3] as const;
  const [main, ...others] = functions;
  const isInline =
    main !== undefined && others.length === 0 && !around.callsMain && around.programLength <= MOST_INLINED;
  code.op('block').op('loop');
  code.get(count).op('i32.eqz').op('br_if', 1);
  code.get(row).op('i32.load', 0).op('global.set', GLOBAL.packetStart);
  code.get(row).op('i32.load', 4).op('global.set', GLOBAL.packetLength);
  if (around.field !== undefined) code.get(row).op('i32.load', 8).op('global.set', GLOBAL.wireLength);
  else code.get(context).get(row).op('i32.load', 8).op('i32.store', 0);
  code.i32(Math.min(budget, MOST_FUEL)).op('global.set', GLOBAL.fuel);
  if (isInline) emitInline(main, around, code, { context, frame, row, firstLocal: own.length });
  else emitCall(around.convention, code, { context, frame, row });
  code.get(row).op('i32.load', 12).i32(0).op('i32.ne').get(matched).op('i32.add').set(matched);
  code.get(row).i32(BATCH_ROW).op('i32.add').set(row);
  code.get(count).i32(1).op('i32.sub').set(count).op('br', 0);
  code.op('end').op('end').get(matched);
  return {
    name: 'batch',
    params: own.slice(0, 3),
    results: ['i32'],
    locals: [...own.slice(3), ...(isInline ? LOCALS : [])],
    body: code.bytes,
  };
}

/** The program is then in the module twice, which only a short one should be. */
const MOST_INLINED = 2000;

interface BatchPlace {
  /** Locals of the loop. */
  readonly context: number;
  readonly row: number;
  /** What r10 starts with. */
  readonly frame: number;
}

function emitCall(convention: Convention, code: CodeWriter, { context, frame, row }: BatchPlace): void {
  const { parameters, results } = PASSED[convention];
  code.get(row);
  code.get(context).op('i64.extend_i32_u').i64(0n).i64(0n).i64(0n).i64(0n).i64(BigInt(frame));
  for (let parameter = 6; parameter < parameters; parameter++) code.i64(0n);
  code.op('call', MAIN);
  for (let result = 1; result < results.length; result++) code.op('drop');
  code.op('i32.wrap_i64').op('i32.store', 12);
}

function emitInline(
  main: EbpfFunction,
  around: Surroundings,
  code: CodeWriter,
  { context, frame, row, firstLocal }: BatchPlace & { readonly firstLocal: number },
): void {
  code.op('block');
  const done = code.depth;
  const first = firstLocal + REGISTER_LOCALS[1]!;
  code.get(context).op('i64.extend_i32_u').set(first);
  code.withLocalsFrom(firstLocal, () => {
    // A verified program reads nothing that it has not set.
    const isVerified = around.proofs.length > 0;
    for (const register of isVerified ? [] : [0, 2, 3, 4, 5, 6, 7, 8, 9])
      code.i64(0n).set(REGISTER_LOCALS[register]!);
    code.i64(BigInt(frame)).set(REGISTER_LOCALS[FRAME_POINTER]!);
    if (around.hasPacket) {
      code.op('global.get', GLOBAL.packetStart).set(PACKET_START);
      code.op('global.get', GLOBAL.packetLength).set(PACKET_LENGTH);
    }
    const leave = (emitVerdict: () => void): void => {
      code.withLocalsFrom(0, () => code.get(row));
      emitVerdict();
      code.op('i32.store', 12).op('br', code.depth - done);
    };
    emitBody(main, around, code, {
      leave: () => leave(() => code.get(REGISTER_LOCALS[0]!).op('i32.wrap_i64')),
      reject: () => leave(() => code.i32(0)),
    });
  });
  code.op('end');
}
