/** `--flow-split DIR`: a savefile for each flow, in one pass. */

import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSavefile } from '../lib/command.js';
import { splitFileByFlows } from '../lib/node.js';
import { expressionOf, filterOf, reasonOf } from './expression.js';
import { flowChoice } from './flows.js';
import type { Options } from './options.js';
import { createProgress } from './progress.js';
import { CommandError } from './report.js';
import { loaderFor } from './selection.js';
import { STDIO, writeMessage } from './standard.js';
import { hasTimes } from './timeWindow.js';

/** @throws CommandError, CaptureError, FilterError */
export async function splitFlows(options: Options): Promise<void> {
  const { read, write, flowSplit: folder, maxFlows } = options;
  if (read === undefined || read === STDIO)
    throw new CommandError('--flow-split parts a savefile: name it with -r');
  if (write !== undefined || options.split !== undefined)
    throw new CommandError('--flow-split writes into its folder: leave -w and --split out');
  if (hasTimes(options.times)) throw new CommandError('--flow-split goes with no times');
  const source = await expressionOf(options);
  const filter = source.trim() === '' ? undefined : filterOf(source, options, await loaderFor(options));
  const { signal } = new AbortController();
  const choice = await flowChoice(options, [read], filter, signal);
  let format: string;
  {
    await using capture = await openSavefile(read, { name: read });
    format = capture.format;
    const [first] = capture.interfaces;
    if (first !== undefined) filter?.for(first);
  }
  try {
    mkdirSync(folder!, { recursive: true });
  } catch (error) {
    throw new CommandError(`${folder}: ${reasonOf(error)}`);
  }
  const progress = createProgress();
  try {
    const { select } = choice.selection(filter);
    const result = await splitFileByFlows(
      read,
      (name, place) => join(folder!, `${name === undefined ? 'no-flow' : `${name}-${place + 1}`}.${format}`),
      {
        select,
        maxFlows,
        onProgress: ({ read: packets, matched, bytes }) =>
          progress.update({ packets, matched, bytes, totalBytes: statSync(read).size }),
      },
    );
    progress.clear();
    writeMessage(`${result.read} packets read, ${result.written} written into ${result.files} files\n`);
  } finally {
    progress.clear();
    choice.report();
  }
}
