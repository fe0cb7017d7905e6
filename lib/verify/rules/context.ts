/**
 * What a program of each type may read and write of its context, field by field.
 *
 * Linux `net/core/filter.c`: `bpf_skb_is_valid_access` and the functions of each type around it,
 * `xdp_is_valid_access`.
 */

import { SKB_SIZE } from '../../ebpf/index.js';
import type { PointerType } from '../state/value.js';

/** Program types that can be verified. */
export type VerifiedType = 'socket_filter' | 'sched_cls' | 'sched_act' | 'xdp' | 'cgroup_skb';

interface Field {
  readonly start: number;
  readonly end: number;
  /** `words`: loads of 1, 2 or 4 bytes. `pointer`: the whole four bytes only. `wide`: 8 bytes only. `bytes`: any aligned load. */
  readonly access: 'words' | 'pointer' | 'wide' | 'bytes';
  readonly pointer?: PointerType;
  /** For users with CAP_BPF alone. */
  readonly privileged?: boolean | undefined;
}

const words = (start: number, end: number): Field => ({ start, end, access: 'words' });
const CB: Field = { start: 48, end: 68, access: 'bytes' };
const TIMESTAMP: Field = { start: 152, end: 160, access: 'wide' };
const HARDWARE_TIMESTAMP: Field = { start: 184, end: 192, access: 'wide' };
const DATA: Field = { start: 76, end: 80, access: 'pointer', pointer: 'packet' };
const DATA_END: Field = { start: 80, end: 84, access: 'pointer', pointer: 'packetEnd' };
const SOCKET: Field = { start: 168, end: 176, access: 'wide', pointer: 'socketOrNull' };
const DATA_META: Field = { start: 140, end: 144, access: 'pointer', pointer: 'packetMeta' };
/** len … tc_index, hash; napi_id; gso_segs; sk; gso_size and tstamp_type. */
const COMMON: readonly Field[] = [
  words(0, 48),
  CB,
  words(68, 72),
  words(84, 88),
  words(164, 168),
  SOCKET,
  words(176, 180),
];
/** Fields of time stamps, and of sockets' addresses, that only some types see. */
const ADDRESSES: readonly Field[] = [
  words(88, 92),
  { start: 92, end: 132, access: 'pointer' },
  words(132, 140),
];

export interface ContextRules {
  readonly size: number;
  readonly readable: readonly Field[];
  readonly writable: readonly Field[];
  /** Whether packet bytes may be read, and written, through pointers. */
  readonly packet: 'none' | 'read' | 'write';
  readonly packetLoads: boolean;
  /** Readable besides, where the program is for packets that leave. */
  readonly egressReadable?: readonly Field[];
  /** Whether users without CAP_NET_ADMIN may load such programs. */
  readonly unprivileged?: boolean;
  /** How helpers' signatures name the type. */
  readonly letter: 'S' | 'T' | 'X' | 'C';
  /** r0 at exit, where it is not free. */
  readonly returns?: { readonly min: bigint; readonly max: bigint };
  /** The same where the program is for packets that leave. */
  readonly egressReturns?: { readonly min: bigint; readonly max: bigint };
}

const CLASSIFIER: ContextRules = {
  size: SKB_SIZE,
  readable: [
    ...COMMON,
    words(72, 76),
    words(160, 164),
    words(180, 181),
    DATA,
    DATA_END,
    DATA_META,
    TIMESTAMP,
    HARDWARE_TIMESTAMP,
  ],
  writable: [words(8, 12), words(12, 16), words(32, 36), words(44, 48), CB, words(72, 76), TIMESTAMP],
  packet: 'write',
  packetLoads: true,
  letter: 'T',
};

// biome-ignore format: one row a line
export const CONTEXTS: Readonly<Record<VerifiedType, ContextRules>> = {
  socket_filter: { size: SKB_SIZE, readable: COMMON, writable: [CB], packet: 'none', packetLoads: true, unprivileged: true, letter: 'S' },
  sched_cls: CLASSIFIER,
  sched_act: CLASSIFIER,
  xdp: { size: 24, readable: [{ ...DATA, start: 0, end: 4 }, { ...DATA_END, start: 4, end: 8 }, { ...DATA_META, start: 8, end: 12 }, { ...words(12, 16), access: 'pointer' }, { ...words(16, 20), access: 'pointer' }], writable: [], egressReadable: [{ ...words(20, 24), access: 'pointer' }], packet: 'write', packetLoads: false, letter: 'X' },
  cgroup_skb: { size: SKB_SIZE, readable: [...COMMON, ...ADDRESSES, { ...DATA, privileged: true }, { ...DATA_END, privileged: true }, TIMESTAMP, HARDWARE_TIMESTAMP], writable: [words(8, 12), words(32, 36), CB, { ...TIMESTAMP, privileged: true }], packet: 'read', packetLoads: false, unprivileged: true, letter: 'C', returns: { min: 0n, max: 1n }, egressReturns: { min: 0n, max: 3n } },
};

