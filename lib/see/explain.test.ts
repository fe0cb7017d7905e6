/**
 * Reasons, tried: whatever is put in place of bytes that a reason does not name, the verdict stays; what it says would have
 * to be otherwise turns it round. The judge is the definition of the machine on the unoptimized program.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openCapture } from '../capture/index.js';
import { loadInterpreter, type Program } from '../cbpf/index.js';
import { compileProgram } from '../filter/index.js';
import type { Packet } from '../savefile/index.js';
import { generator } from '../testing/random.js';
import { filterFor, wrongWith } from '../testing/reasonChecks.js';
import { ETHERNET_GROUPS, fullRun, projectRoot, Tally, vectors } from '../testing/vectors.js';
import { findChange } from './change.js';
import { explain, type Reason } from './index.js';
import { trace } from './trace.js';

const GROUPS = [...ETHERNET_GROUPS, 'protochain'];
const OWN = [
  'tcp port 443',
  'host 192.0.2.1 or host 192.0.2.2',
  'tcp[tcpflags] & tcp-syn != 0 and not src net 10.0.0.0/8',
  'ip6 and udp port 53 or arp',
  'vlan and ip',
  'greater 200',
  'not broadcast and (icmp or icmp6 or portrange 1000-2000)',
];
const folder = join(projectRoot, 'captures');

async function packetsOf(name: string, most: number): Promise<Packet[]> {
  const packets: Packet[] = [];
  for await (const { data, wireLength, seconds, nanoseconds, interface: source } of await openCapture(
    join(folder, name),
  )) {
    packets.push({ data: data.slice(), wireLength, seconds, nanoseconds, interface: source } as Packet);
    if (packets.length >= most) break;
  }
  return packets;
}

/** Parts that a test looks at and that can be left out as far as a search finds: it changes nothing but one of them, and what is not named. */
function needlessIn(program: Program, { data: bytes, wireLength }: Packet, { parts }: Reason): string[] {
  const input = { bytes, wireLength };
  const run = trace(program, input);
  const tested = new Set(run.tests.flatMap(({ units }) => units.map(({ at }) => at)));
  return parts
    .filter(({ start }) => tested.has(start) && start >= 0)
    .filter((part) => {
      const isHeld = new Uint8Array(bytes.length);
      for (const { start, end } of parts) if (start >= 0 && start !== part.start) isHeld.fill(1, start, end);
      const isOpen = ({ at, size }: { at: number; size: number }) =>
        at >= 0 && !isHeld.subarray(at, at + size).includes(1);
      return findChange(program, loadInterpreter(program), input, run, isOpen) === undefined;
    })
    .map(({ fields }) => fields.join());
}

/** Whether the search finds a change when all parts may change: of deep tunnels one is made instead. */
const isFound = (program: Program, { data: bytes, wireLength }: Packet): boolean => {
  const input = { bytes, wireLength };
  return findChange(program, loadInterpreter(program), input, trace(program, input)) !== undefined;
};

