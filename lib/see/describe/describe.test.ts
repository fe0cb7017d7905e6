/**
 * Descriptions: the table of the guide, row by row, proved by the walk over two programs; and over the corpus, that
 * expressions which get the same sentence are equal, and that equal ones get the same.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { cover, equivalent, type MadePacket } from '../../ask/index.js';
import { execute } from '../../cbpf/index.js';
import { compile, type LinkFilter } from '../../filter/index.js';
import { FilterError } from '../../source.js';
import { ETHERNET_GROUPS, fullRun, projectRoot, Tally, vectors } from '../../testing/vectors.js';
import { describe } from '../index.js';
import { type Meaning, meaningOf } from './build.js';
import { ACCEPT } from './diagram.js';

const WHOLE = { whole: true } as const;

function filterFor(expression: string): LinkFilter {
  return compile(expression, { optimize: false }).for('EN10MB');
}

const rows = readFileSync(join(projectRoot, 'docs', 'guide', 'describe.md'), 'utf8').matchAll(
  /^\| `([^`]*)` \| `([^`]*)` \| `([^`]*)` \| (.*) \|$/gm,
);

test('every row of the guide is true', (t) => {
  let count = 0;
  for (const [, first, same, other, sentence] of rows) {
    if (count++ % 8 !== 0 && !fullRun) continue;
    const [a, b, c] = [first!, same!, other!].map(filterFor) as [LinkFilter, LinkFilter, LinkFilter];
    const told = describe(a);
    t.is(told.sentence, sentence!, first!);
    t.true(told.isExact, first!);
    t.deepEqual(describe(b), told, `${first} and ${same}`);
    t.not(describe(c).sentence, sentence!, other!);
    t.is(equivalent(a.cbpf, b.cbpf, WHOLE).verdict, 'equal', `${first} and ${same}`);
    t.is(equivalent(a.cbpf, c.cbpf, WHOLE).verdict, 'different', `${first} and ${other}`);
  }
  t.true(count >= 60, `${count} rows`);
});

test('what cannot be told is given as it is written, with the reason', (t) => {
  t.like(describe(filterFor('ip  protochain 6')), {
    sentence: 'ip protochain 6',
    isExact: false,
    reason: 'the program has a loop, or looks at more than the packet',
  });
  t.like(describe(compile('tcp').for('RAW')), {
    isExact: false,
    reason: 'only filters for Ethernet are told in words',
  });
  // Long lists: thousands of steps, one behind the other.
  if (fullRun) {
    const hosts = Array.from({ length: 300 }, (_, i) => `host 10.${i % 3}.${i % 250}.${(i * 7) % 250}`).join(
      ' or ',
    );
    t.like(describe(filterFor(hosts)), { isExact: false, reason: 'too many decisions' });
  }
  t.is(describe(filterFor('tcp or not tcp')).sentence, 'every packet');
  t.is(describe(filterFor('tcp and not tcp')).sentence, 'no packet');
});

const GROUPS = [...ETHERNET_GROUPS, 'random'];

/** What a diagram says of a packet; `undefined` where it asks for words, or for bytes that are not there. */
function verdictOf(
  { diagrams, root, subjects }: Meaning,
  { packet, wireLength }: MadePacket,
): boolean | undefined {
  let node = root;
  for (let question = diagrams.question(node); question !== undefined; question = diagrams.question(node)) {
    const subject = subjects.get(question.variable.rank)!;
    if (subject.kind === 'words') return undefined;
    let value = wireLength;
    if (subject.kind === 'place') {
      const { region, offset, size } = subject.place;
      const network = region.at + 2;
      const header = region.behindIp4 ? 4 * (packet[network]! & 15) : 0;
      const start = region.network === 'frame' ? offset : network + header + offset;
      if (start + size > packet.length) return undefined;
      value = packet.subarray(start, start + size).reduce((sum, byte) => sum * 256 + byte, 0);
    }
    const { ends, kids } = question;
    node = kids[ends.findIndex((end) => end >= value)]!;
  }
  return node === ACCEPT;
}

test('what sentences are made of says what the program does', (t) => {
  const tally = new Tally('diagrams of programs');
  const expressions = [
    'tcp port 443',
    'not (vlan 5 and udp)',
    'tcp[13] & 18 = 2 or ip6 host 2001:db8::1',
    'ip[0] & 15 > 5',
  ];
  const corpus = ['cookbook', 'compound'].flatMap((group) =>
    vectors<{ expr: string; dlt: string | null; error?: string }>(t, `vectors/filters/${group}.jsonl`, 2),
  );
  const found = corpus
    .filter(({ dlt, error }) => error === undefined && dlt === 'EN10MB')
    .map(({ expr }) => expr);
  for (const expression of [...expressions, ...found.filter((_, index) => index % 6 === 0)]) {
    const { cbpf } = filterFor(expression);
    if (!describe(filterFor(expression)).isExact) continue;
    const meaning = meaningOf(cbpf, expression);
    for (const made of cover(cbpf, { linkType: 1 }).packets) {
      const told = verdictOf(meaning, made);
      if (told === undefined) continue;
      const { result } = execute(cbpf, { bytes: made.packet, wireLength: made.wireLength });
      tally.check(
        told === (result !== 0),
        () => `${expression}: ${Buffer.from(made.packet).toString('hex')}`,
      );
    }
  }
  tally.finish(t);
});

test('the same sentence is told of equal expressions only, and of those that are turned about', (t) => {
  const tally = new Tally('descriptions');
  const bySentence = new Map<string, LinkFilter>();
  const corpus = GROUPS.flatMap((group) =>
    vectors<{ expr: string; dlt: string | null; error?: string }>(t, `vectors/filters/${group}.jsonl`, 3),
  );
  for (const { expr, dlt, error } of corpus.filter((_, index) => !fullRun || index % 3 === 0)) {
    if (error !== undefined || dlt !== 'EN10MB') continue;
    let filter: LinkFilter;
    try {
      filter = filterFor(expr);
    } catch (problem) {
      if (problem instanceof FilterError) continue;
      throw problem;
    }
    const told = describe(filter);
    if (!told.isExact) {
      tally.leaveOut(told.reason!);
      continue;
    }
    const turned = describe(filterFor(`not (not (${expr}))`));
    tally.check(
      turned.sentence === told.sentence,
      () => `${expr}: ${told.sentence}, turned ${turned.sentence}`,
    );
    const known = bySentence.get(told.sentence);
    if (known === undefined) bySentence.set(told.sentence, filter);
    else if (fullRun) {
      const { verdict } = equivalent(known.cbpf, filter.cbpf, { ...WHOLE, budget: 5000 });
      if (verdict === 'undecided') tally.leaveOut('not decided');
      else tally.check(verdict === 'equal', () => `${known.expression} and ${expr}: ${told.sentence}`);
    }
  }
  tally.finish(t);
});
