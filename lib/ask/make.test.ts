/**
 * Packets that are made: libpcap's own programs take them or leave them, go every way over them, and tshark finds nothing
 * malformed in those of common protocols. And regions in which filters differ.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execute, opcodes, type Program } from '../cbpf/index.js';
import { toDisplay } from '../display/index.js';
import { compileProgram } from '../filter/index.js';
import { Packet, PcapEncoder } from '../savefile/index.js';
import { FilterError } from '../source.js';
import { fromHex, fromQuadruples, type Quadruple } from '../testing/programs.js';
import { tsharkVersion } from '../testing/tshark.js';
import { fullRun, Tally, vectors } from '../testing/vectors.js';
import { cover, diff, equivalent, type MadePacket, make } from './index.js';

const GROUPS = [
  'abbrev',
  'compound',
  'cookbook',
  'encap',
  'hostnet',
  'linktype',
  'llc',
  'mac',
  'named',
  'port',
  'proto',
  'random',
];
/** Link types whose headers are made. */
const WHOLE = new Set([
  0, 1, 6, 7, 9, 10, 50, 51, 99, 101, 104, 105, 107, 113, 117, 119, 122, 127, 129, 163, 192, 226, 276,
]);
/** DLT_RAW, whose number in files is another one. */
const RAW = 12;

interface Row {
  readonly id: string;
  readonly expr: string;
  readonly dltNumber: number;
  readonly mode: string;
  readonly unoptimized?: readonly Quadruple[];
}

interface PacketRow {
  readonly id: string;
  readonly packets: readonly (readonly [hex: string, wireLength: number, result: number])[];
}

type Context = Parameters<typeof vectors>[0];

/** Of the full run's rows one in so many: each takes some milliseconds. */
const EVERY = 8;

/** libpcap's own programs. */
function programs(t: Context, group: string, sample: number, every = EVERY) {
  return vectors<Row>(t, `vectors/filters/${group}.jsonl`, sample)
    .filter((_, place) => !fullRun || place % every === 0)
    .filter(({ mode, unoptimized }) => mode === 'dead' && unoptimized !== undefined)
    .map(({ id, expr, dltNumber, unoptimized }) => ({
      id,
      expr,
      linkType: dltNumber === RAW ? 101 : dltNumber,
      program: fromQuadruples(unoptimized!),
    }));
}

/** Reference packets by the id of their expression. */
function packetsOf(t: Context, group: string): ReadonlyMap<string, PacketRow['packets']> {
  const rows = vectors<PacketRow>(t, `vectors/filters/packets-${group}.jsonl`, 1_000_000);
  return new Map(rows.map(({ id, packets }) => [id, packets]));
}

const accepts = (program: Program, { packet, wireLength }: MadePacket): boolean =>
  execute(program, { bytes: packet, wireLength }).result !== 0;

test("packets made for the reference expressions are taken by libpcap's programs", (t) => {
  const made = new Tally('ask: packets made, or proved that there is none');
  for (const group of GROUPS) {
    const known = packetsOf(t, group);
    for (const { id, expr, linkType, program } of programs(t, group, 12)) {
      const { packets, complete, reason } = make(program, { linkType });
      const [packet] = packets;
      if (packet !== undefined) {
        made.check(accepts(program, packet), () => expr);
        continue;
      }
      if (!complete) {
        made.leaveOut(reason!);
        continue;
      }
      const refuted = known.get(id)?.find(([, , result]) => result !== 0);
      made.check(refuted === undefined, () => `${expr}: takes ${refuted?.[0]}`);
    }
  }
  made.finish(t);
});

