/** Captures opened for a filter, filtered file to file, and parted into many. */

import {
  BOOLEAN,
  checkArgument,
  checkOptions,
  FUNCTION,
  LIMIT,
  OBJECT,
  type Rules,
  SIGNAL,
  STRING,
  wholeNumber,
} from '../arguments.js';
import { Filter, selectionOf, selectWith } from '../filter/index.js';
import { FlowKey, FlowTable, NO_FLOW } from '../flows/index.js';
import type { RuleSet } from '../rules/index.js';
import type { Capture, Chunks, ReadOptions, Select } from '../savefile/index.js';
import { FileSink, GatheringSink, ManyFiles, openSavefile } from '../savefile/node.js';

/** How a capture is opened. */
export interface OpenOptions extends ReadOptions {
  /**
   * Packets that do not match are left out, of batches, of iteration and of scans; in place of `select`. What
   * link type an interface is of does not matter: the expression is compiled for each.
   */
  readonly filter?: Filter | undefined;
}

/** How far reading has come. */
export interface Progress {
  /** Packets read so far. */
  readonly read: number;
  /** Packets that match so far. */
  readonly matched: number;
  /** Bytes of the (decompressed) capture read so far. */
  readonly bytes: number;
}

const FILTER = { expects: 'a Filter', type: (value: unknown) => value instanceof Filter };

const OPEN_RULES: Rules = {
  filter: FILTER,
  select: FUNCTION,
  accelerator: OBJECT,
  name: STRING,
  signal: SIGNAL,
  chunkSize: wholeNumber(1, 1 << 30),
};

/**
 * Opens a capture: pcap or pcapng, bare or compressed with gzip, zstd or lz4, told apart by content.
 *
 * A regular file is read synchronously into one reused buffer, which is what makes scanning fast; the
 * event loop gets its turn every few milliseconds. Pipes, FIFOs and streams are read as data comes.
 *
 * @example
 * const capture = await openCapture('big.pcapng.zst', { filter: compile('tcp port 443'), signal });
 * for await (const batch of capture.batches()) for (const packet of batch) use(packet);
 *
 * @param input - A path; a file descriptor, which stays open unless it is a pipe or socket; or chunks of
 *   bytes, as from a stream.
 * @throws CaptureError where the input cannot be opened or is no capture.
 * @throws TypeError, RangeError for wrong options.
 */
export async function openCapture(
  input: string | number | Chunks,
  options: OpenOptions = {},
): Promise<Capture> {
  checkOptions('openCapture()', options, OPEN_RULES);
  const { filter, ...others } = options;
  return openSavefile(input, filter === undefined ? others : { ...others, ...selectionOf(filter) });
}

