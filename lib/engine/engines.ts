/**
 * What runs a compiled filter. Every engine takes the same programs and gives the same verdicts; they
 * differ in what they cost to start and to run. `auto` (auto.ts) picks for the caller. Those of the extended machine
 * are in liftedEngines.ts: lift, verifier and compiler are a third of the library, which who filters does without.
 */

import { type FilterFunction, loadInterpreter, type Program } from '../cbpf/index.js';
import { canGenerateCode, classicBody, compileJavaScript, compileWebAssembly } from '../jit/index.js';
import { AUTO, type Loader, loadOnce } from './auto.js';
import { type Engine, EngineError, type EngineName, refuse, wasmUnavailable } from './engine.js';

/** The engines of the classic machine; those of the extended one are the `ENGINES` of `weir-bpf/ebpf`. */
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
];

const TOO_LONG = 'it is too long to be compiled, or its loops have several ways in';

function cannotGenerate(): string | undefined {
  return canGenerateCode()
    ? undefined
    : 'code generation is forbidden here (CSP, or --disallow-code-generation-from-strings)';
}

/** The engine of a name. @throws RangeError naming those there are. */
export function engineOf(name: string, engines: readonly Engine[] = ENGINES): Engine {
  const engine = engines.find((candidate) => candidate.name === name);
  if (engine !== undefined) return engine;
  const names = engines.map((candidate) => candidate.name).join(', ');
  const hint = name.startsWith('ebpf-')
    ? '; those of eBPF are the ENGINES of weir-bpf/ebpf, given in place of a name'
    : '';
  throw new RangeError(`no engine '${name}': there are auto, ${names}${hint}`);
}

/**
 * What runs filters by an engine or its name; `auto` is none and picks for the caller. A filter may be compiled for a link
 * type that no packet has: a program that the engine does not run throws its EngineError at the first packet.
 *
 * @throws RangeError
 */
export const loaderOf = (engine: string | Engine): Loader =>
  loaderOr(engine, (error) => () => {
    throw error;
  });

/** It runs every program. */
const RESERVE: EngineName = 'cbpf-interpreter';

/** {@link loaderOf} with an engine that runs what the one named does not; `tell` is told that, in words. */
export const loaderWithReserve = (engine: Engine, tell: (message: string) => void): Loader =>
  loaderOr(engine, (error, program) => {
    tell(`${error.message}; ${RESERVE} runs it instead`);
    return engineOf(RESERVE).load(program);
  });

function loaderOr(
  engine: string | Engine,
  instead: (error: EngineError, program: Program) => FilterFunction,
): Loader {
  if (engine === 'auto') return AUTO;
  const { load, body } = typeof engine === 'string' ? engineOf(engine) : engine;
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
