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
  { kind: 'mapInMap', type: 12, keySize: 4, valueSize: 4, maxEntries: 2 },
  { kind: 'array', type: 2, keySize: 4, valueSize: 64, maxEntries: 1, flags: 128 },
  { kind: 'array', type: 2, keySize: 4, valueSize: 16, maxEntries: 1 },
] as const;
const KEYED = [0, 1, 2, 3, 6, 7];
const [QUEUE, LIFO, DEVICES, EVENTS, RING, BLOOM] = [4, 5, 8, 9, 10, 11];
/** The first element of it is the hash. */
export const [OUTER, INNER, CONSTANT, LOCKED] = [12, 1, 13, 14];
/** Where in values of that map a lock is. */
export const LOCK = 8;
/** Texts that never change, and where each begins. */
const TEXTS = ['a %d b', '%u|%5x|%-6d.', '%c%s!', '%pI4 %pi6', 'abc'];
export const CONTENTS = Uint8Array.from(TEXTS.join('\0').padEnd(64, '\0'), (letter) => letter.charCodeAt(0));
const TEXT_AT = TEXTS.map((_, at) => TEXTS.slice(0, at).reduce((sum, text) => sum + text.length + 1, 0));

const mapAddress = (dst: number, place: number): readonly Slot[] => [
  { opcode: 0x18, dst, src: PSEUDO.mapFd, offset: 0, imm: place },
  { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
];

const mapValue = (dst: number, place: number, offset: number): readonly Slot[] => [
  { opcode: 0x18, dst, src: PSEUDO.mapValue, offset: 0, imm: place },
  { opcode: 0, dst: 0, src: 0, offset: 0, imm: offset },
];
/** Names a function that is written behind the program: `finish` puts the distance in. */
const functionAddress = (dst: number, number: number): readonly Slot[] => [
  { opcode: 0x18, dst, src: PSEUDO.func, offset: 0, imm: number },
  { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
];
const CALL_LOCAL = { opcode: 0x85, dst: 0, src: 1, offset: 0 };
const MAY_GOTO = { opcode: 0xe5, dst: 0, src: 0, imm: 0 };

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

  /** Functions that helpers and local calls name, in the order of their numbers. */
  private readonly functions: (readonly Slot[])[] = [];

  program(steps: number): Program {
    const body = Array.from({ length: steps }, () => this.step());
    const start = Array.from({ length: STACK / 8 }, (_, at) =>
      storeConstant(8, FRAME_POINTER, -8 * (at + 1), this.random(2) === 0 ? this.random(6) : this.word()),
    );
    const leave =
      this.type === 'cgroup_skb' ? [move(0, SUM), build.alu(64, 'and', 0, constant(1))] : [move(0, SUM)];
    return this.finish([move(CONTEXT, 1), sets(SUM, 1), ...start, ...body.flat(), ...leave, exit]);
  }

  /** Puts the functions behind the program, and their places into what names them. */
  private finish(main: readonly Slot[]): Program {
    const starts: number[] = [];
    let end = main.length;
    for (const slots of this.functions) {
      starts.push(end);
      end += slots.length;
    }
    return [...main, ...this.functions.flat()].map((slot, at) => {
      const isAddress = slot.opcode === 0x18 && slot.src === PSEUDO.func;
      const isCall = slot.opcode === CALL_LOCAL.opcode && slot.src === CALL_LOCAL.src;
      return isAddress || isCall ? { ...slot, imm: starts[slot.imm]! - at - 1 } : slot;
    });
  }

  /** Adds a function; gives its number. */
  private define(slots: readonly Slot[]): number {
    return this.functions.push(slots) - 1;
  }

  /** Helpers that call, loops that the runtime ends, records, texts, locks, functions. */
  private specialStep(): readonly Slot[] {
    switch (this.random(9)) {
      case 0:
        return this.loopStep();
      case 1:
        return this.eachStep();
      case 2:
        return this.mayGotoStep();
      case 3:
        return this.recordStep();
      case 4:
        return this.compareStep();
      case 5:
        return this.printStep();
      case 6:
        return this.lockStep();
      case 7:
        return this.innerStep();
      default:
        return this.functionStep();
    }
  }

  /** `bpf_loop`: adds to a word of the caller's stack, and may end early. */
  private loopStep(): readonly Slot[] {
    const last = this.pick([3, 7, 100, -1]);
    const number = this.define([
      load(8, 3, 2, 0),
      build.alu(64, 'mul', 3, constant(3)),
      build.alu(64, 'add', 3, register(1)),
      store(8, 2, 0, 3),
      sets(0, 0),
      build.branch(64, 'jne', 1, constant(last), 1),
      sets(0, 1),
      exit,
    ]);
    return [
      sets(1, this.pick([0, 1, 5, 17, 300, 0x80_0001, -1])),
      ...functionAddress(2, number),
      ...this.stackAligned(3),
      sets(4, this.pick([0, 0, 0, 1])),
      call(181),
      ...absorb(0),
    ];
  }

  /** `bpf_for_each_map_elem`: adds up what does not hang on the order of elements, and may change them. */
  private eachStep(): readonly Slot[] {
    const place = this.pick([0, 1, 2, 6, 7]);
    const sum = [
      load(4, 5, 2, 0),
      load(8, 0, 3, 0),
      build.alu(64, 'add', 5, register(0)),
      load(8, 0, 4, 0),
      build.alu(64, 'add', 0, register(5)),
      store(8, 4, 0, 0),
    ];
    const change = this.random(2) === 0 ? [storeConstant(4, 3, 0, this.random(9))] : [];
    const removes = place === 1 && this.random(3) === 0 ? [call(3)] : [];
    const number = this.define([
      ...sum,
      ...change,
      ...removes,
      sets(0, place === 0 ? this.random(2) : 0),
      exit,
    ]);
    return [
      ...mapAddress(1, place),
      ...functionAddress(2, number),
      ...this.stackAligned(3),
      sets(4, this.pick([0, 0, 0, 1])),
      call(164),
      ...absorb(0),
    ];
  }

  private mayGotoStep(): readonly Slot[] {
    const rounds = this.random(40);
    // r7 counts, and the loop ends by itself before the runtime ends it.
    return [
      sets(7, 0),
      { ...MAY_GOTO, offset: 5 },
      build.branch(64, 'jge', 7, constant(rounds), 4),
      build.alu(64, 'add', 7, constant(1)),
      ...absorb(7),
      build.jump(-6),
    ];
  }

  private recordStep(): readonly Slot[] {
    const size = this.pick([8, 16, 24, 40, 1000, 4000, 4096]);
    const use = [
      store(8, 0, 0, SUM),
      load(4, 3, 0, 4),
      ...absorb(3),
      move(1, 0),
      sets(2, this.random(3)),
      call(this.pick([132, 133])),
    ];
    const query = [...mapAddress(1, RING), sets(2, this.random(5)), call(134), ...absorb(0)];
    return [
      ...mapAddress(1, RING),
      sets(2, size),
      sets(3, this.pick([0, 0, 0, 1])),
      call(131),
      build.branch(64, 'jeq', 0, constant(0), use.length),
      ...use,
      ...query,
    ];
  }

  private compareStep(): readonly Slot[] {
    const at = -8 * (1 + this.random(STACK / 8));
    const text = this.random(2) === 0 ? 0x0063_6261 : this.word();
    return [
      storeConstant(4, FRAME_POINTER, at, text),
      move(1, FRAME_POINTER),
      build.alu(64, 'add', 1, constant(at)),
      sets(2, 1 + this.random(-at)),
      ...mapValue(3, CONSTANT, TEXT_AT[this.pick([4, 4, 0])]!),
      call(182),
      ...absorb(0),
    ];
  }

  /** `bpf_snprintf`: numbers, and addresses of what lies on the stack. */
  private printStep(): readonly Slot[] {
    const which = this.random(4);
    const values = [-STACK, -STACK + 8, -STACK + 16];
    // r7: an address with text or bytes at it.
    const address = [
      storeConstant(8, FRAME_POINTER, -STACK + 24, 0x4142_4300 + this.random(4)),
      storeConstant(8, FRAME_POINTER, -STACK + 32, this.word()),
      move(7, FRAME_POINTER),
      build.alu(64, 'add', 7, constant(-STACK + 24 + this.random(2))),
    ];
    const given = values.map((at, index) =>
      which === 3 || (which === 2 && index === 1)
        ? store(8, FRAME_POINTER, at, 7)
        : storeConstant(8, FRAME_POINTER, at, which === 2 ? 0x41 + this.random(20) : this.word()),
    );
    return [
      ...address,
      ...given,
      move(1, FRAME_POINTER),
      build.alu(64, 'add', 1, constant(-24)),
      sets(2, this.pick([0, 1, 8, 20, 24])),
      ...mapValue(3, CONSTANT, TEXT_AT[which]!),
      move(4, FRAME_POINTER),
      build.alu(64, 'add', 4, constant(-STACK)),
      sets(5, 24),
      call(165),
      ...absorb(0),
      load(8, 3, FRAME_POINTER, -24),
      ...absorb(3),
      ...values.map((at) => storeConstant(8, FRAME_POINTER, at, 5)),
    ];
  }

  private lockStep(): readonly Slot[] {
    if (this.type === 'socket_filter') return [];
    return [
      ...mapValue(7, LOCKED, 0),
      ...mapValue(1, LOCKED, LOCK),
      call(93),
      load(8, 3, 7, 0),
      ...absorb(3),
      store(8, 7, 0, SUM),
      ...mapValue(1, LOCKED, LOCK),
      call(94),
    ];
  }

  /** A map in a map: the hash, or nothing. */
  private innerStep(): readonly Slot[] {
    const key = -8 * (1 + this.random(STACK / 8));
    const keyAddress = [move(2, FRAME_POINTER), build.alu(64, 'add', 2, constant(key))];
    const use = [load(8, 3, 0, 0), ...absorb(3), store(8, 0, 0, SUM)];
    const inner = [
      move(1, 0),
      storeConstant(4, FRAME_POINTER, key, this.random(5)),
      storeConstant(4, FRAME_POINTER, key + 4, 0),
      ...keyAddress,
      call(1),
      build.branch(64, 'jeq', 0, constant(0), use.length),
      ...use,
    ];
    return [
      storeConstant(4, FRAME_POINTER, key, this.random(3)),
      ...mapAddress(1, OUTER),
      ...keyAddress,
      call(1),
      build.branch(64, 'jeq', 0, constant(0), inner.length),
      ...inner,
    ];
  }

  /** A local call of a function that loads from the packet, which ends it where the packet is too short. */
  private functionStep(): readonly Slot[] {
    if (this.type !== 'sched_cls' && this.type !== 'socket_filter') return [];
    const number = this.define([
      move(6, 1),
      { opcode: 0x28, dst: 0, src: 0, offset: 0, imm: this.pick([12, 14, 40, 58, 100, 200]) },
      build.alu(64, 'add', 0, constant(7)),
      exit,
    ]);
    return [move(1, CONTEXT), { ...CALL_LOCAL, imm: number }, ...absorb(0)];
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
    const sort = this.random(13);
    if (sort >= 10) return this.specialStep();
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

/** `struct bpf_tunnel_key` in bytes that are 0 where it has to be. */
const tunnelKey = (w: Writer, set: boolean): readonly Slot[] => {
  const size = w.oneOf(44, 44, 28, 24, 22, 8, 20);
  const zeros = [-40, -48].map((at) => storeConstant(8, FRAME_POINTER, at, 0));
  return [
    ...zeros,
    move(1, CONTEXT),
    move(2, FRAME_POINTER),
    build.alu(64, 'add', 2, constant(-STACK)),
    sets(3, size),
    sets(4, w.oneOf(0, 0, 0, 1, 1, 2, 4, 32)),
    call(set ? 21 : 20),
    ...absorb(0),
    load(8, 3, FRAME_POINTER, -STACK),
    ...absorb(3),
    load(8, 3, FRAME_POINTER, -STACK + 24),
    ...absorb(3),
  ];
};
const tunnelOptions = (w: Writer, set: boolean): readonly Slot[] => [
  move(1, CONTEXT),
  move(2, FRAME_POINTER),
  build.alu(64, 'add', 2, constant(-STACK)),
  sets(3, w.oneOf(4, 8, 16, 6)),
  call(set ? 30 : 29),
  ...absorb(0),
  load(8, 3, FRAME_POINTER, -STACK),
  ...absorb(3),
];

const TC_STEPS: readonly Step[] = [
  (w) => tunnelKey(w, true),
  (w) => tunnelKey(w, false),
  (w) => [...tunnelKey(w, true), ...tunnelKey(w, false)],
  (w) => [...tunnelKey(w, true), ...tunnelOptions(w, true), ...tunnelOptions(w, false)],
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
