/** From the command line's expression to filters, one for each link type that turns up. */

import { readFileSync } from 'node:fs';
import { disassemble, type Program } from '../lib/cbpf.js';
import { addressesOfHosts, blankComments, ioError, type Loader, withReadyMade } from '../lib/command.js';
import {
  type CompileOptions,
  describeLinkType,
  Filter,
  firstOf,
  type LinkFilter,
  lint,
} from '../lib/index.js';
import { systemResolver } from '../lib/node.js';
import type { Options } from './options.js';
import { CommandError, warn, warnOf } from './report.js';
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
    return blankComments(text.replace(/^\ufeff/, '')).trimEnd();
  } catch (error) {
    throw new CommandError(`${options.filterFile}: ${reasonOf(error)}`);
  }
}

/** The system's words for a failed call. */
export const reasonOf = (error: unknown): string => ioError(error, '').reason;

/** The expression as a filter, right for whatever turns up; nothing is compiled yet. */
export function filterOf(source: string, options: Options, loader: Loader, snapLength?: number): Filter {
  const { optimize, printAfter } = options;
  const onPass = printAfter === undefined ? undefined : printerOf(printAfter);
  const settings = withReadyMade({ snapLength, optimize, onPass, ...languageOf(options) });
  return new Filter(source, settings, loader);
}

/** The filter for a link type that the user named. @throws CommandError where there is none of that name. */
export function filterFor(filter: Filter, linkType: string | number): LinkFilter {
  try {
    return filter.for(linkType);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(error.message);
    throw error;
  }
}

/** What decides the meaning of words besides the link type. */
function languageOf({ hosts, vxlanPort, genevePort }: Options): CompileOptions {
  return {
    resolver: firstOf(systemResolver(), { hosts: (name) => hosts.get(name) }),
    // tcpdump does not know that of the network either, unless told to ask the interface.
    netmask: 0,
    vxlanPort,
    genevePort,
  };
}

/** Looks up the hosts that expressions name; compiling then finds them. */
export async function lookUpNames(options: Options, ...sources: readonly string[]): Promise<void> {
  const answers = await Promise.all(sources.map((source) => addressesOfHosts(source)));
  options.hosts = new Map(answers.flatMap((addresses) => [...addresses]));
}

/** Prints the program whenever the pass has run. */
const printerOf = (wanted: string) => (pass: string, program: Program) => {
  if (wanted !== 'all' && wanted !== pass) return;
  writeOutput(`# after ${pass}\n${disassemble(program)}\n`);
};

/** Warnings about one expression that are shown: it may be made by a program, and go on for ever. */
const MOST_WARNINGS = 3;

/** Warns of what compiles but may not mean what it seems to. */
export function warnAbout(filter: LinkFilter, options: Options): void {
  if (!options.lint) return;
  const { expression, linkType, cbpf } = filter;
  const found = lint(expression, filter.options);
  const shown = found.length > MOST_WARNINGS + 1 ? found.slice(0, MOST_WARNINGS) : found;
  for (const { span, message, hint } of shown) warnOf(expression, span, message, hint);
  if (shown !== found) warn(`${found.length - MOST_WARNINGS} more of the kind`);
  // libpcap refuses what it finds to match nothing; the optimizer finds more.
  const [first, ...others] = cbpf;
  if (options.optimize && others.length === 0 && first?.k === 0) {
    const everything = { start: 0, end: expression.length };
    warnOf(expression, everything, `no packet of link type ${linkType} matches this`, '');
  }
}

/** As tcpdump says it on standard error: a type without a name is its bare number. */
export const linkTypeText = (linkType: number): string =>
  describeLinkType(linkType).replace(/^DLT (?=\d+$)/, '');
