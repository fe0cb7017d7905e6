/**
 * Comparisons: which way a path can go, and what it then knows of numbers, packets and null.
 * Linux `check_cond_jmp_op`, `find_good_pkt_pointers`, `mark_ptr_or_null_regs`.
 */

import type { Instruction } from '../../ebpf/instruction.js';
import type { BranchOperation, Width } from '../../ebpf/opcodes.js';
import { assume, type Refined } from '../numbers/branch.js';
import type { Scalar } from '../numbers/scalar.js';
import * as scalars from '../numbers/scalar.js';
import { type Place, registerPlace, slotPlace } from '../state/history.js';
import { copyState, currentFrame, mapValues, type State } from '../state/state.js';
import {
  isPacket,
  known,
  NOT_NULL,
  type Number_,
  number,
  type Pointer,
  pointsIntoPacket,
  type Value,
} from '../state/value.js';
import type { Path } from './path.js';

/** Bytes of variable offset for which packet bounds are believed (Linux `MAX_PACKET_OFF`). */
const MAX_PACKET_OFFSET = 0xffffn;

/** The comparison with its operands exchanged. */
const MIRRORED: Partial<Record<BranchOperation, BranchOperation>> = {
  jgt: 'jlt',
  jlt: 'jgt',
  jge: 'jle',
  jle: 'jge',
  jeq: 'jeq',
  jne: 'jne',
};

export function stepBranch(
  path: Path,
  { op, width, dst, operand, distance }: Extract<Instruction, { kind: 'branch' }>,
): number {
  const left = path.read(dst);
  const right = path.operand(operand);
  const taken = path.index + 1 + distance;
  const straight = path.index + 1;
  const sourceRegister = 'register' in operand ? operand.register : undefined;
  if (left.kind === 'scalar' && right.kind === 'scalar') {
    const yes = assume(op, left.scalar, right.scalar, width, true);
    const no = yes === undefined ? undefined : assume(op, left.scalar, right.scalar, width, false);
    if (yes === undefined || no === undefined) {
      path.decide(dst);
      if (sourceRegister !== undefined) path.decide(sourceRegister);
      return yes === undefined ? straight : taken;
    }
    noteCopies(path, left.id, sourceRegister === undefined ? 0 : (right as Number_).id);
    const other = copyState(path.state);
    if (sourceRegister !== dst) {
      learnBoth(other, dst, sourceRegister, left, right, yes);
      learnBoth(path.state, dst, sourceRegister, left, right, no);
    }
    path.fork(other, taken);
    return straight;
  }
  path.decide(dst);
  if (sourceRegister !== undefined) path.decide(sourceRegister);
  const decided = decide(op, width, left, right);
  if (decided !== undefined) {
    if (decided && distance === 0) return straight;
    return decided ? taken : straight;
  }
  const other = copyState(path.state);
  if (width === 64) {
    learnPointer(other, op, left, right, true);
    learnPointer(path.state, op, left, right, false);
  }
  if (left.kind === 'pointer' && !path.privileged && !mayCompare(left, right, width)) {
    path.reject(
      'pointer-leak',
      `r${dst} is an address and is compared`,
      'unprivileged programs may only compare with null and the end of the packet',
    );
  }
  path.fork(other, taken);
  return straight;
}

/** What is learnt of a number is learnt of its copies: going back, they belong together. */
function noteCopies(path: Path, first: number, second: number): void {
  if (first === 0 && second === 0) return;
  const places: Place[] = [];
  const isCopy = (value: Value): boolean =>
    value.kind === 'scalar' && value.id !== 0 && (value.id === first || value.id === second);
  for (const [depth, { registers, slots }] of path.state.frames.entries()) {
    for (const [register, value] of registers.entries())
      if (isCopy(value)) places.push(registerPlace(depth, register));
    for (const [slot, content] of slots.entries())
      if (content !== undefined && isCopy(content.spilled)) places.push(slotPlace(depth, slot));
  }
  if (places.length > 1) path.effects.copies = places;
}

