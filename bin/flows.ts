/** `--flows`, `--first`: packets taken by the flow they are of. */

import { statSync } from 'node:fs';
import { openSavefile, selectWith } from '../lib/command.js';
import {
  CaptureError,
  type Filter,
  FilterError,
  type FlowSelect,
  FlowTracker,
  MatchedFlows,
  type Select,
  type Selection,
} from '../lib/index.js';
import type { Options } from './options.js';
import { CommandError, warn } from './report.js';
import { STDIO } from './standard.js';

const EVERYTHING: Select = () => () => 1;

const accelerated = (select: FlowSelect): Selection => ({ select, accelerator: select.accelerator });

/** What selects the packets of one command; keeps state from file to file. */
export class FlowChoice {
  private readonly tracker: FlowTracker;
  private readonly found: MatchedFlows | undefined;
  private readonly isAfter: boolean;

  constructor({ flows, first, maxFlows }: Options, found: MatchedFlows | undefined) {
    this.tracker = new FlowTracker({ first, maxFlows });
    this.isAfter = flows === 'after';
    this.found = found;
  }

  /** For what is read next. */
  selection(filter: Filter | undefined): Selection {
    const select = filter === undefined ? EVERYTHING : selectWith(filter);
    const { tracker, found } = this;
    if (found !== undefined) return accelerated(tracker.found(select, found));
    return accelerated(this.isAfter ? tracker.fromMatch(select) : tracker.beginnings(select));
  }

  /** Says that flows were forgotten: packets may be missing then. */
  report(): void {
    const { forgotten } = this.tracker.table;
    if (forgotten > 0)
      warn(`${forgotten} flow${forgotten === 1 ? ' was' : 's were'} forgotten for others (--max-flows)`);
  }
}

/**
 * Goes through the files once before they are read, where it takes that to know which flows match.
 *
 * @throws CommandError for what cannot be read twice; the signal's reason.
 */
export async function flowChoice(
  options: Options,
  names: readonly string[],
  filter: Filter | undefined,
  signal: AbortSignal,
): Promise<FlowChoice> {
  if (options.rules !== undefined || options.reader !== 'weir')
    throw new CommandError('--flows and --first go with neither --rules nor --reader');
  if (options.flows !== 'whole' || filter === undefined) return new FlowChoice(options, undefined);
  const found = new MatchedFlows();
  const tracker = new FlowTracker({ maxFlows: options.maxFlows });
  for (const name of names) {
    if (name === STDIO || statSync(name, { throwIfNoEntry: false })?.isFIFO() === true)
      throw new CommandError(
        `--flows goes through its input twice, and ${name} can be read once: --flows=after takes flows from the match on`,
      );
    try {
      await using capture = await openSavefile(name, { name, signal });
      await capture.scan(accelerated(tracker.search(selectWith(filter), found)));
    } catch (error) {
      // Told where the file is read for good, after what could be read.
      if (!(error instanceof CaptureError || error instanceof FilterError)) throw error;
    }
  }
  return new FlowChoice(options, found);
}
