/**
 * What the verifier knows of a register or a stack slot: nothing, a number, or a pointer of some type.
 */

import type { Width } from '../../ebpf/index.js';
import { constant, constantOf, type Scalar, UNKNOWN } from '../numbers/scalar.js';

export type PointerType =
  | 'stack'
  | 'context'
  | 'packet'
  | 'packetMeta'
  | 'packetEnd'
  | 'map'
  | 'mapValue'
  | 'mapValueOrNull'
  /** The key that a function called for each element of a map is given. */
  | 'mapKey'
  /** Bytes of a ring buffer that a program has reserved. */
  | 'record'
  | 'recordOrNull'
  /** What `skb->sk` gives: the fields that all kinds of sockets have. */
  | 'socket'
  | 'socketOrNull'
  /** What look-ups of sockets give: all fields of `struct bpf_sock`. */
  | 'fullSocket'
  | 'fullSocketOrNull'
  | 'tcpSocket'
  | 'tcpSocketOrNull'
  /** What a map of sockets for whole packets gives. */
  | 'xdpSocket'
  /** A structure of the kernel's. */
  | 'struct'
  | 'structOrNull'
  /** A function of the program, for helpers that call it. */
  | 'function';

/** What an address that may be null points to when it is not. */
export const NOT_NULL: Readonly<Partial<Record<PointerType, PointerType>>> = {
  mapValueOrNull: 'mapValue',
  socketOrNull: 'socket',
  fullSocketOrNull: 'fullSocket',
  tcpSocketOrNull: 'tcpSocket',
  recordOrNull: 'record',
  structOrNull: 'struct',
};

/** Kinds of maps that differ in what helpers may do with them (Linux `check_map_func_compatibility`). */
export type MapKind =
  | 'array'
  | 'hash'
  | 'perCpuArray'
  | 'perCpuHash'
  | 'lruHash'
  | 'lruPerCpuHash'
  | 'lpmTrie'
  | 'programArray'
  | 'perfEventArray'
  | 'cgroupArray'
  | 'cgroupStorage'
  | 'perCpuCgroupStorage'
  | 'mapInMap'
  | 'deviceMap'
  | 'deviceHash'
  | 'cpuMap'
  | 'socketMap'
  | 'xdpSocketMap'
  | 'socketStorage'
  | 'queue'
  | 'stack'
  | 'bloomFilter'
  | 'ringBuffer'
  | 'other';

/** A map as the verifier sees it. */
export interface MapInfo {
  readonly kind: MapKind;
  /** `max_entries`, where it is known: a constant key below it needs no check for null in an array. */
  readonly entries?: number;
  readonly keySize: number;
  readonly valueSize: number;
  /** Whether the program may write, and read, values. */
  readonly writable: boolean;
  readonly readable: boolean;
  /** The values, where nobody changes them any more: what programs read there is known (`BPF_F_RDONLY_PROG`, frozen). */
  readonly contents?: Uint8Array;
  /** Maps in maps: what those in it are like. */
  readonly inner?: MapInfo | undefined;
  /** Where in each value a `struct bpf_spin_lock` lies. */
  readonly spinLock?: number | undefined;
  /** What else lies in each value for helpers alone: timers, addresses of the kernel's, lists (`btf_parse_fields`). */
  readonly special?: readonly { readonly offset: number; readonly size: number; readonly name: string }[];
  /** For reports: what the map is called, and what of a value lies at an offset (`.packets`), where that is known. */
  readonly name?: string | undefined;
  readonly fieldAt?: (offset: number) => string;
}

/** A structure of the kernel's, of which programs read what its types say. */
export interface StructInfo {
  readonly name: string;
  /** What so many bytes at an offset are: a number, the address of another; `undefined` where they cannot be read so. */
  readonly read: (offset: number, size: number) => 'number' | StructInfo | undefined;
}

export interface Pointer {
  readonly kind: 'pointer';
  readonly type: PointerType;
  /** Bytes from the start of what it points to: what is certain, and what varies on top. */
  readonly offset: number;
  readonly variable: Scalar;
  /** Packets: copies of one pointer share it, and the bounds learnt. Null checks: the same. */
  readonly id: number;
  /**
   * Packets: bytes from the pointer of this `id` (offset 0) that were compared with the end; negative where this
   * one is known to be at the end or behind it. Maps with timers that were in others, and their values: which look-up
   * gave that map (`map_uid`); 0 for others.
   */
  readonly range: number;
  /** Stack: the frame whose stack it is. */
  readonly frame: number;
  readonly map: MapInfo | undefined;
  readonly of: StructInfo | undefined;
  /** Records: bytes there are. Functions: their first instruction. Structures: 1 where a function gave them. */
  readonly size: number;
  /** Marks what has to be given back; 0 where nothing has. */
  readonly reference: number;
}

