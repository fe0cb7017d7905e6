/**
 * What an object's program does once it is known whether a packet matches: counts it, hands its head to whoever listens, and
 * answers.
 */

import { opcodes, type Program, type Slot, build as slots } from '../ebpf/index.js';
import type { MapInfo } from '../verify/index.js';

/** What is done besides answering. */
export interface Tail {
  /** Whether the context is that of XDP, or of tc and cgroups. */
  readonly hook: 'xdp' | 'tc' | 'cgroup' | 'socket';
  readonly count: boolean;
  /** Bytes of packets that match which are handed on; 0: none. */
  readonly sample: number;
  readonly accept: number;
  readonly reject: number;
}

const WIDE = opcodes.LD | opcodes.IMM | opcodes.DW;
const EXIT = opcodes.JMP | opcodes.EXIT;
const { alu, branch, call, constant, load, move, register, set, store } = slots;
/** Stack that no lifted program uses: the context, and a key. */
const CONTEXT_AT = -512;
const KEY_AT = -504;
/** Stack that the lifted program is done with. */
const SAMPLE_AT = -24;
const LOOKUP = 1;
const PERF_EVENT_OUTPUT = 25;

/** Maps by their handles, before a loader puts its own in. */
export const COUNTS = 1;
export const SAMPLES = 2;
export const COUNTERS = { keySize: 4, valueSize: 16, entries: 2 } as const;
export const MAPS: ReadonlyMap<number, MapInfo> = new Map<number, MapInfo>([
  [COUNTS, { kind: 'perCpuArray', ...COUNTERS, writable: true, readable: true }],
  [SAMPLES, { kind: 'perfEventArray', keySize: 4, valueSize: 4, entries: 1, writable: true, readable: true }],
]);

/** Puts a program that gives 1 or 0 before what is done with that: its exits become jumps. */
export function followedBy(program: Program, tail: Tail): Program {
  const body = program.map((slot, index): Slot => {
    if (slot.opcode !== EXIT) return slot;
    const jump = slots.jump(0);
    const distance = program.length - index - 1;
    const { span } = slot;
    const made =
      distance <= 0x7fff
        ? { ...jump, offset: distance }
        : { ...jump, opcode: opcodes.JMP32 | opcodes.JA, imm: distance };
    return span === undefined ? made : { ...made, span };
  });
  return [
    store(8, 10, CONTEXT_AT, 1),
    ...body,
    move(6, 0),
    ...(tail.count ? counter(tail) : []),
    ...(tail.sample > 0 ? sampler(tail) : []),
    set(0, tail.accept),
    branch(64, 'jne', 6, constant(0), 1),
    set(0, tail.reject),
    slots.exit,
  ];
}

const mapNamed = (to: number, handle: number): readonly Slot[] => [
  { opcode: WIDE, dst: to, src: opcodes.PSEUDO.mapFd, offset: 0, imm: handle },
  { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
];

/** The packet's length in `to`, of the context in `from`, which another register may lose its value for. */
const lengthOf = ({ hook }: Tail, to: number, from: number, other: number): readonly Slot[] =>
  hook === 'xdp'
    ? [load(4, to, from, 4), load(4, other, from, 0), alu(64, 'sub', to, register(other))]
    : [load(4, to, from, 0)];

/** Key 0 for what matches, which r6 tells. */
function counter(tail: Tail): readonly Slot[] {
  const add = (offset: number, what: Slot): readonly Slot[] => [
    load(8, 3, 0, offset),
    what,
    store(8, 0, offset, 3),
  ];
  const update = [
    ...add(0, alu(64, 'add', 3, constant(1))),
    load(8, 2, 10, CONTEXT_AT),
    ...lengthOf(tail, 1, 2, 2),
    ...add(8, alu(64, 'add', 3, register(1))),
  ];
  return [
    alu(64, 'xor', 0, constant(1)),
    store(4, 10, KEY_AT, 0),
    move(2, 10),
    alu(64, 'add', 2, constant(KEY_AT)),
    ...mapNamed(1, COUNTS),
    call(LOOKUP),
    branch(64, 'jeq', 0, constant(0), update.length),
    ...update,
  ];
}

/** Offsets in contexts of the interface and the queue. Linux `struct xdp_md`, `struct __sk_buff`. */
const SOURCE = { xdp: [12, 16], tc: [40, 12], cgroup: [40, 12], socket: [40, 12] } as const;

/**
 * Hands the head of a packet that matches to the map `samples`. Before it stands what xdpdump of xdp-tools puts there
 * (`struct pkt_trace_metadata`): interface and queue of 32 bits; lengths of the packet and of the head, flags and the
 * program's index of 16; the answer of 32.
 */
function sampler(tail: Tail): readonly Slot[] {
  const [device, queue] = SOURCE[tail.hook];
  const hand = [
    load(8, 1, 10, CONTEXT_AT),
    load(4, 2, 1, device),
    store(4, 10, SAMPLE_AT, 2),
    load(4, 2, 1, queue),
    store(4, 10, SAMPLE_AT + 4, 2),
    ...lengthOf(tail, 3, 1, 4),
    store(2, 10, SAMPLE_AT + 8, 3),
    branch(64, 'jle', 3, constant(tail.sample), 1),
    set(3, tail.sample),
    store(2, 10, SAMPLE_AT + 10, 3),
    set(4, 0),
    store(4, 10, SAMPLE_AT + 12, 4),
    set(4, tail.accept),
    store(4, 10, SAMPLE_AT + 16, 4),
    // How much of the packet, and BPF_F_CURRENT_CPU.
    alu(64, 'lsh', 3, constant(32)),
    set(4, -1),
    alu(64, 'or', 3, register(4)),
    move(4, 10),
    alu(64, 'add', 4, constant(SAMPLE_AT)),
    set(5, 20),
    ...mapNamed(2, SAMPLES),
    call(PERF_EVENT_OUTPUT),
  ];
  return [branch(64, 'jeq', 6, constant(0), hand.length), ...hand];
}
