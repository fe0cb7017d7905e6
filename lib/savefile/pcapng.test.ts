/**
 * What only pcapng has: sections, interfaces, the other packet blocks, blocks to be passed on.
 * Blocks are put together here by hand, from the tables of draft-ietf-opsawg-pcapng.
 */

import test from 'ava';
import { readCapture } from './index.js';

/** 32-bit words, in the byte order of a section. */
function words(little: boolean, ...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value, little);
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

function block(little: boolean, type: number, body: Uint8Array): Uint8Array {
  const total = 12 + body.length + (-body.length & 3);
  return join(words(little, type, total), body, new Uint8Array(-body.length & 3), words(little, total));
}

const sectionHeader = (little: boolean, length = 0xffff_ffff) =>
  block(
    little,
    0x0a0d0d0a,
    join(words(little, 0x1a2b3c4d, little ? 0x0000_0001 : 0x0001_0000, length, length)),
  );

const description = (little: boolean, linkType: number, snapLength = 0) =>
  block(little, 1, words(little, little ? linkType : linkType << 16, snapLength));

const enhanced = (little: boolean, id: number, data: Uint8Array, wireLength = data.length) =>
  block(little, 6, join(words(little, id, 0, 1_000_000, data.length, wireLength), data));

const bytes = (count: number, fill = 7) => new Uint8Array(count).fill(fill);

interface Outcome {
  /** Link type, captured length, wire length and seconds of each packet. */
  readonly packets: string[];
  readonly error?: string;
  readonly offset?: number | undefined;
}

async function read(file: Uint8Array, chunkSize = 128): Promise<Outcome> {
  const packets: string[] = [];
  try {
    for await (const packet of await readCapture([file], { chunkSize })) {
      const { interface: source, data, wireLength, seconds } = packet;
      packets.push(`${source.linkType} ${data.length} ${wireLength} ${seconds}`);
    }
    return { packets };
  } catch (error) {
    const { reason, offset } = error as { reason: string; offset?: number };
    return { packets, error: reason, offset };
  }
}

const reads = test.macro({
  title: (_, what: string) => what,
  async exec(t, _: string, file: Uint8Array, expected: Outcome) {
    t.deepEqual(await read(file), expected);
  },
});

const start = join(sectionHeader(true), description(true, 1));

test(
  reads,
  'sections of either byte order, each with interfaces of its own',
  join(
    start,
    enhanced(true, 0, bytes(5)),
    sectionHeader(false),
    description(false, 101),
    description(false, 276),
    enhanced(false, 1, bytes(6), 99),
    enhanced(false, 0, bytes(0)),
    sectionHeader(true),
    description(true, 113),
    enhanced(true, 0, bytes(7)),
  ),
  { packets: ['1 5 5 1', '276 6 99 1', '101 0 0 1', '113 7 7 1'] },
);

test(
  reads,
  'simple packet blocks are cut by snapshot length, and by the block',
  join(
    sectionHeader(true),
    description(true, 1, 10),
    block(true, 3, join(words(true, 8), bytes(8))),
    block(true, 3, join(words(true, 99), bytes(12))),
    block(true, 3, join(words(true, 9), bytes(4))),
  ),
  { packets: ['1 8 8 0', '1 10 99 0', '1 4 9 0'] },
);

test(
  reads,
  'obsolete packet blocks: a 16-bit interface, then drops',
  join(
    start,
    description(true, 101),
    block(true, 2, join(words(true, 0xffff_0001, 0, 2_000_000, 3, 44), bytes(3))),
  ),
  { packets: ['101 3 44 2'] },
);

test(
  reads,
  'unknown, custom and oversized blocks are passed over',
  join(
    start,
    block(true, 0x0bad, bytes(70)),
    enhanced(true, 0, bytes(1)),
    block(true, 0x7777, bytes(200_001)),
    block(true, 0x4000_0bad, bytes(33)),
    enhanced(true, 0, bytes(2)),
  ),
  { packets: ['1 1 1 1', '1 2 2 1'] },
);

test(
  reads,
  'a total length that leaves out the padding, as some programs write it',
  join(start, words(true, 6, 33, 0, 0, 1_000_000, 1, 1, 9, 33), enhanced(true, 0, bytes(2))),
  { packets: ['1 1 1 1', '1 2 2 1'] },
);

