/**
 * Why a filter matches a packet, or does not: the shortest reason, and what would have to be otherwise.
 *
 * The unoptimized program is what is explained: its instructions keep the words they came from, and it defines the
 * verdict. What a run looked at is enough to give the verdict, because the run is the same on every packet that has those
 * bytes; of these, one after the other is left out where a walk over all that the others may be proves the verdict all
 * the same ({@link file://./fixed.ts}). Words are left out likewise.
 */

import type { Made } from '../ask/index.js';
import { type FilterFunction, loadInterpreter, type Program } from '../cbpf/index.js';
import { NO_LOADER } from '../engine/index.js';
import { LinkFilter } from '../filter/index.js';
import { LINK_TYPES } from '../names/index.js';
import type { Decisions } from '../optimize/index.js';
import type { Span } from '../source.js';
import { type Change, findChange } from './change.js';
import { isFixed, readProgram } from './fixed.js';
import { madeChange, madeOtherwise } from './madeChange.js';
import { Names } from './names.js';
import type { ChangedPart, Reason } from './reason.js';
import { type Input, resultTurned, type Trace, trace, type Unit } from './trace.js';

/** A packet as {@link explain} takes it: `Packet` is one. */
export interface ExplainedPacket {
  readonly data: Uint8Array;
  /** Bytes it had on the wire. */
  readonly wireLength: number;
}

interface Prepared {
  readonly program: Program;
  readonly run: FilterFunction;
  readonly graph: Decisions | undefined;
  /** The number in files. */
  readonly linkType: number;
  /** Words of all tests. */
  readonly spans: ReadonlySet<string>;
  /** By verdict, a packet of the other one, once it was needed. */
  readonly otherwise: Map<boolean, Made | undefined>;
}

const prepared = new WeakMap<LinkFilter, Prepared>();

/**
 * Tells why a filter matches a packet, or does not. Never throws, whatever the bytes are.
 *
 * @param filter - `compile(expression).for(packet.interface)`, optimized or not.
 */
export function explain(filter: LinkFilter, packet: ExplainedPacket | Uint8Array): Reason {
  const known = prepared.get(filter) ?? prepare(filter);
  const input =
    packet instanceof Uint8Array
      ? { bytes: packet, wireLength: packet.length }
      : { bytes: packet.data, wireLength: packet.wireLength };
  return new Explainer(filter.expression, known, input).explain();
}

function prepare(filter: LinkFilter): Prepared {
  const { expression, options } = filter;
  const { cbpf: program, linkType: name } = new LinkFilter(
    expression,
    { ...options, optimize: false },
    NO_LOADER,
  );
  const { linkType } = options;
  const number = LINK_TYPES.find((row) => row.name === name)?.linkType;
  const made = {
    program,
    run: loadInterpreter(program),
    graph: readProgram(program),
    spans: new Set(program.flatMap(({ span }) => (span === undefined ? [] : [keyOf(span)]))),
    linkType: number ?? (typeof linkType === 'number' ? linkType : Number(name)),
    otherwise: new Map(),
  };
  prepared.set(filter, made);
  return made;
}

class Explainer {
  private readonly expression: string;
  private readonly prepared: Prepared;
  private readonly input: Input;
  private readonly run: Trace;
  private readonly matches: boolean;
  /** Of each test, whether it turns the verdict round. */
  private readonly turns: (boolean | undefined)[] = [];

  constructor(expression: string, known: Prepared, input: Input) {
    this.expression = expression;
    this.prepared = known;
    this.input = input;
    this.run = trace(known.program, input);
    this.matches = this.run.result !== 0;
  }

  explain(): Reason {
    const { run, matches, input, prepared: known } = this;
    const units = this.shortened();
    const words = this.decidingWords();
    const deciding = this.decidingUnits(units);
    const names = new Names(input, known.linkType);
    const tell = (some: readonly Unit[], decides: boolean) =>
      names.tell(some).map((part) => ({ ...part, decides }));
    const parts = [
      ...tell(
        units.filter((unit) => deciding.has(unit)),
        true,
      ),
      ...tell(
        units.filter((unit) => !deciding.has(unit)),
        false,
      ),
    ].sort((a, b) => a.start - b.start);
    const { change, never } = this.change();
    return {
      matches,
      result: run.result,
      words: words.map(({ start, end }) => ({ start, end, text: this.expression.slice(start, end) })),
      parts,
      isShort: known.graph !== undefined,
      needs: run.cut?.needs,
      change: change === undefined ? [] : this.changedParts(change),
      never,
    };
  }

