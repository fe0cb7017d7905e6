/**
 * Compiling with what helps people: ready-made filters by their names, and hints for habits from other tools. Apart from
 * program.ts, because who compiles in a browser does without it.
 */

import { type Program, validate } from '../cbpf/index.js';
import { type Lint, withoutCookedHeader } from '../codegen/index.js';
import { fieldExpression, fieldHint, valuesHint } from '../display/index.js';
import { displayFilterHint, habitHint } from '../syntax/index.js';
import { readyMadeExpression } from './catalogue.js';
import { type CompileOptions, checkCompileOptions } from './options.js';
import { type HintFor, lintOf, programOf } from './program.js';

/** What people know from elsewhere, and fields that cannot be compared so. */
const hintFor: HintFor = (expression, span) => {
  const words = expression.slice(span.start, span.end);
  return valuesHint(words) ?? habitHint(expression, span) ?? fieldHint(words);
};

/** `compileProgram`, with hints. @throws FilterError, RangeError, TypeError as that does. */
export function helpedProgram(expression: string, options: CompileOptions): Program {
  checkCompileOptions('compile()', expression, options);
  return programOf(expression, options, hintFor)!;
}

/**
 * Warnings for an expression that compiles and may not mean what it seems to.
 *
 * @throws FilterError, RangeError, TypeError as `compile` does.
 */
export function helpedLint(expression: string, options: CompileOptions = {}): readonly Lint[] {
  return lintOf(expression, withReadyMade(options), hintFor, (name) => displayFilterHint(name, 0));
}

/** What `@name` stands for, or a comparison such as `ip.src == 192.0.2.1`. @param given - Names of the caller's own. */
export const expressionsBeside =
  (given: CompileOptions['namedFilters']) =>
  (text: string): string | undefined =>
    text.includes(' ') ? fieldExpression(text) : (given?.(text) ?? readyMadeExpression(text));

/** Options with which `@name` stands for ready-made filters, too, and fields are known by Wireshark's names. */
export function withReadyMade(options: CompileOptions): CompileOptions {
  const { namedFilters } = options ?? {};
  if (namedFilters !== undefined && typeof namedFilters !== 'function') return options;
  return options && { ...options, namedFilters: expressionsBeside(namedFilters) };
}

/**
 * The program for the filter of an AF_PACKET socket (SO_ATTACH_FILTER, packet(7)), which sees what the kernel does:
 * VLAN tags as metadata, and in front of cooked packets no header.
 *
 * @param cooked - Whether the socket is one of SOCK_DGRAM, whose packets get their header of LINUX_SLL2 later.
 * @returns `undefined` where such a filter cannot ask what the expression does, or the kernel would not take it: a loop,
 *   as of `protochain`, or more than 4,096 instructions.
 * @throws FilterError as `compileProgram` does.
 */
export function kernelProgram(
  expression: string,
  options: CompileOptions,
  cooked: boolean,
): Program | undefined {
  const change = cooked ? withoutCookedHeader : undefined;
  const program = programOf(expression, { ...options, mode: 'linux-live' }, hintFor, change);
  return program === undefined || validate(program, { personality: 'kernel' }) !== undefined
    ? undefined
    : program;
}
