/**
 * Properties of reading and writing, on captures made up at random: whatever is written is read back,
 * chunks and cuts do not matter, damage ends in one CaptureError.
 */

import { gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import { assertProperty } from '../testing/property.js';
import {
  CaptureError,
  type CaptureInterface,
  type Encoder,
  OPTION,
  Packet,
  PcapEncoder,
  PcapngEncoder,
  readCapture,
} from './index.js';
import { openSavefile } from './node.js';
import type { Chunks } from './source.js';

const ETHERNET: CaptureInterface = { linkType: 1, snapLength: 262_144, timestampUnit: 1e-6 };

/** What a packet comes to, for comparisons. */
const text = (packet: Packet) =>
  `${packet.seconds}.${packet.nanoseconds} ${packet.wireLength} ${packet.interface.linkType} ${packet.interface.name} ${packet.data}`;

async function read(
  chunks: Chunks,
  chunkSize?: number,
): Promise<{ packets: string[]; error?: CaptureError }> {
  const packets: string[] = [];
  try {
    const capture = await openSavefile(chunks, chunkSize === undefined ? {} : { chunkSize });
    for await (const packet of capture) packets.push(text(packet));
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { packets, error };
  }
  return { packets };
}

function encode(encoder: Encoder, packets: readonly Packet[]): Uint8Array {
  encoder.start();
  for (const packet of packets) encoder.write(packet);
  return encoder.take();
}

const arbitraryPacket = (source: CaptureInterface) =>
  fc
    .record({
      data: fc.uint8Array({ maxLength: 120 }),
      more: fc.nat(2000),
      seconds: fc.nat(0xffff_ffff),
      fraction: fc.nat(999_999),
    })
    .map(({ data, more, seconds, fraction }) => {
      const nanoseconds = source.timestampUnit === 1e-9 ? fraction * 1000 + (more % 1000) : fraction * 1000;
      return new Packet(data, data.length + more, seconds, nanoseconds, source);
    });

const arbitraryPcap = fc
  .record({ nanoseconds: fc.boolean(), bigEndian: fc.boolean(), linkType: fc.constantFrom(0, 1, 101, 276) })
  .chain(({ nanoseconds, bigEndian, linkType }) => {
    const source = { linkType, snapLength: 65_535, timestampUnit: nanoseconds ? 1e-9 : 1e-6 };
    const encoder = () => new PcapEncoder({ ...source, nanoseconds, bigEndian });
    return fc
      .array(arbitraryPacket(source), { maxLength: 8 })
      .map((packets) => ({ packets, bytes: encode(encoder(), packets).slice() }));
  });

const arbitraryInterface: fc.Arbitrary<CaptureInterface> = fc.record(
  {
    linkType: fc.constantFrom(0, 1, 101, 276),
    snapLength: fc.constantFrom(0, 65_535, 262_144),
    timestampUnit: fc.constantFrom(1e-6, 1e-9),
    name: fc.string({ maxLength: 9 }).map((name) => `${name.replaceAll('\0', '')}!`),
    fcsLength: fc.nat(8),
  },
  { requiredKeys: ['linkType', 'snapLength', 'timestampUnit'] },
);

const arbitraryPcapng = fc
  .record({
    bigEndian: fc.boolean(),
    section: fc.array(
      fc.record({ code: fc.integer({ min: 1, max: 9 }), value: fc.uint8Array({ maxLength: 30 }) }),
      { maxLength: 3 },
    ),
    sources: fc.array(arbitraryInterface, { minLength: 1, maxLength: 3 }),
  })
  .chain(({ bigEndian, section, sources }) =>
    fc.array(fc.oneof(...sources.map(arbitraryPacket)), { maxLength: 8 }).map((packets) => ({
      packets,
      bytes: encode(new PcapngEncoder({ bigEndian, section }), packets).slice(),
    })),
  );

const arbitraryCapture = fc.oneof(arbitraryPcap, arbitraryPcapng);

test('what is written is read back', async (t) => {
  await assertProperty(
    t,
    fc.asyncProperty(arbitraryCapture, async ({ packets, bytes }) => {
      t.deepEqual(await read([bytes]), { packets: packets.map(text) });
    }),
  );
});

test('chunks of any size give the same packets', async (t) => {
  const sizes = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });
  await assertProperty(
    t,
    fc.asyncProperty(arbitraryCapture, sizes, async ({ packets, bytes }, sizes) => {
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const size = sizes[i % sizes.length]!;
        chunks.push(bytes.subarray(at, at + size));
        at += size;
      }
      t.deepEqual(await read(chunks, 64), { packets: packets.map(text) });
    }),
  );
});

