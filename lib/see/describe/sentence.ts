/** Clauses that say the same of two things made one, and the sentence of what is left. */

import type { Clause } from './clauses.js';
import type { Condition, Side } from './fields.js';
import { listed } from './numbersText.js';

/** Makes one clause of those that differ only in a side, or in what they are over. */
export function merged(clauses: readonly Clause[]): readonly Clause[] {
  let list = clauses;
  for (const merge of [overFragment, eitherSide, overNetworks])
    for (let before = -1; before !== list.length; ) {
      before = list.length;
      list = pairwise(list, merge);
    }
  return list;
}

function pairwise(clauses: readonly Clause[], merge: (a: Clause, b: Clause) => Clause | undefined): Clause[] {
  const list = [...clauses];
  for (let i = 0; i < list.length; i++)
    for (let j = i + 1; j < list.length; j++) {
      const both = merge(list[i]!, list[j]!);
      if (both === undefined) continue;
      list[i] = both;
      list.splice(j, 1);
      j = i;
    }
  return list;
}

const told = ({ conditions }: Clause): string =>
  conditions.map(({ side, text }) => `${side} ${text}`).join(';');
const kindOf = ({ tags, protocols }: Clause): string => `${tags.join()}|${protocols}`;

function overFragment(a: Clause, b: Clause): Clause | undefined {
  const isPair = a.fragment !== b.fragment && a.networks.join() === b.networks.join();
  if (!isPair || kindOf(a) !== kindOf(b) || told(a) !== told(b)) return undefined;
  return { ...a, fragment: 'either' };
}

const OTHER: Readonly<Record<Side, Side>> = {
  source: 'destination',
  destination: 'source',
  sender: 'target',
  target: 'sender',
};

function eitherSide(a: Clause, b: Clause): Clause | undefined {
  if (a.networks.join() !== b.networks.join() || kindOf(a) !== kindOf(b)) return undefined;
  if (a.isFirst !== b.isFirst || a.fragment !== b.fragment || a.conditions.length !== b.conditions.length)
    return undefined;
  const key = ({ side, text }: Condition) => `${side} ${text}`;
  const theirs = new Set(b.conditions.map(key));
  const own = a.conditions.filter((condition) => !theirs.has(key(condition)));
  const mine = new Set(a.conditions.map(key));
  const others = b.conditions.filter((condition) => !mine.has(key(condition)));
  const [one, other] = [own[0], others[0]];
  if (own.length !== 1 || others.length !== 1 || one!.side === undefined) return undefined;
  if (other!.side !== OTHER[one!.side] || other!.text !== one!.text) return undefined;
  const first = one!.side === 'source' || one!.side === 'sender' ? one!.side : OTHER[one!.side];
  const both = {
    side: undefined,
    text: `${first} or ${OTHER[first]} ${one!.text}`,
    order: Math.min(one!.order, other!.order),
  };
  return { ...a, conditions: a.conditions.map((condition) => (condition === one ? both : condition)) };
}

function overNetworks(a: Clause, b: Clause): Clause | undefined {
  const areIp = [a, b].every(({ networks }) => networks.join() === 'IPv4' || networks.join() === 'IPv6');
  if (!areIp || a.protocols === '') return undefined;
  if (kindOf(a) !== kindOf(b) || told(a) !== told(b)) return undefined;
  const fragment = a.fragment === b.fragment ? a.fragment : a.fragment === 'no' ? b.fragment : a.fragment;
  if ([a, b].some((one) => one.fragment === 'yes')) return undefined;
  return {
    ...a,
    networks: [...a.networks, ...b.networks],
    fragment,
    isFirst: a.isFirst || b.isFirst,
    isBehindIp4: a.isBehindIp4 || b.isBehindIp4,
    isBehindIp6: a.isBehindIp6 || b.isBehindIp6,
  };
}

/** What is said of all clauses at the end of the sentence, and so not in each. */
export interface Common {
  readonly isFirst: boolean;
  readonly isBehindFragment: boolean;
}

/** What holds of every clause that it may hold of. */
export function commonOf(clauses: readonly Clause[]): Common {
  const firsts = clauses.filter(({ isBehindIp4 }) => isBehindIp4);
  const carried = clauses.filter(({ networks, protocols }) => protocols !== '' && networks.includes('IPv6'));
  return {
    isFirst: firsts.length > 0 && firsts.every(({ isFirst }) => isFirst),
    isBehindFragment: carried.length > 0 && carried.every(({ fragment }) => fragment === 'either'),
  };
}

/** `TCP over IPv4 or IPv6, source or destination port 443`. */
export function clauseText(clause: Clause, common: Common): string {
  const { tags, networks, protocols, fragment, conditions, isFirst } = clause;
  const network = listed(networks);
  const behind =
    fragment === 'yes'
      ? ' behind a fragment header'
      : fragment === 'either' && !common.isBehindFragment
        ? ' (also behind a fragment header)'
        : '';
  const kind = protocols === '' ? network : `${protocols} over ${network}${behind}`;
  const inTags = tags.toReversed().join(' in ');
  const tagged =
    tags.length === 0 ? kind : kind === '' ? `frames of ${tags.join(' in ')}` : `${kind} in ${inTags}`;
  const said = conditions.map(({ side, text }) => (side === undefined ? text : `${side} ${text}`));
  if (isFirst && !common.isFirst) said.push('of IPv4 fragments only first ones');
  return [tagged === '' ? 'packets' : tagged, ...said].join(', ');
}
