/** A classic program that counts what it does as it runs. */

import { execute, type FilterFunction, opcodes, type Program, type SpecialLoad } from '../../cbpf/index.js';
import { canGenerateCode } from '../shared/permission.js';
import { flowOf } from './flow.js';
import { toJavaScript } from './javascript.js';

/** How often instructions did what. */
export interface InstructionCounts {
  /** Of each instruction, how often it ran. */
  readonly ran: Float64Array;
  /** Of each conditional jump, how often its test held. */
  readonly held: Float64Array;
  /** Of each instruction but returns, how often it ended the program: it read past the packet, or divided by 0. */
  readonly ended: Float64Array;
}

/** A filter, and what it has done so far. */
export interface CountedFilter {
  readonly test: FilterFunction;
  counts(): InstructionCounts;
}

/**
 * Compiles a valid program so that it counts; steps the definition where code generation is forbidden, and for irreducible
 * or very long programs.
 *
 * @param interpreted - Steps the definition anyway.
 */
export function loadCounted(program: Program, interpreted = false): CountedFilter {
  const source = interpreted || !canGenerateCode() ? undefined : toJavaScript(program, {}, true);
  if (source === undefined) return stepped(program);
  const size = program.length;
  const counters = new Float64Array(3 * size);
  const make = new Function('specials', 'counts', source.text) as (
    specials: readonly SpecialLoad[],
    counts: Float64Array,
  ) => FilterFunction;
  return {
    test: make(source.specials, counters),
    counts() {
      const [entered, held, ended] = [0, 1, 2].map((part) => counters.slice(part * size, (part + 1) * size));
      const ran = new Float64Array(size);
      for (const { start, end } of flowOf(program).blocks) {
        let times = entered![start]!;
        for (let index = start; index < end; index++) {
          ran[index] = times;
          times -= ended![index]!;
        }
      }
      return { ran, held: held!, ended: ended! };
    },
  };
}

function stepped(program: Program): CountedFilter {
  const size = program.length;
  const [ran, held, ended] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  return {
    test(bytes, start, capturedLength, wireLength, metadata) {
      const input = { bytes: bytes.subarray(start, start + capturedLength), wireLength, metadata };
      const { result = 0 } = execute(program, input, ({ code, jt }, index, state) => {
        ran[index]!++;
        if (opcodes.isConditional(code)) {
          if (state.next === index + 1 + jt) held[index]!++;
        } else if (state.result !== undefined && opcodes.classOf(code) !== opcodes.RET) ended[index]!++;
      });
      return result;
    },
    counts: () => ({ ran: ran.slice(), held: held.slice(), ended: ended.slice() }),
  };
}
