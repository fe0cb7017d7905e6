/**
 * Fields against the installed tshark: the values of every field that both know, over every capture. What differs is of a
 * class below, or a fault; docs/conformance.md has the figures.
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { readPackets } from '../testing/tcpdump.js';
import { comparedFields, runTshark, tsharkFields, tsharkVersion } from '../testing/tshark.js';
import { dataPath, fullRun, projectRoot, Tally } from '../testing/vectors.js';
import { createColumns, listFields } from './index.js';

/** Names that Wireshark has not. */
const OWN = /^(\w+\.)*(options|option|queries|answers|authorities|additionals|records|chunks)$/;

test('every name is one of Wireshark’s', (t) => {
  if (tsharkVersion() === undefined) {
    t.log('skipped: tshark is not installed');
    t.pass();
    return;
  }
  const theirs = tsharkFields();
  t.deepEqual(
    listFields()
      .map(({ name }) => name)
      .filter((name) => !theirs.has(name) && !OWN.test(name)),
    [],
  );
});

test('values as the installed tshark has them', async (t) => {
  if (!tsharkVersion()?.startsWith('4.0.')) {
    t.log(`skipped: tshark 4.0 is not installed (${tsharkVersion() ?? 'no tshark'})`);
    t.pass();
    return;
  }
  const names = comparedFields();
  t.true(names.length >= 150);
  const tally = new Tally('dissect: fields, tshark');
  for (const path of captures(dataPath(t, 'captures'))) {
    const theirs = runTshark(path, names);
    const packets = await readPackets(path);
    const columns = createColumns(names);
    for (let i = 0; i < Math.min(theirs.length, packets.length); i++) {
      const ours = columns.row(packets[i]!).split('\t');
      for (const [column, name] of names.entries()) {
        const [our, their] = [ours[column] ?? '', theirs[i]![column] ?? ''];
        if (our === '' && their === '') continue;
        tally.check(our === their, () => `${path} ${i + 1} ${name}: ours ${our}, theirs ${their}`);
      }
    }
  }
  tally.finish(t, SHARE);
});

/** Of all values; what is left over is what other protocols carry that have no layout yet. */
const SHARE = 0.99;

/** Captures of the project and those beside it; a few of them where not everything is run. */
function captures(shared: string | undefined): string[] {
  const folders = [
    join(projectRoot, 'captures'),
    ...['files', 'found', 'made'].map((name) => join(shared ?? '', name)),
  ];
  const all = folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => /\.(pcap|pcapng)$/.test(path));
  return fullRun ? all : all.filter((_, index) => index % 24 === 0);
}
