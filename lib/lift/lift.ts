/**
 * Classic → eBPF: the forms that a verifier accepts, as a list of passes over the flow graph.
 *
 *     split → plain offsets → simplify → back edges → liveness ─┬→ portable: LD_ABS, __sk_buff
 *                                                                └→ direct: bounds, byte order, guards
 *                                                                                   both → emit → layout
 */

import {
  assertValid,
  type Program as Classic,
  extensionAt,
  headerRelative,
  opcodes,
  type Personality,
} from '../cbpf/index.js';
import { type Graph, type Statement, split } from '../cfg/index.js';
import type { Program } from '../ebpf/index.js';
import { liveness, orderOf } from './dataflow.js';
import { type DirectHook, emitDirect, HOOKS } from './direct.js';
import { splitBackEdges } from './emit.js';
import { liftKernel } from './kernel.js';
import { emitPortable } from './portable.js';
import { type ResultOptions, resultsOf } from './results.js';
import { simplify } from './simplify.js';

/**
 * `kernel`: what Linux makes of an attached filter. The others can be loaded as eBPF. Programs of cgroups see packets
 * from the network header on: expressions for the form `cgroup` are compiled for the link type RAW.
 */
export type LiftForm = 'kernel' | 'portable' | 'xdp' | 'tc' | 'cgroup';

/** The forms of lifted programs: that of the kernel itself, and those that a verifier accepts. */
export const LIFT_FORMS: readonly LiftForm[] = ['kernel', 'portable', 'xdp', 'tc', 'cgroup'];

export interface LiftOptions extends ResultOptions {
  /** Default `portable`. */
  readonly form?: LiftForm;
  /** Whose rules the program follows at the edges; default `libpcap`. The form `kernel` follows the kernel's. */
  readonly personality?: Personality;
  /** Times that a loop may go back before the packet is rejected; default 32. */
  readonly rounds?: number;
}

/** What the kernel's verifier can follow; a packet has no more headers than this. */
const DEFAULT_ROUNDS = 32;

/**
 * Lifts a classic program. The result returns in r0 what the classic program returns, bytes to keep or 0
 * to reject, or what the options want for these.
 *
 * Loops, which only `protochain` makes, end with 0 when they take too many rounds. The direct forms see packets of up
 * to 65,535 bytes.
 *
 * @throws ProgramError when the program is not valid.
 * @throws LiftError when it has no such form: it asks for what the form's context lacks.
 * @throws RangeError for results that the form does not have.
 */
export function lift(program: Classic, options: LiftOptions = {}): Program {
  const { form = 'portable', personality = form === 'kernel' ? 'kernel' : 'libpcap' } = options;
  if (form === 'kernel') {
    if (options.accept !== undefined || options.reject !== undefined)
      throw new RangeError('the form kernel is what the kernel makes of a filter, results included');
    assertValid(program, { personality: 'kernel' });
    return liftKernel(program).program;
  }
  // The kernel refuses cells that are read before they are written; here they begin with 0, whosever the program is.
  assertValid(program, { personality: 'libpcap', loops: 'bounded' });
  const { rounds = DEFAULT_ROUNDS } = options;
  const results = resultsOf(form, options);
  const direct = form !== 'portable';
  const plain = direct ? plainOffsets(split(program), personality, HOOKS[form]) : split(program);
  const simple = simplify(plain, personality, direct);
  const graph = splitBackEdges(simple, orderOf(simple));
  const order = orderOf(graph);
  const live = liveness(graph, order);
  return direct
    ? emitDirect(graph, order, live, { personality, rounds, results }, HOOKS[form])
    : emitPortable(graph, order, live, { personality, rounds, results });
}

/** A lifted program, and for each slot the classic instruction it comes from, where it comes from one. */
export interface TracedLift {
  readonly program: Program;
  readonly origins: readonly (number | undefined)[];
}

/** {@link lift}, keeping track of where each slot comes from. Slots have the spans of those instructions. */
export function liftTraced(program: Classic, options: LiftOptions = {}): TracedLift {
  // The passes carry spans: let these be the instructions' places on the way.
  const numbered = program.map((instruction, index) => ({
    ...instruction,
    span: { start: index, end: index },
  }));
  const lifted = lift(numbered, options);
  const origins = lifted.map(({ span }) => span?.start);
  return {
    program: lifted.map(({ span: _, ...slot }, index) => {
      const origin = origins[index];
      const span = origin === undefined ? undefined : program[origin]!.span;
      return span === undefined ? slot : { ...slot, span };
    }),
    origins,
  };
}

/** The kernel's header-relative offsets, as offsets in the packet that a hook sees. */
function plainOffsets(
  graph: Graph,
  personality: Personality,
  { networkOffset, linkOffset }: DirectHook,
): Graph {
  if (personality === 'libpcap') return graph;
  const metadata = { networkOffset, linkOffset };
  const plain = (statement: Statement): Statement => {
    const { code, k } = statement;
    const mode = opcodes.modeOf(code);
    const kind = opcodes.classOf(code);
    const absolute =
      (kind === opcodes.LD && mode === opcodes.ABS) || (kind === opcodes.LDX && mode === opcodes.MSH);
    if (!absolute || k < 0x8000_0000 || (kind === opcodes.LD && extensionAt(k) !== undefined))
      return statement;
    const offset = headerRelative(k | 0, metadata);
    return { ...statement, k: offset < 0 ? 0x8000_0000 : offset };
  };
  return {
    entry: graph.entry,
    blocks: graph.blocks.map((block) => ({ ...block, statements: block.statements.map(plain) })),
  };
}
