/**
 * What the verifier knows of a register or a stack slot: nothing, a number, or a pointer of some type.
 */

import { constant, type Scalar, UNKNOWN } from '../numbers/scalar.js';

export type PointerType =
  | 'stack'
  | 'context'
  | 'packet'
  | 'packetMeta'
  | 'packetEnd'
  | 'map'
  | 'mapValue'
  | 'mapValueOrNull'
  /** What `skb->sk` gives: the fields that all kinds of sockets have. */
  | 'socket'
  | 'socketOrNull';

/** What an address that may be null points to when it is not. */
export const NOT_NULL: Readonly<Partial<Record<PointerType, PointerType>>> = {
  mapValueOrNull: 'mapValue',
  socketOrNull: 'socket',
};

/** A map as the verifier sees it. */
export interface MapInfo {
  readonly kind: 'array' | 'hash' | 'programArray' | 'mapInMap' | 'other';
  readonly keySize: number;
  readonly valueSize: number;
  /** Whether the program may write, and read, values. */
  readonly writable: boolean;
  readonly readable: boolean;
}

export interface Pointer {
  readonly kind: 'pointer';
  readonly type: PointerType;
  /** Bytes from the start of what it points to: what is certain, and what varies on top. */
  readonly offset: number;
  readonly variable: Scalar;
  /** Packets: copies of one pointer share it, and the bounds learnt. Null checks: the same. */
  readonly id: number;
  /** Packets: bytes from the pointer of this `id` (offset 0) that were compared with the end. */
  readonly range: number;
  /** Stack: the frame whose stack it is. */
  readonly frame: number;
  readonly map: MapInfo | undefined;
}

export interface Number_ {
  readonly kind: 'scalar';
  readonly scalar: Scalar;
  /** Copies of one number share it, and what comparisons teach; 0 for none. */
  readonly id: number;
}

export type Value = { readonly kind: 'none' } | Number_ | Pointer;

export const NONE: Value = { kind: 'none' };
export const ZERO_OFFSET: Scalar = constant(0n);
export const number = (scalar: Scalar, id = 0): Number_ => ({ kind: 'scalar', scalar, id });
export const ANY_NUMBER: Value = number(UNKNOWN);
export const known = (value: bigint): Value => number(constant(value));

export const pointer = (type: PointerType, more: Partial<Pointer> = {}): Pointer => ({
  kind: 'pointer',
  type,
  offset: 0,
  variable: ZERO_OFFSET,
  id: 0,
  range: 0,
  frame: 0,
  map: undefined,
  ...more,
});

export const pointsIntoPacket = ({ type }: Pointer): boolean => type === 'packet' || type === 'packetMeta';
export const isPacket = (value: Value): value is Pointer =>
  value.kind === 'pointer' && pointsIntoPacket(value);

/** A value as a message names it. */
export function describe(value: Value): string {
  if (value.kind === 'none') return 'nothing';
  if (value.kind === 'pointer')
    return `${value.type}${value.offset === 0 ? '' : `${value.offset > 0 ? '+' : ''}${value.offset}`}`;
  const { wide } = value.scalar;
  return wide.umin === wide.umax ? `${wide.smin}` : `${wide.umin}..${wide.umax}`;
}
