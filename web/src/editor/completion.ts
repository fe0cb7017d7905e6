/** What may come next: words of the language, constants, names of ports and protocols, ready-made filters. */

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { CONSTANTS, KEYWORDS, readyMadeFilters, serviceNames } from '../../../lib/playground.js';

const KINDS: Readonly<Record<string, string>> = {
  protocol: 'protocol',
  direction: 'direction',
  type: 'kind of address',
  encapsulation: 'moves what follows',
  cast: 'address',
  and: 'joins',
  or: 'joins',
  not: 'negates',
};

let words: readonly Completion[] | undefined;

function wordsOfLanguage(): readonly Completion[] {
  words ??= [
    ...[...KEYWORDS].map(([label, { kind }]) => ({ label, detail: KINDS[kind] ?? '', type: 'keyword' })),
    ...[...CONSTANTS].map(([label, value]) => ({
      label,
      detail: String(value),
      type: 'constant',
      boost: -1,
    })),
  ];
  return words;
}

export function complete(context: CompletionContext): CompletionResult | null {
  const named = context.matchBefore(/@[\w-]*/);
  if (named !== null) return { from: named.from, options: readyMade(), validFor: /^@[\w-]*$/ };
  const word = context.matchBefore(/[A-Za-z][\w-]*/);
  if (word === null && !context.explicit) return null;
  const from = word?.from ?? context.pos;
  const before = context.state.sliceDoc(0, from);
  const options = /\b(port|portrange)\s+$/.test(before)
    ? serviceNames().map((label) => ({ label, type: 'constant' }))
    : wordsOfLanguage();
  return { from, options, validFor: /^[\w-]*$/ };
}

const readyMade = (): Completion[] =>
  readyMadeFilters().map(({ name, title, meaning, parameters }) => ({
    label: `@${name}`,
    apply: parameters.length === 0 ? `@${name}` : `@${name}(`,
    detail: title,
    info: meaning,
    type: 'function',
  }));
