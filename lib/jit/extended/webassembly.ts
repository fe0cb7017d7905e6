/**
 * eBPF compiled to WebAssembly: lays out the module around the functions of emit.ts, and runs it in an
 * environment that interpreter and definition take as well.
 */

import {
  DEFAULT_BUDGET,
  type Environment,
  type Executable,
  type FaultKind,
  functionNamed,
  isFunction,
  opcodes,
  type PacketEvent,
  type Program,
  type ProgramType,
  type Region,
  RuntimeFault,
} from '../../ebpf/index.js';
import type { Proofs } from '../../verify/index.js';
import {
  type CodeWriter,
  type DefinedFunction,
  encodeModule,
  MEMORY_IMPORT,
  type WasmModule,
} from '../../wasm/index.js';
import { fieldOf } from './contextFields.js';
import { conventionOf } from './convention.js';
import { RunCounters } from './counters.js';
import { type EbpfFunction, functionsOf, type Placed } from './ebpfFlow.js';
import { emitFunction } from './emit.js';
import { FAULTS, type FixedRegion, type Surroundings } from './emitter.js';
import {
  ACCESS,
  accessFunction,
  batchFunction,
  CALL_HELPER,
  CALLBACK,
  callbackFunction,
  ENTRY,
  type Entry,
  GLOBAL,
  GLOBALS,
  HELPER_FUNCTION,
  IMPORTS,
  importOf,
  MAIN,
  MOST_FUEL,
  resumeFunction,
  startFunction,
} from './entries.js';
import { PACKET } from './knowledge.js';
import { LinearMemory } from './linear.js';
import { lookupFunction } from './lookups.js';

const { FRAME_POINTER, MAX_FRAMES, MAX_TAIL_CALLS, STACK_SIZE } = opcodes;

export interface WebAssemblyOptions {
  /**
   * What verify() has proved of this very program. Taken at its word, within what WebAssembly itself makes
   * safe: the environment has to be as the program's type says, with maps as they were described.
   */
  readonly proofs?: Proofs | undefined;
  /** The same of programs that are called in the tail. */
  readonly proofsOf?: ((target: Program) => Proofs | undefined) | undefined;
  /** By register of the entry: the region it will point into. Wrong guesses cost time only. */
  readonly pointers?: ReadonlyMap<number, Region>;
  /** What the context is, for batches of programs that do not take it for memory. */
  readonly fields?: { readonly type: ProgramType; readonly metadata: PacketEvent['metadata'] };
  /** Counts what runs: told of each program that is compiled, and of what reads how often its slots have run. */
  readonly counted?: ((program: Program, read: () => Float64Array) => void) | undefined;
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

const PAGE_SIZE = 65536;

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
  counters: RunCounters | undefined,
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
  const callbacks = [
    ...new Set(
      instructionsOf(functions).flatMap(({ instruction, index }) => functionNamed(instruction, index) ?? []),
    ),
  ];
  const firstLookup = MAIN + functions.length + Math.min(1, callbacks.length);
  const lookups = new Map<number, DefinedFunction>();
  /** What verified programs pass are a map and a key that is all in the memory. */
  const lookup = (handle: number): number | undefined => {
    const map = environment.maps?.get(handle);
    const made = lookups.get(handle) ?? (map && lookupFunction(map));
    if (made === undefined) return undefined;
    lookups.set(handle, made);
    return firstLookup + [...lookups.keys()].indexOf(handle);
  };
  const around: Surroundings = {
    regions: fixed,
    hasPacket: packet !== undefined,
    packetWritable: packet?.writable ?? false,
    hasHeaderOffsets: environment.headerOffset !== undefined,
    functions: {
      callHelper: CALL_HELPER,
      headerOffset: importOf('headerOffset'),
      fault: importOf('fault'),
      access: ACCESS,
      local: new Map(functions.map(({ entry }, index) => [entry, MAIN + index])),
      ...(options.proofs === undefined ? {} : { lookup }),
    },
    globals: GLOBAL,
    resolveWide: (pseudo, low, high, index) => resolveWide(environment, pseudo, low, high, index),
    programLength: program.length,
    convention,
    callbacks,
    callsMain:
      callbacks.includes(0) ||
      instructionsOf(functions).some(
        ({ instruction, index }) =>
          instruction.kind === 'callLocal' && index + 1 + instruction.distance === 0,
      ),
    proofs,
    hasFuel: (options.proofs?.steps ?? Number.POSITIVE_INFINITY) > (environment.budget ?? DEFAULT_BUDGET),
    lastFrame: linear.stack + (MAX_FRAMES - 2) * PAGE_SIZE + STACK_SIZE,
    frameStep: PAGE_SIZE,
    guesses: new Map(
      pointers.map(([register, region]) => [register, region === packet ? PACKET : all.indexOf(region)]),
    ),
    counters,
    ...(options.fields === undefined
      ? {}
      : { field: fieldOf(options.fields.type, emitWire, options.fields.metadata) }),
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
  // Counters and look-ups are known once all is emitted.
  const entered = entryFunction();
  return {
    imports: IMPORTS,
    memoryPages: linear.memory.buffer.byteLength / PAGE_SIZE,
    globals: [...GLOBALS, ...(counters?.globals ?? [])],
    functions: [
      accessFunction(fixed),
      HELPER_FUNCTION,
      entered,
      ...emitted,
      ...(callbacks.length === 0 ? [] : [callbackFunction(around)]),
      ...lookups.values(),
    ],
    exports: [
      { name: entry, kind: 'func', index: ENTRY },
      ...(callbacks.length === 0
        ? []
        : [{ name: CALLBACK, kind: 'func' as const, index: MAIN + emitted.length }]),
      ...Object.entries(GLOBAL).map(([name, index]) => ({ name, kind: 'global' as const, index })),
      ...(counters?.exports ?? []),
    ],
  };
}

const emitWire = (code: CodeWriter): void => void code.op('global.get', GLOBAL.wireLength);

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

const instructionsOf = (functions: readonly EbpfFunction[]): readonly Placed[] =>
  functions.flatMap(({ blocks }) => blocks.flatMap(({ instructions }) => instructions));

/** Whether a program may look at its context: it reads memory other than its own stack, or passes it on. */
const looksAround = (program: Program, lenient: boolean): boolean =>
  instructionsOf(functionsOf(program, lenient)).some(({ instruction }) => {
    if ('base' in instruction) return instruction.base !== FRAME_POINTER;
    return instruction.kind === 'call' || instruction.kind === 'callRegister';
  });

const usesStack = (program: Program): boolean =>
  program.some(({ dst, src }) => dst === FRAME_POINTER || src === FRAME_POINTER);

/** Of the entries, a module has one. */
interface Exports {
  readonly start: (r1: number, r2: number) => number;
  readonly resume: () => void;
  readonly batch: EbpfBatch;
  /** Where helpers call functions. */
  readonly callFunction?: (slot: number, frame: number) => void;
  readonly fuel: WebAssembly.Global;
  readonly packetStart: WebAssembly.Global;
  readonly packetLength: WebAssembly.Global;
  readonly resultHigh: WebAssembly.Global;
}

interface Loaded {
  readonly module: WasmModule;
  readonly exports: Exports;
}

/** What a module has been told of the packet: to set a global takes as long as a look-up in a map. */
class Shown {
  private start = -1;
  private length = -1;
  private readonly exports: Exports;

