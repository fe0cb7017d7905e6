/** Captures opened for a filter: what they deliver is what the filter says of each packet. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { openSavefile } from '../command.js';
import type { LinkFilter } from '../filter/index.js';
import { compile } from '../filter/index.js';
import { classicBody, createAccelerator } from '../jit/index.js';
import { openCapture } from '../node.js';
import {
  type Capture,
  type CaptureInterface,
  type Encoder,
  type Packet,
  Packet as PacketRecord,
  PcapEncoder,
  PcapngEncoder,
  readCapture,
} from '../savefile/index.js';
import { assertProperty } from '../testing/property.js';
import { projectRoot } from '../testing/vectors.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-files-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const ETHERNET = { linkType: 1, snapLength: 262_144, timestampUnit: 1e-6 };
const RAW = { linkType: 101, snapLength: 262_144, timestampUnit: 1e-9 };
/** An IPv4 header of UDP, without a payload. */
const IP = [0x45, 0, 0, 20, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
const MACS = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];

const text = ({ seconds, nanoseconds, wireLength, data, interface: from }: Packet) =>
  `${seconds}.${nanoseconds} ${wireLength} ${from.linkType} ${from.name} ${Buffer.from(data).toString('hex')}`;

interface Outcome {
  readonly packets: readonly string[];
  readonly error: string;
  readonly read: number;
  readonly matched: number;
}

/** All packets in batches, none of them over the most that a batch may have. */
async function inBatches(opening: Promise<Capture>): Promise<Outcome> {
  const packets: string[] = [];
  let error = '';
  const capture = await opening;
  try {
    for await (const batch of capture.batches()) {
      if (batch.length === 0 || batch.length > 4096) throw new RangeError(`a batch of ${batch.length}`);
      packets.push(...batch.map(text));
    }
  } catch (failure) {
    error = (failure as Error).message;
  }
  return { packets, error, read: capture.packetsRead, matched: capture.packetsMatched };
}

/** The same, each packet read without a filter and then asked. */
async function oneByOne(opening: Promise<Capture>, expression: string): Promise<Outcome> {
  const packets: string[] = [];
  let error = '';
  let read = 0;
  const filters = new Map<CaptureInterface, LinkFilter>();
  try {
    for await (const packet of await opening) {
      read++;
      const { linkType, bigEndian } = packet.interface;
      const mode = bigEndian === true ? 'savefile-swapped' : 'savefile';
      const options = { linkType, mode, engine: 'cbpf-interpreter' } as const;
      const filter = filters.get(packet.interface) ?? compile(expression, options).for(linkType);
      filters.set(packet.interface, filter);
      if (filter.run(packet.data, packet.wireLength) !== 0) packets.push(text(packet));
    }
  } catch (failure) {
    error = (failure as Error).message;
  }
  return { packets, error, read, matched: packets.length };
}

function same(t: ExecutionContext, actual: Outcome, expected: Outcome): void {
  const { packets, ...rest } = expected;
  t.deepEqual({ ...actual, packets: [] }, { ...rest, packets: [] });
  const differs = actual.packets.findIndex((packet, index) => packet !== packets[index]);
  t.is(differs, -1, `packet ${differs}: ${actual.packets[differs]}, not ${packets[differs]}`);
  t.is(actual.packets.length, packets.length);
}

function encode(encoder: Encoder, packets: Iterable<PacketRecord>): Uint8Array {
  encoder.start();
  for (const packet of packets) encoder.write(packet);
  return encoder.take().slice();
}

/** Frames of IPv4 and, where `ipEach` does not divide their number, of ARP. */
function* frames(count: number, ipEach: number, source: CaptureInterface): Generator<PacketRecord> {
  for (let i = 0; i < count; i++) {
    const isIp = i % ipEach === 0;
    const header = source.linkType === 1 ? [...MACS, 8, isIp ? 0 : 6] : [];
    const payload = isIp ? [...IP, i & 255, i >> 8] : [0, 1, 8, 0, 6, 4];
    const data = Uint8Array.of(...header, ...payload);
    yield new PacketRecord(data, data.length + (i % 7), 1000 + i, 1000 * i, source);
  }
}