test('a file cut at any byte gives the packets before the cut, then an error', async (t) => {
  const cuts = async ({ packets, bytes }: { packets: Packet[]; bytes: Uint8Array }) => {
    const expected = packets.map(text);
    for (let length = 0; length < bytes.length; length++) {
      const { packets: got, error } = await read([bytes.subarray(0, length)]);
      t.deepEqual(got, expected.slice(0, got.length));
      if (error !== undefined) t.is(error.code, 'truncated', `cut at ${length}: ${error.message}`);
      else t.true(atBoundary(bytes, length), `no error for a cut at ${length}`);
    }
  };
  await assertProperty(t, fc.asyncProperty(arbitraryCapture, cuts), { numRuns: 15 });
});

/** Whether a record ends at `length`: walks the lengths, independently of the reader. */
function atBoundary(bytes: Uint8Array, length: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const section = view.getUint32(0) === 0x0a0d0d0a;
  const little = section ? bytes[8] === 0x4d : bytes[0] !== 0xa1;
  let at = section ? 0 : 24;
  while (at < length) at += section ? view.getUint32(at + 4, little) : 16 + view.getUint32(at + 8, little);
  return at === length;
}

test('random damage never gives anything but packets and a CaptureError', async (t) => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 6 });
  await assertProperty(
    t,
    fc.asyncProperty(arbitraryCapture, damage, async ({ bytes }, changes) => {
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      const { packets } = await read([bytes]);
      t.true(packets.length <= bytes.length / 12);
    }),
    { numRuns: 300 },
  );
});

test('filtering by scan and by batches gives the same, also through a copy', async (t) => {
  await assertProperty(
    t,
    fc.asyncProperty(
      arbitraryCapture,
      fc.integer({ min: 1, max: 5 }),
      async ({ packets, bytes }, modulus) => {
        const select = () => (_: Uint8Array, _start: number, capturedLength: number) =>
          Number(capturedLength % modulus === 0);
        const expected = packets.filter((packet) => packet.data.length % modulus === 0).map(text);
        const copied: Uint8Array[] = [];
        const matches: string[] = [];
        const capture = await readCapture([bytes], { chunkSize: 100 });
        await capture.scan({
          select,
          onMatch: (packet) => matches.push(text(packet)),
          sink: { write: (buffer, start, end) => void copied.push(buffer.slice(start, end)) },
        });
        t.is(capture.packetsRead, packets.length);
        t.is(capture.packetsMatched, expected.length);
        t.deepEqual(matches, expected);
        t.deepEqual(await read(copied), { packets: expected });
        const batched: string[] = [];
        for await (const batch of (await readCapture([bytes])).batches(select))
          batched.push(...batch.map(text));
        t.deepEqual(batched, expected);
      },
    ),
  );
});

test('a limit stops a scan after so many matches', async (t) => {
  const packets = [1, 2, 3, 4].map((n) => new Packet(new Uint8Array(n), n, n, 0, ETHERNET));
  const bytes = encode(new PcapEncoder(ETHERNET), packets).slice();
  const copied: Uint8Array[] = [];
  const capture = await readCapture([bytes]);
  await capture.scan({
    limit: 2,
    sink: { write: (buffer, start, end) => void copied.push(buffer.slice(start, end)) },
  });
  t.is(capture.packetsRead, 2);
  t.deepEqual(Buffer.concat(copied), Buffer.from(bytes.subarray(0, 24 + 16 + 1 + 16 + 2)));
});

test('what a select function throws is thrown, after the matches before it were handed on', async (t) => {
  const other = { ...ETHERNET, linkType: 101 };
  const packets = [ETHERNET, ETHERNET, other].map((source) => new Packet(new Uint8Array(4), 4, 1, 0, source));
  const bytes = encode(new PcapngEncoder(), packets).slice();
  const copied: Uint8Array[] = [];
  const capture = await readCapture([bytes]);
  const scan = capture.scan({
    select: ({ linkType }) => {
      if (linkType !== 1) throw new RangeError('only Ethernet');
      return () => 1;
    },
    sink: { write: (buffer, start, end) => void copied.push(buffer.slice(start, end)) },
  });
  await t.throwsAsync(scan, { instanceOf: RangeError });
  t.is((await read(copied)).packets.length, 2);

  const batched: Packet[] = [];
  const batches = (await readCapture([bytes])).batches(({ linkType }) => {
    if (linkType !== 1) throw new RangeError('only Ethernet');
    return () => 1;
  });
  const reading = (async () => {
    for await (const batch of batches) batched.push(...batch);
  })();
  await t.throwsAsync(reading, { instanceOf: RangeError });
  t.is(batched.length, 2);
});

test('what the callback of a scan throws is thrown, after the matches before it were written', async (t) => {
  const packets = [1, 2, 3].map((n) => new Packet(new Uint8Array(n), n, n, 0, ETHERNET));
  const bytes = encode(new PcapEncoder(ETHERNET), packets).slice();
  const copied: Uint8Array[] = [];
  const capture = await readCapture([bytes]);
  const scan = capture.scan({
    onMatch: ({ seconds }) => {
      if (seconds === 3) throw new RangeError('no third');
    },
    sink: { write: (buffer, start, end) => void copied.push(buffer.slice(start, end)) },
  });
  await t.throwsAsync(scan, { instanceOf: RangeError });
  t.is(capture.packetsMatched, 2);
  t.is((await read(copied)).packets.length, 2);
});

