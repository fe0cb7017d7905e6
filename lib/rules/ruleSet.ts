/** Many named filters asked at once: each rule's verdict is that of its own filter. */

import { describeValue } from '../arguments.js';
import type { FilterFunction } from '../cbpf/index.js';
import type { Filter, PacketSource } from '../filter/index.js';
import type { CaptureInterface, Packet } from '../savefile/index.js';
import { Dispatch } from './dispatch.js';
import { type Walkable, walkable } from './necessary.js';

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
    const kind = `${source.linkType} ${source.bigEndian === true}`;
    let rules = this.compiled.get(kind);
    if (rules === undefined) {
      rules = new LinkRules(this.rules, source);
      this.compiled.set(kind, rules);
    }
    return rules;
  }

  /**
   * Places of the rules that match a packet, ascending.
   *
   * @throws RuleError where an expression has no meaning on the packet's link type.
   */
  matching(packet: Packet): number[] {
    const rules = this.of(packet);
    rules.find(packet.data, 0, packet.data.length, packet.wireLength);
    return [...rules.found];
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

/** Expressions that are the same program, which is asked once. */
interface Shared {
  readonly rules: readonly number[];
  /** The program as it is loaded now: compiled once it is warm. */
  readonly link: { readonly test: FilterFunction };
}

/** Rules compiled for one link type. */
export class LinkRules {
  /** Places of the rules that matched the last packet, ascending. */
  readonly found: number[] = [];
  private readonly programs: readonly Shared[];
  private readonly dispatch: Dispatch;
  /** The packet for which each program was asked last. */
  private readonly asked: Uint32Array;
  private packet = 0;

  /** Use {@link RuleSet.for}. */
  constructor(rules: readonly FilterRule[], source: PacketSource) {
    const byText = new Map<string, { rules: number[]; link: Shared['link'] }>();
    const walkables: (Walkable | undefined)[] = [];
    for (const [place, { name, filter }] of rules.entries()) {
      const link = linkOf(filter, source, place, name);
      const text = link.cbpf.map(({ code, jt, jf, k }) => `${code} ${jt} ${jf} ${k}`).join();
      const shared = byText.get(text);
      if (shared !== undefined) shared.rules.push(place);
      else {
        byText.set(text, { rules: [place], link });
        walkables.push(walkable(link.cbpf));
      }
    }
    this.programs = [...byText.values()];
    this.dispatch = new Dispatch(walkables);
    this.asked = new Uint32Array(this.programs.length);
  }

  /** Fills {@link found} for a packet; gives how many rules match. Arguments as for a filter's own test. */
  find(bytes: Uint8Array, start: number, capturedLength: number, wireLength: number): number {
    const { found, programs, asked } = this;
    found.length = 0;
    this.packet = (this.packet + 1) >>> 0;
    if (this.packet === 0) {
      asked.fill(0);
      this.packet = 1;
    }
    const { packet } = this;
    const { accepts, asks, tables } = this.dispatch.leafOf(bytes, start, capturedLength);
    for (const place of accepts) found.push(...programs[place]!.rules);
    for (const place of asks)
      if (programs[place]!.link.test(bytes, start, capturedLength, wireLength) !== 0)
        found.push(...programs[place]!.rules);
    for (const table of tables) {
      const candidates = table.lookUp(bytes, start, capturedLength);
      for (let at = 0; at < candidates.length; at++) {
        const place = candidates[at]!;
        if (asked[place] === packet) continue;
        asked[place] = packet;
        if (programs[place]!.link.test(bytes, start, capturedLength, wireLength) !== 0)
          found.push(...programs[place]!.rules);
      }
    }
    if (found.length > 1) found.sort((a, b) => a - b);
    return found.length;
  }
}

function linkOf(filter: Filter, source: PacketSource, place: number, name: string) {
  try {
    return filter.for(source);
  } catch (error) {
    throw new RuleError(place, name, error);
  }
}