  constructor(exports: Exports) {
    this.exports = exports;
  }

  tell({ base, length }: Region): void {
    if (base !== this.start) this.exports.packetStart.value = this.start = base;
    if (length !== this.length) this.exports.packetLength.value = this.length = length;
  }
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
  const targets = new Map<Program, Loaded & { readonly shown: Shown }>();
  /** What a helper calls now, in the module that has called it. */
  let callFunction: (slot: number) => void = () => {};
  const host = {
    memory,
    packet,
    index: 0,
    low: linear.low,
    high: linear.high,
    callFunction(slot: number): boolean {
      callFunction(slot);
      return true;
    },
  };
  let tailCalls = 0;

  /** Brings in what helpers or callers changed. */
  const settle = (shown: Shown): void => {
    linear.settle();
    host.low = linear.low;
    host.high = linear.high;
    // The packets of a batch are none that the host knows.
    if (packet !== undefined && entry !== 'batch') shown.tell(packet);
  };

  /** Runs the target of a tail call on the frame of its caller, with the caller's r1 to r5. */
  const runTarget = (target: Program): void => {
    let loaded = targets.get(target);
    if (loaded === undefined) {
      const proofs = options.proofsOf?.(target);
      loaded = load(target, { proofs }, 'resume');
      targets.set(target, loaded);
    }
    const { exports, shown } = loaded;
    exports.fuel.value = budget;
    settle(shown);
    exports.resume();
  };

  const load = (
    loading: Program,
    settings: WebAssemblyOptions,
    enteredBy: Entry,
  ): Loaded & { readonly shown: Shown } => {
    linear.settle();
    const counters = options.counted && new RunCounters(GLOBALS.length);
    const module = moduleOf(loading, environment, linear, settings, enteredBy, counters);
    const helper = (number: number, index: number): number => {
      const run = helpers.get(number);
      if (run === undefined) throw new RuntimeFault('unknown-helper', index, `there is no helper ${number}`);
      host.index = index;
      const callBefore = callFunction;
      if (exports.callFunction !== undefined) {
        const frame = host.low[FRAME_POINTER]! >>> 0;
        callFunction = (slot) => {
          if (!isFunction(loading, slot))
            throw new RuntimeFault('bad-argument', index, `no function begins at ${slot}`);
          if (frame > linear.stack + (MAX_FRAMES - 2) * PAGE_SIZE + STACK_SIZE)
            throw new RuntimeFault('call-depth', index, `calls nest deeper than ${MAX_FRAMES} frames`);
          settle(shown);
          exports.callFunction!(slot, frame);
          host.index = index;
        };
      }
      const outcome = run(host);
      callFunction = callBefore;
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
      settle(shown);
      return ended;
    };
    const fault = (kind: number, index: number): never => {
      throw new RuntimeFault(FAULTS[kind] as FaultKind, index, messageOf(kind, budget));
    };
    const locate = (low: number, high: number, size: number, write: number, index: number): void => {
      memory.locate(low, high, size, write !== 0, index);
      linear.settle();
    };
    const headerOffset = (offset: number): number => environment.headerOffset!(offset);
    const { exports: exported } = new WebAssembly.Instance(new WebAssembly.Module(encodeModule(module)), {
      weir: { [MEMORY_IMPORT.name]: linear.memory, helper, fault, locate, headerOffset },
    });
    const exports = exported as unknown as Exports;
    if (counters !== undefined) options.counted?.(loading, () => counters.read(exported, loading.length));
    const shown = new Shown(exports);
    return { module, exports, shown };
  };

  const { module, exports, shown } = load(program, options, entry);
  const hasFuel = (options.proofs?.steps ?? Number.POSITIVE_INFINITY) > budget;
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
    if (hasFuel) exports.fuel.value = budget;
    settle(shown);
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
