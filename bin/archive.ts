/** `weir info`, `weir merge` and `weir dedup`: what archives of captures need. */

import { statSync } from 'node:fs';
import { RecentPackets } from '../lib/command.js';
import { CaptureError, type CaptureInterface, LINK_TYPES, PcapEncoder, PcapngEncoder } from '../lib/index.js';
import {
  type CaptureSummary,
  FileSink,
  GatheringSink,
  mergeCaptures,
  openCapture,
  PacketWriter,
  summarize,
  withStatistics,
} from '../lib/node.js';
import { parseLine, UsageError } from './getopt.js';
import { CommandError } from './report.js';
import { STDOUT, writeMessage, writeOutput } from './standard.js';

const WRITE = { short: 'w', long: ['write'], value: 'required' } as const;
const JSON_ROW = { long: ['json'], value: 'none' } as const;
const HELP = { short: 'h', long: ['help'], value: 'none' } as const;
const FORMAT = { long: ['write-format'], value: 'required' } as const;

const inputOf = (path: string): string | number => (path === '-' ? 0 : path);
const open = (path: string) => openCapture(inputOf(path), { name: path === '-' ? 'stdin' : path });

export const INFO_USAGE = `Usage: weir info [--json] FILE...

Tells what is in captures: format, link types, packets, bytes, times, rates, interfaces, drops, comments. FILE - is standard
input. With --json a JSON object a line. Exit status: 1 where a file is damaged, after what could be read of it.
`;

/** @throws UsageError; CaptureError where a file cannot be opened. */
export async function runInfo(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, [JSON_ROW, HELP] as const);
  if (given.some(({ row }) => row.long[0] === 'help')) return writeOutput(INFO_USAGE);
  if (operands.length === 0) throw new UsageError('it takes at least one file');
  const asJson = given.some(({ row }) => row.long[0] === 'json');
  for (const [place, path] of operands.entries()) {
    await using capture = await open(path);
    let summary = await summarize(capture);
    const size = path === '-' ? undefined : statSync(path).size;
    if (summary.format === 'pcapng' && size !== undefined) {
      await using again = await open(path);
      summary = await withStatistics(summary, again);
    }
    if (asJson) writeOutput(`${jsonOf(path, size, summary)}\n`);
    else writeOutput(`${place === 0 ? '' : '\n'}${tableOf(path, size, summary)}`);
    if (summary.error === undefined) continue;
    if (!(summary.error instanceof CaptureError)) throw summary.error;
    writeMessage(`weir: ${summary.error.message}\n`);
    process.exitCode = 1;
  }
}

const linkName = (linkType: number): string =>
  LINK_TYPES.find((row) => row.linkType === linkType)?.name ?? `${linkType}`;

/** As `date -u` and tshark's absolute times have it, to the nanosecond. */
function timeText(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `${text}.${`${ns % 1_000_000_000n}`.padStart(9, '0')} UTC`;
}

const secondsOf = ({ firstNs, lastNs }: CaptureSummary): number =>
  firstNs === undefined || lastNs === undefined ? 0 : Number(lastNs - firstNs) / 1e9;

function tableOf(path: string, size: number | undefined, summary: CaptureSummary): string {
  const { format, compression, packets, wireBytes, capturedBytes, cutPackets, firstNs, lastNs } = summary;
  const seconds = secondsOf(summary);
  const rate = (count: number) => (count / seconds).toFixed(2);
  const rows: [string, string][] = [
    ['File', path],
    ['Format', compression === undefined ? format : `${format}, ${compression}`],
    ...(size === undefined ? [] : ([['File size', `${size} bytes`]] as [string, string][])),
    ['Link types', [...new Set(summary.interfaces.map(({ linkType }) => linkName(linkType)))].join(', ')],
    ['Packets', `${packets}${cutPackets > 0 ? `, ${cutPackets} of them cut` : ''}`],
    ['Bytes', `${wireBytes}${capturedBytes === wireBytes ? '' : `, ${capturedBytes} captured`}`],
  ];
  if (firstNs !== undefined && lastNs !== undefined) {
    rows.push(['First packet', timeText(firstNs)], ['Last packet', timeText(lastNs)]);
    rows.push(['Duration', `${seconds.toFixed(6)} s`]);
    if (seconds > 0) rows.push(['Rate', `${rate(packets)} packets/s, ${rate(wireBytes * 8)} bit/s`]);
    rows.push(['Average size', `${(wireBytes / packets).toFixed(2)} bytes`]);
    rows.push(['In order of time', summary.inOrder ? 'yes' : 'no']);
  }
  for (const [number, source] of summary.interfaces.entries()) {
    const { name, linkType, snapLength, received, dropped, filter } = source;
    const parts = [
      ...(name === undefined ? [] : [name]),
      linkName(linkType),
      `snapshot length ${snapLength}`,
      `${source.packets} packets`,
      ...(received === undefined ? [] : [`${received} received`]),
      ...(dropped === undefined ? [] : [`${dropped} dropped`]),
      ...(filter === undefined ? [] : [`filter '${filter}'`]),
    ];
    rows.push([`Interface ${number}`, parts.join(', ')]);
  }
  for (const comment of summary.comments) rows.push(['Comment', comment.replaceAll('\n', ' ')]);
  return rows.map(([name, value]) => `${`${name}:`.padEnd(18)}${value}\n`).join('');
}

