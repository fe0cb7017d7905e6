/**
 * A classic program as a WebAssembly module with one function, and the engine that runs it on packets
 * in ordinary buffers: each is copied into the module's memory first, which costs more than most filters do.
 * Batches (scan.ts) have no copies.
 */

import {
  assertValid,
  type FilterFunction,
  type LoadOptions,
  loadInterpreter,
  NO_DEVICE,
  OUT_OF_BOUNDS,
  type PacketMetadata,
  type Personality,
  type Program,
  specialLoad,
} from '../../cbpf/index.js';
import {
  CodeWriter,
  encodeModule,
  type Local,
  MEMORY_IMPORT,
  printModule,
  type WasmModule,
} from '../../wasm/index.js';
import { emitFilter, filterLocals, isCompilable, LOADED, NO_MORE, REJECTED } from './classic.js';

const PAGE_SIZE = 65536;

/** `filter(start, length, wire)` gives the bytes to keep, 0 to reject. */
export function filterModule(program: Program, personality: Personality = 'libpcap'): WasmModule {
  const code = new CodeWriter();
  const params: readonly Local[] = ['start', 'length', 'wire'].map((name) => ({ name, type: 'i32' }));
  emitFilter(program, personality, {
    code,
    start: 0,
    length: 1,
    wire: 2,
    firstLocal: params.length,
    finish: () => code.op('return'),
    special: 0,
    outcome: 0,
  });
  code.op('unreachable');
  return {
    imports: [{ module: 'weir', name: 'special', type: { params: ['i32', 'i32', 'i32'], results: ['i32'] } }],
    memoryPages: 1,
    globals: [{ name: 'outcome', type: 'i32', value: BigInt(LOADED) }],
    functions: [
      { name: 'filter', params, results: ['i32'], locals: filterLocals(program), body: code.bytes },
    ],
    exports: [
      { name: 'filter', kind: 'func', index: 1 },
      { name: 'outcome', kind: 'global', index: 0 },
    ],
  };
}

/**
 * The compiled program in WebAssembly's text form.
 *
 * @throws RangeError for a program that cannot be compiled: irreducible, or longer than 8,192 instructions.
 */
export function filterText(program: Program): string {
  if (!isCompilable(program)) throw new RangeError('the program cannot be compiled to WebAssembly');
  return printModule(filterModule(program));
}

/**
 * Compiles a program to WebAssembly; gives the interpreter for programs that cannot be.
 *
 * @throws ProgramError when the program is not valid.
 */
export const loadWebAssembly = (program: Program, options: LoadOptions = {}): FilterFunction =>
  compileWebAssembly(program, options) ?? loadInterpreter(program, options);

/** {@link loadWebAssembly} without the interpreter to fall back to: `undefined` where that would be taken. */
export function compileWebAssembly(program: Program, options: LoadOptions = {}): FilterFunction | undefined {
  const personality = options.personality ?? 'libpcap';
  assertValid(program, { personality, loops: 'bounded' });
  if (!isCompilable(program)) return undefined;
  const memory = new WebAssembly.Memory({ initial: 2 });
  let room = new Uint8Array(memory.buffer, PAGE_SIZE);
  const specials = program.map((instruction) => specialLoad(instruction, personality));
  let length = 0;
  let current: PacketMetadata | undefined;
  const { exports } = new WebAssembly.Instance(
    new WebAssembly.Module(encodeModule(filterModule(program, personality))),
    {
      weir: {
        [MEMORY_IMPORT.name]: memory,
        special: (index: number, a: number, x: number): number => {
          const value = specials[index]!(a >>> 0, x >>> 0, room, 0, length, current);
          outcome.value = value === OUT_OF_BOUNDS ? REJECTED : value === NO_DEVICE ? NO_MORE : LOADED;
          return value;
        },
      },
    },
  );
  const outcome = exports.outcome as WebAssembly.Global;
  const filter = exports.filter as (start: number, length: number, wire: number) => number;
  return (bytes, start, capturedLength, wireLength, metadata) => {
    if (capturedLength > room.length) {
      memory.grow(Math.ceil((capturedLength - room.length) / PAGE_SIZE));
      room = new Uint8Array(memory.buffer, PAGE_SIZE);
    }
    room.set(bytes.subarray(start, start + capturedLength));
    length = capturedLength;
    current = metadata;
    return filter(PAGE_SIZE, capturedLength, wireLength) >>> 0;
  };
}