const damaged = test.macro({
  title: (_, what: string) => `damage: ${what}`,
  async exec(t, _: string, file: Uint8Array, error: string) {
    const offset = start.length + 36;
    const whole = join(start, enhanced(true, 0, bytes(4)), file, enhanced(true, 0, bytes(4)));
    t.deepEqual(await read(whole), { packets: ['1 4 4 1'], error, offset });
  },
});
const reject = 'pcapng dump file';
test(
  damaged,
  'no such interface',
  enhanced(true, 1, bytes(4)),
  "a packet arrived on interface 1, but there's no Interface Description Block for that interface",
);
test(
  damaged,
  'more captured than the block holds',
  block(true, 6, words(true, 0, 0, 0, 5, 5, 0)),
  'Enhanced Packet Block has a capture length of 5, but holds 4 bytes',
);
test(
  damaged,
  'a captured length of 4 GB',
  block(true, 6, words(true, 0, 0, 0, 0xffff_ffff, 5, 0)),
  'Enhanced Packet Block has a capture length of 4294967295, but holds 4 bytes',
);
test(
  damaged,
  'a packet block of 4 GB',
  words(true, 6, 0xffff_fff0, 0, 0, 0, 0xffff_0000, 5),
  'invalid packet capture length 4294901760, bigger than maximum of 262144',
);
test(
  damaged,
  'options of 4 GB',
  words(true, 6, 0xffff_fff0, 0, 0, 0, 4, 5),
  'pcapng block size 4294967280 > maximum 16777216',
);
test(
  damaged,
  'a block too short to be one',
  words(true, 5, 8, 8),
  `block in ${reject} has a length of 8 < 12`,
);
test(
  damaged,
  'an enhanced packet block too short',
  block(true, 6, words(true, 0, 0)),
  `Enhanced Packet Block in ${reject} is too short`,
);
test(
  damaged,
  'two lengths that differ',
  words(true, 0x99, 16, 1, 20),
  "block total length in header 16 and trailer 20 don't match",
);
test(
  damaged,
  'a section of another version',
  block(true, 0x0a0d0d0a, words(true, 0x1a2b3c4d, 2, 0, 0)),
  'unsupported pcapng savefile version 2.0',
);
test(
  damaged,
  'a section without byte order magic',
  block(true, 0x0a0d0d0a, words(true, 5, 1, 0, 0)),
  'Section Header Block has no byte order magic',
);
test(
  damaged,
  'an option that runs out of its block',
  block(true, 1, words(true, 1, 0, 0x0009_0002)),
  'Interface Description Block: option 2 of 9 bytes runs over the end of the block',
);
test(
  damaged,
  'a resolution of two bytes',
  block(true, 1, words(true, 1, 0, 0x0002_0009, 0)),
  'Interface Description Block has if_tsresol option with length 2 != 1',
);

test('a block of 4 GB that is not there: one error, and the window stays small', async (t) => {
  const { packets, error } = await read(join(start, words(true, 0x99, 0xffff_fff0), bytes(200_000)));
  t.deepEqual(packets, []);
  t.is(error, 'truncated pcapng dump file; tried to read 4294967272 bytes, only got 200000');
});

test('filtering keeps every other block, in order and to the byte', async (t) => {
  const parts = [
    sectionHeader(true),
    block(true, 10, join(words(true, 0x544c534b, 5), bytes(5))),
    description(true, 1),
    enhanced(true, 0, bytes(4)),
    block(true, 0x7777, bytes(200_001)),
    enhanced(true, 0, bytes(5)),
    block(true, 4, words(true, 0)),
    sectionHeader(false),
    description(false, 1),
    enhanced(false, 0, bytes(5)),
    block(false, 0x4000_0bad, bytes(9)),
    enhanced(false, 0, bytes(4)),
    block(false, 5, words(false, 0, 0, 0)),
  ];
  const kept: Uint8Array[] = [];
  const capture = await readCapture([join(...parts)], { chunkSize: 128 });
  await capture.scan({
    select: () => (_, __, capturedLength) => Number(capturedLength === 5),
    sink: { write: (buffer, start, end) => void kept.push(buffer.slice(start, end)) },
  });
  t.deepEqual(Buffer.concat(kept), Buffer.from(join(...parts.filter((_, i) => i !== 3 && i !== 11))));
});

test('a section length that filtering would make wrong becomes "not known"', async (t) => {
  for (const little of [true, false]) {
    const rest = join(description(little, 1), enhanced(little, 0, bytes(4)));
    const parts = [sectionHeader(little, rest.length), rest, sectionHeader(little, rest.length), rest];
    for (const filtered of [true, false]) {
      const kept: Uint8Array[] = [];
      const capture = await readCapture([join(...parts)]);
      await capture.scan({
        ...(filtered ? { select: () => () => 1 } : {}),
        sink: { write: (buffer, start, end) => void kept.push(buffer.slice(start, end)) },
      });
      const header = filtered ? sectionHeader(little) : sectionHeader(little, rest.length);
      t.deepEqual(Buffer.concat(kept), Buffer.from(join(header, rest, header, rest)));
    }
  }
});

test('a section header inside another block is not touched', async (t) => {
  const inner = join(bytes(120), sectionHeader(true, 5), bytes(70_000));
  const parts = [start, block(true, 0x99, inner), enhanced(true, 0, bytes(4))];
  for (const chunkSize of [64, 68, 128, 1024]) {
    const kept: Uint8Array[] = [];
    const capture = await readCapture([join(...parts)], { chunkSize });
    await capture.scan({
      select: () => () => 1,
      sink: { write: (buffer, start, end) => void kept.push(buffer.slice(start, end)) },
    });
    t.deepEqual(Buffer.concat(kept), Buffer.from(join(...parts)));
  }
});
