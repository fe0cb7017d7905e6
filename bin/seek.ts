/** `weir index`, and the index beside a capture that is read. */

import { statSync } from 'node:fs';
import {
  buildIndex,
  type Follower,
  FollowingIndex,
  indexPathOf,
  openIndex,
  type SeekSource,
  seekSource,
} from '../lib/command.js';
import type { Capture, Filter } from '../lib/index.js';
import { reasonOf } from './expression.js';
import { parseLine, UsageError } from './getopt.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { STDIO, writeMessage, writeOutput } from './standard.js';
import type { TimeChoice } from './timeWindow.js';

export const USAGE = `Usage: weir index FILE...

Makes an index beside each capture, FILE.weirindex, which knows in which blocks of it times, link types, addresses, ports,
protocols, VLANs and TCP flags occur. Later runs read only the blocks that can hold packets which match; what they print,
write and count is the same.
An index that is damaged, or of what a capture was before, is not used. Compressed captures have none.
`;

const ROWS = [{ short: 'h', long: ['help'], value: 'none' }] as const;

/** @throws UsageError, CommandError, CaptureError */
export async function runIndex(words: readonly string[]): Promise<void> {
  const { options, operands } = parseLine(words, ROWS);
  if (options.length > 0) return writeOutput(USAGE);
  if (operands.length === 0) throw new UsageError('it takes captures');
  for (const name of operands) {
    const made = await buildIndex(name).catch((error: unknown) => {
      throw error instanceof Error && 'syscall' in error
        ? new CommandError(`${indexPathOf(name)}: ${reasonOf(error)}`)
        : error;
    });
    writeOutput(`${made.path}: ${made.packets} packets, ${made.bytes} bytes\n`);
    if (made.damage === undefined) continue;
    writeMessage(`weir: ${made.damage.message}; the index is of what lies before\n`);
    process.exitCode = 1;
  }
}

/** Gives what follows a file that is written. */
export type Follow = (path: string) => Follower | undefined;

/** What makes the index of a file while it is written. @throws CommandError */
export function followerOf({ write, user }: Options): Follow {
  if (write === STDIO || user !== undefined)
    throw new CommandError('an index is made beside a file, by who may write there: neither -w - nor -Z');
  return (path) => {
    const report = (error: unknown) =>
      writeMessage(`weir: ${indexPathOf(path)}: not made: ${reasonOf(error)}\n`);
    try {
      // Of what flows by nothing can be entered in the middle, and to open a FIFO for that would wait.
      if (!statSync(path).isFile()) throw new CommandError('only plain files have one');
      return new FollowingIndex(path, report);
    } catch (error) {
      report(error);
      return undefined;
    }
  };
}

/** What reads of a capture only what may matter; `undefined` where that is all of it. @throws CommandError */
export async function indexedSource(
  name: string,
  capture: Capture,
  { index }: Options,
  filter: Filter | undefined,
  times: TimeChoice | undefined,
): Promise<SeekSource | undefined> {
  const isRequired = index === 'require';
  const opened =
    capture.compression === undefined && capture.bytesTotal !== undefined ? openIndex(name) : undefined;
  if (opened === undefined) {
    if (isRequired) throw new CommandError(`${name}: there is no index; weir index makes one`);
    return undefined;
  }
  if ('reason' in opened) {
    const told = `${indexPathOf(name)}: not used: ${opened.reason}`;
    if (isRequired) throw new CommandError(told);
    writeMessage(`weir: ${told}\n`);
    return undefined;
  }
  const { first, chunks } = opened.directory;
  if (first !== null) times?.begin({ seconds: first[0], nanoseconds: first[1] });
  const stretches = opened.stretches(filter, times?.window);
  const begin = stretches === undefined || chunks.length === 0 ? undefined : await capture.readUntilPacket();
  if (begin === undefined || begin !== chunks[0]!.start) {
    opened.close();
    return undefined;
  }
  const source = seekSource(name, stretches!);
  capture.continueWith({
    ...source,
    read: source.read,
    close: async () => {
      opened.close();
      await source.close();
    },
  });
  return source;
}
