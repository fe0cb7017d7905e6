/** An expression as the views show it: the tree, the program, what is wrong with it, and its words in colours. */

import type { Program } from '../../lib/cbpf.js';
import { FilterError, type Lint, type Span } from '../../lib/compile.js';
import { type Expr, helpedLint, helpedProgram, parse, withReadyMade } from '../../lib/playground.js';

/** What an expression is compiled for. */
export interface Settings {
  /** Name without DLT_. */
  readonly linkType: string;
  readonly mode: Mode;
  readonly optimize: boolean;
}

export const MODES = ['dead', 'savefile', 'savefile-swapped', 'linux-live'] as const;
export type Mode = (typeof MODES)[number];

export interface Compiled extends Settings {
  readonly expression: string;
  /** `undefined` where it does not compile. */
  readonly program: Program | undefined;
  readonly error: { readonly message: string; readonly hint: string; readonly span: Span } | undefined;
  readonly lints: readonly Lint[];
  readonly tree: Expr | undefined;
  /** The words that instructions come from, in the order of the text: a colour each. */
  readonly words: readonly Span[];
  /** What compiling took. */
  readonly milliseconds: number;
}

/** Compiles; what is wrong with an expression is in `error`. */
export function compileNow(expression: string, settings: Settings): Compiled {
  const options = withReadyMade({ ...settings });
  const begun = performance.now();
  try {
    const program = helpedProgram(expression, options);
    const milliseconds = performance.now() - begun;
    return {
      ...settings,
      expression,
      program,
      error: undefined,
      lints: helpedLint(expression, options),
      tree: treeOf(expression),
      words: wordsOf(program),
      milliseconds,
    };
  } catch (error) {
    const milliseconds = performance.now() - begun;
    const { message, hint, span } = faultOf(error, expression);
    const fault = { message, hint, span };
    const nothing = { program: undefined, lints: [], tree: undefined, words: [] };
    return { ...settings, ...nothing, expression, error: fault, milliseconds };
  }
}

/** The program as it is before the optimizer and after each pass that changes something. */
export function passesOf({ expression, ...settings }: Compiled): readonly Pass[] {
  const passes: Pass[] = [];
  const add = (name: string, program: Program): void => {
    const last = passes.at(-1);
    if (last === undefined || !sameProgram(last.program, program)) passes.push({ name, program });
  };
  const options = withReadyMade({ linkType: settings.linkType, mode: settings.mode });
  add('generated', helpedProgram(expression, { ...options, optimize: false }));
  if (settings.optimize) {
    const final = helpedProgram(expression, { ...options, onPass: add });
    add('final', final);
  }
  return passes;
}

export interface Pass {
  readonly name: string;
  readonly program: Program;
}

const sameProgram = (a: Program, b: Program): boolean =>
  a.length === b.length &&
  a.every(({ code, jt, jf, k }, at) => {
    const other = b[at]!;
    return code === other.code && jt === other.jt && jf === other.jf && k === other.k;
  });

function faultOf(error: unknown, expression: string): FilterError {
  if (error instanceof FilterError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new FilterError(message, { start: 0, end: expression.length });
}

/** The tree is shown as it was written; `undefined` for the empty expression. */
function treeOf(expression: string): Expr | undefined {
  return parse(expression, withReadyMade({}));
}

function wordsOf(program: Program): readonly Span[] {
  const found = new Map<string, Span>();
  for (const { span } of program) if (span !== undefined) found.set(`${span.start}-${span.end}`, span);
  return [...found.values()].sort((a, b) => a.start - b.start || b.end - a.end);
}

/** Colours that words have, as classes `hue-0` … */
export const HUES = 8;

/** The colour of an instruction's words, `undefined` for instructions of no words. */
export function hueOf(words: readonly Span[], span: Span | undefined): number | undefined {
  if (span === undefined) return undefined;
  const at = words.findIndex(({ start, end }) => start === span.start && end === span.end);
  return at < 0 ? undefined : at % HUES;
}

/** Whether what is pointed at belongs to these words. */
export const touches = (lit: Span | undefined, span: Span | undefined): boolean =>
  lit !== undefined && span !== undefined && lit.start < span.end && span.start < lit.end;

/** Whether all of these words are pointed at. */
export const covers = (lit: Span | undefined, span: Span | undefined): boolean =>
  lit !== undefined && span !== undefined && lit.start <= span.start && span.end <= lit.end;
