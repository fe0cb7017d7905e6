/**
 * The engines of the extended machine: classic programs lifted to eBPF, verified, interpreted or compiled.
 */

import {
  assertValid,
  type FilterFunction,
  type LoadOptions,
  opcodes,
  type Personality,
  type Program,
  specialLoad,
} from '../cbpf/index.js';
import { attach, programTypeOf } from '../ebpf/index.js';
import type { FilterBody } from '../jit/index.js';
import { LiftError } from '../lift/index.js';
import { type Engine, EngineError, type EngineName, refuse, wasmUnavailable } from './engine.js';
import { compiled, liftedBody, liftProved, VerificationError } from './extended.js';

/** The engines of the extended machine, to be given in place of an engine's name. */
export const LIFTED_ENGINES: readonly Engine[] = [
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