test('tshark finds next to nothing malformed in packets that are made', (t) => {
  if (tsharkVersion() === undefined) return void t.pass('tshark is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'weir-make-'));
  try {
    const sound = new Tally('ask: packets made in which tshark finds nothing malformed');
    const wanted = fullRun ? WHOLE : new Set([1]);
    const all = GROUPS.flatMap((group) => programs(t, group, 12)).flatMap(({ expr, linkType, program }) =>
      wanted.has(linkType)
        ? make(program, { linkType }).packets.map((packet) => ({ expr, linkType, packet }))
        : [],
    );
    for (const linkType of new Set(all.map((one) => one.linkType))) {
      const made = all.filter((one) => one.linkType === linkType);
      const path = join(folder, `${linkType}.pcap`);
      writeFileSync(
        path,
        savefileOf(
          made.map(({ packet }) => packet),
          linkType,
        ),
      );
      const shown = ['-Y', '_ws.malformed', '-T', 'fields', '-e', 'frame.number'];
      const { stdout } = spawnSync('tshark', ['-n', '-r', path, ...shown], { encoding: 'utf8' });
      const malformed = new Set(stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)])));
      for (const [place, { expr }] of made.entries())
        sound.check(!malformed.has(place + 1), () => `${linkType}: ${expr}`);
    }
    // Left are filters of bytes that no whole packet has: a header's length below its least, a link's address that is its type.
    sound.finish(t, 0.98);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Groups of expressions that say the same of every packet that Wireshark's words for them say: none moves into a tunnel. */
const SAID_ALIKE = GROUPS.filter((group) => group !== 'encap');

test("packets that are made are taken by tshark's own filters", (t) => {
  if (tsharkVersion() === undefined) return void t.pass('tshark is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'weir-make-'));
  try {
    const taken = new Tally("ask: packets made that tshark's filter of the same meaning takes");
    const all = SAID_ALIKE.flatMap((group) => programs(t, group, 12, 1)).flatMap(
      ({ expr, linkType, program }) => {
        const display = linkType === 1 ? displayed(expr) : undefined;
        if (linkType === 1 && display === undefined) taken.leaveOut('no display filter says it');
        const packets = display === undefined ? [] : make(program).packets;
        return packets.map((packet) => ({ expr, display: display!, packet }));
      },
    );
    const path = join(folder, 'made.pcap');
    for (let at = 0; at < all.length; at += 200) {
      const some = all.slice(at, at + 200);
      writeFileSync(
        path,
        savefileOf(
          some.map(({ packet }) => packet),
          1,
        ),
      );
      const asked = some.map(
        ({ display }, place) => `(frame.number == ${place + 1} and (${display || 'frame'}))`,
      );
      const { stdout, stderr } = spawnSync(
        'tshark',
        [
          '-n',
          '-o',
          'ip.defragment:FALSE',
          '-r',
          path,
          '-Y',
          asked.join(' or '),
          '-T',
          'fields',
          '-e',
          'frame.number',
        ],
        { encoding: 'utf8' },
      );
      const numbers = new Set(stdout.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)])));
      t.true(numbers.size > 0, stderr);
      for (const [place, { expr, display }] of some.entries())
        taken.check(numbers.has(place + 1), () => `${expr}: ${display}`);
    }
    taken.finish(t);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Wireshark's words for an expression; none where it has none. */
