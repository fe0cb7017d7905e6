/** `weir rules lint`: lists of rules of which the first that matches counts. */

import { lintRules, type RuleFinding } from '../lib/ask.js';
import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { filterFor, filterOf, lookUpNames } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { asRuleError, readRules, type WrittenRule } from './ruleFile.js';
import { writeOutput } from './standard.js';

export const USAGE = `Usage: weir rules lint [-y LINKTYPE] [--json] FILE

Looks through a list of rules, of which the first that matches a packet counts: which can match nothing, and which never get a
packet because rules before them take all of theirs. A rule a line, NAME = EXPRESSION, or @NAME for a ready-made filter, or
include FILE; # begins a comment. FILE - is standard input. Packets are of Ethernet unless -y names another link type.
Exit status: 0 nothing found, 1 something, 2 something could not be decided, or an error.
`;

const ROWS = [
  { short: 'y', long: ['linktype'], value: 'required' },
  { long: ['json'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

/** @throws UsageError; CommandError for files and link types; FilterError for a wrong expression. */
export async function runRules(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(USAGE);
  const [action, path, ...rest] = operands;
  if (action !== 'lint') throw new UsageError('what to do is lint');
  if (path === undefined || rest.length > 0) throw new UsageError('it takes one file of rules');
  const rules = readRules(path);
  const options = { ...parseOptions([]), optimize: false };
  await lookUpNames(options, ...rules.map(({ expression }) => expression));
  const linkType = option('linktype')?.value ?? 'EN10MB';
  const programOf = (text: string) =>
    filterFor(filterOf(text, options, NO_LOADER, SNAP_LENGTH), linkType).cbpf;
  const programs = rules.map((rule) => {
    try {
      return programOf(rule.expression);
    } catch (error) {
      throw asRuleError(rule, error);
    }
  });
  const anyOf = (count: number) =>
    programOf(
      rules
        .slice(0, count)
        .map(({ expression }) => `(${expression})`)
        .join(' or '),
    );
  const findings = lintRules(programs, anyOf, { whole: true });
  if (findings.length > 0) process.exitCode = findings.every(({ kind }) => kind === 'undecided') ? 2 : 1;
  if (option('json') !== undefined) {
    const told = findings.map(({ rule, kind, by }) => ({
      name: rules[rule]!.name,
      expression: rules[rule]!.expression,
      line: rules[rule]!.line,
      kind,
      by: by === undefined ? undefined : rules[by]!.name,
    }));
    return writeOutput(`${JSON.stringify(told)}\n`);
  }
  for (const finding of findings)
    writeOutput(`${rules[finding.rule]!.path}:${rules[finding.rule]!.line}: ${told(finding, rules)}\n`);
}

function told({ rule, kind, by }: RuleFinding, rules: readonly WrittenRule[]): string {
  const { name } = rules[rule]!;
  switch (kind) {
    case 'never':
      return `'${name}' can match nothing`;
    case 'shadowed':
      return `'${name}' never gets a packet: '${rules[by!]!.name}' in line ${rules[by!]!.line} takes all of its`;
    case 'covered':
      return `'${name}' never gets a packet: the rules before it together take all of its`;
    case 'undecided':
      return `'${name}': not decided`;
  }
}
