/**
 * Which of many programs may accept a packet: fields that most programs ask first part the packets, and for each part
 * that turns up there are tables from values of fields to the programs that need them.
 */

import { ABSENT, type Field, highest, readField } from './field.js';
import { type Hits, loadHits } from './hits.js';
import { conditionKey, type Need, type Walkable } from './necessary.js';
import type { Known } from './symbolic.js';
import { type Programs, Table, type Wanted } from './table.js';

/** What is to be done with packets that have much in common. */
export interface Leaf {
  readonly kind: 'leaf';
  /** Accept all of them; may accept any of them. */
  readonly accepts: Programs;
  readonly asks: Programs;
  /** The programs that may accept a packet with these values. */
  readonly tables: readonly Table[];
  /** Which of the tables have any for a packet. */
  readonly hits: Hits;
}

/** Packets are told apart by a field. */
export interface Fork {
  readonly kind: 'fork';
  readonly field: Field;
  readonly known: Known;
  /** Programs that accept some of these packets. */
  readonly alive: readonly number[];
  /** First value of each part, ascending from 0; and the part of each value. */
  readonly starts: readonly number[];
  readonly places: Uint8Array;
  /** Made when the first packet of the part comes. */
  readonly parts: (Leaf | Fork | undefined)[];
  /** For packets that end before the field. */
  short: Leaf | undefined;
}

/** Most fields that are asked one behind the other, and parts of one of them. */
const MOST_FORKS = 3;
const MOST_PARTS = 64;
/** A field is worth a fork that so many of the programs ask first. */
const WORTH_FORKING = 0.3;

/** Programs that may need the same before they are asked what else they need. */
const MOST_ALIKE = 4;
/** How often they are: as many as an IPv6 address has words. */
const MOST_ROUNDS = 4;

export class Dispatch {
  /** Programs as far as they are understood. */
  private readonly programs: readonly (Walkable | undefined)[];
  readonly root: Leaf | Fork;
  /** How many leaves have been made. */
  leaves = 0;

  constructor(programs: readonly (Walkable | undefined)[]) {
    this.programs = programs;
    this.root = this.node(new Map(), [...programs.keys()]);
  }

  leafOf(bytes: Uint8Array, start: number, length: number): Leaf {
    let node = this.root;
    while (node.kind === 'fork') {
      const { field, places, parts } = node;
      const value = readField(field, bytes, start, length);
      if (value === ABSENT) return (node.short ??= this.leaf(node.known, node.alive));
      const at = places[value]!;
      node = parts[at] ??= this.part(node, at);
    }
    return node;
  }

  private part({ field, known, alive, starts }: Fork, at: number): Leaf | Fork {
    const high = at + 1 < starts.length ? starts[at + 1]! - 1 : highest(field);
    return this.node(new Map([...known, [field, { low: starts[at]!, high }]]), alive);
  }

  private node(known: Known, candidates: readonly number[]): Leaf | Fork {
    const firsts = candidates.map((program) => this.programs[program]?.firstTest(known));
    const alive = candidates.filter((_, place) => firsts[place] !== 'never');
    const field = known.size < MOST_FORKS ? this.fieldToAsk(known, firsts) : undefined;
    if (field !== undefined) {
      const values = new Set([0]);
      for (const program of alive) this.programs[program]?.partings(field, values);
      const starts = [...values].filter((value) => value <= highest(field)).sort((one, two) => one - two);
      if (starts.length <= MOST_PARTS) {
        const places = new Uint8Array(highest(field) + 1);
        for (const [place, from] of starts.entries()) places.fill(place, from);
        return { kind: 'fork', field, known, alive, starts, places, parts: [], short: undefined };
      }
    }
    return this.leaf(known, alive);
  }

  /** The field that most programs ask first. */
  private fieldToAsk(known: Known, firsts: readonly (Field | 'never' | undefined)[]): Field | undefined {
    const votes = new Map<Field, number>();
    for (const field of firsts)
      if (field !== undefined && field !== 'never' && field.size < 4 && !known.has(field))
        votes.set(field, (votes.get(field) ?? 0) + 1);
    const [first] = [...votes].sort(([, a], [, b]) => b - a);
    return first !== undefined && first[1] >= WORTH_FORKING * firsts.length ? first[0] : undefined;
  }

  /**
   * What each program needs. What many need, such as the first word of their addresses, tells them not apart: those look
   * for something else then.
   */
  private needs(known: Known, alive: readonly number[]): readonly Need[] {
    const keysOf = (need: Need) => (need.kind === 'any' ? need.conditions.map(conditionKey) : []);
    const common = new Set<string>();
    let needs = alive.map((program): Need => this.programs[program]?.need(known) ?? { kind: 'unknown' });
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const times = new Map<string, number>();
      for (const key of needs.flatMap(keysOf)) times.set(key, (times.get(key) ?? 0) + 1);
      const before = common.size;
      for (const [key, count] of times) if (count > MOST_ALIKE) common.add(key);
      if (common.size === before) break;
      needs = needs.map((need, place) =>
        keysOf(need).some((key) => common.has(key))
          ? this.programs[alive[place]!]!.need(known, common)
          : need,
      );
    }
    return needs;
  }

  private leaf(known: Known, alive: readonly number[]): Leaf {
    this.leaves++;
    const needs = this.needs(known, alive);
    const of = (kind: Need['kind']): Programs =>
      Int32Array.from(alive.filter((_, place) => needs[place]!.kind === kind));
    const byField = new Map<Field, Wanted[]>();
    for (const [place, need] of needs.entries()) {
      if (need.kind !== 'any') continue;
      for (const condition of need.conditions) {
        const wanted = byField.get(condition.field) ?? [];
        wanted.push({ ...condition, program: alive[place]! });
        byField.set(condition.field, wanted);
      }
    }
    const tables = [...byField].map(([field, wanted]) => new Table(field, wanted));
    return { kind: 'leaf', accepts: of('always'), asks: of('unknown'), tables, hits: loadHits(tables) };
  }
}
