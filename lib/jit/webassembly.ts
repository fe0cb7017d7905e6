/**
 * eBPF compiled to WebAssembly: lays out the module around the functions of emit.ts, and runs it in an
 * environment that interpreter and definition take as well.
 */

import type { Program } from '../ebpf/instruction.js';
import { DEFAULT_BUDGET, type Environment } from '../ebpf/machine.js';
import { type FaultKind, type Region, RuntimeFault } from '../ebpf/memory.js';
import { MAX_FRAMES, MAX_TAIL_CALLS, STACK_SIZE } from '../ebpf/opcodes.js';
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
import { type EbpfFunction, functionsOf } from './ebpfFlow.js';
import { emitFunction, FAULTS, type FixedRegion, type Proofs, type Surroundings } from './emit.js';
import { PACKET } from './knowledge.js';
import { LinearMemory } from './linear.js';

export interface WebAssemblyOptions {
  /** What a verifier has proved; taken at its word, within what WebAssembly itself makes safe. */
  readonly proofs?: Proofs;
  /** By register of the entry: the region it will point into. Wrong guesses cost time only. */
  readonly pointers?: ReadonlyMap<number, Region>;
}

export interface CompiledEbpf {
  readonly module: WasmModule;
  /**
   * Runs the program; gives r0. A packet that lies elsewhere is copied in, and its region points to the
   * copy afterwards.
   *
   * @throws RuntimeFault as the interpreter does.
   */
  readonly run: (args?: readonly bigint[]) => bigint;
}

/** Wide enough for any program whose budget the interpreter would take. */
const MOST_FUEL = 0x7fff_ffff;
const FRAME_STEP = 65536;

/** Indexes of the imports, in the order of {@link IMPORTS}. */
const HELPER = 0;
const FAULT = 1;
const END_PROGRAM = 2;
const LOCATE = 3;
const ACCESS = 4;
const FIRST_LOCAL = 5;

const IMPORTS: readonly ImportedFunction[] = [
  {
    module: 'weir',
    name: 'helper',
    type: { params: ['i32', 'i32', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], results: ['i64'] },
  },
  { module: 'weir', name: 'fault', type: { params: ['i32', 'i32'], results: [] } },
  { module: 'weir', name: 'endProgram', type: { params: [], results: [] } },
  { module: 'weir', name: 'locate', type: { params: ['i64', 'i32', 'i32', 'i32'], results: [] } },
];

const GLOBAL = { fuel: 0, packetStart: 1, packetLength: 2, ended: 3 } as const;
const GLOBALS: readonly Global[] = Object.keys(GLOBAL).map((name) => ({ name, type: 'i32', value: 0n }));

/** Thrown through compiled code to end the whole program. */
class EndProgram {
  readonly result: bigint;
  constructor(result: bigint) {
    this.result = result;
  }
}

