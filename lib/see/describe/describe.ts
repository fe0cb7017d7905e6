/**
 * What an expression means, in words, made of what its program decides: the same words for every program that is proved
 * equal as long as its tests are of one field each.
 */

import { compileProgram, type LinkFilter } from '../../filter/index.js';
import { type Meaning, meaningOf } from './build.js';
import { casesOf } from './cases.js';
import { type Clause, clauseOf, needsFor } from './clauses.js';
import { ACCEPT, REJECT } from './diagram.js';
import { clauseText, commonOf, merged } from './sentence.js';
import { TooComplex } from './sets.js';

/** What a filter means. */
export interface Description {
  /** One sentence, without a full stop. Where the meaning is too much for one, the expression itself. */
  readonly sentence: string;
  /** What may surprise: what the tests skip, and what they take for granted. */
  readonly notes: readonly string[];
  /** Whether the sentence was made of the program's decisions. */
  readonly isExact: boolean;
  /** Why it was not. */
  readonly reason: string | undefined;
}

const ETHERNET = 'EN10MB';

/**
 * Says what a filter for Ethernet means: which packets it matches, of those that have every byte it looks at. A packet
 * that is cut before such a byte is not matched.
 */
export function describe(filter: LinkFilter): Description {
  const { expression, linkType, options } = filter;
  const written = expression.trim().replace(/\s+/g, ' ');
  const asWritten = (reason: string): Description => ({
    sentence: written,
    notes: [],
    isExact: false,
    reason,
  });
  if (linkType !== ETHERNET) return asWritten('only filters for Ethernet are told in words');
  try {
    return descriptionOf(
      meaningOf(compileProgram(expression, { ...options, optimize: false }), expression),
      expression,
    );
  } catch (error) {
    if (error instanceof TooComplex) return asWritten(error.message);
    throw error;
  }
}

function descriptionOf({ diagrams, root, subjects }: Meaning, expression: string): Description {
  const exactly = (sentence: string, notes: readonly string[] = []): Description => ({
    sentence,
    notes,
    isExact: true,
    reason: undefined,
  });
  if (root === ACCEPT) return exactly('every packet');
  if (root === REJECT) return exactly('no packet');
  const needs = needsFor(subjects);
  const clausesOf = (node: number): readonly Clause[] | undefined => {
    try {
      return merged(casesOf(diagrams, node, needs).map((one) => clauseOf(one, subjects, expression)));
    } catch (error) {
      if (error instanceof TooComplex) return undefined;
      throw error;
    }
  };
  const [some, others] = [clausesOf(root), clausesOf(diagrams.inverse(root))];
  if (some === undefined && others === undefined) throw new TooComplex('too many cases');
  const isInverse = others !== undefined && (some === undefined || costOf(others) < costOf(some));
  const clauses = isInverse ? others : some!;
  const common = commonOf(clauses);
  const parts = [clauses.map((clause) => clauseText(clause, common)).join('; or ')];
  if (common.isFirst) parts.push('of IPv4 fragments only first ones');
  if (common.isBehindFragment) parts.push('over IPv6 also behind a fragment header');
  return exactly(`${isInverse ? 'everything but: ' : ''}${parts.join('; ')}`, notesOf(clauses));
}

/** Of two ways to say it the shorter one is taken; the plain one where they are as long. */
const costOf = (clauses: readonly Clause[]): number =>
  clauses.reduce((sum, { conditions }) => sum + 2 + conditions.length, 0);

function notesOf(clauses: readonly Clause[]): string[] {
  const notes: string[] = [];
  const has = (network: string) => clauses.some(({ networks }) => networks.includes(network));
  if (clauses.some(({ isBehindIp6 }) => isBehindIp6))
    notes.push(
      'of IPv6 only packets whose header it follows at once: extension headers are not stepped over',
    );
  if (clauses.some(({ fragment }) => fragment === 'either'))
    notes.push('over IPv6 also behind a fragment header');
  if (clauses.some(({ isBehindIp4 }) => isBehindIp4) && !has('IPv6')) notes.push('IPv4 only');
  if (clauses.some(({ tags }) => tags.length > 0)) notes.push('what a tag holds is looked for behind it');
  return notes;
}

/** A description as lines: the sentence, then each note. */
export const descriptionText = ({ sentence, notes, isExact, reason }: Description): string =>
  [
    isExact ? sentence : `as it is written (${reason}): ${sentence}`,
    ...notes.map((note) => `  ${note}`),
  ].join('\n');