  private change(): { readonly change: Change | undefined; readonly never: boolean } {
    const { run, matches, input, prepared: known } = this;
    const { otherwise, program, linkType } = known;
    const isNever = (made: Made | undefined) => made?.complete === true && made.packets.length === 0;
    if (isNever(otherwise.get(matches))) return { change: undefined, never: true };
    const found = findChange(program, known.run, input, run);
    if (found !== undefined) return { change: found, never: false };
    if (!otherwise.has(matches)) otherwise.set(matches, madeOtherwise(program, matches, linkType));
    const made = otherwise.get(matches);
    const packet = made?.packets[0]?.packet;
    return { change: packet && madeChange(known.run, input, packet), never: isNever(made) };
  }

  /** Of what the run looked at, what the verdict cannot do without; what was looked at last is left out first. */
  private shortened(): readonly Unit[] {
    let kept = this.run.units;
    for (const unit of this.run.units.toReversed()) {
      const rest = kept.filter((other) => other !== unit);
      if (this.isFixedBy(rest)) kept = rest;
    }
    return kept;
  }

  private isFixedBy(units: readonly Unit[]): boolean {
    const { graph } = this.prepared;
    if (graph === undefined) return false;
    const bytes = new Uint8Array(this.input.bytes.length);
    for (const { at, size } of units) if (at >= 0) bytes.fill(1, at, at + size);
    const held = { bytes, length: units.some(({ at }) => at < 0), isFree: () => false };
    return isFixed(graph, this.input, held, this.matches);
  }

  /** Words of tests that the run made, without those that might have said anything, on this packet. */
  private decidingWords(): readonly Span[] {
    const { program, spans } = this.prepared;
    const asked = new Map<string, Span>();
    const deciding = new Set<string>();
    for (const [place, { span }] of this.run.tests.entries()) {
      if (span === undefined) continue;
      asked.set(keyOf(span), span);
      if (!deciding.has(keyOf(span)) && this.turnsAt(place)) deciding.add(keyOf(span));
    }
    const { cut } = this.run;
    const lacking = cut === undefined ? undefined : program[cut.index]!.span;
    if (lacking !== undefined) {
      asked.set(keyOf(lacking), lacking);
      deciding.add(keyOf(lacking));
    }
    // Words that were not asked might say anything, too.
    const free = new Set([...spans].filter((key) => !asked.has(key)));
    for (const key of asked.keys()) {
      if (deciding.has(key)) continue;
      free.add(key);
      if (!this.isSaidWithout(free)) free.delete(key);
    }
    return [...asked.values()]
      .filter((span) => !free.has(keyOf(span)))
      .sort((a, b) => a.start - b.start || a.end - b.end);
  }

  /** Whether the verdict on this packet is the same whatever tests of some words say. */
  private isSaidWithout(free: ReadonlySet<string>): boolean {
    const { graph } = this.prepared;
    if (graph === undefined) return false;
    const held = {
      bytes: new Uint8Array(this.input.bytes.length).fill(1),
      length: true,
      isFree: (span: Span | undefined) => span !== undefined && free.has(keyOf(span)),
    };
    return isFixed(graph, this.input, held, this.matches);
  }

  /** What tests looked at that alone would have turned the verdict round; all, where none would have. */
  private decidingUnits(units: readonly Unit[]): ReadonlySet<Unit> {
    const deciding = new Set<Unit>();
    for (const [place, test] of this.run.tests.entries()) {
      const own = test.units.filter((unit) => units.includes(unit));
      if (own.every((unit) => deciding.has(unit))) continue;
      if (this.turnsAt(place)) for (const unit of own) deciding.add(unit);
    }
    return deciding.size > 0 ? deciding : new Set(units);
  }

  /** Whether the verdict is the other one when one test comes out the other way. */
  private turnsAt(place: number): boolean {
    const test = this.run.tests[place]!;
    this.turns[place] ??= (resultTurned(this.prepared.program, this.input, test) !== 0) !== this.matches;
    return this.turns[place];
  }

  private changedParts({ input, turned }: Change): ChangedPart[] {
    const names = new Names(input, this.prepared.linkType);
    return names.tell(turned.map(({ unit }) => unit)).map((part) => {
      const bytes = input.bytes.slice(Math.max(part.start, 0), Math.max(part.end, 0));
      return { ...part, bytes };
    });
  }
}

const keyOf = ({ start, end }: Span): string => `${start} ${end}`;
