/** `--split DIR`, by `--by LIST` or `--rules FILE`: parts a capture into savefiles in one pass, each as `-w` would write it. */

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSavefile } from '../lib/command.js';
import type { Filter, PacketSource } from '../lib/index.js';
import {
  type Progress as LibraryProgress,
  type SplitFileResult,
  splitFile,
  splitFileByRules,
} from '../lib/node.js';
import { filterOf, lookUpNames, reasonOf } from './expression.js';
import type { Options } from './options.js';
import { createProgress } from './progress.js';
import { CommandError } from './report.js';
import { loaderFor } from './selection.js';
import { checkSplit, REST, rulesOf } from './splitList.js';
import { writeMessage, writeOutput } from './standard.js';

/** @throws CommandError, CaptureError, FilterError */
export async function splitCapture(options: Options): Promise<void> {
  checkSplit(options);
  const read = options.read!;
  const parting = await (options.rules === undefined ? partingByList(options) : partingByRules(options));
  const progress = createProgress();
  try {
    const { read: packets, written } = await parting(({ read: packets, matched, bytes }) =>
      progress.update({ packets, matched, bytes, totalBytes: statSync(read).size }),
    );
    progress.clear();
    writeMessage(`${packets} packet${packets === 1 ? '' : 's'} read\n`);
    for (const [path, count] of Object.entries(written)) writeOutput(`${count}\t${path}\n`);
  } finally {
    progress.clear();
  }
}

/** Parts the capture, and tells how far it has come. */
type Parting = (onProgress: (progress: LibraryProgress) => void) => Promise<SplitFileResult>;

async function partingByList(options: Options): Promise<Parting> {
  const { read, by } = options;
  const rules = rulesOf(by);
  await lookUpNames(options, ...rules.flatMap(({ expression = '' }) => expression));
  const loader = await loaderFor(options);
  const { format, first } = await aboutFile(read!);
  const filters = rules.map(({ expression }) =>
    expression === undefined ? undefined : filterOf(expression, options, loader),
  );
  // What is wrong with an expression is said before anything is written.
  for (const filter of filters) filter?.for(first);
  const pathOf = pathsIn(options.split!, format);
  const outputs: Record<string, Filter> = {};
  for (const [at, filter] of filters.entries())
    if (filter !== undefined) outputs[pathOf(rules[at]!.name)] = filter;
  const rest = rules.some(({ expression }) => expression === undefined) ? pathOf(REST) : undefined;
  return (onProgress) => splitFile(read!, outputs, { rest, onProgress });
}

async function partingByRules(options: Options): Promise<Parting> {
  const { loadRules, rulesFor } = await import('./ruleCounts.js');
  const rules = await loadRules(options);
  const { format, first } = await aboutFile(options.read!);
  rulesFor(rules, first);
  const pathOf = pathsIn(options.split!, format);
  const paths = rules.written.map(({ name }) => pathOf(name.replace(/^@/, '')));
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined)
    throw new CommandError(`${options.rules}: two rules are to be written to ${twice}`);
  const { firstMatch } = options;
  return (onProgress) => splitFileByRules(options.read!, paths, rules.set, { firstMatch, onProgress });
}

/** Makes the folder; gives the place of a part in it. */
function pathsIn(folder: string, format: string): (name: string) => string {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CommandError(`${folder}: ${reasonOf(error)}`);
  }
  return (name) => join(folder, `${name}.${format}`);
}

/** Savefiles are of the kind of what is read. */
async function aboutFile(path: string): Promise<{ format: string; first: PacketSource }> {
  await using capture = await openSavefile(path, { name: path });
  return { format: capture.format, first: capture.interfaces[0] ?? { linkType: 1 } };
}
