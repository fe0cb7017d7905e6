/**
 * The printer against tcpdump: its own suite's expected texts, and the installed tcpdump on every capture
 * with many options. Reference is tcpdump 4.99; where the texts of the development tree differ, 4.99 wins.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Packet } from '../savefile/index.js';
import {
  comparePackets,
  interfaceName,
  pcapFile,
  printAll,
  printerOptions,
  readPackets,
  runTcpdump,
  tcpdumpVersion,
} from '../testing/tcpdump.js';
import { dataPath, fullRun, projectRoot, Tally, vectors } from '../testing/vectors.js';
import { PACKET_TYPES } from './frame/options.js';

process.env.TZ = 'GMT0';

interface PrintTest {
  readonly name: string;
  readonly args: string;
  readonly expected: string;
  readonly output_same_in_tcpdump_4_99_3: boolean;
  readonly only_if?: string;
}

interface CaptureRow {
  readonly file: string;
  readonly packets?: number;
  readonly tests?: readonly PrintTest[];
}

function firstDifference(ours: string, theirs: string): string {
  const [a, b] = [ours.split('\n'), theirs.split('\n')];
  const index = a.findIndex((line, i) => line !== b[i]);
  return `line ${index + 1}\n  ours   ${a[index]}\n  theirs ${b[index]}`;
}

test("texts of tcpdump's own suite", async (t) => {
  const folder = dataPath(t, 'captures');
  if (folder === undefined) return;
  const tally = new Tally('dissect: expected texts');
  for (const row of vectors<CaptureRow>(t, 'captures/index.jsonl', 1000)) {
    for (const { name, args, expected, only_if: condition, ...same } of row.tests ?? []) {
      const options = printerOptions(['-#', '-n', ...args.split(/\s+/).filter((word) => word !== '')]);
      if (!same.output_same_in_tcpdump_4_99_3) tally.leaveOut('not the text of tcpdump 4.99');
      else if (options === undefined || condition !== undefined) tally.leaveOut('with other options');
      else {
        const ours = printAll(await readPackets(join(folder, row.file)), options);
        const theirs = readFileSync(join(folder, expected), 'latin1');
        comparePackets(tally, name, ours, theirs);
      }
    }
  }
  tally.finish(t);
});

const OPTION_SETS = [
  '-n',
  '-nv',
  '-nvv',
  '-nvvv',
  '-ne',
  '-nev',
  '-nX',
  '-nA',
  '-nxx',
  '-nq',
  '-neq',
  '-nS',
  '-ntttt',
];

test('the installed tcpdump on every capture', async (t) => {
  const version = tcpdumpVersion();
  if (!version?.startsWith('4.99.')) {
    t.log(`skipped: tcpdump 4.99 is not installed (${version ?? 'no tcpdump'})`);
    t.pass();
    return;
  }
  const folder = dataPath(t, 'captures');
  if (folder === undefined) return;
  const tally = new Tally('dissect: installed tcpdump');
  const sets = fullRun ? OPTION_SETS : ['-nvv'];
  for (const row of vectors<CaptureRow>(t, 'captures/index.jsonl', 1000)) {
    const path = join(folder, row.file);
    const packets = await readPackets(path);
    for (const set of sets) {
      const theirs = runTcpdump(path, ['-#', set]);
      const ours = printAll(packets, { ...printerOptions(['-#', set]), interfaceName });
      if (theirs === '' && ours !== '') tally.leaveOut('captures that tcpdump cannot read');
      else comparePackets(tally, `${row.file} ${set}`, ours, theirs);
    }
  }
  tally.finish(t);
});

test('packets of a type that is said, as the installed tcpdump prints them', async (t) => {
  if (!tcpdumpVersion()?.startsWith('4.99.')) {
    t.log('skipped: tcpdump 4.99 is not installed');
    t.pass();
    return;
  }
  const folder = join(projectRoot, 'captures');
  for (const name of ['dns', 'dns-tcp', 'ntp', 'quic', 'vxlan', 'http6', 'tcp-reset', 'fragments']) {
    const path = join(folder, `${name}.pcap`);
    const packets = await readPackets(path);
    for (const packetType of PACKET_TYPES)
      for (const set of ['-nvv', '-nq']) {
        const theirs = runTcpdump(path, [set, '-T', packetType]);
        t.is(
          printAll(packets, { ...printerOptions([set]), packetType }),
          theirs,
          `${name} ${packetType} ${set}`,
        );
      }
  }
});

/** Captures in whose packets each header is cut at every byte. */
const CUT = [
  'files/icmpv6.pcap',
  'files/dns_udp.pcap',
  'files/dhcp-rfc3004.pcap',
  'files/vxlan.pcap',
  'made/le-us.pcap',
  'files/OSPFv2_Capture_FINAL.pcapng',
  'files/OSPFv3_broadcast_adjacency.pcap',
  'files/ospf-gmpls.pcap',
];

test('the installed tcpdump on packets cut at every length', async (t) => {
  const folder = dataPath(t, 'captures');
  if (folder === undefined || !tcpdumpVersion()?.startsWith('4.99.')) {
    t.pass();
    return;
  }
  const tally = new Tally('dissect: cut packets');
  const scratch = mkdtempSync(join(tmpdir(), 'weir-dissect-'));
  t.teardown(() => rmSync(scratch, { recursive: true }));
  for (const file of fullRun ? CUT : CUT.slice(0, 2)) {
    const packets = (await readPackets(join(folder, file))).slice(0, 40);
    const pieces = packets.flatMap((packet) =>
      Array.from({ length: Math.min(packet.data.length, 250) }, (_, length) => cut(packet, length + 1)),
    );
    const path = join(scratch, 'cut.pcap');
    writeFileSync(path, pcapFile(pieces, pieces[0]!.interface.linkType));
    for (const set of fullRun ? ['-n', '-nvv', '-nvvvx', '-ne', '-nqX'] : ['-nvv']) {
      const theirs = runTcpdump(path, ['-#', set]);
      const ours = printAll(pieces, printerOptions(['-#', set]) ?? {});
      tally.check(ours === theirs, () => `${file} ${set}: ${firstDifference(ours, theirs)}`);
    }
  }
  tally.finish(t);
});

function cut(packet: Packet, length: number): Packet {
  const { data, wireLength, seconds, nanoseconds } = packet;
  return new Packet(data.subarray(0, length), wireLength, seconds, nanoseconds, packet.interface);
}

test('every IP protocol by the name that tcpdump has for it', (t) => {
  if (tcpdumpVersion() === undefined) {
    t.log('skipped: tcpdump is not installed');
    t.pass();
    return;
  }
  const source = { linkType: 101, snapLength: 262_144, timestampUnit: 1e-6 };
  const packets = Array.from({ length: 256 }, (_, protocol) => {
    const data = Uint8Array.of(0x45, 0, 0, 60, 0, 0, 0, 0, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2);
    return new Packet(new Uint8Array([...data, ...new Uint8Array(40)]), 60, 0, 0, source);
  });
  const folder = mkdtempSync(join(tmpdir(), 'weir-protocols-'));
  try {
    const path = join(folder, 'protocols.pcap');
    writeFileSync(path, pcapFile(packets, 101));
    for (const options of [['-t'], ['-n', '-t']]) {
      const theirs = runTcpdump(path, options).split('\n');
      const ours = printAll(packets, printerOptions(options)!).split('\n');
      for (let protocol = 0; protocol < 256; protocol++)
        t.is(ours[protocol], theirs[protocol], `${protocol}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
