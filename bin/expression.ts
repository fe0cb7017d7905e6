/** From the command line's expression to filters, one for each link type that turns up. */

import { readFileSync } from 'node:fs';
import {
  type CompileOptions,
  compileWith,
  describeLinkType,
  disassemble,
  type Filter,
  FilterError,
  firstOf,
  kernelProgram,
  type Load,
  lintExpression,
  type Program,
} from '../lib/index.js';
import {
  addressesOfHosts,
  blankComments,
  ioError,
  readyMadeExpression,
  systemResolver,
} from '../lib/node.js';
import type { Options } from './options.js';
import { CommandError, ExpressionError, warnOf } from './report.js';
import { writeOutput } from './standard.js';

/** The expression: that of `-F` if given, else the words of the command line. Its names are looked up. */
export async function expressionOf(options: Options): Promise<string> {
  const source = textOf(options);
  await lookUpNames(options, source);
  return source;
}

function textOf(options: Options): string {
  if (options.filterFile === undefined) return options.expression;
  try {
    const text = readFileSync(options.filterFile === '-' ? 0 : options.filterFile, 'utf8');
    return blankComments(text).trimEnd();
  } catch (error) {
    throw new CommandError(`${options.filterFile}: ${reasonOf(error)}`);
  }
}

/** The system's words for a failed call. */
export const reasonOf = (error: unknown): string => ioError(error, '').reason;

export interface Target {
  readonly linkType: string | number;
  readonly snapLength: number;
  /** Savefiles hold other systems' address families; see pcap-filter. */
  readonly mode: 'dead' | 'savefile' | 'savefile-swapped' | 'linux-live';
}

/** For filters that are shown and never run. */
export const loadNothing: Load = () => () => 0;

/** Compiles the expression for an engine; errors show the place in it. */
export function compileExpression(source: string, target: Target, options: Options, load: Load): Filter {
  return shown(source, () => compileWith(load, source, settingsOf(target, options)));
}

/** Compiles it for a socket whose packets have no header yet, where the kernel can run that. */
export function compileForCooked(source: string, target: Target, options: Options): Program | undefined {
  const settings = settingsOf(target, { ...options, printAfter: undefined });
  return shown(source, () => kernelProgram(source, settings, true));
}

/** What compiling gives; its errors in words. */
function shown<Result>(source: string, compile: () => Result): Result {
  try {
    return compile();
  } catch (error) {
    if (error instanceof FilterError) throw new ExpressionError(source, error);
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

function settingsOf(target: Target, options: Options): CompileOptions {
  return {
    ...target,
    optimize: options.optimize,
    ...(options.printAfter === undefined ? {} : { onPass: printerOf(options.printAfter) }),
    ...languageOf(options),
  };
}

/** What decides the meaning of words besides the link type. */
function languageOf({ hosts, vxlanPort, genevePort }: Options) {
  return {
    resolver: firstOf(systemResolver(), { hosts: (name) => hosts.get(name) }),
    namedFilters: readyMadeExpression,
    // tcpdump does not know that of the network either, unless told to ask the interface.
    netmask: 0,
    ...(vxlanPort === undefined ? {} : { vxlanPort }),
    ...(genevePort === undefined ? {} : { genevePort }),
  };
}

/** Looks up the hosts that expressions name; compiling then finds them. */
export async function lookUpNames(options: Options, ...sources: readonly string[]): Promise<void> {
  const answers = await Promise.all(
    sources.map((source) => addressesOfHosts(source, { namedFilters: readyMadeExpression })),
  );
  options.hosts = new Map(answers.flatMap((addresses) => [...addresses]));
}

/** Prints the program whenever the pass has run. */
const printerOf = (wanted: string) => (pass: string, program: Program) => {
  if (wanted !== 'all' && wanted !== pass) return;
  writeOutput(`# after ${pass}\n${disassemble(program)}\n`);
};

/** Warns of what compiles but may not mean what it seems to. */
export function warnAbout(filter: Filter, options: Options): void {
  if (!options.lint) return;
  const { expression, linkType, cbpf } = filter;
  for (const { span, message, hint } of lintExpression(expression, filter.options))
    warnOf(expression, span, message, hint);
  // libpcap refuses what it finds to match nothing; the optimizer finds more.
  const [first, ...others] = cbpf;
  if (options.optimize && others.length === 0 && first?.k === 0) {
    const everything = { start: 0, end: expression.length };
    warnOf(expression, everything, `no packet of link type ${linkType} matches this`, '');
  }
}

export const linkTypeText = (linkType: number): string => describeLinkType(linkType);
