/**
 * Test support: random programs of XDP, tc and cgroups that change packets, call helpers and use maps, in a form that
 * the kernel's verifier admits.
 *
 * A program keeps its context in r6 and a sum of all it has seen in r9, which it returns. Between them stand steps:
 * bytes of the packet read and written behind a comparison with its end, calls of helpers with arguments of all sorts,
 * look-ups and changes of maps. Each step leaves nothing in other registers.
 */

import { build, opcodes, type Program, type Slot } from '../ebpf/index.js';
import type { Random } from './random.js';

export type WritingType = 'xdp' | 'sched_cls' | 'cgroup_skb' | 'socket_filter';

const { call, constant, exit, load, move, register, store, storeConstant } = build;
const { FRAME_POINTER, PSEUDO } = opcodes;
const [CONTEXT, DATA, END, SUM] = [6, 7, 8, 9];
/** Bytes of stack that are set at the start, for helpers to read. */
const STACK = 64;

/** Places of maps in the programs' immediates, and what they are like. */
export const MAPS = [
  { kind: 'array', type: 2, keySize: 4, valueSize: 16, maxEntries: 4 },
  { kind: 'hash', type: 1, keySize: 8, valueSize: 8, maxEntries: 3 },
  { kind: 'perCpuArray', type: 6, keySize: 4, valueSize: 8, maxEntries: 2 },
  { kind: 'lpmTrie', type: 11, keySize: 8, valueSize: 8, maxEntries: 3, flags: 1 },
  { kind: 'queue', type: 22, keySize: 0, valueSize: 8, maxEntries: 3 },
  { kind: 'stack', type: 23, keySize: 0, valueSize: 8, maxEntries: 3 },
  { kind: 'perCpuHash', type: 5, keySize: 4, valueSize: 8, maxEntries: 3 },
  { kind: 'lruHash', type: 9, keySize: 4, valueSize: 8, maxEntries: 64 },
  { kind: 'deviceMap', type: 14, keySize: 4, valueSize: 4, maxEntries: 4 },
  { kind: 'perfEventArray', type: 4, keySize: 4, valueSize: 4, maxEntries: 4 },
  { kind: 'ringBuffer', type: 27, keySize: 0, valueSize: 0, maxEntries: 4096 },
  { kind: 'bloomFilter', type: 30, keySize: 0, valueSize: 4, maxEntries: 100 },
] as const;
const KEYED = [0, 1, 2, 3, 6, 7];
const [QUEUE, LIFO, DEVICES, EVENTS, RING, BLOOM] = [4, 5, 8, 9, 10, 11];

