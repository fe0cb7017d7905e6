/** Many named filters asked at once: each rule's verdict is that of its own filter. */

import { describeValue } from '../arguments.js';
import { opcodes, type Program } from '../cbpf/index.js';
import { Filter, type LinkFilter, type PacketSource } from '../filter/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';
import { Dispatch } from './dispatch.js';
import { MOST_HITS } from './hits.js';
import { type Walkable, walkable } from './necessary.js';
import { acceptsSomething } from './witness.js';

/** A named filter. */
export interface FilterRule {
  readonly name: string;
  readonly filter: Filter;
}

/** An expression that cannot be compiled; `cause` is the {@link FilterError}. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  /** Place of the rule in the list. */
  readonly rule: number;

  /** Use `compileRules`. */
  constructor(rule: number, name: string, cause: unknown) {
    super(`rule '${name}': ${cause instanceof Error ? cause.message : cause}`, { cause });
    this.rule = rule;
  }
}

/** Rules for whatever turns up, made by `compileRules`. */
export class RuleSet {
  readonly rules: readonly FilterRule[];
  private readonly compiled = new Map<string, LinkRules>();
  private source: CaptureInterface | undefined;
  private current: LinkRules | undefined;

  /** Use `compileRules`. */
  constructor(rules: readonly FilterRule[]) {
    this.rules = rules;
  }

  /**
   * The rules for one link type and byte order.
   *
   * @param source - An interface of a capture or device.
   * @throws RuleError where an expression has no meaning on it.
   */
  for(source: PacketSource): LinkRules {
    const kind = kindOf(source);
    let rules = this.compiled.get(kind);
    if (rules === undefined) {
      rules = new LinkRules(this.rules, source);
      this.compiled.set(kind, rules);
    }
    return rules;
  }

  /** The rules for one link type and byte order, where they have been asked for. */
  known(source: PacketSource): LinkRules | undefined {
    return this.compiled.get(kindOf(source));
  }

  /**
   * Places of the rules that match a packet, ascending.
   *
   * @throws RuleError where an expression has no meaning on the packet's link type.
   */
  matching(packet: Packet): number[] {
    const rules = this.of(packet);
    const times = rules.find(packet.data, 0, packet.data.length, packet.wireLength);
    return Array.from(rules.found.subarray(0, times));
  }

  /** Place of the first rule that matches a packet, -1 for none. @throws RuleError as {@link matching} does. */
  first(packet: Packet): number {
    const rules = this.of(packet);
    return rules.find(packet.data, 0, packet.data.length, packet.wireLength) === 0 ? -1 : rules.found[0]!;
  }

  private of(packet: Packet): LinkRules {
    const source = packet?.interface;
    if (typeof source?.linkType !== 'number')
      throw new TypeError(`a packet must be a Packet, got ${describeValue(packet)}`);
    if (this.current === undefined || source !== this.source) {
      this.current = this.for(source);
      this.source = source;
    }
    return this.current;
  }
}

const kindOf = ({ linkType, bigEndian }: PacketSource): string => `${linkType} ${bigEndian === true}`;

/** Packets after which optimizing a program has paid for itself. */
const OFTEN = 10_000;

/** Expressions that are the same program, which is asked once. */
class Shared {
  /** Their places, ascending. */
  readonly rules: number[] = [];
  private link: LinkFilter;
  private readonly optimized: () => LinkFilter;
  private runs = 0;

  constructor(link: LinkFilter, optimized: () => LinkFilter) {
    this.link = link;
    this.optimized = optimized;
  }

  accepts(bytes: Uint8Array, start: number, capturedLength: number, wireLength: number): boolean {
    if (this.runs < OFTEN && ++this.runs === OFTEN) this.link = this.optimized();
    return this.link.test(bytes, start, capturedLength, wireLength) !== 0;
  }
}

/** What rules know of packets so far; and about how many they have been asked. */
export let dispatchOf: (rules: LinkRules) => Dispatch;
export let packetsOf: (rules: LinkRules) => number;

/** Rules compiled for one link type. */
export class LinkRules {
  /** Places of the rules that matched the last packet, ascending: as many as {@link find} said. */
  readonly found: Int32Array;
  private readonly programs: readonly Shared[];
  private readonly dispatch: Dispatch;
  private packets = 0;
  static {
    dispatchOf = (rules) => rules.dispatch;
    packetsOf = (rules) => rules.packets;
  }