test('bytes that are not named do not matter, and the change turns the verdict round', async (t) => {
  const tally = new Tally('reasons of verdicts');
  const random = generator(0x51ee);
  const rows = GROUPS.flatMap((group) =>
    vectors<{ expr: string; dlt: string | null; error?: string }>(t, `vectors/filters/${group}.jsonl`, 1),
  );
  const found = rows
    .filter(({ dlt, error }) => error === undefined && dlt === 'EN10MB')
    .map(({ expr }) => expr);
  const step = fullRun ? Math.max(1, Math.floor(found.length / 300)) : 1;
  const filters = [...OWN, ...found.filter((_, index) => index % step === 0)];
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcap'));
  const shortest = new Tally('parts of reasons that cannot be left out');
  let count = 0;
  let without = 0;
  let never = 0;
  for (const name of fullRun ? names : names.filter((_, index) => index % 6 === 0)) {
    for (const packet of await packetsOf(name, 1)) {
      for (const expression of filters) {
        const filter = filterFor(expression, packet);
        if (filter === undefined) continue;
        const reason = explain(filter, packet);
        const program = compileProgram(expression, { ...filter.options, optimize: false });
        const wrong = wrongWith(program, packet, reason, random, fullRun ? 24 : 12);
        if (reason.change.length === 0) {
          if (reason.never) never++;
          else without++;
        }
        if (reason.isShort && reason.change.length > 0 && ++count % 4 === 0 && isFound(program, packet))
          for (const { length } of [needlessIn(program, packet, reason)]) {
            for (let i = 0; i < reason.parts.length; i++)
              shortest.check(i >= length, () => `${name} ${expression}`);
          }
        tally.check(
          wrong === undefined && filter.matches(packet.data, packet.wireLength) === reason.matches,
          () => `${name} ${expression}: ${wrong}`,
        );
      }
    }
  }
  t.log(`without a change: ${never} where there is none, ${without} where none was found`);
  shortest.finish(t, 0.97);
  tally.finish(t);
});

/** Another word for a word. */
const INSTEAD: Readonly<Record<string, string>> = {
  tcp: 'udp',
  udp: 'tcp',
  icmp: 'igmp',
  ip: 'ip6',
  ip6: 'ip',
  arp: 'rarp',
  icmp6: 'ip6',
  src: 'dst',
  dst: 'src',
  greater: 'less',
  less: 'greater',
  vlan: 'mpls',
  broadcast: 'multicast',
};

/** The expression with one word another one, and where that word is. */
function mutantsOf(expression: string): { text: string; start: number; end: number }[] {
  return [
    ...expression.matchAll(
      /(?<![\w.:/-])[a-z]\w*(?![\w.:/-])|(?<![\w.:/-])\d+(?![\w.:/-])|\d+(?=\.\d+(?![.\w]))/g,
    ),
  ].flatMap(([word], index, all) => {
    const start = all[index]!.index;
    const other = /^\d/.test(word) ? `${Number(word) === 255 ? 1 : Number(word) + 1}` : INSTEAD[word];
    if (other === undefined) return [];
    const text = expression.slice(0, start) + other + expression.slice(start + word.length);
    return [{ text, start, end: start + other.length }];
  });
}

test('a word that makes a filter wrong is named', async (t) => {
  const tally = new Tally('words of mutants');
  const names = readdirSync(folder).filter((name) => name.endsWith('.pcap'));
  const packets: Packet[] = [];
  for (const [index, name] of names.entries())
    if (fullRun || index % 6 === 0) packets.push(...(await packetsOf(name, fullRun ? 3 : 1)));
  const rows = ['compound', 'cookbook'].flatMap((group) =>
    vectors<{ expr: string; dlt: string | null; error?: string }>(t, `vectors/filters/${group}.jsonl`, 2),
  );
  const found = rows
    .filter(({ dlt, error }) => error === undefined && dlt === 'EN10MB')
    .map(({ expr }) => expr);
  const step = Math.max(1, Math.floor(found.length / 60));
  for (const expression of [
    ...OWN,
    'tcp',
    'tcp dst port 80 and src net 192.0.2.0/24',
    ...found.filter((_, index) => index % step === 0),
  ]) {
    for (const { text, start, end } of mutantsOf(expression)) {
      for (const packet of packets) {
        const [right, wrong] = [filterFor(expression, packet), filterFor(text, packet)];
        if (right === undefined || wrong === undefined) continue;
        if (right.matches(packet.data, packet.wireLength) === wrong.matches(packet.data, packet.wireLength))
          continue;
        const { words } = explain(wrong, packet);
        tally.check(
          words.some((span) => span.start <= start && span.end >= end),
          () => `${expression} -> ${text}: ${words.map((word) => word.text).join(', ')}`,
        );
      }
    }
  }
  tally.finish(t, 0.95);
});
