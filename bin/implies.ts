/** `weir implies` and `weir disjoint`: what two expressions have to do with each other, with a packet that shows it. */

import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { disjoint, implies } from '../lib/index.js';
import { filterFor, filterOf, lookUpNames } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { writeOutput } from './standard.js';

const ROWS = [
  { short: 'y', long: ['linktype'], value: 'required' },
  { long: ['json'], value: 'none' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

const QUESTIONS = {
  implies: {
    ask: implies,
    asks: 'Tells whether every packet that the first expression matches is matched by the second.',
    shown: (a: string, b: string) => `'${a}' matches it and '${b}' does not`,
  },
  disjoint: {
    ask: disjoint,
    asks: 'Tells whether no packet is matched by both expressions.',
    shown: (a: string, b: string) => `'${a}' and '${b}' both match it`,
  },
} as const;

type Question = keyof typeof QUESTIONS;

export const usage = (
  question: Question,
): string => `Usage: weir ${question} [-y LINKTYPE] [--json] EXPRESSION EXPRESSION

${QUESTIONS[question].asks}
Packets are of Ethernet unless -y names another link type. Exit status: 0 yes, 1 no, with a packet that shows it, 2 not
decided, or an error.
`;

/** @throws UsageError; CommandError for a link type that does not exist; FilterError for a wrong expression. */
export async function runQuestion(question: Question, words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) {
    writeOutput(usage(question));
    return;
  }
  const [first, second, ...rest] = operands;
  if (first === undefined || second === undefined || rest.length > 0)
    throw new UsageError('it takes two expressions, each in quotes');
  // What matches nothing may be asked about, too.
  const options = { ...parseOptions([]), optimize: false };
  await lookUpNames(options, first, second);
  const linkType = option('linktype')?.value ?? 'EN10MB';
  const [a, b] = [first, second].map(
    (text) => filterFor(filterOf(text, options, NO_LOADER, SNAP_LENGTH), linkType).cbpf,
  );
  const { ask, shown } = QUESTIONS[question];
  const answer = ask(a!, b!);
  const whole = answer.verdict === 'no' ? ask(a!, b!, { whole: true }) : answer;
  process.exitCode = { yes: 0, no: 1, undecided: 2 }[answer.verdict];
  if (option('json') !== undefined) {
    const packet =
      answer.verdict === 'no' ? { packet: hex(answer.packet), wireLength: answer.wireLength } : {};
    writeOutput(`${JSON.stringify({ ...answer, ...packet, onWholePackets: whole.verdict })}\n`);
    return;
  }
  if (answer.verdict === 'yes') writeOutput('yes\n');
  else if (answer.verdict === 'undecided') writeOutput(`not decided: ${answer.reason}\n`);
  else {
    const onlyCut = whole.verdict === 'yes';
    const { packet, wireLength } = whole.verdict === 'no' ? whole : answer;
    const onWire = wireLength === packet.length ? '' : `, ${wireLength} on the wire`;
    writeOutput(
      `${onlyCut ? 'yes on whole packets; cut short, no' : 'no'}: a packet of ${packet.length} bytes${onWire}: ${shown(first, second)}\n${hex(packet)}\n`,
    );
  }
}

const hex = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');
