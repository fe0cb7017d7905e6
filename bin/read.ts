/** Reading savefiles: filters them, and prints, counts or writes what matches. */

import { existsSync, readFileSync } from 'node:fs';
import {
  LINUX_SLL2,
  NO_LOADER,
  openSavefile,
  type PacketTest,
  type SeekSource,
  SNAP_LENGTH,
} from '../lib/command.js';
import { type Capture, type Filter, type Packet, type Sink, selectionOf } from '../lib/index.js';
import { fromPcapParser } from '../lib/node.js';
import { printProgram } from './dump.js';
import { expressionOf, filterOf, linkTypeText, reasonOf, warnAbout } from './expression.js';
import type { FlowChoice } from './flows.js';
import type { FilteredFile, FilterThreads } from './jobs.js';
import type { Options } from './options.js';
import { Output } from './output.js';
import type { TextOutput } from './print.js';
import { createProgress, type Progress } from './progress.js';
import { CommandError } from './report.js';
import type { RuleCounts } from './ruleCounts.js';
import { loaderFor } from './selection.js';
import { STDIO, writeMessage, writeOutput } from './standard.js';
import { hasTimes, TimeChoice } from './timeWindow.js';

const STDIN = 0;
const PROGRESS_MS = 200;

interface Totals {
  packets: number;
  matched: number;
  /** What is being scanned, or was when that failed. */
  capture: Capture | undefined;
}

/** What reading one file takes besides its name. */
interface Reading {
  readonly source: string;
  readonly options: Options;
  readonly output: Output;
  readonly totals: Totals;
  readonly signal: AbortSignal;
  /** With `--rules`, in place of the expression. */
  readonly rules: RuleCounts | undefined;
  /** With `--flows` or `--first`, around the expression. */
  flows: FlowChoice | undefined;
  /** Called once a file is open. */
  readonly listen: () => void;
}

/** Files that others have filtered already. */
export interface FilteredFiles {
  readonly names: readonly string[];
  file(index: number): FilteredFile;
}

/** @param filtered - What others have made of the files, in place of filtering them. */
export async function readFiles(options: Options, filtered?: FilteredFiles): Promise<void> {
  const names =
    filtered?.names ?? (options.readList === undefined ? [options.read!] : listedFiles(options.readList));
  const source = await expressionOf(options);
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort(STOPPED);
  // Not before a file is open: opening a FIFO waits for its writer, and only a signal that ends the process ends that.
  let listens = false;
  const listen = (): void => {
    if (listens) return;
    listens = true;
    for (const signal of STOP_SIGNALS) process.on(signal, stop);
    // As live. Else the one would have Node open a port for debuggers, and the other end the process.
    process.on('SIGUSR1', () => tell(totals));
    process.on('SIGUSR2', () => output.flush());
  };
  const totals: Totals = { packets: 0, matched: 0, capture: undefined };
  const rules = await rulesOf(options);
  const output = new Output(options, names, await textOutput(options), rules && (() => rules.label));
  const threads = filtered === undefined ? await threadsFor(names, source, options) : undefined;
  const { signal } = interrupt;
  const reading: Reading = { source, options, output, totals, signal, rules, flows: undefined, listen };
  let counted = true;
  try {
    if ((options.flows ?? options.first) !== undefined && options.dump === 0) {
      listen();
      const { flowChoice } = await import('./flows.js');
      reading.flows = await flowChoice(options, names, await selectingFilter(source, options), signal);
    }
    for (const [index, name] of names.entries()) {
      if (totals.matched >= (options.count ?? Number.POSITIVE_INFINITY)) break;
      if (options.reader === 'weir') await readOne(name, reading, (filtered ?? threads)?.file(index));
      else await readWithPcapParser(name, reading);
    }
  } catch (error) {
    if (error === STOPPED || output.isFull(error)) return;
    // A count is that of what was read until a file proved damaged, not of what could not be opened or compiled.
    counted = totals.capture !== undefined;
    throw error;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    await threads?.[Symbol.asyncDispose]();
    // What was read before a failure is delivered before the failure is reported.
    await output.finish();
    reading.flows?.report();
    if (options.countOnly && options.dump === 0 && counted) {
      if (rules === undefined) reportCount(totals.matched);
      else writeOutput(rules.table);
    }
  }
}