/** How a file is filtered. */
export interface FilterFileOptions {
  /** Stop after this many matches. */
  readonly limit?: number | undefined;
  /** Ends reading early: the promise rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Told how far it has come, some times a second and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const FILE_RULES: Rules = { limit: LIMIT, signal: SIGNAL, onProgress: FUNCTION };

/** What filtering a file came to. */
export interface FilterFileResult {
  /** Packets read. */
  readonly read: number;
  /** Packets written. */
  readonly matched: number;
}

/**
 * Copies the packets of a capture that match, byte for byte and in the container they came in; with
 * pcapng, everything that is not a packet is kept as well. Reads compressed captures, writes plain ones.
 *
 * @throws CaptureError for a file that cannot be read or written; what was readable has been written.
 * @throws FilterError where the file has a link type that the expression cannot be compiled for.
 * @throws TypeError, RangeError for wrong options.
 */
export async function filterFile(
  input: string,
  output: string,
  filter: Filter,
  options: FilterFileOptions = {},
): Promise<FilterFileResult> {
  checkArgument('filterFile()', 'the filter', filter, FILTER);
  checkOptions('filterFile()', options, FILE_RULES);
  const { limit, signal, onProgress } = options;
  await using capture = await openCapture(input, { filter, signal });
  using file = new FileSink(output, input);
  using _ = watch(capture, onProgress);
  await capture.scan({ sink: new GatheringSink(file), limit });
  return { read: capture.packetsRead, matched: capture.packetsMatched };
}

/** How a file is parted. */
export interface SplitFileOptions extends Omit<FilterFileOptions, 'limit'> {
  /** Where packets go that no filter matches; nowhere unless given. */
  readonly rest?: string | undefined;
}

/** What parting a file came to. */
export interface SplitFileResult {
  /** Packets read. */
  readonly read: number;
  /** Packets written, by the path they were written to. */
  readonly written: Readonly<Record<string, number>>;
}

/**
 * Parts a capture into many in one pass, each as {@link filterFile} writes it. A packet that several filters match
 * goes to each of their files.
 *
 * @example
 * await splitFile('all.pcapng', { 'dns.pcapng': compile('@dns'), 'web.pcapng': compile('tcp port 443') });
 *
 * @param outputs - Filters by the path to write to.
 * @throws CaptureError, FilterError, TypeError, RangeError as {@link filterFile} does.
 */
export async function splitFile(
  input: string,
  outputs: Readonly<Record<string, Filter>>,
  options: SplitFileOptions = {},
): Promise<SplitFileResult> {
  checkArgument('splitFile()', 'outputs', outputs, OBJECT);
  for (const filter of Object.values(outputs))
    checkArgument('splitFile()', 'each of outputs', filter, FILTER);
  checkOptions('splitFile()', options, { signal: SIGNAL, onProgress: FUNCTION, rest: STRING });
  const { rest, signal, onProgress } = options;
  const paths = [...Object.keys(outputs), ...(rest === undefined ? [] : [rest])];
  const files: FileSink[] = [];
  await using capture = await openCapture(input, { signal });
  using _ = watch(capture, onProgress);
  try {
    for (const path of paths) files.push(new FileSink(path, input));
    const sinks = files.map((file) => new GatheringSink(file));
    const parts = Object.values(outputs).map((filter, index) => ({
      select: selectWith(filter),
      sink: sinks[index]!,
    }));
    const counts = await capture.split(parts, sinks[parts.length]);
    return {
      read: capture.packetsRead,
      written: Object.fromEntries(paths.map((path, index) => [path, counts[index]!])),
    };
  } finally {
    for (const file of files) file.close();
  }
}

/** How a file is parted by rules. */
export interface SplitByRulesOptions extends Omit<SplitFileOptions, 'rest'> {
  /** A packet goes to the first rule that matches, not to all that do. */
  readonly firstMatch?: boolean | undefined;
}

/**
 * Parts a capture by rules in one pass: a file a rule, each as {@link filterFile} writes it. Any number of rules: files
 * are open only while they are written.
 *
 * @param paths - Where the packets of each rule go, in the rules' order.
 * @returns What was read, and written for each path.
 * @throws CaptureError as {@link filterFile} does; RuleError where the file has a link type that a rule has no meaning on.
 */
export async function splitFileByRules(
  input: string,
  paths: readonly string[],
  rules: RuleSet,
  options: SplitByRulesOptions = {},
): Promise<SplitFileResult> {
  checkOptions('splitFileByRules()', options, {
    signal: SIGNAL,
    onProgress: FUNCTION,
    firstMatch: BOOLEAN,
  });
  if (paths.length !== rules.rules.length)
    throw new RangeError(
      `splitFileByRules(): ${rules.rules.length} rules take as many paths, got ${paths.length}`,
    );
  const { signal, onProgress, firstMatch = false } = options;
  await using capture = await openCapture(input, { signal });
  using _ = watch(capture, onProgress);
  const [first] = capture.interfaces;
  if (first !== undefined) rules.for(first);
  const files = new ManyFiles(input);
  const parts = paths.map((path) => ({ sink: files.create(path) }));
  const counts = await capture.split(parts, undefined, (source) => {
    const link = rules.for(source);
    return (bytes, start, capturedLength, wireLength) => {
      const times = link.find(bytes, start, capturedLength, wireLength);
      return link.found.subarray(0, firstMatch ? Math.min(times, 1) : times);
    };
  });
  return {
    read: capture.packetsRead,
    written: Object.fromEntries(paths.map((path, index) => [path, counts[index]!])),
  };
}

/** How a file is parted by flows. */
export interface SplitByFlowsOptions extends Omit<SplitFileOptions, 'rest'> {
  /** Which packets; without it, all. */
  readonly select?: Select | undefined;
  /** Most flows that are kept in mind at once: see `FlowOptions`. */
  readonly maxFlows?: number | undefined;
}

/** What parting a file by flows came to. */
export interface SplitByFlowsResult {
  /** Packets read. */
  readonly read: number;
  /** Packets written. */
  readonly written: number;
  /** Files written. */
  readonly files: number;
}

/**
 * Parts a capture by flows in one pass: a file a flow, each as {@link filterFile} would write it for those packets.
 *
 * @param pathOf - Where to write a flow, named by protocol and ends; or, where it is `undefined`, packets of no flow.
 * @param options - What flows are is as of `FlowTable`.
 * @throws CaptureError as {@link filterFile} does.
 */
export async function splitFileByFlows(
  input: string,
  pathOf: (name: string | undefined, place: number) => string,
  options: SplitByFlowsOptions = {},
): Promise<SplitByFlowsResult> {
  checkOptions('splitFileByFlows()', options, {
    signal: SIGNAL,
    onProgress: FUNCTION,
    select: FUNCTION,
    maxFlows: wholeNumber(1, 2 ** 24),
  });
  const { signal, onProgress, select, maxFlows } = options;
  const table = new FlowTable({ maxFlows });
  const key = new FlowKey();
  const files = new ManyFiles(input);
  const places = new Map<number, number>();
  let name: string | undefined;
  await using capture = await openCapture(input, { signal });
  using _ = watch(capture, onProgress);
  const counts = await capture.split(
    [],
    undefined,
    (source, time) => {
      const test = select?.(source, time);
      return (bytes, start, capturedLength, wireLength) => {
        time.read();
        const flow = key.read(source.linkType, bytes, start, capturedLength)
          ? table.numberOf(key, time.seconds + time.nanoseconds / 1e9)
          : NO_FLOW;
        if (test?.(bytes, start, capturedLength, wireLength) === 0) return [];
        name = flow === NO_FLOW ? undefined : key.name;
        let place = places.get(flow);
        if (place === undefined) places.set(flow, (place = places.size));
        return [place];
      };
    },
    (place) => ({ sink: files.create(pathOf(name, place)) }),
  );
  const written = counts.reduce((sum, count) => sum + count, 0);
  return { read: capture.packetsRead, written, files: counts.length };
}

/** Milliseconds between two reports. */
const REPORTING = 200;

/** Reports how far a capture has been read until it is disposed of, and then once more. */
function watch(capture: Capture, report: ((progress: Progress) => void) | undefined): Disposable {
  if (report === undefined) return { [Symbol.dispose]: () => {} };
  const tell = () =>
    report({ read: capture.packetsRead, matched: capture.packetsMatched, bytes: capture.bytesRead });
  const timer = setInterval(tell, REPORTING).unref();
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      tell();
    },
  };
}
