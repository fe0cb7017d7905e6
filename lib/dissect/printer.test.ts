import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { Packet } from '../savefile/index.js';
import { assertProperty } from '../testing/property.js';
import { readPackets } from '../testing/tcpdump.js';
import { dataPath, fullRun } from '../testing/vectors.js';
import { createJsonLines, createPrinter, type PrinterOptions } from './index.js';

const LINK_TYPES = [0, 1, 9, 12, 14, 50, 101, 104, 108, 113, 147, 228, 229, 276];
const MUTATED = ['le-us.pcap', 'sll.pcap', 'sll2.pcap', 'null-le.pcap', 'ppp-hdlc.pcap', 'raw101.pcap'];
const OPTION_SETS: readonly PrinterOptions[] = [
  {},
  { verbose: 1 },
  { verbose: 3, linkLayer: true },
  { quiet: 1, linkLayer: true, hexAscii: 1 },
  { verbose: 2, ascii: 1, absoluteSequence: true, numeric: false },
];

function packetOf(data: Uint8Array, linkType: number, wireLength = data.length): Packet {
  return new Packet(data, wireLength, 1, 2000, { linkType, snapLength: 0, timestampUnit: 1e-6 });
}

/** Hex, with anything else in between ignored. */
function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/[^0-9a-f]/g, ''), 'hex'));
}

test('any bytes on any link type become text', (t) => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 300 }),
    fc.constantFrom(...LINK_TYPES),
    fc.constantFrom(...OPTION_SETS),
    fc.nat(2000),
    (data, linkType, options, beyond) => {
      const text = createPrinter({ ...options, timestamp: 1 }).print(
        packetOf(data, linkType, data.length + beyond),
      );
      return typeof text === 'string';
    },
  );
  assertProperty(t, property, { numRuns: 300 });
  t.pass();
});

test('real packets with some bytes changed become text', async (t) => {
  const folder = dataPath(t, 'captures/made');
  if (folder === undefined) return;
  const packets = (await Promise.all(MUTATED.map((file) => readPackets(join(folder, file))))).flat();
  const change = fc.tuple(fc.nat(300), fc.nat(255));
  const property = fc.property(
    fc.constantFrom(...packets),
    fc.array(change, { minLength: 1, maxLength: 6 }),
    fc.nat(300),
    fc.constantFrom(...OPTION_SETS),
    (packet, changes, dropped, options) => {
      const data = packet.data.slice();
      for (const [at, value] of changes) data[at % data.length] = value;
      const cut = data.subarray(0, Math.max(1, data.length - Math.max(0, dropped - 200)));
      const text = createPrinter(options).print(packetOf(cut, packet.interface.linkType, packet.wireLength));
      return typeof text === 'string';
    },
  );
  assertProperty(t, property, { numRuns: fullRun ? 5000 : 300 });
  t.pass();
});

/** Packets of every sample capture: all protocols that there are. */
async function everyProtocol(folder: string): Promise<Packet[]> {
  const names = readdirSync(folder).filter((name) => /\.pcap(ng)?$/.test(name));
  const chosen = fullRun ? names : names.filter((_, index) => index % 20 === 0);
  const captures = await Promise.all(chosen.map((name) => readPackets(join(folder, name))));
  return captures.flatMap((packets) => packets.slice(0, 40)).filter(({ data }) => data.length > 0);
}

test('packets of every protocol, flipped and cut, become text and JSON', async (t) => {
  const folder = dataPath(t, 'captures/files');
  if (folder === undefined) return;
  const packets = await everyProtocol(folder);
  const lines = createJsonLines();
  const printers = OPTION_SETS.map((options) => createPrinter(options));
  const random = xorshift(0x9e3779b9);
  for (let run = 0; run < (fullRun ? 1_000_000 : 4000); run++) {
    const packet = packets[random(packets.length)]!;
    const data = packet.data.slice(0, random(3) === 0 ? 1 + random(packet.data.length) : undefined);
    for (let flips = random(5); flips > 0; flips--)
      data[random(Math.min(data.length, 160))] = random(2) === 0 ? random(256) : 255;
    const broken = packetOf(data, packet.interface.linkType, data.length + random(100));
    printers[random(printers.length)]!.print(broken);
    JSON.parse(lines.line(broken));
  }
  t.pass();
});

