/**
 * Ring blocks put together by hand after linux/if_packet.h, read back: headers and tags where libpcap
 * puts them, nothing outside the block touched.
 */

import test from 'ava';
import fc from 'fast-check';
import { PcapEncoder } from '../savefile/index.js';
import { assertProperty } from '../testing/property.js';
import { RESERVE, type RingLayout, readBlock, rewriteBlock } from './ring.js';

const ETHERNET: RingLayout = {
  source: { linkType: 1, snapLength: 262_144, timestampUnit: 1e-9 },
  cooked: false,
  loopbackIndex: 1,
  direction: 'inout',
};
const COOKED: RingLayout = { ...ETHERNET, source: { ...ETHERNET.source, linkType: 276 }, cooked: true };

interface Frame {
  readonly data: readonly number[];
  readonly wireLength?: number;
  readonly status?: number;
  readonly tci?: number;
  readonly tpid?: number;
  readonly packetType?: number;
}

/** A block as the kernel of this machine would write it. */
function block(...frames: readonly Frame[]): Uint8Array {
  const bytes = new Uint8Array(4096);
  const view = new DataView(bytes.buffer);
  const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  const set32 = (at: number, value: number) => view.setUint32(at, value, little);
  const set16 = (at: number, value: number) => view.setUint16(at, value, little);
  set32(8, 1);
  set32(12, frames.length);
  set32(16, 48);
  let at = 48;
  for (const [i, frame] of frames.entries()) {
    const mac = 48 + 20 + RESERVE;
    const size = (mac + frame.data.length + 7) & ~7;
    set32(at, i === frames.length - 1 ? 0 : size);
    set32(at + 4, 1_700_000_000 + i);
    set32(at + 8, 123_456_789);
    set32(at + 12, frame.data.length);
    set32(at + 16, frame.wireLength ?? frame.data.length);
    set32(at + 20, frame.status ?? 0);
    set16(at + 24, mac);
    set32(at + 32, frame.tci ?? 0);
    set16(at + 36, frame.tpid ?? 0);
    view.setUint16(at + 48 + 2, 0x0800);
    set32(at + 48 + 4, 1);
    set16(at + 48 + 8, 772);
    bytes.set([frame.packetType ?? 0, 6, 2, 0, 0, 0, 0, 9, 0, 0], at + 48 + 10);
    bytes.set(frame.data, at + mac);
    at += size;
  }
  return bytes.subarray(0, at);
}

const FRAME = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08, 0x00, 0x45, 0x00];

test('packets with time stamps and lengths', (t) => {
  const packets = readBlock(block({ data: FRAME, wireLength: 99 }, { data: [7] }), ETHERNET);
  t.deepEqual(
    packets.map(({ data, wireLength, timestampNs }) => [[...data], wireLength, timestampNs]),
    [
      [FRAME, 99, 1_700_000_000_123_456_789n],
      [[7], 1, 1_700_000_001_123_456_789n],
    ],
  );
});

test('a VLAN tag that the kernel took off is put back', (t) => {
  const [packet, other] = readBlock(
    block(
      { data: FRAME, status: 0x50, tci: 0x6005, tpid: 0x88a8 },
      { data: FRAME, wireLength: 60, status: 0x10, tci: 7 },
    ),
    ETHERNET,
  );
  t.deepEqual([...packet!.data], [...FRAME.slice(0, 12), 0x88, 0xa8, 0x60, 0x05, ...FRAME.slice(12)]);
  t.is(packet!.wireLength, 20);
  t.deepEqual([...other!.data], [...FRAME.slice(0, 12), 0x81, 0x00, 0x00, 0x07, ...FRAME.slice(12)]);
  t.is(other!.wireLength, 64);
});

test('cooked packets get a header of LINKTYPE_LINUX_SLL2', (t) => {
  const [packet] = readBlock(block({ data: [0x45, 0x00], packetType: 3 }), COOKED);
  const header = [0x08, 0x00, 0, 0, 0, 0, 0, 1, 0x03, 0x04, 3, 6, 2, 0, 0, 0, 0, 9, 0, 0];
  t.deepEqual([...packet!.data], [...header, 0x45, 0x00]);
  t.is(packet!.wireLength, 22);
});

