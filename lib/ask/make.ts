/**
 * Packets for a filter: that match it, that match it and not another one, or that go every way through it.
 */

import { execute, type Instruction, loadInterpreter, opcodes, type Program } from '../cbpf/index.js';
import { split } from '../cfg/index.js';
import { factOf, read, Values } from '../optimize/index.js';
import { EQUAL, type State } from './state.js';
import { bareMaker, MOST_RANGES, Walk } from './walk.js';
import { wholePacket } from './whole.js';
import { type MadePacket, type Random, randomNumbers } from './witness.js';

/** How packets are made. */
export interface MakeOptions {
  /** LINKTYPE_ number of the program's packets; default 1, Ethernet. */
  readonly linkType?: number | undefined;
  /** Packets at most; default 1. */
  readonly count?: number | undefined;
  /** A program that must not match them. */
  readonly not?: Program | undefined;
  /** Pairs of places to look at before giving up. Default 100,000. */
  readonly budget?: number | undefined;
}

/** Packets that were made. */
export interface Made {
  readonly packets: readonly MadePacket[];
  /** Whether every way was looked at: if there is no packet, then none exists. */
  readonly complete: boolean;
  /** Why it is not. */
  readonly reason?: string;
}

const NOTHING: Program = [{ code: opcodes.RET | opcodes.K, jt: 0, jf: 0, k: 0 }];
/** Packets of which the shortest are taken. */
const COMPARED = 64;
/** Packets tried for each way. */
const TRIES = 24;
const BARE_TRIES = 240;
/** Ways kept for more packets than there are ways. */
const MOST_WAYS = 4096;
/** Bytes written for packets that are tried, in all. */
const MOST_WORK = 1 << 26;

/**
 * Packets that a program matches: whole, with right lengths and checksums, and as few bytes as it takes. Where headers
 * of a link type are not known, or a path demands what no whole packet has, they have what is demanded and zeros.
 *
 * @throws RangeError when a program jumps out of itself.
 */
export function make(program: Program, options: MakeOptions = {}): Made {
  const { linkType = 1, count = 1, not = NOTHING, budget = 100_000 } = options;
  const found = new Found(program, not, linkType, Math.max(count, COMPARED));
  const walk = prepare(program, not);
  if (walk === undefined) return { packets: [], complete: false, reason: LOOP };
  const ways: State[] = [];
  const answer = walk.run(budget, true, (state) => {
    if (mayMatch(walk.values, state)) {
      if (ways.length < MOST_WAYS) ways.push(state);
      found.whole(walk.values, state, 0);
    }
    return found.isEnough ? 'stop' : 'go on';
  });
  const isShort = () => found.packets.length < count;
  for (let attempt = 1; attempt < TRIES && isShort(); attempt++)
    for (const way of ways) if (isShort()) found.whole(walk.values, way, attempt);
  for (const way of ways) if (found.packets.length === 0) found.bare(walk.values, way);
  const packets = found.best(count);
  if (packets.length === 0 && answer === undefined) {
    // Then only packets that are cut short may match.
    const cut = prepare(program, not)!;
    const rest = cut.run(budget, false, (state) => {
      if (mayMatch(cut.values, state)) found.bare(cut.values, state);
      return found.isEnough ? 'stop' : 'go on';
    });
    return ended(found.packets.slice(0, count), rest ?? (found.hasFailed ? OPEN : undefined));
  }
  return ended(packets, packets.length > 0 ? undefined : (answer ?? OPEN));
}

/** Packets that go through a program, and what of it they reach. */
export interface Covered extends Made {
  /** Ways out of conditional jumps that a packet takes. */
  readonly edges: number;
  /** Ways that none takes: instruction and outcome. */
  readonly missed: readonly (readonly [instruction: number, outcome: boolean])[];
}

/**
 * Packets that together go both ways out of every conditional jump, as far as it can be done: a capture that tests any
 * other implementation of the filter.
 *
 * @throws RangeError when the program jumps out of itself.
 */
export function cover(program: Program, options: Omit<MakeOptions, 'not' | 'count'> = {}): Covered {
  const { linkType = 1, budget = 100_000 } = options;
  const edges = new Map<string, readonly [number, boolean]>();
  for (const [index, instruction] of program.entries()) {
    if (!isChoice(instruction)) continue;
    for (const outcome of [true, false]) edges.set(`${index} ${outcome}`, [index, outcome]);
  }
  const total = edges.size;
  const walk = prepare(program, NOTHING);
  const packets: MadePacket[] = [];
  if (walk === undefined)
    return { packets, complete: false, reason: LOOP, edges: 0, missed: [...edges.values()] };
  const random = randomNumbers();
  const take = (made: MadePacket | undefined): boolean => {
    const taken = made === undefined ? [] : edgesOf(program, made).filter((edge) => edges.has(edge));
    for (const edge of taken) edges.delete(edge);
    if (taken.length > 0) packets.push(made!);
    return taken.length > 0;
  };
  const later: State[] = [];
  const answer = walk.run(budget, true, (state) => {
    take(wholePacket(walk.values, state.facts, linkType, 0, random)?.made);
    if (later.length < MOST_WAYS) later.push(state);
    return edges.size === 0 ? 'stop' : 'go on';
  });
  for (let attempt = 0; attempt < TRIES && edges.size > 0; attempt++)
    for (const state of later) {
      if (edges.size === 0) break;
      if (!take(wholePacket(walk.values, state.facts, linkType, attempt, random)?.made))
        take(bareMaker(walk.values, state, attempt, random));
    }
  return { ...ended(packets, answer), edges: total - edges.size, missed: [...edges.values()] };
}