/** The module of a program for an environment, without running anything. */
function moduleOf(
  program: Program,
  environment: Environment,
  fixed: readonly FixedRegion[],
  guesses: ReadonlyMap<number, number>,
  stack: number,
  pages: number,
  options: WebAssemblyOptions,
): WasmModule {
  const functions = functionsOf(program, environment.lenient ?? false);
  const local = new Map(functions.map(({ entry }, index) => [entry, FIRST_LOCAL + index]));
  const around: Surroundings = {
    regions: fixed,
    hasPacket: environment.packet !== undefined,
    packetWritable: environment.packet?.writable ?? false,
    functions: { helper: HELPER, fault: FAULT, endProgram: END_PROGRAM, access: ACCESS, local },
    globals: GLOBAL,
    resolveWide: (pseudo, low, high, index) => resolveWide(environment, pseudo, low, high, index),
    proofs: options.proofs ?? [],
    lastFrame: stack + (MAX_FRAMES - 2) * FRAME_STEP + STACK_SIZE,
    frameStep: FRAME_STEP,
    guesses,
  };
  const emitted = functions.map((source: EbpfFunction) => emitFunction(source, around));
  return {
    imports: IMPORTS,
    memoryPages: pages,
    globals: GLOBALS,
    functions: [accessFunction(fixed), ...emitted],
    exports: [
      { name: 'main', kind: 'func', index: FIRST_LOCAL },
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

/** Looks through all fixed regions, then asks the host, who knows the others and has words for faults. */
function accessFunction(regions: readonly FixedRegion[]): DefinedFunction {
  const params: readonly Local[] = [
    { name: 'address', type: 'i64' },
    { name: 'size', type: 'i32' },
    { name: 'write', type: 'i32' },
    { name: 'index', type: 'i32' },
  ];
  const code = new CodeWriter();
  for (const { base, length, writable } of regions) {
    if (length === 0) continue;
    code.get(0).i64(BigInt(base)).op('i64.sub').tee(4).i64(BigInt(length)).op('i64.lt_u');
    code.get(4).get(1).op('i64.extend_i32_u').op('i64.add').i64(BigInt(length)).op('i64.le_u').op('i32.and');
    if (!writable) code.get(2).op('i32.eqz').op('i32.and');
    code.op('if').op('return').op('end');
  }
  for (let param = 0; param < params.length; param++) code.get(param);
  code.op('call', LOCATE);
  const locals: readonly Local[] = [{ name: 'offset', type: 'i64' }];
  return { name: 'access', params, results: [], locals, body: code.bytes };
}

interface Loaded {
  readonly module: WasmModule;
  /** Runs the program on a frame; fuel is taken from `budget`. */
  readonly enter: (args: readonly bigint[], frame: bigint) => bigint;
}

/**
 * Compiles a program for an environment whose memory it then shares.
 *
 * @throws DecodeError for a slot that can be reached and means nothing.
 * @throws RuntimeFault where a 64-bit immediate cannot be resolved.
 */
export function compileEbpf(
  program: Program,
  environment: Environment,
  options: WebAssemblyOptions = {},
): CompiledEbpf {
  const { memory, packet, helpers } = environment;
  const linear = LinearMemory.of(memory);
  const budget = Math.min(environment.budget ?? DEFAULT_BUDGET, MOST_FUEL);
  const others = new Map<Program, Loaded>();
  let tailCalls = 0;

  const load = (loading: Program, settings: WebAssemblyOptions): Loaded => {
    linear.settle();
    const regions = linear.all.filter((region) => region !== packet);
    const fixed = regions.map(({ base, length, writable }) => ({ base, length, writable }));
    const guesses = new Map(
      [...(settings.pointers ?? [])].map(([register, region]) => [
        register,
        region === packet ? PACKET : regions.indexOf(region),
      ]),
    );
    const pages = linear.memory.buffer.byteLength / 65536;
    const module = moduleOf(loading, environment, fixed, guesses, linear.stack, pages, settings);
    const compiled = new WebAssembly.Module(encodeModule(module));

    const syncPacket = (): void => {
      linear.settle();
      global('packetStart').value = packet?.base ?? 0;
      global('packetLength').value = packet?.length ?? 0;
    };
    const helper = (number: number, index: number, frame: bigint, ...args: bigint[]): bigint => {
      const run = helpers.get(number);
      if (run === undefined) throw new RuntimeFault('unknown-helper', index, `there is no helper ${number}`);
      const [r1, r2, r3, r4, r5] = args.map((value) => BigInt.asUintN(64, value));
      const outcome = run({ memory, packet, index }, [r1!, r2!, r3!, r4!, r5!]);
      let result: bigint;
      if (typeof outcome === 'bigint') result = outcome;
      else if (outcome.kind === 'exit') throw new EndProgram(BigInt.asUintN(64, outcome.result));
      else if (++tailCalls > MAX_TAIL_CALLS) result = -1n;
      else {
        let target = others.get(outcome.program);
        if (target === undefined) {
          target = load(outcome.program, {});
          others.set(outcome.program, target);
        }
        result = target.enter(args, frame);
        global('ended').value = 1;
      }
      syncPacket();
      return result;
    };
    const fault = (kind: number, index: number): never => {
      throw new RuntimeFault(FAULTS[kind] as FaultKind, index, messageOf(kind, budget));
    };
    const locate = (address: bigint, size: number, write: number, index: number): void => {
      const full = BigInt.asUintN(64, address);
      memory.locate(Number(full & 0xffff_ffffn), Number(full >> 32n), size, write !== 0, index);
      linear.settle();
    };
    const endProgram = (): never => {
      throw new EndProgram(0n);
    };
    const { exports } = new WebAssembly.Instance(compiled, {
      weir: { [MEMORY_IMPORT.name]: linear.memory, helper, fault, endProgram, locate },
    });
    const main = exports.main as (...args: bigint[]) => bigint;
    const global = (name: keyof typeof GLOBAL): WebAssembly.Global => exports[name] as WebAssembly.Global;
    const enter = ([r1 = 0n, r2 = 0n, r3 = 0n, r4 = 0n, r5 = 0n]: readonly bigint[], frame: bigint): bigint => {
      global('fuel').value = budget;
      syncPacket();
      return BigInt.asUintN(64, main(r1, r2, r3, r4, r5, frame));
    };
    return { module, enter };
  };

  const first = load(program, options);
  const run = (args: readonly bigint[] = []): bigint => {
    tailCalls = 0;
    try {
      return first.enter(args, BigInt(linear.stack + STACK_SIZE));
    } catch (error) {
      if (error instanceof EndProgram) return error.result;
      throw error;
    }
  };
  return { module: first.module, run };
}

function messageOf(kind: number, budget: number): string {
  switch (FAULTS[kind]) {
    case 'budget':
      return `the budget of ${budget} instructions is used up`;
    case 'call-depth':
      return `calls nest deeper than ${MAX_FRAMES} frames`;
    case 'unknown-helper':
      return 'there is no kernel function here';
    default:
      return 'the program has no such instruction';
  }
}
