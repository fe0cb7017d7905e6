/** What an engine is, and what it says where it does not run a program. */

import type { FilterFunction, LoadOptions, Program } from '../cbpf/index.js';
import { canCompileWebAssembly, type FilterBody } from '../jit/index.js';

/** Names of engines. */
export type EngineName =
  | 'cbpf-interpreter'
  | 'cbpf-js'
  | 'cbpf-wasm'
  | 'ebpf-interpreter'
  | 'ebpf-wasm'
  | 'kernel-test';

/** What runs classic programs. */
export interface Engine {
  /** Its name, for people who choose. */
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

/** For a program that others run. */
export function refuse(engine: EngineName, reason: string): never {
  throw new EngineError(engine, reason);
}

/** Why WebAssembly cannot be compiled here; `undefined` where it can. */
export function wasmUnavailable(): string | undefined {
  return canCompileWebAssembly()
    ? undefined
    : "WebAssembly is forbidden here (CSP without 'wasm-unsafe-eval')";
}