export interface Number_ {
  readonly kind: 'scalar';
  readonly scalar: Scalar;
  /** Copies of one number share it, and what comparisons teach; 0 for none. */
  readonly id: number;
  /** By how much this one is more than the others of its `id`, where something constant was added since. */
  readonly delta: number;
  /** In which width that was added; 0 for a plain copy. */
  readonly added: 0 | Width;
}

export type Value = { readonly kind: 'none' } | Number_ | Pointer;

export const NONE: Value = { kind: 'none' };
export const ZERO_OFFSET: Scalar = constant(0n);
export const number = (scalar: Scalar, id = 0, delta = 0, added: 0 | Width = 0): Number_ => ({
  kind: 'scalar',
  scalar,
  id,
  delta,
  added,
});
export const ANY_NUMBER: Value = number(UNKNOWN);
export const known = (value: bigint): Value => number(constant(value));

/** The number that a value is; any, where it is none. */
export const scalarOf = (value: Value): Scalar => (value.kind === 'scalar' ? value.scalar : UNKNOWN);

/** The map that a value names, or points into. */
export const mapOf = (value: Value): MapInfo | undefined =>
  value.kind === 'pointer' ? value.map : undefined;

/** Whether a value is the number 0. */
export const isZero = (value: Value): boolean => value.kind === 'scalar' && constantOf(value.scalar) === 0n;

export const pointer = (type: PointerType, more: Partial<Pointer> = {}): Pointer => ({
  kind: 'pointer',
  type,
  offset: 0,
  variable: ZERO_OFFSET,
  id: 0,
  range: 0,
  frame: 0,
  map: undefined,
  of: undefined,
  size: 0,
  reference: 0,
  ...more,
});

/** What some maps give that is no plain value (`mark_ptr_not_null_reg`). */
const SOCKET_IN: Readonly<Partial<Record<MapKind, PointerType>>> = {
  socketMap: 'fullSocket',
  xdpSocketMap: 'xdpSocket',
};

export const isSocket = ({ type }: Pointer): boolean =>
  type === 'socket' || type === 'fullSocket' || type === 'tcpSocket' || type === 'xdpSocket';

const hasTimer = (map: MapInfo | undefined): boolean =>
  map?.special?.some(({ name }) => name === 'timer') === true;

/** What an address that may be null is when it is not. */
export function notNull(value: Pointer): Pointer {
  const { map } = value;
  if (value.type === 'mapValueOrNull' && map?.kind === 'mapInMap')
    return pointer('map', { map: map.inner, range: hasTimer(map.inner) ? value.id : 0 });
  const socket = value.type === 'mapValueOrNull' && map !== undefined ? SOCKET_IN[map.kind] : undefined;
  if (socket !== undefined) return { ...value, type: socket, id: 0 };
  // Values with a lock stay apart.
  return { ...value, type: NOT_NULL[value.type]!, id: map?.spinLock === undefined ? 0 : value.id };
}

export const pointsIntoPacket = ({ type }: Pointer): boolean => type === 'packet' || type === 'packetMeta';
export const isPacket = (value: Value): value is Pointer =>
  value.kind === 'pointer' && pointsIntoPacket(value);

/** What addresses point to, for people. */
export const IN_WORDS: Readonly<Partial<Record<PointerType, string>>> = {
  mapKey: 'the key of an element',
  record: 'a reserved record',
  socket: 'a socket',
  fullSocket: 'a socket',
  tcpSocket: 'a socket of TCP',
  xdpSocket: 'a socket for whole packets',
  struct: 'a structure of the kernel’s',
  function: 'a function',
};

/** A value as a message names it. */
export function describe(value: Value): string {
  if (value.kind === 'none') return 'nothing';
  if (value.kind === 'pointer')
    return `${value.type}${value.offset === 0 ? '' : `${value.offset > 0 ? '+' : ''}${value.offset}`}`;
  const { wide } = value.scalar;
  return wide.umin === wide.umax ? `${wide.smin}` : `${wide.umin}..${wide.umax}`;
}
