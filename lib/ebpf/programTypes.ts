/**
 * The hooks: kinds of programs, one row each. A row says what lies in the context that r1 points to,
 * which helpers may be called, and what the value in r0 means.
 *
 * Context layouts: Linux `include/uapi/linux/bpf.h` (`struct __sk_buff`, `struct xdp_md`); for
 * `kernel_filter`, which only converted classic filters have, the kernel's own `struct sk_buff` as an
 * x86-64 kernel 6.18 lays it out.
 */

import type { PacketMetadata } from '../cbpf/index.js';
import type { Size } from './opcodes.js';

/** One packet event, as context fields see it. */
export interface PacketEvent {
  /** Addresses of the packet's first byte, and of the context. */
  readonly packetAddress: number;
  /** Address of the metadata before the packet, or of the packet where there are none. */
  readonly metaAddress: number;
  readonly contextAddress: number;
  readonly capturedLength: number;
  readonly wireLength: number;
  readonly metadata: PacketMetadata;
}

export interface ContextField {
  readonly name: string;
  readonly offset: number;
  readonly size: Size;
  /** An unsigned number, stored little-endian. */
  readonly value: (event: PacketEvent) => number;
  /** Whether the value follows from the packet's lengths; others stay while the metadata does. */
  readonly ofLength?: boolean;
  /** Where the value is simply this. */
  readonly is?: 'packetStart' | 'packetEnd' | 'wireLength';
}

/** A hook that programs run at. */
export interface ProgramType {
  readonly name: 'socket_filter' | 'xdp' | 'sched_cls' | 'cgroup_skb' | 'kernel_filter';
  readonly contextSize: number;
  /** Fields not listed read as 0. */
  readonly fields: readonly ContextField[];
  readonly helpers: readonly number[];
  /** Whether `LD_ABS` and `LD_IND` may be used. */
  readonly packetLoads: boolean;
  /** What r0 means, in a few words. */
  readonly returns: string;
  /** Whether a packet for which r0 (unsigned, lower half) is this goes on. */
  readonly accepts: (result: number) => boolean;
}

/** Offsets in the kernel's `struct sk_buff` (x86-64, 6.18); the device's structure is put behind it. */
export const SK_BUFF = {
  device: 16,
  len: 112,
  dataLength: 116,
  queue: 124,
  packetType: 128,
  hash: 148,
  vlanAll: 152,
  vlanProtocol: 152,
  vlanTci: 154,
  mark: 164,
  protocol: 176,
  data: 200,
  /** In `struct net_device`. */
  deviceIndex: 224,
  deviceType: 536,
} as const;
const SK_BUFF_SIZE = 256;
const NET_DEVICE_SIZE = 544;

/** Helpers that only converted classic filters call, by the numbers the vectors give them. */
export const INTERNAL_HELPER = {
  load1: 1,
  load2: 2,
  load4: 3,
  payloadOffset: 4,
  attribute: 5,
  nestedAttribute: 6,
  processor: 7,
  random: 8,
} as const;

const swap16 = (value: number): number => ((value & 0xff) << 8) | ((value >> 8) & 0xff);

const field = (
  name: string,
  offset: number,
  size: Size,
  value: (event: PacketEvent) => number,
): ContextField => ({ name, offset, size, value });

/** A field that follows from the packet's lengths. */
const ofLength = (
  name: string,
  offset: number,
  size: Size,
  value: (event: PacketEvent) => number,
): ContextField => ({ name, offset, size, value, ofLength: true });

const packetStart = (name: string, offset: number): ContextField => ({
  ...field(name, offset, 4, ({ packetAddress }) => packetAddress),
  is: 'packetStart',
});
/** The metadata before a packet; where there are none, the packet. */
const metaStart = (name: string, offset: number): ContextField => ({
  ...field(name, offset, 4, ({ metaAddress }) => metaAddress),
  is: 'packetStart',
});
const packetEnd = (name: string, offset: number): ContextField => ({
  ...ofLength(name, offset, 4, ({ packetAddress, capturedLength }) => packetAddress + capturedLength),
  is: 'packetEnd',
});
const wireLength = (name: string, offset: number): ContextField => ({
  ...ofLength(name, offset, 4, (event) => event.wireLength),
  is: 'wireLength',
});

// biome-ignore format: a table reads best with one row a line
const KERNEL_FIELDS: readonly ContextField[] = [
  field('dev',           SK_BUFF.device,       8, ({ contextAddress, metadata }) => (metadata.interfaceIndex === undefined ? 0 : contextAddress + SK_BUFF_SIZE)),
  ofLength('len',           SK_BUFF.len,          4, ({ wireLength }) => wireLength),
  ofLength('data_len',      SK_BUFF.dataLength,   4, ({ wireLength, capturedLength }) => wireLength - capturedLength),
  field('queue_mapping', SK_BUFF.queue,        2, ({ metadata }) => metadata.queue ?? 0),
  field('pkt_type',      SK_BUFF.packetType,   1, ({ metadata }) => metadata.packetType ?? 0),
  field('hash',          SK_BUFF.hash,         4, ({ metadata }) => metadata.receiveHash ?? 0),
  field('vlan_proto',    SK_BUFF.vlanProtocol, 2, ({ metadata }) => swap16(metadata.vlanProtocol ?? (metadata.vlanTci === undefined ? 0 : 0x8100))),
  field('vlan_tci',      SK_BUFF.vlanTci,      2, ({ metadata }) => metadata.vlanTci ?? 0),
  field('mark',          SK_BUFF.mark,         4, ({ metadata }) => metadata.mark ?? 0),
  field('protocol',      SK_BUFF.protocol,     2, ({ metadata }) => swap16(metadata.protocol ?? 0)),
  field('data',          SK_BUFF.data,         8, ({ packetAddress }) => packetAddress),
  field('dev.ifindex',   SK_BUFF_SIZE + SK_BUFF.deviceIndex, 4, ({ metadata }) => metadata.interfaceIndex ?? 0),
  field('dev.type',      SK_BUFF_SIZE + SK_BUFF.deviceType,  2, ({ metadata }) => metadata.hardwareType ?? 0),
];

