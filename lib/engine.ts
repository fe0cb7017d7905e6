/**
 * What runs a compiled filter. Every engine takes the same programs and gives the same verdicts; they
 * differ in what they cost to start and to run. `auto` picks for the caller.
 */

import { type FilterFunction, type LoadOptions, loadInterpreter, type Program } from './cbpf/index.js';
import { canGenerateCode, loadJavaScript, loadWebAssembly } from './jit/index.js';

export type EngineName = 'cbpf-interpreter' | 'cbpf-js' | 'cbpf-wasm';

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
    unavailable: () =>
      canCompileWebAssembly() ? undefined : "WebAssembly is forbidden here (CSP without 'wasm-unsafe-eval')",
    load: loadWebAssembly,
  },
];

/** Whether a scan of a capture with this engine goes through many packets at once. */
export const scansInBatches = (engine = 'auto'): boolean =>
  (engine === 'auto' || engine === 'cbpf-wasm') && canCompileWebAssembly();

/** Whether modules can be compiled here: the smallest one there is. */
function canCompileWebAssembly(): boolean {
  try {
    return new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) !== undefined;
  } catch {
    return false;
  }
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

/**
 * Packets after which compiling has paid for itself: V8 needs about 0.1 ms for a typical filter, and an
 * interpreted packet costs some 20 ns more than a compiled one.
 */
const WARM = 2000;

/** Interprets the first packets and compiles the program when more of them come. */
export function loadAuto(program: Program, options: LoadOptions = {}): FilterFunction {
  let current = loadInterpreter(program, options);
  let left = WARM;
  return (bytes, start, capturedLength, wireLength, metadata) => {
    if (left > 0 && --left === 0) current = defaultEngine().load(program, options);
    return current(bytes, start, capturedLength, wireLength, metadata);
  };
}
