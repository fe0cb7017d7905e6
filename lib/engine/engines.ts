/**
 * What runs a compiled filter. Every engine takes the same programs and gives the same verdicts; they
 * differ in what they cost to start and to run. `auto` (auto.ts) picks for the caller.
 */

import {
  assertValid,
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
  compileJavaScript,
  compileWebAssembly,
  type FilterBody,
} from '../jit/index.js';
import { LiftError } from '../lift/index.js';
import { AUTO, type Loader, loadOnce } from './auto.js';
import { compiled, liftedBody, liftProved, VerificationError } from './extended.js';

export type EngineName = 'cbpf-interpreter' | 'cbpf-js' | 'cbpf-wasm' | 'ebpf-interpreter' | 'ebpf-wasm';

export interface Engine {
  readonly name: EngineName;
  /** One line for people who choose. */
  readonly description: string;
  /** Why it does not work here; `undefined` when it does. */
  readonly unavailable: () => string | undefined;
  /**
   * @throws ProgramError when the program is not valid.
   * @throws EngineError when this engine does not run it, though others do.
   */
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
    unavailable: cannotGenerate,
    load: (program, options) =>
      compileJavaScript(program, options) ?? refuse('cbpf-js', cannotGenerate() ?? TOO_LONG),
  },
  {
    name: 'cbpf-wasm',
    description: 'classic BPF compiled to WebAssembly: fastest on whole captures, in batches',
    unavailable: wasmUnavailable,
    load: (program, options) => compileWebAssembly(program, options) ?? refuse('cbpf-wasm', TOO_LONG),
    body: classicBody,
  },
  {
    name: 'ebpf-interpreter',
    description: 'lifted to eBPF, verified, interpreted',
    unavailable: () => undefined,
    load: (program, options = {}) => loadLifted('ebpf-interpreter', program, options),
  },
  {
    name: 'ebpf-wasm',
    description: 'lifted to eBPF, verified, compiled to WebAssembly without needless checks',
    unavailable: wasmUnavailable,
    load: (program, options = {}) => loadLifted('ebpf-wasm', program, options),
    body: bodyOfLifted,
  },
];

/** Why there is no program for an engine: others run it. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly engine: EngineName;
  /** Why, in words that go on after the engine's name and a colon. */
  readonly reason: string;

  constructor(engine: EngineName, reason: string, options?: ErrorOptions) {
    super(`the engine ${engine} does not run this program: ${reason}`, options);
    this.engine = engine;
    this.reason = reason;
  }
}

const TOO_LONG = 'it is too long to be compiled, or its loops have several ways in';

function refuse(engine: EngineName, reason: string): never {
  throw new EngineError(engine, reason);
}

/** What eBPF has no equal of: loops of any length, and loads of metadata that may be absent. */
function specialty(program: Program, personality: Personality): string | undefined {
  if (program.some((instruction) => specialLoad(instruction, personality) !== undefined))
    return 'it asks for what is not in the packet';
  const loops = program.some(({ code, k }) => code === (opcodes.JMP | opcodes.JA) && (k | 0) < 0);
  return loops ? 'it has loops without a bound' : undefined;
}

/** Lifted, verified and compiled or interpreted. */
function loadLifted(
  engine: 'ebpf-interpreter' | 'ebpf-wasm',
  program: Program,
  { personality = 'libpcap' }: LoadOptions,
): FilterFunction {
  assertValid(program, { personality, loops: 'bounded' });
  const reason = specialty(program, personality);
  if (reason !== undefined) refuse(engine, reason);
  const proofs = tryLift(engine, () => liftProved(program, 'portable', { personality }));
  return attach(proofs.program, programTypeOf('socket_filter'), {
    verified: proofs,
    ...(engine === 'ebpf-wasm' ? { load: compiled(proofs) } : {}),
  });
}

/** The lifted program in the middle of a scan's loop. */
function bodyOfLifted(program: Program): FilterBody | undefined {
  if (specialty(program, 'libpcap') !== undefined) return undefined;
  try {
    return tryLift('ebpf-wasm', () => liftedBody(program));
  } catch (error) {
    // Packet by packet, then: loading says whether that can be.
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

/** @throws EngineError where the program has no lifted form, or the verifier does not admit that. */
function tryLift<Result>(engine: EngineName, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof LiftError)
      throw new EngineError(engine, `it cannot be lifted: ${error.message}`, { cause: error });
    if (error instanceof VerificationError)
      throw new EngineError(engine, `the verifier refuses what it is lifted to: ${error.message}`, {
        cause: error,
      });
    throw error;
  }
}

function cannotGenerate(): string | undefined {
  return canGenerateCode()
    ? undefined
    : 'code generation is forbidden here (CSP, or --disallow-code-generation-from-strings)';
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

/**
 * What runs filters by an engine's name; `auto` is none and picks for the caller. A filter may be compiled for a link
 * type that no packet has: a program that the engine does not run throws its EngineError at the first packet.
 *
 * @throws RangeError
 */
export const loaderOf = (name: string): Loader =>
  loaderOr(name, (error) => () => {
    throw error;
  });

/** It runs every program. */
const RESERVE: EngineName = 'cbpf-interpreter';

/** {@link loaderOf} with an engine that runs what the one named does not; `tell` is told that, in words. */
export const loaderWithReserve = (name: string, tell: (message: string) => void): Loader =>
  loaderOr(name, (error, program) => {
    tell(`${error.message}; ${RESERVE} runs it instead`);
    return engineOf(RESERVE).load(program);
  });

function loaderOr(name: string, instead: (error: EngineError, program: Program) => FilterFunction): Loader {
  if (name === 'auto') return AUTO;
  const { load, body } = engineOf(name);
  const loadOr = (program: Program): FilterFunction => {
    try {
      return load(program);
    } catch (error) {
      if (error instanceof EngineError) return instead(error, program);
      throw error;
    }
  };
  return { load: loadOnce(loadOr), body };
}

/** The engine that `auto` ends up with, once it has seen enough packets. */
export const defaultEngine = (): Engine => engineOf(canGenerateCode() ? 'cbpf-js' : 'cbpf-interpreter');
