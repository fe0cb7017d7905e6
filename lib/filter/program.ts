/**
 * From an expression to a classic program: parse, generate, optimize, lay out. Nothing here runs a program, so that
 * who only wants one loads no engine; and nothing that helps to write one, which helped.ts adds.
 */

import type { Program } from '../cbpf/index.js';
import { type Graph, linearize } from '../cfg/index.js';
import { generate, type Lint, lateEncapsulation, lint as lintTree, parseChecked } from '../codegen/index.js';
import { describeDlt, dltOfLinkType, SNAP_LENGTH } from '../names/index.js';
import {
  constantError,
  evidentlyRejects,
  isRejection,
  optimize as optimizeGraph,
} from '../optimize/index.js';
import { FilterError, type Span } from '../source.js';
import type { Expr } from '../syntax/index.js';
import { type CompileOptions, checkCompileOptions, dltOf } from './options.js';

/** What is compiled for where nothing is said. */
export const DEFAULT_LINK_TYPE = 'EN10MB';

/**
 * Compiles an expression of pcap-filter(7) to a classic program for one link type, Ethernet unless `linkType` says
 * another.
 *
 * @throws FilterError where the expression is wrong: with the place, what was expected, and a hint.
 * @throws RangeError for a link type that does not exist.
 * @throws TypeError for options of a wrong type.
 */
export function compileProgram(expression: string, options: CompileOptions = {}): Program {
  checkCompileOptions('compileProgram()', expression, options);
  return programOf(expression, options, noHint)!;
}

/** Warnings for an expression that compiles and may not mean what it seems to. @throws FilterError */
export function lint(expression: string, options: CompileOptions = {}): readonly Lint[] {
  return lintOf(expression, options, noHint);
}

/** A better hint for an error about some words of an expression. */
export type HintFor = (expression: string, span: Span) => string | undefined;

const noHint: HintFor = () => undefined;

/** {@link lint}, with hints. */
export function lintOf(
  expression: string,
  options: CompileOptions,
  hintFor: HintFor,
  fieldHint?: (name: string) => string | undefined,
): readonly Lint[] {
  checkCompileOptions('lint()', expression, options);
  const settings = settingsOf(options);
  return knowing(expression, hintFor, () =>
    lintTree(parseChecked(expression, settings), settings, fieldHint),
  );
}

/**
 * Compiles to a program.
 *
 * @param change - What the graph goes through before it is optimized, or gives up.
 */
export function programOf(
  expression: string,
  options: CompileOptions,
  hintFor: HintFor,
  change: (graph: Graph) => Graph | undefined = (graph) => graph,
): Program | undefined {
  return knowing(expression, hintFor, () => {
    const { optimize = true, onPass } = options;
    const settings = settingsOf(options);
    const tree = parseChecked(expression, settings);
    const { graph: generated, verdict, refusable } = generate(tree, { ...settings, foldMetadata: optimize });
    if (optimize && refusable) {
      if (verdict === false) throw rejectsAll(expression, tree);
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
      throw rejectsAll(expression, tree);
    return linearize(final, { shareJumps: optimize });
  });
}

/** What the stages below are told. */
function settingsOf(options: CompileOptions) {
  const { linkType = DEFAULT_LINK_TYPE, snapLength = SNAP_LENGTH, ...rest } = options;
  return { ...rest, linkType: dltOf(linkType), snapLength };
}

/** Lets errors know the expression that they point into. */
function knowing<Result>(expression: string, hintFor: HintFor, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    throw error instanceof FilterError ? error.about(expression, hintFor(expression, error.span)) : error;
  }
}

/** `EN10MB (Ethernet)`: a link type as tcpdump names it, from its LINKTYPE_ number. */
export const describeLinkType = (linkType: number): string => describeDlt(dltOfLinkType(linkType));

function rejectsAll(expression: string, tree: Expr | undefined): FilterError {
  const message = 'expression rejects all packets';
  const late = tree && lateEncapsulation(tree);
  const span = late?.span ?? { start: 0, end: expression.length };
  const hint = late?.hint ?? 'no packet of this link type can match; -O compiles it all the same';
  return new FilterError(message, span, { hint, libpcapMessage: message });
}

/** Operands that are found out of range when constants are folded. */
function refuseConstants(expression: string, graph: Graph): void {
  const error = constantError(graph);
  if (error === undefined) return;
  const { message, span = { start: 0, end: expression.length } } = error;
  const hint = 'the right operand is a constant; -O compiles it all the same';
  throw new FilterError(message, span, { hint, libpcapMessage: message });
}
