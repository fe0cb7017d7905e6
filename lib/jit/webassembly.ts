/**
 * eBPF compiled to WebAssembly: lays out the module around the functions of emit.ts, and runs it in an
 * environment that interpreter and definition take as well.
 */

import {
  DEFAULT_BUDGET,
  type Environment,
  type Executable,
  type FaultKind,
  opcodes,
  type Program,
  type Region,
  RuntimeFault,
} from '../ebpf/index.js';
import type { Proofs } from '../verify/index.js';
import {
  CodeWriter,
  type DefinedFunction,
  encodeModule,
  type Global,
  type ImportedFunction,
  type Local,
  MEMORY_IMPORT,
  type WasmModule,
} from '../wasm/index.js';
import { type Convention, conventionOf } from './convention.js';
import { type EbpfFunction, functionsOf } from './ebpfFlow.js';
import {
  emitBody,
  emitFunction,
  FAULTS,
  type FixedRegion,
  LOCALS,
  PACKET_LENGTH,
  PACKET_START,
  PASSED,
  REGISTER_LOCALS,
  type Surroundings,
} from './emit.js';
import { PACKET } from './knowledge.js';
import { LinearMemory, REGISTERS_HIGH, REGISTERS_LOW } from './linear.js';

const { FRAME_POINTER, MAX_FRAMES, MAX_TAIL_CALLS, STACK_SIZE } = opcodes;

export interface WebAssemblyOptions {
  /**
   * What verify() has proved of this very program. Taken at its word, within what WebAssembly itself makes
   * safe: the environment has to be as the program's type says, with maps as they were described.
   */
  readonly proofs?: Proofs;
  /** By register of the entry: the region it will point into. Wrong guesses cost time only. */
  readonly pointers?: ReadonlyMap<number, Region>;
}

/**
 * A program ready to run. A packet that lies elsewhere is copied in first, and its region points to the
 * copy afterwards.
 */
export interface CompiledEbpf extends Executable {
  readonly module: WasmModule;
}

/** Runs a program for `count` rows of {@link BATCH_ROW} bytes; addresses are those of the memory. */
export type EbpfBatch = (table: number, count: number, context: number) => number;

/** Wide enough for any program whose budget the interpreter would take. */
const MOST_FUEL = 0x7fff_ffff;
const PAGE_SIZE = 65536;

const IMPORTS: readonly ImportedFunction[] = [
  { module: 'weir', name: 'helper', type: { params: ['i32', 'i32'], results: ['i32'] } },
  { module: 'weir', name: 'fault', type: { params: ['i32', 'i32'], results: [] } },
  { module: 'weir', name: 'endProgram', type: { params: [], results: [] } },
  { module: 'weir', name: 'locate', type: { params: ['i32', 'i32', 'i32', 'i32', 'i32'], results: [] } },
  { module: 'weir', name: 'headerOffset', type: { params: ['i32'], results: ['i32'] } },
];
const importOf = (name: string): number => IMPORTS.findIndex((row) => row.name === name);
const ACCESS = IMPORTS.length;
const CALL_HELPER = ACCESS + 1;
const ENTRY = ACCESS + 2;
const MAIN = ACCESS + 3;

/** How a module is entered: for one run, in the tail of another program's, for each row of a table. */
type Entry = 'start' | 'resume' | 'batch';

const GLOBAL = { fuel: 0, packetStart: 1, packetLength: 2, resultHigh: 3 } as const;
const GLOBALS: readonly Global[] = Object.keys(GLOBAL).map((name) => ({ name, type: 'i32', value: 0n }));

/** Thrown through compiled code to end the whole program; the halves of its result. */
class EndProgram {
  readonly low: number;
  readonly high: number;
  constructor(low: number, high: number) {
    this.low = low;
    this.high = high;
  }
}