/** Times as decimal strings of nanoseconds: a number would round them. */
function jsonOf(file: string, size: number | undefined, summary: CaptureSummary): string {
  const { firstNs, lastNs, error, ...rest } = summary;
  const interfaces = rest.interfaces.map((source) => ({
    ...source,
    linkTypeName: linkName(source.linkType),
  }));
  const told = {
    file,
    size,
    ...rest,
    interfaces,
    firstNs: firstNs?.toString(),
    lastNs: lastNs?.toString(),
    seconds: secondsOf(summary),
    error: error?.message,
  };
  return JSON.stringify(told);
}

export const MERGE_USAGE = `Usage: weir merge [--write-format pcap | pcapng] -w FILE FILE...

Merges captures in order of time, as mergecap does. The result is pcap where all are pcap of one link type, else pcapng with
an interface for each. What is readable of a damaged file is merged. -w - is standard output.
`;

/** @throws UsageError; CommandError; CaptureError where a file cannot be opened or written. */
export async function runMerge(words: readonly string[]): Promise<void> {
  const { options: given, operands } = parseLine(words, [WRITE, FORMAT, HELP] as const);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(MERGE_USAGE);
  const target = option('write')?.value;
  if (target === undefined) throw new UsageError('it takes a file to write, -w FILE');
  if (operands.length === 0) throw new UsageError('it takes files to merge');
  const captures = await Promise.all(operands.map(open));
  const format = option('write-format')?.value;
  if (format !== undefined && format !== 'pcap' && format !== 'pcapng')
    throw new UsageError(`unknown format '${format}': pcap or pcapng`);
  const sources = captures.flatMap(({ interfaces }) => interfaces);
  const isPlain = captures.every((capture) => capture.format === 'pcap') && areAlike(sources);
  if (format === 'pcap' && !areAlike(sources))
    throw new CommandError('pcap has one link type a file, and these are of several: write pcapng');
  const writer = new PacketWriter(
    (format ?? (isPlain ? 'pcap' : 'pcapng')) === 'pcap' ? pcapFor(sources) : new PcapngEncoder(),
    sinkFor(target, operands),
  );
  const onError = (error: CaptureError): void => {
    writeMessage(`weir: ${error.message}\n`);
    process.exitCode = 1;
  };
  for await (const packet of mergeCaptures(captures, onError)) writer.write(packet);
  writer.close();
  for (const capture of captures) await capture.close();
}

const areAlike = (sources: readonly CaptureInterface[]): boolean =>
  sources.every(
    ({ linkType, fcsLength }) => linkType === sources[0]?.linkType && fcsLength === sources[0]?.fcsLength,
  );

function pcapFor(sources: readonly CaptureInterface[]): PcapEncoder {
  const [{ linkType, fcsLength }] = sources as [CaptureInterface];
  return new PcapEncoder({
    linkType,
    snapLength: Math.max(...sources.map(({ snapLength }) => snapLength)),
    nanoseconds: sources.some(({ timestampUnit }) => timestampUnit < 1e-6),
    fcsLength,
  });
}

function sinkFor(target: string, inputs: readonly string[]): FileSink {
  if (target !== '-') return new FileSink(target, ...inputs);
  if (process.stdout.isTTY)
    throw new CommandError('a savefile is not for a terminal; name a file, or a pipe');
  return new FileSink(STDOUT);
}

export const DEDUP_USAGE = `Usage: weir dedup [-D WINDOW] [--ignore BYTES] -w FILE FILE

Leaves out packets whose bytes are those of one of the last WINDOW - 1 packets (default 5, at most 1000000), as editcap -D does.
Everything else of the file stays as it is. --ignore leaves the first bytes of each packet out of the comparison.
`;

/** @throws UsageError; CaptureError where a file cannot be opened or written, or is damaged. */
export async function runDedup(words: readonly string[]): Promise<void> {
  const rows = [
    WRITE,
    { short: 'D', long: ['window'], value: 'required' },
    { long: ['ignore'], value: 'required' },
    HELP,
  ] as const;
  const { options: given, operands } = parseLine(words, rows);
  const option = (name: string) => given.findLast(({ row }) => row.long[0] === name);
  if (option('help') !== undefined) return writeOutput(DEDUP_USAGE);
  const number = (name: string, usual: number, most: number): number => {
    const value = Number(option(name)?.value ?? usual);
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw new UsageError(`--${name} takes a number from 0 to ${most}`);
    return value;
  };
  const [path, ...rest] = operands;
  const target = option('write')?.value;
  if (path === undefined || rest.length > 0) throw new UsageError('it takes one file');
  if (target === undefined) throw new UsageError('it takes a file to write, -w FILE');
  const recent = new RecentPackets(number('window', 5, 1_000_000) - 1);
  const ignored = number('ignore', 0, 262_144);
  await using capture = await open(path);
  const file = sinkFor(target, operands);
  const sink = new GatheringSink(file);
  try {
    await capture.scan({
      select: () => (bytes, start, length) =>
        recent.isNew(bytes, start + Math.min(ignored, length), start + length) ? 1 : 0,
      sink,
    });
  } finally {
    sink.flush();
    file.close();
    const left = capture.packetsRead - capture.packetsMatched;
    writeMessage(`${capture.packetsRead} packets, ${left} of them left out\n`);
  }
}
