/** `--equivalent`: whether two expressions match the same packets, with one that only one of them matches. */

import { NO_LOADER, SNAP_LENGTH } from '../lib/command.js';
import { equivalent } from '../lib/index.js';
import { filterFor, filterOf, lookUpNames } from './expression.js';
import { UsageError } from './getopt.js';
import type { Options } from './options.js';
import { warn } from './report.js';
import { writeOutput } from './standard.js';

/** Status 0: they do; 1: they do not; 2: not decided. */
export async function compareExpressions(options: Options): Promise<void> {
  const [first, second, ...rest] = options.operands;
  if (first === undefined || second === undefined || rest.length > 0)
    throw new UsageError('--equivalent takes two expressions, each in quotes');
  if (options.linkType === undefined) warn('assuming Ethernet');
  await lookUpNames(options, first, second);
  // What matches nothing may be compared, too.
  const [a, b] = [first, second].map((source) =>
    filterFor(
      filterOf(source, { ...options, optimize: false }, NO_LOADER, SNAP_LENGTH),
      options.linkType ?? 'EN10MB',
    ),
  );
  const answer = equivalent(a!.cbpf, b!.cbpf);
  switch (answer.verdict) {
    case 'equal':
      writeOutput('equivalent\n');
      return;
    case 'undecided':
      writeOutput(`undecided: ${answer.reason}\n`);
      process.exitCode = 2;
      return;
    case 'different': {
      const matching = answer.results[0] !== 0 ? first : second;
      const { packet, wireLength } = answer;
      const length = wireLength === packet.length ? '' : `, ${wireLength} on the wire`;
      // Programs that look at other bytes, or in another order, part at packets that lack one.
      const onlyCut = equivalent(a!.cbpf, b!.cbpf, { whole: true }).verdict === 'equal';
      const what = onlyCut ? 'equivalent on whole packets; cut short, ' : 'different: ';
      writeOutput(`${what}only '${matching}' matches this packet of ${packet.length} bytes${length}\n`);
      writeOutput(`${Buffer.from(packet).toString('hex')}\n`);
      process.exitCode = 1;
    }
  }
}
