/** Each ready-made filter matches the packets of `captures/` that tcpdump says it does. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { compile, FilterError, readyMadeFilters } from '../lib/index.js';
import { openCapture } from '../lib/node.js';
import { projectRoot } from '../lib/testing/vectors.js';

/** By filter, by capture: numbers of the packets from 1; `null` where it does not compile for the link type. */
type Matches = Record<string, Record<string, readonly number[] | null>>;

const expected = JSON.parse(readFileSync(join(projectRoot, 'filters', 'matches.json'), 'utf8')) as Matches;
const captures = readdirSync(join(projectRoot, 'captures')).filter((file) =>
  /^(?!http-).*\.pcap$/.test(file),
);

async function matchesOf(expression: string, file: string): Promise<readonly number[] | null> {
  await using capture = await openCapture(join(projectRoot, 'captures', file));
  const { linkType } = capture.interfaces[0]!;
  try {
    const options = {
      linkType,
      mode: 'savefile',
    } as const;
    const filter = compile(expression, options).for(linkType);
    const numbers: number[] = [];
    let number = 0;
    for await (const { data, wireLength } of capture) {
      number++;
      if (filter.run(data, wireLength) !== 0) numbers.push(number);
    }
    return numbers;
  } catch (error) {
    if (error instanceof FilterError) return null;
    throw error;
  }
}

for (const { name, title, meaning, expression } of readyMadeFilters()) {
  test(`@${name} matches what tcpdump says`, async (t) => {
    t.true(title.length > 2 && title.length < 60 && meaning.length > 10, 'a title and a meaning');
    const rows = expected[name] ?? {};
    t.true(
      Object.values(rows).some((numbers) => (numbers?.length ?? 0) > 0),
      'some capture shows it',
    );
    for (const file of captures)
      t.deepEqual(await matchesOf(expression, file), rows[file] ?? (file in rows ? null : []), file);
  });
}

test('filters can be composed', async (t) => {
  const all = await matchesOf('@dns', 'dns.pcap');
  const failures = await matchesOf('@dns-failures', 'dns.pcap');
  const rest = await matchesOf('@dns and not @dns-failures', 'dns.pcap');
  t.true(failures!.length > 0);
  t.deepEqual(
    [...rest!, ...failures!].sort((a, b) => a - b),
    all,
  );
});
