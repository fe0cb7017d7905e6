/** What `--split` parts by, of savefiles and live. */

import type { Options } from './options.js';
import { CommandError } from './report.js';
import { hasTimes } from './timeWindow.js';

/** In a list: the savefile of the packets that nothing else of it matches. */
export const REST = 'rest';

interface Rule {
  readonly name: string;
  /** `undefined` for the rest. */
  readonly expression: string | undefined;
}

/**
 * Reads `@dns,web=tcp port 80 or port 443,rest`: ready-made filters, named expressions, what is left.
 *
 * @throws CommandError
 */
export function rulesOf(lists: readonly string[]): Rule[] {
  const rules = lists
    .flatMap((list) => list.split(','))
    .map((text): Rule => {
      const [, ready, name, expression] = /^\s*(?:@([\w-]+)|([\w-]+)(?:=(.*))?)\s*$/s.exec(text) ?? [];
      if (ready !== undefined) return { name: ready, expression: `@${ready}` };
      if (name === REST && expression === undefined) return { name, expression };
      if (name === undefined || expression === undefined)
        throw new CommandError(`--by: '${text}' is none of @NAME, NAME=EXPRESSION and ${REST}`);
      return { name, expression };
    });
  const twice = rules.find(({ name }, at) => rules.findIndex((rule) => rule.name === name) !== at);
  if (twice !== undefined) throw new CommandError(`--by: '${twice.name}' stands for two savefiles`);
  return rules;
}

/** @throws CommandError for options that do not go together. */
export function checkSplit(options: Options): void {
  const { read, by, rules } = options;
  if (read === '-') throw new CommandError('--split parts a savefile: name it with -r');
  if ((by.length === 0) === (rules === undefined))
    throw new CommandError('--split takes what to part by: --by @dns,@tls,rest or --rules FILE');
  if (options.expression !== '' || options.filterFile !== undefined || options.write !== undefined)
    throw new CommandError('--split takes its expressions from --by or --rules, and writes into its folder');
  if (hasTimes(options.times)) throw new CommandError('--split goes with no times');
  if (read === undefined && options.rotateSeconds > 0)
    throw new CommandError(
      '--split goes with -C, which counts files, and not with -G: their names hold no time',
    );
}
