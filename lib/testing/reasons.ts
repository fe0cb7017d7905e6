/**
 * `node dist/lib/testing/reasons.js [--filters N] [--packets P] [--seed S] [--only NAME]`: reasons of the first P packets of all captures,
 * Weir's own and those of the test data, and N reference expressions: every byte that is not named is changed, all
 * together and one by one. Exit status 1 for a reason that is wrong.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openCapture } from '../capture/index.js';
import type { Program } from '../cbpf/index.js';
import { compileProgram, type LinkFilter } from '../filter/index.js';
import { CaptureError, type Packet } from '../savefile/index.js';
import { explain } from '../see/index.js';
import { generator } from './random.js';
import { filterFor, wrongWith } from './reasonChecks.js';
import { dataFolder, ETHERNET_GROUPS, projectRoot } from './vectors.js';

const { values } = parseArgs({
  options: {
    filters: { type: 'string', default: '300' },
    packets: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const random = generator(Number(values.seed));

const rows = [...ETHERNET_GROUPS, 'protochain'].flatMap((group) => {
  const path = join(dataFolder, `vectors/filters/${group}.jsonl`);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  return lines.map((line) => JSON.parse(line) as { expr: string; dlt: string | null; error?: string });
});
const expressions = [
  ...new Set(
    rows.filter(({ dlt, error }) => error === undefined && dlt === 'EN10MB').map(({ expr }) => expr),
  ),
];
const step = Math.max(1, expressions.length / Number(values.filters));
const filters = expressions.filter((_, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));

const plain = new WeakMap<LinkFilter, Program>();

function plainOf(expression: string, filter: LinkFilter): Program {
  const program = plain.get(filter) ?? compileProgram(expression, { ...filter.options, optimize: false });
  plain.set(filter, program);
  return program;
}

async function packetsOf(path: string): Promise<Packet[]> {
  const packets: Packet[] = [];
  try {
    for await (const { data, wireLength, seconds, nanoseconds, interface: source } of await openCapture(
      path,
    )) {
      packets.push({ data: data.slice(), wireLength, seconds, nanoseconds, interface: source } as Packet);
      if (packets.length >= Number(values.packets)) break;
    }
  } catch (error) {
    // Some captures are damaged: what can be read of them counts.
    if (!(error instanceof CaptureError)) throw error;
  }
  return packets;
}

let [captures, packets, verdicts, longest] = [0, 0, 0, 0];
const wrongs: string[] = [];
/** Verdicts without a change: of filters, and why. */
const without = new Map<string, number>();
for (const folder of [join(projectRoot, 'captures'), join(dataFolder, 'captures/files')]) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name)) : [];
  for (const name of names.filter((name) => name.includes(values.only))) {
    const some = await packetsOf(join(folder, name));
    captures++;
    for (const packet of some) {
      packets++;
      for (const expression of filters) {
        const filter = filterFor(expression, packet);
        if (filter === undefined) continue;
        const begun = performance.now();
        const reason = explain(filter, packet);
        longest = Math.max(longest, performance.now() - begun);
        verdicts++;
        const program = plainOf(expression, filter);
        const wrong = wrongWith(program, packet, reason, random);
        if (wrong !== undefined) wrongs.push(`${name} ${packets} ${expression}: ${wrong}`);
        if (reason.change.length > 0) continue;
        const key = `${reason.never ? 'never' : reason.isShort ? 'open' : 'loop'}: ${filter.linkType} ${expression}`;
        without.set(key, (without.get(key) ?? 0) + 1);
      }
    }
  }
}
console.log(
  `${captures} captures, ${packets} packets, ${filters.length} expressions, ${verdicts} verdicts, longest ${longest.toFixed()} ms`,
);
for (const kind of ['never', 'open', 'loop']) {
  const rows = [...without].filter(([key]) => key.startsWith(kind)).sort((a, b) => b[1] - a[1]);
  console.log(`without a change, ${kind}: ${rows.reduce((sum, [, count]) => sum + count, 0)}`);
  if (kind !== 'never')
    for (const [key, count] of rows.slice(0, 40)) console.log(`  ${count} ${key.slice(0, 150)}`);
}
console.log(`${wrongs.length} wrong`);
for (const wrong of wrongs.slice(0, 40)) console.log(`  ${wrong.slice(0, 180)}`);
if (wrongs.length > 0) process.exitCode = 1;
