/** `weir translate`: Wireshark's display filters as capture filters, and back. */

import { type Translation, toDisplay, translate } from '../lib/ask.js';
import { systemResolver } from '../lib/node.js';
import { parseLine, UsageError } from './getopt.js';
import { CommandError } from './report.js';
import { writeMessage, writeOutput } from './standard.js';

export const USAGE = `Usage: weir translate [--outer] [--json] [-y LINKTYPE] DISPLAY-FILTER
       weir translate --to=display EXPRESSION

Prints the tightest capture filter that loses no packet of Wireshark's display filter, for packets of Ethernet (with -y of
LINUX_SLL, LINUX_SLL2, RAW, NULL or LOOP), and tells on standard error what is left for tshark -Y. Wireshark looks into tunnels, tags, ICMP errors and fragments, of which a capture filter
sees the first headers: such packets are let through. --outer leaves them out, for networks that have none. Headers that a
capture has cut off are not there for either.
With --to=display the other way round. Exit status: 0 translated, 1 it is no filter, or cannot be said.
`;

const ROWS = [
  { long: ['to'], value: 'required' },
  { long: ['outer'], value: 'none' },
  { long: ['json'], value: 'none' },
  { short: 'y', long: ['linktype'], value: 'required' },
  { short: 'h', long: ['help'], value: 'none' },
] as const;

/** @throws UsageError; FilterError for what is no filter; CommandError where nothing can match. */
export async function runTranslate(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(USAGE);
  const [source, ...rest] = operands;
  if (source === undefined || rest.length > 0) throw new UsageError('it takes one filter, in quotes');
  const to = option('to')?.value ?? 'capture';
  if (to === 'display') return writeOutput(`${toDisplay(source, systemResolver())}\n`);
  if (to !== 'capture') throw new UsageError(`--to is display or capture, not '${to}'`);
  const translation = translated(source, option('linktype')?.value);
  if (option('json') !== undefined) return writeOutput(`${JSON.stringify(translation)}\n`);
  const { expression, outer, left } = translation;
  const chosen = option('outer') === undefined ? expression : outer;
  if (chosen === undefined) throw new CommandError('no packet matches this');
  writeOutput(`${chosen}\n`);
  if (chosen === '') writeMessage('weir: every packet may match\n');
  for (const { text, reason } of left) writeMessage(`weir: left for tshark -Y: ${text} (${reason})\n`);
  if (expression !== outer && option('outer') === undefined)
    writeMessage(
      `weir: packets that carry others are let through, for tshark -Y to decide; without them (--outer):\n  ${outer ?? 'no packet'}\n`,
    );
}

function translated(source: string, linkType: string | undefined): Translation {
  try {
    return translate(source, { linkType: linkType?.toUpperCase() });
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