export type ContextAccess =
  | { readonly kind: 'scalar' }
  | { readonly kind: 'pointer'; readonly type: PointerType };

/** What an access gives, `undefined` when it is not allowed. The offset is a multiple of the size. */
export function contextAccess(
  rules: ContextRules,
  offset: number,
  size: number,
  write: boolean,
  privileged: boolean,
  isEgress = false,
): ContextAccess | undefined {
  if (offset < 0 || offset + size > rules.size || offset % size !== 0) return undefined;
  const fields = write ? rules.writable : rules.readable;
  const isThere = ({ start, end }: Field): boolean => offset >= start && offset + size <= end;
  const field =
    fields.find(isThere) ?? (isEgress && !write ? rules.egressReadable?.find(isThere) : undefined);
  if (field === undefined || (field.privileged === true && !privileged)) return undefined;
  switch (field.access) {
    case 'bytes':
      return { kind: 'scalar' };
    case 'wide':
      if (size !== 8) return undefined;
      return field.pointer === undefined ? { kind: 'scalar' } : { kind: 'pointer', type: field.pointer };
    case 'words':
      if (size > 4 || (write && size !== 4)) return undefined;
      return { kind: 'scalar' };
    case 'pointer':
      if (size !== 4) return undefined;
      return field.pointer === undefined ? { kind: 'scalar' } : { kind: 'pointer', type: field.pointer };
  }
}

/** Fields that all kinds of sockets have. `part`: loads of 1, 2 or 4 bytes anywhere in it; `head`: at its start only. */
const SOCKET_FIELDS: readonly { readonly start: number; readonly end: number; readonly loads: string }[] = [
  { start: 0, end: 4, loads: 'whole' }, // bound_dev_if
  { start: 4, end: 8, loads: 'head' }, // family
  { start: 24, end: 44, loads: 'part' }, // src_ip4, src_ip6
  { start: 44, end: 48, loads: 'head' }, // src_port
  { start: 48, end: 50, loads: 'part' }, // dst_port, in network order
  { start: 48, end: 52, loads: 'whole' }, // the same and two bytes that are 0
  { start: 52, end: 72, loads: 'part' }, // dst_ip4, dst_ip6
  { start: 72, end: 76, loads: 'head' }, // state
  { start: 76, end: 80, loads: 'head' }, // rx_queue_mapping
];

/** Fields besides, of sockets that have all. */
const FULL_SOCKET_FIELDS: typeof SOCKET_FIELDS = [
  ...SOCKET_FIELDS,
  { start: 8, end: 12, loads: 'head' }, // type
  { start: 12, end: 16, loads: 'head' }, // protocol
  { start: 16, end: 20, loads: 'whole' }, // mark
  { start: 20, end: 24, loads: 'whole' }, // priority
];
/** `struct bpf_tcp_sock`: numbers of 4 bytes, but for these two. */
const TCP_SOCKET_SIZE = 112;
const TCP_COUNTS: ReadonlySet<number> = new Set([80, 88]);

/**
 * Whether a field of `struct bpf_sock` may be read of a socket of any kind, or of `struct bpf_tcp_sock` or
 * `bpf_xdp_sock`. No field may be written. Linux `net/core/filter.c`: `bpf_sock_common_is_valid_access`,
 * `bpf_sock_is_valid_access`, `bpf_tcp_sock_is_valid_access`, `bpf_xdp_sock_is_valid_access`.
 */
export function socketAccess(type: PointerType, offset: number, size: number, write: boolean): boolean {
  if (write || offset < 0 || offset % size !== 0) return false;
  // `queue_id` is all that `struct bpf_xdp_sock` has.
  if (type === 'xdpSocket') return offset === 0 && size === 4;
  if (type === 'tcpSocket') {
    // Their second halves Linux takes, and then cannot make machine code of.
    if (TCP_COUNTS.has(offset - 4)) return false;
    return offset < TCP_SOCKET_SIZE && size === (TCP_COUNTS.has(offset) ? 8 : 4);
  }
  if (size > 4) return false;
  const fields = type === 'socket' ? SOCKET_FIELDS : FULL_SOCKET_FIELDS;
  return fields.some(({ start, end, loads }) => {
    if (offset < start || offset + size > end) return false;
    return loads === 'part' || (offset === start && (loads === 'head' || size === end - start));
  });
}