/** The module of a program for an environment whose regions are in place. */
function moduleOf(
  program: Program,
  environment: Environment,
  linear: LinearMemory,
  options: WebAssemblyOptions,
  entry: Entry,
): WasmModule {
  const { packet, lenient = false } = environment;
  const regions = linear.all.filter((region) => region !== packet && region.refresh === undefined);
  const pointers = [...(options.pointers ?? [])];
  const proofs = options.proofs?.instructions ?? [];
  const functions = functionsOf(program, lenient, proofs);
  const convention = conventionOf(functions);
  const contexts = linear.all.filter((region) => region.refresh !== undefined);
  // A context is filled when a program may look at it: its length is that of its bytes then.
  const fixed = [
    ...regions.map(({ base, length, writable }): FixedRegion => ({ base, length, writable })),
    ...contexts.map(({ base, bytes, writable }): FixedRegion => ({ base, length: bytes.length, writable })),
  ];
  const all = [...regions, ...contexts];
  const around: Surroundings = {
    regions: fixed,
    hasPacket: packet !== undefined,
    packetWritable: packet?.writable ?? false,
    hasHeaderOffsets: environment.headerOffset !== undefined,
    functions: {
      callHelper: CALL_HELPER,
      headerOffset: importOf('headerOffset'),
      fault: importOf('fault'),
      endProgram: importOf('endProgram'),
      access: ACCESS,
      local: new Map(functions.map(({ entry }, index) => [entry, MAIN + index])),
    },
    globals: GLOBAL,
    resolveWide: (pseudo, low, high, index) => resolveWide(environment, pseudo, low, high, index),
    programLength: program.length,
    convention,
    callsMain: functions.some(({ blocks }) =>
      blocks.some(({ instructions }) =>
        instructions.some(
          ({ instruction, index }) =>
            instruction.kind === 'callLocal' && index + 1 + instruction.distance === 0,
        ),
      ),
    ),
    proofs,
    hasFuel: (options.proofs?.steps ?? Number.POSITIVE_INFINITY) > (environment.budget ?? DEFAULT_BUDGET),
    lastFrame: linear.stack + (MAX_FRAMES - 2) * PAGE_SIZE + STACK_SIZE,
    frameStep: PAGE_SIZE,
    guesses: new Map(
      pointers.map(([register, region]) => [register, region === packet ? PACKET : all.indexOf(region)]),
    ),
  };
  const emitted = functions.map((source: EbpfFunction) => emitFunction(source, around));
  const frame = linear.stack + STACK_SIZE;
  const entryFunction = (): DefinedFunction => {
    switch (entry) {
      case 'start':
        return startFunction(frame, convention);
      case 'resume':
        return resumeFunction(convention);
      case 'batch':
        return batchFunction(functions, around, frame, environment.budget ?? DEFAULT_BUDGET);
    }
  };
  return {
    imports: IMPORTS,
    memoryPages: linear.memory.buffer.byteLength / PAGE_SIZE,
    globals: GLOBALS,
    functions: [accessFunction(fixed), HELPER_FUNCTION, entryFunction(), ...emitted],
    exports: [
      { name: entry, kind: 'func', index: ENTRY },
      ...Object.entries(GLOBAL).map(([name, index]) => ({ name, kind: 'global' as const, index })),
    ],
  };
}

function resolveWide(
  { resolveWide: resolve }: Environment,
  pseudo: number,
  low: number,
  high: number,
  index: number,
): bigint {
  if (resolve !== undefined) return resolve(pseudo, low, high);
  const message = `nothing here resolves a 64-bit immediate of kind ${pseudo}`;
  throw new RuntimeFault('bad-argument', index, message);
}

const locals = (type: Local['type'], ...names: readonly string[]): readonly Local[] =>
  names.map((name) => ({ name, type }));

