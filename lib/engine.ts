/**
 * What runs a compiled filter. Every engine takes the same programs and gives the same verdicts; they
 * differ in what they cost to start and to run. `auto` (auto.ts) picks for the caller.
 */

import {
  type FilterFunction,
  type LoadOptions,
  loadInterpreter,
  opcodes,
  type Program,
  specialLoad,
} from './cbpf/index.js';
import { type AttachOptions, attach, programTypeOf } from './ebpf/index.js';
import {
  canCompileWebAssembly,
  canGenerateCode,
  compileEbpf,
  loadJavaScript,
  loadWebAssembly,
} from './jit/index.js';
import { LiftError, lift } from './lift/index.js';

export type EngineName = 'cbpf-interpreter' | 'cbpf-js' | 'cbpf-wasm' | 'ebpf-interpreter' | 'ebpf-wasm';

export interface Engine {
  readonly name: EngineName;
  /** One line for people who choose. */
  readonly description: string;
  /** Why it does not work here; `undefined` when it does. */
  readonly unavailable: () => string | undefined;
  /** @throws ProgramError when the program is not valid. */
  readonly load: (program: Program, options?: LoadOptions) => FilterFunction;
}

export const ENGINES: readonly Engine[] = [
  {
    name: 'cbpf-interpreter',
    description: 'classic BPF, interpreted: nothing to start, works everywhere',
    unavailable: () => undefined,
    load: loadInterpreter,
  },
  {
    name: 'cbpf-js',
    description: 'classic BPF compiled to JavaScript: fastest on packets in ordinary buffers',
    unavailable: () =>
      canGenerateCode()
        ? undefined
        : 'code generation is forbidden here (CSP, or --disallow-code-generation-from-strings)',
    load: loadJavaScript,
  },
  {
    name: 'cbpf-wasm',
    description: 'classic BPF compiled to WebAssembly: fastest on whole captures, in batches',
    unavailable: wasmUnavailable,
    load: loadWebAssembly,
  },
  {
    name: 'ebpf-interpreter',
    description: 'lifted to eBPF, interpreted',
    unavailable: () => undefined,
    load: (program, options = {}) => loadLifted(program, options),
  },
  {
    name: 'ebpf-wasm',
    description: 'lifted to eBPF, compiled to WebAssembly',
    unavailable: wasmUnavailable,
    load: (program, options = {}) => loadLifted(program, options, compileWithContext),
  },
];

const compileWithContext: NonNullable<AttachOptions['load']> = (program, environment, context) =>
  compileEbpf(program, environment, { pointers: new Map([[1, context]]) });

/**
 * What eBPF has no equal of, the classic interpreter runs: loops of any length, and loads of metadata that may
 * be absent.
 */
function loadLifted(program: Program, options: LoadOptions, load?: AttachOptions['load']): FilterFunction {
  const personality = options.personality ?? 'libpcap';
  const interpreter = loadInterpreter(program, options);
  const isPlain = program.every(
    (instruction) =>
      specialLoad(instruction, personality) === undefined &&
      !(instruction.code === (opcodes.JMP | opcodes.JA) && (instruction.k | 0) < 0),
  );
  if (!isPlain) return interpreter;
  try {
    const lifted = lift(program, { form: 'portable', personality });
    return attach(lifted, programTypeOf('socket_filter'), load === undefined ? {} : { load });
  } catch (error) {
    if (error instanceof LiftError) return interpreter;
    throw error;
  }
}

function wasmUnavailable(): string | undefined {
  return canCompileWebAssembly()
    ? undefined
    : "WebAssembly is forbidden here (CSP without 'wasm-unsafe-eval')";
}

/** The engine of a name. @throws RangeError naming those there are. */
export function engineOf(name: string): Engine {
  const engine = ENGINES.find((candidate) => candidate.name === name);
  if (engine !== undefined) return engine;
  throw new RangeError(
    `no engine '${name}': there are auto, ${ENGINES.map((candidate) => candidate.name).join(', ')}`,
  );
}

/** The engine that `auto` ends up with, once it has seen enough packets. */
export const defaultEngine = (): Engine => engineOf(canGenerateCode() ? 'cbpf-js' : 'cbpf-interpreter');
