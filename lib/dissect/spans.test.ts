/** Where fields lie: as tshark says. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import { openCapture } from '../capture/index.js';
import { tsharkVersion } from '../testing/tshark.js';
import { fullRun, projectRoot, Tally } from '../testing/vectors.js';
import { fieldSpans } from './index.js';

const NAMES = ['http', 'dns', 'vlan', 'icmp6', 'arp', 'fragments', 'ipip', 'any-sll'];

interface Place {
  readonly start: number;
  readonly end: number;
}

/** Places of fields by packet and name, from PDML. */
function placesOf(path: string): Map<string, Place[]>[] {
  const { stdout } = spawnSync('tshark', ['-r', path, '-T', 'pdml', '-n'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  return stdout
    .split('<packet>')
    .slice(1)
    .map((packet) => {
      const places = new Map<string, Place[]>();
      for (const [, name, size, pos] of packet.matchAll(
        /<field name="([^"]+)"[^>]*? size="(\d+)" pos="(\d+)"/g,
      ))
        places.set(name!, [
          ...(places.get(name!) ?? []),
          { start: Number(pos), end: Number(pos) + Number(size) },
        ]);
      return places;
    });
}

test('fields lie in the bytes that tshark has them in', async (t) => {
  if (!fullRun) return t.pass('only in a full run: tshark takes a second a capture');
  if (tsharkVersion() === undefined) return t.pass('skipped: no tshark here');
  const tally = new Tally('places of fields');
  for (const name of NAMES) {
    const path = join(projectRoot, 'captures', `${name}.pcap`);
    const places = placesOf(path);
    let number = 0;
    for await (const packet of await openCapture(path)) {
      const told = places[number++]!;
      for (const { name: field, start, end } of fieldSpans(packet)) {
        const known = told.get(field);
        if (known === undefined) continue;
        // Of bits tshark has sometimes more and sometimes fewer of the bytes of the number that they are in.
        const isThere = known.some(
          (place) => (place.start <= start && place.end >= end) || (place.start >= start && place.end <= end),
        );
        tally.check(isThere, () => `${name} ${number}: ${field} at ${start} to ${end}`);
      }
    }
  }
  tally.finish(t);
});