test('on loopback, packets are taken when they come in, not when they go out', (t) => {
  const packets = readBlock(block({ data: [1], packetType: 4 }, { data: [2], packetType: 0 }), ETHERNET);
  t.deepEqual(
    packets.map(({ data }) => [...data]),
    [[2]],
  );
});

test('one direction of two', (t) => {
  const elsewhere = { ...ETHERNET, loopbackIndex: 7 };
  const bytes = () =>
    block({ data: [1], packetType: 4 }, { data: [2], packetType: 0 }, { data: [3], packetType: 3 });
  const taken = (layout: RingLayout): number[][] => readBlock(bytes(), layout).map(({ data }) => [...data]);
  t.deepEqual(taken(elsewhere), [[1], [2], [3]]);
  t.deepEqual(taken({ ...elsewhere, direction: 'in' }), [[2], [3]]);
  t.deepEqual(taken({ ...elsewhere, direction: 'out' }), [[1]]);
  t.deepEqual(taken({ ...ETHERNET, direction: 'out' }), []);
});

test('a filter sees what the kernel would: no tag, no put-back header length, metadata', (t) => {
  const seen: unknown[] = [];
  const layout: RingLayout = {
    ...ETHERNET,
    test(bytes, start, captured, wire, metadata) {
      seen.push([[...bytes.subarray(start, start + captured)], wire, metadata]);
      return seen.length === 1 ? 14 : 0;
    },
  };
  const packets = readBlock(
    block(
      { data: FRAME, status: 0x50, tci: 0x6005, tpid: 0x88a8, packetType: 3 },
      { data: [7], wireLength: 9 },
    ),
    layout,
  );
  const metadata = { protocol: 0x0800, interfaceIndex: 1, hardwareType: 772 };
  t.deepEqual(seen, [
    [FRAME, 16, { ...metadata, packetType: 3, vlanTci: 0x6005, vlanProtocol: 0x88a8 }],
    [[7], 9, { ...metadata, packetType: 0 }],
  ]);
  // Fourteen bytes are kept, and the tag is put back between them.
  t.deepEqual(
    packets.map(({ data }) => [...data]),
    [[...FRAME.slice(0, 12), 0x88, 0xa8, 0x60, 0x05, 0x08, 0x00]],
  );
});

test('the snapshot length cuts headers and tags with the rest', (t) => {
  const layout = { ...COOKED, source: { ...COOKED.source, snapLength: 21 } };
  t.is(readBlock(block({ data: [0x45, 0x00] }), layout)[0]!.data.length, 21);
});

test('records made in place are those of the encoder', (t) => {
  const frames = [{ data: FRAME, wireLength: 99 }, { data: [7] }, { data: FRAME, packetType: 4 }];
  for (const layout of [ETHERNET, COOKED, { ...ETHERNET, direction: 'in' } as const])
    for (const nanoseconds of [false, true]) {
      const { linkType, snapLength } = layout.source;
      const encoder = new PcapEncoder({ linkType, snapLength, nanoseconds });
      encoder.start();
      encoder.take();
      const packets = readBlock(block(...frames), layout);
      for (const packet of packets) encoder.write(packet);
      const bytes = block(...frames);
      const { count, length } = rewriteBlock(bytes, layout, nanoseconds);
      t.is(count, packets.length);
      t.deepEqual(Buffer.from(bytes.subarray(0, length)), Buffer.from(encoder.take()));
    }
});

test('a block that contradicts itself is an error, never a read outside it', (t) => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  assertProperty(
    t,
    fc.property(damage, fc.boolean(), (changes, cooked) => {
      const bytes = block({ data: FRAME }, { data: FRAME, status: 0x10, tci: 7 }, { data: [1] });
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      try {
        for (const { data } of readBlock(bytes, cooked ? COOKED : ETHERNET))
          t.true(data.length <= bytes.length);
      } catch (error) {
        t.true(error instanceof RangeError);
      }
    }),
  );
});
