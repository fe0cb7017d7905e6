/** `weir make` and `weir diff`: packets for a filter, and in what two filters differ. */

import { cover, diff, type Made, make } from '../lib/ask.js';
import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { LINK_TYPES, Packet, PcapEncoder } from '../lib/index.js';
import { FileSink, PacketWriter } from '../lib/node.js';
import { filterFor, filterOf, lookUpNames } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import { parseOptions } from './options.js';
import { CommandError } from './report.js';
import { STDOUT, writeMessage, writeOutput } from './standard.js';

const LINK_TYPE = { short: 'y', long: ['linktype'], value: 'required' } as const;
const JSON_ROW = { long: ['json'], value: 'none' } as const;
const HELP = { short: 'h', long: ['help'], value: 'none' } as const;

const MAKE_ROWS = [
  { short: 'w', long: ['write'], value: 'required' },
  { short: 'c', long: ['count'], value: 'required' },
  { long: ['not'], value: 'required' },
  { long: ['cover'], value: 'none' },
  LINK_TYPE,
  JSON_ROW,
  HELP,
] as const;

export const MAKE_USAGE = `Usage: weir make [-y LINKTYPE] [-c COUNT | --cover] [--not EXPRESSION] [-w FILE] [--json] EXPRESSION

Makes packets that the expression matches: whole, with right lengths and checksums, as few bytes as it takes. Addresses are
those for documentation. Packets are of Ethernet unless -y names another link type.

  -c, --count COUNT     so many different ones at most (default: 1)
      --not EXPRESSION  that this one does not match
      --cover           a packet for each way through the program, those that do not match too: a capture that tests any
                        other implementation of the filter
  -w, --write FILE      write them to a savefile, - for standard output; without it they are printed as hex
      --json            print them as a JSON object

Exit status: 0 made, 1 no packet can match, 2 none found, or an error.

Examples:
  weir make 'tcp port 80 and ip6' -w one.pcap
  weir make 'port 53' --not 'udp port 53' | xxd -r -p | xxd
`;

const DIFF_ROWS = [LINK_TYPE, JSON_ROW, HELP] as const;

export const DIFF_USAGE = `Usage: weir diff [-y LINKTYPE] [--json] EXPRESSION EXPRESSION

Tells in what two expressions differ: every region of packets that one of them matches and the other does not, in words, with
a packet of each. Packets are of Ethernet unless -y names another link type.
Exit status: 0 they match the same packets, 1 they differ, 2 not decided, or an error.

Example:
  weir diff 'port 80' 'tcp port 80 or tcp port 8080'
`;

const hex = (packet: Uint8Array): string => Buffer.from(packet).toString('hex');

/** The number in files of a link type; types without a name are numbers already. */
const numberOf = (linkType: string): number =>
  LINK_TYPES.find(({ name }) => name === linkType)?.linkType ?? Number(linkType);

/** Programs of expressions, none of which is refused for matching nothing; and the number of their link type. */
async function programsOf(linkType: string, texts: readonly string[]) {
  const options = { ...parseOptions([]), optimize: false };
  await lookUpNames(options, ...texts);
  const filters = texts.map((text) => filterFor(filterOf(text, options, NO_LOADER, SNAP_LENGTH), linkType));
  return { programs: filters.map(({ cbpf }) => cbpf), linkType: numberOf(filters[0]!.linkType) };
}

/** @throws UsageError; CommandError for a link type or file; FilterError for a wrong expression. */
export async function runMake(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, MAKE_ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(MAKE_USAGE);
  const [expression, ...rest] = operands;
  if (expression === undefined || rest.length > 0) throw new UsageError('it takes one expression, in quotes');
  const count = Number(option('count')?.value ?? 1);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError(`invalid packet count ${option('count')?.value}`);
  const not = option('not')?.value;
  if (option('cover') !== undefined && (not !== undefined || option('count') !== undefined))
    throw new UsageError('--cover goes with neither --not nor -c');
  const texts = not === undefined ? [expression] : [expression, not];
  const { programs, linkType } = await programsOf(option('linktype')?.value ?? 'EN10MB', texts);
  const made =
    option('cover') === undefined
      ? make(programs[0]!, { linkType, count, not: programs[1] })
      : cover(programs[0]!, { linkType });
  report(made, linkType, option('write')?.value, option('json') !== undefined);
}

function report(made: Made, linkType: number, path: string | undefined, asJson: boolean): void {
  const { packets, complete, reason } = made;
  process.exitCode = packets.length > 0 ? 0 : complete ? 1 : 2;
  if (asJson) {
    const shown = packets.map(({ packet, wireLength }) => ({ packet: hex(packet), wireLength }));
    writeOutput(`${JSON.stringify({ ...made, packets: shown })}\n`);
    return;
  }
  if (packets.length === 0) {
    const told = complete ? 'no packet can match' : `none found: ${reason}`;
    writeMessage(`weir: ${told}\n`);
    return;
  }
  if (path === undefined) for (const { packet } of packets) writeOutput(`${hex(packet)}\n`);
  else writeSavefile(made, linkType, path);
  if ('edges' in made) {
    const { edges, missed } = made as Made & { readonly edges: number; readonly missed: readonly unknown[] };
    writeMessage(`${packets.length} packets, ${edges} of ${edges + missed.length} ways out of tests\n`);
  }
}

function writeSavefile({ packets }: Made, linkType: number, path: string): void {
  if (path === '-' && process.stdout.isTTY)
    throw new CommandError('a savefile is not for a terminal; name a file, or a pipe');
  const source = { linkType, snapLength: SNAP_LENGTH, timestampUnit: 1e-6 };
  const sink = new FileSink(path === '-' ? STDOUT : path);
  const writer = new PacketWriter(new PcapEncoder(source), sink);
  for (const [number, { packet, wireLength }] of packets.entries())
    writer.write(new Packet(packet, wireLength, number, 0, source));
  writer.close();
}

/** @throws UsageError; CommandError for a link type that does not exist; FilterError for a wrong expression. */
export async function runDiff(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, DIFF_ROWS);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(DIFF_USAGE);
  const [first, second, ...rest] = operands;
  if (first === undefined || second === undefined || rest.length > 0)
    throw new UsageError('it takes two expressions, each in quotes');
  const { programs, linkType } = await programsOf(option('linktype')?.value ?? 'EN10MB', [first, second]);
  const answer = diff(programs[0]!, programs[1]!, { linkType });
  process.exitCode = { equal: 0, different: 1, undecided: 2 }[answer.verdict];
  if (option('json') !== undefined) {
    const regions = answer.regions.map((region) => ({ ...region, packet: hex(region.packet) }));
    return writeOutput(`${JSON.stringify({ ...answer, regions })}\n`);
  }
  if (answer.verdict === 'equal') return writeOutput('they match the same packets\n');
  if (answer.verdict === 'undecided') return writeOutput(`not decided: ${answer.reason}\n`);
  if (answer.onlyCut) writeOutput('the same on whole packets; on packets cut short they differ:\n');
  for (const side of ['first', 'second'] as const) {
    const regions = answer.regions.filter(({ matchedBy }) => matchedBy === side);
    if (regions.length === 0) continue;
    writeOutput(`only '${side === 'first' ? first : second}' matches:\n`);
    for (const { words: told, packet } of regions) writeOutput(`  ${told}\n    ${hex(packet)}\n`);
  }
  if (answer.reason !== undefined) writeMessage(`weir: there may be more: ${answer.reason}\n`);
}