async function rulesOf(options: Options): Promise<RuleCounts | undefined> {
  if (options.rules === undefined) {
    if (options.firstMatch) throw new CommandError('--first-match is about --rules');
    return undefined;
  }
  if (options.reader !== 'weir' || options.dump > 0)
    throw new CommandError('--rules goes with neither --reader nor programs that are printed');
  const { RuleCounts, loadRules } = await import('./ruleCounts.js');
  return new RuleCounts(await loadRules(options), options.firstMatch);
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The threads of `--jobs`, where there is more than one file and something to filter. */
async function threadsFor(
  names: readonly string[],
  source: string,
  options: Options,
): Promise<FilterThreads | undefined> {
  const { jobs, reader, dump, countOnly, write, user } = options;
  const isOther = (options.rules ?? options.flows ?? options.first) !== undefined || hasTimes(options.times);
  if (jobs < 2 || isOther || names.length < 2 || reader !== 'weir' || dump > 0 || names.includes(STDIO))
    return undefined;
  // Threads open files for themselves, so that it would be chance as whom.
  if (user !== undefined) return undefined;
  const { FilterThreads } = await import('./jobs.js');
  return new FilterThreads(names, jobs, { source, options, posts: !countOnly || write !== undefined });
}

/** Thrown through a read that the user interrupted, which is no failure. */
const STOPPED = new Error('interrupted');

function tell({ packets, matched, capture }: Totals): void {
  const [read, found] = [packets + (capture?.packetsRead ?? 0), matched + (capture?.packetsMatched ?? 0)];
  writeMessage(`weir: ${read} packets read, ${found} match\n`);
}

function reportCount(matched: number): void {
  writeOutput(`${matched} packet${matched === 1 ? '' : 's'}\n`);
}

function listedFiles(list: string): string[] {
  let text: string;
  try {
    text = readFileSync(list === STDIO ? STDIN : list, 'utf8');
  } catch (error) {
    throw new CommandError(`${list}: ${reasonOf(error)}`);
  }
  const names = text.split('\n').map((line) => line.trim());
  const named = names.filter((name) => name !== '');
  if (named.length === 0) throw new CommandError(`${list}: no savefile is listed`);
  return named;
}

async function readOne(name: string, reading: Reading, filtered: FilteredFile | undefined): Promise<void> {
  const { source, options, output, totals, signal, rules, flows, listen } = reading;
  await using capture = await openSavefile(name === STDIO ? STDIN : name, { name, signal });
  listen();
  const [first] = capture.interfaces;
  const about =
    first === undefined
      ? ''
      : `, link-type ${linkTypeText(first.linkType)}, snapshot length ${first.snapLength}`;
  writeMessage(`reading from file ${name}${about}\n`);
  if (first?.linkType === LINUX_SLL2) writeMessage('Warning: interface names might be incorrect\n');

  if (options.dump > 0) {
    const filter = filterOf(source, options, NO_LOADER, first?.snapLength ?? SNAP_LENGTH);
    await printProgram(filter.for(first ?? { linkType: 1 }), options);
    return;
  }
  const filter = await selectingFilter(source, options);
  // An expression that is wrong should say so even where the file holds no packet.
  if (first !== undefined && filter !== undefined) warnAbout(filter.for(first), options);
  const times = hasTimes(options.times) ? new TimeChoice(options.times) : undefined;
  const chosen = rules?.selection(first) ?? flows?.selection(filter) ?? (filter && selectionOf(filter));
  const selection = times?.selection(chosen ?? {}) ?? chosen;

  const open = () => output.sinkFor(capture);
  const sink =
    options.user === undefined
      ? await open()
      : await (await import('./privileges.js')).relinquishAround(options, open);
  const onMatch = output.onMatch;
  const limit = options.count === undefined ? undefined : options.count - totals.matched;
  totals.capture = capture;
  if (filtered !== undefined) {
    if (sink !== undefined) await copy(filtered, sink, totals);
    else if (onMatch === undefined) {
      const { matched, failure } = await filtered.count();
      totals.matched += Math.min(matched, limit ?? matched);
      if (failure !== undefined) throw failure;
    } else await deliver(filtered, name, reading, onMatch, limit);
    totals.capture = undefined;
    return;
  }
  const isPlain = rules === undefined && flows === undefined;
  const indexed = isPlain ? await indexFor(name, capture, reading, filter, times) : undefined;
  await using _ =
    isPlain && indexed === undefined && times === undefined ? await threadsOn(name, capture, reading) : null;
  const progress = createProgress();
  const watch = watchProgress(progress, capture);
  try {
    const all = selection === undefined && sink === undefined ? output.selection : undefined;
    await capture.scan(all === undefined ? { ...selection, limit, sink, onMatch } : { ...all, limit });
    totals.capture = undefined;
  } finally {
    clearInterval(watch);
    progress.clear();
    if (indexed !== undefined && options.verbose > 0)
      writeMessage(`weir: index: ${indexed.bytesTaken} of ${capture.bytesTotal} bytes read\n`);
    totals.packets += capture.packetsRead;
    totals.matched += capture.packetsMatched;
  }
}

/** Reads only what an index beside the file leaves. */
async function indexFor(
  name: string,
  capture: Capture,
  { options }: Reading,
  filter: Filter | undefined,
  times: TimeChoice | undefined,
): Promise<SeekSource | undefined> {
  const { index, user } = options;
  if (index === 'require' && (name === STDIO || user !== undefined))
    throw new CommandError('an index is beside a file, and -Z opens no other ones');
  if (index === 'off' || name === STDIO || user !== undefined || (filter ?? times) === undefined)
    return undefined;
  if (index === 'auto' && !existsSync(`${name}.weirindex`)) return undefined;
  const { indexedSource } = await import('./seek.js');
  return indexedSource(name, capture, options, filter, times);
}

/** Lets threads go through a large file. */
async function threadsOn(
  name: string,
  capture: Capture,
  { source, options }: Reading,
): Promise<AsyncDisposable | null> {
  const { jobs, user, engine, countOnly, write, count } = options;
  if (name === STDIO || jobs < 2 || user !== undefined || engine !== undefined) return null;
  const posts = !countOnly || write !== undefined || count !== undefined;
  // To hand on everything takes as long as to read it.
  if (posts && source.trim() === '') return null;
  const { SegmentThreads } = await import('./segmentThreads.js');
  const threads = await SegmentThreads.start(name, capture, jobs, {
    source,
    options,
    posts,
  });
  return threads ?? null;
}

/** Without an expression every packet passes, and nothing needs to be asked. */
async function selectingFilter(source: string, options: Options): Promise<Filter | undefined> {
  return source.trim() === '' ? undefined : filterOf(source, options, await loaderFor(options));
}

/** Writes what matches as it is. */
async function copy({ chunks, count }: FilteredFile, sink: Sink, totals: Totals): Promise<void> {
  try {
    for await (const bytes of chunks) await sink.write(bytes, 0, bytes.length);
  } finally {
    await sink.flush?.();
    totals.matched += (await count()).matched;
  }
}

/** Hands on what a thread found. */
async function deliver(
  { chunks }: FilteredFile,
  name: string,
  { totals, signal }: Reading,
  onMatch: (packet: Packet) => void,
  limit: number | undefined,
): Promise<void> {
  await using matching = await openSavefile(chunks, { name, signal });
  try {
    await matching.scan({ onMatch, limit });
  } finally {
    totals.matched += matching.packetsMatched;
  }
}

/** The same through the package pcap-parser: pcap files in microseconds, packet by packet. */
async function readWithPcapParser(name: string, reading: Reading): Promise<void> {
  const { source, options, output, totals, signal, listen } = reading;
  listen();
  if (options.write !== undefined)
    throw new CommandError('--reader=pcap-parser prints and counts; it does not write');
  if (options.user !== undefined)
    throw new CommandError('--reader=pcap-parser opens its file late, so that -Z cannot come after it');
  const { default: pcapParser } = await import('pcap-parser');
  const filter = await selectingFilter(source, options);
  const limit = options.count ?? Number.POSITIVE_INFINITY;
  let test: PacketTest | undefined;
  for await (const batch of fromPcapParser(pcapParser.parse(name === STDIO ? process.stdin : name))) {
    for (const packet of batch) {
      signal.throwIfAborted();
      if (totals.matched >= limit) return;
      totals.packets++;
      test ??= filter?.for(packet.interface).test;
      const { data, wireLength } = packet;
      if (test !== undefined && test(data, 0, data.length, wireLength) === 0) continue;
      totals.matched++;
      output.onMatch?.(packet);
    }
  }
}

function watchProgress(progress: Progress, capture: Capture): NodeJS.Timeout {
  const draw = (): void =>
    progress.update({
      bytes: capture.bytesRead,
      totalBytes: capture.bytesTotal,
      packets: capture.packetsRead,
      matched: capture.packetsMatched,
    });
  return setInterval(draw, PROGRESS_MS).unref();
}

/** The printer, loaded only where something is printed: it is half of the command's code. */
async function textOutput(options: Options): Promise<TextOutput | undefined> {
  const prints = !options.countOnly && options.dump === 0 && (options.write === undefined || options.print);
  return prints ? (await (await import('./print.js')).textMaker(options))() : undefined;
}
