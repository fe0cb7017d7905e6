/**
 * From an expression to a filter: parse, generate, optimize, lay out, load. What loads the program comes
 * in as an argument, so that a command that only prints programs needs no engine; filter.ts has the engines.
 */

import {
  disassemble,
  execute,
  type FilterFunction,
  type Instruction,
  type PacketMetadata,
  type Program,
  validate,
} from '../cbpf/index.js';
import { type Graph, linearize } from '../cfg/index.js';
import {
  type CompileOptions as GenerateOptions,
  generate,
  type Lint,
  lint,
  parseChecked,
  withoutCookedHeader,
} from '../codegen/index.js';
import { describeDlt, dltOfLinkType, linkTypeNamed, linkTypeOfDlt } from '../names/index.js';
import {
  constantError,
  evidentlyRejects,
  isRejection,
  optimize as optimizeGraph,
} from '../optimize/index.js';
import { FilterError } from '../source.js';

export interface CompileOptions extends Omit<GenerateOptions, 'linkType' | 'snapLength'> {
  /** Name without DLT_ (`EN10MB`), or LINKTYPE_ number as in capture files. Default `EN10MB`. */
  readonly linkType?: string | number;
  /** Bytes to keep of a matching packet: what an accepting program returns. Default 262144. */
  readonly snapLength?: number;
  /** Whether to optimize, and to refuse expressions that no packet can match. Default true. */
  readonly optimize?: boolean;
  /** Told the program as it is after each pass of the optimizer, by the pass's name. */
  readonly onPass?: (pass: string, program: Program) => void;
  /** Name of an engine, see `ENGINES`; default `auto`: interpret first, compile when warm. */
  readonly engine?: string;
}

/**
 * Makes a program into a function of packets. `settle` is told the function that it will remain with, at
 * once by {@link loadOnce}, after some packets by `loadAuto`.
 */
export type Load = (program: Program, settle: (final: FilterFunction) => void) => FilterFunction;

/** What an engine does, as a {@link Load}. */
export const loadOnce =
  (load: (program: Program) => FilterFunction): Load =>
  (program, settle) => {
    const final = load(program);
    settle(final);
    return final;
  };

/** Bytes that tcpdump keeps of a packet unless told otherwise. */
const DEFAULT_SNAPLEN = 262144;
const DEFAULT_LINK_TYPE = 'EN10MB';

/** One step of {@link Filter.explain}. */
export interface ExplainedStep {
  readonly index: number;
  readonly instruction: Instruction;
  /** The words of the expression that the instruction came from, where known. */
  readonly words: string;
  /** Registers after the instruction, as unsigned numbers. */
  readonly a: number;
  readonly x: number;
  /** Index of the instruction that ran next; `undefined` after the last. */
  readonly next: number | undefined;
}

export interface Explanation {
  readonly accepted: boolean;
  /** What the program returned: bytes to keep, or 0. */
  readonly result: number;
  readonly steps: readonly ExplainedStep[];
}

/** A compiled expression. Immutable; may be kept and shared. */
export class Filter {
  /** The expression as it was written. */
  readonly expression: string;
  /** Name of the link type it was compiled for. */
  readonly linkType: string;
  readonly snapLength: number;
  /** What it was compiled with; compiling the expression again with these gives an equal filter. */
  readonly options: CompileOptions;
  /** The classic program. */
  readonly cbpf: Program;
  private readonly first: FilterFunction;
  private final: FilterFunction | undefined;

  /** Use `compile`. */
  constructor(expression: string, options: CompileOptions, dlt: number, cbpf: Program, load: Load) {
    this.expression = expression;
    this.linkType = linkTypeOfDlt(dlt)?.name ?? `${dlt}`;
    this.snapLength = options.snapLength ?? DEFAULT_SNAPLEN;
    this.options = options;
    this.cbpf = cbpf;
    this.first = load(cbpf, (final) => {
      this.final = final;
    });
  }

  /** The loaded program itself, for loops over buffers that hold many packets. */
  get test(): FilterFunction {
    return this.final ?? this.first;
  }

  /** Whether a packet matches. `packet` starts with the link-layer header and was captured whole. */
  matches(packet: Uint8Array): boolean {
    const { final } = this;
    // Two calls, not one of either function: V8 inlines only where it has seen one function called.
    if (final === undefined) return this.first(packet, 0, packet.length, packet.length) !== 0;
    return final(packet, 0, packet.length, packet.length) !== 0;
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
    const input = { bytes: packet, wireLength, ...(metadata === undefined ? {} : { metadata }) };
    const { result = 0 } = execute(this.cbpf, input, (instruction, index, state) => {
      const { span } = instruction;
      const words = span === undefined ? '' : this.expression.slice(span.start, span.end);
      const next = state.result === undefined ? state.next : undefined;
      steps.push({ index, instruction, words, a: state.a, x: state.x, next });
    });
    return { accepted: result !== 0, result, steps };
  }
}

