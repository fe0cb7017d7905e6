/** `weir describe`: what an expression means, in words. */

import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { describe, descriptionText } from '../lib/see.js';
import { filterFor, filterOf, lookUpNames } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { writeOutput } from './standard.js';

const ROWS = [
  { short: 'y', long: ['linktype'], value: 'required' },
  { long: ['json'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

export const USAGE = `Usage: weir describe [-y LINKTYPE] [--json] EXPRESSION

Says in words which packets an expression matches, of those that have every byte it looks at, and what may surprise. The words are
made of what the compiled program decides: expressions that decide the same are described by the same words. Packets are of
Ethernet; what is too much for a sentence, and other link types, are given as they are written, with the reason.
Exit status: 0 described, 2 given as it is written.

Example:
  weir describe 'tcp port 443'
`;

/** @throws UsageError; CommandError for a link type; FilterError for a wrong expression. */
export async function runDescribe(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) {
    writeOutput(USAGE);
    return;
  }
  const [expression, ...rest] = operands;
  if (expression === undefined || rest.length > 0) throw new UsageError('it takes one expression, in quotes');
  const options = { ...parseOptions([]), optimize: false };
  await lookUpNames(options, expression);
  const filter = filterOf(expression, options, NO_LOADER, SNAP_LENGTH);
  const description = describe(filterFor(filter, option('linktype')?.value ?? 'EN10MB'));
  process.exitCode = description.isExact ? 0 : 2;
  writeOutput(
    `${option('json') === undefined ? descriptionText(description) : JSON.stringify(description)}\n`,
  );
}