function mayCompare(left: Pointer, right: Value, width: Width): boolean {
  if (
    width === 64 &&
    right.kind === 'scalar' &&
    scalars.constantOf(right.scalar) === 0n &&
    NOT_NULL[left.type] !== undefined
  )
    return true;
  const isEnd = (value: Value): boolean => value.kind === 'pointer' && value.type === 'packetEnd';
  return (
    width === 64 &&
    ((pointsIntoPacket(left) && (isEnd(right) || isPacket(right))) || (isEnd(left) && isPacket(right)))
  );
}

/** The outcome of a comparison with an address where it is certain. */
function decide(op: BranchOperation, width: Width, left: Value, right: Value): boolean | undefined {
  const notNull = (value: Value): boolean =>
    value.kind === 'pointer' &&
    (value.type === 'mapValue' || value.type === 'map' || value.type === 'socket');
  const isNull = (value: Value): boolean =>
    value.kind === 'scalar' && scalars.constantOf(value.scalar) === 0n;
  if (
    width === 64 &&
    (op === 'jeq' || op === 'jne') &&
    ((notNull(left) && isNull(right)) || (notNull(right) && isNull(left)))
  ) {
    return op === 'jne';
  }
  return undefined;
}

function learnBoth(
  state: State,
  dst: number,
  src: number | undefined,
  left: Value,
  right: Value,
  { a, b }: Refined,
): void {
  learn(state, dst, left, a);
  if (src !== undefined) learn(state, src, right, b);
}

/** Applies to `state` what the outcome of a comparison with an address teaches. */
function learnPointer(state: State, op: BranchOperation, left: Value, right: Value, holds: boolean): void {
  if (
    left.kind === 'pointer' &&
    NOT_NULL[left.type] !== undefined &&
    right.kind === 'scalar' &&
    scalars.constantOf(right.scalar) === 0n
  ) {
    if (op !== 'jeq' && op !== 'jne') return;
    const isNull = (op === 'jeq') === holds;
    const type = NOT_NULL[left.type]!;
    mapValues(state, (value) => {
      if (value.kind !== 'pointer' || value.type !== left.type || value.id !== left.id) return value;
      return isNull ? known(0n) : { ...value, type, id: 0 };
    });
    return;
  }
  if (left.kind === 'pointer' && right.kind === 'pointer') learnPacket(state, op, left, right, holds);
}

/** A register's value, and that of its copies, is known better. */
function learn(state: State, register: number, old: Value, scalar: Scalar): void {
  const frame = currentFrame(state);
  const id = old.kind === 'scalar' ? old.id : 0;
  if (old.kind === 'scalar' && old.scalar === scalar) return;
  frame.registers[register] = number(scalar, id);
  if (id === 0) return;
  mapValues(state, (value) => (value.kind === 'scalar' && value.id === id ? number(scalar, id) : value));
}

/** A comparison with the end of the packet tells how many bytes are there. */
function learnPacket(state: State, op: BranchOperation, left: Pointer, right: Pointer, holds: boolean): void {
  const isLimit = (end: Pointer, of: Pointer): boolean =>
    (of.type === 'packet' && end.type === 'packetEnd') ||
    (of.type === 'packetMeta' &&
      end.type === 'packet' &&
      end.offset === 0 &&
      scalars.constantOf(end.variable) === 0n &&
      end.id === 0);
  let start: Pointer;
  let order: BranchOperation;
  if (isLimit(right, left)) {
    start = left;
    order = op;
  } else if (isLimit(left, right)) {
    start = right;
    order = MIRRORED[op] ?? 'jset';
  } else return;
  // start <= end: bytes before start are there. start < end: the byte at start as well.
  const atMost = (order === 'jle' && holds) || (order === 'jgt' && !holds);
  const below = (order === 'jlt' && holds) || (order === 'jge' && !holds);
  if (!atMost && !below) return;
  const { umax } = start.variable.wide;
  if (start.offset < 0 || (start.offset === 0 && atMost)) return;
  if (umax > MAX_PACKET_OFFSET || umax + BigInt(start.offset) > MAX_PACKET_OFFSET) return;
  const range = start.offset + (below ? 1 : 0);
  mapValues(state, (value) =>
    isPacket(value) && value.type === start.type && value.id === start.id && range > value.range
      ? { ...value, range }
      : value,
  );
}