/**
 * Compiles an expression of pcap-filter(7) and loads it with `load`, whatever engine the options name.
 *
 * @throws FilterError where the expression is wrong: with the place, what was expected, and a hint.
 * @throws RangeError for a link type that does not exist.
 */
export function compileWith(load: Load, expression: string, options: CompileOptions = {}): Filter {
  const program = programOf(expression, options, (graph) => graph)!;
  return new Filter(expression, options, dltOf(options.linkType ?? DEFAULT_LINK_TYPE), program, load);
}

/**
 * The program for the filter of an AF_PACKET socket (SO_ATTACH_FILTER, packet(7)), which sees what the kernel does:
 * VLAN tags as metadata, and in front of cooked packets no header.
 *
 * @param cooked - Whether the socket is one of SOCK_DGRAM, whose packets get their header of LINUX_SLL2 later.
 * @returns `undefined` where such a filter cannot ask what the expression does, or the kernel would not take it: a loop,
 *   as of `protochain`, or more than 4,096 instructions.
 * @throws FilterError as {@link compileWith} does.
 */
export function kernelProgram(
  expression: string,
  options: CompileOptions,
  cooked: boolean,
): Program | undefined {
  const change = cooked ? withoutCookedHeader : (graph: Graph) => graph;
  const program = programOf(expression, { ...options, mode: 'linux-live' }, change);
  return program === undefined || validate(program, { personality: 'kernel' }) !== undefined
    ? undefined
    : program;
}

/** Compiles to a program; `change` is what the graph goes through before it is optimized, or gives up. */
function programOf(
  expression: string,
  options: CompileOptions,
  change: (graph: Graph) => Graph | undefined,
): Program | undefined {
  const {
    engine: _,
    linkType = DEFAULT_LINK_TYPE,
    snapLength = DEFAULT_SNAPLEN,
    optimize = true,
    onPass,
    ...rest
  } = options;
  const settings = { ...rest, linkType: dltOf(linkType), snapLength };
  const tree = parseChecked(expression, settings);
  const { graph: generated, verdict, refusable } = generate(tree, settings);
  if (optimize && refusable) {
    if (verdict === false) throw rejectsAll(expression);
    refuseConstants(expression, generated);
  }
  const graph = change(generated);
  if (graph === undefined) return undefined;
  const watch =
    onPass === undefined
      ? {}
      : { onPass: (pass: string, now: Graph) => onPass(pass, linearize(now, { shareJumps: true })) };
  const final = optimize ? optimizeGraph(graph, watch) : graph;
  if (optimize && refusable && isRejection(final) && evidentlyRejects(generated))
    throw rejectsAll(expression);
  return linearize(final, { shareJumps: optimize });
}

/** Warnings for an expression that compiles and may not mean what it seems to. @throws FilterError */
export function lintExpression(expression: string, options: CompileOptions = {}): readonly Lint[] {
  const settings = { ...options, linkType: dltOf(options.linkType ?? DEFAULT_LINK_TYPE) };
  return lint(parseChecked(expression, settings), settings);
}

/** `EN10MB (Ethernet)`: a link type as tcpdump names it, from its LINKTYPE_ number. */
export const describeLinkType = (linkType: number): string => describeDlt(dltOfLinkType(linkType));

function rejectsAll(expression: string): FilterError {
  const message = 'expression rejects all packets';
  const hint = 'no packet of this link type can match; -O compiles it all the same';
  return new FilterError(message, { start: 0, end: expression.length }, { hint, libpcapMessage: message });
}

/** Operands that are found out of range when constants are folded. */
function refuseConstants(expression: string, graph: Graph): void {
  const error = constantError(graph);
  if (error === undefined) return;
  const { message, span = { start: 0, end: expression.length } } = error;
  const hint = 'the right operand is a constant; -O compiles it all the same';
  throw new FilterError(message, span, { hint, libpcapMessage: message });
}

function dltOf(linkType: string | number): number {
  if (typeof linkType === 'number') return dltOfLinkType(linkType);
  const row = linkTypeNamed(linkType);
  if (row === undefined) throw new RangeError(`no link type '${linkType}'`);
  return row.dlt;
}