// biome-ignore format: a table reads best with one row a line
const SKB_FIELDS: readonly ContextField[] = [
  wireLength('len',        0),
  field('pkt_type',        4,   4, ({ metadata }) => metadata.packetType ?? 0),
  field('mark',            8,   4, ({ metadata }) => metadata.mark ?? 0),
  field('queue_mapping',   12,  4, ({ metadata }) => metadata.queue ?? 0),
  field('protocol',        16,  4, ({ metadata }) => swap16(metadata.protocol ?? 0)),
  field('vlan_present',    20,  4, ({ metadata }) => (metadata.vlanTci === undefined ? 0 : 1)),
  field('vlan_tci',        24,  4, ({ metadata }) => metadata.vlanTci ?? 0),
  field('vlan_proto',      28,  4, ({ metadata }) => swap16(metadata.vlanProtocol ?? 0)),
  field('ingress_ifindex', 36,  4, ({ metadata }) => metadata.interfaceIndex ?? 0),
  field('ifindex',         40,  4, ({ metadata }) => metadata.interfaceIndex ?? 0),
  field('hash',            68,  4, ({ metadata }) => metadata.receiveHash ?? 0),
  wireLength('wire_len',   160),
];

/** Bytes of `struct __sk_buff` (linux/bpf.h). */
export const SKB_SIZE = 192;

/** Offsets of the fields that lifted programs read. */
export const SKB = {
  len: 0,
  packetType: 4,
  mark: 8,
  queue: 12,
  protocol: 16,
  vlanPresent: 20,
  vlanTci: 24,
  vlanProtocol: 28,
  ifindex: 40,
  hash: 68,
  data: 76,
  dataEnd: 80,
} as const;
export const XDP_MD = { data: 0, dataEnd: 4, ingressIfindex: 12 } as const;

// biome-ignore format: a table reads best with one row a line
const SKB_DATA_FIELDS: readonly ContextField[] = [
  packetStart('data',      SKB.data),
  packetEnd('data_end',    SKB.dataEnd),
  metaStart('data_meta',   140),
];

// biome-ignore format: a table reads best with one row a line
const XDP_FIELDS: readonly ContextField[] = [
  packetStart('data',      XDP_MD.data),
  packetEnd('data_end',    XDP_MD.dataEnd),
  metaStart('data_meta',   8),
  field('ingress_ifindex', 12,             4, ({ metadata }) => metadata.interfaceIndex ?? 0),
  field('rx_queue_index',  16,             4, ({ metadata }) => metadata.queue ?? 0),
];

/** Helpers of every type: maps, time, random, trace, tail calls. */
const COMMON_HELPERS = [1, 2, 3, 5, 6, 7, 8, 12, 125];
const TC_ACT_SHOT = 2;
const XDP_PASS = 2;

/** The hooks there are: what is in the context, which helpers there are, what r0 means. */
// biome-ignore format: a table reads best with one row a line
export const PROGRAM_TYPES: readonly ProgramType[] = [
  { name: 'socket_filter', contextSize: SKB_SIZE, fields: SKB_FIELDS, helpers: [...COMMON_HELPERS, 26], packetLoads: true,
    returns: 'bytes to keep; 0 drops the packet', accepts: (result) => result !== 0 },
  { name: 'xdp', contextSize: 24, fields: XDP_FIELDS, helpers: COMMON_HELPERS, packetLoads: false,
    returns: '0 aborted, 1 drop, 2 pass, 3 transmit, 4 redirect', accepts: (result) => result === XDP_PASS },
  { name: 'sched_cls', contextSize: SKB_SIZE, fields: [...SKB_FIELDS, ...SKB_DATA_FIELDS], helpers: [...COMMON_HELPERS, 26], packetLoads: true,
    returns: '2 drops the packet; other values pass it on', accepts: (result) => result !== TC_ACT_SHOT },
  { name: 'cgroup_skb', contextSize: SKB_SIZE, fields: [...SKB_FIELDS, ...SKB_DATA_FIELDS], helpers: [...COMMON_HELPERS, 26], packetLoads: false,
    returns: '0 drops the packet, 1 passes it', accepts: (result) => (result & 1) === 1 },
  { name: 'kernel_filter', contextSize: SK_BUFF_SIZE + NET_DEVICE_SIZE, fields: KERNEL_FIELDS, helpers: Object.values(INTERNAL_HELPER), packetLoads: false,
    returns: 'bytes to keep; 0 drops the packet', accepts: (result) => result !== 0 },
];

/** The row of a name. @throws RangeError naming those there are. */
export function programTypeOf(name: string): ProgramType {
  const row = PROGRAM_TYPES.find((candidate) => candidate.name === name);
  if (row !== undefined) return row;
  throw new RangeError(
    `no program type '${name}': there are ${PROGRAM_TYPES.map((type) => type.name).join(', ')}`,
  );
}