const LOOP = 'the program has a loop, or looks at more than the packet';
const OPEN = 'a path could be neither refuted nor walked';

const ended = (packets: readonly MadePacket[], reason: string | undefined): Made =>
  reason === undefined ? { packets, complete: true } : { packets, complete: false, reason };

interface Prepared {
  readonly values: Values;
  /** @returns Why the walk did not come to its end. */
  run(budget: number, whole: boolean, visit: (state: State) => 'go on' | 'stop'): string | undefined;
}

function prepare(program: Program, other: Program): Prepared | undefined {
  const values = new Values({ mostRanges: MOST_RANGES });
  const first = read(split(program), values);
  const second = read(split(other), values);
  if (first === undefined || second === undefined) return undefined;
  const compared = { values, graphs: [first, second], programs: [program, other] } as const;
  return {
    values,
    run(budget, whole, visit) {
      const answer = new Walk(compared, EQUAL, { budget, whole, make: bareMaker, visit }).run();
      return answer.verdict === 'undecided' ? answer.reason : undefined;
    },
  };
}

/** Whether the first program may match here, and the second may not. */
function mayMatch(values: Values, { places: [first, second], facts }: State): boolean {
  const [matched, excluded] = [first, second].map(({ result }) =>
    result === undefined ? undefined : factOf(values, facts, result),
  );
  return matched?.ranges.at(-1) !== 0 && (excluded === undefined || excluded.ranges[0] === 0);
}

/** Packets that have been tried and found right. */
class Found {
  readonly packets: MadePacket[] = [];
  hasFailed = false;
  readonly #seen = new Set<string>();
  readonly #displaced = new WeakMap<MadePacket, number>();
  readonly #matches;
  readonly #excluded;
  readonly #random: Random = randomNumbers();
  readonly #linkType: number;
  readonly #count: number;
  #work = MOST_WORK;

  constructor(program: Program, not: Program, linkType: number, count: number) {
    this.#matches = loadInterpreter(program);
    this.#excluded = loadInterpreter(not);
    this.#linkType = linkType;
    this.#count = count;
  }

  get isEnough(): boolean {
    return this.packets.length >= this.#count;
  }

  whole(values: Values, { facts }: State, attempt: number): void {
    if (!this.#afford(facts.present)) return;
    const one = wholePacket(values, facts, this.#linkType, attempt, this.#random);
    if (one === undefined) return;
    this.#displaced.set(one.made, one.displaced);
    this.#take(one.made);
  }

  /**
   * Those with fewest unusual fields, then the shortest: no fragment where a whole datagram does. Of equal ones the last: tests
   * of sources come first, and most filters are written for what goes to somebody.
   */
  best(count: number): MadePacket[] {
    const displaced = (made: MadePacket): number => this.#displaced.get(made) ?? Number.MAX_SAFE_INTEGER;
    return this.packets
      .toReversed()
      .toSorted((a, b) => displaced(a) - displaced(b) || a.packet.length - b.packet.length)
      .slice(0, count);
  }

  bare(values: Values, state: State): void {
    for (let attempt = 0; attempt < BARE_TRIES && !this.isEnough; attempt++) {
      if (!this.#afford(state.facts.present)) break;
      this.#take(bareMaker(values, state, attempt, this.#random));
    }
    if (!this.isEnough) this.hasFailed = true;
  }

  #afford(bytes: number): boolean {
    this.#work -= Math.max(bytes, 4096);
    return this.#work >= 0;
  }

  #take(made: MadePacket | undefined): void {
    if (made === undefined || this.isEnough) return;
    const { packet, wireLength } = made;
    if (this.#matches(packet, 0, packet.length, wireLength) === 0) return;
    if (this.#excluded(packet, 0, packet.length, wireLength) !== 0) return;
    const key = `${wireLength} ${packet.join()}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.packets.push(made);
  }
}

/** A conditional jump whose outcomes lead to two places. */
const isChoice = ({ code, jt, jf }: Instruction): boolean =>
  opcodes.classOf(code) === opcodes.JMP && opcodes.operationOf(code) !== opcodes.JA && jt !== jf;

/** The ways out of conditional jumps that a packet takes. */
function edgesOf(program: Program, { packet, wireLength }: MadePacket): string[] {
  const found: string[] = [];
  execute(program, { bytes: packet, wireLength }, (instruction, index, { next }) => {
    if (isChoice(instruction)) found.push(`${index} ${next === index + 1 + instruction.jt}`);
  });
  return found;
}
