/** `--rules`: many filters in one pass, each with a count of its own. */

import { rulesAccelerator } from '../lib/command.js';
import {
  type CaptureInterface,
  type LinkRules,
  type PacketSource,
  RuleError,
  RuleSet,
  type Select,
  type Selection,
} from '../lib/index.js';
import { filterOf, lookUpNames } from './expression.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { asRuleError, readRules, type WrittenRule } from './ruleFile.js';
import { loaderFor } from './selection.js';

/** Rules as they are written, and compiled. */
export interface LoadedRules {
  readonly written: readonly WrittenRule[];
  readonly set: RuleSet;
}

/** @throws CommandError for the file. Expressions are compiled for what turns up. */
export async function loadRules(options: Options): Promise<LoadedRules> {
  const written = readRules(options.rules!);
  if (written.length === 0) throw new CommandError(`${options.rules}: no rule`);
  const twice = written.find(({ name }, at) => written.findIndex((rule) => rule.name === name) !== at);
  if (twice !== undefined)
    throw new CommandError(`${twice.path}:${twice.line}: '${twice.name}' names two rules`);
  await lookUpNames(options, ...written.map(({ expression }) => expression));
  const loader = await loaderFor(options);
  const filters = written.map(({ name, expression }) => ({
    name,
    filter: filterOf(expression, options, loader),
  }));
  return { written, set: new RuleSet(filters) };
}

/** The rules for an interface. @throws CommandError that names the line of a rule without meaning on it. */
export function rulesFor({ written, set }: LoadedRules, source: PacketSource): LinkRules {
  try {
    return set.for(source);
  } catch (error) {
    throw error instanceof RuleError ? asRuleError(written[error.rule]!, error.cause) : error;
  }
}

/** What the rules have found so far. */
export class RuleCounts {
  private readonly rules: LoadedRules;
  private readonly counts: number[];
  private readonly isFirstOnly: boolean;
  private last: Int32Array = new Int32Array(0);
  private times = 0;

  constructor(rules: LoadedRules, isFirstOnly: boolean) {
    this.rules = rules;
    this.counts = rules.written.map(() => 0);
    this.isFirstOnly = isFirstOnly;
  }

  /** What selects the packets that any rule matches, and counts on the way. */
  selection(first: CaptureInterface | undefined): Selection & { readonly select: Select } {
    // A rule that is wrong should say so even where the file holds no packet.
    if (first !== undefined) rulesFor(this.rules, first);
    return {
      select: (source) => this.test(rulesFor(this.rules, source)),
      accelerator: rulesAccelerator(this.rules.set),
    };
  }

  /** The rules of the packet that was tested last, as its line begins with them. */
  get label(): string {
    const places = this.last.subarray(0, this.isFirstOnly ? 1 : this.times);
    return `${Array.from(places, (place) => this.rules.written[place]!.name).join(',')}: `;
  }

  /** A line a rule: how many packets it matches, and its name. */
  get table(): string {
    return this.rules.written.map(({ name }, place) => `${this.counts[place]}\t${name}\n`).join('');
  }

  private test(rules: LinkRules): ReturnType<Select> {
    const { counts, isFirstOnly } = this;
    const { found } = rules;
    return (bytes, start, capturedLength, wireLength) => {
      const times = rules.find(bytes, start, capturedLength, wireLength);
      if (times === 0) return 0;
      this.last = found;
      this.times = times;
      if (isFirstOnly) counts[found[0]!]!++;
      else for (let at = 0; at < times; at++) counts[found[at]!]!++;
      return times;
    };
  }
}
