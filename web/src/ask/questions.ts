/** Questions about one expression and another, answered with packets. Runs in a worker: a proof may take a while. */

import { diff, make } from '../../../lib/ask.js';
import { execute, type Program } from '../../../lib/cbpf.js';
import { Packet } from '../../../lib/decode.js';
import {
  type Answer,
  createPrinter,
  disjoint,
  FilterError,
  implies,
  LINK_TYPES,
} from '../../../lib/index.js';
import { helpedProgram, withReadyMade } from '../../../lib/playground.js';
import type { Mode } from '../compiled.js';
import { layersOf } from '../packets/decoded.js';
import type { Shown } from '../packets/protocol.js';

export interface Question {
  readonly first: string;
  /** '' asks for packets of the first only. */
  readonly second: string;
  readonly linkType: string;
  readonly mode: Mode;
}

/** A packet that shows something, as the page shows packets. */
export interface Witness extends Shown {
  /** What it shows. */
  readonly title: string;
  /** As tcpdump prints it. */
  readonly line: string;
}

export interface Relation {
  readonly question: 'same' | 'implies' | 'implied' | 'disjoint';
  readonly verdict: 'yes' | 'no' | 'whole' | 'undecided';
  /** Place of the packet that shows the contrary among the witnesses, -1 for none. */
  readonly witness: number;
}

export interface Answers {
  readonly relations: readonly Relation[];
  readonly witnesses: readonly Witness[];
  /** What kept an answer away; '' for nothing. */
  readonly problem: string;
}

/** Packets of one expression that are made. */
const MADE = 3;
/** Of which one may match the other expression, too. */
const TRIED = 24;

export function answer({ first, second, linkType, mode }: Question): Answers {
  const options = withReadyMade({ linkType, mode, optimize: false });
  const number = LINK_TYPES.find(({ name }) => name === linkType)?.linkType ?? Number(linkType);
  const witnesses: Witness[] = [];
  const relations: Relation[] = [];
  const add = (title: string, data: Uint8Array, wireLength: number): number => {
    witnesses.push(witnessOf(title, data, wireLength, number, linkType));
    return witnesses.length - 1;
  };
  let programs: Program[];
  try {
    programs = [first, ...(second.trim() === '' ? [] : [second])].map((text) => helpedProgram(text, options));
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    return { relations, witnesses, problem: `${error.message}${error.hint === '' ? '' : `; ${error.hint}`}` };
  }
  const [a, b] = programs as [Program, Program | undefined];
  if (b !== undefined) {
    const { verdict, regions, onlyCut } = diff(a, b, { linkType: number });
    relations.push({
      question: 'same',
      verdict: verdict === 'equal' ? 'yes' : verdict === 'undecided' ? 'undecided' : onlyCut ? 'whole' : 'no',
      witness: -1,
    });
    const only = { first: -1, second: -1 };
    for (const { words, matchedBy, packet, wireLength } of regions) {
      const at = add(`Only ${matchedBy === 'first' ? 'A' : 'B'}: ${words}`, packet, wireLength);
      if (only[matchedBy] < 0) only[matchedBy] = at;
    }
    /** `known`: a packet that was shown already; else the proof's own, which is seldom a whole one. */
    const relate = (
      question: Relation['question'],
      known: number,
      title: string,
      ask: (options: { whole?: boolean }) => Answer,
    ): void => {
      const cut = ask({});
      const whole = cut.verdict === 'no' ? ask({ whole: true }) : cut;
      const shown = whole.verdict === 'no' ? whole : cut;
      relations.push({
        question,
        verdict: cut.verdict === 'no' && whole.verdict === 'yes' ? 'whole' : cut.verdict,
        witness:
          shown.verdict !== 'no' ? -1 : known >= 0 ? known : add(title, shown.packet, shown.wireLength),
      });
    };
    relate('implies', only.first, 'A and not B', (how) => implies(a, b, how));
    relate('implied', only.second, 'B and not A', (how) => implies(b, a, how));
    const both = make(a, { linkType: number, count: TRIED }).packets.find(
      ({ packet, wireLength }) => execute(b, { bytes: packet, wireLength }).result !== 0,
    );
    const shared = both === undefined ? -1 : add('A and B', both.packet, both.wireLength);
    relate('disjoint', shared, 'A and B', (how) => disjoint(a, b, how));
  }
  const { packets, complete, reason } = make(a, { linkType: number, count: MADE });
  for (const { packet, wireLength } of packets) add('Made to match A', packet, wireLength);
  const problem = packets.length > 0 ? '' : complete ? 'No packet can match A.' : `None found: ${reason}`;
  return { relations, witnesses, problem };
}

function witnessOf(
  title: string,
  data: Uint8Array,
  wireLength: number,
  linkType: number,
  name: string,
): Witness {
  const source = { linkType, snapLength: 262_144, timestampUnit: 1e-6 };
  const packet = new Packet(data, wireLength, 0, 0, source);
  return {
    title,
    line: createPrinter({ timestamp: 1, absoluteSequence: true }).print(packet),
    index: 0,
    bytes: data,
    wireLength,
    linkType: name,
    layers: layersOf(packet),
    reason: undefined,
  };
}
