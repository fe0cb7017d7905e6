/** In what two filters differ: every region, in words, with a whole packet of it. */

import { loadInterpreter, type Program } from '../cbpf/index.js';
import { split } from '../cfg/index.js';
import { factOf, read, Values } from '../optimize/index.js';
import { EQUAL, type State } from './state.js';
import { bareMaker, MOST_RANGES, TOO_MANY, Walk } from './walk.js';
import { wholePacket } from './whole.js';
import { type MadePacket, type Random, randomNumbers, type ShownPacket } from './witness.js';
import { mergeRegions, type RegionWords, regionWords } from './words.js';

/** Packets of one kind that only one of two programs matches, and one of them. */
export interface Region extends ShownPacket {
  /** Which program matches them. */
  readonly matchedBy: 'first' | 'second';
  /** Such as `TCP over IPv4 or IPv6, destination port 8080`. */
  readonly words: string;
}

/** How two programs differ. */
export interface Difference {
  readonly verdict: 'equal' | 'different' | 'undecided';
  readonly regions: readonly Region[];
  /** They differ, but not on packets that have every byte that is looked at. */
  readonly onlyCut: boolean;
  /** Why not every region was found. */
  readonly reason?: string;
}

/** How long a comparison may take, and of what. */
export interface DiffOptions {
  /** LINKTYPE_ number of the programs' packets; default 1, Ethernet. */
  readonly linkType?: number | undefined;
  /** Pairs of places to look at before giving up. Default 100,000. */
  readonly budget?: number | undefined;
}

const TRIES = 12;
const BARE_TRIES = 240;
/** Places looked at before ways that meet are taken for one. */
const APART = 5000;
/** Packets tried in all. */
const MOST_TRIES = 20_000;

/**
 * Every region in which one of two programs matches and the other does not, those of whole packets first.
 *
 * @throws RangeError when a program jumps out of itself.
 */
export function diff(a: Program, b: Program, options: DiffOptions = {}): Difference {
  const { linkType = 1, budget = 100_000 } = options;
  const whole = regionsOf(a, b, linkType, budget, true);
  if (whole === undefined)
    return {
      verdict: 'undecided',
      regions: [],
      onlyCut: false,
      reason: 'a program has a loop, or looks at more than the packet',
    };
  const reason = whole.reason === undefined ? {} : { reason: whole.reason };
  if (whole.regions.length > 0)
    return { verdict: 'different', regions: whole.regions, onlyCut: false, ...reason };
  if (whole.reason !== undefined) return { verdict: 'undecided', regions: [], onlyCut: false, ...reason };
  const cut = regionsOf(a, b, linkType, budget, false)!;
  if (cut.regions.length > 0) return { verdict: 'different', regions: cut.regions, onlyCut: true };
  if (cut.reason === undefined) return { verdict: 'equal', regions: [], onlyCut: false };
  return { verdict: 'undecided', regions: [], onlyCut: false, reason: cut.reason };
}

interface Regions {
  readonly regions: readonly Region[];
  readonly reason: string | undefined;
}

/** Where there are too many ways, regions that meet later are told of as one of them. */
function regionsOf(
  a: Program,
  b: Program,
  linkType: number,
  budget: number,
  whole: boolean,
): Regions | undefined {
  const apart = walked(a, b, { linkType, budget: Math.min(APART, budget), whole, apart: true });
  return apart?.reason === TOO_MANY ? walked(a, b, { linkType, budget, whole, apart: false }) : apart;
}

interface Walked {
  readonly linkType: number;
  readonly budget: number;
  readonly whole: boolean;
  readonly apart: boolean;
}

function walked(a: Program, b: Program, { linkType, budget, whole, apart }: Walked): Regions | undefined {
  const values = new Values({ mostRanges: MOST_RANGES });
  const [first, second] = [read(split(a), values), read(split(b), values)];
  if (first === undefined || second === undefined) return undefined;
  const runs = [loadInterpreter(a), loadInterpreter(b)] as const;
  const random = randomNumbers();
  const found: (Omit<Region, 'words'> & { readonly words: RegionWords })[] = [];
  let tries = MOST_TRIES;
  let open = false;
  const visit = (state: State): 'go on' | 'stop' => {
    const [x, y] = state.places.map(({ result }) =>
      result === undefined ? undefined : factOf(values, state.facts, result).ranges,
    );
    if (x === undefined || y === undefined) return 'go on';
    const surelySame = (x.at(-1) === 0 && y.at(-1) === 0) || (x[0]! > 0 && y[0]! > 0);
    if (surelySame) return 'go on';
    const made = packetOf(state);
    if (made === undefined) open = true;
    else found.push({ ...made, words: regionWords(values, state.facts, made.packet, linkType) });
    return tries > 0 ? 'go on' : 'stop';
  };
  const packetOf = (state: State): Omit<Region, 'words'> | undefined => {
    for (let attempt = 0; attempt < TRIES + BARE_TRIES && tries > 0; attempt++, tries--) {
      const made = attempted(values, state, whole, linkType, attempt, random);
      if (made === undefined) continue;
      const { packet, wireLength } = made;
      const [x, y] = runs.map((run) => run(packet, 0, packet.length, wireLength));
      if ((x === 0) !== (y === 0))
        return { ...made, results: [x!, y!], matchedBy: x === 0 ? 'second' : 'first' };
    }
    return undefined;
  };
  const compared = { values, graphs: [first, second], programs: [a, b] } as const;
  const walk = new Walk(compared, EQUAL, { budget, whole, apart, make: bareMaker, visit }).run();
  const reason = walk.verdict === 'undecided' ? walk.reason : undefined;
  return {
    regions: mergeRegions(found),
    reason: reason ?? (open ? 'a path could be neither refuted nor walked' : undefined),
  };
}

function attempted(
  values: Values,
  state: State,
  whole: boolean,
  linkType: number,
  attempt: number,
  random: Random,
): MadePacket | undefined {
  if (whole && attempt < TRIES) return wholePacket(values, state.facts, linkType, attempt, random)?.made;
  return attempt < TRIES ? undefined : bareMaker(values, state, attempt - TRIES, random);
}