const mapAddress = (dst: number, place: number): readonly Slot[] => [
  { opcode: 0x18, dst, src: PSEUDO.mapFd, offset: 0, imm: place },
  { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
];

/** r9 <- r9 * 31 + a register. */
const absorb = (from: number): readonly Slot[] => [
  build.alu(64, 'mul', SUM, constant(31)),
  build.alu(64, 'add', SUM, register(from)),
];
const sets = (dst: number, value: number): Slot => build.alu(64, 'mov', dst, constant(value));

const SKB = { data: 76, dataEnd: 80 };
const XDP = { data: 0, dataEnd: 4 };

/** Room before a socket buffer's packet in a test run: where that is used up, the kernel copies the buffer. */
const ROOM_BEFORE = 60;

class Writer {
  /** Bytes that have come before the packet or into it, as far as that is sure. */
  private grown = 0;
  /** Whether the packet may end within its headers. */
  private isShort = false;
  private readonly random: Random;
  private readonly type: WritingType;

  constructor(random: Random, type: WritingType) {
    this.random = random;
    this.type = type;
  }

  program(steps: number): Program {
    const body = Array.from({ length: steps }, () => this.step());
    const start = Array.from({ length: STACK / 8 }, (_, at) =>
      storeConstant(8, FRAME_POINTER, -8 * (at + 1), this.random(2) === 0 ? this.random(6) : this.word()),
    );
    const leave =
      this.type === 'cgroup_skb' ? [move(0, SUM), build.alu(64, 'and', 0, constant(1))] : [move(0, SUM)];
    return [move(CONTEXT, 1), sets(SUM, 1), ...start, ...body.flat(), ...leave, exit];
  }

  /** One of some values, for a helper that may make the packet so much longer. */
  growing(by: number, ...values: readonly number[]): number {
    this.grow(by);
    return this.pick(values);
  }

  /** Notes that the packet may get longer. */
  grow(by: number): number {
    this.grown += Math.max(0, Math.abs(by));
    return by;
  }

  /**
   * `skb_change_tail`. In a buffer that was copied the transport header is where none is, and with it the least length
   * (`skb_headers_offset_update` in net/core/skbuff.c): left out.
   */
  changeTail(): readonly Slot[] {
    if (this.grown > ROOM_BEFORE) return [];
    const length = this.pick([14, 34, 40, 54, 60, 80, 100, 13, 1500]);
    this.isShort ||= length < ROOM_BEFORE;
    return this.withContext(38, length, this.pick([0, 0, 0, 1]));
  }

  /**
   * Helpers that make room behind headers. Where a packet ends within them, the kernel moves what is left in the
   * buffer behind its end: left out.
   */
  behindHeaders(step: () => readonly Slot[]): readonly Slot[] {
    return this.isShort ? [] : step();
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.random(items.length)]!;
  }

  /** A number of 32 bits, mostly a small one or an edge. */
  private word(): number {
    const sort = this.random(8);
    if (sort < 4) return this.random(20);
    if (sort < 5) return -this.random(20);
    if (sort < 6) return this.random(256);
    if (sort < 7) return this.pick([0xffff, 0x10000, 0x7fff_ffff, -0x8000_0000, 0xfff, 0x1000]);
    return this.random(0x1_0000_0000) | 0;
  }

  private step(): readonly Slot[] {
    const sort = this.random(10);
    if (sort < 3) return this.packetStep();
    if (sort < 5) return this.mapStep();
    if (sort < 6) return this.contextStep();
    return this.helperStep();
  }

  /** Slots that only run where the packet has so many bytes; r7 is its start. */
  private inPacket(length: number, slots: readonly Slot[]): readonly Slot[] {
    const { data, dataEnd } = this.type === 'xdp' ? XDP : SKB;
    if (this.type === 'socket_filter') return [];
    return [
      load(4, DATA, CONTEXT, data),
      load(4, END, CONTEXT, dataEnd),
      move(2, DATA),
      build.alu(64, 'add', 2, constant(length)),
      build.branch(64, 'jgt', 2, register(END), slots.length),
      ...slots,
    ];
  }

  private packetStep(): readonly Slot[] {
    const length = 8 + this.random(60);
    const slots: Slot[] = [];
    for (let left = 1 + this.random(4); left > 0; left--) {
      const size = this.pick([1, 2, 4, 8] as const);
      const offset = this.random(length - size + 1);
      const writes = this.type !== 'cgroup_skb' && this.random(2) === 0;
      if (!writes) slots.push(load(size, 3, DATA, offset), ...absorb(3));
      else if (this.random(2) === 0) slots.push(store(size, DATA, offset, SUM));
      else slots.push(storeConstant(size, DATA, offset, this.word()));
    }
    return this.inPacket(length, slots);
  }

  private contextStep(): readonly Slot[] {
    if (this.type === 'xdp') {
      // The lengths of packet and metadata: differences of addresses.
      const [from, to] = this.pick([[8, 0] as const, [0, 4] as const]);
      return [
        load(4, 2, CONTEXT, from),
        load(4, 3, CONTEXT, to),
        build.alu(64, 'sub', 3, register(2)),
        ...absorb(3),
      ];
    }
    // len, pkt_type, mark, queue_mapping, vlan_present, vlan_tci, cb, vlan_proto
    const readable = [0, 4, 8, 12, 20, 24, 28, 48];
    const slots = [load(4, 3, CONTEXT, this.pick(readable)), ...absorb(3)];
    if (this.random(2) === 0) return slots;
    const writable = this.type === 'sched_cls' ? [8, 48, 52] : [48, 52];
    return [...slots, sets(3, this.random(1000)), store(4, CONTEXT, this.pick(writable), 3)];
  }

  /** An address on the stack with so many bytes behind it that are set. */
  private stackAt(dst: number, length: number): readonly Slot[] {
    const from = -STACK + this.random(STACK - length + 1);
    return [move(dst, FRAME_POINTER), build.alu(64, 'add', dst, constant(from))];
  }

  private mapStep(): readonly Slot[] {
    const sort = this.random(8);
    if (sort < 5) return this.keyedMapStep();
    if (sort === 5) {
      const place = this.pick([BLOOM, BLOOM, EVENTS, RING]);
      if (place === BLOOM) {
        const pushes = this.random(2) === 0;
        return [
          ...mapAddress(1, BLOOM),
          move(2, FRAME_POINTER),
          build.alu(64, 'add', 2, constant(-8 * (1 + this.random(8)))),
          ...(pushes ? [sets(3, this.random(4) === 0 ? 2 : 0)] : []),
          call(pushes ? 87 : 89),
          ...absorb(0),
        ];
      }
      if (place === RING)
        return [
          ...mapAddress(1, RING),
          ...this.stackAt(2, 16),
          sets(3, 16),
          sets(4, this.random(5)),
          call(130),
          ...absorb(0),
        ];
      return [];
    }
    const place = this.pick([QUEUE, LIFO]);
    const helper = this.pick([87, 88, 89]);
    return [
      ...mapAddress(1, place),
      ...this.stackAligned(2),
      ...(helper === 87 ? [sets(3, this.pick([0, 0, 1, 2, 3]))] : []),
      call(helper),
      ...absorb(0),
    ];
  }

  private stackAligned(dst: number): readonly Slot[] {
    return [move(dst, FRAME_POINTER), build.alu(64, 'add', dst, constant(-8 * (1 + this.random(STACK / 8))))];
  }

  private keyedMapStep(): readonly Slot[] {
    const place = this.pick(KEYED);
    const { kind, keySize } = MAPS[place]!;
    const key = -8 * (1 + this.random(STACK / 8));
    const keyWords =
      kind === 'lpmTrie'
        ? [this.pick([0, 8, 12, 24, 31, 32, 33]), this.pick([0x0a, 0x010a, 0x02010a, 0x0102010a])]
        : [this.random(5), 0];
    const put = keyWords
      .slice(0, keySize / 4)
      .map((word, at) => storeConstant(4, FRAME_POINTER, key + 4 * at, word));
    const keyAddress = [move(2, FRAME_POINTER), build.alu(64, 'add', 2, constant(key))];
    switch (this.random(3)) {
      case 0:
        return [
          ...put,
          ...mapAddress(1, place),
          ...keyAddress,
          ...this.stackAt(3, 16),
          sets(4, this.pick([0, 0, 0, 1, 2, 3])),
          call(2),
          ...absorb(0),
        ];
      case 1:
        return [...put, ...mapAddress(1, place), ...keyAddress, call(3), ...absorb(0)];
      default: {
        const add: Slot = { opcode: 0xdb, dst: 0, src: SUM, offset: 0, imm: 0 };
        const writes = this.random(3) === 0 ? [store(8, 0, 0, SUM)] : this.random(2) === 0 ? [add] : [];
        const use = [load(8, 3, 0, 0), ...absorb(3), ...writes];
        return [
          ...put,
          ...mapAddress(1, place),
          ...keyAddress,
          call(1),
          build.branch(64, 'jeq', 0, constant(0), use.length),
          ...use,
        ];
      }
    }
  }

  private helperStep(): readonly Slot[] {
    const steps = this.type === 'xdp' ? XDP_STEPS : this.type === 'sched_cls' ? TC_STEPS : LOAD_STEPS;
    return this.pick(steps)(this);
  }

  /** A call with the context in r1 and numbers in the registers after it. */
  withContext(helper: number, ...values: readonly number[]): readonly Slot[] {
    return [move(1, CONTEXT), ...values.map((value, at) => sets(2 + at, value)), call(helper), ...absorb(0)];
  }

  /** The same with an address of the stack in one register, and its length in the next. */
  withMemory(
    helper: number,
    before: readonly number[],
    length: number,
    after: readonly number[],
  ): readonly Slot[] {
    const at = 2 + before.length;
    return [
      move(1, CONTEXT),
      ...before.map((value, place) => sets(2 + place, value)),
      ...this.stackAt(at, length),
      sets(at + 1, length),
      ...after.map((value, place) => sets(at + 2 + place, value)),
      call(helper),
      ...absorb(0),
    ];
  }

  /** A place in or about a packet. */
  place(): number {
    return this.random(6) === 0 ? this.word() : this.random(80);
  }
  length(): number {
    return 1 + this.random(32);
  }
  small(): number {
    return this.random(5) === 0 ? this.word() : this.random(40) - 20;
  }
  oneOf(...values: readonly number[]): number {
    return this.pick(values);
  }
  any(): number {
    return this.word();
  }
  csumDiff(): readonly Slot[] {
    const [from, to] = [4 * this.random(9), 4 * this.random(9)];
    const part = (at: number, length: number): readonly Slot[] =>
      length === 0 ? [sets(at, 0), sets(at + 1, 0)] : [...this.stackAt(at, length), sets(at + 1, length)];
    return [...part(1, from), ...part(3, to), sets(5, this.word()), call(28), ...absorb(0)];
  }
  redirectMap(): readonly Slot[] {
    return [
      ...mapAddress(1, DEVICES),
      sets(2, this.random(6)),
      sets(3, this.oneOf(0, 1, 2, 3, 4)),
      call(51),
      ...absorb(0),
    ];
  }
  plain(helper: number, ...values: readonly number[]): readonly Slot[] {
    return [...values.map((value, at) => sets(1 + at, value)), call(helper), ...absorb(0)];
  }
}