/** Looks through all fixed regions, then asks the host, who knows the others and has words for faults. */
function accessFunction(regions: readonly FixedRegion[]): DefinedFunction {
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
const HELPER_FUNCTION: DefinedFunction = (() => {
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
function startFunction(frame: number, convention: Convention): DefinedFunction {
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

/** The entry for tail calls: on the caller's frame. */
function resumeFunction(convention: Convention): DefinedFunction {
  const code = new CodeWriter();
  const { parameters, results } = PASSED[convention];
  const params = locals('i64', 'r1', 'r2', 'r3', 'r4', 'r5', 'r10');
  for (let parameter = 0; parameter < parameters; parameter++) {
    if (parameter < params.length) code.get(parameter);
    else code.i64(0n);
  }
  code.op('call', MAIN);
  for (let result = 1; result < results.length; result++) code.op('drop');
  return { name: 'resume', params, results: ['i64'], locals: [], body: code.bytes };
}

/** Bytes of a row of a batch: address, captured length, wire length, and the verdict. */
export const BATCH_ROW = 16;

/**
 * Runs the program for each row of a table of packets that lie in the memory. The wire length is put where
 * `context` points, which is where `__sk_buff` has it. Gives how many verdicts were not 0. A program of one
 * function stands in the loop itself.
 */
function batchFunction(
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
  code.get(context).get(row).op('i32.load', 8).op('i32.store', 0);
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

/** Whether a program may look at its context: it reads memory other than its own stack, or passes it on. */
const looksAround = (program: Program, lenient: boolean): boolean =>
  functionsOf(program, lenient).some(({ blocks }) =>
    blocks.some(({ instructions }) =>
      instructions.some(({ instruction }) => {
        if ('base' in instruction) return instruction.base !== FRAME_POINTER;
        return instruction.kind === 'call' || instruction.kind === 'callRegister';
      }),
    ),
  );

const usesStack = (program: Program): boolean =>
  program.some(({ dst, src }) => dst === FRAME_POINTER || src === FRAME_POINTER);

/** Of the entries, a module has one. */
interface Exports {
  readonly start: (r1: number, r2: number) => number;
  readonly resume: (...registers: bigint[]) => bigint;
  readonly batch: EbpfBatch;
  readonly fuel: WebAssembly.Global;
  readonly packetStart: WebAssembly.Global;
  readonly packetLength: WebAssembly.Global;
  readonly resultHigh: WebAssembly.Global;
}

interface Loaded {
  readonly module: WasmModule;
  readonly exports: Exports;
}

/**
 * Compiles a program for an environment whose memory it then shares. Slots that mean nothing fault when
 * they are reached: validate() first.
 *
 * @throws RuntimeFault where a 64-bit immediate cannot be resolved.
 */
export function compileEbpf(
  program: Program,
  environment: Environment,
  options: WebAssemblyOptions = {},
): CompiledEbpf {
  const { module, low, high, run } = compileFor('start', program, environment, options);
  return { module, low, high, run };
}

/** The same for many packets at once, which lie in the environment's memory. */
export const compileEbpfBatch = (
  program: Program,
  environment: Environment,
  options: WebAssemblyOptions = {},
): EbpfBatch => compileFor('batch', program, environment, options).exports.batch;

function compileFor(
  entry: Entry,
  program: Program,
  environment: Environment,
  options: WebAssemblyOptions,
): CompiledEbpf & Loaded {
  if (options.proofs !== undefined && options.proofs.program !== program)
    throw new RangeError('the proofs are those of another program');
  const { memory, packet, helpers } = environment;
  const linear = LinearMemory.of(memory);
  const budget = Math.min(environment.budget ?? DEFAULT_BUDGET, MOST_FUEL);
  const targets = new Map<Program, Loaded>();
  const host = { memory, packet, index: 0, low: linear.low, high: linear.high };
  let tailCalls = 0;

  /** Brings in what helpers or callers changed. */
  const settle = ({ packetStart, packetLength }: Exports): void => {
    linear.settle();
    host.low = linear.low;
    host.high = linear.high;
    if (packet === undefined) return;
    packetStart.value = packet.base;
    packetLength.value = packet.length;
  };

  const registerValue = (register: number): bigint =>
    (BigInt(host.high[register]! >>> 0) << 32n) | BigInt(host.low[register]! >>> 0);

  /** Runs the target of a tail call on the frame of its caller, with the caller's r1 to r5. */
  const runTarget = (target: Program): void => {
    let loaded = targets.get(target);
    if (loaded === undefined) {
      loaded = load(target, {}, 'resume');
      targets.set(target, loaded);
    }
    const { exports } = loaded;
    exports.fuel.value = budget;
    settle(exports);
    const result = exports.resume(...[1, 2, 3, 4, 5, FRAME_POINTER].map(registerValue));
    host.low[0] = Number(BigInt.asIntN(32, result));
    host.high[0] = Number(BigInt.asIntN(32, result >> 32n));
  };

  const load = (loading: Program, settings: WebAssemblyOptions, enteredBy: Entry): Loaded => {
    linear.settle();
    const module = moduleOf(loading, environment, linear, settings, enteredBy);
    const helper = (number: number, index: number): number => {
      const run = helpers.get(number);
      if (run === undefined) throw new RuntimeFault('unknown-helper', index, `there is no helper ${number}`);
      host.index = index;
      const outcome = run(host);
      if (outcome?.kind === 'exit') throw new EndProgram(host.low[0]!, host.high[0]!);
      let ended = 0;
      if (outcome?.kind === 'tailCall') {
        if (++tailCalls > MAX_TAIL_CALLS) {
          host.low[0] = -1;
          host.high[0] = -1;
        } else {
          runTarget(outcome.program);
          ended = 1;
        }
      }
      settle(exports);
      return ended;
    };
    const fault = (kind: number, index: number): never => {
      throw new RuntimeFault(FAULTS[kind] as FaultKind, index, messageOf(kind, budget));
    };
    const locate = (low: number, high: number, size: number, write: number, index: number): void => {
      memory.locate(low, high, size, write !== 0, index);
      linear.settle();
    };
    const endProgram = (): never => {
      throw new EndProgram(0, 0);
    };
    const headerOffset = (offset: number): number => environment.headerOffset!(offset);
    const { exports: exported } = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module)), {
      weir: { [MEMORY_IMPORT.name]: linear.memory, helper, fault, endProgram, locate, headerOffset },
    });
    const exports = exported as unknown as Exports;
    return { module, exports };
  };

  const { module, exports } = load(program, options, entry);
  const low = new Int32Array(opcodes.REGISTERS);
  const high = new Int32Array(opcodes.REGISTERS);
  const contexts = looksAround(program, environment.lenient ?? false)
    ? linear.all.filter((region) => region.refresh !== undefined)
    : [];
  const clears = usesStack(program) && options.proofs?.readsUnwritten !== false;
  const run = (r1: number, r2: number): void => {
    tailCalls = 0;
    for (const context of contexts) context.refresh!();
    if (clears) linear.clearStack();
    exports.fuel.value = budget;
    settle(exports);
    try {
      low[0] = exports.start(r1, r2);
      high[0] = exports.resultHigh.value;
    } catch (error) {
      if (!(error instanceof EndProgram)) throw error;
      low[0] = error.low;
      high[0] = error.high;
    }
  };
  return { module, exports, low, high, run };
}

function messageOf(kind: number, budget: number): string {
  switch (FAULTS[kind]) {
    case 'budget':
      return `the budget of ${budget} instructions is used up`;
    case 'call-depth':
      return `calls nest deeper than ${MAX_FRAMES} frames`;
    case 'unknown-helper':
      return 'there is no such kernel function here';
    case 'bad-instruction':
      return 'this is no instruction that can run here';
    default:
      return 'the program has no such instruction';
  }
}
