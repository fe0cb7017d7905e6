/**
 * The engine for callers that name none: interprets the first packets, and compiles when more of them come.
 */

import { type FilterFunction, loadInterpreter, type Program } from '../cbpf/index.js';
import { canCompileWebAssembly, classicBody, type FilterBody, loadJavaScript } from '../jit/index.js';

/**
 * Packets after which compiling has paid for itself: V8 needs about 0.1 ms for a typical filter, and an
 * interpreted packet costs some 20 ns more than a compiled one.
 */
const WARM = 2000;

/**
 * @param settle - Told the compiled function when there is one, to call that without a detour.
 * @throws ProgramError when the program is not valid.
 */
export function loadAuto(
  program: Program,
  settle: (compiled: FilterFunction) => void = () => {},
): FilterFunction {
  let current = loadInterpreter(program);
  let left = WARM;
  return (bytes, start, capturedLength, wireLength, metadata) => {
    if (left > 0 && --left === 0) {
      current = loadJavaScript(program);
      settle(current);
    }
    return current(bytes, start, capturedLength, wireLength, metadata);
  };
}

/** What may stand in the middle of a scan's loop instead of being asked packet by packet. */
export interface Scanning {
  readonly body?: ((program: Program) => FilterBody | undefined) | undefined;
}

/**
 * Makes a program into a function of packets. `settle` is told the function that it will remain with: at once, or
 * after some packets by {@link loadAuto}.
 */
export type Load = (program: Program, settle: (final: FilterFunction) => void) => FilterFunction;

/** What runs filters: packet by packet, and, where it can, in the middle of a scan's loop. */
export interface Loader extends Scanning {
  readonly load: Load;
}

/** What an engine does, as a {@link Load}. */
export const loadOnce =
  (load: (program: Program) => FilterFunction): Load =>
  (program, settle) => {
    const final = load(program);
    settle(final);
    return final;
  };

/** For filters that are shown and never run. */
export const NO_LOADER: Loader = { load: () => () => 0 };

/**
 * The engine that is taken when none is named. Of a thousand filters most are never asked: a program, which is valid where
 * an expression was compiled to it, is made ready for its first packet.
 */
export const AUTO: Loader = {
  load(program, settle) {
    let ready: FilterFunction | undefined;
    return (bytes, start, capturedLength, wireLength, metadata) => {
      ready ??= loadAuto(program, settle);
      return ready(bytes, start, capturedLength, wireLength, metadata);
    };
  },
  body: classicBody,
};

/** Whether a scan of a capture goes through many packets at once here. */
export const scansInBatches = ({ body }: Scanning): boolean => body !== undefined && canCompileWebAssembly();