const COUNT = 30_000;
const long: Readonly<Record<string, () => Uint8Array>> = {
  'pcap, little-endian': () => encode(new PcapEncoder(ETHERNET), frames(COUNT, 3, ETHERNET)),
  'pcap, big-endian': () =>
    encode(new PcapEncoder({ ...ETHERNET, bigEndian: true }), frames(COUNT, 3, ETHERNET)),
  'pcap, all packets': () => encode(new PcapEncoder(ETHERNET), frames(COUNT, 1, ETHERNET)),
  'pcap, one packet': () => encode(new PcapEncoder(ETHERNET), frames(COUNT, COUNT, ETHERNET)),
  'pcap, cut': () => encode(new PcapEncoder(ETHERNET), frames(COUNT, 3, ETHERNET)).subarray(0, -5),
  'pcap, damaged': () => {
    const bytes = encode(new PcapEncoder(ETHERNET), frames(COUNT, 2, ETHERNET));
    bytes.fill(0xff, bytes.length - 100);
    return bytes;
  },
  pcapng: () => encode(new PcapngEncoder(), frames(COUNT, 3, ETHERNET)),
  'pcapng, big-endian': () => encode(new PcapngEncoder({ bigEndian: true }), frames(COUNT, 3, ETHERNET)),
  'pcapng, two link types in turns': () => {
    const both = function* (): Generator<PacketRecord> {
      const [one, other] = [frames(COUNT / 2, 2, ETHERNET), frames(COUNT / 2, 2, RAW)];
      for (const packet of one) yield* [packet, other.next().value as PacketRecord];
    };
    return encode(new PcapngEncoder(), both());
  },
  'pcapng, sections of both byte orders': () => {
    const sections = [false, true, false].map((bigEndian) =>
      encode(new PcapngEncoder({ bigEndian }), frames(COUNT / 3, 2, ETHERNET)),
    );
    return Uint8Array.from(sections.flatMap((section) => [...section]));
  },
  'pcapng, damaged': () => {
    const bytes = encode(new PcapngEncoder(), frames(COUNT, 2, ETHERNET));
    bytes.fill(0xff, bytes.length - 100);
    return bytes;
  },
};

for (const [name, make] of Object.entries(long)) {
  test(`batches of a filter are the packets it matches one by one: ${name}`, async (t) => {
    const bytes = make();
    t.true(bytes.length > 1 << 20, 'long enough for a compiled walk');
    const path = join(folder, `${name}.capture`);
    writeFileSync(path, bytes);
    const filter = compile('ip');
    const expected = await oneByOne(openSavefile(path), 'ip');
    t.true(expected.matched > 0);
    same(t, await inBatches(openCapture(path, { filter })), expected);
    same(t, await inBatches(openCapture(path, { filter, chunkSize: 5000 })), expected);
    same(t, await inBatches(openCapture(path, { filter: compile('ip', { engine: 'cbpf-js' }) })), expected);
    // As chunks, whose end is not known; compressed; through a pipe. Messages of errors name no file there.
    const nameless = { ...expected, error: expected.error.replaceAll(`${path}: `, '') };
    same(t, await inBatches(openCapture([bytes], { filter })), nameless);
    same(t, await inBatches(openCapture([gzipSync(bytes, { level: 1 })], { filter })), nameless);
    const { stdout } = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    same(t, await inBatches(openCapture(stdout, { filter })), nameless);
  });
}

test('iteration and scans take the filter that a capture was opened for', async (t) => {
  const path = join(projectRoot, 'captures', 'http.pcap');
  const filter = compile('tcp[tcpflags] & tcp-syn != 0');
  const expected = await oneByOne(openSavefile(path), filter.expression);
  t.true(expected.matched > 0 && expected.matched < expected.read);
  const packets: string[] = [];
  await using capture = await openCapture(path, { filter });
  for await (const packet of capture) packets.push(text(packet));
  t.deepEqual(packets, expected.packets);
  t.is(capture.packetsRead, expected.read);

  const scanned: string[] = [];
  await using other = await openCapture(path, { filter });
  await other.scan({ onMatch: (packet) => scanned.push(text(packet)) });
  t.deepEqual(scanned, expected.packets);
  await using third = await openCapture(path, { filter });
  await third.scan({ select: () => () => 1 });
  t.is(third.packetsMatched, expected.read);
});

