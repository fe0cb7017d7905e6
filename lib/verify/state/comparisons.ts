/** Comparisons of addresses: what is certain, and which of them tell how long the packet is. Linux `is_pkt_ptr_branch_taken`. */

import type { BranchOperation, Instruction, Width } from '../../ebpf/index.js';
import * as scalars from '../numbers/scalar.js';
import { isZero, type Pointer, type PointerType, pointsIntoPacket, type Value } from './value.js';

/** The comparison with its operands exchanged. */
const MIRRORED: Partial<Record<BranchOperation, BranchOperation>> = {
  jgt: 'jlt',
  jlt: 'jgt',
  jge: 'jle',
  jle: 'jge',
  jeq: 'jeq',
  jne: 'jne',
};

export const isPacketOrEnd = (value: Value): value is Pointer =>
  value.kind === 'pointer' && (value.type === 'packetEnd' || pointsIntoPacket(value));

/** A comparison for being equal with the constant 0, of all 64 bits. */
export const isNullCheck = (
  { op, width, operand }: Extract<Instruction, { kind: 'branch' }>,
  right: Value,
): boolean => width === 64 && !('register' in operand) && isZero(right) && (op === 'jeq' || op === 'jne');

/** Linux `reg_not_null`. */
const NEVER_NULL: ReadonlySet<PointerType> = new Set<PointerType>([
  'mapValue',
  'mapKey',
  'map',
  'socket',
  'fullSocket',
  'tcpSocket',
  'record',
]);

/** The outcome of a comparison with an address where it is certain. */
export function certainOutcome(
  op: BranchOperation,
  width: Width,
  left: Value,
  right: Value,
): boolean | undefined {
  if (width !== 64) return undefined;
  if (isPacketOrEnd(left) && isPacketOrEnd(right)) return packetOutcome(op, left, right);
  const isThere = (value: Value): boolean =>
    value.kind === 'pointer' &&
    (NEVER_NULL.has(value.type) || (value.type === 'struct' && value.reference !== 0));
  const isEquality = op === 'jeq' || op === 'jne';
  if (isEquality && ((isThere(left) && isZero(right)) || (isThere(right) && isZero(left))))
    return op === 'jne';
  return undefined;
}

/** A pointer that is known to lie behind the end of the packet, and one that is at it or behind. */
export const BEYOND_END = -2;
export const AT_END = -1;

/** The outcome where an earlier comparison has told it. */
function packetOutcome(op: BranchOperation, left: Value, right: Value): boolean | undefined {
  if (left.kind !== 'pointer' || right.kind !== 'pointer') return undefined;
  let [pointer, order] = [left, op];
  if (right.type !== 'packetEnd') {
    if (left.type !== 'packetEnd') return undefined;
    [pointer, order] = [right, MIRRORED[op] ?? op];
  }
  if (pointer.range >= 0) return undefined;
  if ((order === 'jle' || order === 'jgt') && pointer.range === BEYOND_END) return order === 'jgt';
  if (order === 'jlt' || order === 'jge') return order === 'jge';
  return undefined;
}

/** A comparison of the start of something with its end, and the register of that start. */
export interface PacketTest {
  readonly start: Pointer;
  readonly register: number;
  readonly order: 'jgt' | 'jle' | 'jlt' | 'jge';
}

/** Which such comparison it is, as one of the start with the end (`try_match_pkt_pointers`). */
export function packetTest(
  op: BranchOperation,
  dst: number,
  left: Pointer,
  source: number,
  right: Pointer,
): PacketTest | undefined {
  const isLimit = (end: Pointer, of: Pointer): boolean =>
    (of.type === 'packet' && end.type === 'packetEnd') || (of.type === 'packetMeta' && isPacketStart(end));
  let [start, register, order]: [Pointer, number, BranchOperation | undefined] = [left, dst, op];
  if (!isLimit(right, left)) {
    if (!isLimit(left, right)) return undefined;
    [start, register, order] = [right, source, MIRRORED[op]];
  }
  return order === 'jgt' || order === 'jle' || order === 'jlt' || order === 'jge'
    ? { start, register, order }
    : undefined;
}

/** As the context gave it. */
const isPacketStart = ({ type, offset, variable, id }: Pointer): boolean =>
  type === 'packet' && offset === 0 && scalars.constantOf(variable) === 0n && id === 0;
