/** Packets that are broken and messages that are made up, printed by the installed tcpdump and by Weir. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { generator } from '../testing/random.js';
import { tcpdumpVersion } from '../testing/tcpdump.js';
import { dataPath, fullRun, projectRoot, Tally } from '../testing/vectors.js';
import { changed } from '../testing/words/changes.js';
import { differences, kindOf } from '../testing/words/compare.js';
import { samples } from '../testing/words/corpus.js';
import { type Message, madeMessages } from '../testing/words/messages.js';
import { types } from '../testing/words/typeSpaces.js';
import { PACKET_TYPES } from './index.js';

process.env.TZ = 'GMT0';
const SEED = 0x5eed;
const SETS = ['-nvvv', '-n', '-nexx'];

/** Texts that are equal, of all; `npm run words` shows what differs. */
const SHARE = fullRun ? 0.995 : 0.99;

/** What `-T` can name, by tcpdump(1) 4.99.3. */
const TYPES =
  'aodv carp cnfp domain lmp pgm pgm_zmtp1 ptp radius resp rpc rtcp rtp snmp someip tftp vat vxlan wb zmtp1';

function skipped(t: ExecutionContext): boolean {
  if (tcpdumpVersion()?.startsWith('4.99.')) return false;
  t.log('skipped: tcpdump 4.99 is not installed');
  t.pass();
  return true;
}

function compare(t: ExecutionContext, what: string, messages: readonly Message[]): void {
  const tally = new Tally(`dissect: ${what}`);
  const links = new Set(messages.map(({ packet }) => packet.interface.linkType));
  for (const link of links) {
    const group = messages.map(({ packet }) => packet).filter((packet) => packet.interface.linkType === link);
    for (const set of fullRun ? SETS : SETS.slice(0, 1)) {
      const differ = new Map(differences(group, link, set).map((one) => [one.index, one]));
      for (const index of group.keys()) {
        const difference = differ.get(index);
        tally.check(difference === undefined, () => `${set} ${kindOf(difference!)}`);
      }
    }
  }
  tally.finish(t, SHARE);
}

test('changed packets of every protocol, as the installed tcpdump prints them', async (t) => {
  const folder = dataPath(t, 'captures');
  if (folder === undefined || skipped(t)) return;
  const folders = fullRun ? ['files', 'found', 'made'] : ['made'];
  const all = await samples(folders.map((name) => join(folder, name)));
  const random = generator(SEED);
  const messages = Array.from({ length: fullRun ? 4000 : 300 }, (_, i) => {
    const sample = all[i % all.length]!;
    const brothers = all.filter(({ kind }) => kind === sample.kind);
    return { kind: sample.kind, packet: changed(sample, brothers[random(brothers.length)]!, random) };
  });
  compare(t, 'changed packets', messages);
});

test('made messages of every number space, as the installed tcpdump prints them', (t) => {
  if (skipped(t)) return;
  const messages = madeMessages(fullRun ? 6000 : 400, generator(SEED));
  compare(t, 'made messages', messages);
});

test('messages that -T tells, as the installed tcpdump prints them', (t) => {
  if (skipped(t)) return;
  const tally = new Tally('dissect: messages by -T');
  for (const { kind } of types) {
    const packets = madeMessages(fullRun ? 1000 : 60, generator(SEED), new RegExp(`^${kind}$`), types);
    for (const set of fullRun ? ['-nvv', '-nv', '-n'] : ['-nv']) {
      const differ = differences(
        packets.map(({ packet }) => packet),
        1,
        `${set} -T ${kind}`,
      );
      const wrong = new Map(differ.map((one) => [one.index, one]));
      for (const index of packets.keys())
        tally.check(!wrong.has(index), () => `${kind} ${kindOf(wrong.get(index)!)}`);
    }
  }
  tally.finish(t, SHARE);
});

test('the README names the types of packets that have no printer', (t) => {
  const readme = readFileSync(join(projectRoot, 'README.md'), 'utf8');
  const missing = TYPES.split(' ').filter((type) => !PACKET_TYPES.some((known) => known === type));
  for (const type of missing) t.true(readme.includes(`\`${type}\``), type);
});