/** BSD loopback: the first four bytes are the address family in the byte order of the machine that captured. */
test('a filter is compiled for each byte order of a file', async (t) => {
  const LOOPBACK = { linkType: 0, snapLength: 262_144, timestampUnit: 1e-6 };
  const section = (bigEndian: boolean): Uint8Array => {
    const family = bigEndian ? [0, 0, 0, 2] : [2, 0, 0, 0];
    const data = Uint8Array.of(...family, ...IP);
    return encode(new PcapngEncoder({ bigEndian }), [new PacketRecord(data, data.length, 1, 0, LOOPBACK)]);
  };
  for (const orders of [
    [false, true],
    [true, false],
  ]) {
    const bytes = Buffer.concat(orders.map(section));
    const { matched } = await inBatches(openCapture([bytes], { filter: compile('ip', { linkType: 0 }) }));
    t.is(matched, 2);
  }
});

test('a link type that the expression cannot be compiled for: what came before is delivered first', async (t) => {
  const bytes = encode(new PcapngEncoder(), [...frames(5, 1, ETHERNET), ...frames(1, 1, RAW)]);
  const { packets, error } = await inBatches(
    openCapture([bytes], { filter: compile('ether host 2:0:0:0:0:2') }),
  );
  t.is(packets.length, 5);
  t.regex(error, /not supported on DLT_RAW/);
});

test('a signal ends batches of a filter that matches nothing', async (t) => {
  const path = join(folder, 'endless.pcap');
  writeFileSync(path, encode(new PcapEncoder(ETHERNET), frames(COUNT, 1, ETHERNET)));
  const records = readFileSync(path).subarray(24);
  const endless = function* (): Generator<Uint8Array> {
    yield readFileSync(path);
    for (;;) yield records;
  };
  const enough = new AbortController();
  setTimeout(() => enough.abort(new Error('enough')), 50);
  const { signal } = enough;
  await using capture = await openCapture(endless(), { filter: compile('arp'), signal });
  await t.throwsAsync(
    async () => {
      for await (const batch of capture.batches()) t.fail(`${batch.length} packets`);
    },
    { message: 'enough' },
  );
});

const arbitraryEncoder = fc.constantFrom<() => Encoder>(
  () => new PcapEncoder({ linkType: 1, snapLength: 40 }),
  () => new PcapEncoder({ linkType: 1, snapLength: 65_535, bigEndian: true }),
  () => new PcapngEncoder(),
);

test('compiled batches of captures cut and damaged anywhere are those taken one by one', async (t) => {
  const filter = compile('ip or ether[3] & 1 = 0').for('EN10MB');
  const packets = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(Uint8Array.of(...MACS, 8, 0, ...IP), Uint8Array.of(...MACS, 8, 6)),
    ),
    { minLength: 1, maxLength: 60 },
  );
  const holds = fc.asyncProperty(
    arbitraryEncoder,
    packets,
    fc.nat({ max: 200 }),
    fc.option(fc.tuple(fc.nat(), fc.nat({ max: 255 }))),
    fc.integer({ min: 32, max: 700 }),
    async (makeEncoder, packets, cut, damage, chunkSize) => {
      const whole = encode(
        makeEncoder(),
        packets.map((data, index) => new PacketRecord(data, data.length + 3, index, 2, ETHERNET)),
      );
      if (damage !== null) whole[damage[0] % whole.length] = damage[1];
      const bytes = whole.subarray(0, Math.max(24, whole.length - cut));
      const select = () => filter.test;
      const accelerator = createAccelerator(() => classicBody(filter.cbpf), 0);
      let capture: Capture;
      try {
        capture = await readCapture([bytes], { chunkSize, select });
      } catch {
        return; // not a capture any more
      }
      const expected = await inBatches(Promise.resolve(capture));
      const walked = await readCapture([bytes], { chunkSize, select, accelerator });
      same(t, await inBatches(Promise.resolve(walked)), expected);
    },
  );
  await assertProperty(t, holds, { numRuns: 300 });
});
