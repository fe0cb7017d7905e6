/** What pcapng says of packets besides their bytes is read, can be set, and survives what packets go through. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { compile } from '../filter/index.js';
import { filterFile, openCapture, splitFile } from '../node.js';
import { assertProperty } from '../testing/property.js';
import { projectRoot } from '../testing/vectors.js';
import { type CaptureInterface, type Option, Packet, PcapngEncoder, readCapture } from './index.js';
import { OPTION, textOption } from './options.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-options-'));
test.after.always(() => rmSync(folder, { recursive: true }));

const HTTP = join(projectRoot, 'captures', 'http.pcapng');
const ETHERNET: CaptureInterface = { linkType: 1, snapLength: 262_144, timestampUnit: 1e-9 };

/** One of each kind that has a number, text, bytes, and two that nobody knows. */
const OPTIONS: readonly Option[] = [
  textOption(OPTION.comment, 'first'),
  { code: OPTION.packet.flags, value: Uint8Array.of(1, 2, 0, 0) },
  { code: OPTION.packet.hash, value: Uint8Array.of(2, 0xde, 0xad, 0xbe, 0xef) },
  { code: OPTION.packet.dropCount, value: Uint8Array.of(7, 0, 0, 0, 0, 0, 0, 0) },
  { code: OPTION.packet.packetId, value: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  { code: OPTION.packet.queue, value: Uint8Array.of(3, 0, 0, 0) },
  { code: OPTION.packet.verdict, value: Uint8Array.of(1, 9, 0, 0, 0, 0, 0, 0, 0) },
  textOption(OPTION.comment, 'second'),
  { code: 0x7abc, value: Uint8Array.of(1, 2, 3) },
  { code: 2988, value: Uint8Array.of(1, 0, 0, 0, 65) },
];

const plain = (options: readonly Option[]) => options.map(({ code, value }) => [code, ...value]);

function encode(packets: readonly Packet[], bigEndian = false): Uint8Array {
  const encoder = new PcapngEncoder({ bigEndian });
  for (const packet of packets) encoder.write(packet);
  return encoder.take().slice();
}

async function read(bytes: Uint8Array): Promise<Packet[]> {
  const packets: Packet[] = [];
  for await (const packet of await readCapture([bytes])) packets.push(packet.copy());
  return packets;
}

test('options of every kind survive from one byte order to the other and back', async (t) => {
  const packet = new Packet(Uint8Array.of(1, 2, 3), 3, 1, 2, ETHERNET, OPTIONS);
  const little = encode([packet]);
  const [once] = await read(encode([packet], true));
  t.deepEqual(plain(once!.options), plain(OPTIONS));
  t.deepEqual(once!.comments, ['first', 'second']);
  t.deepEqual(encode([once!]), little);
  const holds = fc.asyncProperty(
    fc.array(
      fc.record({ code: fc.integer({ min: 1, max: 0xffff }), value: fc.uint8Array({ maxLength: 20 }) }),
    ),
    fc.boolean(),
    async (options, bigEndian) => {
      const written = new Packet(Uint8Array.of(9), 1, 1, 2, ETHERNET, options);
      const [again] = await read(encode([written], bigEndian));
      t.deepEqual(plain(again!.options), plain(options));
    },
  );
  await assertProperty(t, holds, { numRuns: 100 });
});

test('tshark reads the comments and the flags that we write, in both byte orders', (t) => {
  for (const bigEndian of [false, true]) {
    const path = join(folder, `tshark-${bigEndian}.pcapng`);
    const data = new Uint8Array(60);
    writeFileSync(path, encode([new Packet(data, 60, 1, 2, ETHERNET, OPTIONS.slice(0, 4))], bigEndian));
    const fields = ['frame.comment', 'frame.packet_flags'].flatMap((name) => ['-e', name]);
    const { stdout, error } = spawnSync('tshark', ['-r', path, '-T', 'fields', ...fields], {
      encoding: 'utf8',
    });
    if (error !== undefined) {
      t.log('skipped: tshark is not installed');
      t.pass();
      return;
    }
    t.is(stdout.trim(), 'first\t0x00000201');
  }
});

test('the options of an interface survive, too', async (t) => {
  const options = [
    textOption(OPTION.interface.filter, 'tcp'),
    { code: OPTION.interface.speed, value: Uint8Array.of(0, 0xca, 0x9a, 0x3b, 0, 0, 0, 0) },
  ];
  const source = { ...ETHERNET, name: 'eth0', options };
  const [once] = await read(encode([new Packet(Uint8Array.of(1), 1, 1, 2, source)], true));
  t.deepEqual(plain(once!.interface.options!), plain(options));
  t.is(once!.interface.name, 'eth0');
});

test('a second pass of comments keeps the first', async (t) => {
  let packets: Packet[] = [];
  for await (const packet of await openCapture(HTTP)) packets.push(packet.copy());
  const before = packets.map(({ comments }) => comments);
  t.true(before.flat().length > 0);
  for (const pass of ['one', 'two']) {
    for (const packet of packets) packet.addComment(pass);
    packets = await read(encode(packets));
  }
  t.deepEqual(
    packets.map(({ comments }) => comments),
    before.map((comments) => [...comments, 'one', 'two']),
  );
});

test('filtering and splitting keep every byte of what they keep', async (t) => {
  const [dns, web, rest, all] = ['dns', 'web', 'rest', 'all'].map((name) => join(folder, `${name}.pcapng`));
  const written = { [dns!]: compile('udp port 53'), [web!]: compile('tcp dst port 80'), [all!]: compile('') };
  const seen: number[] = [];
  const result = await splitFile(HTTP, written, { rest: rest!, onProgress: ({ read }) => seen.push(read) });
  t.deepEqual(Object.values(result.written), [0, 18, result.read, 0]);
  t.is(seen.at(-1), result.read);
  const alone = join(folder, 'alone.pcapng');
  for (const [path, filter] of Object.entries(written)) {
    await filterFile(HTTP, alone, filter);
    t.deepEqual(readFileSync(path), readFileSync(alone), path);
  }
  await splitFile(HTTP, { [dns!]: compile('udp port 53') }, { rest: rest! });
  await filterFile(HTTP, alone, compile(''));
  t.deepEqual(readFileSync(rest!), readFileSync(alone));
});

test('damaged options are an error for who asks, and no other', async (t) => {
  const bytes = encode([new Packet(Uint8Array.of(1, 2, 3, 4), 4, 1, 2, ETHERNET, OPTIONS.slice(0, 1))]);
  const at = Buffer.from(bytes).indexOf('first') - 2;
  bytes[at] = 200;
  const [packet] = await read(bytes);
  t.is(packet!.data.length, 4);
  t.throws(() => packet!.options, { message: /options of a packet: option 1 of 200 bytes runs over/ });
  const kept = join(folder, 'damaged.pcapng');
  writeFileSync(kept, bytes);
  await filterFile(kept, join(folder, 'damaged-too.pcapng'), compile(''));
  t.deepEqual(
    readFileSync(join(folder, 'damaged-too.pcapng')).subarray(0, 12),
    Buffer.from(bytes).subarray(0, 12),
  );
});