type Step = (writer: Writer) => readonly Slot[];

const LOAD_STEPS: readonly Step[] = [
  (w) => w.withMemory(26, [w.place()], w.length(), []),
  // From the network header; link headers are not among the packets' bytes at these hooks.
  (w) => w.withMemory(68, [w.place()], w.length(), [w.oneOf(1, 1, 2)]),
];

const XDP_STEPS: readonly Step[] = [
  (w) => w.withContext(44, w.small()),
  (w) => w.withContext(44, w.oneOf(-216, -217, -200, -100, 14, 30)),
  (w) => w.withContext(65, w.small()),
  (w) => w.withContext(65, w.oneOf(-40, 100, 3000, 3456, 3600)),
  (w) => w.withContext(54, w.oneOf(-4, -8, -12, 4, 8, -2, -32, -64, -252, -256)),
  (w) => w.withMemory(189, [w.place()], w.length(), []),
  (w) => w.withMemory(190, [w.place()], w.length(), []),
  (w) => w.withContext(188),
  (w) => w.csumDiff(),
  (w) => w.redirectMap(),
  (w) => w.plain(23, w.oneOf(1, 2, 3), w.oneOf(0, 0, 1)),
];

const TC_STEPS: readonly Step[] = [
  ...LOAD_STEPS,
  (w) => w.withMemory(68, [w.place()], w.length(), [0]),
  (w) => w.withMemory(9, [w.place()], w.length(), [w.oneOf(0, 1, 2, 3, 4)]),
  (w) => w.withMemory(9, [w.place()], w.length(), [0]),
  (w) => w.withContext(10, w.place(), w.any(), w.any(), w.oneOf(2, 4, 4, 2, 3, 16)),
  (w) => w.withContext(10, w.place(), 0, w.any(), 0),
  (w) => w.withContext(11, w.place(), w.any(), w.any(), w.oneOf(2, 4, 0x12, 0x14, 0x22, 0x24, 0x34, 0x64, 6)),
  (w) => w.withContext(11, w.place(), 0, w.any(), w.oneOf(0, 0x10, 0x20)),
  (w) => w.changeTail(),
  (w) => w.withContext(43, w.grow(w.oneOf(0, 4, 14, 16, 40, 100)), w.oneOf(0, 0, 0, 1)),
  (w) => w.behindHeaders(() => w.withContext(31, w.growing(20, 0x0008, 0xdd86, 0x0608), w.oneOf(0, 0, 0, 1))),
  (w) => w.withContext(32, w.oneOf(0, 1, 2, 3, 4)),
  (w) => w.withContext(18, w.growing(4, 0x0081, 0xa888, 0, 0x0008), w.oneOf(5, 100, 0x2005, 0xffff)),
  (w) => w.withContext(19),
  (w) =>
    w.behindHeaders(() => w.withContext(50, w.grow(w.small()), w.oneOf(0, 0, 1, 1, 2), w.oneOf(0, 0, 32))),
  (w) => w.withContext(39, w.oneOf(0, 14, 34, 60, 200, 2000)),
  (w) => w.withContext(40, w.any()),
  (w) => w.withContext(41),
  (w) => w.withContext(97),
  (w) => w.withContext(135, w.oneOf(0, 1, 2, 3, 4)),
  (w) => w.csumDiff(),
  (w) => w.plain(23, w.oneOf(1, 2, 3), w.oneOf(0, 1, 2)),
  (w) => w.plain(155, w.oneOf(1, 2, 3), w.oneOf(0, 1)),
  (w) => w.plain(152, w.oneOf(1, 2), 0, 0, w.oneOf(0, 1)),
];

/** A random program of so many steps. */
export const writingProgram = (random: Random, type: WritingType, steps: number): Program =>
  new Writer(random, type).program(steps);

/** An Ethernet frame: IPv4, IPv6, tagged or nothing known, with TCP or anything in it. */
export function writablePacket(random: Random): Uint8Array {
  const length = 60 + random(3) * random(60);
  const packet = Uint8Array.from({ length }, () => random(256));
  const view = new DataView(packet.buffer);
  let at = 12;
  const kind = random(6);
  if (kind === 4) {
    view.setUint16(at, random(2) === 0 ? 0x8100 : 0x88a8);
    at += 4;
  }
  const isV6 = random(3) === 0;
  view.setUint16(at, kind === 5 ? 0x0806 : isV6 ? 0x86dd : 0x0800);
  packet[at + 2] = isV6 ? 0x60 : 0x45;
  if (!isV6) packet[at + 3] = random(4);
  return packet;
}
