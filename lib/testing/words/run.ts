/**
 * `node dist/lib/testing/words/run.js --packets N --seed S --kind REGEXP FOLDER...`: changed packets of every protocol before
 * tcpdump and Weir, for as long as one likes. Prints the figures of each protocol, and the kinds of differences. With
 * `--fields` the values of fields by tshark and by Weir.
 */

import { parseArgs } from 'node:util';
import type { Packet } from '../../savefile/index.js';
import { generator } from '../random.js';
import { comparedFields } from '../tshark.js';
import { changed } from './changes.js';
import { type Difference, differences, kindOf } from './compare.js';
import { type Sample, samples } from './corpus.js';
import { madeMessages } from './messages.js';
import { values } from './values.js';

process.env.TZ = 'GMT0';
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    packets: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    /** Which protocols. */
    kind: { type: 'string', default: '' },
    set: { type: 'string', multiple: true, default: ['-nvvv', '-n', '-nexx'] },
    /** Kinds of differences to show. */
    show: { type: 'string', default: '40' },
    /** Made messages of number spaces instead of changed packets. */
    made: { type: 'boolean', default: false },
    /** Values of fields instead of texts. */
    fields: { type: 'boolean', default: false },
    /** The packets that differ, in hex. */
    hex: { type: 'boolean', default: false },
  },
});

interface Case {
  readonly kind: string;
  readonly packet: Packet;
}

function groupBy<T, K>(all: readonly T[], key: (one: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const one of all) {
    const group = groups.get(key(one)) ?? [];
    groups.set(key(one), group);
    group.push(one);
  }
  return groups;
}

function changedPackets(all: readonly Sample[], count: number): Case[] {
  const random = generator(Number(options.seed) * 7919 + 1);
  const byKind = groupBy(all, ({ kind }) => kind);
  const kinds = [...byKind.values()];
  return Array.from({ length: count }, (_, i) => {
    const group = kinds[i % kinds.length]!;
    const sample = group[random(group.length)]!;
    const [family] = sample.kind.split(':');
    return { kind: family!, packet: changed(sample, group[random(group.length)]!, random) };
  });
}

const wanted = new RegExp(options.kind);
const cases: readonly Case[] = options.made
  ? madeMessages(Number(options.packets), generator(Number(options.seed) * 104_729 + 1), wanted)
  : changedPackets(
      (await samples(positionals)).filter(({ kind }) => wanted.test(kind)),
      Number(options.packets),
    );

const figures = new Map<string, [number, number]>();
const kinds = new Map<string, { count: number; first: Texts; packet: Packet; set: string }>();
type Texts = Pick<Difference, 'ours' | 'theirs'>;

function count(row: string): [number, number] {
  const figure = figures.get(row) ?? [0, 0];
  figures.set(row, figure);
  return figure;
}

function keep(name: string, first: Texts, packet: Packet, set: string): void {
  const entry = kinds.get(name) ?? { count: 0, first, packet, set };
  entry.count++;
  if (packet.data.length < entry.packet.data.length) Object.assign(entry, { first, packet, set });
  kinds.set(name, entry);
}

function judgeWords(batch: readonly Case[], linkType: number, set: string): void {
  for (const { kind } of batch) count(kind)[1]++;
  const packets = batch.map(({ packet }) => packet);
  for (const difference of differences(packets, linkType, set)) {
    const { kind, packet } = batch[difference.index]!;
    count(kind)[0]++;
    keep(`${kind} ${kindOf(difference)}`, difference, packet, set);
  }
}

const names = options.fields ? comparedFields() : [];
function judgeFields(batch: readonly Case[], linkType: number): void {
  const packets = batch.map(({ packet }) => packet);
  for (const value of values(packets, linkType, names)) {
    const { kind, packet } = batch[value.index]!;
    const figure = count(value.name);
    figure[1]++;
    if (value.ours === value.theirs) continue;
    figure[0]++;
    const how = value.ours === '' ? 'missing' : value.theirs === '' ? 'too much' : 'other';
    keep(`${value.name} ${how}, ${kind}`, value, packet, '');
  }
}

for (const [linkType, group] of groupBy(cases, ({ packet }) => packet.interface.linkType))
  for (const set of options.fields ? [''] : options.set)
    for (let from = 0; from < group.length; from += 4000) {
      const batch = group.slice(from, from + 4000);
      if (options.fields) judgeFields(batch, linkType);
      else judgeWords(batch, linkType, set);
    }
const rows = [...figures].sort(([, a], [, b]) => b[0] / b[1] - a[0] / a[1]);
let [bad, total] = [0, 0];
for (const [kind, [differ, of]] of rows) {
  bad += differ;
  total += of;
  if (differ > 0)
    console.log(`${kind.padEnd(28)} ${(100 - (100 * differ) / of).toFixed(2)} %  ${differ} of ${of} differ`);
}
console.log(
  `all: ${total - bad} of ${total} agree (${((100 * (total - bad)) / total).toFixed(3)} %), ${kinds.size} kinds`,
);
for (const [name, { count, first, packet, set }] of [...kinds]
  .sort(([, a], [, b]) => b.count - a.count)
  .slice(0, Number(options.show))) {
  console.log(`\n${count} x ${name}`);
  if (options.hex) {
    console.log(
      `  link ${packet.interface.linkType} wire ${packet.wireLength} ${set} ${Buffer.from(packet.data).toString('hex')}`,
    );
    console.log(`  ours   ${first.ours}\n  theirs ${first.theirs}`);
  }
}