function displayed(expr: string): string | undefined {
  try {
    return toDisplay(expr);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function savefileOf(packets: readonly MadePacket[], linkType: number): Uint8Array {
  const source = { linkType, snapLength: 262_144, timestampUnit: 1e-6 };
  const encoder = new PcapEncoder(source);
  encoder.start();
  for (const { packet, wireLength } of packets) encoder.write(new Packet(packet, wireLength, 0, 0, source));
  return encoder.take().slice();
}

/** Ways out of conditional jumps. */
function waysOf(program: Program, bytes: Uint8Array, wireLength: number): string[] {
  const ways: string[] = [];
  execute(program, { bytes, wireLength }, ({ code, jt, jf }, index, { next }) => {
    const jumps = opcodes.classOf(code) === opcodes.JMP && opcodes.operationOf(code) !== opcodes.JA;
    if (jumps && jt !== jf) ways.push(`${index} ${next === index + 1 + jt}`);
  });
  return ways;
}

test('a way that no packet made takes, no reference packet takes', (t) => {
  const reached = new Tally('ask: ways out of tests that reference packets take, taken by packets made');
  for (const group of ['abbrev', 'compound', 'cookbook', 'hostnet', 'llc', 'port', 'proto']) {
    const known = packetsOf(t, group);
    for (const { id, expr, linkType, program } of programs(t, group, 12)) {
      const { packets, missed, reason } = cover(program, { linkType });
      if (reason !== undefined) {
        reached.leaveOut(reason);
        continue;
      }
      const taken = new Set(packets.flatMap(({ packet, wireLength }) => waysOf(program, packet, wireLength)));
      for (const [index, outcome] of missed) t.false(taken.has(`${index} ${outcome}`), expr);
      const reference = (known.get(id) ?? []).flatMap(([hex, length]) =>
        waysOf(program, fromHex(hex), length),
      );
      for (const way of new Set(reference)) reached.check(taken.has(way), () => `${expr}: ${way}`);
    }
  }
  reached.finish(t);
});

/** One word changed. */
function mutantsOf(expr: string): string[] {
  const found: string[] = [];
  const swap = (pattern: RegExp, change: (word: string) => string): void => {
    for (const match of expr.matchAll(pattern))
      found.push(expr.slice(0, match.index) + change(match[0]) + expr.slice(match.index + match[0].length));
  };
  swap(/(?<![\w.:])\d{1,4}(?![\w.:/])/g, (number) => `${Number(number) + 1}`);
  swap(/\bsrc\b(?! (or|and) dst)/g, () => 'dst');
  swap(/(?<!src (or|and) )\bdst\b/g, () => 'src');
  swap(/\btcp\b/g, () => 'udp');
  swap(/\budp\b/g, () => 'tcp');
  swap(/ and /g, () => ' or ');
  swap(/ or /g, () => ' and ');
  return found;
}

const compiled = (text: string): Program | undefined => {
  try {
    return compileProgram(text, { linkType: 'EN10MB', optimize: false });
  } catch {
    return undefined;
  }
};

test('the capture that covers a filter tells it from its one-word mutants', (t) => {
  const rows = vectors<Row>(t, 'vectors/filters/cookbook.jsonl', 20);
  let told = 0;
  const untold: string[] = [];
  for (const { expr, dltNumber, mode } of rows) {
    const program = dltNumber === 1 && mode === 'dead' ? compiled(expr) : undefined;
    if (program === undefined) continue;
    const { packets } = cover(program);
    for (const text of mutantsOf(expr)) {
      const mutant = compiled(text);
      if (mutant === undefined || equivalent(program, mutant, { whole: true }).verdict !== 'different')
        continue;
      if (packets.some((packet) => accepts(program, packet) !== accepts(mutant, packet))) told++;
      else untold.push(`${expr} | ${text}`);
    }
  }
  t.log(`ask: mutants told from their filter by its capture: ${told} of ${told + untold.length}`);
  t.true(
    told === 0 ? rows.length === 0 : told / (told + untold.length) >= 0.95,
    untold.slice(0, 20).join('\n'),
  );
});

test('regions in which filters differ, in words and with a packet of each', (t) => {
  const rows = [
    [
      'port 80',
      'tcp port 80',
      [
        'first: UDP or SCTP over IPv4 or IPv6, destination port 80',
        'first: UDP or SCTP over IPv4 or IPv6, source port 80',
      ],
    ],
    ['ip', 'vlan and ip', ['first: IPv4', 'second: IPv4 over VLAN']],
    ['tcp port 80 or tcp port 81', 'tcp portrange 80-81', 'cut'],
    ['tcp dst port 22', 'dst port 22 and tcp', []],
    ['ip proto 17', 'udp', ['second: UDP over IPv6']],
  ] as const;
  for (const [a, b, expected] of rows) {
    const [x, y] = [compiled(a)!, compiled(b)!];
    const { verdict, regions, onlyCut } = diff(x, y);
    for (const region of regions) {
      t.is(accepts(x, region), region.matchedBy === 'first', a);
      t.is(accepts(y, region), region.matchedBy === 'second', b);
    }
    t.is(onlyCut, expected === 'cut', a);
    if (expected === 'cut') continue;
    const told = regions.map(
      ({ matchedBy, words }) => `${matchedBy}: ${words.replace(/, source port other than \d+/, '')}`,
    );
    t.deepEqual(told.sort(), [...expected].sort(), `${a} and ${b}`);
    t.is(verdict, expected.length === 0 ? 'equal' : 'different');
  }
});

test('what cannot match gets no packet, and what excludes another gets one that the other refuses', (t) => {
  t.deepEqual(make(compiled('tcp and udp')!), { packets: [], complete: true });
  const [a, b] = [compiled('port 53')!, compiled('udp port 53')!];
  const { packets } = make(a, { not: b, count: 5 });
  t.is(packets.length, 5);
  for (const packet of packets) t.true(accepts(a, packet) && !accepts(b, packet));
  t.regex(make(compiled('ip protochain 6')!).reason!, /loop/);
});
