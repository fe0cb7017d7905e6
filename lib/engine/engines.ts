/**
 * What runs a compiled filter. Every engine takes the same programs and gives the same verdicts; they
 * differ in what they cost to start and to run. `auto` (auto.ts) picks for the caller.
 */

import {
  type FilterFunction,
  type LoadOptions,
  loadInterpreter,
  opcodes,
  type Personality,
  type Program,
  specialLoad,
} from '../cbpf/index.js';
import { attach, programTypeOf } from '../ebpf/index.js';
import {
  canCompileWebAssembly,
  canGenerateCode,
  classicBody,
  type FilterBody,
  loadJavaScript,
  loadWebAssembly,
} from '../jit/index.js';
import { LiftError } from '../lift/index.js';
import { AUTO, type Loader, loadOnce } from './auto.js';
import { compiled, liftedBody, liftProved } from './extended.js';

export type EngineName = 'cbpf-interpreter' | 'cbpf-js' | 'cbpf-wasm' | 'ebpf-interpreter' | 'ebpf-wasm';

export interface Engine {
  readonly name: EngineName;
  /** One line for people who choose. */
  readonly description: string;
  /** Why it does not work here; `undefined` when it does. */
  readonly unavailable: () => string | undefined;
  /** @throws ProgramError when the program is not valid. */
  readonly load: (program: Program, options?: LoadOptions) => FilterFunction;
  /** For scans through many packets at once; `undefined` where the program needs more than its packet. */
  readonly body?: (program: Program) => FilterBody | undefined;
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
    body: classicBody,
  },
  {
    name: 'ebpf-interpreter',
    description: 'lifted to eBPF, verified, interpreted',
    unavailable: () => undefined,
    load: (program, options = {}) => loadLifted(program, options, false),
  },
  {
    name: 'ebpf-wasm',
    description: 'lifted to eBPF, verified, compiled to WebAssembly without needless checks',
    unavailable: wasmUnavailable,
    load: (program, options = {}) => loadLifted(program, options, true),
    body: bodyOfLifted,
  },
];

/** What eBPF has an equal of; not loops of any length, nor loads of metadata that may be absent. */
const isPlain = (program: Program, personality: Personality): boolean =>
  program.every(
    (instruction) =>
      specialLoad(instruction, personality) === undefined &&
      !(instruction.code === (opcodes.JMP | opcodes.JA) && (instruction.k | 0) < 0),
  );

/** Lifted, verified and compiled or interpreted; what cannot be lifted the classic interpreter runs. */
function loadLifted(program: Program, options: LoadOptions, compiles: boolean): FilterFunction {
  const { personality = 'libpcap' } = options;
  const interpreter = loadInterpreter(program, options);
  if (!isPlain(program, personality)) return interpreter;
  try {
    const proofs = liftProved(program, 'portable', { personality });
    return attach(proofs.program, programTypeOf('socket_filter'), {
      verified: proofs,
      ...(compiles ? { load: compiled(proofs) } : {}),
    });
  } catch (error) {
    if (error instanceof LiftError) return interpreter;
    throw error;
  }
}

/** The lifted program in the middle of a scan's loop. */
function bodyOfLifted(program: Program): FilterBody | undefined {
  if (!isPlain(program, 'libpcap')) return undefined;
  try {
    return liftedBody(program);
  } catch (error) {
    if (error instanceof LiftError) return undefined;
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

/** What runs filters by an engine's name; `auto` is none and picks for the caller. @throws RangeError */
export function loaderOf(name: string): Loader {
  if (name === 'auto') return AUTO;
  const { load, body } = engineOf(name);
  return { load: loadOnce((program) => load(program)), body };
}

/** The engine that `auto` ends up with, once it has seen enough packets. */
export const defaultEngine = (): Engine => engineOf(canGenerateCode() ? 'cbpf-js' : 'cbpf-interpreter');
