/** `--split DIR` on a device: what is captured goes into a savefile a rule, each as `-w` would write it with that rule. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CaptureInterface,
  type Packet,
  type PacketSource,
  packetSelector,
  RuleSet,
} from '../lib/index.js';
import { filterOf, lookUpNames, reasonOf } from './expression.js';
import type { Options } from './options.js';
import { CommandError } from './report.js';
import { loadRules, rulesFor } from './ruleCounts.js';
import { type SavefileForm, Savefiles, savefileFormat } from './savefiles.js';
import { loaderFor } from './selection.js';
import { checkSplit, rulesOf } from './splitList.js';

/** Takes packets for the savefiles that they belong to. */
export class LiveSplit {
  private readonly options: Options;
  private readonly paths: readonly string[];
  private readonly linkRules: (source: PacketSource) => ReturnType<RuleSet['for']>;
  /** The savefile of what no rule matches; -1 for none. */
  private readonly rest: number;
  private readonly counts: number[];
  private places: ArrayLike<number> = [];
  private savefiles: readonly Savefiles[] = [];

  /** @throws CommandError, FilterError */
  static async of(options: Options, source: CaptureInterface): Promise<LiveSplit> {
    checkSplit(options);
    if (options.rules !== undefined) {
      const rules = await loadRules(options);
      const names = rules.written.map(({ name }) => name.replace(/^@/, ''));
      return new LiveSplit(options, names, -1, (link) => rulesFor(rules, link), source);
    }
    const rules = rulesOf(options.by);
    const named = rules.flatMap(({ name, expression }) =>
      expression === undefined ? [] : [{ name, expression }],
    );
    await lookUpNames(options, ...named.map(({ expression }) => expression));
    const loader = await loaderFor(options);
    const filters = named.map(({ name, expression }) => ({
      name,
      filter: filterOf(expression, options, loader),
    }));
    // What is wrong with an expression is said as it is without others.
    for (const { filter } of filters) filter.for(source);
    const set = new RuleSet(filters);
    const names = [...named, ...rules.filter(({ expression }) => expression === undefined)];
    const rest = names.length > named.length ? named.length : -1;
    return new LiveSplit(
      options,
      names.map(({ name }) => name),
      rest,
      (link) => set.for(link),
      source,
    );
  }

  private constructor(
    options: Options,
    names: readonly string[],
    rest: number,
    linkRules: LiveSplit['linkRules'],
    source: CaptureInterface,
  ) {
    const folder = options.split!;
    this.options = options;
    this.paths = names.map((name) => join(folder, `${name}.${savefileFormat(options)}`));
    const twice = this.paths.find((path, at) => this.paths.indexOf(path) !== at);
    if (twice !== undefined) throw new CommandError(`two rules are to be written to ${twice}`);
    this.rest = rest;
    this.counts = names.map(() => 0);
    this.linkRules = linkRules;
    linkRules(source);
  }

  /** Whether a packet goes anywhere; it is noted where to. */
  readonly wants: (packet: Packet) => boolean = packetSelector((source) => {
    const rules = this.linkRules(source);
    return (bytes, start, capturedLength, wireLength) => {
      const times = rules.find(bytes, start, capturedLength, wireLength);
      this.places = rules.found.subarray(0, this.options.firstMatch ? Math.min(times, 1) : times);
      if (times === 0 && this.rest >= 0) this.places = [this.rest];
      return this.places.length;
    };
  });

  /** Makes the folder, and the savefiles in it. */
  open(form: SavefileForm): this {
    try {
      mkdirSync(this.options.split!, { recursive: true });
    } catch (error) {
      throw new CommandError(`${this.options.split}: ${reasonOf(error)}`);
    }
    this.savefiles = this.paths.map((write) => new Savefiles({ ...this.options, write }, form));
    return this;
  }

  /** The packet that was asked about last. */
  write(packet: Packet): void {
    for (let at = 0; at < this.places.length; at++) {
      const place = this.places[at]!;
      this.counts[place]!++;
      this.savefiles[place]!.write(packet);
    }
  }

  flush(): void {
    for (const savefile of this.savefiles) savefile.flush();
  }

  conclude(): void {
    for (const savefile of this.savefiles) savefile.conclude();
  }

  async close(): Promise<void> {
    for (const savefile of this.savefiles) await savefile.close();
  }

  /** A line a savefile: how many packets, and its path. */
  get table(): string {
    return this.paths.map((path, at) => `${this.counts[at]}\t${path}\n`).join('');
  }
}
