/**
 * Whether two programs return the same on every packet: a proof, a packet on which they differ, or
 * neither.
 *
 * Both programs are read as decision graphs over common values and walked side by side. Where a test or
 * a trap is open, the walk goes both ways, each with what is then known ({@link file://../optimize/facts.ts}); a pair
 * of places that was proved before with the same knowledge, as far as it matters from there on, is not
 * walked again. When both have returned different values, the path's knowledge is turned into packets,
 * and only a packet on which the programs really differ counts. Exact where it answers; it gives up on
 * loops, when the budget is used up, and where it can neither prove a path impossible nor walk it.
 */

import type { Program } from '../cbpf/index.js';
import { split } from '../cfg/index.js';
import { read, Values } from '../optimize/index.js';
import { EQUAL, type Equivalence, type Maker, type Relation } from './state.js';
import { bareMaker, MOST_RANGES, Walk } from './walk.js';

export type { Equivalence, Relation } from './state.js';

/** How long a proof may take. */
export interface EquivalenceOptions {
  /** Pairs of places to look at before giving up. Default 100,000. */
  readonly budget?: number | undefined;
  /** Only packets that have every byte that either program looks at; those cut short of one are left out. */
  readonly whole?: boolean;
}

/**
 * Compares two valid classic programs, under libpcap's rules for shifts and offsets.
 *
 * @throws RangeError when a program jumps out of itself.
 */
export function equivalent(a: Program, b: Program, options: EquivalenceOptions = {}): Equivalence {
  return relate(a, b, EQUAL, options);
}

/** The same for any relation; `equal` then says that it holds, `different` that a packet breaks it. */
export function relate(
  a: Program,
  b: Program,
  relation: Relation,
  { budget = 100_000, whole = false }: EquivalenceOptions = {},
  make: Maker = bareMaker,
): Equivalence {
  const values = new Values({ mostRanges: MOST_RANGES });
  const first = read(split(a), values);
  const second = read(split(b), values);
  if (first === undefined || second === undefined) {
    if (relation === EQUAL && isSame(a, b)) return { verdict: 'equal' };
    return { verdict: 'undecided', reason: 'a program has a loop, or looks at more than the packet' };
  }
  const compared = { values, graphs: [first, second], programs: [a, b] } as const;
  return new Walk(compared, relation, { budget, whole, make }).run();
}

const isSame = (a: Program, b: Program): boolean =>
  a.length === b.length &&
  a.every(({ code, jt, jf, k }, at) => {
    const other = b[at]!;
    return code === other.code && jt === other.jt && jf === other.jf && k === other.k;
  });
