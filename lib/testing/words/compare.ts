/** Test support: packets printed by the installed tcpdump and by Weir, one by one, and what tells them apart. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPrinter } from '../../dissect/index.js';
import { Packet } from '../../savefile/index.js';
import { interfaceName, pcapFile, printerOptions } from '../tcpdump.js';

/** Two texts of one packet that differ. */
export interface Difference {
  /** Which of the packets. */
  readonly index: number;
  readonly ours: string;
  readonly theirs: string;
  /** Whether they differ when the packet is the only one. */
  readonly alone: boolean;
}

/** Each packet has its own second, so that a text is found by its time. */
export const numbered = (packets: readonly Packet[], linkType: number): Packet[] =>
  packets.map(({ data, wireLength }, i) => {
    const source = { linkType, snapLength: 0, timestampUnit: 1e-6 };
    return new Packet(data, Math.max(wireLength, data.length), i + 1, 0, source);
  });

/**
 * Prints packets of one link type with both.
 *
 * @param set - Options, with spaces between.
 */
export function differences(packets: readonly Packet[], linkType: number, set: string): Difference[] {
  const folder = mkdtempSync(join(tmpdir(), 'weir-words-'));
  try {
    const path = join(folder, 'made.pcap');
    const found = unlike(path, numbered(packets, linkType), linkType, set);
    return found.map((difference) => {
      const one = packets[difference.index]!;
      const [alone] = unlike(path, numbered([one], linkType), linkType, set);
      return alone === undefined ? difference : { ...alone, index: difference.index, alone: true };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function unlike(path: string, packets: readonly Packet[], linkType: number, set: string): Difference[] {
  writeFileSync(path, pcapFile(packets, linkType));
  const theirs = tcpdumpTexts(path, packets.length, set);
  const printer = createPrinter({ ...printerOptions(['-tt', ...set.split(' ')]), interfaceName });
  const found: Difference[] = [];
  for (const [index, packet] of packets.entries()) {
    const ours = printer.print(packet).trimEnd();
    const their = theirs[index]?.trimEnd();
    // Behind a packet at which tcpdump ended nothing is known.
    if (their === undefined) break;
    if (ours !== their) found.push({ index, ours, theirs: their, alone: false });
  }
  return found;
}

function tcpdumpTexts(path: string, count: number, set: string): string[] {
  const { stdout, signal } = spawnSync('tcpdump', ['-tt', ...set.split(' '), '-r', path], {
    encoding: 'latin1',
    env: { ...process.env, TZ: 'GMT0' },
    maxBuffer: 1 << 29,
  });
  const texts: string[] = [];
  let from = 0;
  for (let i = 1; i <= count; i++) {
    const to = i === count ? stdout.length : stdout.indexOf(`\n${i + 1}.000000`, from);
    if (to < 0 || from >= stdout.length) break;
    texts.push(stdout.slice(from, to));
    from = to + 1;
  }
  if (signal !== null) texts.pop();
  return texts;
}

/** Characters around the place where texts part that name a kind of difference. */
const [BEFORE, BEHIND] = [36, 14];

/** A name for differences of one kind: what stands around the place, without its numbers. */
export function kindOf({ ours, theirs, alone }: Difference): string {
  let at = 0;
  while (at < ours.length && ours[at] === theirs[at]) at++;
  const plain = (text: string): string =>
    JSON.stringify(text.replace(/0x[\da-f]+|[\da-f:.]*\d[\da-f:.]*/gi, '#')).slice(1, -1);
  const before = plain(ours.slice(Math.max(0, at - BEFORE), at));
  const [our, their] = [ours, theirs].map((text) => plain(text.slice(at, at + BEHIND)));
  return `${alone ? '' : '(not alone) '}…${before}⟨${our}⟩ tcpdump ⟨${their}⟩`;
}
