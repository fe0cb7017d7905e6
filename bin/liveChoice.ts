/** `--rules`, `--split`, `--flows=after` and `--first` on what is captured: packets are chosen here, one by one, and not in the kernel. */

import { type CaptureInterface, type Filter, type Packet, packetSelector } from '../lib/index.js';
import type { LiveSplit } from './liveSplit.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';

/** What chooses among the packets of a device. */
export interface LiveChoice {
  readonly wants: (packet: Packet) => boolean;
  /** What the line of the packet that was asked about last begins with. */
  readonly label: (() => string) | undefined;
  /** Said at the end: flows that were forgotten. */
  readonly report: () => void;
  /** A line a rule. */
  readonly table: () => string;
  /** Where packets that are wanted go. */
  readonly split?: LiveSplit;
}

/**
 * @param filter - The expression, where packets are chosen by flow.
 * @throws CommandError for rules that are wrong, and for what takes two passes.
 */
export async function liveChoice(
  options: Options,
  source: CaptureInterface,
  filter: Filter | undefined,
): Promise<LiveChoice> {
  const { flows, first, rules, firstMatch } = options;
  if (options.split !== undefined) {
    const split = await (await import('./liveSplit.js')).LiveSplit.of(options, source);
    return { wants: split.wants, label: undefined, report: () => {}, table: () => split.table, split };
  }
  if (rules !== undefined) {
    if ((flows ?? first) !== undefined) throw new CommandError('--flows and --first do not go with --rules');
    const { loadRules, RuleCounts } = await import('./ruleCounts.js');
    const counts = new RuleCounts(await loadRules(options), firstMatch);
    const wants = packetSelector(counts.selection(source).select);
    return { wants, label: () => counts.label, report: () => {}, table: () => counts.table };
  }
  if (flows === 'whole')
    throw new CommandError(
      '--flows goes through its input twice: --flows=after takes flows from the match on',
    );
  const { FlowChoice } = await import('./flows.js');
  const choice = new FlowChoice(options, undefined);
  // An expression that is wrong should say so before a packet comes.
  filter?.for(source);
  const wants = packetSelector(choice.selection(filter).select!);
  return { wants, label: undefined, report: () => choice.report(), table: () => '' };
}
