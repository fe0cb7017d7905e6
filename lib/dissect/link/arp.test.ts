/** ARP over ATM, of which captures have next to none: made ones, as the installed tcpdump prints them. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Packet } from '../../savefile/index.js';
import { generator } from '../../testing/random.js';
import { pcapFile, printAll, printerOptions, runTcpdump, tcpdumpVersion } from '../../testing/tcpdump.js';

const ETHERNET = { linkType: 1, snapLength: 262_144, timestampUnit: 1e-6 };

/** Mostly well-formed: hardware type 19, IPv4, any operation, any lengths, cut anywhere. */
function atmArp(random: (below: number) => number): Packet {
  const data = Uint8Array.from({ length: 34 + random(80) }, () => random(256));
  data.set([0x08, 0x06, 0, random(8) > 0 ? 19 : 1, 0x08, random(5) > 0 ? 0 : random(256)], 12);
  data.set([random(3) > 0 ? random(25) : 0, random(3) > 0 ? 0 : random(8), 0, random(12)], 18);
  data.set([random(6) > 0 ? 4 : random(8), random(3) > 0 ? random(21) : 0], 22);
  data.set([random(3) > 0 ? 0 : random(8), random(6) > 0 ? 4 : random(8)], 24);
  return new Packet(data, data.length, 1, 0, ETHERNET);
}

test('ARP over ATM prints as tcpdump prints it', (t) => {
  if (!tcpdumpVersion()?.startsWith('4.99.')) return t.pass('skipped: tcpdump 4.99 is not installed');
  const random = generator(7);
  const packets = Array.from({ length: 1500 }, () => atmArp(random));
  const folder = mkdtempSync(join(tmpdir(), 'weir-arp-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'arp.pcap');
  writeFileSync(path, pcapFile(packets, 1));
  for (const set of ['-n', '-nv', '-ne', '-nvX']) {
    const lines = (text: string): string[] => text.split(/\n(?= *\d+ {2})/).map((line) => line.trimEnd());
    const ours = lines(printAll(packets, printerOptions(['-t', '-#', set])!));
    t.deepEqual(ours, lines(runTcpdump(path, ['-t', '-#', set])), set);
  }
});
