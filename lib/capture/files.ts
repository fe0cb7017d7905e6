/** Captures opened for a filter, and filtered file to file. */

import { type Filter, selectionOf } from '../filter/index.js';
import type { Capture, Chunks, ReadOptions } from '../savefile/index.js';
import { FileSink, GatheringSink, openSavefile } from '../savefile/node.js';

export interface OpenOptions extends ReadOptions {
  /**
   * Packets that do not match are left out, of batches, of iteration and of scans; in place of `select`. What
   * link type an interface is of does not matter: the expression is compiled for each.
   */
  readonly filter?: Filter;
}

/**
 * Opens a capture: pcap or pcapng, bare or compressed with gzip, zstd or lz4, told apart by content.
 *
 * A regular file is read synchronously into one reused buffer, which is what makes scanning fast; the
 * event loop gets its turn every few milliseconds. Pipes, FIFOs and streams are read as data comes.
 *
 * @example
 * await using capture = await openCapture('big.pcapng.zst', { filter: compile('tcp port 443'), signal });
 * for await (const batch of capture.batches()) for (const packet of batch) use(packet);
 *
 * @param input - A path; a file descriptor, which stays open unless it is a pipe or socket; or chunks of
 *   bytes, as from a stream.
 * @throws CaptureError where the input cannot be opened or is no capture.
 */
export async function openCapture(
  input: string | number | Chunks,
  options: OpenOptions = {},
): Promise<Capture> {
  const { filter, ...others } = options;
  return openSavefile(input, filter === undefined ? others : { ...others, ...selectionOf(filter) });
}

export interface FilterFileOptions {
  /** Stop after this many matches. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

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
 */
export async function filterFile(
  input: string,
  output: string,
  filter: Filter,
  options: FilterFileOptions = {},
): Promise<FilterFileResult> {
  const { limit, signal } = options;
  await using capture = await openCapture(input, { filter, ...(signal === undefined ? {} : { signal }) });
  using file = new FileSink(output, input);
  await capture.scan({ sink: new GatheringSink(file), ...(limit === undefined ? {} : { limit }) });
  return { read: capture.packetsRead, matched: capture.packetsMatched };
}