  /** The packet for which each program was asked last. */
  private readonly asked: Uint32Array;
  private packet = 0;

  /** Use {@link RuleSet.for}. */
  constructor(rules: readonly FilterRule[], source: PacketSource) {
    const byText = new Map<string, Shared>();
    const walkables: (Walkable | undefined)[] = [];
    for (const [place, rule] of rules.entries()) {
      const link = compiled(rule.filter, source, place, rule.name);
      const { cbpf } = link;
      const text = cbpf.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`).join();
      let shared = byText.get(text);
      if (shared === undefined) {
        const optimized = () => linkOf(rule.filter, source, place, rule.name);
        byText.set(text, (shared = new Shared(link, optimized)));
        walkables.push(walkable(cbpf));
      }
      shared.rules.push(place);
    }
    this.programs = [...byText.values()];
    this.found = new Int32Array(rules.length);
    this.dispatch = new Dispatch(walkables);
    this.asked = new Uint32Array(this.programs.length);
  }

  /** Fills {@link found} for a packet; gives how many rules match. Arguments as for a filter's own test. */
  find(bytes: Uint8Array, start: number, capturedLength: number, wireLength: number): number {
    const { programs, asked } = this;
    let times = 0;
    this.packets++;
    this.packet = (this.packet + 1) >>> 0;
    if (this.packet === 0) {
      asked.fill(0);
      this.packet = 1;
    }
    const { packet } = this;
    const { accepts, asks, tables, hits } = this.dispatch.leafOf(bytes, start, capturedLength);
    for (let at = 0; at < accepts.length; at++) times = this.add(programs[accepts[at]!]!, times);
    for (let at = 0; at < asks.length; at++) {
      const program = programs[asks[at]!]!;
      if (program.accepts(bytes, start, capturedLength, wireLength)) times = this.add(program, times);
    }
    const hit = hits(bytes, start, capturedLength);
    for (let table = 0; table < tables.length; table++) {
      if (table < MOST_HITS && ((hit >>> table) & 1) === 0) continue;
      const candidates = tables[table]!.lookUp(bytes, start, capturedLength);
      for (let at = 0; at < candidates.length; at++) {
        const place = candidates[at]!;
        if (asked[place] === packet) continue;
        asked[place] = packet;
        const program = programs[place]!;
        if (program.accepts(bytes, start, capturedLength, wireLength)) times = this.add(program, times);
      }
    }
    if (times > 1) this.found.subarray(0, times).sort();
    return times;
  }

  private add({ rules }: Shared, times: number): number {
    for (let at = 0; at < rules.length; at++) this.found[times + at] = rules[at]!;
    return times + rules.length;
  }
}

/** Programs with such operations may be refused for a constant. */
const PARTIAL: ReadonlySet<number> = new Set([opcodes.DIV, opcodes.MOD, opcodes.LSH, opcodes.RSH]);

/**
 * A rule compiled. Its program is not optimized before many packets have asked for it, which takes most of compiling; its
 * verdict is the same, and what would be refused when it is optimized is refused.
 */
function compiled(filter: Filter, source: PacketSource, place: number, name: string): LinkFilter {
  const { expression, options, loader } = filter;
  const { optimize = true, onPass } = options;
  if (!optimize || onPass !== undefined) return linkOf(filter, source, place, name);
  const link = linkOf(new Filter(expression, { ...options, optimize: false }, loader), source, place, name);
  return mayBeRefused(link.cbpf) ? linkOf(filter, source, place, name) : link;
}

/** Whether an expression whose program this is, not optimized, may be refused when it is. */
export const mayBeRefused = (program: Program): boolean =>
  program.some(
    ({ code }) => opcodes.classOf(code) === opcodes.ALU && PARTIAL.has(opcodes.operationOf(code)),
  ) || !acceptsSomething(program);

function linkOf(filter: Filter, source: PacketSource, place: number, name: string): LinkFilter {
  try {
    return filter.for(source);
  } catch (error) {
    throw new RuleError(place, name, error);
  }
}