/** A record header of a hostile length, in front of little data. */
test('a hostile length is refused at once', async (t) => {
  for (const length of [262_145, 0x7fff_ffff, 0xffff_ffff]) {
    const good = encode(new PcapEncoder(ETHERNET), [
      new Packet(new Uint8Array(4), 4, 1, 0, ETHERNET),
    ]).slice();
    const bytes = new Uint8Array([...good, ...good.subarray(24)]);
    new DataView(bytes.buffer).setUint32(24 + 20 + 8, length, true);
    const { packets, error } = await read([bytes]);
    t.is(packets.length, 1);
    t.is(
      error?.reason,
      `invalid packet capture length ${length}, bigger than ${length > 262_144 ? 'snaplen' : 'maximum'} of 262144`,
    );
    t.is(error?.offset, 44);
  }
});

test('a packet of another link type cannot go into a pcap file', (t) => {
  const encoder = new PcapEncoder({ linkType: 101, snapLength: 65_535 });
  const packet = new Packet(new Uint8Array(4), 4, 1, 0, ETHERNET);
  t.throws(() => encoder.write(packet), { instanceOf: CaptureError, message: /write pcapng instead/ });
});

/** An SHB with a length of its own, an IDB with options, then blocks by hand. */
function section(
  little: boolean,
  resolution: number,
  offset: bigint,
  blocks: readonly Uint8Array[],
): Uint8Array {
  const value = new Uint8Array(8);
  new DataView(value.buffer).setBigInt64(0, offset, little);
  const encoder = new PcapngEncoder({
    bigEndian: !little,
    describe: () => [{ code: OPTION.interface.timestampOffset, value }],
  });
  encoder.declare(ETHERNET);
  const head = encoder.take().slice();
  const at = head.findIndex((byte, i) => i > 28 && byte === 6 && head[i - 4] === (little ? 9 : 0));
  head[at] = resolution;
  return new Uint8Array([...head, ...blocks.flatMap((block) => [...block])]);
}

function enhanced(little: boolean, ticks: bigint): Uint8Array {
  const block = new Uint8Array(36);
  const view = new DataView(block.buffer);
  const words = [6, 36, 0, Number(ticks >> 32n), Number(ticks & 0xffff_ffffn), 4, 4, 0x01020304, 36];
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, little);
  return block;
}

test('time stamps of any resolution and offset', async (t) => {
  const resolutions = fc.oneof(fc.nat(19), fc.integer({ min: 0x80, max: 0x80 + 63 }));
  const ticks = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn });
  const offsets = fc.bigInt({ min: -2_000_000_000n, max: 2_000_000_000n });
  await assertProperty(
    t,
    fc.asyncProperty(fc.boolean(), resolutions, ticks, offsets, async (little, resolution, ticks, offset) => {
      const bytes = section(little, resolution, offset, [enhanced(little, ticks)]);
      const capture = await readCapture([bytes]);
      for await (const packet of capture) {
        const unit = (resolution & 0x80) !== 0 ? 2n ** BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
        const seconds = Number(ticks / unit) + Number(offset);
        t.is(packet.seconds, seconds);
        t.is(packet.nanoseconds, Number(((ticks % unit) * 1_000_000_000n) / unit));
      }
      t.is(capture.packetsRead, 1);
    }),
    { numRuns: 300 },
  );
});

test('gzip: several members, and cut at any byte', async (t) => {
  const packets = [1, 2, 3, 4].map((n) => new Packet(new Uint8Array(40 * n), 40 * n, n, 0, ETHERNET));
  const bytes = encode(new PcapEncoder(ETHERNET), packets).slice();
  const half = Math.floor(bytes.length / 2);
  const file = Buffer.concat([
    gzipSync(bytes.subarray(0, half)),
    gzipSync(bytes.subarray(half)),
    Buffer.alloc(3),
  ]);
  t.deepEqual(await read([file]), { packets: packets.map(text) });
  for (let length = 0; length < file.length - 3; length++) {
    const { packets: got, error } = await read([file.subarray(0, length)]);
    t.deepEqual(got, packets.map(text).slice(0, got.length));
    t.is(error?.code, 'truncated', `${length}: ${error?.message}`);
  }
});

test('gzip: a wrong checksum is reported after all packets', async (t) => {
  const packets = [1, 2, 3].map((n) => new Packet(new Uint8Array(40 * n), 40 * n, n, 0, ETHERNET));
  const file = gzipSync(encode(new PcapEncoder(ETHERNET), packets).slice());
  file[file.length - 6]! ^= 1;
  const { packets: got, error } = await read([file]);
  t.deepEqual(got, packets.map(text));
  t.is(error?.reason, 'compressed data is damaged: gzip checksum differs');
});
