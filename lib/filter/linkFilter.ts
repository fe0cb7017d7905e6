/**
 * An expression compiled for one link type, byte order and mode, and loaded. What loads it comes in as an argument,
 * so that a command that only prints programs needs no engine; facade.ts has the engines.
 */

import {
  disassemble,
  execute,
  type FilterFunction,
  type Instruction,
  type PacketMetadata,
  type Program,
} from '../cbpf/index.js';
import type { Loader } from '../engine/index.js';
import { linkTypeOfDlt, SNAP_LENGTH } from '../names/index.js';
import { helpedProgram } from './helped.js';
import { type CompileOptions, dltOf } from './options.js';
import { DEFAULT_LINK_TYPE } from './program.js';

/** One step of an {@link Explanation}. */
export interface ExplainedStep {
  readonly index: number;
  readonly instruction: Instruction;
  /** The words of the expression that the instruction came from, where known. */
  readonly words: string;
  /** Register A after the instruction, as an unsigned number. */
  readonly a: number;
  /** Register X after the instruction, as an unsigned number. */
  readonly x: number;
  /** Index of the instruction that ran next; `undefined` after the last. */
  readonly next: number | undefined;
}

/** What a filter did on one packet, step by step. */
export interface Explanation {
  readonly accepted: boolean;
  /** What the program returned: bytes to keep, or 0. */
  readonly result: number;
  readonly steps: readonly ExplainedStep[];
}

/** An expression compiled for one link type, byte order and mode: for bare bytes. Immutable; may be kept and shared. */
export class LinkFilter {
  /** For who prints one: bundling gives classes other names. */
  static readonly name = 'LinkFilter';
  /** The expression as it was written. */
  readonly expression: string;
  /** Name of the link type it was compiled for. */
  readonly linkType: string;
  /** Bytes to keep of a packet that matches. */
  readonly snapLength: number;
  /** What it was compiled with; compiling the expression again with these gives an equal filter. */
  readonly options: CompileOptions;
  /** The classic program. */
  readonly cbpf: Program;
  private readonly first: FilterFunction;
  private final: FilterFunction | undefined;

  /** Use `compile(expression).for(linkType)`. @throws FilterError, RangeError, TypeError as `compile` does. */
  constructor(expression: string, options: CompileOptions, { load }: Loader) {
    const dlt = dltOf(options.linkType ?? DEFAULT_LINK_TYPE);
    this.expression = expression;
    this.linkType = linkTypeOfDlt(dlt)?.name ?? `${dlt}`;
    this.snapLength = options.snapLength ?? SNAP_LENGTH;
    this.options = options;
    this.cbpf = helpedProgram(expression, options);
    this.first = load(this.cbpf, (final) => {
      this.final = final;
    });
  }

  /** The loaded program itself, for loops over buffers that hold many packets. */
  get test(): FilterFunction {
    return this.final ?? this.first;
  }

  /** Whether a packet matches. `packet` starts with the link-layer header. */
  matches(packet: Uint8Array, wireLength: number = packet.length): boolean {
    const { final } = this;
    // Two calls, not one of either function: V8 inlines only where it has seen one function called.
    if (final === undefined) return this.first(packet, 0, packet.length, wireLength) !== 0;
    return final(packet, 0, packet.length, wireLength) !== 0;
  }

  /**
   * Bytes to keep of a packet, 0 to reject it.
   *
   * @param wireLength - Bytes the packet had on the wire, where fewer were captured.
   * @param metadata - What programs compiled for live capture ask besides the bytes.
   */
  run(packet: Uint8Array, wireLength: number = packet.length, metadata?: PacketMetadata): number {
    return this.test(packet, 0, packet.length, wireLength, metadata);
  }

  /** The program as `tcpdump -d` prints it. */
  toString(): string {
    return disassemble(this.cbpf);
  }

  /** Runs the program step by step and tells what each step did. */
  explain(packet: Uint8Array, wireLength: number = packet.length, metadata?: PacketMetadata): Explanation {
    const steps: ExplainedStep[] = [];
    const input = { bytes: packet, wireLength, metadata };
    const { result = 0 } = execute(this.cbpf, input, (instruction, index, state) => {
      const { span } = instruction;
      const words = span === undefined ? '' : this.expression.slice(span.start, span.end);
      const next = state.result === undefined ? state.next : undefined;
      steps.push({ index, instruction, words, a: state.a, x: state.x, next });
    });
    return { accepted: result !== 0, result, steps };
  }
}