/** Ports of protocols whose captures are few: messages are made up. */
const PORTS = [323, 525, 698, 2103, 4342, 6633, 6653, 12_222, 12_223];
/** Characters that a packet of 300 bytes may become. */
const MOST_TEXT = 30_000;

test('made messages of ports with few captures become text and JSON of bounded size', (t) => {
  const random = xorshift(0x1234567);
  const printers = OPTION_SETS.map((options) => createPrinter(options));
  const lines = createJsonLines();
  for (let run = 0; run < (fullRun ? 25_000 : 2000); run++) {
    const udp = random(2) === 0;
    const data = Uint8Array.from(
      { length: 40 + random(260) },
      () => [0, 0, 1, random(16), random(256)][random(5)]!,
    );
    data.set([
      0x45,
      0,
      data.length >> 8,
      data.length,
      0,
      0,
      0,
      0,
      64,
      udp ? 17 : 6,
      0,
      0,
      10,
      0,
      0,
      1,
      10,
      0,
      0,
      2,
    ]);
    const port = PORTS[random(PORTS.length)]!;
    const [high, low] = [port >> 8, port & 255];
    data.set(random(2) === 0 ? [high, low, 0, 7] : [0, 7, high, low], 20);
    if (udp) data.set([(data.length - 20) >> 8, data.length - 20], 24);
    else data[32] = 0x50;
    const packet = packetOf(
      data.slice(0, random(3) === 0 ? 1 + random(data.length) : undefined),
      101,
      data.length,
    );
    const text = printers[random(printers.length)]!.print(packet);
    if (text.length > MOST_TEXT)
      t.fail(`${text.length} characters from ${Buffer.from(data).toString('hex')}`);
    JSON.parse(lines.line(packet));
  }
  t.pass();
});

/** The same numbers each time. */
function xorshift(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test('packets nested without end become text', (t) => {
  const header = bytes('4500 0000 0000 0000 40 04 0000 0a000001 0a000002');
  const nested = new Uint8Array(60_000);
  for (let at = 0; at + 20 <= nested.length; at += 20) {
    nested.set(header, at);
    nested[at + 2] = (nested.length - at) >> 8;
    nested[at + 3] = nested.length - at;
  }
  const text = createPrinter({ timestamp: 1, verbose: 1 }).print(packetOf(nested, 101));
  t.true(text.startsWith('IP (tos 0x0, ttl 64, id 0, offset 0'));
  t.true(text.endsWith(' [|ip]'));
});

const SYN = bytes(
  '02 00 00 00 00 02 02 00 00 00 00 01 0800 4500 0028 0001 0000 40 06 0000 c6336401 c6336402' +
    'cf83 0050 00000064 00000000 5002 2000 0000 0000',
);

const lines = test.macro({
  title: (_, name: string) => name,
  exec(t, _name: string, options: PrinterOptions, packet: Packet, expected: string) {
    t.is(createPrinter(options).print(packet), expected);
  },
});

test(
  lines,
  'a SYN on one line',
  { timestamp: 2 },
  packetOf(SYN, 1),
  '1.000002 IP 198.51.100.1.53123 > 198.51.100.2.80: Flags [S], seq 100, win 8192, length 0',
);
test(
  lines,
  'a cut header',
  { timestamp: 1, number: true },
  packetOf(SYN.subarray(0, 40), 1, 60),
  '    1  IP 198.51.100.1.53123 > 198.51.100.2.80:  [|tcp]',
);
test(lines, 'an empty record', {}, packetOf(new Uint8Array(0), 1, 60), '[Invalid header: caplen==0]');
test(
  lines,
  'names where a resolver is given',
  { timestamp: 1, numeric: false, serviceName: (port) => (port === 80 ? 'http' : undefined) },
  packetOf(SYN, 1),
  'IP 198.51.100.1.53123 > 198.51.100.2.http: Flags [S], seq 100, win 8192, length 0',
);
